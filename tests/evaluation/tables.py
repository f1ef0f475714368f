"""A made population with structure: numbers, labels, dates, missing values and a target that depend on two hidden
causes.
"""

import numpy as np
import pandas as pd

from evaluation import samples


def mixed(rows: int, seed: int = 0) -> pd.DataFrame:
    """Ten columns; different seeds are different people of one population."""
    rng = np.random.default_rng(seed)
    wealth, age = rng.normal(size=rows), rng.beta(2, 3, rows)
    trade = (np.digitize(wealth + rng.normal(0, 0.7, rows), [-1.5, -0.8, -0.2, 0.4, 1, 1.8])).astype(int)
    days = (8000 * (1 - age) * rng.random(rows)).astype(int)
    frame = pd.DataFrame(
        {
            "age": (18 + 70 * age).round().astype(int),
            "income": np.exp(9.5 + 0.6 * wealth + age + rng.normal(0, 0.2, rows)).round(2),
            "savings": np.where(
                rng.random(rows) < 0.5, 0.0, np.exp(7 + wealth + 2 * age + rng.normal(0, 0.5, rows)).round(2)
            ),
            "height": (170 + 9 * rng.normal(size=rows)).round(1),
            "weight": (72 + 11 * rng.normal(size=rows) + 20 * age).round(1),
            "trade": np.array(list("abcdefg"))[trade],
            "town": [f"town {n}" for n in np.minimum(rng.zipf(1.6, rows), 60)],
            "married": rng.random(rows) < 0.2 + 0.6 * age,
            "since": (pd.Timestamp("2001-01-01") + pd.to_timedelta(days, "D")).strftime("%Y-%m-%d"),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "savings"] = np.nan
    frame.loc[rng.random(rows) < 0.05, "town"] = None
    frame["owner"] = np.where(rng.random(rows) < 1 / (1 + np.exp(-2 * wealth - 3 * (age - 0.4))), "yes", "no")
    return frame


def compared(train, synthetic, holdout=None, **options) -> samples.Samples:
    """Return tables as metrics take them, given as frames or as columns by name."""
    tables = [None if table is None else pd.DataFrame(table) for table in (train, holdout, synthetic)]
    return samples.make(*tables, **options)


def raw(pixels: np.ndarray) -> np.ndarray:
    """Return images of bytes as features, in [0, 1]."""
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255
