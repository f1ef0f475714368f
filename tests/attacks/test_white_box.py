"""The white-box attack on real models: one that has learnt its rows by heart is caught, one that stopped in time is
not.
"""

import pandas as pd
import pytest

import generators
from evaluation import privacy, samples
from generators import Budget
from tests.evaluation.tables import mixed

GUESSING = 0.1  # members recognised by guessing, at 10 % false alarms
FAMILIES = "tabular.autoregressive", "tabular.diffusion"


@pytest.fixture(scope="module")
def people():
    return mixed(200), mixed(200, 1)


def attacked(people, seen, name, steps=200, **options):
    """Membership by the released rows alone, and by the loss of a model of `seen`."""
    model = generators.fit(seen, name, budget=Budget(steps=steps), **options)
    drawn = model.sample(len(people[0]), seed=1)
    compared = samples.make(*people, drawn, loss=lambda rows: -model.log_prob(rows))
    return [metric(compared).detail for metric in (privacy.membership, privacy.membership_model)]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_that_has_learnt_rows_by_heart_is_caught_by_its_loss(people, name):
    """Repeats of a row lie on both sides of the inner validation split, which then does not see that the rows are
    learnt by heart.
    """
    few = tuple(rows.head(120) for rows in people)
    seen = pd.concat([few[0]] * 4, ignore_index=True)
    without, inside = attacked(few, seen, name, steps=120, weight_decay=0.0, batch=64, memory=1.0)
    assert inside["tpr_at_0.1_low"] >= 0.4 and set(inside["attacks"]) <= {"loss", "calibrated loss"}
    assert inside["tpr_at_0.1"] > without["tpr_at_0.1_high"]  # the model gives away more than what it releases


def test_a_model_that_stopped_in_time_is_hardly_better_than_guessing(people):
    _, inside = attacked(people, people[0], FAMILIES[0])
    assert inside["tpr_at_0.1_low"] < GUESSING and inside["auc"] < 0.6
