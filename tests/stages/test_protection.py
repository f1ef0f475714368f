"""Protection: what is rare or extreme is gone before anything learns, and small tables keep what they can."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from pipelines import config
from pipelines.personal_data import columns
from pipelines.stages.protection import OTHER_LABEL, protect, settle


def protected(values, kind, *, rare=10, extremes=10, entity=None, **others):
    frame = pd.DataFrame({"c": values, **others})
    kinds = {"c": kind} | ({entity: "identifier"} if entity else {})
    result, record = protect(frame, infer(frame, kinds), rare=rare, extremes=extremes, entity=entity)
    return result["c"], record["columns"]["c"]


def test_rare_labels_share_one_name():
    column, counts = protected(["a"] * 480 + [f"x{chr(97 + n)}" for n in range(20)], "categorical")
    assert column.value_counts().to_dict() == {"a": 480, OTHER_LABEL: 20}
    assert counts == {"kind": "categorical", "labels": 21, "labels_generalised": 20, "rows_generalised": 20}


def test_a_name_that_few_would_share_hides_among_the_missing():
    column, _ = protected(["a"] * 480 + ["x", "y"] + [None] * 18, "categorical")
    assert set(column.dropna()) == {"a"} and column.isna().sum() == 20


def test_without_missing_rows_the_few_join_the_most():
    column, _ = protected(["a"] * 300 + ["b"] * 198 + ["x", "y"], "categorical")
    assert column.value_counts().to_dict() == {"a": 302, "b": 198}


def test_a_column_of_rare_texts_keeps_none_of_them():
    column, _ = protected([f"{chr(65 + n // 78)}{chr(97 + n // 3 % 26)}" for n in range(600)], "categorical")
    assert set(column) == {OTHER_LABEL}
    column, _ = protected([f"Name {n}" for n in range(4)], "categorical")
    assert column.isna().all()  # not even "(other)" would hide four rows


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1] * 200 + [5] * 298 + [2, 4], {1: 201, 5: 299}),
        ([1.0] * 200 + [5.0] * 298 + [3.0, np.nan], {1.0: 201, 5.0: 298}),
        ([10_000 + n for n in range(500)], {0: 500}),
        ([True] * 499 + [False], {True: 500}),
    ],
)
def test_numeric_labels_join_the_nearest_one_kept(values, expected):
    column, _ = protected(values, "categorical")
    assert column.value_counts().to_dict() == expected and column.dtype == pd.Series(values).dtype


@pytest.mark.parametrize("dtype", ["string", "category", "object"])
def test_types_stay_and_no_category_is_remembered(dtype):
    column, _ = protected(pd.Series(["a"] * 490 + ["secret"] * 10, dtype=dtype).iloc[:495], "categorical", rare=10)
    assert column.dtype == dtype and "secret" not in set(column)
    if dtype == "category":
        assert list(column.cat.categories) == ["a"]


def test_numbers_end_between_two_neighbours():
    column, counts = protected([*range(499), 10**9], "numerical")  # 500 rows, so ten per end
    assert (column.min(), column.max()) == (10, 489)  # between 9 and 10, and between 490 and 489, towards the middle
    assert counts == {"kind": "numerical", "rows_clipped": 20, "rows_removed": 0}
    column, _ = protected([float(n) for n in range(0, 1000, 2)], "numerical")
    assert (column.min(), column.max()) == (19.0, 979.0)


def test_an_end_that_many_share_stays():
    column, counts = protected([99999] * 20 + list(range(480)), "numerical", extremes=10)
    assert column.max() == 99999 and (column == 99999).sum() == 20 and counts["rows_clipped"] == 10


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([f"{date(2020, 1, 1) + timedelta(n)}" for n in range(500)]),
        pd.Series([(date(2020, 1, 1) + timedelta(n)).strftime("%-d/%-m/%Y") for n in range(500)]),
        pd.Series([int((date(2020, 1, 1) + timedelta(n)).strftime("%Y%m%d")) for n in range(500)]),
        pd.Series([date(2020, 1, 1) + timedelta(n) for n in range(500)]),
        pd.Series(pd.date_range("2020-01-01", periods=500)),
        pd.Series(pd.date_range("2020-01-01", periods=500, tz="Europe/Paris")),
    ],
)
def test_dates_of_every_form_are_clipped_in_it(values):
    column, counts = protected(values, "datetime")
    assert column.dtype == values.dtype and counts["rows_clipped"] == 20
    assert not {*values.iloc[:10], *values.iloc[-10:]} & set(column)
    assert column.iloc[10:-10].tolist() == values.iloc[10:-10].tolist()


def test_few_values_in_a_long_column_are_dropped():
    column, counts = protected([1.5, 2.5, 99.0] + [np.nan] * 497, "numerical")
    assert column.isna().all() and counts["rows_removed"] == 3


def test_entities_are_counted_instead_of_rows():
    labels, who = ["judge"] * 30 + ["nurse"] * 470, [1] * 30 + list(range(2, 472))
    assert set(protected(labels, "categorical")[0]) == {"judge", "nurse"}
    assert set(protected(labels, "categorical", entity="who", who=who)[0]) == {"nurse"}
    pay = [10**6] * 30 + list(range(470))
    assert protected(pay, "numerical")[0].max() == 10**6
    assert protected(pay, "numerical", entity="who", who=who)[0].max() < 470


def test_zero_switches_off():
    values = ["a"] * 499 + ["x"]
    assert protected(values, "categorical", rare=0)[0].tolist() == values
    assert protected(list(range(500)), "numerical", extremes=0)[0].tolist() == list(range(500))


def test_counts_shrink_with_the_table():
    assert settle(None, None, 32_561) == settle(None, None, 569) == (10, 10)
    assert settle(None, None, 300) == (6, 6)
    assert settle(None, None, 40) == (5, 1)
    assert settle(20, 0, 40) == (20, 0)  # what is stated holds


@pytest.mark.parametrize("rows", [3, 4, 5, 12, 20])
def test_tiny_tables_pass_through(rows):
    frame = pd.DataFrame(
        {"n": range(0, 7 * rows, 7), "x": np.linspace(0, 1, rows), "w": list("ab" * rows)[:rows], "d": "2024-01-01"}
    )
    result, _ = protect(frame, infer(frame, {"n": "numerical"}))
    assert len(result) == rows and (result.dtypes == frame.dtypes).all()
    assert result["n"].max() < frame["n"].max() or rows < 5


def test_the_record_holds_counts_only():
    frame = pd.DataFrame({"name": ["Ada Lovelace"] + ["Bo"] * 499, "pay": [987654321] + [5] * 499})
    result, record = protect(frame, infer(frame))
    text = json.dumps(record) + result.to_csv()
    assert "Ada" not in text and "987654321" not in text
    assert frame.iloc[0].tolist() == ["Ada Lovelace", 987654321]  # the frame itself is left alone


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=50, max_size=200), st.integers(1, 12))
def test_no_extreme_survives(values, extremes):
    column, _ = protected(values, "numerical", extremes=extremes)
    ordered = sorted(values)
    assert column.max() <= ordered[-extremes] and column.min() >= ordered[extremes - 1]
    inner = (pd.Series(values) > column.min()) & (pd.Series(values) < column.max())
    assert column[inner].tolist() == pd.Series(values)[inner].tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([None, *"abcdefgh"]), min_size=1, max_size=120), st.integers(1, 12))
def test_no_rare_label_survives(values, rare):
    column, _ = protected(pd.Series(values, dtype="object"), "categorical", rare=rare)
    before, after = pd.Series(values, dtype="object").value_counts(), column.value_counts()
    assert all(before[label] >= rare for label in after.index if label != OTHER_LABEL)
    assert after.get(OTHER_LABEL, rare) >= rare
    common = pd.Series(values, dtype="object").isin(before.index[before >= rare])
    assert column[common].tolist() == [value for value, kept in zip(values, common, strict=True) if kept]


def test_codes_of_people_stay_whole_or_become_another():
    codes = [f"SB4{n:03d}" for n in range(900, 908) for _ in range(60)] + [f"SB4{n:03d}" for n in range(20)]
    frame = pd.DataFrame({"Sachbearbeiter": codes})
    schema = infer(frame, {"Sachbearbeiter": "categorical"})
    cut, whole = (protect(frame, schema, whole=names)[0]["Sachbearbeiter"] for names in ([], ["Sachbearbeiter"]))
    assert cut.str.endswith("*").any() and set(whole) == {*codes[:480], OTHER_LABEL}
    assert columns.of_people(frame, schema, config.RunConfig(source="x")) == ["Sachbearbeiter"]
