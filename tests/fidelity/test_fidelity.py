"""Fidelity by hand on tiny tables, against sdmetrics itself, and on tables that a classifier must or cannot tell
apart.
"""

import numpy as np
import pandas as pd
import pytest
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.single_column import TVComplement

from evaluation import fidelity, samples
from evaluation.measures import similarity
from evaluation.models import learners
from tests.evaluation.tables import compared, mixed


def test_shape_by_hand():
    # a: the distribution functions differ most below 3: 2 of 4 against 0 of 4; c: half of the labels have changed
    score = fidelity.shape(compared({"a": [1, 2, 3, 4], "c": list("xxyy")}, {"a": [3, 4, 5, 6], "c": list("yyyy")}))
    assert score.detail["columns"] == {"a": 0.5, "c": 0.5} and score.value == 0.5
    assert score.low <= 0.5 <= score.high and score.ceiling is None and score.better == "higher"


def test_shape_counts_missing_values():
    # 1 of 4 missing against 0: 1/4; the present values agree
    score = fidelity.shape(compared({"a": [1.0, 2.0, 1.0, 2.0]}, {"a": [1.0, 2.0, np.nan, np.nan]}))
    assert score.value == 0.5
    assert fidelity.shape(compared({"c": ["x", None]}, {"c": ["x", "x"]})).value == 0.5


def test_shape_of_training_rows_is_the_ceiling_and_of_a_copy_no_more():
    train, holdout = mixed(300), mixed(300, 1)
    score = fidelity.shape(compared(train, train, holdout))
    assert 0.9 < score.value == score.ceiling < 0.99


def test_trend_is_that_of_sdmetrics():
    train, other = mixed(400), mixed(400, 1)
    other["weight"] = other["weight"].sample(frac=1, random_state=0).to_numpy()
    found = fidelity.trend(
        compared(train[["age", "weight", "trade", "owner"]], other[["age", "weight", "trade", "owner"]])
    )
    cells = {"continuous_column_names": ["age"], "num_discrete_bins": 10}
    pair = {
        "age / weight": (CorrelationSimilarity, {}),
        "trade / owner": (ContingencySimilarity, {}),
        "age / trade": (ContingencySimilarity, cells),
        "age / owner": (ContingencySimilarity, cells),
    }
    for name, (metric, options) in pair.items():
        columns = name.split(" / ")
        theirs = metric.compute(train[columns], other[columns], **options)
        assert found.detail["worst_pairs"][name] == pytest.approx(theirs, abs=1e-6), name
    assert found.value == pytest.approx(np.mean(list(found.detail["worst_pairs"].values())))


def test_labels_are_compared_as_by_sdmetrics_in_a_time_by_their_rows():
    rng = np.random.default_rng(0)
    real, other = rng.integers(-1, 300, 900), rng.integers(-1, 400, 700)
    theirs = TVComplement.compute(pd.Series(real), pd.Series(other))
    assert similarity.label_shape(real, other) == pytest.approx(theirs, abs=1e-6)
    many = np.arange(200_000)  # the square of which would take an hour
    assert similarity.label_shape(many, many + 100_000) == pytest.approx(0.5)


def test_trend_by_hand():
    # perfectly related against perfectly opposed: 1 - |(-1) - 1| / 2
    assert (
        fidelity.trend(compared({"a": [1, 2, 3, 4], "b": [1, 2, 3, 4]}, {"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]})).value
        == 0
    )
    # xp and yq in equal shares against all four cells in equal shares
    train, other = {"a": list("xxyy"), "b": list("ppqq")}, {"a": list("xxyy"), "b": list("pqpq")}
    assert fidelity.trend(compared(train, other)).value == 0.5


def test_trend_floor_ceiling_and_interval():
    train, holdout, other = mixed(600), mixed(600, 1), mixed(600, 2)
    score = fidelity.trend(compared(train, other, holdout))
    assert score.floor < score.low < score.value < score.high < 1
    assert score.ceiling == pytest.approx(score.value, abs=0.02)


def test_detection_tells_what_is_to_be_told_and_which_column_gives_it_away():
    train, holdout, other = mixed(600), mixed(600, 1), mixed(600, 2)
    honest = fidelity.detection(compared(train, other, holdout))
    assert honest.value > 0.8 and honest.low < honest.value <= honest.high and honest.ceiling > 0.8
    other["height"] = other["height"] + 30
    caught = fidelity.detection(compared(train, other, holdout))
    assert caught.value < 0.1 and next(iter(caught.detail["giveaway_columns"])) == "height"


def test_logistic_detection_sees_single_columns_only():
    rng = np.random.default_rng(0)
    a = rng.normal(size=1500)
    train = {"a": a, "b": a + rng.normal(0, 0.1, 1500)}
    loose = {"a": a, "b": rng.permutation(train["b"])}
    assert fidelity.detection_logistic(compared(train, loose)).value > 0.85
    assert fidelity.detection(compared(train, loose)).value < 0.3


def test_the_column_that_gives_rows_away_is_found_among_many_rows():
    rng = np.random.default_rng(0)
    real, other = rng.normal(size=(12_600, 2)), rng.normal([3, 0], size=(12_600, 2))
    _, _, area, drops = learners.discriminate(lambda: learners.logistic(0), real, other, 0, importance=True)
    assert area > 0.97 and drops[0] > 0.4 and abs(drops[1]) < 0.01


def test_that_both_tables_withhold_their_labels_is_no_likeness():
    table = pd.DataFrame({"town": ["(other)"] * 90 + ["Rome"] * 10, "n": np.arange(100) % 7})
    columns = fidelity.shape(samples.make(table, table, table)).detail["columns"]
    assert columns == {"town": pytest.approx(0.1), "n": 1.0}
