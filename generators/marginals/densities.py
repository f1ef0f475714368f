"""How rows lie within intervals of which only noisy counts are known: as smooth as the noise leaves room for.

Neighbouring intervals whose counts differ by no more than noise may make are taken together, and the rows below each
place are interpolated between what is left by a cubic that never falls (Fritsch and Butland 1984, doi:10.1137/0905021).
"""

from collections.abc import Callable

import numpy as np

STEP_DEVIATIONS = 5.0  # standard deviations of the noise by which halves differ that are not taken together


def rows_below(counts: np.ndarray, variance: np.ndarray, width: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the rows below places from 0 to the sum of the widths, of ascending intervals of these noisy counts, their
    variances and widths [intervals].
    """
    sums = np.cumsum(np.pad([counts, variance, width], ((0, 0), (1, 0))), axis=1)
    ends = [0, *_runs(sums, 0, len(counts))]
    known, _, places = sums[:, ends]
    rows, spans = np.maximum(np.diff(known), 0), np.diff(places)
    slopes = _slopes(rows / spans, spans)

    def below(at: np.ndarray) -> np.ndarray:
        run = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(rows) - 1)
        t, span = (at - places[run]) / spans[run], spans[run]
        bent = span * t * (1 - t) * ((1 - t) * slopes[run] - t * slopes[run + 1])
        return np.append(0, rows.cumsum())[run] + bent + t**2 * (3 - 2 * t) * rows[run]

    return below


def _runs(sums: np.ndarray, first: int, last: int) -> list[int]:
    """Return the ends of the runs of intervals first to last - 1 that are taken together, by the sums of counts,
    variances and widths before each [3, intervals + 1].
    """
    if last - first == 1:
        return [last]
    middle = (first + last) // 2
    ends = _runs(sums, first, middle) + _runs(sums, middle, last)
    (a, b), noise, share = (np.diff(own[[first, middle, last]]) for own in sums)
    one, other = share / share.sum()
    apart = abs(a * other - b * one) > STEP_DEVIATIONS * np.sqrt(noise @ [other**2, one**2])
    return ends if apart or len(ends) > 2 else [last]


def _slopes(density: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return the density at the ends of runs of these densities and widths [runs]: [runs + 1]."""
    if len(density) == 1:
        return np.repeat(density, 2)
    found = np.zeros(len(density) + 1)
    a, b, before, after = density[:-1], density[1:], spans[:-1], spans[1:]
    some = (a > 0) & (b > 0)
    weight = (before + 2 * after) / (3 * (before + after))
    found[1:-1][some] = 1 / (weight / np.where(some, a, 1) + (1 - weight) / np.where(some, b, 1))[some]
    for end, near, far in ((0, 0, 1), (-1, -1, -2)):
        bent = density[near] + (density[near] - density[far]) * spans[near] / (spans[near] + spans[far])
        found[end] = np.clip(bent, 0, 3 * density[near])
    return found
