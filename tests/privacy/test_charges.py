"""Every kind of question is charged for all that one unit may change of its answer, every release for itself; what asks
more than it charges is caught by name.
"""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from generators import Privacy
from generators.privacy import learning, ledger, noise, queries
from generators.privacy.queries import NoisyQueries

REACH, DELTA = 3, 1e-4
THRESHOLD = noise.threshold_for
ASKED = {  # by kind: the question, and how far one row may move its answer
    "table": (lambda found: found.table("x", np.arange(6), 0.1), 1.0),
    "scores": (lambda found: found.scores("x", np.arange(6), 0.1), math.sqrt(6)),
    "sums": (lambda found: found.sums("x", np.arange(6), 0.1, 5), math.sqrt(5)),
    "labels": (lambda found: found.labels("x", np.arange(6), 0.1, 5, DELTA), 1.0),
}
TOWNS = pd.DataFrame({"town": ["Ulm"] * 900 + ["Bonn"] * 600, "age": [30, 41, 52] * 500})


def check_charges(kind):
    """AssertionError where noise hides one unit of several rows less than is charged."""
    variances, exact = [], noise.noisy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise, "noisy", lambda counts, variance: (variances.append(variance), exact(counts, variance))[1])
        found, (ask, moved) = NoisyQueries(1.0, REACH), ASKED[kind]
        ask(found)
    mu, charged = REACH * moved / math.sqrt(variances[0]), math.sqrt(sum(event.squared for event in found.events))
    assert mu <= charged <= 1.1 * mu, f"{kind}: mu {charged:.3g} is charged for {mu:.3g}"
    assert charged <= math.sqrt(0.1) * (1 + 1e-9), f"{kind}: more than its share is spent"


def check_labels():
    """AssertionError where labels that one unit alone has pass more often than is charged."""
    found = NoisyQueries(1.0, REACH)
    threshold = found.labels("x", np.array([9]), 0.1, 5, DELTA)[1]
    passing = THRESHOLD(5 - 1 + REACH, found.events[0].variance, DELTA / REACH)
    assert threshold >= passing, "labels of one entity pass their threshold"
    assert found.events[0].delta >= DELTA, "delta is spent that nobody charges"


def check_learning():
    """AssertionError where a domain is learnt by other answers than the ledger knows, or from rows beside them."""
    exact, told, asked = noise.noisy, [], []

    def record(counts, variance):
        asked.append(variance)
        told.append(exact(counts, variance))
        return told[-1]

    def learnt(frame, answer):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(noise, "noisy", answer)
            return learning.learn(frame, Privacy(8.0, 1e-4, {}, domain="learn"))

    first = learnt(TOWNS, record)
    assert asked == [event.variance for event in first.events], "rows are asked what no ledger knows"
    replayed = iter(told)
    second = learnt(pd.concat([TOWNS, TOWNS.head(1)]), lambda *_: next(replayed))
    assert second.columns == first.columns, "of the same answers other columns are made"


def check_sums():
    """AssertionError where releases are added up to less than all of them cost."""
    one = ledger.Ledger((ledger.gaussian("t", noise.variance_of(9), delta=1e-7),), 1e-6)
    both = ledger.total([one, one])
    assert math.isclose(both.mu, math.sqrt(2) * one.mu), "equal releases are charged once"
    assert both.lost == 2 * one.lost, "delta is charged once for two releases"


def pairs_charged_as_one_question(monkeypatch):
    monkeypatch.setattr(NoisyQueries, "scores", NoisyQueries.table)


def sums_that_are_longer_than_is_charged(monkeypatch):
    sums = NoisyQueries.sums
    monkeypatch.setattr(NoisyQueries, "sums", lambda found, *asked: sums(found, *asked[:-1], asked[-1] - 2))


def rows_charged_in_place_of_entities(monkeypatch):
    event = queries.gaussian
    monkeypatch.setattr(queries, "gaussian", lambda *asked, **how: event(*asked, **how | {"reach": 1}))


def delta_spent_twice(monkeypatch):
    event = queries.gaussian
    monkeypatch.setattr(queries, "gaussian", lambda *asked, **how: event(*asked, **how | {"delta": DELTA / 2}))


def a_threshold_for_one_row_of_an_entity(monkeypatch):
    monkeypatch.setattr(noise, "threshold_for", lambda count, *how: THRESHOLD(count - REACH + 1, *how))


def exact_counts_of_known_labels(monkeypatch):
    known = learning.LearntLabels.known

    def exact(labels, column):
        return dataclasses.replace(known(labels, column), rows=tuple(labels.rows.sort_values()))

    monkeypatch.setattr(learning.LearntLabels, "known", exact)


def a_question_that_leaves_no_event(monkeypatch):
    monkeypatch.setattr(
        learning, "_left", lambda labels, *_: (noise.noisy(np.ones(2), noise.variance_of(9)), labels)[1]
    )


def equal_releases_counted_once(monkeypatch):
    merged = lambda one, other: ledger.Ledger(tuple({*one.events, *other.events}), one.delta)  # noqa: E731
    monkeypatch.setattr(ledger.Ledger, "__add__", merged)


@pytest.mark.parametrize("kind", ASKED)
def test_a_question_is_charged_for_all_that_a_unit_may_change(kind):
    check_charges(kind)


def test_what_is_learnt_and_what_adds_up_is_charged():
    check_labels(), check_learning(), check_sums()


BROKEN = {
    pairs_charged_as_one_question: (lambda: check_charges("scores"), "is charged for"),
    sums_that_are_longer_than_is_charged: (lambda: check_charges("sums"), "is charged for"),
    rows_charged_in_place_of_entities: (lambda: check_charges("table"), "is charged for"),
    delta_spent_twice: (check_labels, "delta is spent that nobody charges"),
    a_threshold_for_one_row_of_an_entity: (check_labels, "labels of one entity pass"),
    exact_counts_of_known_labels: (check_learning, "of the same answers other columns"),
    a_question_that_leaves_no_event: (check_learning, "what no ledger knows"),
    equal_releases_counted_once: (check_sums, "equal releases are charged once"),
}


@pytest.mark.parametrize("break_it", BROKEN)
def test_what_asks_more_than_it_charges_is_caught_by_name(monkeypatch, break_it):
    check, sentence = BROKEN[break_it]
    break_it(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        check()
