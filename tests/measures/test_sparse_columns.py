"""A column with few values, or with none in one of the tables, does not end the evaluation."""

import itertools

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


SPARSE = {
    "numerical": np.arange(20.0).tolist(),
    "datetime": [f"2021-03-{day:02d}" for day in range(1, 21)],
    "categorical": ["a", "b"] * 10,
    "boolean": [True, False] * 10,
}


def table(role, rows=80):
    """A number and a date that tell the target, beside three columns of each kind that are missing in three rows of
    four: one of each kind is empty here.
    """
    rng = np.random.default_rng(role)
    age = rng.integers(18, 80, rows)
    frame = pd.DataFrame({"age": age, "y": np.where(age + rng.normal(0, 9, rows) > 50, "yes", "no")})
    frame["day"] = (pd.Timestamp("2020-01-01") + pd.to_timedelta(age, "D")).strftime("%Y-%m-%d")
    for empty, (kind, values) in itertools.product(range(3), SPARSE.items()):
        name = f"{kind} {empty}"
        frame[name] = pd.Series([None] * rows, dtype="object")
        if empty != role:
            frame.loc[rng.permutation(rows)[: len(values)], name] = values
        elif kind == "numerical":
            frame[name] = np.nan
    return frame


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_columns_of_each_kind_that_are_empty_in_one_table_are_scored():
    kinds = {f"{kind} {role}": kind for kind in SPARSE for role in range(3)}
    names = [name for name in evaluation.names() if name.split(".")[0] != "privacy" or name.endswith("attribute")]
    report = evaluation.score(*map(table, range(3)), kinds=kinds, target="y", names=names)
    assert report.scores["fidelity.shape"].value is not None and report.scores["utility.target"].reason is None
    assert [report.profile["missing"][name][1] for name in kinds] == [0.75, 0.75, 1] * 4  # of the synthetic table
