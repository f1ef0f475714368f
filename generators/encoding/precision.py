"""How many decimals a number has, where another column decides it or numbers keep to fewer than their grid: laboratory
values by test, whole ones before a year, a third of them rounded.

Each cell of the deciding column has a distribution of decimals, learnt from its rows; that column is taken which tells
most about them, by the Bayes factor of Dirichlet-multinomial counts (Heckerman et al. 1995). One number in ten
does without its last decimal by chance, which is taken off. Numbers that enough rows share are written as they are, but
where nearly all rows of a cell keep to fewer decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch

from launderette.generators.data.schema import Numerical
from launderette.generators.derived.columns import Derived
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats.decimals import EXACT_INTEGERS, MAX_DECIMALS, without_noise
from launderette.generators.formats.grid import is_duration, to_grid
from launderette.generators.formats.scaled_format import ScaledFormat
from launderette.generators.formulas.conditional_quantile import ConditionalQuantile

LEAST_UNSHARED = 20  # rows with a number that is not shared
LEAST_ROWS_PER_CELL = 20  # of a deciding column, on average
LEAST_FACTOR = 10.0  # log of the Bayes factor, and of all columns that might decide
ROWS_OF_ALL = 0.5  # with the decimals of all rows, that each cell is given
STRAY_SHARE = 0.01  # of a cell's rows, that may have more decimals
NO_DECIMAL = 0.1  # chance that the last decimal of a number is 0
LOW_DIGITS = 2.0**20  # times a place within a cell or a label: what is left of that


@dataclass(frozen=True)
class Precision:
    """The decimals that numbers of column `name` keep to, by the cell of column `by`, a missing value last: `shares`
    [cells][decimals], the last for as many as the column has, and the most that nearly all rows need.
    """

    name: str
    by: str
    shares: list[list[float]]
    most: list[int]

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self)

    def rounded(self, ticks: np.ndarray, own: Cells, cells: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return ticks of the column's grid, or floats without one, with the decimals that the cells of `by` and the
        low digits of `places` choose, which are chances of their own: each [rows].
        """
        chances = places * LOW_DIGITS % 1
        sums = np.cumsum(np.array(self.shares), axis=1)[cells]
        chosen = np.minimum((chances[:, None] >= sums).sum(1), _all_decimals(own))
        decimals = np.where(_shared(ticks, own), np.array(self.most)[cells], chosen)
        found = ticks.copy()
        for kept in np.unique(decimals[decimals < _all_decimals(own)]):
            found[decimals == kept] = _to_places(ticks[decimals == kept], int(kept), own)
        return found


def find(
    frame: pd.DataFrame,
    columns: Sequence[Cells | Labels],
    derived: Sequence[Derived],
    owners: np.ndarray | None = None,
) -> tuple[Precision, ...]:
    """Return what is known of the decimals of numbers among columns with tokens and those that follow from a place
    within a label, where that tells anything: nothing of cells that too few rows, or owners [rows] of them, have.
    """
    scaled = [one.column for one in derived if isinstance(one.formula, ConditionalQuantile)]
    numbers = [column for column in (*columns, *scaled) if isinstance(column, Cells) and _may_vary(column)]
    most = len(frame) / LEAST_ROWS_PER_CELL
    deciding = [column for column in columns if 1 < column.size + column.missing <= most] if numbers else []
    whose = np.arange(len(frame)) if owners is None else owners
    cells = {column.name: (column.encode(frame[column.name]), column.size) for column in deciding}
    found = (_of_column(frame[own.name], own, cells, whose) for own in numbers)
    return tuple(one for one in found if one)


def _may_vary(column: Cells) -> bool:
    own = column.column
    if not isinstance(own, Numerical) or is_duration(own) or isinstance(own.format, ScaledFormat):
        return False
    if column.size == 0 or column.scale == 1 or column.lattice:
        return False
    largest = max(abs(column.low[0]), abs(column.high[-1]))  # floats beyond have no decimals
    return bool(column.scale) or (not own.single and largest < EXACT_INTEGERS)


