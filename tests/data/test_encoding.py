"""decode(encode(x)) is exact for exact tokens, and within one cell otherwise."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.encoding import encoder
from generators.encoding.encoding import Encoding
from generators.encoding.intervals import LEAST_ROWS_PER_VALUE, cells_of
from generators.sampling import reading
from tests.generators import tables

quick = settings(max_examples=60, deadline=None, derandomize=True)


def through(values: pd.Series, kinds: dict | None = None, inside: float = 0.5) -> tuple[pd.Series, Encoding]:
    frame = pd.DataFrame({"v": values})
    encoded = encoder.fit(frame, infer(frame, kinds))
    tokens = encoded.encode(frame)
    assert (tokens >= 0).all() and (tokens < np.array(encoded.layout.sizes)).all()
    return encoded.decode(tokens, np.full((len(frame), 1), inside))["v"], encoded


@quick
@given(st.lists(st.sampled_from(["a", "ß", "", " ", "日本", "True", "1", None]), min_size=2, max_size=60))
def test_labels_come_back_as_they_were(values):
    series = pd.Series(values, dtype=object)
    decoded, _ = through(series, {"v": "categorical"})
    pd.testing.assert_series_equal(decoded, series, check_names=False)


@quick
@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=2, max_size=12))
def test_shared_integers_come_back_exactly(values):
    series = pd.Series(pd.array(values * LEAST_ROWS_PER_VALUE, dtype="Int64"))
    decoded, _ = through(series, {"v": "numerical"})
    pd.testing.assert_series_equal(decoded, series, check_names=False)


@quick
@given(
    st.lists(st.one_of(st.just(np.nan), st.decimals(-(10**6), 10**6, places=2).map(float)), min_size=2, max_size=400),
    st.sampled_from([0.0, 0.5, 1 - 1e-9]),
)
def test_decimals_stay_in_their_cell_and_on_their_grid(values, inside):
    series = pd.Series(values)
    decoded, encoded = through(series, {"v": "numerical"}, inside)
    assert (decoded.isna() == series.isna()).all()
    column = encoded.columns[0]
    cells, again = column.encode(series), column.encode(decoded)
    assert (cells == again).all()
    present = decoded.dropna()
    assert np.allclose(present, present.round(2), atol=1e-9)
    if len(present):
        assert present.min() >= series.min() and present.max() <= series.max()


@quick
@given(st.lists(st.dates(), min_size=2, max_size=80), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%-m/%-d/%Y", "date"]))
def test_dates_keep_their_format_and_stay_in_their_cell(days, format):
    written = [day if format == "date" else day.strftime(format.replace("%Y", f"{day.year:04d}")) for day in days]
    series = pd.Series(written, dtype=object)
    decoded, encoded = through(series, {"v": "datetime"})
    column = encoded.columns[0]
    assert (column.encode(series) == column.encode(decoded)).all()
    assert {type(value) for value in decoded} == {type(value) for value in series}


@quick
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=500))
def test_no_number_of_few_rows_is_a_cell_boundary_of_its_own(ticks):
    ticks = np.array(ticks * 2)  # every value in two rows
    low, high, rows, _ = cells_of(ticks, on_grid=True)
    assert rows.sum() == len(ticks)
    assert (low <= high).all() and (low[1:] > high[:-1]).all()
    atoms = low == high
    assert (rows[atoms] >= LEAST_ROWS_PER_VALUE).all() or len(low) == 1 or (np.diff(np.unique(ticks)) == 1).any()


def test_every_kind_of_column_at_once():
    frame = tables.odd(3000)
    encoded = encoder.fit(frame, infer(frame))
    tokens = encoded.encode(frame)
    decoded = encoded.decode(tokens, np.full((len(frame), len(encoded.columns)), 0.5), seed=1)
    assert decoded.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert (encoded.encode(decoded) == tokens).all()
    for name in ("café № ü", "age", "member", "constant", "empty", "town"):
        pd.testing.assert_series_equal(decoded[name], frame[name])
    assert decoded["code"].is_unique and decoded["code"].str.fullmatch(r"[A-Z]{2}-\d{5}").all()


@pytest.mark.parametrize("count", [257, 5000, 70_000])
def test_high_cardinality_takes_two_small_tokens(count):
    series = pd.Series([f"shop {n}" for n in range(count)] * 2)
    decoded, encoded = through(series, {"v": "categorical"})
    assert (decoded == series).all()
    assert len(encoded.layout.sizes) == 2 and max(encoded.layout.sizes) <= 1.1 * np.sqrt(count) + 1


def test_an_encoding_survives_json():
    frame = tables.odd()
    encoded = encoder.fit(frame, infer(frame))
    again = Encoding.from_dict(json.loads(json.dumps(encoded.to_dict())))
    assert (again.encode(frame) == encoded.encode(frame)).all()


def test_frequent_values_inside_a_long_tail_are_exact():
    rng = np.random.default_rng(0)
    series = pd.Series(np.where(rng.random(5000) < 0.5, 0.0, np.round(rng.lognormal(8, 2, 5000), 2)))
    decoded, _ = through(series)
    assert ((decoded == 0) == (series == 0)).all()


def test_unseen_values_go_to_the_nearest_cell():
    frame = pd.DataFrame({"v": [10, 20, 30] * 10})
    encoded = encoder.fit(frame, infer(frame))
    other = pd.DataFrame({"v": [-5, 14, 16, 99]})
    assert encoded.decode(encoded.encode(other), np.zeros((4, 1)))["v"].tolist() == [10, 10, 20, 30]


def test_conditions_are_checked():
    frame = tables.odd()
    encoded = encoder.fit(frame, infer(frame))
    with pytest.raises(ValueError, match="condition on one of the columns"):
        reading.read({"nothing": 1}, (), encoded)
    with pytest.raises(ValueError, match="identifier 'code'"):
        reading.read({"code": "AB-00001"}, (), encoded)
    with pytest.raises(ValueError, match="category that column 'town' has"):
        reading.read({"town": "atlantis"}, (), encoded)
    with pytest.raises(ValueError, match="value of column 'age'"):
        reading.read({"age": 1000}, (), encoded)


def test_nothing_to_learn_is_refused():
    frame = pd.DataFrame({"id": range(50)})
    with pytest.raises(ValueError, match="no identifier"):
        encoder.fit(frame, infer(frame))
    with pytest.raises(ValueError, match="at least two rows"):
        encoder.fit(pd.DataFrame({"v": [1.0]}), infer(pd.DataFrame({"v": [1.0]})))


def test_a_number_of_one_owner_is_never_a_value_of_its_own():
    """Six visits of one patient share a day of birth: that is one person's, and six people's is many people's."""
    births = np.array([1_000 + 37 * patient for patient in range(60)] + [5_000] * 6)
    frame = pd.DataFrame({"birth": np.repeat(births, 6)})
    owners = np.repeat(np.arange(66), 6)
    (by_rows,), (by_owners,) = (
        encoder.fit(frame, infer(frame, {"birth": "numerical"}), groups=groups).columns for groups in (None, owners)
    )
    assert len(by_rows.exact) == 61
    assert [by_owners.low[start] for start in by_owners.exact] == [5_000]


