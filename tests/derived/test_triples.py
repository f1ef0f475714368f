"""Columns that three others give, also where a missing one counts as 0."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding

GIVEN = {
    "a + b + c": lambda a, b, c: a + b + c,
    "(a + b + c) / 3": lambda a, b, c: (a + b + c) / 3,
    "a * b + c": lambda a, b, c: a * b + c,
    "a * b * (1 - c / 100)": lambda a, b, c: a * b * (1 - c / 100),
    "(a - b) * c": lambda a, b, c: (a - b) * c,
    "(a + b) / c": lambda a, b, c: (a + b) / c,
}


def table(of: str, gaps: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, b = (np.round(rng.gamma(3, 9, 400), 2) for _ in range(2))
    c, other = rng.integers(1, 30, 400).astype("float64"), np.round(rng.gamma(2, 7, 400), 2)
    c[rng.random(400) < gaps] = np.nan
    y = np.round(GIVEN[of](a, b, np.nan_to_num(c)) if gaps else GIVEN[of](a, b, c), 2)
    return pd.DataFrame({"other": other, "a": a, "c": c, "y": y, "b": b})


@settings(max_examples=12, deadline=None)
@given(of=st.sampled_from(sorted(GIVEN)), gaps=st.sampled_from([0.0, 0.6]), seed=st.integers(0, 99))
def test_what_three_columns_give_is_worked_out(of, gaps, seed):
    gaps = 0.0 if of.endswith("/ c") else gaps
    frame = table(of, gaps, seed)
    learnt = encoder.fit(frame, infer(frame))
    assert len(learnt.derived) == 1
    again = Encoding.from_dict(json.loads(json.dumps(learnt.to_dict())))
    rng = np.random.default_rng(seed)
    tokens = np.stack([rng.integers(0, size, 200) for size in again.layout.sizes], 1)
    drawn = again.decode(tokens, rng.random((200, len(again.columns))))
    c = drawn["c"].astype("float64").fillna(0) if gaps else drawn["c"].astype("float64")
    inside = drawn["y"].between(*np.quantile(frame["y"], [0.01, 0.99]))
    off = (GIVEN[of](drawn["a"], drawn["b"], c) - drawn["y"]).abs()[inside & (learnt.derived[0].name == "y")]
    assert not drawn["y"].isna().any() and (off <= 0.005 + 1e-6).all()


@pytest.mark.parametrize("columns", [6, 12])
def test_nothing_follows_from_three_columns_of_few_independent_numbers(columns):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{k}": rng.integers(0, 3 + k, 400) for k in range(columns)})
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    assert not encoder.fit(frame, infer(frame, dict.fromkeys(frame, "numerical"))).derived
