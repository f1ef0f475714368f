"""Numbers within a label that sets their scale."""

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from launderette import fit
from launderette.generators.contract import Budget
from launderette.generators.data.inference import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding

ROWS = 600
SCALES = {"growth": (3.0, 1.0), "per head": (5e3, 2e3), "total": (1e9, 3e8)}  # mean and deviation


def _accounts(seed: int, labels: int = 3) -> pd.DataFrame:
    """Numbers of other scales in one column, a tenth missing, and of one value that many rows of a label share."""
    rng = np.random.default_rng(seed)
    known = dict(list(SCALES.items())[:labels])
    what = pd.Series(rng.choice(list(known), ROWS), dtype="str")
    mean, spread = (what.map({name: own[k] for name, own in known.items()}).to_numpy() for k in (0, 1))
    values = np.round(rng.normal(mean, spread), 2)
    values[(what == "growth") & (rng.random(ROWS) < 0.2)] = 2.5
    values[rng.random(ROWS) < 0.1] = np.nan
    return pd.DataFrame({"what": what, "value": values})


def _independent(encoding: Encoding, rows: int = 3_000) -> pd.DataFrame:
    """Rows of a model that knows nothing but how many tokens each column has."""
    rng, sizes = np.random.default_rng(0), encoding.layout.sizes
    tokens = np.stack([rng.integers(0, size, rows) for size in sizes], axis=1)
    return encoding.decode(tokens, rng.random((rows, len(encoding.columns))))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_no_number_has_the_scale_of_another_label_whatever_a_model_draws(seed: int) -> None:
    table = _accounts(seed)
    drawn = _independent(encoder.fit(table, infer(table))).dropna()
    for name, (mean, spread) in SCALES.items():
        apart = np.abs(drawn.value[drawn.what == name] - mean) / spread
        assert len(apart) > 500 and apart.max() < 6 and apart.median() > 0.3


def test_rows_come_back_where_enough_share_them_and_near_them_elsewhere() -> None:
    table = _accounts(1)
    known = encoder.fit(table, infer(table))
    known = Encoding.from_dict(json.loads(json.dumps(known.to_dict())))
    back = known.decode(known.encode(table), np.full((ROWS, len(known.columns)), 0.5))
    pd.testing.assert_series_equal(back.value.isna(), table.value.isna())
    pd.testing.assert_series_equal(back.value == 2.5, table.value == 2.5)
    spread = table.what.map({name: own[1] for name, own in SCALES.items()})
    assert (np.abs(back.value - table.value) / spread).quantile(0.95) < 0.3


def test_no_number_of_a_row_is_a_knot_and_a_label_of_few_patients_has_none() -> None:
    table = _accounts(2)
    (found,) = (one.formula for one in encoder.fit(table, infer(table)).derived if one.name == "value")
    large = [number for curve in found.curves[:-1] for number in curve.numbers if number > 1e3]
    assert len(large) > 15 and not {*large} & {*table.value}
    patients = pd.Series(np.arange(ROWS) % 100).where(table.what != "total", np.arange(ROWS) % 3)
    assert not encoder.fit(table, infer(table), groups=patients).derived
    alike = table.assign(value=np.random.default_rng(0).normal(100, 9, ROWS))
    assert not encoder.fit(alike, infer(alike)).derived


def test_conditions_on_such_numbers_hold() -> None:
    model = fit(_accounts(3), budget=Budget(steps=20))
    drawn = model.sample(50, where={"what": "per head", "value": "4000..5000"})
    assert drawn.value.between(4_000, 5_000).all() and (drawn.what == "per head").all()
