"""Visits: rows of one entity that belong together, such as the tests of a patient's visit or the lines of an order.

An identifier column whose values lie within entities names them; else rows of an entity at one date, or with one value
of a number that rises from visit to visit, form one. Protection moves the earliest and latest dates together, so that
several visits of an entity become one there: what visits keep is told by the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.generators.data.groups import decide, numbered
from launderette.generators.data.schema import Datetime, Numerical, Schema
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats.grid import to_grid

LEAST_VISITS = 20  # of several rows each, and entities of several visits each, of which anything is learnt
LEAST_IN_VISITS = 0.3  # of the rows, in visits of several rows
RISING_SHARE = 0.99  # of an entity's visits, that have a larger number than the one before
LEAST_PAIRS_ALIKE = 20  # pairs of rows of a visit that would have the same label by chance
MOST_PAIRS_ALIKE = 0.02  # of these, in a column whose labels do not come twice in a visit


@dataclass(frozen=True)
class Visits:
    """What visits are called, the number of each row's, int64 [rows], and of each row's entity, and which rows are
    `sure` to be of one visit where they share a number: bool [rows].
    """

    name: str
    numbers: np.ndarray
    owners: np.ndarray
    sure: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """The first row of every visit."""
        return np.unique(self.numbers, return_index=True)[1]

    def keep(self, values: pd.Series) -> bool:
        """Tell whether all rows of a visit have the same value."""
        return decide(self.numbers[self.sure], pd.factorize(values)[0][self.sure])

    def without_repeats(self, column: Labels, values: pd.Series) -> float:
        """Return how many pairs of rows of a visit would have the same label by chance; 0 where some have it, or where
        a label is missing.
        """
        cells, numbers = column.encode(values)[self.sure], self.numbers[self.sure]
        if column.fine_size > 1 or (cells >= column.size).any():
            return 0.0
        pairs = sum(n * (n - 1) for n in np.bincount(numbers)) / 2
        expected = float(pairs * np.square(np.bincount(cells) / len(cells)).sum())
        repeated = pd.DataFrame({"visit": numbers, "cell": cells}).duplicated().sum()
        return expected if expected >= LEAST_PAIRS_ALIKE and repeated <= MOST_PAIRS_ALIKE * expected else 0.0


def find(frame: pd.DataFrame, schema: Schema, owner: str, owners: np.ndarray) -> Visits | None:
    """Return the finest visits, where rows of one of the `owners` [rows] that the column `owner` names form some."""
    found = [visits for visits in _dated(frame, schema, owner, owners) if _are_several(visits)]
    if not found:
        found = [visits for visits in _rising(frame, schema, owner, owners) if _are_several(visits)]
    return max(found, key=lambda visits: int(visits.numbers.max()), default=None)


def _dated(frame: pd.DataFrame, schema: Schema, owner: str, owners: np.ndarray) -> Iterator[Visits]:
    """Yield what may be visits by an identifier of the entities' rows, or by a date."""
    for column in schema.identifiers:
        numbers = numbered(frame[column.name], len(frame))
        if not frame[column.name].isna().any() and decide(numbers, owners):
            yield Visits(column.name, numbers, owners, np.ones(len(frame), dtype=bool))
    for date in (column for column in schema.learned if isinstance(column, Datetime)):
        ticks, present = to_grid(frame[date.name], date, 1)
        inside = np.ones(len(frame), dtype=bool)
        inside[present] = _inside(ticks)
        yield Visits(f"{owner}, {date.name}", _both(owners, frame[date.name]), owners, inside)


def _rising(frame: pd.DataFrame, schema: Schema, owner: str, owners: np.ndarray) -> Iterator[Visits]:
    """Yield what may be visits by a number that rises from each to the next."""
    for name in (column.name for column in schema.learned if isinstance(column, Numerical)):
        values, numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy("float64"), _both(owners, frame[name])
        first = np.sort(np.unique(numbers, return_index=True)[1])
        order = first[np.argsort(owners[first], kind="stable")]
        together = np.diff(owners[order]) == 0
        if together.any() and (np.diff(values[order])[together] > 0).mean() >= RISING_SHARE:
            yield Visits(f"{owner}, {name}", numbers, owners, _inside(values))


def _inside(values: np.ndarray) -> np.ndarray:
    """Tell which values [rows] lie between the least and the largest, or are NaN: bool [rows]."""
    return (values != np.nanmin(values)) & (values != np.nanmax(values)) if len(values) else values == values


def _both(owners: np.ndarray, values: pd.Series) -> np.ndarray:
    """Number the pairs of an owner and a value, int64 [rows]; a row without a value is a pair of its own."""
    codes = pd.factorize(values)[0].astype("int64")
    pairs = np.where(codes < 0, -1 - np.arange(len(codes)), owners * (codes.max(initial=0) + 1) + codes)
    return pd.factorize(pairs)[0]


def _are_several(visits: Visits) -> bool:
    """Tell whether many rows lie in visits of several, and many entities have several visits."""
    sizes = np.bincount(visits.numbers)
    by_owner = np.bincount(visits.owners[visits.first])
    enough = min((sizes > 1).sum(), (by_owner > 1).sum()) >= LEAST_VISITS
    return bool(enough and sizes[sizes > 1].sum() >= LEAST_IN_VISITS * len(visits.numbers))
