"""An audit finds what is charged and no more; mechanisms that are broken on purpose are each caught."""

import dataclasses
import random
import runpy

import numpy as np
import pandas as pd
import pytest

import generators
from generators.marginals import histograms, measuring
from generators.privacy import entropy, noise
from generators.tabular import marginals
from tests.privacy import auditing


def test_an_audit_finds_what_is_charged_and_no_more():
    auditing.check_cost()
    assert auditing.fit(auditing.ROWS).charged.mu <= np.sqrt(auditing.SQUARED) * (1 + 1e-9)


@pytest.mark.parametrize("value", ["unlisted", "x", None, np.inf, 10**30, ""])
def test_one_row_of_any_kind_changes_answers_alone(value):
    """Record and replay: a new category, a missing value, a new maximum lead to the same questions and results."""
    row = pd.DataFrame({"a": [value], "b": [value]}, dtype=object)
    auditing.check_replay(pd.concat([auditing.ROWS.astype(object), row], ignore_index=True))


def noise_off(monkeypatch):
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: counts)


def a_person_of_five_rows(monkeypatch):
    more = pd.concat([auditing.MORE, *[auditing.MORE.tail(1)] * 4], ignore_index=True)
    monkeypatch.setattr(auditing, "MORE", more)


def noise_of_half_the_size(monkeypatch):
    exact = noise.noisy
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: exact(counts, variance / 4))


def budget_that_is_reset_on_resume(monkeypatch):
    exact = noise.noisy  # a run that was killed asks again: its answers are kept, what they cost is not
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: sum(exact(counts, variance) for _ in range(3)) / 3)


@pytest.mark.parametrize(
    "break_it", [noise_off, a_person_of_five_rows, noise_of_half_the_size, budget_that_is_reset_on_resume]
)
def test_a_mechanism_that_costs_more_than_it_charges_is_caught(monkeypatch, break_it):
    break_it(monkeypatch)
    monkeypatch.setattr(auditing, "FITS", 150)
    with pytest.raises(AssertionError, match="costs more than is charged"):
        auditing.check_cost()


def categories_read_from_rows(monkeypatch):
    learn = histograms.learn

    def private(values, column, *asked):
        return learn(values, dataclasses.replace(column, categories=tuple(values.unique())), *asked)

    monkeypatch.setattr(marginals.histograms, "learn", private)


def exact_number_of_rows(monkeypatch):
    whole = measuring.fit
    exact = lambda codes, *rest: dataclasses.replace(whole(codes, *rest), rows=len(codes[0]))  # noqa: E731
    monkeypatch.setattr(marginals.measuring, "fit", exact)


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [(categories_read_from_rows, "what is asked"), (exact_number_of_rows, "what is made of the same answers")],
)
def test_a_fit_that_looks_at_rows_beside_its_questions_is_caught(monkeypatch, break_it, sentence):
    break_it(monkeypatch)
    with pytest.raises(AssertionError, match=f"one row changes {sentence}"):
        auditing.check_replay()


def check_fresh_noise():
    privacy = generators.Privacy(20.0, 1e-2, auditing.COLUMNS)
    rows = pd.DataFrame({"a": ["x"] * 200, "b": [True, False] * 100})
    told = [generators.fit(rows, "tabular.marginals", privacy=privacy, seed=5) for _ in range(2)]
    first, second = ({k: v.tolist() for k, v in one.model.state_dict().items()} for one in told)
    assert first != second, "the seed tells the noise"


def test_noise_is_the_operating_systems_where_no_test_sets_another():
    assert type(runpy.run_path(entropy.__file__)["SYSTEM"]) is random.SystemRandom


def test_the_users_seed_is_not_the_seed_of_the_noise(monkeypatch):
    check_fresh_noise()
    measure = marginals.measure

    def seeded(*asked):
        monkeypatch.setattr(entropy, "SYSTEM", random.Random(5))
        return measure(*asked)

    monkeypatch.setattr(marginals, "measure", seeded)
    with pytest.raises(AssertionError, match="the seed tells the noise"):
        check_fresh_noise()


def test_a_fit_that_was_killed_leaves_no_answer_and_is_charged_as_an_uninterrupted_one(monkeypatch, tmp_path):
    privacy, rows = generators.Privacy(20.0, 1e-2, auditing.COLUMNS), pd.concat([auditing.ROWS] * 20)
    fitting = {"privacy": privacy, "checkpoint": tmp_path / "checkpoint"}
    whole, answers = generators.fit(rows, "tabular.marginals", **fitting), iter(range(2))
    exact = noise.noisy
    with monkeypatch.context() as killed, pytest.raises(StopIteration):
        killed.setattr(noise, "noisy", lambda *asked: (next(answers), exact(*asked))[1])
        generators.fit(rows, "tabular.marginals", **fitting)
    assert not (tmp_path / "checkpoint").exists()
    assert generators.fit(rows, "tabular.marginals", **fitting).ledger.epsilon == whole.ledger.epsilon
