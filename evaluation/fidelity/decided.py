"""Decided: does what other columns nearly decide about a row still follow from them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from launderette.evaluation import chance, entities, panels
from launderette.evaluation.chance import Counted, Loss, Owners
from launderette.evaluation.fidelity import effects
from launderette.evaluation.fidelity.values import LISTED
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator

DECIDED_ROWS, FIRST_DECIDED_ROWS = 6000, 1000  # of each table; that say first whether anything is decided
MOST_DECIDING = 100  # columns
LEAST_DECIDED, LEAST_DECIDED_FIRST = 0.6, 0.3  # share of a mark's variance that trees of other rows tell
LEAST_MARKED = 20  # rows with a mark, and without it: real ones, and expected of others
LEAST_LEAF = 5  # rows of a tree's leaf
ATOM_SHARE, MOST_ATOMS = 0.05, 6  # of the real rows, that a value of a number stands in to be asked for
WRITTEN_STEPS = 1000.0, 100.0, 10.0, 1.0, 0.1, 0.01, 0.001  # that a number may be a multiple of

Kinds = tuple[np.ndarray, np.ndarray]  # of real rows and of others, int64 [rows]; 0 is not asked for


@dataclass(frozen=True)
class Sought:
    """Something about a column that other columns may decide: one of a few kinds, by row; those of the column itself
    are no news where it is `alone`.
    """

    words: str
    column: str
    kinds: Kinds
    alone: bool


@dataclass(frozen=True)
class Deciding:
    """Features of real rows and of others, float32 [rows, columns], and the half of the rows that each is in."""

    columns: tuple[str, ...]
    points: tuple[np.ndarray, ...]
    halves: tuple[np.ndarray, ...]
    owners: Owners
    seed: int

    def first(self, rows: int) -> Deciding:
        """The first real rows, and no others."""
        points, halves = (
            tuple(side[: rows * (k == 0)] for k, side in enumerate(of)) for of in (self.points, self.halves)
        )
        return Deciding(self.columns, points, halves, None, self.seed)


def decided(samples: Samples, *, seed: int = 0) -> Score:
    """Whether what nearly decides a column still does so: 1 - the share lost beyond chance, of the column that lost
    most; in [0, 1], higher better.

    Decided may be a label, or of a number whether it is missing, whether it is one that many rows have (0), and how
    many decimals it has. A decision tree of the other columns, learnt from real rows, has to explain 60 % of the
    variance in other real rows: a flag that follows from a value and a label, decimals that follow from a label. What
    is kept is the regression coefficient on its prediction, over that of unseen real rows: .6 where one flag in five is
    wrong. What is lost beyond chance is the low end of its 95 % interval. Cost: up to four small trees per column.
    """

    def measure(role: str) -> list[Loss]:
        real, owners = chance.real(samples, role), panels.owners(samples, role)
        chosen = generator(seed, RandomStream.DECIDED_ROWS).permutation(len(real))[:DECIDED_ROWS]
        owners = None if owners is None else np.unique(owners[chosen], return_inverse=True)[1]
        other = samples.table(role).iloc[samples.rows(role, DECIDED_ROWS, seed)]
        tables = real.iloc[chosen], other
        compared = _compared(samples, tables, owners, seed)
        found = (loss for sought in _sought(samples, tables) for loss in _lost(sought, compared))
        return chance.allowed(list(found))

    absent = Reason.NO_ASSOCIATION, "nothing about a column is nearly decided by the others"
    if not samples.known:
        return unknown(*absent)
    return chance.kept(samples, measure, absent, f"Up to {DECIDED_ROWS:,} rows of each table.", sure=True)


def _compared(samples: Samples, tables: tuple[pd.DataFrame, pd.DataFrame], owners: Owners, seed: int) -> Deciding:
    """Rows of one owner lie in one half: the others would tell of them."""
    rng = generator(seed, RandomStream.DECIDING_HALVES)
    columns = tuple(samples.known[k] for k in np.sort(rng.permutation(len(samples.known))[:MOST_DECIDING]))
    points = tuple(
        np.stack([_feature(samples, c, *pair) for c in columns], axis=1) for pair in ((tables[0], tables[0]), tables)
    )
    whose = np.arange(len(tables[0])) if owners is None else owners
    halves = rng.permutation(whose.max() + 1)[whose] % 2, rng.permutation(len(tables[1])) % 2
    return Deciding(columns, points, halves, owners, seed)


def _feature(samples: Samples, column: str, real: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Ranks of numbers among real rows, of labels by their frequency there; NaN where missing: float32 [rows]."""
    known, values = real[column].to_numpy(), table[column].to_numpy()
    if samples.is_number(column):
        return np.where(np.isnan(values), np.nan, np.searchsorted(np.sort(known), values)).astype(np.float32)
    counts = np.bincount(known[known >= 0], minlength=len(samples.labels[column]))
    return np.append(np.argsort(np.argsort(-counts, kind="stable")).astype(np.float32), np.nan)[values]


