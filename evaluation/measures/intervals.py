"""95 % intervals: exact and score intervals of proportions, a bootstrap over per-row statistics, attack rates with
their threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import betainc
from scipy.stats import beta, betabinom, binom, binomtest, norm, rankdata, t

from launderette.evaluation.streams import RandomStream, generator

BOOTSTRAP_REPEATS = 200
KEPT_DRAWS = 5000  # rows whose draws are kept: 8 MB of numbers
LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
PLACES = 5  # of the true threshold between two non-members, each as likely as the others
THRESHOLDS = 64  # places of a threshold, each as likely as the others
HALVINGS = 40  # of [0, 1] in the search for a quantile
SIMULATED, STRONGEST = 20_000, 100  # attacks that know nothing; those of them whose intervals are worked out

Ends = tuple[float, float]
Half = tuple[np.ndarray, np.ndarray]  # scores of members and of non-members


def clopper_pearson(hits: int, trials: int) -> Ends:
    """Exact interval of a proportion of `hits` in `trials`; (0, 1) without trials."""
    return _proportion(hits, trials, "exact")


def wilson(hits: int, trials: int) -> Ends:
    """Score interval of a proportion (Wilson 1927); (0, 1) without trials. Narrower than the exact one, right on
    average.
    """
    return _proportion(hits, trials, "wilson")


def _proportion(hits: int, trials: int, method: str) -> Ends:
    if trials == 0:
        return 0.0, 1.0
    found = binomtest(hits, trials).proportion_ci(LEVEL, method)
    return float(found.low), float(found.high)


def unseen(rows: float) -> float:
    """Largest share that an event may have which none of so many rows shows: the end of the exact interval of 0,
    about 3.7 / rows.
    """
    return 1 - TAIL ** (1 / rows)


def widened(value: float, ends: Ends, rows: float, *, lower: float = 0.0, upper: float = 1.0) -> Ends:
    """The interval, made at least as wide as events that none of `rows` shows make it, and clipped to the statistic's
    range.

    Without it the bootstrap of rows that are all alike has no width: 30 hits in 30 would be certainty.
    """
    room = value - lower, (upper if np.isfinite(upper) else 2 * value) - value
    low, high = min(ends[0], value - unseen(rows) * room[0]), max(ends[1], value + unseen(rows) * room[1])
    return max(lower, float(low)), min(upper, float(high))


def spread(values: np.ndarray, seed: int) -> Ends:
    """How far the mean of `values` [rows] moves when rows are redrawn: 2.5 % and 97.5 % quantiles, about zero."""
    values = np.asarray(values, dtype=np.float64)
    means = _redrawn_means(values, seed)
    low, high = np.quantile(means - values.mean(), [TAIL, 1 - TAIL])
    return float(min(low, 0.0)), float(max(high, 0.0))


def _redrawn_means(values: np.ndarray, seed: int) -> np.ndarray:
    """Means of redrawn rows: float64 [BOOTSTRAP_REPEATS]."""
    if len(values) > KEPT_DRAWS:
        return np.array([values[rows].mean() for rows in _redrawn(len(values), seed)])
    return values[_kept_draws(len(values), seed)].mean(1)


def _redrawn(size: int, seed: int) -> Iterator[np.ndarray]:
    rng = generator(seed, RandomStream.SPREAD)
    return (rng.integers(0, size, size) for _ in range(BOOTSTRAP_REPEATS))


@lru_cache(maxsize=8)
def _kept_draws(size: int, seed: int) -> np.ndarray:
    """Rows of each repeat, which many statistics of as many rows share: int64 [BOOTSTRAP_REPEATS, size]."""
    return np.stack(list(_redrawn(size, seed)))


def around(value: float, values: np.ndarray, seed: int, *, upper: float = 1.0) -> Ends:
    """Interval of a statistic whose dependence on each row is `values` (its influence), clipped to its range.

    Centred on the statistic, because the plain percentile bootstrap of a distance (KS, TV) is biased upwards.
    """
    low, high = spread(values, seed)
    return widened(value, (value + low, value + high), len(values), upper=upper)


def excess(rate: float, ends: Ends, usual: float, usual_ends: Ends) -> tuple[float, float, float]:
    """(rate - usual) / (1 - usual) of two independent rates, in [0, 1], with its interval (Newcombe 1998)."""
    below, above = np.hypot(rate - ends[0], usual_ends[1] - usual), np.hypot(ends[1] - rate, usual - usual_ends[0])
    difference = rate - usual
    value, low, high = (
        float(np.clip(d / max(1e-9, 1 - usual), 0, 1)) for d in (difference, difference - below, difference + above)
    )
    return value, low, high


def auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Probability that a positive scores above a negative; ties count half."""
    ranks = rankdata(np.concatenate([positives, negatives]))
    n, m = len(positives), len(negatives)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def weights(size: int, seed: int) -> np.ndarray:
    """How often each of `size` rows is drawn in each bootstrap repeat: float64 [BOOTSTRAP_REPEATS, size]."""
    rng = generator(seed, RandomStream.BOOTSTRAP)
    return np.stack(
        [np.bincount(rng.integers(0, size, size), minlength=size) for _ in range(BOOTSTRAP_REPEATS)]
    ).astype(np.float64)


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


