"""docs/metrics.md says what the docstrings and the gate say."""

import inspect
from pathlib import Path

import pytest

import evaluation
from evaluation.summaries import words
from pipelines.config import rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


NAMES = (*evaluation.names(), *evaluation.names("image"))


def docstring(name):
    return " ".join(inspect.getdoc(evaluation.load(name)).split())


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_documented_in_its_own_words(name):
    assert f"- **`{name}`**: {docstring(name)}\n" in PAGE
    assert name in words.METRICS, "the report needs a heading and a meaning"


def test_no_metric_is_documented_that_does_not_exist():
    assert {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("- **`")} == set(NAMES)
    assert set(words.METRICS) == {*NAMES, words.GUARANTEE}  # which the ledger says, no metric


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_say_direction_and_range_or_refer_to_one_that_does(name):
    text = docstring(name)
    assert text.startswith("As `") or "lower better" in text or "higher better" in text or "0.5 is ideal" in text


def test_the_default_rules_are_those_of_the_gate():
    for name, rule in (rules.DEFAULT_RULES | rules.IMAGE_RULES | rules.MODEL_RULES).items():
        word = "at least" if "at_least" in rule else "at most"
        text = f"{word} {rule.get('at_least', rule.get('at_most')):g} {rule.get('relative', '')}".strip()
        assert f"| `{name}` | {text} |\n" in PAGE
