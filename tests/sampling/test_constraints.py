"""Hard constraints: none is violated, the row count is exact, and what they leave free keeps its distribution."""

import numpy as np
import pandas as pd
import pytest

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding import encoder
from generators.sampling.reading import read


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    start = rng.integers(0, 2000, 1500)
    stay = rng.integers(0, 60, 1500)
    day = pd.Timestamp("2020-01-01")
    table = pd.DataFrame(
        {
            "low": rng.normal(50, 20, 1500).round(2),
            "start": (day + pd.to_timedelta(start, "D")).strftime("%Y-%m-%d"),
            "kind": rng.choice(["a", "b"], 1500),
            "end": (day + pd.to_timedelta(start + stay, "D")).strftime("%Y-%m-%d"),
            "age": rng.integers(0, 90, 1500),
        }
    )
    table["middle"] = (table["low"] + rng.exponential(5, 1500)).round(1)
    table["high"] = (table["middle"] + rng.exponential(5, 1500)).round(0)
    table.loc[rng.random(1500) < 0.1, "end"] = None
    return table


@pytest.fixture(scope="module")
def model(frame):
    return fit(frame, budget=Budget(steps=60), seed=0)


def test_orders_and_bounds_hold_in_every_row(model):
    rules = ["low <= middle", "middle <= high", "start <= end", "18 <= age", "age <= 65", "2021-06-01 <= start"]
    drawn = model.sample(3000, seed=1, constraints=rules)
    assert len(drawn) == 3000
    assert (drawn["low"] <= drawn["middle"]).all() and (drawn["middle"] <= drawn["high"]).all()
    both = drawn.dropna(subset=["start", "end"])
    assert (both["start"] <= both["end"]).all() and len(both) > 2000
    assert drawn["age"].between(18, 65).all() and (drawn["start"] >= "2021-06-01").all()
    free = model.sample(3000, seed=1)
    assert (free["low"] > free["middle"]).any() and (free["age"] > 65).any()


def test_a_constraint_gives_the_conditional_distribution(model):
    free, held = model.sample(20_000, seed=2), model.sample(6000, seed=3, constraints=["low <= middle", "age <= 40"])
    met = free[(free["low"] <= free["middle"]) & (free["age"] <= 40)]
    for column in ("low", "middle", "age"):
        gap = abs(met[column].mean() - held[column].mean()) / met[column].std()
        assert gap < 0.1, column


def test_constraints_and_conditions_together(model):
    drawn = model.sample(200, where={"age": 30, "middle": 60.0}, constraints=["low <= middle", "middle <= high"])
    assert (drawn["age"] == 30).all() and (drawn["middle"] == 60).all()
    assert (drawn["low"] <= 60).all() and (drawn["high"] >= 60).all()


def test_rows_do_not_depend_on_the_batch(model):
    rules = ["low <= high"]
    pd.testing.assert_frame_equal(model.sample(2500, constraints=rules).head(20), model.sample(20, constraints=rules))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["low"], "such as 'start <= end'"),
        (["nope <= 3"], "name a learned column"),
        (["low <= midle"], "did you mean 'middle'"),
        (["low <= middle middle"], "an operator, 'and' or the end at character 15"),
        (["low * middle <= 3"], "only products with a constant"),
        (["kind <= age"], "labels of column 'kind'"),
        (["if kind == 'a' low <= 3"], "'then' after the condition"),
        (["low < middle", "middle <= high", "high <= low"], "circle"),
        (["low < low"], "cancels out"),
        (["start <= age"], "one of each"),
        (["start + end <= age"], "one of each"),
        (["3 <= 4"], "column in every comparison"),
        (["1000 <= age"], "training row of column 'age'"),
        (["age + low >= 100000"], "meet together"),
        (["2021-13-45 <= start"], "a date in its own format"),
    ],
)
def test_a_constraint_that_cannot_be_is_a_sentence(frame, texts, expected):
    encoded = encoder.fit(frame, infer(frame))
    with pytest.raises(ValueError, match=expected):
        read({}, texts, encoded)
