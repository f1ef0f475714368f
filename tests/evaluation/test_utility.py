"""Utility: what synthetic rows teach about real ones."""

import numpy as np
import pytest

from evaluation import samples, utility
from evaluation.samples import Reason
from tests.evaluation.tables import mixed


def score(synthetic, target="owner", held=400):
    return utility.target(samples.make(mixed(600), mixed(held, 1), synthetic, target=target))


def test_fresh_rows_teach_as_much_as_real_ones_and_shuffled_ones_nothing():
    fresh = score(mixed(600, 2))
    assert fresh.value == pytest.approx(1, abs=0.12) and fresh.low <= fresh.value <= fresh.high
    assert fresh.floor < 0.75 and fresh.ceiling > 0.85
    assert set(fresh.detail["real"]) == {"boosted trees", "forest", "linear"} and min(fresh.detail["real"].values()) > 0.75
    loose = mixed(600, 2)
    loose["owner"] = loose["owner"].sample(frac=1, random_state=0).to_numpy()
    assert score(loose).value < 0.75


def test_numbers_are_judged_by_explained_variance():
    fresh = score(mixed(600, 2), "income")
    assert fresh.detail["measure"] == "R2" and fresh.value == pytest.approx(1, abs=0.25)
    flat = mixed(600, 2)
    flat["income"] = np.random.default_rng(0).permutation(flat["income"])
    assert score(flat, "income").value < 0.2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.assign(owner="yes"), Reason.TARGET_CONSTANT),
        (lambda t: t[["owner"]], Reason.ONE_COLUMN),
        (lambda t: t.assign(owner=np.random.default_rng(0).choice(["a", "b"], len(t))), Reason.TARGET_UNPREDICTABLE),
    ],
)
def test_what_cannot_be_computed_is_said(change, reason):
    made = samples.make(*(change(mixed(n, seed)) for n, seed in ((600, 0), (400, 1), (600, 2))), target="owner")
    found = utility.target(made)
    assert found.value is None and found.reason is reason and found.note


def test_no_target_no_holdout_and_a_class_that_the_synthetic_rows_lack():
    assert utility.target(samples.make(mixed(100), mixed(100), mixed(100))).reason is Reason.NO_TARGET
    assert utility.target(samples.make(mixed(100), None, mixed(100), target="owner")).reason is Reason.NO_HOLDOUT
    assert score(mixed(600, 2).assign(owner="yes")).value < 0.8
    lost = mixed(600, 2)
    lost["married"] = lost["married"].map({True: "a", False: "b"}).where(lost["trade"] < "e", "c")
    real = [mixed(600, seed) for seed in (0, 1)]
    for table in real:
        table["married"] = table["married"].map({True: "a", False: "b"}).where(table["trade"] < "e", "c")
    whole, less = (utility.target(samples.make(*real, rows, target="married")) for rows in (lost, lost[lost["married"] != "c"]))
    assert less.value < whole.value
