"""Near copies, attribute inference, singling out and linkability where the answer is known."""

import numpy as np
import pandas as pd
import pytest

from evaluation import divided, privacy, samples
from evaluation.attacks import attribute_inference, disclosure
from evaluation.divided import Division, Repeats
from pipelines.release import decisions
from tests.evaluation.tables import mixed

RISKS = [privacy.attribute, privacy.singling_out, privacy.linkability]


@pytest.fixture(scope="module")
def people():
    return mixed(1000, 0), mixed(1000, 1), mixed(1000, 2)


@pytest.fixture(scope="module")
def honest(people):
    return samples.make(*people, target="owner")


@pytest.fixture(scope="module")
def copied(people):
    return samples.make(people[0], people[1], people[0].sample(frac=1, random_state=0), target="owner")


@pytest.mark.parametrize("metric", RISKS)
def test_an_honest_sample_tells_nothing_about_its_members(honest, metric):
    score = metric(honest)
    assert score.low == 0 and score.value < 0.06 and score.high < 0.12 and score.better == "lower"
    assert score.ceiling < 0.1 and score.floor < 0.06


@pytest.mark.parametrize("metric", RISKS)
def test_a_copy_tells_nearly_all(copied, metric):
    score = metric(copied)
    assert score.value > 0.9 and score.low > 0.85 and score.high <= 1


def test_risk_by_hand():
    # 60 of 100 members and 20 of 100 non-members: (0.6 - 0.2) / (1 - 0.2)
    value, low, high = disclosure.risk(60, 100, 20, 100)
    assert value == pytest.approx(0.5)
    # Wilson: 0.6 in (0.5020, 0.6906), 0.2 in (0.1334, 0.2888); Newcombe: 0.4 - hypot(.0980, .0888), 0.4 + hypot(.0906,
    # .0666)
    assert low == pytest.approx((0.4 - 0.1322) / 0.8, abs=1e-3) and high == pytest.approx(
        (0.4 + 0.1125) / 0.8, abs=1e-3
    )
    assert disclosure.risk(5, 100, 20, 100)[0] == 0 and disclosure.risk(100, 100, 100, 100)[0] == 0


def test_singling_out_by_hand():
    """Each released row is named by its label alone; the same label names one member and no non-member."""
    train = pd.DataFrame({"c": [f"m{i}" for i in range(40)]})
    held = pd.DataFrame({"c": [f"h{i}" for i in range(40)]})
    kinds = {"c": "categorical"}
    leak = samples.make(train, held, train, kinds=kinds)
    chosen = disclosure.parties(leak, "synthetic", 100, 100, 0)
    assert disclosure.single_out(leak, chosen, 0) == (40, 40, 0)
    safe = samples.make(train, held, pd.DataFrame({"c": [f"s{i}" for i in range(40)]}), kinds=kinds)
    assert disclosure.single_out(safe, disclosure.parties(safe, "synthetic", 100, 100, 0), 0) == (40, 0, 0)


def test_repeated_rows_are_guesses_once_and_many_rows_that_fit_are_no_hit():
    train, held = (pd.DataFrame({"c": [letter] * 30 + [f"{letter}{i}" for i in range(30)]}) for letter in "mh")
    made = samples.make(train, held, pd.DataFrame({"c": ["m"] * 20 + ["m0"] * 20 + ["m1"] * 20}))
    # three different released rows: "m" fits 30 members, "m0" and "m1" one each
    assert disclosure.single_out(made, disclosure.parties(made, "synthetic", 100, 100, 0), 0) == (3, 2, 0)


def test_labels_and_numbers_are_guessed_as_defined():
    train = pd.DataFrame({"n": np.arange(100.0), "c": ["x", None] * 50})
    made = samples.make(train, train, train)
    right = attribute_inference._right(made, "n", np.array([50.0, 50, 50, np.nan]), np.array([50.0, 52.4, 53.5, 1]))
    assert right.tolist() == [True, True, False, False]  # within 2.5 of 100 training rows
    codes = made.table("train")["c"].to_numpy()[:2]
    assert attribute_inference._right(made, "c", codes, codes).tolist() == [True, False]  # a missing label is no secret


