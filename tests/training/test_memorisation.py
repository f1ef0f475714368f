"""Training says what its model remembers: worked by hand, and as an attack on the fitted model finds it."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

import generators
from generators import Budget
from generators.training import memorisation
from generators.training.plan import Plan, Turn
from tests.evaluation.tables import mixed


def measured(inside, outside, **plan):
    return memorisation.measure(lambda rows: rows, torch.tensor(inside), torch.tensor(outside), Plan(**plan), 0)


def test_gap_and_area_are_those_of_the_losses():
    # of 2 x 2 pairs, 1 < 2, 1 < 4 and 3 < 4 tell the training row; 3 > 2 does not
    assert measured([1.0, 3.0], [2.0, 4.0]) == {"gap": 1.0, "auc": 0.75}
    assert measured([1.0, 1.0], [1.0]) == {"gap": 0.0, "auc": 0.5}
    assert measured([1.0], [2.0], turns={"a": Turn(), "b": Turn()}) is None


def test_a_fitted_model_says_what_whoever_holds_it_would_find():
    table = mixed(200)
    model = generators.fit(table, "tabular.autoregressive", budget=Budget(steps=60), seed=0)
    learnt, loss = ~table.index.isin(model.record["validation_rows"]), -model.log_prob(table)
    found = model.record["memorisation"]
    assert found["auc"] == pytest.approx(roc_auc_score(~learnt, loss), abs=1e-3)
    assert found["gap"] == pytest.approx(loss[~learnt].mean() - loss[learnt].mean(), abs=1e-3)


def test_a_game_of_two_networks_has_no_loss_of_a_row():
    assert "memorisation" not in generators.fit(mixed(60), "tabular.gan", budget=Budget(steps=2), seed=0).record
