"""A column with few values, or with none in one of the tables, does not end the evaluation."""

import numpy as np
import pandas as pd
import pytest

from evaluation.models import learners
from evaluation.samples import make


@pytest.mark.parametrize("values", [0, 1])
def test_trees_fit_a_column_without_values(values):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "x": np.r_[np.full(60 - values, np.nan), np.ones(values)]})
    samples = make(frame, frame, frame)
    model = learners.fitted(learners.trees(samples, ("a", "x"), 0), frame.to_numpy(), (frame["a"] > 0).to_numpy())
    assert (model.predict(frame.to_numpy()) == (frame["a"] > 0)).mean() > 0.9
