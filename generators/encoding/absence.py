"""Values that are missing where another column says so: the income of who has no work, the date of death of the living,
all answers of who was not asked.

A model that learns how likely a gap is leaves one row in a hundred with a gap that cannot be, or without one that has
to be; such rows are not drawn.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels

LEAST_GAP_ROWS = 20  # with a gap, and without one, that another column tells
LEAST_ROWS_PER_LABEL = 8  # that have all a gap or all none
LEAST_TOLD_SHARE = 0.98  # of the rows, whose label tells
MOST_TELLING_LABELS = 50  # of a column


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


def find(
    frame: pd.DataFrame, columns: Sequence[Cells | Labels], known: Sequence[Cells | Labels], owners: np.ndarray | None
) -> tuple[Absence, ...]:
    """Return the `columns` with gaps that another one of those that are `known` tells, the first that does: one of
    labels, or one that has a gap in the same rows.

    Rows of one of the `owners` [rows] are counted once.
    """
    cells = {column.name: column.encode(frame[column.name]) for column in known if _may_tell(column)}
    tells = [(column, telling(column, cells[column.name])) for column in known if column.name in cells]
    tells.sort(key=lambda pair: isinstance(pair[0], Cells))  # labels before gaps
    gaps = {column.name: cells[column.name] >= column.size for column in columns if column.missing}
    return tuple(found for name, missing in gaps.items() if (found := _first(name, missing, tells, owners)))


def _may_tell(column: Cells | Labels) -> bool:
    return column.missing or (isinstance(column, Labels) and column.size <= MOST_TELLING_LABELS)


def _first(
    name: str,
    missing: np.ndarray,
    tells: Sequence[tuple[Cells | Labels, np.ndarray]],
    owners: np.ndarray | None,
) -> Absence | None:
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
