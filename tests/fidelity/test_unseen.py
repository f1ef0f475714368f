"""Fidelity is judged against rows that nothing was trained on: a copy of the training rows is no better than real."""

import numpy as np
import pandas as pd
import pytest

from evaluation import fidelity, samples
from evaluation.unseen import seen, unseen
from tests.evaluation.tables import mixed

JUDGED = [fidelity.shape, fidelity.trend, fidelity.mutual_information, fidelity.query_error, fidelity.alpha_precision]


@pytest.fixture(scope="module")
def population():
    return mixed(600), mixed(150, 1), mixed(600, 2)


@pytest.mark.parametrize("metric", JUDGED, ids=lambda metric: metric.__name__)
def test_a_copy_of_the_training_rows_scores_what_they_score(population, metric):
    train, holdout, _ = population
    copy = metric(samples.make(train, holdout, train))
    assert copy.value == pytest.approx(copy.ceiling, abs=1e-9)


@pytest.mark.parametrize("metric", JUDGED, ids=lambda metric: metric.__name__)
def test_the_ceiling_is_measured_on_as_many_rows_as_are_released(population, metric):
    train, holdout, fresh = population
    few = metric(samples.make(train, holdout, fresh[:60]))
    assert few.low <= few.ceiling <= few.high or abs(few.ceiling - few.value) < 0.03


def test_shape_by_hand_is_that_of_the_holdout():
    # against the holdout: a differs by 1 / 4 (KS), c by 1 / 4; against training rows nothing would differ
    train, held = {"a": [1, 2, 3, 4], "c": list("xxyy")}, {"a": [2, 2, 3, 4], "c": list("xyyy")}
    score = fidelity.shape(samples.make(*map(pd.DataFrame, (train, held, train))))
    assert score.detail["columns"] == {"a": 0.75, "c": 0.75} and score.value == score.ceiling == 0.75


def test_training_rows_stand_in_for_synthetic_ones_in_equal_numbers(population):
    train, holdout, fresh = population
    given, more = (samples.make(train, holdout, other) for other in (fresh[:80], pd.concat([fresh] * 2)))
    few, many = unseen(given, 0), unseen(more, 0)
    assert (len(few.train), len(few.holdout), len(few.synthetic), len(few.table("shuffled"))) == (150, 80, 80, 80)
    assert (len(many.holdout), len(many.synthetic)) == (600, 600)
    assert few.table("train").equals(given.table("holdout"))
    kept, own = (table["age"].to_numpy() for table in (many.table("holdout"), more.table("train")))
    assert np.shares_memory(kept, own)  # millions of rows are not copied
    assert len(seen(samples.make(train, holdout, fresh), 0).train) == 150


def test_rows_learnt_by_heart_are_memory_and_an_honest_sample_is_none():
    train, holdout, fresh = mixed(200), mixed(200, 1), mixed(200, 2)
    odd = train.assign(height=train["height"] + 12)  # learnt from rows that are unlike all others
    honest = fidelity.detection(samples.make(train, holdout, fresh))
    assert honest.detail["memory"] == 0
    copied = fidelity.detection(samples.make(odd, holdout, odd))
    assert copied.value < 0.6 and copied.value == pytest.approx(copied.ceiling, abs=0.05)
    assert copied.detail["memory"] > 0.3 and "memory" in copied.note
