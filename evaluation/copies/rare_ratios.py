"""Ratios of two numbers that one real row alone has: a person whose sums of money were all multiplied by one factor."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from launderette.evaluation.copies.rare_counts import Column, Sharing, sharing

DIVIDED = 8  # columns: those of the most different values
DIFFERENT = 0.5  # share of real rows that differ in a ratio which may name somebody
TOLD_TO = 1e-4  # of a ratio, at most: how exactly the way in which numbers are written tells it
MARGIN = 2  # times that, by which ratios are rounded


def ratios(numbers: Mapping[str, Column], steps: Mapping[str, float], sizes: np.ndarray) -> list[Sharing]:
    """Count rows by the ratios of positive numbers that they alone have, rounded to what `steps`, the least differences
    that the numbers are written with, let them tell.
    """
    if not sizes[1]:
        return []
    real = int(sizes[:2].sum())
    exact = {name: steps[name] / max(1e-300, float(np.nanquantile(np.abs(c), 0.1))) for name, c in numbers.items()}
    usable = [n for n in numbers if exact[n] <= TOLD_TO and (numbers[n][:real] > 0).mean() > DIFFERENT]
    chosen = sorted(usable, key=lambda n: -len(np.unique(numbers[n][:real])))[:DIVIDED]
    logs = {name: _logs(numbers[name]) for name in chosen}
    found = []
    for one, other in combinations(chosen, 2):
        ratio = (logs[one] - logs[other]) / (MARGIN * (exact[one] + exact[other]))
        rows = np.flatnonzero(np.isfinite(ratio))
        codes = np.floor(ratio[rows]).astype(np.int64)
        if len(np.unique(codes[rows < real])) > DIFFERENT * real:
            found.append(sharing(f"a ratio of {one} to {other}", codes, rows, sizes))
    return [each for each in found if each.rows.any()]


def _logs(column: Column) -> Column:
    return np.log(np.where(column > 0, column, np.nan))
