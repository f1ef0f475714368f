"""How surprising the success of an attack is: by that they are compared, before the best of them is tried elsewhere."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.stats import betabinom

from launderette.evaluation.measures.intervals import threshold_rank


def strength(members: np.ndarray, non_members: np.ndarray) -> float:
    """How surprising an attack's success would be if it knew nothing: the largest -log p over three false-alarm rates.

    Of m members, BetaBinomial(m, r, n + 1 - r) then score above the r-th best of n non-members.
    """
    m, n, above = len(members), len(non_members), np.sort(non_members)[::-1]
    found = []
    for rank in {1, threshold_rank(0.01, n), threshold_rank(0.1, n)}:
        hits = int((members > above[rank - 1]).sum())
        found.append(-_log_tail(m, n, rank)[hits])
    return float(max(found))


@lru_cache(maxsize=64)
def _log_tail(members: int, non_members: int, rank: int) -> np.ndarray:
    """Log probability of so many hits or more, from 0 to all members: float64 [members + 1]."""
    chances = betabinom.logpmf(np.arange(members + 1), members, rank, non_members + 1 - rank)
    return np.logaddexp.accumulate(chances[::-1])[::-1]