def test_attribute_names_its_columns_and_what_the_population_tells(copied):
    detail = privacy.attribute(copied).detail
    assert "owner" in detail["columns"] and len(detail["columns"]) == 6
    for rates in detail["columns"].values():
        assert rates["members"] > 0.9 > rates["non_members"] and rates["from_population"] < 0.9


def test_near_copies_are_as_rare_as_chance_has_it_or_all(honest, copied, people):
    good = privacy.near_copies(honest)
    assert good.value < 0.03 and good.ceiling < 0.04 and good.low <= good.value <= good.high
    train = people[0]
    blurred = train.assign(**{c: train[c] * 1.0005 for c in ("income", "savings", "height", "weight")})
    near = samples.make(train, people[1], blurred)
    assert privacy.copies(near).value < 0.01 and privacy.near_copies(near).value > 0.9
    assert privacy.near_copies(copied).value == 1


def test_rows_of_few_columns_are_near_only_by_chance():
    """Neither a value that the encoding was fitted on nor equal rows may make an honest sample look like a copy."""
    tables = [mixed(300, seed) for seed in range(3)]
    for columns in (["income", "weight"], ["income"], ["trade"]):
        score = privacy.near_copies(samples.make(*(table[columns] for table in tables)))
        assert all(count["hits"] <= count["allowed"] for count in score.detail["counts"])


def test_what_always_succeeds_says_nothing():
    same = pd.DataFrame({"a": [1.0] * 50, "b": ["x"] * 50})
    linked = privacy.linkability(samples.make(same, same, same))
    assert linked.value is None and "every non-member" in linked.note and linked.reason == "known_of_everybody"


def test_what_succeeds_for_non_members_only_because_they_were_released_is_no_excuse(people):
    leaked = samples.make(people[0][:300], people[1][:300], people[1][:300])
    for metric in (privacy.singling_out, privacy.linkability):
        reason = metric(leaked).reason
        assert reason == "always_right" and reason not in decisions.WITHOUT_MEANING[f"privacy.{metric.__name__}"]


@pytest.mark.parametrize("metric", RISKS)
def test_without_enough_non_members_nothing_is_said(metric):
    assert metric(samples.make(mixed(100), None, mixed(100, 2))).value is None
    few = metric(samples.make(mixed(100), mixed(15, 1), mixed(100, 2)))
    assert few.value is None and "holdout" in few.note


def test_what_links_everybody_is_known_of_everybody_though_few_show_it():
    tables = [pd.DataFrame({"a": ["x"] * n, "b": ["y"] * n}) for n in (36, 24, 60)]
    found = privacy.linkability(samples.make(*tables))
    assert found.value is None and found.reason == "known_of_everybody"


@pytest.mark.parametrize(("missed", "reason"), [(2, None), (0, "always_right"), (12, "always_right")])
def test_what_so_few_non_members_show_by_chance_is_asked_of_all_divisions(missed, reason):
    """Right about all 24 non-members of the released division, and all but so many in each of two others."""
    tables = [mixed(n, seed) for seed, n in enumerate((36, 24, 60))]
    attacked = np.ones(36, bool), np.ones(24, bool)
    compared = divided.repeated(samples.make(*tables), Repeats(attacked, [Division(*tables, attacked)] * 2))

    def attack(one, chosen, seed):
        wrong = 1 if chosen.released.role == "holdout" else missed * (one is not compared)
        return (size := len(chosen.members)), size - wrong, size - wrong

    found = disclosure.excess_risk(compared, 0, 1000, attack)
    assert found.reason == reason and (found.value == 0) == (reason is None)
