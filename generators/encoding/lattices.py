"""Numbers whose values lie in steps that are no power of ten: half points, weeks, knots written as miles an hour.

A lattice is offset + k step, rounded to the grid. Its step is found from values that enough rows share, or is one that
all rows keep: so no row's own value is told by it. Numbers without a grid, such as standardised counts, lie on one but
for the error of their arithmetic; what is made equals them but for that, and to the last bit where rows share it.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from launderette.generators.encoding.intervals import NONE_KNOWN, enough, repeatable

LEAST_VALUES, MOST_VALUES = 8, 200  # that are shared, to find a step by
SHARE_ON = 0.95  # of the rows, on a lattice that was found from shared values
BY_CHANCE = 1e-4  # how likely values that lie on no lattice may seem to
LARGEST_FRACTION = 6  # the smallest difference is a step, or so many
LARGEST_EXACT_TICK = 2.0**52  # largest tick that float64 tells from the next
LARGEST_POWER = 8  # of ten, whose parts are looked for
MOST_PARTS_OF_ONE = 100  # where no value need be shared
PARTS_OF_TENS = np.array(
    sorted(
        {
            10.0**power / parts
            for power in range(1, LARGEST_POWER)
            for parts in range(2, MOST_PARTS_OF_ONE)
            if 10**power % parts and 10**power > 2 * parts
        },
        reverse=True,
    )
)  # no whole ones, which all ticks tell, nor such that most ticks are points
HALVES = 1e-3, 0.0  # offsets by which halves of a tick are rounded up, or to even ones
NARROWED = 60  # times a third is taken off the steps that are possible
STEP_ERROR = 1e-4  # of a step: error of numbers without a grid, such as float32


class Lattice(NamedTuple):
    """The ticks nearest to offset + k step, for whole k; where there is no grid, the floats offset + k step."""

    offset: float
    step: float
    on_grid: bool = True

    def points(self, k: np.ndarray) -> np.ndarray:
        """Return the ticks of the numbers k."""
        found = self.offset + k * self.step
        return np.rint(found).astype("int64") if self.on_grid else found

    def numbers(self, ticks: np.ndarray) -> np.ndarray:
        """Return the number of the nearest point of each tick: int64."""
        return np.rint((ticks - self.offset) / self.step).astype("int64")

    def holds(self, ticks: np.ndarray) -> np.ndarray:
        """Tell which ticks are points."""
        error = 0.0 if self.on_grid else STEP_ERROR * self.step
        return np.abs(self.points(self.numbers(ticks)) - ticks) <= error

    def as_written(self, k: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Return the ticks of the numbers k [K], to the last bit where that many of other ticks share it that it tells
        of no row.
        """
        found, (unique, counts) = self.points(k), np.unique(ticks, return_counts=True)
        shared = unique[repeatable(counts) & self.holds(unique)]
        own, first = np.unique(self.numbers(shared), return_index=True)
        place = np.searchsorted(own, k).clip(max=max(len(own) - 1, 0))
        return np.where(own[place] == k, shared[first][place], found) if len(own) else found

    def by_chance(self, values: np.ndarray) -> float:
        """Return how likely as many sorted values [K] that lie anywhere between their ends are to lie on a lattice like
        this: of a whole step no two at one place, which of many values that lie close together says more.
        """
        inner = np.arange(len(values) - 2)
        if self.on_grid and abs(self.step - round(self.step)) <= STEP_ERROR / len(values):
            points, ticks = ((values[-1] - values[0]) / step - 1 for step in (self.step, 1.0))
            return float(np.prod((points - inner) / (ticks - inner)))
        places = max(self.step, 1.0) if self.on_grid else 0.5 / STEP_ERROR  # of which one is a point
        return float(places ** -float(len(inner)))

    def between(self, inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return points at the places `inside` of intervals [low, high], whose ends are returned where no point is
        nearer.
        """
        first, last = self.numbers(low), self.numbers(high)
        found = self.points(first + np.floor(inside * (last - first + 1)).astype("int64"))
        return np.where(low == high, low, np.clip(found, low, high))


def lattice_of(ticks: np.ndarray, *, on_grid: bool = True, known: np.ndarray = NONE_KNOWN) -> Lattice | None:
    """Return the lattice that ticks of a grid, or floats, lie on; None where they fill their grid or lie anywhere.
    `known` ones are shared, however few rows have them.
    """
    unique, counts = np.unique(ticks, return_counts=True)
    if len(unique) < 3 or max(abs(float(unique[0])), abs(float(unique[-1]))) > LARGEST_EXACT_TICK:
        return None
    if on_grid and (common := int(np.gcd.reduce(np.diff(unique)))) > 1:
        even = Lattice(int(unique[0]) % common, common)
        return even if even.by_chance(unique) < BY_CHANCE else None
    ends = (unique == unique[0]) | (unique == unique[-1])  # to which protection draws extremes, wherever they lie
    kept = enough(unique, counts, known)
    for shared in (unique[kept], unique[kept & ~ends]):
        first = _of_shared(shared.astype("float64"), on_grid) if LEAST_VALUES <= len(shared) <= MOST_VALUES else None
        for found in [*_fractions(first, shared), first] if first else ():
            if counts[found.holds(unique) | ends].sum() >= SHARE_ON * len(ticks):
                return found
    return _of_all(unique[~ends]) if on_grid else None


def most_digits(ticks: np.ndarray) -> int | None:
    """Return the significant digits that all ticks of a grid keep to, as readings of an instrument do (98.87, 184.6);
    None where none has so many places that this leaves some of them 0, or chance could.
    """
    unique = np.unique(np.abs(ticks))[1:-1]  # protection draws extremes to where no value need be
    places = _places(unique)
    zeros = sum((unique % 10**power == 0).astype("int64") for power in range(1, int(places.max(initial=0))))
    digits = int((places - zeros).max(initial=0))
    return digits if np.count_nonzero(places > digits) >= LEAST_VALUES else None


def digit_steps(ticks: np.ndarray, digits: int) -> np.ndarray:
    """Return the power of ten that each tick is a multiple of where it has so many significant digits: int64."""
    return 10 ** np.maximum(_places(np.abs(ticks)) - digits, 0)


def _places(ticks: np.ndarray) -> np.ndarray:
    """Return how many digits each whole number from 0 up has: int64."""
    return np.searchsorted(10 ** np.arange(1, 19), ticks, side="right") + 1


def _of_all(values: np.ndarray) -> Lattice | None:
    """Return the coarsest lattice of whole parts of a power of ten that all of some sorted values [K] lie on, such as
    eighths of an inch or means of six answers, rounded, where chance makes none of all that are tried.
    """
    if len(values) < LEAST_VALUES:
        return None
    few = values[np.linspace(0, len(values) - 1, LEAST_VALUES).astype("int64")]
    for offset in HALVES:
        near = offset + PARTS_OF_TENS * np.rint((few - offset)[:, None] / PARTS_OF_TENS)
        for step in PARTS_OF_TENS[(np.rint(near) == few[:, None]).all(0)].tolist():
            found = Lattice(offset, step)
            if found.holds(values).all() and found.by_chance(values) * len(HALVES) * len(PARTS_OF_TENS) < BY_CHANCE:
                return found
    return None


def _fractions(found: Lattice, values: np.ndarray) -> list[Lattice]:
    """Return the lattice of whole parts of a power of ten that the values [K] lie on too, such as percentages of 84
    questions: few shared values leave the last digits of a step open, by which others miss it.
    """
    for power in range(1, LARGEST_POWER if found.on_grid else 0):
        parts = round(10.0**power / found.step)
        if parts > 1 and (whole := Lattice(0.0, 10.0**power / parts)).holds(values).all():
            return [whole]
    return []


def _of_shared(values: np.ndarray, on_grid: bool) -> Lattice | None:
    """Return the coarsest lattice that all of some sorted values [K] lie on, where chance makes none."""
    smallest = int(np.diff(values).argmin())
    for parts in range(1, LARGEST_FRACTION + 1):
        fitted = _fitted(values, smallest, parts)
        found = Lattice(*fitted, on_grid) if fitted else None
        if found and found.holds(values).all() and found.by_chance(values) < BY_CHANCE:
            return found
    return None


def _fitted(values: np.ndarray, smallest: int, parts: int) -> tuple[float, float] | None:
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
    return _narrowest(values, numbers, step)


def _narrowest(values: np.ndarray, numbers: np.ndarray, step: float) -> tuple[float, float]:
    """Return offset and step of the line whose largest distance from values [K] at their numbers is the least: rounding
    moves each by half a tick at most, which the line of least squares may exceed. The distance is convex in the step.
    """

    def ends(tried: float) -> tuple[float, float]:
        rest = values - tried * numbers
        return float(rest.min()), float(rest.max())

    room = 1.0 / np.ptp(numbers)
    low, high = step - room, step + room
    for _ in range(NARROWED):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        (a, b), (c, d) = ends(one), ends(two)
        low, high = (low, two) if b - a <= d - c else (one, high)
    found = (low + high) / 2
    return sum(ends(found)) / 2, found