def test_words_of_a_number_keep_their_shares_of_rows_whoever_has_them():
    """Five people with thirty rows each, half of them without a number: who has a word often has it each time."""
    words = ["refused", "refused", None]
    frame = pd.DataFrame({"x": [words[k % 6] if k % 6 < 3 else f"{k}.5" for k in range(150)]})
    known = encoder.fit(frame, infer(frame), groups=[k // 30 for k in range(150)]).columns[0]
    assert known.words == [("refused", 2 / 3), (None, 1 / 3)]


def test_which_word_stands_for_a_missing_number_is_learnt_with_the_row():
    words = ["<0.5"] * 30 + [None] * 30
    frame = pd.DataFrame({"x": words + [f"{k}.5" for k in range(60)], "ward": ["a"] * 30 + ["b"] * 30 + ["c"] * 60})
    encoded = Encoding.from_dict(json.loads(json.dumps(encoder.fit(frame, infer(frame)).to_dict())))
    assert [part.words for part in encoded.worded] == [("<0.5",)]
    back = encoded.decode(encoded.encode(frame), np.full((120, len(encoded.columns)), 0.99))
    assert back["x"][:60].tolist() == words and back["x"][60:].str.endswith("5").all()
    assert not encoder.fit(frame[25:], infer(frame)).worded  # five rows with the word
