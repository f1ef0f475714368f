"""What rows have told of a column while its domain was learnt, merged into its histogram."""

from collections.abc import Sequence

import numpy as np

from launderette.generators.marginals.histograms import Histogram
from launderette.generators.marginals.projection import merged
from launderette.generators.privacy.domain import PublicColumn


def with_told(found: Sequence[Histogram], columns: Sequence[PublicColumn]) -> list[Histogram]:
    """Return histograms with what rows have told of labels before, when their domain was learnt: those were all rows,
    these may be a part of them, chosen at random.
    """
    told = [np.array(column.rows, dtype="float64") for column in columns]
    squared = sum(float(rows @ rows) for rows in told)
    both = sum(float(one.counts[: len(rows)] @ rows) for one, rows in zip(found, told, strict=True))
    if squared <= 0 or both <= 0:
        return list(found)
    scale = both / squared
    return [_merged(*own, scale) for own in zip(found, told, (column.noise for column in columns), strict=True)]


def _merged(one: Histogram, told: np.ndarray, noise: float, scale: float) -> Histogram:
    """Return a histogram merged with the rows told of its first cells, of which a share `scale` is here."""
    chance = max(scale * (1 - scale), 0.0) * np.maximum(told, 0)
    known, counts, variance = slice(len(told)), one.counts.copy(), one.variance.copy()
    estimates: list[tuple[np.ndarray, np.ndarray | float]] = [(counts[known], variance[known])]
    counts[known], variance[known] = merged([*estimates, (scale * told, scale**2 * noise + chance)])
    return Histogram(one.column, counts, variance)
