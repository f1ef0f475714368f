"""Tables of pairs from few rows: what each row says of the others stays, what it says of itself alone does not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

import generators
from generators.marginals.smoothing import smoothed


def test_what_rows_confirm_in_each_other_stays_and_what_one_row_says_alone_goes():
    """By hand: of [[2, 0], [0, 2]] a row left out has 1 of 3 others in its cell, by independence 1 of 4; of four rows
    in a cell each, it has none in its own.
    """
    confirmed = np.array([[2.0, 0], [0, 2]])
    assert np.array_equal(smoothed(confirmed), confirmed)
    alone = smoothed(np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]))
    assert alone.max() < 0.6 and (alone.sum(0) == pytest.approx(1)) and (alone.sum(1) == pytest.approx(1))


@settings(max_examples=40, deadline=None)
@given(arrays("int64", st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 30)))
def test_margins_stay_and_nothing_is_negative(counts):
    table = smoothed(counts.astype(float))
    assert (table >= 0).all()
    for axis in (0, 1):
        assert table.sum(axis) == pytest.approx(counts.sum(axis), abs=0.02 * counts.sum() + 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_few_rows_tell_more_of_others_and_many_stay_as_they_are(seed):
    rng, place = np.random.default_rng(seed), np.linspace(-2, 2, 16)
    truth = np.exp(-(place[:, None] ** 2 + place**2 - 1.4 * place[:, None] * place))
    truth /= truth.sum()
    few, many = (rng.multinomial(n, truth.ravel()).reshape(16, 16).astype(float) for n in (150, 200_000))
    loss = [-(truth * np.log(table / table.sum())).sum() for table in (smoothed(few) + 0.01, few + 0.5, few + 0.1)]
    assert loss[0] < min(loss[1:]) - 0.05
    assert smoothed(many) == pytest.approx(many, abs=1e-4 * many.sum())


def test_rows_are_hardly_told_from_others_by_a_model_of_few():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(600, 1)) + rng.normal(size=(600, 8))
    train, unseen = (pd.DataFrame(part).add_prefix("x").round(3) for part in (z[:300], z[300:]))
    model = generators.fit(train, "tabular.marginals")
    losses = np.concatenate([model.log_prob(train), model.log_prob(unseen)])
    assert roc_auc_score(np.repeat([1, 0], 300), np.maximum(losses, -1e9)) < 0.65  # 0.97 by counts alone