def _of_column(
    values: pd.Series, own: Cells, cells: Mapping[str, tuple[np.ndarray, int]], whose: np.ndarray
) -> Precision | None:
    ticks, present = to_grid(values, own.column, own.scale)
    needed, free = _needed(ticks, own), ~_shared(ticks, own)
    if free.sum() < LEAST_UNSHARED or needed.min() == needed.max():
        return None
    overall = np.bincount(needed[free], minlength=_all_decimals(own) + 1)
    counts = {
        name: _counts(at[present][free], needed[free], size, own)
        for name, (at, size) in cells.items()
        if name != own.name
    }
    gains = {name: _gain(found, overall) for name, found in counts.items()}
    by = max(gains, key=gains.__getitem__, default="")
    if not by or gains[by] < LEAST_FACTOR + np.log(len(gains)):
        return None
    at, size = cells[by][0][present], cells[by][1]
    known = _of_enough(at, whose[present], size)
    rows = np.where(known & (counts[by].sum(1) >= LEAST_ROWS_PER_VALUE), counts[by].T, 0).T
    shares = [_kept_to(row + ROWS_OF_ALL * overall / overall.sum()).round(6).tolist() for row in rows]
    return Precision(own.name, by, shares, _most(_counts(at, needed, size, own), known))


def _all_decimals(own: Cells) -> int:
    """Return how many decimals a column has, one more than any are told apart without a grid."""
    assert isinstance(own.column, Numerical)
    return MAX_DECIMALS + 1 if own.column.decimals is None or not own.scale else own.column.decimals


def _shared(ticks: np.ndarray, own: Cells) -> np.ndarray:
    """Tell which ticks lie in a cell of one value: bool [rows]."""
    return np.equal(own.low, own.high)[own.cells_at(ticks, np.zeros(len(ticks), dtype=bool))]


def _needed(ticks: np.ndarray, own: Cells) -> np.ndarray:
    """Return the fewest decimals that write each number: int64 [rows]."""
    needed = np.full(len(ticks), _all_decimals(own))
    for places in reversed(range(_all_decimals(own))):
        needed[_to_places(ticks, places, own) == (ticks if own.scale else without_noise(ticks, places))] = places
    return needed


def _to_places(ticks: np.ndarray, places: int, own: Cells) -> np.ndarray:
    """Return ticks with so many decimals, within the column's range where it has such."""
    step = 10.0 ** (_all_decimals(own) - places) if own.scale else 10.0**-places
    first, last = np.ceil(own.low[0] / step), np.floor(own.high[-1] / step)
    if first > last:
        return ticks
    found = np.clip(np.rint(ticks / step), first, last)
    return (found * step).astype(ticks.dtype) if own.scale else np.round(found / 10.0**places, places)


def _counts(at: np.ndarray, needed: np.ndarray, size: int, own: Cells) -> np.ndarray:
    """Return how many rows of each cell, a missing value last, need how many decimals: int64 [size + 1, decimals]."""
    found = np.zeros((size + 1, _all_decimals(own) + 1), dtype="int64")
    np.add.at(found, (at, needed), 1)
    return found


def _of_enough(at: np.ndarray, whose: np.ndarray, size: int) -> np.ndarray:
    """Tell which cells, a missing value last, enough owners have: bool [size + 1]."""
    pairs = np.unique(np.stack([at, whose]), axis=1)
    return np.bincount(pairs[0], minlength=size + 1) >= LEAST_ROWS_PER_VALUE


def _gain(counts: np.ndarray, overall: np.ndarray) -> float:
    """Return the log of the Bayes factor of counts [cells, decimals], of a distribution for each cell over one of all.

    Each is Dirichlet about the shares of all rows, with the weight of one row.
    """
    prior = (overall + ROWS_OF_ALL) / (overall + ROWS_OF_ALL).sum()
    found, known = torch.from_numpy(counts).double(), torch.from_numpy(prior)
    apart = (torch.lgamma(found + known) - torch.lgamma(known)).sum() - torch.lgamma(found.sum(1) + 1).sum()
    return float(apart - (found * known.log()).sum())


def _kept_to(needed: np.ndarray) -> np.ndarray:
    """Return the shares of rows that keep to each number of decimals, given how many need it: float64 [decimals]."""
    left, kept = needed.astype("float64"), np.zeros(len(needed))
    for places in reversed(range(1, len(needed))):
        kept[places] = max(left[places], 0) / (1 - NO_DECIMAL)
        fewer = NO_DECIMAL ** np.arange(places, 0, -1)  # of 0, 1, ..., places - 1 decimals, or fewer
        left[:places] -= kept[places] * np.diff(fewer, prepend=0)
    kept[0] = max(left[0], 0)
    return kept / kept.sum()


def _most(counts: np.ndarray, known: np.ndarray) -> list[int]:
    """Return the decimals that nearly all rows of each `known` cell do with, all for others: counts as `_counts`."""
    rows, decimals = counts.sum(1), counts.shape[1] - 1
    most = (counts.cumsum(1) < (1 - STRAY_SHARE) * rows[:, None]).sum(1)
    return np.where(known, most, decimals).tolist()
