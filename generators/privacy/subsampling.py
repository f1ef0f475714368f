"""What steps cost that each use a random part of the units: the Gaussian mechanism under Poisson sampling.

There is no closed form. Distributions of the privacy loss are composed numerically, and rounded so that epsilon is
never too small (Doroshenko et al. 2022, 2207.04380), by dp-accounting (the extra `privacy`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from launderette.generators.errors import GeneratorError
from launderette.generators.privacy import accounting

ROUGH_INTERVAL, ROUGH_DELTA = 0.02, 1e-6  # by which the size of epsilon is found
INTERVALS = 1000  # of the privacy loss, up to epsilon, in which it is rounded
MOST_NOISE = 1e5  # noise multiplier
SEARCH_PRECISION = 2e-3  # relative, of a noise multiplier
EPSILON_GRID = 400  # on which the trade-off curve is read off


@dataclass(frozen=True)
class Steps:
    """`count` steps that each use every unit with a probability of `rate`, and tell a sum that one unit changes by at
    most 1 with Gaussian noise of a standard deviation of `noise`.
    """

    noise: float
    rate: float
    count: int


def check() -> None:
    """Raise GeneratorError where the package that adds up such steps is not installed."""
    _library()


def epsilon_of(mu: float, steps: Iterable[Steps], delta: float) -> float:
    """Return an epsilon for which a mu-GDP mechanism and all steps together are (epsilon, delta)-private: rounded up;
    inf where delta is not above 0.
    """
    return math.inf if delta <= 0 else float(_fine(mu, tuple(steps)).get_epsilon_for_delta(delta))


def noise_for(epsilon: float, delta: float, mu: float, rate: float, count: int) -> float:
    """Return the least noise multiplier with which a mu-GDP mechanism and `count` steps stay (epsilon, delta)-private,
    rounded up; GeneratorError where none does.
    """
    spent = lambda noise: epsilon_of(mu, [Steps(noise, rate, count)], delta)  # noqa: E731
    left = accounting.mu_of(epsilon, delta) ** 2 - mu**2
    high = _by_limit(left, rate, count) if left > 0 else MOST_NOISE
    while high < MOST_NOISE and spent(high) > epsilon:
        high *= 1.2
    if high >= MOST_NOISE and spent(MOST_NOISE) > epsilon:
        raise GeneratorError(
            f"expected a privacy budget that has room for {count:,} steps, found epsilon {epsilon:g}; raise it, or "
            "take fewer steps"
        )
    low = high / 1.2
    while spent(low) <= epsilon:
        low, high = low / 1.2, low
    while high > low * (1 + SEARCH_PRECISION):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if spent(middle) > epsilon else (low, middle)
    return high


def _by_limit(squared: float, rate: float, count: int) -> float:
    """Return about the noise at which many steps cost mu^2 = `squared` (the limit of Bu et al. 2020, 1911.11607)."""
    return 1 / math.sqrt(math.log1p(squared / (rate**2 * count)))


def largest_tpr(mu: float, steps: Iterable[Steps], fpr: float, delta: float = 0.0) -> float:
    """Return the largest share of members that any attack recognises while it takes a share `fpr` of non-members for
    members: the least of e^epsilon fpr + delta(epsilon), for every (epsilon, delta) that is guaranteed bounds it.
    """
    losses = _fine(mu, tuple(steps))
    epsilon = np.linspace(0.0, -math.log(fpr), EPSILON_GRID)
    bounds = np.exp(epsilon) * fpr + np.asarray(losses.get_delta_for_epsilon(epsilon))
    return min(1.0, float(bounds.min()) + delta)


def _fine(mu: float, steps: tuple[Steps, ...]) -> Any:
    """Return the distribution of the privacy loss of everything together, rounded as its size allows."""
    rough = _losses(mu, steps, ROUGH_INTERVAL).get_epsilon_for_delta(ROUGH_DELTA)
    return _losses(mu, steps, 2.0 ** round(math.log2(max(rough, ROUGH_INTERVAL) / INTERVALS)))


@lru_cache(maxsize=16)
def _losses(mu: float, steps: tuple[Steps, ...], interval: float) -> Any:
    library, rounding = _library(), {"value_discretization_interval": interval}
    parts = [library.from_gaussian_mechanism(1 / mu, **rounding)] if mu > 0 else []
    for one in steps:
        single = library.from_gaussian_mechanism(one.noise, sampling_prob=one.rate, **rounding)
        parts.append(single.self_compose(one.count))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.compose(part)
    return whole


def _library() -> Any:
    try:
        from dp_accounting.pld import privacy_loss_distribution
    except ImportError:
        raise GeneratorError(
            "expected the package dp-accounting, which adds up steps that use a random part of the rows, found none; "
            "install it: pip install 'launderette[privacy]', or choose the generator tabular.marginals, which needs "
            "none"
        ) from None
    return privacy_loss_distribution
