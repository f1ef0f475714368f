"""Missing values: are as many missing, and of the same rows?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted, Loss, Owners
from launderette.evaluation.fidelity import effects
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

LEAST_MISSING_SHARE = 0.02  # of a column's values; a smaller share is compared as if it were this one
LEAST_MISSING = 20  # rows of each table whose other columns are looked at
CELLS_OF_OTHER = 5  # of another column
LEAST_INVENTED = 0.1  # share of the variance of what is missing that released rows alone have to owe to another column
MISSING_ROWS = 50_000
MOST_MARKS = 2**19  # columns times rows that are counted at once, each in ten cells


def missingness(samples: Samples, *, seed: int = 0) -> Score:
    """Whether as many values are missing as in real rows, and in the same rows: 1 - the difference beyond chance, of
    the worst column or pair; in [0, 1], higher better.

    Of a column: the difference of the missing shares, divided by the larger. Of a pair: the total variation distance of
    one column (numbers in fifths, missing as a cell of its own) among the rows that lack the other, for whether a value
    is missing may depend on the rest of the row. Cost: one count of the cells of all columns per column that lacks
    values.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, MISSING_ROWS, seed)]
        found = [_cells(samples, c, real, other) for c in samples.known]
        tables = [np.stack(side) for side in zip(*found, strict=True)]  # int8 [columns, rows]
        lacking = [k for k in range(len(found)) if any((table[k] == 0).any() for table in tables)]
        parts, owners, names = len(lacking) * len(found), chance.owners(samples, role), list(samples.known)
        return [
            loss
            for k in lacking
            for loss in (_share(names[k], k, tables, parts, owners), *_given(names, k, tables, parts, owners))
        ]

    nothing = Reason.NO_MISSING_VALUES, "no table has a missing value in a compared column"
    return chance.kept(samples, measure, nothing, f"Up to {MISSING_ROWS:,} synthetic rows.")


def missing_ties(samples: Samples, *, seed: int = 0) -> Score:
    """Whether other columns decide as much about which values are missing as in real rows: 1 - the share of this that
    was lost, or that synthetic rows alone have, beyond chance, of the worst pair; in [0, 1], higher better.

    Each cell of another column (numbers in eighths, missing as a cell of its own) has its share of missing values. What
    is kept is the regression coefficient of these shares on the real ones, and what is lost counts as in `over_time`.
    Cost: one count per pair with a column that lacks values, many of them in one product.
    """

    def measure(role: str) -> list[Loss]:
        if not samples.known:
            return []
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, MISSING_ROWS, seed)]
        codes = [np.stack([cells.codes(samples, c, real, side) for c in samples.known]) for side in (real, other)]
        lacking = np.flatnonzero(np.maximum(*((side == 0).sum(1) for side in codes)) >= LEAST_MISSING)
        owners = chance.owners(samples, role)
        effect = np.array([entities.label_effect(1 * (codes[0][k] == 0), owners) for k in lacking])
        directions = (codes, effects.LEAST_EFFECT, "real"), (codes[::-1], LEAST_INVENTED, "released")
        found = [loss for direction in directions for loss in _tied(samples.known, lacking, effect, *direction)]
        return chance.allowed(found)

    absent = Reason.NO_ASSOCIATION, "whether a value is missing depends on no other column"
    return chance.kept(samples, measure, absent, f"Up to {MISSING_ROWS:,} synthetic rows.", sure=True)


