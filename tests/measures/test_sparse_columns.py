"""A column with few values, or with none in one of the tables, does not end the evaluation."""

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation.models import learners
from evaluation.samples import make


@pytest.mark.parametrize("values", [0, 1])
def test_trees_fit_a_column_without_values(values):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "x": np.r_[np.full(60 - values, np.nan), np.ones(values)]})
    samples = make(frame, frame, frame)
    model = learners.fitted(learners.trees(samples, ("a", "x"), 0), frame.to_numpy(), (frame["a"] > 0).to_numpy())
    assert (model.predict(frame.to_numpy()) == (frame["a"] > 0)).mean() > 0.9


def table(seed, values, rows=80):
    """A number and a date that tell the target, beside a column of these values and as many missing ones."""
    rng = np.random.default_rng(seed)
    age, x = rng.integers(18, 80, rows), pd.Series([None] * rows, dtype="object")
    x.iloc[rng.permutation(rows)[: len(values)]] = values
    day = (pd.Timestamp("2020-01-01") + pd.to_timedelta(age, "D")).strftime("%Y-%m-%d")
    return pd.DataFrame({"age": age, "day": day, "x": x, "y": np.where(age + rng.normal(0, 9, rows) > 50, "yes", "no")})


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("role", [0, 1, 2])
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numerical", np.arange(20.0).tolist()),
        ("datetime", [f"2021-03-{day:02d}" for day in range(1, 21)]),
        ("categorical", ["a", "b"] * 10),
        ("boolean", [True, False] * 10),
    ],
)
def test_a_column_empty_in_one_table_is_scored(kind, values, role):
    tables = [table(seed, values if seed != role else values[:1]) for seed in range(3)]
    tables[role]["x"] = None if kind != "numerical" else np.nan
    names = [name for name in evaluation.names() if name.split(".")[0] != "privacy" or name.endswith("attribute")]
    report = evaluation.score(*tables, kinds={"x": kind}, target="y", names=names)
    assert report.scores["fidelity.shape"].value is not None and report.scores["utility.target"].reason is None
    assert report.profile["missing"]["x"][1] == (1 if role == 2 else 0.75)
