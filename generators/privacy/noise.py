"""Exact integer noise: the discrete Gaussian of Canonne, Kamath and Steinke (2020, 2004.00010), by integers alone.

Floating-point noise leaks through its lowest bits (Mironov 2012); integers have none. Random bits come from the
operating system, never from a seed: whoever knew the seed could take the noise away.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from launderette.generators.privacy import entropy

VARIANCE_DENOMINATOR = 64  # variances are multiples of 1/64
TAIL_DEVIATIONS = 38  # beyond, probabilities are below the least float
ROUNDING = 1e-9  # relative, of sums of probabilities
LEAST_SIGMA = 1.0  # below it the discrete Gaussian is far from the continuous one

Below = Callable[[int], int]  # n -> a whole number of 0 to n - 1, each as likely as another


def variance_of(sigma: float) -> Fraction:
    """Return the variance of noise of at least this standard deviation, and of at least LEAST_SIGMA."""
    return Fraction(math.ceil(max(sigma, LEAST_SIGMA) ** 2 * VARIANCE_DENOMINATOR), VARIANCE_DENOMINATOR)


def mu_of(variance: Fraction) -> float:
    """Return the mu of GDP of one whole number under this noise where a unit changes it by 1 at most.

    Neighbouring outputs are Y and Y + 1, told apart best by thresholds k: with z_k = Phi^-1(P[Y < k]) the mechanism is
    mu-GDP if z_k+1 - z_k <= mu for all k. By Euler and Maclaurin that is (1 + 1/(24 sigma^2)) / sigma up to higher
    orders; a test compares the whole sequence.
    """
    sigma = math.sqrt(variance)
    return (1 + 1 / (16 * sigma**2)) / sigma


def variance_for(mu: float) -> Fraction:
    """Return the least variance of noise that is charged at most `mu`, where LEAST_SIGMA allows as much."""
    sigma = max(1 / mu, LEAST_SIGMA)
    return variance_of(sigma * (1 + 1 / (16 * sigma**2)))


def threshold_for(count: int, variance: Fraction, delta: float) -> int:
    """Return the least whole number that `count` under this noise reaches with a probability of at most `delta`."""
    sigma = math.sqrt(variance)
    y = np.arange(0, math.ceil(TAIL_DEVIATIONS * sigma) + 1)
    p = np.exp(-(y.astype("float64") ** 2) / (2 * float(variance)))
    tails = np.cumsum(p[::-1])[::-1] / (2 * p.sum() - 1) * (1 + ROUNDING)  # P[Y >= y]
    return count + int(np.argmax(tails <= delta)) if tails[-1] <= delta else count + len(y)


def noisy(counts: np.ndarray, variance: Fraction) -> np.ndarray:
    """Return whole numbers with independent noise of this variance added: int64 of the same shape."""
    drawn = [discrete_gaussian(variance, entropy.SYSTEM.randrange) for _ in range(counts.size)]
    return counts.astype("int64") + np.array(drawn, dtype="int64").reshape(counts.shape)


def discrete_gaussian(variance: Fraction, below: Below) -> int:
    """Draw y with probability proportional to exp(-y^2 / (2 variance)), exactly."""
    a, b = variance.numerator, variance.denominator
    t = math.isqrt(a // b) + 1
    while True:
        y = _discrete_laplace(t, below)
        if _happens((abs(y) * t * b - a) ** 2, 2 * a * b * t * t, below):
            return y


def _discrete_laplace(t: int, below: Below) -> int:
    """Draw y with probability proportional to exp(-|y| / t)."""
    while True:
        u = below(t)
        if not _happens_once(u, t, below):
            continue
        v = 0
        while _happens_once(1, 1, below):
            v += 1
        y, negative = u + t * v, below(2)
        if not (negative and y == 0):
            return -y if negative else y


def _happens(n: int, d: int, below: Below) -> bool:
    """Return True with probability exp(-n / d)."""
    while n > d:
        if not _happens_once(1, 1, below):
            return False
        n -= d
    return _happens_once(n, d, below)


def _happens_once(n: int, d: int, below: Below) -> bool:
    """Return True with probability exp(-n / d), for n of 0 to d (von Neumann's series)."""
    k = 1
    while below(d * k) < n:
        k += 1
    return k % 2 == 1
