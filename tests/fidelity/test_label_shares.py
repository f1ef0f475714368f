"""Shares of labels: rare ones together, and labels that luck made frequent among the real rows."""

import numpy as np
import pandas as pd
import pytest

from evaluation import fidelity, samples
from pipelines.config.rules import DEFAULT_RULES

LEAST = DEFAULT_RULES["fidelity.label_shares"]["at_least"]


def illnesses(rows, seed):
    """Two frequent ones, and forty that three rows in a hundred have together."""
    rng = np.random.default_rng(seed)
    names = np.array(["none", "cold", *(f"rare {n}" for n in range(40))], dtype=object)
    return pd.DataFrame({"illness": rng.choice(names, rows, p=[0.6, 0.37, *[0.03 / 40] * 40])})


@pytest.mark.parametrize("released", [500, 1000, 4000])
def test_rare_labels_of_one_column_that_are_lost_are_refused_and_counted(released):
    train, holdout, fresh = (illnesses(rows, seed) for seed, rows in enumerate((2000, 500, released)))
    lost = fresh.where(fresh["illness"].isin(["none", "cold"]), "none")
    honest, found = (fidelity.label_shares(samples.make(train, holdout, table)) for table in (fresh, lost))
    assert honest.value == 1 and found.value < LEAST
    assert f"A rare value of 'illness' stands in 0 of {released:,} released rows" in found.detail["said"]


@pytest.mark.parametrize("labels", [40, 300])
@pytest.mark.parametrize("number", [True, False])
def test_labels_that_luck_made_frequent_are_not_asked_to_stay_so(labels, number):
    rng = np.random.default_rng(labels)
    for _ in range(10):
        drawn = (rng.integers(0, labels, (rows, 3)) for rows in (200, 50, 2000))
        tables = (pd.DataFrame(values if number else values.astype(str), columns=list("abc")) for values in drawn)
        assert fidelity.label_shares(samples.make(*tables)).value in (1, None)
