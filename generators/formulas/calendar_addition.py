"""Dates some whole months after others, as contracts and guarantees end: one year later whatever its days, the day
before, or the first or last day of that month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.functions import of_dates

DAY_US = 86_400_000_000
Anchor = Literal["same day", "day before", "first", "last"]  # of the month that is reached


@dataclass(frozen=True)
class CalendarAddition(Formula):
    """The date, the second source, and as many times `unit` months as the first source says; the 31st is the last day
    of a shorter month.
    """

    anchor: Anchor
    unit: int

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the dates, float64 [rows]; NaN where the months or the date are missing."""
        number, dates = values
        return _later(self.unit * number, dates, self.anchor)

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return the months between the date and the result, or a date so many months before the result, [rows]."""
        if k == 0:
            return _months_between(result, values[1], self.anchor) / self.unit
        if self.anchor in ("first", "last"):
            return super().solved(k, values, result)
        return _later(-self.unit * values[0], result + DAY_US * (self.anchor == "day before"), "same day")


@dataclass(frozen=True)
class MonthsBetween(Formula):
    """The months that CalendarAddition adds to the second source, a date, for the month of the first."""

    anchor: Anchor

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the months between dates, float64 [rows]; NaN where one is missing."""
        later, earlier = values
        return _months_between(later, earlier, self.anchor)


_month = of_dates(lambda dates: dates.astype("datetime64[M]").astype("int64"))
_begin = of_dates(lambda dates: dates.astype("datetime64[M]").astype("datetime64[us]").astype("int64"))


def _months_between(later: np.ndarray, earlier: np.ndarray, anchor: Anchor) -> np.ndarray:
    return _month(later + DAY_US * (anchor == "day before")) - _month(earlier)


def _later(months: np.ndarray, dates: np.ndarray, anchor: Anchor) -> np.ndarray:
    """Return dates [rows] in microseconds, so many whole months [rows] after others."""
    known = np.isfinite(months) & np.isfinite(dates)
    month = np.where(known, _month(dates) + np.rint(months), 0).astype("int64").astype("datetime64[M]")
    begin, end = ((month + k).astype("datetime64[us]").astype("int64") for k in (0, 1))
    passed = dates - _begin(dates)
    day, time = np.floor(passed / DAY_US) * DAY_US, np.mod(passed, DAY_US)
    last = end - DAY_US
    found = {
        "same day": np.minimum(begin + day, last) + time,
        "day before": np.minimum(begin + day, last) + time - DAY_US,
        "first": begin,
        "last": last,
    }[anchor]
    return np.where(known, found, np.nan)
