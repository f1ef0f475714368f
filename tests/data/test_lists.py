"""Numbers that are a list keep to its values; amounts, tails and numbers that fill their steps are left alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.encoding import encoder
from generators.encoding.lists import onto_shared

RNG = np.random.default_rng(0)
SIZES = np.array([0, 12.5, 17.5, 18, 20, 21, 22, 25, 28, 30, 33, 34, 35, 40, 45, 60, 80, 95])
SHARES = np.array([60, 2, 0.7, 0.8, 4, 0.8, 2, 2, 0.7, 2, 0.8, 0.7, 2, 0.8, 2, 2, 4, 2])
LIST = RNG.choice(SIZES, 400, p=SHARES / SHARES.sum())
TAIL = np.minimum(25 * np.rint(np.random.default_rng(1).lognormal(1.2, 1.4, 400)).astype("int64"), 1500)  # clipped
SCORES = np.sort(np.random.default_rng(1).permutation(400)[:45]).astype(float)
SCORED = SCORES.repeat(np.where(np.arange(45) % 2, 3, 8))  # a test, of which 250 people share three quarters


@pytest.mark.parametrize("values", [LIST, LIST / 7, SCORED])  # on a grid, and on none
def test_values_of_a_list_are_drawn_and_nothing_between_them(values):
    frame = pd.DataFrame({"v": values})
    (column,) = encoder.fit(frame, infer(frame, {"v": "numerical"})).columns
    drawn = column.decode(RNG.integers(0, column.size, 2000), RNG.random(2000))
    assert column.size > 8 and drawn.isin(frame["v"]).all()


@pytest.mark.parametrize("scale", [1, 7])  # on a grid, and on none
def test_what_a_list_skips_is_not_drawn_and_what_ages_skip_is(scale):
    rng = np.random.default_rng(0)
    doses = pd.DataFrame({"v": np.append(rng.choice([1, 5, 20, 50, 100], 95), [200, 310, 320, 350, 400]) / scale})
    (column,) = encoder.fit(doses, infer(doses, {"v": "numerical"})).columns
    drawn = column.decode(np.arange(column.size).repeat(99), rng.random(99 * column.size))
    assert drawn[drawn < 100 / scale].isin(doses["v"]).all() and (drawn > 100 / scale).any()
    ages = pd.DataFrame({"v": [*rng.choice([age for age in range(20, 60) if age != 37], 600), 61, 63, 66, 70, 75]})
    (column,) = encoder.fit(ages, infer(ages)).columns
    assert (column.decode(np.arange(column.size), np.zeros(column.size)) == 37).any()


@pytest.mark.parametrize(
    "ticks",
    [
        np.concatenate([RNG.choice([100, 200, 300], 360), RNG.integers(100, 300, 40)]),  # amounts, round now and then
        RNG.binomial(60, 0.3, 400),  # counts: what few rows have lies at the ends
        RNG.integers(0, 1000, 400),
        np.full(400, 7),
        TAIL,
    ],
)
def test_other_numbers_stay_as_they_are(ticks):
    assert (onto_shared(ticks, on_grid=True) == ticks).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=200))
def test_a_number_moves_only_between_shared_ones_and_to_the_nearest(values):
    ticks = np.array(values)
    moved, unique, counts = onto_shared(ticks, on_grid=True), *np.unique(ticks, return_counts=True)
    shared = unique[counts >= 5]
    for was, now in zip(ticks[moved != ticks], moved[moved != ticks], strict=True):
        assert shared[0] < was < shared[-1] and now in shared and abs(was - now) == np.abs(shared - was).min()
