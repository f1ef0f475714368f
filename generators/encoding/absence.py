"""Values that are missing where another column says so: the income of who has no work, the date of death of the living,
all answers of who was not asked, what nobody under 16 is asked. Likewise a label that stands where a number is below or
above a threshold, and nowhere else: a calm where the wind is that weak.

A model that learns how likely a gap is leaves one row in a hundred with a gap that cannot be, or without one that has
to be; such rows are not drawn.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import per_unit, values_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE, roundest
from launderette.generators.encoding.labels import Labels

LEAST_GAP_ROWS = 20  # with a gap, and without one, that another column tells
LEAST_ROWS_PER_LABEL = 8  # that have all a gap or all none
LEAST_TOLD_SHARE = 0.98  # of the rows, whose label tells
MOST_TELLING_LABELS = 50  # of a column

Told = tuple[Cells | Labels, np.ndarray]  # a column and what it may tell of others [rows]


@dataclass(frozen=True)
class Absence:
    """Column `name` has no value where the cell of column `by` is one of `absent`, and one where it is of `present`; of
    numbers and dates, cell 0 stands for any value and 1 for none.
    """

    name: str
    by: str
    absent: list[int]
    present: list[int]

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self)

    def holds(self, missing: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Return in which rows the column has a gap where it has to, given its gaps and the cells of `by` [rows]."""
        absent, present = np.isin(cells, self.absent), np.isin(cells, self.present)
        return np.where(missing, ~present, ~absent)


