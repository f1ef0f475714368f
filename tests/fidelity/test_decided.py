"""What other columns nearly decide: flags by a value and a label, decimals by a label, gaps and zeros by a label."""

import numpy as np
import pandas as pd
import pytest

from evaluation import samples
from evaluation.calibration import population, relations
from evaluation.fidelity import decided
from evaluation.scores import Reason
from pipelines.config.rules import DEFAULT_RULES

BAR = DEFAULT_RULES["fidelity.decided"]["at_least"]
FEW = population.made((300, 75, 300), 1)


def compared(case):
    return decided(samples.make(case.train, case.holdout, case.synthetic, target=case.target))


@pytest.mark.parametrize("flaw", [relations.flags_of_a_value_and_a_label, relations.decimals_of_other_labels])
def test_what_two_columns_decide_is_seen_in_three_hundred_rows(flaw):
    flawed = compared(flaw(FEW, np.random.default_rng(3)))
    assert flawed.low < BAR and flawed.ceiling == 1 and "in 300 released ones" in flawed.detail["said"]
    assert compared(FEW).low == 1


def paid(rows, seed, wrong=0.0):
    """A bonus that is missing of volunteers and 0 of trainees, but for a share of the rows."""
    rng = np.random.default_rng(seed)
    role = rng.choice(["staff", "trainee", "volunteer"], rows)
    by = np.where(rng.random(rows) < wrong, rng.permutation(role), role)
    bonus = np.select([by == "volunteer", by == "trainee"], [np.nan, 0.0], rng.gamma(3, 100, rows).round(2))
    return pd.DataFrame({"role": role, "age": rng.integers(18, 65, rows), "bonus": bonus})


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.5])
def test_of_gaps_and_zeros_that_a_label_decides_the_share_that_is_left_is_told(wrong):
    found = decided(samples.make(paid(2000, 0), None, paid(2000, 1, wrong)))
    lost = max(found.detail["lost"].values(), default=0.0)
    assert lost == pytest.approx(wrong, abs=0.06) and (found.low < BAR) == (wrong == 0.5)


def test_where_nothing_is_decided_there_is_nothing_to_lose():
    rng = np.random.default_rng(0)
    loose = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(list("xyz"), 300)})
    assert decided(samples.make(loose, None, loose)).reason is Reason.NO_ASSOCIATION
