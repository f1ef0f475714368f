"""Made tables: small, seeded, with every kind of column a user may bring."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd


def odd(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """A table with missing values, dates in four forms, a constant, an empty column, identifiers, unicode and high
    cardinality.
    """
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2020-02-27") + pd.to_timedelta(rng.integers(0, 900, rows), "D")
    frame = pd.DataFrame(
        {
            "id": np.arange(1, rows + 1),
            "café № ü": rng.choice(["crème", "日本", "naïve", "x"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "age": pd.array(rng.integers(18, 90, rows), dtype="Int64"),
            "income": np.round(rng.lognormal(10, 1, rows), 2),
            "reading": rng.normal(size=rows),
            "member": rng.random(rows) < 0.3,
            "day": day.strftime("%Y-%m-%d"),
            "stamp": day + pd.to_timedelta(rng.integers(0, 86_400, rows), "s"),
            "compact": day.strftime("%Y%m%d").astype(int),
            "python date": [dt.date(1990, 1, 1) + dt.timedelta(int(n)) for n in rng.integers(0, 9000, rows)],
            "constant": "same",
            "empty": np.nan,
            "town": [f"town {n}" for n in rng.integers(0, 90, rows)],
            "code": [f"AB-{n:05d}" for n in rng.permutation(rows)],
            "zeros": np.where(rng.random(rows) < 0.8, 0.0, np.round(rng.gamma(2, 50, rows), 1)),
        }
    )
    frame.loc[rng.random(rows) < 0.2, "age"] = pd.NA
    frame.loc[rng.random(rows) < 0.2, "income"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "day"] = None
    frame.loc[rng.random(rows) < 0.1, "café № ü"] = None
    return frame


def linked(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Three columns that depend on one another, none of which gives another: b copies a in 9 rows of 10, n is 10 a plus
    a small number, but for one row in 30.
    """
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 3, rows)
    b = np.where(rng.random(rows) < 0.9, a, rng.integers(0, 3, rows))
    small = rng.integers(0, 4, rows)
    n = 10 * np.where(rng.random(rows) < 0.95, a, rng.integers(0, 3, rows)) + small
    return pd.DataFrame({"a": np.array(["x", "y", "z"])[a], "b": np.array(["p", "q", "r"])[b], "n": n})


def grid() -> pd.DataFrame:
    """Every combination of two labels and a number, once."""
    columns = [["x", "y", "z"], ["p", "q", "r"], [10 * k + r for k in range(3) for r in range(4)]]
    return pd.DataFrame(list(itertools.product(*columns)), columns=["a", "b", "n"])
