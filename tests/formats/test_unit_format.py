"""Amounts in several units are told from codes, and come back in the unit that they had."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators import Budget, fit
from generators.data import parts
from generators.data.inference import infer
from generators.data.schema import Schema
from generators.formats import unit_format
from generators.formats.unit_format import UnitFormat

ROWS = 300
UNITS = ["$#", "€#", "# USD", "#%", "<#", "≥ #", "# kg", "# lbs", "#+", "#"]


@given(st.lists(st.integers(1, 10**6), min_size=2), st.sets(st.sampled_from(UNITS), min_size=2))
def test_units_of_any_amounts_are_found_and_written_again(numbers, units):
    texts = Counter({unit.replace("#", f"{n:,}"): 5 for n in numbers for unit in units})
    form = unit_format.infer(texts)
    if form is None:  # numbers of as many digits in units that codes have too
        assert not units & {"$#", "€#", "# USD", "#%", "<#", "≥ #"} and max(numbers) < 1000
        return
    assert {*form.units} == units and [form.join(form.split(text) or []) for text in texts] == [*texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["A12", "B7", "C45"],
        ["12 Main St", "7 Elm Rd"],
        ["1001 A", "1002 B", "1003 A"],  # codes, of as many digits
        ["21st", "32nd", "103rd", "4th"],
        ["120/80", "95/60"],
        ["12 kg", "9 kg"],  # one unit
        ["low", "high"],
        [],
    ],
)
def test_other_texts_have_no_units(texts):
    assert unit_format.infer(dict.fromkeys(texts, 9)) is None


def test_numbers_that_are_another_in_each_row_are_no_amounts():
    counted = {f"{k} {'AB'[k % 2]}": 1 for k in range(1, 300)}
    assert unit_format.infer(counted) is None and unit_format.infer(dict.fromkeys(counted, 2)) is not None


@pytest.mark.parametrize(
    ("texts", "number", "unit"), [("1 200,50 €", "1 200,50", "# €"), ("-$3.10", "3.10", "-$#"), ("< 0.5", "0.5", "< #")]
)
def test_the_text_around_a_number_is_its_unit(texts, number, unit):
    form = unit_format.infer({texts: 9, "7 EUR": 9})
    assert form is not None and form.split(texts) == [number, unit] and form.split("7 CHF") is None


def test_a_stored_format_is_read_again():
    assert UnitFormat.of({"units": ["$#", "€#"]}) == UnitFormat(("$#", "€#"))


def test_models_learn_which_amounts_a_unit_has():
    rng = np.random.default_rng(0)
    pounds = rng.random(ROWS) < 0.4
    weight = rng.normal(75, 8, ROWS)
    texts = [f"{2.2 * w:.0f} lbs" if p else f"{w:.0f} kg" for w, p in zip(weight, pounds, strict=True)]
    frame = pd.DataFrame({"weight": ["refused", *texts[1:]], "abroad": pounds, "tall": weight + rng.normal(0, 1, ROWS)})
    frame.loc[:9, "weight"] = "refused"
    schema = infer(frame)
    assert schema.flat.names == ["weight [number]", "weight [unit]", "abroad", "tall"]
    assert Schema.from_dict(schema.to_dict()) == schema
    assert parts.joined(parts.split(frame, schema), schema)["weight"].equals(frame["weight"])
    drawn = fit(frame, schema=schema, seed=0, budget=Budget(steps=5)).sample(ROWS, seed=1)
    made = drawn["weight"].str.extract(r"^(\d+) (kg|lbs)$").dropna()
    assert len(made) > 0.85 * ROWS and ((made[0].astype(int) > 115) == (made[1] == "lbs")).mean() > 0.85  # .52 if apart
    assert ((made[1] == "lbs") == drawn.loc[made.index, "abroad"]).mean() > 0.9
