"""Dependence: is as much left of what pairs of columns have to do with each other?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.fidelity import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

DEPENDENCE_ROWS = 20_000
DEPENDENCE_PAIRS = 2000
LEAST_PAIR_ROWS = 20  # with both values
LEAST_CONTINGENCY = 0.02  # mean square contingency that a pair has to have


def dependence(samples: Samples, *, seed: int = 0) -> Score:
    """1 - share lost of the dependence between two columns, of the pair that has lost most, beyond chance; in [0, 1],
    higher better.

    Dependence of cells a, b is D = P(a, b) - P(a) P(b); what remains of the real D is its regression coefficient, each
    cell weighted by 1 / P(a) P(b) as in the mean square contingency (Pearson 1904). It is one half where correlations
    are halved. Numbers in eighths, dates too; rows that lack a value are left to missingness. Cost: one count per
    pair, at most 2,000 pairs of 20,000 rows.
    """

    def measure(role: str) -> list[Loss]:
        real = chance.real(samples, role)
        real = real.iloc[np.random.default_rng([seed, 67]).permutation(len(real))[:DEPENDENCE_ROWS]]
        other = samples.table(role).iloc[samples.rows(role, DEPENDENCE_ROWS, seed)]
        codes = {c: [cells.codes(samples, c, real, table) for table in (real, other)] for c in samples.known}
        pairs = list(combinations(samples.known, 2))
        if len(pairs) > DEPENDENCE_PAIRS:
            chosen = np.random.default_rng([seed, 71]).choice(len(pairs), DEPENDENCE_PAIRS, replace=False)
            pairs = [pairs[i] for i in np.sort(chosen)]
        found = []
        for a, b in pairs:
            usual, seen = zip(codes[a], codes[b], strict=True)
            found.append(_lost(f"{a} / {b}", usual, seen, len(pairs)))
        return [loss for loss in found if loss is not None]

    absent = Reason.NO_ASSOCIATION, "no two columns depend on each other in the real rows"
    return chance.kept(samples, measure, absent, f"Up to {DEPENDENCE_ROWS:,} rows of each table.")


def _lost(name: str, real: tuple, other: tuple, parts: int) -> Loss | None:
    """What a pair has lost of its dependence among rows that have both; None where real rows show hardly any."""
    real, other = _present(real), _present(other)
    if min(len(real[0]), len(other[0])) < LEAST_PAIR_ROWS:
        return None
    shape = tuple(1 + max(int(r.max()), int(o.max())) for r, o in zip(real, other, strict=True))
    (usual, weights), (there, _) = (_dependence(pair, shape) for pair in (real, other))
    rows, size = len(real[0]), len(other[0])
    free = (np.count_nonzero(weights.any(1)) - 1) * (np.count_nonzero(weights.any(0)) - 1)
    strength = float((usual**2 * weights).sum() - free / rows)
    if strength < LEAST_CONTINGENCY:
        return None
    effects = (usual * weights)[real]
    error = np.sqrt(effects.var() * (1 / rows + 1 / size) + free / rows / size) / strength
    kept = float((there * usual * weights).sum() / strength)
    return Loss(name, float(np.clip(1 - kept, 0, 1)), float(chance.deviations(parts) * error))


def _present(pair: tuple) -> tuple:
    """The cells of the rows that lack neither value."""
    known = (pair[0] > 0) & (pair[1] > 0)
    return pair[0][known], pair[1][known]


def _dependence(pair: tuple, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """D of each pair of cells, and the weights 1 / P(a) P(b), 0 for cells without a row: float64 [cells, cells]."""
    joint = np.bincount(np.ravel_multi_index(pair, shape), minlength=int(np.prod(shape))).reshape(shape) / len(pair[0])
    free = np.outer(joint.sum(1), joint.sum(0))
    return joint - free, np.divide(1, free, out=np.zeros(shape), where=free > 0)
