"""Numbers of single precision in double precision, and sums of numbers, have the decimals they were written with."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.encoding import encoder
from generators.formats.decimals import precision_of, without_noise


@pytest.mark.parametrize("decimals", [1, 2, 10])
def test_noise_of_floats_is_no_decimal(decimals):
    plain = np.round(np.random.default_rng(decimals).uniform(0, 60, 80), decimals)
    noisy = pd.Series(np.where(np.arange(80) % 3, plain, plain + np.spacing(plain)))
    assert precision_of(noisy) == (decimals, 0) and (without_noise(noisy.to_numpy(), decimals) == plain).all()
    assert precision_of(pd.Series(plain + 1e-11 * np.arange(80)))[0] != decimals


@settings(max_examples=30, deadline=None)
@given(decimals=st.integers(1, 3), digits=st.sampled_from([17, 15, 9]), seed=st.integers(0, 99))
def test_decimals_are_those_before_and_what_is_released_is_written_alike(decimals, digits, seed):
    rng = np.random.default_rng(seed)
    known = np.round(np.where(rng.random(200) < 0.5, rng.integers(0, 99, 200) / 99, rng.uniform(0, 60, 200)), decimals)
    file = np.array([float(f"{number:.{digits}g}") for number in known.astype("float32").astype("float64").tolist()])
    frame = pd.DataFrame({"v": np.where(np.arange(200) % 20, file, np.nan)})
    column = infer(frame).column("v")
    assert column.decimals == decimals and column.single
    (cells,) = encoder.fit(frame, infer(frame)).columns
    drawn = cells.decode(np.arange(cells.size), np.zeros(cells.size))
    assert drawn.dtype == "float64" and precision_of(drawn)[0] == decimals
    assert np.allclose(np.round(drawn, decimals).astype("float32"), drawn, rtol=1e-7)
    common = frame["v"].value_counts()
    assert set(common.index[common >= 5]) <= set(drawn)


@pytest.mark.parametrize(
    "values",
    [
        np.round(np.random.default_rng(0).uniform(0, 60, 99), 2),
        np.random.default_rng(0).integers(0, 2**22, 99) / 4,  # numbers of both precisions
        np.random.default_rng(0).normal(size=99),
        np.random.default_rng(0).integers(10**8, 10**9, 99) / 1e9,
        np.array([np.inf, 1e300, 0.1, np.nan]),
    ],
)
def test_numbers_of_double_precision_are_no_others(values):
    assert precision_of(pd.Series(values))[1] == 0


def test_continuous_numbers_of_single_precision_stay_so():
    frame = pd.DataFrame({"v": np.random.default_rng(0).normal(size=300).astype("float32").astype("float64")})
    (cells,) = encoder.fit(frame, infer(frame)).columns
    drawn = cells.decode(np.arange(cells.size), np.full(cells.size, 0.3))
    assert cells.column.decimals is None and (drawn.astype("float32").astype("float64") == drawn).all()


@pytest.mark.parametrize(("digits", "decimals"), [(76, 0), (60, 30), (38, 38), (29, 0)])
@pytest.mark.parametrize("is_spread", [True, False])
def test_decimals_of_any_type_stay_within_it(digits, decimals, is_spread):
    """Of more digits than Python's decimals have by themselves, up to the largest number of the type."""
    most, exact = 10**digits - 1, decimal.Context(prec=digits)
    whole = [most * (2 * k - 60) // 60 if is_spread else most - k for k in range(60)]
    type_ = (pa.decimal256 if digits > 38 else pa.decimal128)(digits, decimals)
    values = pa.array([exact.scaleb(decimal.Decimal(one), -decimals) for one in whole], type_)
    frame = pd.DataFrame({"v": pd.Series(pd.arrays.ArrowExtensionArray(values))})
    (cells,) = encoder.fit(frame, infer(frame)).columns
    drawn = cells.decode(np.arange(cells.size), np.full(cells.size, 1 - 1e-9))
    assert drawn.dtype == frame["v"].dtype and drawn.max() <= frame["v"].max()


@pytest.mark.parametrize("name", ["n", "text", "label"])
def test_labels_keep_their_type_whatever_their_column_is_called(name):
    frame = pd.DataFrame({name: pd.Series([True, False, None] * 9, dtype="boolean")})
    (labels,) = encoder.fit(frame, infer(frame)).columns
    assert labels.decode(np.arange(labels.size), np.zeros(labels.size)).dropna().tolist() == [False, True]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(digits=st.integers(2, 5), size=st.floats(-2, 4), seed=st.integers(0, 99))
def test_numbers_of_so_many_digits_are_made_with_no_more(digits, size, seed):
    rng = np.random.default_rng(seed)
    known = np.array([float(f"{number:.{digits - 1}e}") for number in rng.lognormal(size, 1.5, 300)])
    (cells,) = encoder.fit(frame := pd.DataFrame({"v": known}), infer(frame)).columns
    drawn = cells.decode(cells.encode(frame["v"]), rng.random(300))
    assert all(
        float(f"{number:.{digits - 1}e}") == number for number in drawn.iloc[1:].tolist() if number < known.max()
    )
    assert cells.digits in (digits, None) and len(np.unique(drawn)) > 50
    loose = pd.DataFrame({"v": rng.lognormal(size, 1.5, 300).round(3)})
    assert encoder.fit(loose, infer(loose)).columns[0].digits is None
