"""Dependence: is as much left of what pairs of columns have to do with each other?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss, Owners
from launderette.evaluation.fidelity import effects
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.streams import RandomStream, generator

DEPENDENCE_ROWS = 20_000
DEPENDENCE_PAIRS = 2000
SUBGROUP_ROWS, SUBGROUP_COLUMNS = 8000, 300  # of each table
LEAST_PAIR_ROWS = 20  # with both values
CLUSTERED_ROWS = 4000  # by which is seen how rows of one owner come together
LEAST_CONTINGENCY = 0.02  # mean square contingency that a pair has to have


@dataclass(frozen=True)
class Left:
    """What is left of the dependence of a pair of columns, or of one column on all others.

    `effects` float64 [real rows] are what each row adds to the dependence, whose sum of squares is `strength`, noise
    taken away; `kept` is what other rows add to it, `noise` the variance that both tables' few rows make. Rows belong
    to `owners` [real rows].
    """

    effects: np.ndarray
    strength: float
    kept: float
    noise: float
    owners: Owners

    def __add__(self, other: Left) -> Left:
        effects, strength = self.effects + other.effects, self.strength + other.strength
        return Left(effects, strength, self.kept + other.kept, self.noise + other.noise, self.owners)

    def among(self, known: np.ndarray, owners: Owners) -> Left:
        """The same among all real rows, bool [rows], of which those `known` have both values."""
        everywhere = np.zeros(len(known))
        everywhere[known] = self.effects * (len(known) / len(self.effects))
        return replace(self, effects=everywhere, owners=owners)

    def loss(self, name: str, rows: int, size: int, parts: int) -> Loss | None:
        """The share lost, among so many real and other rows; None where real rows show hardly any dependence. What is
        lost beyond all of it, where relations are turned round, is taken off what chance may take.
        """
        if self.strength < LEAST_CONTINGENCY:
            return None
        lost = max(0.0, 1 - self.kept / self.strength)
        variance = self.effects.var() * entities.design_effect(self.effects, self.owners)
        error = np.sqrt(variance * (1 / rows + 1 / size) + self.noise) / self.strength
        by_chance = chance.deviations(parts) * float(error) - max(0.0, lost - 1)
        return Loss(name, min(1.0, lost), max(0.0, by_chance))


def dependence(samples: Samples, *, seed: int = 0) -> Score:
    """How much of the dependence between columns is kept: 1 - the share lost beyond chance, of the pair, the column
    beside all others, or the triple that lost most, in all rows or in a subgroup; in [0, 1], higher better.

    The dependence of two cells a, b is D = P(a, b) - P(a) P(b), with numbers and dates in eighths. What is kept is the
    regression coefficient of the synthetic D on the real one, each cell weighted by 1 / P(a) P(b) as in the mean square
    contingency (Pearson 1904): one half where correlations are halved. Rows that lack a value are left to
    `missingness`. Chance takes more where rows of one entity come together. Where rows belong to no entity, two more
    are judged by the low end of their 95 % intervals: what a linear model of real rows says about a column, in
    subgroups of at least 100 rows (one label, or one eighth of a number that says little about the column itself), and
    the mean product of three columns (ranks, marks of labels). Cost: one count per pair, at most 2,000 pairs of 20,000
    rows, and one regression per column, of at most 300 in subgroups.
    """
    absent = Reason.NO_ASSOCIATION, "no two columns depend on each other in the real rows"
    return chance.kept(samples, partial(_lost, samples, seed), absent, f"Up to {DEPENDENCE_ROWS:,} rows of each table.")


def _lost(samples: Samples, seed: int, role: str) -> list[Loss]:
    """What the rows of a role have lost, in all rows and beyond."""
    real, owners = _real(samples, role, seed)
    tables = real, samples.table(role).iloc[samples.rows(role, DEPENDENCE_ROWS, seed)]
    codes = {c: [cells.codes(samples, c, real, table) for table in tables] for c in samples.known}
    in_all_rows = _in_all_rows(tables, codes, owners, _pairs(samples.known, seed))
    return in_all_rows + _further(samples, tables, codes, seed)


def _real(samples: Samples, role: str, seed: int) -> tuple[pd.DataFrame, Owners]:
    """The real rows that a role is compared with, and whom they belong to, DEPENDENCE_ROWS at most."""
    real, owners = chance.real(samples, role), chance.owners(samples, role)
    chosen = generator(seed, RandomStream.DEPENDENCE_ROWS).permutation(len(real))[:DEPENDENCE_ROWS]
    return real.iloc[chosen], None if owners is None else owners[chosen]


def _pairs(columns: Sequence[str], seed: int) -> list[tuple[str, str]]:
    """The pairs of columns that are looked at, DEPENDENCE_PAIRS at most."""
    pairs = list(combinations(columns, 2))
    if len(pairs) <= DEPENDENCE_PAIRS:
        return pairs
    chosen = generator(seed, RandomStream.DEPENDENCE_PAIRS).choice(len(pairs), DEPENDENCE_PAIRS, replace=False)
    return [pairs[i] for i in np.sort(chosen)]


def _in_all_rows(
    tables: tuple, codes: Mapping[str, Sequence[np.ndarray]], owners: Owners, pairs: Sequence[tuple[str, str]]
) -> list[Loss]:
    """What each pair has lost, and each column beside all others, given the cells of real and other rows."""
    rows, size = map(len, tables)
    parts, found, whole = len(pairs) + len(codes), [], dict[str, Left]()
    for a, b in pairs:
        (known, usual), (_, seen) = (_present(side) for side in zip(codes[a], codes[b], strict=True))
        if min(len(usual[0]), len(seen[0])) < LEAST_PAIR_ROWS:
            continue
        left = _left(usual, seen, None if owners is None else owners[known])
        found.append(left.loss(f"{a} / {b}", len(usual[0]), len(seen[0]), parts))
        left = left.among(known, owners)
        whole |= {c: whole[c] + left if c in whole else left for c in (a, b)}
    found += [left.loss(f"{c} / all others", rows, size, parts) for c, left in whole.items()]
    return [loss for loss in found if loss is not None]


def _further(samples: Samples, tables: tuple, codes: dict[str, list[np.ndarray]], seed: int) -> list[Loss]:
    """What is lost in subgroups and by three columns, at least; rows of an entity are no independent ones."""
    if samples.entity is not None:
        return []
    rng = generator(seed, RandomStream.DEPENDENCE_FURTHER)
    rows = [rng.permutation(len(table))[:SUBGROUP_ROWS] for table in tables]
    few = tuple(table.iloc[part] for table, part in zip(tables, rows, strict=True))
    columns = [list(codes)[k] for k in np.sort(rng.permutation(len(codes))[:SUBGROUP_COLUMNS])]
    cut = {c: [cell[part] for cell, part in zip(codes[c], rows, strict=True)] for c in columns}
    quantities = effects.quantities(samples, few, cut)
    parts = effects.in_subgroups(quantities, cut, seed), effects.in_threes(quantities)
    found = (loss for part in parts for loss in chance.allowed([Loss(*one) for one in part]))
    return [Loss(loss.part, loss.sure, 0.0) for loss in found if loss.sure > 0]


def _left(real: tuple, other: tuple, owners: Owners) -> Left:
    """What is left of a pair's dependence among rows that have both values."""
    shape = tuple(1 + max(int(r.max()), int(o.max())) for r, o in zip(real, other, strict=True))
    (usual, weights), (there, _) = (_dependence(pair, shape) for pair in (real, other))
    effect = _design_effect(real, weights, owners)
    rows, size = len(real[0]) / effect, len(other[0]) / effect
    free = (np.count_nonzero(weights.any(1)) - 1) * (np.count_nonzero(weights.any(0)) - 1)
    strength, kept = float((usual**2 * weights).sum() - free / rows), float((there * usual * weights).sum())
    return Left((usual * weights)[real], strength, kept, free / rows / size, owners)