@dataclass(frozen=True)
class Threshold:
    """Column `name` is in the cell `state`, a label's or that of its gaps, where column `by` is below `low`, or
    (`above`) above `high`, and never on the other side; between the two it may be. Dates are microseconds since 1970.
    """

    name: str
    by: str
    state: int
    low: float
    high: float
    above: bool

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self)

    def holds(self, cells: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return in which rows the column is in that cell where it has to be, given its cells and the values of `by`
        [rows].
        """
        within, beyond = (values > self.high, values < self.low)[:: 1 if self.above else -1]
        return np.where(cells == self.state, ~beyond, ~within)


def find(
    frame: pd.DataFrame, columns: Sequence[Cells | Labels], known: Sequence[Cells | Labels], owners: np.ndarray | None
) -> tuple[tuple[Absence, ...], tuple[Threshold, ...]]:
    """Return the `columns` with gaps that another one of those that are `known` tells, by its labels or its own gaps,
    and those with gaps or a label beyond a threshold of a number or date, each by the first one that tells.

    Rows of one of the `owners` [rows] are counted once.
    """
    tells = [(column, telling(column, column.encode(frame[column.name]))) for column in known if _may_tell(column)]
    return _absences(columns, tells, owners), _thresholds(frame, columns, known, tells, owners)


def _absences(
    columns: Sequence[Cells | Labels], tells: Sequence[Told], owners: np.ndarray | None
) -> tuple[Absence, ...]:
    tells = sorted(tells, key=lambda pair: isinstance(pair[0], Cells))  # labels before gaps
    states = {column.name: own for column, own in tells}
    gaps = {c.name: states[c.name] == (c.size if isinstance(c, Labels) else 1) for c in columns if c.missing}
    return tuple(found for name, missing in gaps.items() if (found := _first(name, missing, tells, owners)))


def _may_tell(column: Cells | Labels) -> bool:
    return column.missing or (isinstance(column, Labels) and column.size <= MOST_TELLING_LABELS)


def _first(name: str, missing: np.ndarray, tells: Sequence[Told], owners: np.ndarray | None) -> Absence | None:
    """Return how the first column that tells the gaps [rows] of another one does; one without labels tells them of
    later ones alone.
    """
    own = [column.name for column, _ in tells].index(name)
    others = [pair for k, pair in enumerate(tells) if k < own or (k > own and isinstance(pair[0], Labels))]
    found = (_told(name, missing, column.name, cells, owners) for column, cells in others)
    return next(filter(None, found), None)


def _told(name: str, missing: np.ndarray, by: str, cells: np.ndarray, owners: np.ndarray | None) -> Absence | None:
    """Return which cells [rows] of a column tell the gaps [rows] of another one, None where too few rows' do."""
    if owners is not None:
        first = ~pd.DataFrame({"owner": owners, "cell": cells, "gap": missing}).duplicated().to_numpy()
        missing, cells = missing[first], cells[first]
    rows, without = np.bincount(cells), np.bincount(cells, missing)
    enough = rows >= LEAST_ROWS_PER_LABEL
    absent, present = enough & (without == rows), enough & (without == 0)
    told = rows[absent].sum(), rows[present].sum()
    if min(told) < LEAST_GAP_ROWS or sum(told) < LEAST_TOLD_SHARE * len(cells):
        return None
    return Absence(name, by, np.flatnonzero(absent).tolist(), np.flatnonzero(present).tolist())


def telling(column: Cells | Labels, cells: np.ndarray) -> np.ndarray:
    """Return what a column may tell of others' gaps, given its cells [rows]: its labels, or whether it has a gap."""
    return cells if isinstance(column, Labels) else (cells >= column.size).astype("int64")


def _thresholds(
    frame: pd.DataFrame,
    columns: Sequence[Cells | Labels],
    known: Sequence[Cells | Labels],
    tells: Sequence[Told],
    owners: np.ndarray | None,
) -> tuple[Threshold, ...]:
    names = {column.name for column in columns}
    states = {column.name: own for column, own in tells if column.name in names}
    found: dict[str, Threshold] = {}
    for by in (column for column in known if isinstance(column, Cells)):
        values = values_of(frame[by.name], by)
        order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
        for name in states.keys() - {*found, by.name}:
            border = _border(states[name][order], values[order], None if owners is None else owners[order])
            if border:
                found[name] = Threshold(name, by.name, border.state, *_ends(border, by), border.above)
    return tuple(found[name] for name in states if name in found)


class Border(NamedTuple):
    """Where the rows of one state end that lie at an end of others' values: its outermost value towards these, the
    nearest of theirs, which is the same one where enough rows of both share it, and whether its own lie above.
    """

    state: int
    own: float
    other: float
    above: bool


def _border(states: np.ndarray, values: np.ndarray, owners: np.ndarray | None) -> Border | None:
    """Return the state [rows] that the rows at an end of ascending values [rows] have, and others only elsewhere."""
    for above, way in ((False, 1), (True, -1)):
        outermost = states[::way][:LEAST_GAP_ROWS]
        if len(states) < 2 * LEAST_GAP_ROWS or (outermost != outermost[0]).any():
            continue
        own = states == outermost[0]
        inside, outside = way * values[own], way * values[~own]
        if min(_people(own, owners), _people(~own, owners)) < LEAST_GAP_ROWS or inside.max() > outside.min():
            continue
        shared = (values == way * inside.max()).sum() >= LEAST_ROWS_PER_VALUE
        if shared or inside.max() < outside.min():
            return Border(int(outermost[0]), float(way * inside.max()), float(way * outside.min()), above)
    return None


def _people(rows: np.ndarray, owners: np.ndarray | None) -> int:
    """Return how many owners rows have, bool [rows]."""
    return int(rows.sum()) if owners is None else len(np.unique(owners[rows]))


def _ends(border: Border, by: Cells) -> tuple[float, float]:
    """Return below and above which numbers a state is told: half a tick around a number of both sides, else the
    roundest between the two, half a tick less where numbers lie on a grid.
    """
    tick = 1 / per_unit(by) if by.scale else 0.0
    low, high = sorted((border.own, border.other))
    if low == high:
        return low - tick / 2, high + tick / 2
    start = roundest(low + tick, high)
    start = (start if start > low else high) - tick / 2
    return start, start
