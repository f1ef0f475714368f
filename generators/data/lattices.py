"""Numbers whose values lie in steps that are no power of ten: half points, weeks, knots written as miles an hour.

A lattice is offset + k step, rounded to the grid. Its step is found from values that enough rows share, or is one that
all rows keep: so no row's own value is told by it. Numbers without a grid have none, for what is made would have to be
equal to the last bit.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from launderette.generators.data.intervals import LEAST_ROWS_PER_VALUE

LEAST_VALUES, MOST_VALUES = 8, 200  # that are shared, to find a step by
SHARE_ON = 0.95  # of the rows, on a lattice that was found from shared values
BY_CHANCE = 1e-4  # how likely values that lie on no lattice may seem to
LARGEST_FRACTION = 6  # the smallest difference is a step, or so many
LARGEST_EXACT_TICK = 2.0**52  # largest tick that float64 tells from the next


class Lattice(NamedTuple):
    """The ticks nearest to offset + k step, for whole k."""

    offset: float
    step: float

    def points(self, k: np.ndarray) -> np.ndarray:
        """Return the ticks of the numbers k."""
        return np.rint(self.offset + k * self.step).astype("int64")

    def numbers(self, ticks: np.ndarray) -> np.ndarray:
        """Return the number of the nearest point of each tick: int64."""
        return np.rint((ticks - self.offset) / self.step).astype("int64")

    def holds(self, ticks: np.ndarray) -> np.ndarray:
        """Tell which ticks are points."""
        return self.points(self.numbers(ticks)) == ticks

    def between(self, inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return points at the places `inside` of intervals [low, high], whose ends are returned where no point is
        nearer.
        """
        first, last = self.numbers(low), self.numbers(high)
        found = self.points(first + np.floor(inside * (last - first + 1)).astype("int64"))
        return np.where(low == high, low, np.clip(found, low, high))


def lattice_of(ticks: np.ndarray) -> Lattice | None:
    """Return the lattice that ticks of a grid lie on, None where they fill their grid or lie anywhere."""
    unique, counts = np.unique(ticks, return_counts=True)
    if len(unique) < 3 or max(abs(float(unique[0])), abs(float(unique[-1]))) > LARGEST_EXACT_TICK:
        return None
    if (common := int(np.gcd.reduce(np.diff(unique)))) > 1:
        return Lattice(int(unique[0]) % common, common) if common ** (2.0 - len(unique)) < BY_CHANCE else None
    ends = (unique == unique[0]) | (unique == unique[-1])  # to which protection draws extremes, wherever they lie
    for shared in (unique[counts >= LEAST_ROWS_PER_VALUE], unique[(counts >= LEAST_ROWS_PER_VALUE) & ~ends]):
        found = _of_shared(shared.astype("float64")) if LEAST_VALUES <= len(shared) <= MOST_VALUES else None
        if found and counts[found.holds(unique) | ends].sum() >= SHARE_ON * len(ticks):
            return found
    return None


def _of_shared(values: np.ndarray) -> Lattice | None:
    """Return the coarsest lattice that all of some sorted values [K] lie on, where chance makes none."""
    smallest = int(np.diff(values).argmin())
    for parts in range(1, LARGEST_FRACTION + 1):
        found = _fitted(values, smallest, parts)
        if found and found.holds(values).all() and max(found.step, 1) ** (2.0 - len(values)) < BY_CHANCE:
            return found
    return None


def _fitted(values: np.ndarray, smallest: int, parts: int) -> Lattice | None:
    """Fit offset and step by least squares, where the smallest difference is so many steps; values are numbered from
    there outwards, by the step as it is known so far.
    """
    step, numbers = (values[smallest + 1] - values[smallest]) / parts, np.zeros(len(values))
    numbers[smallest + 1] = parts
    outwards = sorted(range(len(values)), key=lambda i: abs(values[i] - values[smallest]))
    known = [smallest, smallest + 1]
    for i in (i for i in outwards if i not in known):
        numbers[i] = np.rint((values[i] - values[smallest]) / step)
        known.append(i)
        spread = numbers[known] - numbers[known].mean()
        step = float((spread * values[known]).sum() / max(np.square(spread).sum(), 1e-300))
        if not step > 0:
            return None
    order = np.argsort(numbers, kind="stable")
    if any(a == b for a, b in pairwise(numbers[order])):
        return None
    return Lattice(float((values - step * numbers).mean()), step)
