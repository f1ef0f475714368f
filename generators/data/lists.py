"""Numbers that are a list, such as sizes, grades and rates: most rows share a few values, and what lies between those
is hardly ever taken.

An interval between two of them would be drawn evenly, at values that nobody has. So the few rows between go to the
nearest shared value, as rare categories are merged, but where many rows lie between two of them. Amounts that are
rounded now and then are no list: what lies between their round values is new in nearly every row.
"""

import numpy as np

from launderette.generators.data.intervals import LEAST_ROWS_PER_VALUE

SHARED_ROWS = 0.7  # share of the rows whose values are shared, in a list
NEW_OF_DRAWN = 0.5  # how new real values between shared ones may be, beside evenly drawn ones, in a list


def onto_shared(ticks: np.ndarray, *, on_grid: bool) -> np.ndarray:
    """Return the ticks of a list with those between shared values at the nearest of these; others as they are."""
    unique, counts = np.unique(ticks, return_counts=True)
    shared = unique[counts >= LEAST_ROWS_PER_VALUE]
    if not len(shared) or counts[counts >= LEAST_ROWS_PER_VALUE].sum() < SHARED_ROWS * len(ticks):
        return ticks
    between = (counts < LEAST_ROWS_PER_VALUE) & (unique > shared[0]) & (unique < shared[-1])
    between &= _few_in_gap(unique, counts, shared, between)
    if not between.any() or _new(counts[between]) > NEW_OF_DRAWN * _drawn_new(shared, int(between.sum()), on_grid):
        return ticks
    moved = unique.copy()
    moved[between] = _nearest(shared, unique[between])
    return moved[np.searchsorted(unique, ticks)]


def _few_in_gap(unique: np.ndarray, counts: np.ndarray, shared: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Tell of each value whether no more rows lie between its two shared neighbours than at both of them: a tail is
    none of a list, though protection made its end a shared value.
    """
    above = np.searchsorted(shared, unique).clip(1, len(shared) - 1)
    inside = np.bincount(above, counts * between, len(shared))
    at = counts[np.searchsorted(unique, shared)]
    return inside[above] <= at[above - 1] + at[above]


def _new(counts: np.ndarray) -> float:
    """Estimate how many of fresh rows' values are none of those counted (Good 1953)."""
    return float((counts == 1).sum() / counts.sum())


def _drawn_new(shared: np.ndarray, taken: int, on_grid: bool) -> float:
    """How many of values that are drawn evenly between the shared ones are none of the `taken` ones."""
    return 1 - taken / float(shared[-1] - shared[0] + 1 - len(shared)) if on_grid else 1.0


def _nearest(shared: np.ndarray, values: np.ndarray) -> np.ndarray:
    above = np.searchsorted(shared, values)
    return np.where(values - shared[above - 1] < shared[above] - values, shared[above - 1], shared[above])
