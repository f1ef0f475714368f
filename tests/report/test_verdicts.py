"""A verdict in plain words: numbers worked by hand, remedies in order, nothing said that was not tested."""

from evaluation.summaries import blame, verdicts
from generators.training import loop
from pipelines.config import rules

ROWS = {"synthetic": 3000, "train": 2400, "holdout": 600}


def reason(score, value, bound, *, passed, estimate=None, rule="at most 0.05", note=""):
    return {
        "score": score,
        "rule": rule,
        "value": value,
        "bound": bound,
        "estimate": estimate,
        "passed": passed,
        "note": note,
    }


LEAK = reason("privacy.membership", 0.0712, 0.05, passed=False, estimate=0.031)
UNLIKE = reason("fidelity.shape", 0.61, 0.8, passed=False, estimate=0.64, rule="at least 0.8 or ceiling")
FINE = reason("privacy.copies", 0.0, 0.0015, passed=True, estimate=0.0)
SILENT = reason("utility.target", None, None, passed=True, note="No target column is named.")


def test_a_rule_is_a_sentence_with_its_numbers():
    said = verdicts.sentence(LEAK)
    assert (
        said == "At most 5.0 % of training rows recognised as such, at 1 % false accusations; found 3.1 %, up to 7.1 %."
    )
    assert verdicts.sentence(UNLIKE) == "At least 80.0 % likeness of single columns; found 64.0 %, down to 61.0 %."
    assert verdicts.sentence(FINE).endswith("found 0.0 %.")
    near = UNLIKE | {"estimate": 0.819, "value": 0.8076, "bound": 0.8079}
    assert verdicts.sentence(near) == "At least 80.79 % likeness of single columns; found 81.90 %, down to 80.76 %."
    assert verdicts.sentence(SILENT).endswith("not measured. No target column is named.")


def test_every_rule_of_the_gate_has_words_and_something_to_do():
    for name in {**rules.DEFAULT_RULES, **rules.IMAGE_RULES, **rules.MODEL_RULES}:
        assert name in verdicts.COUNTED_WORDS, name
        assert verdicts.remedies([reason(name, 1.0, 0.5, passed=False)]), name


def test_the_paragraph_says_what_was_decided_and_what_was_not_tested():
    refused = verdicts.summary({"reasons": [LEAK, UNLIKE, FINE]}, ROWS)
    assert refused.startswith(
        "These data may not leave. All 3 rules were checked on 3,000 synthetic, 2,400 training and 600 unseen"
    )
    assert "; 2 did not hold, 1 of them about privacy: training rows recognised" in refused
    assert "1 did not hold, none about privacy: " in verdicts.summary({"reasons": [UNLIKE, FINE]}, ROWS)
    passed = verdicts.summary({"reasons": [FINE, SILENT]}, ROWS)
    assert (
        passed.startswith("These data may leave. 1 of 2 rules were checked")
        and "The others have no meaning for these data" in passed
        and "no proof" in passed
    )


def test_what_to_do_is_said_once_and_the_most_useful_first():
    both = verdicts.remedies([LEAK, reason("privacy.near_copies", 0.4, 0.05, passed=False), FINE])
    assert len(both) == len(set(both)) and both[0].startswith("Give more rows")
    rows = [remedy for remedy in verdicts.remedies([LEAK, UNLIKE]) if remedy.startswith("Give more rows")]
    assert rows == [verdicts.MORE_ROWS]
    assert verdicts.remedies([FINE, SILENT]) == []
    wrong = reason("inputs.repeats", 0.4, 0.05, passed=False, note="400 of 1,000 real rows stand there twice.")
    assert verdicts.sentence(wrong) == wrong["note"]
    assert verdicts.remedies([LEAK, UNLIKE, wrong])[0].startswith("Remove the repeated rows")


def test_advice_names_the_columns_that_the_reasons_name():
    lost = {"the decimals of 'ndi'": 0.4, "ndi / cpi": 0.9, "cpi, by others": 0.2}
    assert blame.of_score({"lost": lost, "by_chance": {"ndi / cpi": 0.8}}, {"ndi", "cpi"}) == ["ndi"]
    assert blame.of_score({"lost": {"ndi / cpi": 0.9}, "by_chance": {}}, {"ndi", "cpi"}) == ["ndi", "cpi"]
    assert blame.of_score({"lost": {"ndi": 0.1}, "by_chance": {"ndi": 0.2}}, {"ndi"}) == []
    named = UNLIKE | {"columns": ["ndi", "the rate"]}
    assert verdicts.sentence(named).endswith("down to 61.0 %. Worst of 'ndi', 'the rate'.")
    first = verdicts.remedies([LEAK, named])[0]
    assert first.startswith("Look at 'ndi', 'the rate' in the report: ") and "columns.ndi: KIND" in first
    assert "columns.NAME=drop" in " ".join(verdicts.remedies([LEAK, named]))  # of another reason


def test_the_generator_that_was_used_is_not_recommended():
    named = "--set generator.name=tabular.autoregressive"
    for used, told in (("tabular.autoregressive", False), ("tabular.gan", True), (None, True)):
        assert any(named in remedy for remedy in verdicts.remedies([UNLIKE], used)) == told


def test_more_training_is_recommended_only_where_it_was_cut_short():
    whole = (loop.CONVERGED, loop.REMEMBERS, "after one pass over the rows", None)
    for stopped, told in {loop.TIME_USED: True, loop.ALL_STEPS: True, **dict.fromkeys(whole, False)}.items():
        assert any("Train longer" in remedy for remedy in verdicts.remedies([UNLIKE], None, stopped)) == told


def test_no_remedy_is_one_that_did_not_help_where_it_was_measured():
    said = " ".join(remedy for key in verdicts.REMEDIES for remedy in verdicts.REMEDIES[key])
    assert not [word for word in ("weight_decay", "budget.steps", "protect.") if word in said]


def test_a_model_that_remembers_is_said_to_stay_inside_also_where_the_data_pass():
    leak = reason(
        "privacy.membership_model",
        0.41,
        0.05,
        passed=False,
        estimate=0.3,
        note="Area under the attack's ROC curve: 0.81.",
    )
    said = verdicts.of_model({"reasons": [FINE], "model": [leak]})
    assert (
        said.startswith("The model must stay inside") and "30.0 %" in said and "up to 41.0 %" in said and "0.81" in said
    )
    fine = verdicts.of_model({"model": [reason("privacy.membership_model", 0.03, 0.05, passed=True, estimate=0.01)]})
    assert fine.startswith("The model remembers no more than chance explains: 1.0 % of training rows")
    silent = verdicts.of_model(
        {"model": [reason("privacy.membership_model", None, None, passed=True, note="There is no model.")]}
    )
    assert "not measured. There is no model." in silent
    assert verdicts.of_model({"reasons": [FINE]}) == ""
