"""Conditions: exact for every kind of column and operator, in every tabular family, alone and with constraints."""

import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import generators
from generators import Budget, fit
from generators.errors import GeneratorError
from generators.sampling.domains import Every
from tests import chunks

FAMILIES = [name for name in generators.names() if name.startswith("tabular.")]
ROWS = 40
COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "!=": operator.ne}
NUMBERS = ["age", "weight"]


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    n = 700
    first = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 1500, n), unit="D")
    table = pd.DataFrame(
        {
            "city": rng.choice(["Rome", "Milan", "Bari", ">50K", "a|b"], n),
            "age": rng.integers(16, 90, n),
            "price": rng.gamma(2, 50, n).round(2),
            "weight": rng.normal(70, 9, n),
            "start": first.strftime("%d.%m.%Y"),
            "seen": first + pd.to_timedelta(rng.integers(0, 86_400, n), unit="s"),
            "at": [f"{h:02d}:{m:02d}" for h, m in zip(rng.integers(0, 24, n), rng.integers(0, 60, n), strict=True)],
            "ok": rng.choice([True, False], n),
            "a=b": rng.choice(["x", "y"], n),
            "visits": rng.integers(0, 9, n),
        }
    )
    table["total"] = table["age"] + table["visits"]
    table["zone"] = table["seen"].dt.tz_localize("Europe/Berlin", ambiguous=False, nonexistent="shift_forward")
    table.loc[rng.random(n) < 0.2, "weight"] = np.nan
    return table


@pytest.fixture(scope="module")
def models(frame):
    with chunks.of_rows(128):
        return {name: fit(frame, name, budget=Budget(steps=15), seed=0) for name in FAMILIES}


@pytest.fixture
def few_candidates():
    with chunks.of_rows(128):
        yield


@pytest.fixture(scope="module")
def model(models):
    return models["tabular.autoregressive"]


def day(values):
    return pd.to_datetime(values, format="%d.%m.%Y")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_kind_of_condition_holds_in_every_family(models, name, few_candidates):
    def drawn(**where):
        return models[name].sample(ROWS, seed=1, where=where)

    one = drawn(city="Rome|Milan", age=Every((">=30", "<=60")), price="20..240.5", ok="true", at="06:00..20:30")
    assert (
        set(one["city"]) <= {"Rome", "Milan"}
        and one["age"].between(30, 60).all()
        and one["price"].between(20, 240.5).all()
    )
    assert one["ok"].all() and one["at"].between("06:00", "20:30").all()
    two = drawn(
        city=[">50K", "a|b", "Rome"], seen="2020-02-01..2021-06-30T12:00:00", zone="<2023-01-01", start=">=05.05.2019"
    )
    assert set(two["city"]) <= {">50K", "a|b", "Rome"} and two["seen"].between("2020-02-01", "2021-06-30T12:00").all()
    assert (day(two["start"]) >= "2019-05-05").all() and two["zone"].max() < pd.Timestamp(
        "2023-01-01", tz="Europe/Berlin"
    )
    three = drawn(**{"start": "05.05.2020", "a=b": "x", "weight": "", "city": "!=Rome"})
    assert (three["start"] == "05.05.2020").all() and (three["a=b"] == "x").all() and three["weight"].isna().all()
    assert "Rome" not in set(three["city"])


@pytest.mark.parametrize("name", FAMILIES)
def test_constraints_hold_with_a_condition_on_a_label_in_every_family(models, name, few_candidates):
    rules = ["visits < age", "if city == 'Rome' then age >= 30", "total >= age", "2 * visits + 1 <= total"]
    drawn = models[name].sample(ROWS, seed=2, where={"ok": "true"}, constraints=rules)
    assert len(drawn) == ROWS and drawn["ok"].all() and (drawn["total"] >= drawn["age"]).all()
    assert (drawn.loc[drawn["city"] == "Rome", "age"] >= 30).all() and (2 * drawn["visits"] + 1 <= drawn["total"]).all()


