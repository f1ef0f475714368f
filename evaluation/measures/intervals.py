"""Intervals: a bootstrap over cached per-row statistics; Clopper-Pearson and Wilson for proportions."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, norm, rankdata, t

REPEATS = 200
LEVEL = 0.95


def spread(values: np.ndarray, seed: int) -> tuple[float, float]:
    """How far the mean of `values` [rows] moves when rows are redrawn: 2.5 % and 97.5 % quantiles, about zero."""
    values = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng([seed, 11])
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(REPEATS)])
    low, high = np.quantile(means - values.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(min(low, 0.0)), float(max(high, 0.0))


def around(value: float, values: np.ndarray, seed: int, *, lower: float = 0.0, upper: float = 1.0) -> tuple[float, float]:
    """Interval of a statistic whose dependence on each row is `values` (its influence), clipped to its range.

    Centred on the statistic, because the plain percentile bootstrap of a distance (KS, TV) is biased upwards.
    """
    low, high = spread(values, seed)
    return max(lower, value + low), min(upper, value + high)


def clopper_pearson(hits: int, trials: int) -> tuple[float, float]:
    """Exact 95 % interval of a proportion of `hits` in `trials`; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    tail = (1 - LEVEL) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits == trials else float(beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


def auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Probability that a positive scores above a negative; ties count half."""
    ranks = rankdata(np.concatenate([positives, negatives]))
    n, m = len(positives), len(negatives)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def weights(size: int, seed: int) -> np.ndarray:
    """How often each of `size` rows is drawn in each bootstrap repeat: float64 [REPEATS, size]."""
    rng = np.random.default_rng([seed, 7])
    return np.stack([np.bincount(rng.integers(0, size, size), minlength=size) for _ in range(REPEATS)]).astype(np.float64)


def weighted_auc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUC under each row of weights [repeats, rows]; ties count half; 0.5 where a side has no weight."""
    values, place = np.unique(scores, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(values)))
    drawn = weights[:, order]
    hits, misses = (np.add.reduceat(drawn * side[order], starts, axis=1) for side in (positive, ~positive))
    below = np.cumsum(misses, axis=1) - misses / 2
    total = hits.sum(1) * misses.sum(1)
    return np.where(total > 0, (hits * below).sum(1) / np.maximum(total, 1e-300), 0.5)


def auc_interval(positives: np.ndarray, negatives: np.ndarray, seed: int) -> tuple[float, float, float]:
    """AUC with its interval, from the placement values of DeLong et al. (1988), redrawn on both sides."""
    def placed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        b = np.sort(b)
        return (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")) / (2 * len(b))
    value = auc(positives, negatives)
    one, two = spread(placed(positives, negatives), seed), spread(1 - placed(negatives, positives), seed + 1)
    below, above = np.hypot(one[0], two[0]), np.hypot(one[1], two[1])
    return value, max(0.0, value - float(below)), min(1.0, value + float(above))


def wilson(hits: float, trials: int) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927), 95 %; (0, 1) without trials. Narrower than the exact one, right on average."""
    if trials == 0:
        return 0.0, 1.0
    z = norm.isf((1 - LEVEL) / 2)
    p = hits / trials
    middle = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def corrected_t(differences: np.ndarray, ratio: float) -> tuple[float, float, float]:
    """Mean of paired differences over J runs of cross-validation, with its 95 % interval (Nadeau and Bengio 2003).

    `ratio` is test rows over training rows, n2 / n1: the runs share rows, so Var(mean) is (1 / J + n2 / n1) s^2, not s^2 / J.
    """
    J, mean = len(differences), float(np.mean(differences))
    s = float(np.std(differences, ddof=1)) if J > 1 else np.inf
    half = t.isf((1 - LEVEL) / 2, max(J - 1, 1)) * np.sqrt(1 / J + ratio) * s
    return mean, float(mean - half), float(mean + half)
