"""Gaussian differential privacy in closed form (Dong, Roth and Su 2022, 1905.02383).

A mechanism is mu-GDP where telling two neighbouring tables apart by its output is no easier than telling N(0, 1) from
N(mu, 1). Several of them, chosen one after another, are sqrt(sum of mu^2)-GDP: no bound, the exact number.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import torch

from launderette.generators.errors import GeneratorError

BISECTION_STEPS = 100  # of a bisection
LARGEST_EPSILON = 100.0  # beyond it nothing is promised
LARGEST_MU = 30.0
NORMAL = NormalDist()


def check(epsilon: float, delta: float) -> None:
    """Raise GeneratorError for an epsilon or a delta that promises nothing."""
    if not 0 < epsilon <= LARGEST_EPSILON:
        raise GeneratorError(
            f"expected epsilon above 0 and at most {LARGEST_EPSILON:g}, found {epsilon:g}; take 1 to 8"
        )
    if not 0 < delta <= 0.1:
        raise GeneratorError(
            f"expected delta above 0 and at most 0.1, found {delta:g}; take less than 1 / the number of rows"
        )


def delta_of(mu: float, epsilon: float) -> float:
    """Return the smallest delta for which a mu-GDP mechanism is (epsilon, delta)-private (Balle and Wang 2018)."""
    if mu <= 0:
        return 0.0
    upper, lower = _log_cdf(mu / 2 - epsilon / mu), _log_cdf(-mu / 2 - epsilon / mu)
    return max(0.0, -math.expm1(min(0.0, epsilon + lower - upper)) * math.exp(upper))


def epsilon_of(mu: float, delta: float) -> float:
    """Return the smallest epsilon for which a mu-GDP mechanism is (epsilon, delta)-private, rounded up; inf where
    delta is not above 0.
    """
    if mu <= 0:
        return 0.0
    if delta <= 0:
        return math.inf
    low, high = 0.0, 1.0
    if delta_of(mu, 0.0) <= delta:
        return 0.0
    while delta_of(mu, high) > delta:
        high *= 2
    return _bisect(low, high, lambda epsilon: delta_of(mu, epsilon) > delta)[1]


def mu_of(epsilon: float, delta: float) -> float:
    """Return the largest mu for which a mu-GDP mechanism is (epsilon, delta)-private, rounded down."""
    return _bisect(0.0, LARGEST_MU, lambda mu: delta_of(mu, epsilon) <= delta)[0]


def largest_tpr(mu: float, fpr: float, delta: float = 0.0) -> float:
    """Return the largest share of members that any attack recognises while it takes a share `fpr` of non-members for
    members; `delta` is the probability of outputs of which mu says nothing.
    """
    return min(1.0, NORMAL.cdf(NORMAL.inv_cdf(fpr) + mu) + delta)


def _bisect(low: float, high: float, is_low: Callable[[float], bool]) -> tuple[float, float]:
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        if is_low(middle):
            low = middle
        else:
            high = middle
    return low, high


def _log_cdf(x: float) -> float:
    return float(torch.special.log_ndtr(torch.tensor(x, dtype=torch.float64)))
