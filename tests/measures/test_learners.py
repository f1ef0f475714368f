"""What learners say of columns."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance

from evaluation.models import learners


@pytest.mark.parametrize("together", [1, 1000, 2**22])  # values predicted at once
def test_importances_are_those_of_one_column_after_another(monkeypatch, together):
    monkeypatch.setattr(learners, "PREDICTED_VALUES", together)
    rng = np.random.default_rng(0)
    x = np.where(rng.random((200, 6)) < 0.1, np.nan, rng.integers(0, 4, (200, 6)))
    y = (np.nan_to_num(x[:, 0]) + rng.normal(size=200) > 2).astype(int)
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[0, 3]).fit(x, y)
    one_by_one = permutation_importance(model, x, y, scoring="roc_auc", n_repeats=1, random_state=3).importances_mean
    found = learners.importances(model, x, y, 3)
    assert found.tolist() == one_by_one.tolist() and found.argmax() == 0
