"""What rows have told of a column while its domain was learnt, merged into its histogram: the rows of labels, and those
between powers of two of numbers and dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.encoding.cells import Cells
from launderette.generators.formats.grid import powers
from launderette.generators.marginals.histograms import Histogram
from launderette.generators.marginals.projection import merged
from launderette.generators.privacy.domain import PublicColumn


@dataclass(frozen=True, eq=False)
class ToldGroups:
    """Groups of a histogram's first cells, [cells] the group of each; rows told of each group, and the noise on them
    (variance), both [groups].
    """

    of: np.ndarray
    rows: np.ndarray
    noise: np.ndarray

    def sums(self, x: np.ndarray) -> np.ndarray:
        """Return the sum of x [all cells] in each group."""
        return np.bincount(self.of, x[: len(self.of)], len(self.rows))


def with_told(found: Sequence[Histogram], columns: Sequence[PublicColumn]) -> list[Histogram]:
    """Return histograms with what rows have told before, when the domain was learnt: those were all rows, these may be
    a part of them, chosen at random, whose share follows from both: by squares without those of the noise.
    """
    told = [_groups(*own) for own in zip(found, columns, strict=True)]
    squared = sum(float(own.rows @ own.rows - own.noise.sum()) for own in told)
    both = sum(float(own.sums(one.counts) @ own.rows) for one, own in zip(found, told, strict=True))
    if squared <= 0 or both <= 0:
        return list(found)
    return [_merged(*own, min(1.0, both / squared)) for own in zip(found, told, strict=True)]


def _groups(one: Histogram, column: PublicColumn) -> ToldGroups:
    """Return the groups of cells that were told: a label each, or the cells between two powers of two that no cell
    crosses.
    """
    rows = np.array(column.rows, dtype="float64")
    of, at = (np.arange(len(rows)),) * 2  # the group of each cell, and that of each number that was told
    if len(rows) and isinstance(one.column, Cells):
        first, last = (powers(np.array(ends)) for ends in (one.column.low, one.column.high))
        begins = np.append(True, first[1:] > last[:-1])
        of = begins.cumsum() - 1
        power = powers(np.array(column.widest[0])) + np.arange(len(rows))
        at = np.searchsorted(first[begins], power, side="right") - 1
        is_there = (at >= 0) & (power <= last[np.append(begins[1:], True)][at])  # some beyond the bounds are empty
        at, rows = at[is_there], rows[is_there]
    return ToldGroups(of, np.bincount(at, rows), column.noise * np.bincount(at))


def _merged(one: Histogram, told: ToldGroups, scale: float) -> Histogram:
    """Return a histogram merged with what was told of its cells, of which a share `scale` is here: cells of a group are
    scaled alike.
    """
    own, noise = told.sums(one.counts), told.sums(one.variance)
    chance = max(scale * (1 - scale), 0.0) * np.maximum(told.rows, 0)
    rows, left = merged([(own, noise), (scale * told.rows, scale**2 * told.noise + chance)])
    factor, even = np.maximum(rows, 0) / np.where(own > 0, own, 1), rows / np.bincount(told.of, minlength=len(own))
    counts, variance, cells = one.counts.copy(), one.variance.copy(), slice(len(told.of))
    counts[cells] = np.where(own[told.of] > 0, counts[cells] * factor[told.of], even[told.of])
    variance[cells] *= (left / noise)[told.of]
    return Histogram(one.column, counts, variance)
