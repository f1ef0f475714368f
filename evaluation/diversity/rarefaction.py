"""By how much chance alone moves the number of different rows among so many of a table."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from launderette.evaluation import chance


def weights(hashes: np.ndarray) -> np.ndarray:
    """1 / how often each row occurs, whose mean is the share of different rows: float64 [rows]."""
    _, inverse, found = np.unique(hashes, return_inverse=True, return_counts=True)
    return 1 / found[inverse]


def alone(hashes: np.ndarray, size: int) -> float:
    """Expected number of rows that occur once among `size` of these, drawn without replacement."""
    total, counts = len(hashes), np.unique(hashes, return_counts=True)[1].astype(float)
    others = total - counts
    # hypergeometric: C(count, 1) C(others, size - 1) / C(total, size)
    logs = _choose(others, size - 1) - _choose(total, size)
    return float(np.where(others >= size - 1, counts * np.exp(logs), 0.0).sum())


def _choose(of: np.ndarray | float, size: int) -> np.ndarray:
    """Logarithm of the binomial coefficient; what is impossible is masked by the caller."""
    return gammaln(of + 1) - gammaln(size + 1) - gammaln(np.maximum(of - size, 0) + 1)


def lost_by_chance(real: np.ndarray, size: int) -> float:
    """Share by which fresh real rows have fewer different ones than as many of these (hashes [rows]), once in so many
    tables (chance.ONCE_IN).

    The variance of the number of different rows is at most the expected number that occur once (Efron and Stein
    1981); that of the share among the real rows themselves is as large for as many of them, and less for more.
    """
    variance = alone(real, size) * (1 + size / len(real))
    return float(chance.deviations(1) * np.sqrt(variance) / size)
