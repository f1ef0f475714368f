"""Columns that follow from a number or a date in steps are worked out; labels that have nothing to do with one are
learnt, and groups of rows that merely lie apart in one.
"""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.formulas.step_function import StepFunction
from launderette.generators.sampling import reading

EDGES = [30, 45, 65]
NAMES = ["young", "grown", "older", "old"]


def people(rng: np.random.Generator, rows: int, decimals: int = 0, missing: float = 0.0) -> pd.DataFrame:
    """Ages and the groups that they are in, dates and their quarters, plots and their blocks."""
    age = np.round(rng.uniform(16, 90, rows), decimals)
    age[rng.random(rows) < missing] = np.nan
    day = pd.Timestamp("2021-03-05") + pd.to_timedelta(rng.integers(0, 500, rows), "D")
    group = pd.Series(np.array(NAMES)[np.digitize(age, EDGES)]).where(np.isfinite(age))
    plot = rng.permutation(rows) % 40 + 1
    return pd.DataFrame(
        {
            "group": group,
            "age": age,
            "quarter": [f"{one.year} Q{one.quarter}" for one in day],
            "day": day,
            "month": day.month_name(),
            "year": day.year,
            "plot": plot,
            "block": (plot + 9) // 10,
            "height": rng.normal(170, 9, rows).round(),
        }
    )


def whole(frame: pd.DataFrame) -> np.ndarray:
    """Return which rows keep every rule."""
    day = frame["day"].dt
    expected = pd.Series(np.array(NAMES)[np.digitize(frame["age"], EDGES)]).where(frame["age"].notna())
    return np.all(
        [
            (frame["group"] == expected) | (expected.isna() & frame["group"].isna()),
            frame["quarter"] == day.year.astype(str) + " Q" + day.quarter.astype(str),
            frame["month"] == day.month_name(),
            frame["year"] == day.year,
            frame["block"] == (frame["plot"] + 9) // 10,
        ],
        axis=0,
    )


@settings(max_examples=8, deadline=None)
@given(
    rows=st.sampled_from([400, 900]),
    decimals=st.sampled_from([0, 2]),
    missing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 9999),
)
def test_steps_are_found_and_every_row_keeps_them_whatever_is_drawn(rows, decimals, missing, seed):
    rng = np.random.default_rng(seed)
    frame = people(rng, rows, decimals, missing)
    table = encoder.fit(frame, infer(frame))
    assert {one.name for one in table.derived} - {"day"} == {"group", "quarter", "month", "year", "block"}
    table = Encoding.from_dict(json.loads(json.dumps(table.to_dict(), allow_nan=False)))
    tokens = np.stack([rng.integers(0, size, 300) for size in table.layout.sizes], 1)
    drawn = table.decode(tokens, rng.random((300, len(table.known))))
    assert drawn.dtypes.equals(frame.dtypes)
    assert whole(drawn).mean() > 0.97  # between two values of training rows, where a step begins is not known


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999), rows=st.sampled_from([60, 200, 1000]))
def test_labels_by_themselves_are_no_steps(seed, rows):
    rng = np.random.default_rng(seed)
    numbers = {f"n{k}": np.round(rng.gamma(2, 20, rows), k % 3) for k in range(8)}
    labels = {f"l{k}": rng.choice(list("abcdef")[: 2 + k % 5], rows) for k in range(8)}
    labels |= {f"rare{k}": rng.random(rows) < 0.03 for k in range(4)}
    apart = {"kind": rng.choice(list("xy"), rows)}
    apart["size"] = np.round(rng.normal(100, 10, rows) + 200 * (apart["kind"] == "y"), 1)
    frame = pd.DataFrame({**numbers, **labels, **apart})
    table = encoder.fit(frame, infer(frame))
    assert not [one.name for one in table.derived if isinstance(one.formula, StepFunction)]


@pytest.mark.parametrize(("condition", "pieces"), [("grown", [(30, 44)]), ("young|old", [(-np.inf, 29), (65, np.inf)])])
def test_a_condition_on_steps_is_one_on_their_number(condition, pieces):
    frame = people(np.random.default_rng(0), 2000)
    table = encoder.fit(frame, infer(frame))
    asked = reading.read({"group": condition}, (), table).domains[table.index("age")]
    assert list(asked.pieces) == pieces