def test_a_sum_holds_in_every_row_although_few_candidates_keep_it(model):
    drawn = model.sample(300, constraints=["age + visits == total", "if ok == true then visits > 3 and city != 'Bari'"])
    assert (drawn["age"] + drawn["visits"] == drawn["total"]).all()
    assert (drawn.loc[drawn["ok"], "visits"] > 3).all() and (drawn.loc[drawn["ok"], "city"] != "Bari").all()


@st.composite
def conditions(draw):
    """A condition on a number, as text, and what tells whether a value meets it."""
    low, width = draw(st.floats(58, 78)), draw(st.floats(3, 30))  # where both columns have rows
    low, high = round(low, draw(st.integers(0, 2))), round(low + width, 2)
    if draw(st.booleans()):
        return f"{low}..{high}", lambda v: (v >= low) & (v <= high)
    sign = draw(st.sampled_from(sorted(COMPARE)))
    return f"{sign}{low}", lambda v: COMPARE[sign](v, low)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    asked=conditions(),
    column=st.sampled_from(NUMBERS),
    sign=st.sampled_from(["<", "<=", ">", ">="]),
    factor=st.sampled_from([2, 9, 4.5]),
)
def test_every_row_meets_every_condition_and_constraint(models, asked, column, sign, factor):
    text, met = asked
    drawn = models["tabular.autoencoder"].sample(
        15, where={column: text}, constraints=[f"{factor} * visits + 30 {sign} price"]
    )
    assert len(drawn) == 15 and met(drawn[column]).all()
    assert COMPARE[sign](factor * drawn["visits"] + 30, drawn["price"]).all()


@pytest.mark.parametrize("n", [2.5, 3.0, "3", -1, None, True])
def test_what_is_no_number_of_rows_is_said_in_a_sentence(model, n):
    with pytest.raises(GeneratorError, match="expected a whole number of rows from 0 on, found "):
        model.sample(n)


def test_the_rest_is_distributed_as_in_rows_that_happen_to_meet_it(model):
    free = model.sample(12_000, seed=3)
    kept = free[free["age"].between(30, 47) & free["city"].isin(["Rome", "Bari"])]
    held = model.sample(2000, seed=4, where={"age": "30..47", "city": "Rome|Bari"})
    assert abs(kept["age"].mean() - held["age"].mean()) < 0.1 * kept["age"].std()
    assert abs(kept["price"].mean() - held["price"].mean()) < 0.15 * kept["price"].std()
    assert abs((kept["city"] == "Rome").mean() - (held["city"] == "Rome").mean()) < 0.06


def test_a_rare_range_is_drawn_by_masks_with_the_shares_that_rejection_gives(model):
    free = model.sample(40_000, seed=5)
    kept = free[(free["age"] >= 86) & (free["visits"] >= 7)]
    held = model.sample(600, seed=6, where={"age": ">=86", "visits": ">=7"})
    assert (held["age"] >= 86).all() and (held["visits"] >= 7).all() and len(kept) > 100
    assert abs((kept["visits"] == 8).mean() - (held["visits"] == 8).mean()) < 0.15
    assert abs(kept["weight"].isna().mean() - held["weight"].isna().mean()) < 0.1


def test_rows_do_not_depend_on_how_many_are_drawn(model):
    asked = {"where": {"age": ">=60"}, "constraints": ["visits < age"]}
    pd.testing.assert_frame_equal(model.sample(2100, **asked).head(20), model.sample(20, **asked))


@pytest.mark.parametrize(
    ("where", "constraints", "sentence"),
    [
        ({"age": 30.5}, (), "training rows could hold"),
        ({"age": "old"}, (), "a number beside column 'age'"),
        ({"start": "2020-13-01"}, (), "a date in its own format"),
        ({"age": Every((30, 31))}, (), "meet together"),
        ({"city": Every(("Rome", "Milan"))}, (), "meet together"),
        ({"age": 30}, ["age < 20"], "a condition and constraints"),
        ({"age": ">=80", "total": "<50"}, ["age <= total"], "meet together"),
        ({"city": "Paris"}, (), "a category that column 'city' has"),
        ({"ages": 3}, (), "one of the columns"),
        ({"age": ""}, (), "a missing one"),
    ],
)
def test_what_cannot_be_met_is_a_sentence(model, where, constraints, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.sample(5, where=where, constraints=constraints)
