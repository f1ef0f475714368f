"""Panels without an identifier: what is asked of them, and which tables are none."""

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import panels, samples
from evaluation.diversity.subgroups import subgroups
from evaluation.fidelity import decided
from pipelines.config import RunConfig
from pipelines.config.rules import DEFAULT_RULES
from pipelines.scoring import run as scoring
from tests.evaluation.tables import mixed

STATES, YEARS = 40, 25
REGIONS = {f"state {k}": f"region {n}" for k, n in enumerate(np.random.default_rng(3).integers(0, 3, STATES))}


def panel(seed, known=True):
    """A row per state and year: four numbers that walk from year to year about a level of the state's own."""
    rng, levels = np.random.default_rng(seed), np.random.default_rng(0 if known else [seed, 1])
    steps = rng.normal(size=(YEARS, STATES, 4))
    for year in range(1, YEARS):
        steps[year] = 0.85 * steps[year - 1] + 0.5 * steps[year]
    numbers = levels.normal(0, 2, (STATES, 4)) + steps
    frame = pd.DataFrame(numbers.reshape(-1, 4), columns=list("abcd"))
    frame.insert(0, "year", np.repeat(1990 + np.arange(YEARS), STATES))
    frame.insert(0, "state", np.tile([f"state {k}" for k in range(STATES)], YEARS))
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def compared(release):
    real = panel(1)
    return samples.make(real[:800], real[800:], release)


def test_subjects_are_found_by_their_times_or_by_what_they_keep():
    answers = mixed(150).assign(who=np.random.default_rng(0).permutation(150))
    repeated = pd.concat([answers.assign(liked=like) for like in range(6)], ignore_index=True)
    kept = samples.make(repeated, None, repeated, kinds={"who": "numerical"})
    assert panels.subject(compared(panel(2))) == "state"
    assert panels.subject(kept) in ("who", *answers.select_dtypes("number"))


@pytest.mark.parametrize("seed", range(3))
def test_people_of_no_panel_have_no_subject(seed):
    people = mixed(1000, seed).assign(region=lambda p: np.random.default_rng(seed).integers(0, 40, len(p)))
    assert panels.subject(samples.make(people, None, people)) is None


@pytest.mark.parametrize("known", [True, False])
def test_states_whose_years_nobody_has_learnt_pass(known):
    assert subgroups(compared(panel(2, known))).low >= DEFAULT_RULES["diversity.subgroups"]["at_least"]


@pytest.mark.parametrize("lost", [False, True])
def test_what_holds_of_other_states_alone_is_decided(lost):
    """A region goes with nothing but its states' numbers, a size with their first number in any state."""
    real, other = (panel(seed).assign(size=lambda own: np.where(own["a"] > 1, "large", "small")) for seed in (1, 2))
    real["region"], other["region"] = (
        real["state"].map(REGIONS),
        other["state"].sample(frac=1, random_state=0).map(REGIONS).to_numpy(),
    )
    other = other.assign(size=other["size"].sample(frac=1, random_state=1).to_numpy()) if lost else other
    found = decided(samples.make(real[:800], real[800:], other))
    assert found.ceiling == 1
    assert (found.low < DEFAULT_RULES["fidelity.decided"]["at_least"]) == lost
    assert set(found.detail["lost"]) <= {"'size'"}


def test_whose_rows_may_be_ones_is_said_where_nobody_has_stated_it():
    real = panel(1)
    report = evaluation.score(real[:800], real[800:], panel(2), names=["diversity.subgroups"])
    unstated, stated = ({"source": "t.csv", "split": split} for split in ({}, {"entity": "none"}))
    (said,) = scoring.sentences(report, RunConfig.model_validate(unstated))
    assert "split: {entity: state}" in said
    assert scoring.sentences(report, RunConfig.model_validate(stated)) == []


@pytest.mark.parametrize(
    "flaw",
    [
        lambda real: real[real["a"] < real["a"].quantile(0.75)],
        lambda real: real.assign(**real.groupby("state")[list("abcd")].transform("first")),
        lambda real: real.sample(40, random_state=0).sample(len(real), replace=True, random_state=0),
    ],
    ids=["a quarter is missing", "one row a state", "forty rows"],
)
def test_a_panel_that_has_collapsed_is_refused(flaw):
    assert subgroups(compared(flaw(panel(2)))).low < DEFAULT_RULES["diversity.subgroups"]["at_least"]
