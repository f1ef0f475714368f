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
    ("hits", "trials", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)]
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
    assert (drawn.sum(1) == 30).all() and len(np.unique(drawn, axis=0)) == intervals.REPEATS


def test_intervals_of_means_and_areas_cover_what_they_should():
    """95 % intervals hold the truth in about 95 of 100 samples: between 88 and 100 of 100 but for one seed in a thousand."""
    rng = np.random.default_rng(0)
    means, areas = 0, 0
    for seed in range(100):
        x = rng.random(80)
        low, high = intervals.around(x.mean(), x, seed)
        means += low <= 0.5 <= high
        _, low, high = intervals.auc_interval(rng.normal(1, 1, 80), rng.normal(0, 1, 80), seed)
        areas += low <= 0.7602 <= high  # Phi(1 / sqrt(2))
    assert means >= 88 and areas >= 88


def test_intervals_stay_in_their_range():
    low, high = intervals.around(0.99, np.random.default_rng(0).random(10), 0)
    assert 0 <= low <= 0.99 <= high == 1.0