def _tied(
    names: Sequence[str], lacking: np.ndarray, effect: np.ndarray, codes: Sequence[np.ndarray], least: float, where: str
) -> Iterator[Loss]:
    """What is lost in the second table, of codes int [columns, rows] each, of the ties of missing values of the
    columns that are `lacking` to others in the first, whose means vary `effect` [lacking] times as much as usual.
    """
    rows, size = (side.shape[1] for side in codes)
    marks = [(side[lacking] == 0).astype(np.float32) for side in codes]
    vary = (np.ptp(marks[0], axis=1) > 0) & (min(rows, size) >= effects.LEAST_EFFECT_ROWS)
    if not vary.any():
        return
    lacking, effect, marks = lacking[vary], effect[vary, None], [side[vary] for side in marks]
    parts, at_once = 2 * len(vary) * len(names), max(1, MOST_MARKS // max(rows, size))
    for start in range(0, len(names), at_once):
        part = [side[start : start + at_once] for side in codes]
        shown, *said = effects.lost_in(_in_cells(part, marks), parts, least, effect)
        for k, given in np.argwhere(shown & (lacking[:, None] != start + np.arange(len(part[0])))):
            share, error = (float(one[k, given]) for one in said)
            column, by = names[lacking[k]], names[start + given]
            words = (
                f"Whether {column!r} is missing depends on {by!r} in {rows:,} {where} rows; "
                f"{1 - share:.0%} of it is there in {size:,} others."
            )
            yield Counted(f"{column}, by {by}", share, error, words)


def _in_cells(codes: Sequence[np.ndarray], marks: Sequence[np.ndarray]) -> effects.InCells:
    """Marks of 0 and 1 [lacking, rows] of two tables by the cells of columns, int [columns, rows]."""
    counted = [_counted(*side) for side in zip(codes, marks, strict=True)]
    shares = [side.mean(1, dtype=np.float64)[:, None, None] for side in marks]
    spread = np.sqrt(shares[0] * (1 - shares[0]))
    (rows, have), _ = counted
    squares = (have * (1 - 2 * shares[0]) + rows * shares[0] ** 2) / spread**2
    sums = [(have - rows * share) / spread for (rows, have), share in zip(counted, shares, strict=True)]
    return effects.InCells(rows, sums[0], squares, sums[1], marks[1].shape[1])


def _counted(codes: np.ndarray, marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows in each cell of columns, float64 [columns, cells], and those of them with each mark [marks, columns,
    cells]: whole numbers, which float32 holds.
    """
    inside = (codes[:, None] == np.arange(cells.CELLS_PER_COLUMN + 2)[:, None]).astype(np.float32)
    have = (marks @ inside.reshape(-1, codes.shape[1]).T).reshape(len(marks), *inside.shape[:2])
    return inside.sum(2).astype(np.float64), have.astype(np.float64)


def _share(column: str, k: int, tables: Sequence[np.ndarray], parts: int, owners: Owners) -> Loss:
    """The larger of both shares is what a difference is measured by: all of it is lost, or all of it is invented."""
    real, other = (table[k] == 0 for table in tables)
    size = max(real.mean(), other.mean(), LEAST_MISSING_SHARE)
    error = _error(real, other, parts) * entities.label_effect(1 * real, owners) ** 0.5
    return Loss(str(column), float(abs(real.mean() - other.mean()) / size), error / size)


def _error(real: np.ndarray, other: np.ndarray, parts: int) -> float:
    """Difference of two shares of one population that is exceeded once in so many tables."""
    pooled = (real.sum() + other.sum() + 1) / (len(real) + len(other) + 2)
    return float(chance.deviations(parts) * np.sqrt(pooled * (1 - pooled) * (1 / len(real) + 1 / len(other))))


def _given(names: Sequence[str], k: int, tables: Sequence[np.ndarray], parts: int, owners: Owners) -> Iterator[Loss]:
    """What differs in every other column among the rows that lack column k, by cells int8 [columns, rows]."""
    lacks = [table[k] == 0 for table in tables]
    one, two = (np.delete(table, k, 0)[:, rows] for table, rows in zip(tables, lacks, strict=True))
    if min(one.shape[1], two.shape[1]) < LEAST_MISSING:
        return
    shares = [np.stack([(own == cell).mean(1) for cell in range(CELLS_OF_OTHER + 2)], 1) for own in (one, two)]
    distances = np.abs(shares[0] - shares[1]).sum(1) / 2
    who = None if owners is None else owners[lacks[0]]
    effects = np.array([entities.label_effect(own.astype(np.int64), who) for own in one])
    rows = [own.shape[1] / effects for own in (one, two)]
    allowed = total_variation((shares[0] + shares[1]) / 2, rows[0], rows[1], parts)
    for given, *found in zip(np.delete(names, k), distances.tolist(), allowed.tolist(), strict=True):
        yield Loss(f"{names[k]}, by {given}", *found)


def _cells(samples: Samples, column: str, *tables: pd.DataFrame) -> list[np.ndarray]:
    """The cell of each row of some tables, the first of which is real: 0 for missing, then numbers in cells of equal
    shares, or the most frequent labels and the rest: int8 [rows].
    """
    values = tables[0][column].to_numpy()
    number, real = samples.is_number(column), values[samples.is_present(column, values)]
    if number:
        edges = np.unique(np.quantile(real, np.linspace(0, 1, CELLS_OF_OTHER + 1)[1:-1])) if len(real) else real
    else:
        edges = np.sort(np.argsort(-np.bincount(real), kind="stable")[:CELLS_OF_OTHER])
    return [_places(table[column].to_numpy(), edges, number=number).astype(np.int8) for table in tables]


def _places(values: np.ndarray, edges: np.ndarray, *, number: bool) -> np.ndarray:
    if number:
        return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, "left"))
    place = np.searchsorted(edges, values)
    own = np.append(edges, -1)[place] == values
    return np.where(values < 0, 0, np.where(own, 1 + place, 1 + len(edges)))


def total_variation(shares: np.ndarray, one: float | np.ndarray, two: float | np.ndarray, parts: int) -> np.ndarray:
    """Distance of two samples of one and two rows of populations of some shares [..., cells]: its mean, and what is
    exceeded once in so many tables (McDiarmid's variance, halved: cells are few).
    """
    error = np.sqrt(1 / one + 1 / two)
    mean = 0.5 * np.sqrt(2 / np.pi) * np.sqrt(shares * (1 - shares)).sum(-1) * error
    return mean + chance.deviations(parts) * 0.5 * error * 0.61
