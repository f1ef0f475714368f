"""Repeats: are released rows as seldom equal, or nearly equal, to each other as real rows are?"""

from __future__ import annotations

import numpy as np

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.fidelity.values import different
from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Reason, Score

REPEAT_ROWS = 4000  # of each table whose neighbours are looked for
TWIN_QUANTILE = 0.01  # of real rows that are as near to each other as twins
LEAST_ASKED_ROWS = 100  # whose neighbours say how near twins are


def repeats(samples: Samples, *, seed: int = 0) -> Score:
    """1 - the share of synthetic rows that equal another one, or nearly do, beyond chance; in [0, 1], higher better.

    Equal: those left over when repeats are removed from as many rows as there are real ones (rarefaction, Hurlbert
    1971). Nearly equal: rows nearer to each other than all but 1 % of as many real rows are to their nearest. Chance is
    how often real rows repeat each other, as those of few columns do. Cost: two searches of at most 4,000 x 4,000 rows.
    """

    def measure(role: str) -> list[Loss]:
        return [_equal(samples, role), *_near(samples, role, seed)] if samples.known else []

    return chance.kept(samples, measure, (Reason.NO_VALUES, "no column has a value to compare"))


def _equal(samples: Samples, role: str) -> Loss:
    tables = chance.real(samples, role), samples.table(role)
    size = min(map(len, tables))
    usual, there = (size - different(row_hashes(table), size) for table in tables)
    return Loss("equal rows", there / size, chance.most(int(np.ceil(usual)), size, size, 2))


def _near(samples: Samples, role: str, seed: int) -> list[Loss]:
    """Nearly equal rows, where real ones are seldom equal: they come in pairs, which are what chance counts."""
    size = min(samples.size("train"), len(samples.table(role)), REPEAT_ROWS)
    if size < LEAST_ASKED_ROWS:
        return []
    usual, there = (_nearest(samples, name, size, seed) for name in ("train", role))
    radius = float(np.quantile(usual, TWIN_QUANTILE))
    if radius <= 0:
        return []
    twins = int(np.ceil((usual <= radius).sum() / 2))
    return [Loss("nearly equal rows", float((there <= radius).mean()), chance.most(twins, size // 2, size // 2, 2))]


@once
def _nearest(samples: Samples, role: str, size: int, seed: int) -> np.ndarray:
    """Distance of each row of a role to the nearest other one: float [rows]."""
    every = neighbours.Group(role, samples.rows(role, size, seed))
    return neighbours.search(samples, every, every, 1)[0][:, 0]
