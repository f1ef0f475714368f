"""Groups of rows that belong together, such as the visits of one patient: they stay on one side of every split."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from launderette.generators.errors import GeneratorError

Groups: TypeAlias = Sequence[Any] | np.ndarray | pd.Series  # one value per row; equal values are one group


def numbered(groups: Groups | None, rows: int) -> np.ndarray:
    """Return the number of each row's group, int64 [rows]: a row whose group is missing is one of its own, as are all
    for None.

    Raises GeneratorError for another number of values than of rows.
    """
    if groups is None:
        return np.arange(rows)
    if len(groups) != rows:
        raise GeneratorError(
            f"expected one group per row ({rows:,}), found {len(groups):,}; give one value for each row"
        )
    codes, known = pd.factorize(pd.Series(groups, dtype=None if hasattr(groups, "dtype") else object))
    return np.where(codes < 0, len(known) + np.arange(rows), codes)


def decide(numbers: np.ndarray, values: np.ndarray) -> bool:
    """Tell whether rows share a number, and all that share one have the same value, [rows] each."""
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    return len(first) < len(numbers) and bool((values == values[first][place]).all())


def once(values: pd.Series, owners: np.ndarray | None) -> pd.Series:
    """Return values without those that a row of the same owner [rows] has had before; missing ones stay."""
    if owners is None:
        return values
    codes = pd.factorize(values)[0].astype("int64")
    repeated = pd.Series(owners * (codes.max(initial=0) + 1) + codes).duplicated().to_numpy()
    return values[~repeated | (codes < 0)] if repeated.any() else values


def chosen(numbers: np.ndarray, wanted: int, stream: np.random.Generator) -> np.ndarray:
    """Return which rows to set apart, bool [rows]: whole groups in random order until they hold `wanted` rows.

    `numbers` [rows], from 0, are at least two groups. One that would hold far too many rows is passed over, and one
    group always stays.
    """
    counts = np.bincount(numbers)
    names = np.flatnonzero(counts)
    sizes, order = counts[names], stream.permutation(len(names))
    most = min(max(1.5 * wanted, wanted + 1), len(numbers) - 1)
    ends = np.cumsum(sizes[order])
    first = int(np.searchsorted(ends, min(wanted, most)))  # groups that together hold fewer rows than that
    found, rows = order[:first].tolist(), int(ends[first - 1]) if first else 0
    for k in order[first:]:
        if rows >= wanted:
            break
        if rows + sizes[k] <= most:
            found.append(k)
            rows += sizes[k]
    marked = np.zeros(len(counts), dtype=bool)
    marked[names[found or [order[np.argmin(sizes[order])]]]] = True
    return marked[numbers]