def placements(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Share of the known values below each value, equal ones counted half: float64 [n]."""
    known = np.sort(known)
    return (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / (2 * max(1, len(known)))


def auc_interval(positives: np.ndarray, negatives: np.ndarray, seed: int) -> tuple[float, float, float]:
    """AUC with its interval, from the placement values of DeLong et al. (1988), redrawn on both sides."""
    value = auc(positives, negatives)
    one, two = spread(placements(positives, negatives), seed), spread(1 - placements(negatives, positives), seed + 1)
    ends = value - float(np.hypot(one[0], two[0])), value + float(np.hypot(one[1], two[1]))
    return value, *widened(value, ends, min(len(positives), len(negatives)))


def mean_auc(halves: Sequence[Half], seed: int) -> tuple[float, float, float]:
    """Mean AUC of independent halves of the candidates, with its interval."""
    areas = np.array([auc_interval(m, o, seed + number) for number, (m, o) in enumerate(halves)])
    value, below, above = areas[:, 0].mean(), areas[:, 0] - areas[:, 1], areas[:, 2] - areas[:, 0]
    return float(value), float(value - np.hypot(*below) / len(areas)), float(value + np.hypot(*above) / len(areas))


def threshold_rank(rate: float, non_members: int) -> int:
    """Rank from the top, k, of the non-member whose score is the threshold of a false-alarm rate: the largest k / (n +
    1) <= rate.

    Another non-member scores above the k-th of n with probability k / (n + 1). It is 1 where n is too few for the rate.
    """
    return max(1, int(rate * (non_members + 1) + 1e-9))


def hits_above(members: np.ndarray, non_members: np.ndarray, most: int) -> np.ndarray:
    """Members that score above the r-th highest non-member, for r = 0, 1, ..., most + 1; none for r = 0, all beyond
    the last.
    """
    heights = np.sort(non_members)[::-1][: most + 1]
    hits = np.concatenate([[0], len(members) - np.searchsorted(np.sort(members), heights, "right")])
    return np.append(hits, np.full(most + 2 - len(hits), len(members)))


def recognised(fits: Sequence[Sequence[Half]], rate: float) -> tuple[float, float, float]:
    """TPR at a false-alarm rate, averaged over several ways to halve the same candidates, with its interval.

    Each half has its own threshold, at the same rank: k of n non-members lie above both, the largest k / (n + 2) <=
    rate, and at least one in each half.
    """
    members, non_members = (sum(len(half[side]) for half in fits[0]) for side in (0, 1))
    most = _most(rate, non_members)
    curve = np.mean([_above_both(halves, most) for halves in fits], axis=0)
    value = float(curve[min(most, max(2, int(rate * (non_members + 2) + 1e-9)))]) / members
    low, high = _ends(*_possible_hits(curve, rate, non_members), members, (TAIL, 1 - TAIL))
    return value, min(low, value), max(high, value)


def _most(rate: float, non_members: int) -> int:
    """Non-members that may lie above the true threshold; two at least, the best of each half."""
    return min(non_members, max(2, int(binom.ppf(1 - 1e-6, non_members, rate)) + 1))


def _above_both(halves: Sequence[Half], most: int) -> np.ndarray:
    """Members of both halves above thresholds over which r non-members lie, r = 0, ..., most + 1: half of them of
    each half; of an odd r, one more of either half in turn.
    """
    r = np.arange(most + 2)
    one, other = (hits_above(members, non_members, most) for members, non_members in halves)
    return (one[r // 2] + other[r - r // 2] + one[r - r // 2] + other[r // 2]) / 2


def _possible_hits(curve: np.ndarray, rate: float, non_members: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of members that may lie above the true threshold, and the chance of each: float64 [most + 1, PLACES].

    r of n non-members lie above the true threshold, r ~ Binomial(n, rate), which is therefore somewhere between the
    r-th and the next: what the bootstrap of non-members draws, in closed form.
    """
    chances = binom.pmf(np.arange(len(curve) - 1), non_members, rate)
    between = (np.arange(PLACES) + 0.5) / PLACES
    return curve[:-1, None] + np.diff(curve)[:, None] * between, np.repeat(chances[:, None] / PLACES, PLACES, axis=1)


def _ends(hits: np.ndarray, chances: np.ndarray, members: int, levels: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of a rate whose hits have these chances, each Beta(hits + 1/2, misses + 1/2) (Jeffreys): the
    bootstrap of members.
    """
    hits, place = np.unique(hits, return_inverse=True)
    weights, found = np.bincount(place.ravel(), chances.ravel()) / chances.sum(), []
    for level in levels:
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            below = float(weights @ betainc(hits + 0.5, members - hits + 0.5, middle)) < level
            low, high = (middle, high) if below else (low, middle)
        found.append((low + high) / 2)
    return tuple(found)


@lru_cache(maxsize=64)
def null_quantile(members: int, non_members: int, rate: float, level: float) -> float:
    """Quantile of the high end of `recognised` where members score as non-members do, over simulated attacks, the
    same each time.
    """
    rng, most = np.random.default_rng(members * 1_000_003 + non_members), _most(rate, non_members)
    curves = _guessed(members, non_members, most, rng)
    expected = curves[:, :-1] @ binom.pmf(np.arange(most + 1), non_members, rate)
    strong = np.argsort(-expected)[:STRONGEST]
    ends = [_ends(*_possible_hits(curves[i], rate, non_members), members, (1 - TAIL,))[0] for i in strong]
    return float(np.sort(ends)[::-1][int((1 - level) * SIMULATED)])


@lru_cache(maxsize=64)
def null_best_quantile(members: int, non_members: int, level: float) -> float:
    """Quantile of the share of members above the best of each half of the non-members, where they score as these do.

    h of m members above all of n others has the probability n (m choose h) / ((m + n) (m + n - 1 choose h)).
    """
    chances = np.ones(1)
    for m, n in (((members + side) // 2, (non_members + side) // 2) for side in (0, 1)):
        chances = np.convolve(chances, betabinom.pmf(np.arange(m + 1), m, 1, n))
    return float(np.searchsorted(np.cumsum(chances), level) / members)


def rank_quantile(members: int, non_members: int, rate: float, recognised: float, level: float) -> float:
    """Quantile of the share of members counted above the threshold of a false-alarm rate, above whose true place a
    share `recognised` of them lies; scores are normal, as wide on both sides (binormal ROC).

    Above the r-th best non-member lie Beta(r, non_members + 1 - r) of all others.
    """
    rank = threshold_rank(rate, non_members)
    alarms = beta.ppf((np.arange(THRESHOLDS) + 0.5) / THRESHOLDS, rank, non_members + 1 - rank)
    above = norm.cdf(norm.ppf(alarms) + norm.ppf(recognised) - norm.ppf(rate))
    chances = binom.pmf(np.arange(members + 1)[:, None], members, above).mean(1)
    return float(np.searchsorted(np.cumsum(chances), level) / members)


def _guessed(members: int, non_members: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """`hits_above` of attacks that know nothing: int64 [SIMULATED, most + 2]."""
    gaps = rng.exponential(size=(SIMULATED, min(most + 1, non_members)))
    rest = rng.gamma(non_members + 1 - gaps.shape[1], size=(SIMULATED, 1))
    above = np.cumsum(gaps, 1) / (gaps.sum(1, keepdims=True) + rest)  # share of the population above each non-member
    hits, share = np.zeros((SIMULATED, most + 2), np.int64), np.zeros(SIMULATED)
    for r in range(above.shape[1]):
        hits[:, r + 1] = hits[:, r] + rng.binomial(members - hits[:, r], (above[:, r] - share) / (1 - share))
        share = above[:, r]
    hits[:, above.shape[1] + 1 :] = members
    return hits


def corrected_t(differences: np.ndarray, ratio: float) -> tuple[float, float, float]:
    """Mean of paired differences over J runs of cross-validation, with its 95 % interval (Nadeau and Bengio 2003).

    `ratio` is test rows over training rows, n2 / n1: the runs share rows, so Var(mean) is (1 / J + n2 / n1) s^2, not
    s^2 / J.
    """
    J, mean = len(differences), float(np.mean(differences))
    s = float(np.std(differences, ddof=1)) if J > 1 else np.inf
    half = t.isf(TAIL, max(J - 1, 1)) * np.sqrt(1 / J + ratio) * s
    return mean, float(mean - half), float(mean + half)
