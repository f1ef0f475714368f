"""Functions that formulas take of each value: parts of dates, logarithms, whether it is zero.

Dates are microseconds since 1970, as in all formulas; a function of a missing value is missing.
"""

from collections.abc import Callable

import numpy as np

IS_ZERO = "is zero"  # 1 for 0 and 0 for all else: of the number of a choice less one of them, whether it is that one
Elementwise = Callable[[np.ndarray], np.ndarray]


def of_dates(read: Elementwise) -> Elementwise:
    """Return a function of dates as formulas take them, NaN where missing, given one of datetime64[us]."""

    def of(values: np.ndarray) -> np.ndarray:
        known = np.isfinite(values)
        return np.where(known, read(np.where(known, values, 0).astype("datetime64[us]")), np.nan)

    return of


def _month(dates: np.ndarray) -> np.ndarray:
    return dates.astype("datetime64[M]").astype("int64") % 12 + 1


def _unknown(values: np.ndarray) -> np.ndarray:
    """Return what a part of a date says of the date by itself: nothing."""
    return np.full(values.shape, np.nan)


_READERS: dict[str, Elementwise] = {
    "year of": lambda dates: dates.astype("datetime64[Y]").astype("int64") + 1970,
    "quarter of": lambda dates: (_month(dates) + 2) // 3,
    "month of": _month,
    "day of month of": lambda dates: (
        (dates.astype("datetime64[D]") - dates.astype("datetime64[M]")).astype("int64") + 1
    ),
    "weekday of": lambda dates: (dates.astype("datetime64[D]").astype("int64") + 3) % 7,  # Monday is 0
    "hour of": lambda dates: dates.astype("datetime64[h]").astype("int64") % 24,
}
PARTS_OF_DATES = {name: (of_dates(read), _unknown) for name, read in _READERS.items()}
FUNCTIONS: dict[str, tuple[Elementwise, Elementwise]] = {  # with their inverses
    "": (np.asarray, np.asarray),
    "log": (np.log, np.exp),
    "log10": (np.log10, lambda values: 10.0**values),
    "exp": (np.exp, np.log),
    "sqrt": (np.sqrt, np.square),
    IS_ZERO: (
        lambda values: np.where(np.isnan(values), np.nan, values == 0),
        lambda values: np.where(values == 1, 0.0, np.nan),
    ),
    **PARTS_OF_DATES,
}
