"""Label columns: can each be told from all other columns as well as that of real rows can?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation import chance, panels
from launderette.evaluation.chance import Loss, Owners
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator
from launderette.evaluation.utility import wrong_labels
from launderette.evaluation.utility.wrong_labels import LEAST_CLASS, Judged

LABEL_ROWS, MOST_LABEL_COLUMNS = 5000, 40  # of each table; of all its columns
LEAST_LABELLED = 60  # rows of each table
LEAST_CLUSTERS = 200  # of real rows that come together: by fewer, what they lose by chance is told too small
RIDGE_FOLDS = 3
LABEL_RIDGE = 1.0  # rows' worth, added to each cell
LEAST_SAID = 0.01  # that a linear model says of a class: it may say less than nothing
COLUMN_CELLS = cells.CELLS_PER_COLUMN + 2  # cells of a column: with the one of other labels, and where it is missing


@dataclass(frozen=True, eq=False)
class Marked:
    """Rows of a table, a mark for each cell of each column, float64 [rows, cells], and the fold of each row."""

    marks: np.ndarray
    folds: np.ndarray
    owners: Owners = None

    def of(self, place: int) -> np.ndarray:
        """The marks of the column at a place: [rows, COLUMN_CELLS]."""
        return self.marks[:, _own(place)]


def label_columns(samples: Samples, *, seed: int = 0) -> Score:
    """1 - the share of a column's labels that were exchanged between rows beyond chance, at least (95 %), of the column
    of labels that lost most; in [0, 1], higher better.

    As `labels`, but of every column of labels, told from the cells of all other columns (numbers and dates in eighths)
    by ridge regression on other real rows. Chance takes more where rows of one entity come together; of fewer than 200
    entities nothing is said. Cost: three inversions of a matrix of all cells, of up to 40 columns and 5,000 rows of
    each table.
    """

    def measure(role: str) -> list[Loss]:
        columns = _columns(samples, seed)
        real, other = _marked(samples, columns, role, seed)
        if real.owners is not None and real.owners.max() < LEAST_CLUSTERS:
            return []
        tables = [_precision(real, fold) for fold in range(RIDGE_FOLDS)]
        asked = [place for place, column in enumerate(columns) if not samples.is_number(column)]
        found = [(columns[k], *share) for k in asked for share in _wrong(real, other, tables, k)]
        return chance.allowed([Loss(*one) for one in found])

    absent = Reason.NO_LABELS, "no column of labels can be told from the others by so many rows"
    if all(samples.is_number(column) for column in samples.known):
        return unknown(Reason.NO_LABELS, "no column has labels")
    return chance.kept(samples, measure, absent, f"Up to {LABEL_ROWS:,} rows of each table.", sure=True)


def _columns(samples: Samples, seed: int) -> list[str]:
    order = generator(seed, RandomStream.LABEL_COLUMNS).permutation(len(samples.known))
    return [samples.known[k] for k in np.sort(order[:MOST_LABEL_COLUMNS])]


def _marked(samples: Samples, columns: list[str], role: str, seed: int) -> tuple[Marked, Marked]:
    """The real rows that a role is compared with, and its own; real rows of one owner lie in one fold."""
    rng = generator(seed, RandomStream.LABEL_COLUMNS, 1)
    real, owners = chance.real(samples, role), panels.owners(samples, role)
    chosen = np.sort(rng.permutation(len(real))[:LABEL_ROWS])
    owners = None if owners is None else np.unique(owners[chosen], return_inverse=True)[1]
    real, other = real.iloc[chosen], samples.table(role).iloc[samples.rows(role, LABEL_ROWS, seed)]
    whose = np.arange(len(real)) if owners is None else owners
    folds = rng.permutation(whose.max() + 1)[whose] % RIDGE_FOLDS, rng.permutation(len(other)) % RIDGE_FOLDS
    marks = (_marks(samples, columns, real, table) for table in (real, other))
    return Marked(next(marks), folds[0], owners), Marked(next(marks), folds[1])


def _marks(samples: Samples, columns: list[str], real: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    codes = np.stack([cells.codes(samples, column, real, table) for column in columns], axis=1)
    marks = np.zeros((len(table), len(columns) * COLUMN_CELLS))
    np.put_along_axis(marks, codes + COLUMN_CELLS * np.arange(len(columns)), 1.0, axis=1)
    return marks


def _precision(real: Marked, fold: int) -> np.ndarray:
    """The inverse of the cells' products over the rows of other folds: float64 [cells, cells]."""
    marks = real.marks[real.folds != fold]
    return np.linalg.inv(marks.T @ marks + LABEL_RIDGE * np.eye(marks.shape[1]))


def _wrong(real: Marked, other: Marked, precisions: list[np.ndarray], place: int) -> Iterator[wrong_labels.Share]:
    """The share of one column's labels that were dealt out anew, where rows have labels enough."""
    counts = real.of(place).sum(0)
    classes = 1 + np.flatnonzero(counts[1:] >= LEAST_CLASS)  # 0 is a missing label
    judged = [_judged(table, precisions, place, classes) for table in (real, other)]
    if len(classes) > 1 and min(len(one.said) for one in judged) >= LEAST_LABELLED:
        yield from wrong_labels.exchanged(*judged)


def _judged(table: Marked, precisions: list[np.ndarray], place: int, classes: np.ndarray) -> Judged:
    """What the cells of other columns say of a column's classes, by the rows of other folds, and what these are."""
    said = np.zeros((len(table.marks), COLUMN_CELLS))
    for fold, precision in enumerate(precisions):
        rows, own = table.folds == fold, precision[:, _own(place)]
        # of the inverse of a matrix in blocks: what the others say of one is -P[others, own] P[own, own]^-1
        weights = -np.linalg.solve(own[_own(place)], own.T).T
        weights[_own(place)] = 0.0
        said[rows] = table.marks[rows] @ weights
    true = table.of(place)[:, classes]
    known, said = true.any(1), np.clip(said[:, classes], LEAST_SAID, 1)
    said /= said.sum(1, keepdims=True)
    owners = None if table.owners is None else table.owners[known]
    return Judged(pd.DataFrame(index=range(int(known.sum()))), said[known], true[known], owners)


def _own(place: int) -> slice:
    return slice(COLUMN_CELLS * place, COLUMN_CELLS * (place + 1))
