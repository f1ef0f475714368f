"""Intervals against published values, AUC by counting pairs."""

import numpy as np
import pytest

from evaluation.measures import intervals


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.3085), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1.0), (0, 500, 0.0, 0.00735), (0, 0, 0.0, 1.0)],
)
def test_clopper_pearson(hits, trials, low, high):
    assert intervals.clopper_pearson(hits, trials) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson(hits, trials, low, high):
    assert intervals.wilson(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_auc_counts_pairs_and_halves_ties():
    assert intervals.auc(np.array([2, 3]), np.array([1, 2])) == (1 + 0.5 + 1 + 1) / 4
    assert intervals.auc(np.ones(5), np.ones(7)) == 0.5


def test_weighted_auc_is_that_of_repeated_rows():
    scores, positive = np.array([1.0, 2, 2, 3, 0]), np.array([False, True, False, True, True])
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 1, 0, 3, 0], [0, 1, 0, 1, 0]])
    found = intervals.weighted_auc(scores, positive, weights)
    for row, weight in zip(found[:2], weights.astype(int), strict=False):
        again, side = np.repeat(scores, weight), np.repeat(positive, weight)
        assert row == intervals.auc(again[side], again[~side])
    assert found[2] == 0.5
    drawn = intervals.weights(30, 0)
    assert (drawn.sum(1) == 30).all() and len(np.unique(drawn, axis=0)) == intervals.BOOTSTRAP_REPEATS


def test_intervals_of_means_and_areas_cover_what_they_should():
    """95 % intervals hold the truth in about 95 of 100 samples: between 88 and 100 of 100 but for one seed in a
    thousand.
    """
    rng = np.random.default_rng(0)
    means, areas = 0, 0
    for seed in range(100):
        x = rng.random(80)
        low, high = intervals.around(x.mean(), x, seed)
        means += low <= 0.5 <= high
        _, low, high = intervals.auc_interval(rng.normal(1, 1, 80), rng.normal(0, 1, 80), seed)
        areas += low <= 0.7602 <= high  # Phi(1 / sqrt(2))
    assert means >= 88 and areas >= 88


def test_draws_that_are_kept_are_those_that_are_not(monkeypatch):
    values = np.random.default_rng(0).random(40)
    kept = intervals.spread(values, 3), intervals.spread(values**2, 3)
    monkeypatch.setattr(intervals, "KEPT_DRAWS", 0)
    assert (intervals.spread(values, 3), intervals.spread(values**2, 3)) == kept


def test_intervals_stay_in_their_range():
    low, high = intervals.around(0.99, np.random.default_rng(0).random(10), 0)
    assert 0 <= low <= 0.99 <= high == 1.0


def test_a_rate_at_a_false_alarm_rate_carries_the_error_of_its_threshold():
    """Of 200 attacks on 400 members and 400 non-members, nearly all intervals hold the true rate; hits alone would
    in about half.
    """
    rng, covered, narrow = np.random.default_rng(0), 0, 0
    for _ in range(200):
        halves = [(rng.normal(1, 1, 200), rng.normal(size=200)) for _ in range(2)]
        value, low, high = intervals.recognised([halves], 0.1)
        covered += low <= 0.3891 <= high  # 1 - Phi(1.2816 - 1)
        ends = intervals.clopper_pearson(round(value * 400), 400)
        narrow += ends[0] <= 0.3891 <= ends[1]
    assert covered >= 186 and narrow < 160


def test_the_threshold_lets_through_no_more_than_its_rate():
    assert [intervals.threshold_rank(0.01, n) for n in (10, 98, 99, 198, 199, 2500)] == [1, 1, 1, 1, 2, 25]
    # no rounding downwards
    assert intervals.threshold_rank(0.1, 2900 - 1) == 290 and intervals.threshold_rank(0.29, 99) == 29


@pytest.mark.parametrize("at", [0.0, 1.0])
@pytest.mark.parametrize("rows", [5, 40, 3000])
def test_no_interval_is_without_width_at_the_ends(at, rows):
    same, other = np.full(rows, at), np.full(rows, 1 - at)
    for low, high in (
        intervals.around(at, same, 0),
        intervals.auc_interval(same, other, 0)[1:],
        intervals.clopper_pearson(int(at * rows), rows),
        intervals.wilson(int(at * rows), rows),
        intervals.recognised([[(same, other), (same, other)]], 0.1)[1:],
        intervals.excess(at, intervals.wilson(int(at * rows), rows), 0.0, intervals.wilson(0, rows))[1:],
    ):
        assert 0 <= low <= at <= high <= 1 and high - low > 0.5 / rows
