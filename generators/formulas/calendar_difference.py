"""How many midnights, first days of months or new years lie between two dates, as the nights of a hospital stay do, and
the date that lies so many midnights after another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formats.timestamps import DAY
from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.functions import of_dates

CALENDAR_UNITS = {"days": "D", "months": "M", "years": "Y"}  # that begin at midnight, on the first


@dataclass(frozen=True)
class CalendarDifference(Formula):
    """The whole units of the calendar at the first source, a date, less those at the second."""

    unit: str

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the units between dates, each float64 [rows]."""
        count = of_dates(lambda dates: dates.astype(f"datetime64[{CALENDAR_UNITS[self.unit]}]").astype("int64"))
        later, earlier = map(count, values)
        return later - earlier


@dataclass(frozen=True)
class DaysAfter(Formula):
    """The midnight of the second source, a date, as many days later as the first one says, and the parts of a day, in
    microseconds, that the others are: the last one in units of a `tick`, where there are two.
    """

    tick: float

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the dates, float64 [rows]."""
        days, date, part, *rest = values
        return (np.floor(date / DAY) + days) * DAY + part + sum(self.tick * own for own in rest)
