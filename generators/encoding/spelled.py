"""Numbers to the last bit: what many rows share comes back as it was, whatever the arithmetic of a file's reader left.

The same 3.1 of single precision is 3.0999999046325684 or a number beside it, as a file is read, and a logarithm worked
out anew may differ from a stored one in its last bit; whoever counts equal values sees another value then.
"""

import numpy as np
import pandas as pd

from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.formats import dtypes

Spelled = list[tuple[float, float]]  # ticks in ascending order, and the value that each is


def of(values: pd.Series, ticks: np.ndarray, present: np.ndarray) -> Spelled:
    """Return the ticks that enough rows share, with the most frequent value of each."""
    known = dtypes.simple(values)[present].to_numpy("float64")
    pairs, counts = np.unique(np.stack([ticks, known], 1), axis=0, return_counts=True)
    order = np.lexsort((counts, pairs[:, 0]))
    last = order[np.append(np.diff(pairs[order, 0]) != 0, True)] if len(order) else order
    rows = np.bincount(np.searchsorted(pairs[last, 0], pairs[:, 0]), counts, len(last))
    return [(tick, value) for tick, value in pairs[last[rows >= LEAST_ROWS_PER_VALUE]].tolist()]


def respelled(values: pd.Series, ticks: np.ndarray, spelled: Spelled) -> pd.Series:
    """Return values of some ticks with those that are spelled out as these are; missing ones stay missing."""
    if not spelled:
        return values
    own, instead = np.array(spelled).T
    place = np.searchsorted(own, ticks).clip(max=len(own) - 1)
    return values.mask((own[place] == ticks) & values.notna(), pd.Series(instead[place]).astype(values.dtype))


def near(numbers: np.ndarray, shared: np.ndarray, error: float) -> np.ndarray:
    """Return numbers [rows] with those that lie within a relative error of a `shared` one (ascending) at it."""
    if not len(shared):
        return numbers
    above = np.searchsorted(shared, numbers).clip(max=len(shared) - 1)
    below = np.maximum(above - 1, 0)
    nearest = np.where(numbers - shared[below] < shared[above] - numbers, shared[below], shared[above])
    return np.where(np.abs(numbers - nearest) <= error * np.abs(nearest), nearest, numbers)