def _design_effect(pair: tuple, weights: np.ndarray, owners: Owners) -> float:
    """How many times D of all cells, weighted, varies as much as that of independent rows would, at least 1: by what
    rows of one owner add to D together (its influence function), of the first owners.
    """
    if owners is None:
        return 1.0
    one, two = (np.eye(size)[codes] for codes, size in zip(pair, weights.shape, strict=True))
    one, two = one - one.mean(0), two - two.mean(0)
    some = np.flatnonzero(owners <= np.sort(owners)[:CLUSTERED_ROWS][-1])
    some = some[np.argsort(owners[some], kind="stable")]
    added = one[some, :, None] * two[some, None, :] - one.T @ two / len(one)
    starts = np.flatnonzero(np.diff(owners[some], prepend=-1))
    by_owner, by_row = (float((sums**2 * weights).sum()) for sums in (np.add.reduceat(added, starts), added))
    return max(1.0, by_owner / by_row) if by_row > 0 else 1.0


def _present(pair: tuple) -> tuple[np.ndarray, tuple]:
    """Which rows lack neither value, and the cells of these."""
    known = (pair[0] > 0) & (pair[1] > 0)
    return known, (pair[0][known], pair[1][known])


def _dependence(pair: tuple, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """D of each pair of cells, and the weights 1 / P(a) P(b), 0 for cells without a row: float64 [cells, cells]."""
    joint = np.bincount(np.ravel_multi_index(pair, shape), minlength=int(np.prod(shape))).reshape(shape) / len(pair[0])
    free = np.outer(joint.sum(1), joint.sum(0))
    return joint - free, np.divide(1, free, out=np.zeros(shape), where=free > 0)
