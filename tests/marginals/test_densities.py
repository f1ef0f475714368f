"""Noisy counts of intervals become a density that is as smooth as the noise leaves room for."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.marginals import histograms
from generators.marginals.densities import rows_below
from generators.marginals.histograms import Interval

COUNTS = st.lists(st.tuples(st.integers(-50, 1000), st.integers(1, 50)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from([1e-9, 25.0]))
def test_rows_below_a_place_never_fall_and_counts_beyond_noise_are_kept(cells, variance):
    counts, width = np.array(cells, dtype="float64").T
    below, ends = rows_below(counts, np.full(len(counts), variance), width), np.append(0, width.cumsum())
    between = np.unique(np.concatenate([ends, np.linspace(0, ends[-1], 300)]))
    assert below(ends[:1]) == 0 and (np.diff(below(between)) >= -1e-6).all()
    if variance < 1 and np.diff(counts / width).all():  # equal ones are taken together, and then bent
        assert np.allclose(np.diff(below(ends)), np.maximum(counts, 0), atol=1e-3)


def test_what_noise_alone_makes_is_levelled_and_a_slope_within_intervals_comes_back():
    stream = np.random.default_rng(0)
    flat = rows_below(stream.normal(100, 5, 64), np.full(64, 25.0), np.ones(64))
    assert np.diff(flat(np.arange(65))).std() < 0.1
    ends = np.arange(0, 12.1, 0.5)
    counts = 10_000 * (np.exp(-ends[:-1]) - np.exp(-ends[1:])) + stream.normal(0, 5, 24)
    below, fine = rows_below(counts, np.full(24, 25.0), np.full(24, 0.5)), np.arange(0, 2.01, 0.1)
    told, real = np.diff(below(fine)), 10_000 * np.diff(-np.exp(-fine))
    level = np.repeat(counts[:4] / 5, 5)
    assert np.abs(told - real).sum() < 0.5 * np.abs(level - real).sum()


def test_intervals_of_many_rows_are_cut_and_single_values_stay():
    wide = [Interval(k, k + 99, 1000.0 / (1 + k), 4.0) for k in range(1, 1000, 100)]
    found = histograms._smoothed([Interval(0, 0, 500.0, 4.0), *wide])
    assert found[0] == Interval(0, 0, 500.0, 4.0) and len(found) > len(wide) + 1
    assert [(one.low, one.high) for one in found][-1] == (901, 1000)
    assert all(one.low == last.high + 1 for last, one in pairwise(found))
    density = [one.count / (one.high - one.low + 1) for one in found[1:9]]
    assert density == sorted(density, reverse=True) and histograms._smoothed(found[:1]) == found[:1]
