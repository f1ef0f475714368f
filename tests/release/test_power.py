"""Power: what few rows would leave unnoticed is said, and refuses beyond a limit that only the owner lifts."""

from dataclasses import replace

import pytest

from evaluation.scores import Reason, Score
from evaluation.summaries import verdicts
from pipelines import config
from pipelines.config import rules
from pipelines.release import gate
from pipelines.run.artifacts import LaunderError
from tests.release.test_gate import DIGEST, GOOD, failed, report

RULES = rules.merged({}, "tabular")


def rate(members, non_members, value=0.0):
    return Score(value, value, value, 0.01, 0.01, "lower", {"members": members, "non_members": non_members})


def decided(gated=RULES, **changes):
    return gate.decide(report(**changes), gated, DIGEST)


def note(decision, name):
    return next(reason["note"] for reason in decision.reasons if reason["score"] == name)


def test_every_rule_that_counts_says_the_smallest_leak_it_would_notice():
    decision = decided(privacy__membership=rate(400, 100))
    assert decision.passed and failed(decision) == []
    said = {r["score"]: r["note"] for r in decision.reasons if "notic" in r["note"]}
    bound = next(reason["bound"] for reason in decision.reasons if reason["score"] == "privacy.membership")
    assert 0.1 < bound < 0.15  # what chance reaches of 400 members beside 100 non-members
    assert f"Up to {int(400 * bound)} of 400 could leak without this rule noticing." in said["privacy.membership"]
    assert said["privacy.identifiers"] == "A single one would be noticed."
    assert {"privacy.copies", "privacy.membership_vulnerable"} < set(said)


@pytest.mark.parametrize(("holdout", "passes"), [(20, False), (30, False), (50, True), (114, True)])
def test_few_rows_refuse_as_underpowered_unless_the_owner_accepts(holdout, passes):
    few = {"privacy__membership": rate(4 * holdout, holdout)}
    decision = decided(**few)
    assert failed(decision) == ([] if passes else ["unnoticed"])
    assert gate.reopen(decision.verdict()).verdict() == decision.verdict()
    accepted = config.RunConfig.model_validate({"source": "x.csv", "gate": {"unnoticed": None}}).rules
    assert decided(accepted, **few).passed
    stricter = config.RunConfig.model_validate({"source": "x.csv", "gate": {"unnoticed": {"at_most": 0.1}}}).rules
    assert not decided(stricter, **few).passed


def test_the_verdict_says_that_it_is_underpowered_and_what_to_do():
    decision = decided(privacy__membership=rate(80, 20))
    assert "Underpowered: privacy.membership could miss" in note(decision, "unnoticed")
    said = verdicts.summary(decision.verdict(), {"synthetic": 80, "train": 80, "holdout": 20})
    assert said.startswith("These data may not leave, for the test of them is underpowered.")
    assert "rows that are too few to notice a leak by" in said
    assert verdicts.remedies(decision.reasons)[-1].endswith("--set gate.unnoticed=null.")


def test_what_is_excused_because_rows_are_too_few_notices_nothing():
    silent = Score(None, note="Likeness takes 100 real rows.", reason=Reason.TOO_FEW_ROWS)
    decision = decided(privacy__near_copies=silent)
    assert failed(decision) == ["unnoticed"] and "not tested on so few" in note(decision, "unnoticed")


def test_the_most_isolated_are_counted_among_all_training_rows():
    score = rate(50, 50)  # of 50 isolated rows, 31 % may be recognised by chance: 15 of 5,000
    assert "of 5,000 could leak" in note(decided(privacy__membership_vulnerable=score), "privacy.membership_vulnerable")
    assert GOOD["privacy.membership"].detail["members"] == 5000


def test_a_bound_that_nothing_can_exceed_notices_nothing_but_what_succeeds_for_strangers_too():
    wide = Score(0.4, 0.0, 1.0, 0.0, 0.0, "lower", {"guesses": 40})  # the half-width is .6, three times it 1.8
    assert failed(decided(privacy__linkability=wide)) == ["unnoticed"]
    usual = replace(wide, detail={"guesses": 40, "non_members_hit": 32})
    assert failed(decided(privacy__linkability=usual)) == []


def test_copies_that_an_attack_would_recognise_do_not_go_unnoticed():
    count = {"hits": 0, "of": 50, "expected": 0.0, "allowed": 14, "sentence": ""}
    copies = replace(GOOD["privacy.copies"], detail={"counts": [count]})
    assert failed(decided(privacy__copies=copies)) == []
    assert failed(decided(privacy__copies=copies, privacy__membership=rate(60, 30))) == ["unnoticed"]


def test_a_rule_that_is_taken_away_needs_no_power():
    gated = {name: rule for name, rule in RULES.items() if not name.startswith("privacy.membership")}
    assert decided(gated, privacy__membership=rate(80, 20)).passed


def test_counts_of_single_values_are_no_counts_of_rows():
    few = {"counted": "rare values", "hits": 0, "of": 7, "expected": 1.0, "allowed": 5, "sentence": "0 of 7."}
    score = Score(0.0, 0.0, 0.0, 0.0, 1.0, "lower", {"counts": [few], "values": 7})
    assert decided(privacy__rare_values=score).passed


def test_a_bound_that_the_owner_stated_is_not_widened_by_few_rows():
    stated = RULES | {"privacy.membership": {"at_most": 0.6}}
    decision = decided(stated, privacy__membership=rate(80, 20))
    assert decision.passed and "Up to 48 of 80 could leak" in note(decision, "privacy.membership")


@pytest.mark.parametrize("bound", [{"at_least": 0.1}, {"at_most": 1.5}, {"at_most": -1}])
def test_a_limit_that_is_no_share_is_told(bound):
    wrong = config.RunConfig.model_validate({"source": "x.csv", "gate": {"unnoticed": bound}}).rules
    with pytest.raises(LaunderError, match=r"gate\.unnoticed: .* null to accept"):
        rules.check(wrong)
