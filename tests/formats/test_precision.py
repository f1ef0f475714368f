"""Decimals of a number that another column decides."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from launderette.generators.data.inference import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding

ROWS = 400
DECIMALS = {"glucose": 0, "potassium": 1, "creatinine": 2}


def _drawn(encoding: Encoding, seed: int = 0, rows: int = 2_000) -> pd.DataFrame:
    """Rows of an independent model, that knows nothing but how many tokens each column has."""
    rng, layout = np.random.default_rng(seed), encoding.layout
    tokens = np.stack([rng.integers(0, size, rows) for size in layout.sizes], axis=1)
    return encoding.decode(tokens, rng.random((rows, len(encoding.columns))), seed=seed)


def _need(values: pd.Series, decimals: int) -> float:
    """The share of values that need more decimals."""
    return float((values.round(decimals) != values).mean())


def _laboratory(rng: np.random.Generator, shift: float) -> pd.DataFrame:
    test = pd.Series(rng.choice(list(DECIMALS), ROWS), dtype="str")
    values = shift + rng.lognormal(4, 1, ROWS)
    return pd.DataFrame({"test": test, "value": [round(v, DECIMALS[t]) for v, t in zip(values, test, strict=True)]})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, -60.0, 1e9]))
def test_decimals_follow_from_the_label_that_decides_them(seed: int, shift: float) -> None:
    table = _laboratory(np.random.default_rng(seed), shift)
    drawn = _drawn(encoder.fit(table, infer(table)), seed)
    assert drawn.value.between(table.value.min(), table.value.max()).all()
    for test, decimals in DECIMALS.items():
        assert _need(drawn.value[drawn.test == test], decimals) < 0.02
        assert not decimals or _need(drawn.value[drawn.test == test], decimals - 1) > 0.7


def test_a_label_that_few_patients_have_tells_no_decimals() -> None:
    rng = np.random.default_rng(0)
    table = _laboratory(rng, 0.0)
    patients = pd.Series(rng.integers(0, 100, ROWS)).where(table.test != "glucose", rng.integers(0, 3, ROWS))
    known = encoder.fit(table, infer(table), groups=patients)
    drawn = _drawn(known)
    assert known.precision[0].by == "test" and _need(drawn.value[drawn.test == "glucose"], 0) > 0.3


def test_shares_of_rounded_numbers_are_kept_where_a_label_is_missing_too() -> None:
    rng = np.random.default_rng(0)
    exact = rng.random(ROWS) < 0.5
    age = np.where(exact, rng.uniform(20, 80, ROWS).round(3), rng.uniform(20, 80, ROWS).round(0))
    table = pd.DataFrame({"dose": pd.Series(np.where(exact, "high", None), dtype="object"), "age": age})
    drawn = _drawn(encoder.fit(table, infer(table)))
    assert _need(drawn.age[drawn.dose.isna()], 0) < 0.02
    assert _need(drawn.age[drawn.dose.notna()], 0) > 0.6  # the others are numbers that enough rows share


def test_what_is_known_of_decimals_survives_saving_and_nothing_is_where_chance_decides() -> None:
    table = _laboratory(np.random.default_rng(0), 0.0)
    known = encoder.fit(table, infer(table))
    pd.testing.assert_frame_equal(_drawn(Encoding.from_dict(known.to_dict())), _drawn(known))
    alike = table.assign(value=np.random.default_rng(0).uniform(0, 99, ROWS).round(2))
    assert not encoder.fit(alike, infer(alike)).precision