def _sought(samples: Samples, tables: tuple[pd.DataFrame, pd.DataFrame]) -> Iterator[Sought]:
    for column in samples.known:
        values = tables[0][column].to_numpy(), tables[1][column].to_numpy()
        if not samples.is_number(column):
            kinds = [1 + cells.codes(samples, column, tables[0], table) for table in tables]
            yield Sought(f"{column!r}", column, (kinds[0], kinds[1]), True)
            continue
        yield Sought(f"where {column!r} is missing, or a value of many rows", column, _frequent(*values), True)
        if samples.kinds[column] == "numerical" and samples.units[column] == 1:
            few = len(np.unique(values[0])) <= LISTED  # of which a tree knows by heart how each is written
            yield Sought(f"the decimals of {column!r}", column, (_step(values[0]), _step(values[1])), few)


def _frequent(real: np.ndarray, other: np.ndarray) -> Kinds:
    """1 where missing, then one kind for each value that many real rows have."""
    known, counts = np.unique(real[~np.isnan(real)], return_counts=True)
    often = np.argsort(-counts, kind="stable")[:MOST_ATOMS]
    atoms = np.sort(known[often[counts[often] >= ATOM_SHARE * len(real)]])
    found = []
    for values in (real, other):
        place = np.searchsorted(atoms, values)
        found.append(np.where(np.isnan(values), 1, (2 + place) * (np.append(atoms, np.nan)[place] == values)))
    return found[0], found[1]


def _step(values: np.ndarray) -> np.ndarray:
    """The coarsest of the steps that each number is a multiple of, from 1 up; 0 where it is missing."""
    fits = np.array([np.isclose(values / step, np.round(values / step), rtol=0, atol=1e-6) for step in WRITTEN_STEPS])
    return np.where(np.isnan(values), 0, 1 + np.where(fits.any(0), fits.argmax(0), len(WRITTEN_STEPS)))


def _lost(sought: Sought, compared: Deciding) -> Iterator[Counted]:
    """What is lost of each kind that trees of other real rows tell well, with its standard error."""
    real, other = sought.kinds
    asked = _often(real, len(other))
    if len(real) > FIRST_DECIDED_ROWS:
        asked = list(_told(sought, compared.first(FIRST_DECIDED_ROWS), asked, LEAST_DECIDED_FIRST))
    for kind, told in _told(sought, compared, asked, LEAST_DECIDED).items():
        true = [(side == kind).astype(float) for side in (real, other)]
        (usual, spread), (left, wider) = (effects.slope(*pair) for pair in zip(told, true, strict=True))
        effect = entities.design_effect(_centred(told[0]) * (true[0] - usual * told[0]), compared.owners)
        variance = effect * (spread**2 / len(real) + max(spread, wider) ** 2 / len(other))
        lost = float(np.clip(1 - left / usual, 0, 1))
        said = (
            f"Other columns nearly decide {sought.words} in {len(real):,} real rows; "
            f"{1 - lost:.0%} of that is there in {len(other):,} released ones."
        )
        yield Counted(sought.words, lost, float(np.sqrt(variance) / usual), said)


def _often(kinds: np.ndarray, size: int) -> list[int]:
    """The kinds that enough real rows have, and lack, for as many of `size` others to be expected."""
    counts, share = np.bincount(kinds)[1:], min(1.0, size / len(kinds))
    return (1 + np.flatnonzero(share * np.minimum(counts, len(kinds) - counts) >= LEAST_MARKED)).tolist()


def _told(sought: Sought, compared: Deciding, kinds: list[int], least: float) -> dict[int, list[np.ndarray]]:
    """How likely trees call each of the kinds that they tell well, of real rows and of others: float64 [rows]. Where
    what one half leaves untold of all kinds is too much already, the other is not asked.
    """
    if not kinds:
        return {}
    real = sought.kinds[0][: len(compared.points[0])]
    own = [k for k, c in enumerate(compared.columns) if not (sought.alone and c == sought.column)]
    said = [np.zeros((len(side), real.max() + 1)) for side in compared.points]
    marks = {kind: (real == kind).astype(float) for kind in kinds if kind < said[0].shape[1]}
    untold = dict.fromkeys(marks, 0.0)
    for half in (0, 1):
        learnt = compared.halves[0] != half
        tree = DecisionTreeClassifier(min_samples_leaf=LEAST_LEAF, random_state=compared.seed)
        tree.fit(compared.points[0][learnt][:, own], real[learnt])
        for side, points, halves in zip(said, compared.points, compared.halves, strict=True):
            if len(rows := np.flatnonzero(halves == half)):
                side[np.ix_(rows, tree.classes_)] = tree.predict_proba(points[rows][:, own])
        for kind, mark in marks.items():
            untold[kind] += np.square((mark - said[0][:, kind])[~learnt]).sum() / len(real)
        marks = {kind: mark for kind, mark in marks.items() if untold[kind] < (1 - least) * mark.var()}
        if not marks:
            return {}
    return {kind: [side[:, kind] for side in said] for kind in marks}


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean()
