"""Dates that lie days after another one at hours of their own, as patients leave after the round and parcels come while
the post is about: after the time that lies between two dates of other rows, they would at any hour.

The midnights between are learnt in place of the whole difference, and beside them the parts of the day.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.derived import clocks
from launderette.generators.derived.clocks import DatePart
from launderette.generators.derived.columns import values_of
from launderette.generators.derived.narrow import Between, Narrow
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats.timestamps import DAY
from launderette.generators.formulas.calendar_difference import CalendarDifference, DaysAfter
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.polynomial import Polynomial

LEAST_NIGHTS = 0.5  # of the rows, whose dates lie on different days
HOURS = 24
LEAST_ORDER = 0.1  # nats, by which the entropy of a date's hours is less than that of the hours that pass


class DaysAndTime(NamedTuple):
    """How a date lies days after another one, and the parts of a day that it is learnt by beside these."""

    narrow: Narrow
    parts: tuple[DatePart, ...]


def find(frame: pd.DataFrame, columns: Sequence[Cells | Labels], nearly: Sequence[Narrow]) -> Mapping[str, DaysAndTime]:
    """Return by its name each date, of those that nearly follow from another one, whose hours are its own."""
    dates = {column.name: column for column in columns if column.kind == "datetime"}
    after = [one for one in nearly if one.target in dates and isinstance(one.formula, Polynomial)]
    after = [one for one in after if len(one.between.sources) == 2]  # no length of time between them is given
    taken = {column.name for column in columns}
    by_clock = {clock.date.name: clock for clock in clocks.find(frame, columns, taken - {one.target for one in after})}
    found = {}
    for one in (one for one in after if one.target in by_clock):
        parts = tuple(part for part in by_clock[one.target].parts if part.starts and part.period == DAY)
        later, earlier = (values_of(frame[name], dates[name]) for name in one.between.sources)
        if parts and _has_own_hours(later, earlier):
            found[one.target] = _dated(one, parts)
    return {name: own for name, own in found.items() if own.narrow.between.name not in taken}


def _has_own_hours(later: np.ndarray, earlier: np.ndarray) -> bool:
    """Tell whether a date [rows] mostly lies on a later day than another one, and its hours are more alike than those
    that pass between the two.
    """
    both = np.isfinite(later) & np.isfinite(earlier)
    later, earlier = later[both], earlier[both]
    nights = np.floor(later / DAY) > np.floor(earlier / DAY)
    return nights.mean() >= LEAST_NIGHTS and _entropy(later) <= _entropy(later - earlier) - LEAST_ORDER


def _entropy(times: np.ndarray) -> float:
    """Return the entropy of the hours of the day of times [rows], in nats."""
    shares = np.bincount((np.mod(times, DAY) * HOURS // DAY).astype("int64"), minlength=HOURS) / len(times)
    return float(-(shares * np.log(np.maximum(shares, 1 / len(times)))).sum())


def _dated(one: Narrow, parts: tuple[DatePart, ...]) -> DaysAndTime:
    later, earlier = one.between.sources
    name = f"days from {quoted(earlier)} to {quoted(later)}"
    between = Between(name, CalendarDifference((later, earlier), "", "days"))
    text = f"the days after {quoted(earlier)} and its time of day"
    sources = (name, earlier, *(part.name for part in parts))
    formula = DaysAfter(sources, text, parts[-1].tick, rounding="ends")
    return DaysAndTime(Narrow(one.target, between, formula, 0, (), 0.0), parts)
