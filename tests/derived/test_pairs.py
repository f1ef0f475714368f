"""Labels that two numbers or two dates decide together are worked out; those that a pair nearly decides are learnt."""

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import Budget, infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.formulas.step_function import StepFunction

BANDS = ["under", "normal", "over", "obese"]


def patients(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Readings at two times and who responded, height, weight and their band, bills and what came late or short."""
    before, height = np.round(rng.normal(140, 12, rows)), np.round(rng.normal(1.7, 0.1, rows), 2)
    due, owed = (
        pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
        rng.integers(9, 500, rows),
    )
    frame = pd.DataFrame({"before": before, "after": np.round(before - rng.normal(8, 9, rows)), "height": height})
    frame["weight"] = np.round(22 * height**2 + rng.normal(8, 12, rows), 1)
    frame = frame.assign(due=due, paid=due + pd.to_timedelta(rng.integers(-20, 30, rows), "D"), owed=owed)
    return with_rules(frame.assign(amount=np.where(rng.random(rows) < 0.6, owed, rng.integers(9, 500, rows))))


def with_rules(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with what its numbers and dates decide."""
    index = frame["weight"] / frame["height"] ** 2
    return frame.assign(
        responder=np.where(frame["before"] - frame["after"] >= 10, "yes", "no"),
        band=np.array(BANDS)[np.digitize(index, [18.5, 25, 30])],
        late=frame["paid"] > frame["due"],
        settled=np.where(frame["amount"] >= frame["owed"], "J", "N"),
    )


@settings(max_examples=5, deadline=None)
@given(rows=st.sampled_from([300, 1500]), seed=st.integers(0, 9999))
def test_labels_of_two_columns_are_found_and_every_row_keeps_them_whatever_is_drawn(rows, seed):
    rng = np.random.default_rng(seed)
    frame = patients(rng, rows)
    table = encoder.fit(frame, infer(frame))
    assert {"responder", "band", "late", "settled"} <= {one.name for one in table.derived}
    table = Encoding.from_dict(json.loads(json.dumps(table.to_dict(), allow_nan=False)))
    tokens = np.stack([rng.integers(0, size, 300) for size in table.layout.sizes], 1)
    drawn = table.decode(tokens, rng.random((300, len(table.known))))
    kept = (
        drawn[["responder", "band", "late", "settled"]] == with_rules(drawn)[["responder", "band", "late", "settled"]]
    )
    assert kept.mean().min() > 0.97  # where between two results a step begins is not known


@settings(max_examples=8, deadline=None)
@given(rows=st.sampled_from([400, 1500]), seed=st.integers(0, 9999))
def test_what_a_pair_nearly_decides_is_learnt(rows, seed):
    rng = np.random.default_rng(seed)
    a, b = np.round(rng.normal(50, 10, (2, rows)), 1)
    kind = rng.integers(0, 3, rows)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": b,
            "soft": a - b + rng.normal(0, 2, rows) > 5,
            "wrong at times": (a > b) ^ (rng.random(rows) < 0.04),
            "kind": np.array(["x", "y", "z"])[kind],
            "width": np.round(rng.normal(10 + 30 * kind, 2), 1),
            "depth": np.round(rng.normal(90 - 30 * kind, 2), 1),
        }
    )
    assert not [one.name for one in encoder.fit(frame, infer(frame)).derived if isinstance(one.formula, StepFunction)]


def test_a_condition_on_what_a_pair_decides_draws_all_that_leads_to_it():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(80, 180, (400, 2)), columns=["before", "after"])
    frame["grade"] = np.digitize(frame["before"] - frame["after"], [-30, 0, 30]) + 1
    model = generators.fit(frame, budget=Budget(steps=20), seed=0)
    drawn = model.sample(150, seed=1, where={"grade": 3})
    apart = drawn["before"] - drawn["after"]
    assert "grade" in model.record["derived"] and (drawn["grade"] == 3).all()
    assert apart.min() < 5 and apart.max() > 25  # grades 3 begin at 0 and end before 30
