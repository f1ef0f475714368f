"""A search over generators: successive halving, what is refused before it starts, and a run that was killed in it."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import config
from pipelines.augment import steps as augmenting
from pipelines.run.artifacts import LaunderError
from pipelines.search import checks, halving, short_runs, words
from pipelines.search.halving import ShortRun
from tests import runs
from tests.pipelines.conftest import FEW

BOTH = "generator.search=[tabular.marginals, tabular.autoregressive]"


def tried(*figures, **same):
    return [ShortRun(k, f"tabular.{k}", **same, **own) for k, own in enumerate(figures)]


@given(st.integers(2, 40))
def test_short_runs_take_half_of_the_budget_however_many_they_are(count):
    left, spent, rounds = count, 0.0, 0
    while left > 1:
        spent, rounds = spent + left * halving.share(count, left), rounds + 1
        left = len(halving.kept(tried(*({"likeness": float(k)} for k in range(left)))))
    assert left == 1 and rounds == halving.rounds(count) and math.isclose(spent, halving.SEARCH_SHARE)


@given(st.permutations(range(5)), st.sampled_from(["higher", "lower"]))
def test_the_best_of_those_that_do_not_remember_goes_on(order, better):
    found = tried(*({"likeness": float(k)} for k in order), better=better)
    best = order.index(4 if better == "higher" else 0)
    assert halving.ranked(found)[0].candidate == best and best in halving.kept(found)
    found[best] = replace(found[best], auc=halving.MOST_ATTACK + 0.01)
    assert halving.ranked(found)[-1].candidate == best and best not in halving.kept(found)
    found[best] = replace(found[best], refused="expected this, found that")
    assert best not in [run.candidate for run in halving.ranked(found)]


def test_losses_are_compared_where_they_are_likelihoods_of_the_same_rows():
    losses = [{"loss": 2.0, "likeness": 0.9}, {"loss": 1.0, "likeness": 0.1}]
    assert [run.candidate for run in halving.ranked(tried(*losses, scale="likelihood"))] == [1, 0]
    mixed = [{**own, "scale": f"of family {k}"} for k, own in enumerate(losses)]
    assert [run.candidate for run in halving.ranked(tried(*mixed))] == [0, 1]


def test_steps_that_an_early_stop_has_saved_are_the_winners():
    found = tried({"spent": 0.25, "whole": 1000}, {"spent": 0.05, "whole": 1000})
    assert halving.rest(config.Budget(steps=1000), found, found[1]) == {"steps": 700}
    assert halving.rest(config.Budget(minutes=10), found, found[1]) == {"minutes": 7.0}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["generator.search=[tabular.marginals]"], "expected several generators under generator.search, found one"),
        (["generator.search=[tabular.gan, tabular.gan]"], "found 'tabular.gan' twice"),
        (["generator.search=[tabular.gan, image.gan]"], "expected generators of one kind of data"),
        ([BOTH, "generator.name=tabular.gan"], "expected name and options, or search, under generator, found both"),
        ([BOTH, "generator.options.width=64"], "expected name and options, or search, under generator, found both"),
        (["generator.search=[tabular.gan, tabular.gann]"], "did you mean 'tabular.gan'?"),
        (["generator.search=[tabular.gan, {name: tabular.gan, options: {widht: 3}}]"], "'widht'"),
        ([BOTH, "privacy.epsilon=3"], "the choice among them would look at rows that no ledger pays for"),
        ([BOTH, "budget.steps=30"], "expected budget.steps of at least 40 for a search over 2 generators, found 30"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(released, settings, words):
    with pytest.raises(LaunderError) as raised:
        config.load(released.config.source.path, settings)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_what_takes_one_generator_refuses_a_search(released):
    loaded = config.load(released.config.source.path, [BOTH])
    with pytest.raises(LaunderError, match="expected one generator for an augmentation, found a search over 2"):
        augmenting.check_generators(loaded)
    with pytest.raises(LaunderError, match="expected one generator for launder fit, found a search over 2"):
        checks.check_one(loaded, "launder fit")


def test_a_search_that_was_killed_goes_on_and_its_winner_is_as_if_it_had_been_named(released, tmp_path, monkeypatch):
    measured, done = short_runs._measured, []
    told, ended_words = [], words.ended
    monkeypatch.setattr(words, "ended", lambda *run: told.append(ended_words(*run)))

    def dying(asked, own, k, *rest):
        if k == 1:
            raise KeyboardInterrupt
        return measured(asked, own, k, *rest)

    monkeypatch.setattr(short_runs, "_measured", dying)
    settings = [*FEW, BOTH, "budget.steps=40"]
    loaded = config.load(released.config.source.path, settings, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        runs.launder(loaded)
    monkeypatch.setattr(short_runs, "_measured", lambda *asked: done.append(asked[2]) or measured(*asked))
    ended = runs.launder(loaded, steps := [], ran := {})
    assert done == [1] and steps[0] == "search" and ran["search"] == set()
    assert [line.partition(" steps")[0] for line in told] == [  # as each ends, once
        "round 1, 1. tabular.marginals: 1",
        "round 1, 2. tabular.autoregressive: 10",
    ]
    _told_whole(tmp_path / "out" / "releases" / ended["id"], ended)
    winner = ended["search"]["rounds"][0][ended["search"]["winner"]]["name"]
    named = [f"generator.name={winner}", *(f"budget.{key}={n}" for key, n in ended["search"]["budget"].items())]
    runs.launder(config.load(loaded.source.path, [*FEW, *named], tmp_path / "out"), again := [])
    assert ended["generator"] == winner and again == ["decide"]  # the same model and rows, of another configuration


def _told_whole(place, ended):
    """Every candidate stands in the report, the manifest and what the terminal says."""
    manifest, report = (json.loads((place / name).read_text()) for name in ("manifest.json", "report.json"))
    assert manifest["search"] == ended["search"] and manifest["generator"] == ended["generator"]
    said = words.of_runs(ended["search"])
    assert report["card"]["search"] == said and len(said) == 2
    assert "chosen, and trained to the end" in (place / "report.html").read_text()
