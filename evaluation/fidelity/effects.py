"""Effects: what the mean of one quantity owes to the cells of another, and how much of it is left in other rows."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from launderette.evaluation import chance

LEAST_EFFECT = 0.02  # share of a quantity's variance that cells have to explain
LEAST_EFFECT_ROWS = 50  # of each table

Cells = np.ndarray  # int64 [rows], from 0
Quantity = np.ndarray  # float64 [rows]


def lost(
    real: tuple[Cells, Quantity],
    other: tuple[Cells, Quantity],
    parts: int,
    least: float = LEAST_EFFECT,
    effect: float = 1.0,
) -> tuple[float, float] | None:
    """Share lost of an effect, and its standard error; None where real rows show hardly any, or no more than the
    strongest of so many parts by chance.

    The effect of a cell is the mean of the quantity there, less the mean of all. What is left is the regression
    coefficient of other rows on the effects of real ones, the noise of these taken away: 0 where the quantity is dealt
    out anew, 1 in fresh real rows. Means vary `effect` times as much as those of independent rows (design effect).
    """
    rows, size = len(real[0]) / effect, len(other[0]) / effect
    if min(len(real[0]), len(other[0])) < LEAST_EFFECT_ROWS or not np.ptp(
        real[1]
    ):  # the deviation of equal numbers is not always 0
        return None
    one, two = ((values - values.mean()) / real[1].std() for _, values in (real, other))
    width = 1 + max(int(real[0].max()), int(other[0].max()))
    counts = np.bincount(real[0], minlength=width)
    means = np.bincount(real[0], one, width) / np.maximum(counts, 1)
    free = max(1, int(np.count_nonzero(counts)) - 1)
    strength = float((counts * means**2).sum() / len(real[0]) - free / rows)
    by_chance = (
        chi2.isf(1 / (2 * chance.ONCE_IN * parts), free) - free
    )  # few cells exceed a normal error far more often
    if strength < max(least, by_chance / rows):
        return None
    products = means[real[0]] * one
    error = np.sqrt(products.var() * (1 / rows + 1 / size) + free / rows / size) / strength
    left = float((means[other[0]] * two).mean()) / strength
    return float(np.clip(1 - left, 0, 1)), float(error)
