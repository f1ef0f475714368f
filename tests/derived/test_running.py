"""Running totals: a balance is that of the row before and an amount, in every synthetic account as in real ones."""

import json

import numpy as np
import pandas as pd
import pytest

import generators
from evaluation import samples
from evaluation.fidelity import within_entities
from generators.contract import Budget
from generators.data.inference import infer
from generators.derived import running
from generators.encoding.encoding import Encoding
from generators.errors import GeneratorError
from pipelines.config.rules import DEFAULT_RULES

IDS = {"account": "identifier"}


def bookings(accounts: int = 60, seed: int = 0) -> pd.DataFrame:
    """Return bookings of accounts with their balance, sorted by the date, as banks write them."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(accounts), rng.integers(4, 12, accounts))
    frame = pd.DataFrame(
        {"account": [f"A-{k * 7 + 1000 + seed}" for k in own], "amount": rng.normal(3, 60, len(own)).round(2)}
    )
    frame["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90 * 86400, len(own)), "s")
    frame = frame.sort_values("at", ignore_index=True)
    opening = frame["account"].map(dict(zip(frame["account"].unique(), rng.normal(900, 300, accounts), strict=True)))
    return frame.assign(balance=(opening.round(2) + frame.groupby("account")["amount"].cumsum()).round(2))


@pytest.fixture(scope="module")
def model():
    frame = bookings()
    return generators.fit(frame, schema=infer(frame, IDS), groups=frame["account"], budget=Budget(steps=2))


def follows(frame):
    steps = frame["balance"] - frame["amount"] - frame.groupby("account")["balance"].shift()
    return (steps.abs() < 0.006)[frame["account"].duplicated()].mean()


def test_a_balance_follows_from_the_row_before(model):
    drawn = model.sample(800, seed=1)
    assert follows(drawn) == 1
    assert drawn.groupby("account")["balance"].first().nunique() > 50  # openings of their own
    assert model.record["derived"]["balance"] == "balance of the row before + amount"
    assert list(drawn) == list(bookings())
    assert drawn["balance"].between(bookings()["balance"].min(), bookings()["balance"].max()).mean() > 0.99


def test_a_part_of_a_sample_has_the_totals_of_the_whole(model):
    whole = model.sample(2400, seed=3).drop(columns="account")
    part = model.sample_part(range(2050, 2400), seed=3)[whole.columns]
    pd.testing.assert_frame_equal(part, whole.iloc[2050:].reset_index(drop=True))
    pd.testing.assert_frame_equal(model.sample(70, seed=3).drop(columns="account"), whole.head(70))


def test_totals_are_kept_with_the_model(model):
    coded = Encoding.from_dict(json.loads(json.dumps(model.encoding.to_dict())))
    assert coded.running == model.encoding.running
    assert (coded.encode(bookings()) == model.encoding.encode(bookings())).all()


def test_totals_fill_gaps_and_take_no_condition(model):
    frame = bookings()
    gaps = frame.assign(balance=frame["balance"].mask(frame.index < 20))
    pd.testing.assert_frame_equal(model.impute(gaps, seed=1), frame)
    with pytest.raises(GeneratorError, match="on the running total 'balance'; ask for 'amount' instead"):
        model.sample(5, where={"balance": "> 0"})


@pytest.mark.parametrize(
    "change", ["subtracted", "later", "two columns", "some steps off", "rounded", "shuffled", "repeated"]
)
def test_what_totals_are_found(change):
    frame = bookings()
    by_account, rng = frame.groupby("account"), np.random.default_rng(0)
    if change == "subtracted":
        frame["amount"] *= -1
    elif change == "later":
        frame["balance"] -= frame["amount"]
    elif change == "two columns":  # as credits and debits, of which a row has one
        frame["debit"] = (-frame["amount"]).where(frame["amount"] < 0)
        frame["amount"] = frame["amount"].where(frame["amount"] >= 0)
    elif change == "some steps off":  # as protection moves extremes
        frame["amount"] = frame["amount"].clip(frame["amount"].quantile(0.01), frame["amount"].quantile(0.99))
    elif change == "rounded":  # each by itself, as what a meter counts
        rest = pd.Series(rng.uniform(-0.005, 0.005, len(frame))).groupby(frame["account"]).cumsum()
        frame["balance"] = (frame["balance"] + rest).round(2)
    elif change == "shuffled":
        frame["balance"] = rng.permutation(frame["balance"])
    else:
        frame["balance"] = by_account["balance"].transform("first")
    found = running.find(frame, infer(frame, IDS), ["account"])
    assert [one.name for one in found] == ([] if change in ("shuffled", "repeated") else ["balance"])
    if found:
        learnt = running.read(frame, found)
        assert (learnt.groupby("account")[found[0].start].nunique() == 1).all()


@pytest.mark.parametrize("lost", [False, True])
def test_the_gate_asks_for_what_follows(lost):
    made = [bookings(seed=seed) for seed in range(3)]
    if lost:
        made[2]["balance"] += np.random.default_rng(0).normal(0, 5, len(made[2])).round(2)
    found = within_entities(samples.make(*made, kinds=IDS))
    assert (found.low < DEFAULT_RULES["fidelity.within_entities"]["at_least"]) == lost
    assert not lost or "follows from 'amount'" in str(found.detail["said"])


def test_lines_are_counted_on_in_each_invoice():
    rng = np.random.default_rng(6)
    counts = rng.integers(1, 6, 150)
    invoices = np.repeat([f"INV-{number:05d}" for number in rng.permutation(90_000)[:150]], counts)
    line = np.concatenate([np.arange(10, 10 * count + 1, 10) for count in counts])
    frame = pd.DataFrame({"invoice": invoices, "line": line, "price": rng.integers(1, 900, len(line)) / 10})
    drawn = generators.fit(frame, budget=Budget(steps=2), groups=frame["invoice"]).sample(400, seed=1)
    assert drawn.groupby("invoice")["line"].agg(lambda own: [*own] == [*range(10, 10 * len(own) + 1, 10)]).all()
