"""Made tables of which some columns follow from others."""

import numpy as np
import pandas as pd


def sales(rows: int = 300, seed: int = 0, decimals: int = 2, missing: float = 0.0) -> pd.DataFrame:
    """Orders: net = price * quantity, tax of two rates, gross = net + tax, delivered days after ordered, kg and lb."""
    rng = np.random.default_rng(seed)
    quantity, rate = rng.integers(1, 13, rows).astype("float64"), rng.choice([0.07, 0.19], rows)
    quantity[rng.random(rows) < missing] = np.nan
    price = np.round(np.exp(rng.normal(3, 0.8, rows)), decimals)
    net = np.round(price * quantity, decimals)
    tax = np.round(net * rate, decimals)
    days, kg = rng.integers(1, 30, rows), np.round(rng.gamma(4, 3, rows), 1)
    ordered = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, rows), "D")
    return pd.DataFrame(
        {
            "gross": np.round(net + tax, decimals),
            "quantity": quantity,
            "price": price,
            "net": net,
            "rate": rate,
            "tax": tax,
            "ordered": ordered,
            "delivered": (ordered + pd.to_timedelta(days, "D")).strftime("%d.%m.%Y"),
            "days": days,
            "kg": kg,
            "lb": np.round(kg * 2.20462, 1),
        }
    )


def kept(frame: pd.DataFrame, decimals: int = 2) -> dict[str, float]:
    """Return by rule the share of rows that keep it, a missing value beside a missing one included."""
    grid, apart = 10.0**-decimals, pd.to_datetime(frame["delivered"], format="%d.%m.%Y") - frame["ordered"]
    rules = {
        "net": (frame["price"] * frame["quantity"], frame["net"], 0.5 * grid),
        "tax": (frame["net"] * frame["rate"], frame["tax"], 0.5 * grid),
        "gross": (frame["net"] + frame["tax"], frame["gross"], 0.5 * grid),
        "days": (apart.dt.days, frame["days"], 0.0),
        "lb": (frame["kg"] * 2.20462, frame["lb"], 0.06),
    }
    near = {name: (a - b).abs() <= reach + 1e-6 for name, (a, b, reach) in rules.items()}
    return {name: float((own | (rules[name][0].isna() & rules[name][1].isna())).mean()) for name, own in near.items()}
