"""Dates that lie whole months after another one, such as the end of a contract of two years: they follow from that date
and a number of months or years, or how many months lie between is learnt in their place, for years differ in days.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple, get_args

import numpy as np

from launderette.generators.candidates.shapes import LEAST_COMPARED_ROWS, ColumnValues, TableValues, Tried
from launderette.generators.derived.narrow import Between, Narrow, origins, outlasts
from launderette.generators.formulas.calendar_addition import Anchor, CalendarAddition, MonthsBetween
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.functions import PARTS_OF_DATES

MET_SHARE = 0.99  # of the rows, whose date the months lead to
LEAST_LASTING = 0.9  # of the rows, whose dates are one or more apart
LEAST_DAYS_OF_MONTH = 10  # of months, among the earlier dates: of fewer, the same day may be one by chance
MONTHS_IN = {1: "months", 12: "years"}
ANCHORED = {"same day": "", "day before": " less a day", "first": ", on the first", "last": ", on the last day"}
_day_of_month = PARTS_OF_DATES["day of month of"][0]


class Period(NamedTuple):
    """Two dates of which one lies whole months after the other one, how, and the months in rows [rows] of both."""

    earlier: ColumnValues
    later: ColumnValues
    anchor: Anchor
    months: np.ndarray
    rows: np.ndarray

    def added(self, number: str, unit: int, text: str) -> CalendarAddition:
        """Return how the later date follows from the earlier one and a number of months or years."""
        source = self.earlier.column.name
        text = f"{quoted(source)} + {text}{ANCHORED[self.anchor]}"
        return CalendarAddition((number, source), text, self.anchor, unit, rounding="ends")


def tried(seen: TableValues) -> Tried:
    """Yield dates as another one and as many months or years as a number says."""
    numbers = [own for own in seen.values() if not own.dated]
    for period in _periods(seen) if numbers else ():
        for own in numbers:
            for unit, name in MONTHS_IN.items():
                if (own.values[period.rows] * unit == period.months).mean() >= MET_SHARE:
                    text = f"{quoted(own.column.name)} {name}"
                    yield period.later.column.name, period.added(own.column.name, unit, text)


def find(
    seen: TableValues, taken: Mapping[str, Sequence[str]], kept: Collection[str], names: Collection[str]
) -> Iterator[Narrow]:
    """Yield the dates, none of them `taken` (with what those follow from) or `kept`, that lie whole months after
    another one; none for which something of these `names` would have to be learnt.
    """
    sources = dict(taken)
    for period in _periods(seen):
        source, target = period.earlier.column.name, period.later.column.name
        name = f"months from {quoted(source)} to {quoted(target)}"
        if target not in {*sources, *kept, *origins([source], sources)} and name not in names:
            sources[target] = (source,)
            between = Between(name, MonthsBetween((target, source), "", period.anchor))
            yield Narrow(target, between, period.added(name, 1, "whole months"), 0, (), 0.0)


def _periods(seen: TableValues) -> Iterator[Period]:
    """Yield the pairs of dates of which one lies whole months after the other one."""
    for earlier, later in permutations([own for own in seen.values() if own.dated], 2):
        anchors = (_by(earlier, later, anchor) for anchor in get_args(Anchor))
        yield from [period for period in anchors if period][:1]


def _by(earlier: ColumnValues, later: ColumnValues, anchor: Anchor) -> Period | None:
    """Return how one date follows from another one by months, None where it does in too few rows."""
    both = np.isfinite(earlier.values) & np.isfinite(later.values)
    untold = (np.isfinite(later.values) & ~both).any()
    rows = both & ~earlier.at_end & ~later.at_end
    if untold or rows.sum() < LEAST_COMPARED_ROWS:
        return None
    s, t = earlier.values[rows], later.values[rows]
    months = MonthsBetween(("", ""), "", anchor).value([t, s])
    met = CalendarAddition(("", ""), "", anchor, 1).value([months, s]) == t
    if met.mean() < MET_SHARE or (months > 0).mean() < LEAST_LASTING:
        return None
    by_day = anchor in ("same day", "day before") and len(np.unique(_day_of_month(s))) >= LEAST_DAYS_OF_MONTH
    return Period(earlier, later, anchor, months, rows) if by_day or outlasts(s, t) else None
