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


SPARSE = {
    "numerical": np.arange(20.0).tolist(),
    "datetime": [f"2021-03-{day:02d}" for day in range(1, 21)],
    "categorical": ["a", "b"] * 10,
    "boolean": [True, False] * 10,
}


def table(seed, rows=80):
    """A number and a date that tell the target, beside a column of each kind that is missing in three rows of four."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    frame = pd.DataFrame({"age": age, "y": np.where(age + rng.normal(0, 9, rows) > 50, "yes", "no")})
    frame["day"] = (pd.Timestamp("2020-01-01") + pd.to_timedelta(age, "D")).strftime("%Y-%m-%d")
    for kind, values in SPARSE.items():
        frame[kind] = pd.Series([None] * rows, dtype="object")
        frame.loc[rng.permutation(rows)[: len(values)], kind] = values
    return frame


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("role", [0, 1, 2])
def test_columns_of_each_kind_that_are_empty_in_one_table_are_scored(role):
    tables = [table(seed) for seed in range(3)]
    tables[role] = tables[role].assign(**dict.fromkeys(SPARSE) | {"numerical": np.nan})
    names = [name for name in evaluation.names() if name.split(".")[0] != "privacy" or name.endswith("attribute")]
    report = evaluation.score(*tables, kinds={kind: kind for kind in SPARSE}, target="y", names=names)
    assert report.scores["fidelity.shape"].value is not None and report.scores["utility.target"].reason is None
    assert [report.profile["missing"][kind][1] for kind in SPARSE] == [1 if role == 2 else 0.75] * 4
