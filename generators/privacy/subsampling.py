"""What steps cost that each use a random part of the units: the Gaussian mechanism under Poisson sampling.

There is no closed form. Distributions of the privacy loss are composed numerically, and rounded so that epsilon is
never too small (Doroshenko et al. 2022, 2207.04380), by dp-accounting (the extra `privacy`).

How many steps there are, and how large a part of the rows they use, follows from noisy answers, and numbers that were
chosen by answers may not be composed as if they had been fixed. So the mu that steps may cost is fixed before the first
question, and they get as much noise as makes them cost no more: then Gaussian privacy adds up, whatever was chosen by
what (Smith and Thakurta 2022, 2210.17520).
"""

import math
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
EPSILON_GRID = 400  # on which two mechanisms are compared


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


def epsilon_of(mu: float, steps: Steps, delta: float) -> float:
    """Return an epsilon for which a mu-GDP mechanism and steps that were fixed before are together (epsilon, delta)-
    private: rounded up.
    """
    return float(_fine(mu, steps).get_epsilon_for_delta(delta))


def noise_for(mu: float, slack: float, rate: float, count: int) -> float:
    """Return the least noise multiplier that has `count` steps cost mu but for a probability of `slack`, rounded up;
    GeneratorError where none does.
    """
    enough = lambda noise: covered(Steps(noise, rate, count), mu, slack)  # noqa: E731
    high = _by_limit(mu**2, rate, count) if mu > 0 else MOST_NOISE
    while high < MOST_NOISE and not enough(high):
        high *= 1.2
    if high >= MOST_NOISE:
        raise GeneratorError(
            f"expected a privacy budget that has room for {count:,} steps, found mu {mu:.2g} left of it; raise "
            "epsilon, or take fewer steps"
        )
    low = high / 1.2
    while enough(low):
        low, high = low / 1.2, low
    while high > low * (1 + SEARCH_PRECISION):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def covered(steps: Steps, mu: float, slack: float) -> bool:
    """Tell whether steps cost mu at most, but for a probability of `slack`: whether they are dominated, at every
    epsilon, by a mechanism that tells all with that probability and is mu-GDP else (Zhu et al. 2022, 2106.08567).
    """
    losses = _fine(0.0, steps)
    ends = np.linspace(0.0, losses.get_epsilon_for_delta(slack), EPSILON_GRID + 1)
    own = np.asarray(losses.get_delta_for_epsilon(ends[:-1]))  # at the lower end, where it is larger
    allowed = np.array([accounting.delta_of(mu, epsilon) for epsilon in ends[1:].tolist()])
    return bool((own <= slack + (1 - slack) * allowed).all())


def _by_limit(squared: float, rate: float, count: int) -> float:
    """Return about the noise at which many steps cost mu^2 = `squared` (the limit of Bu et al. 2020, 1911.11607)."""
    return 1 / math.sqrt(math.log1p(squared / (rate**2 * count)))


def _fine(mu: float, steps: Steps) -> Any:
    """Return the distribution of the privacy loss of both together, rounded as its size allows."""
    rough = _losses(mu, steps, ROUGH_INTERVAL).get_epsilon_for_delta(ROUGH_DELTA)
    return _losses(mu, steps, 2.0 ** round(math.log2(max(rough, ROUGH_INTERVAL) / INTERVALS)))


@lru_cache(maxsize=16)
def _losses(mu: float, steps: Steps, interval: float) -> Any:
    library, rounding = _library(), {"value_discretization_interval": interval}
    single = library.from_gaussian_mechanism(steps.noise, sampling_prob=steps.rate, **rounding)
    whole = single.self_compose(steps.count)
    return whole.compose(library.from_gaussian_mechanism(1 / mu, **rounding)) if mu > 0 else whole


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
