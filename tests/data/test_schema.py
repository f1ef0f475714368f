import json
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.data.schema import Schema, conform
from generators.formats.decimals import decimals_of
from tests.generators import tables


def test_kinds_are_read_off_the_values():
    kinds = infer(tables.odd()).kinds()
    assert kinds == {
        "id": "identifier",
        "café № ü": "categorical",
        "age": "numerical",
        "income": "numerical",
        "reading": "numerical",
        "member": "boolean",
        "day": "datetime",
        "stamp": "datetime",
        "compact": "datetime",
        "python date": "datetime",
        "constant": "categorical",
        "empty": "numerical",
        "town": "categorical",
        "code": "identifier",
        "zeros": "numerical",
    }


def test_stated_kinds_win():
    frame = pd.DataFrame({"zip": [10115, 80331, 20095] * 10})
    assert infer(frame).kinds() == {"zip": "numerical"}
    assert infer(frame, {"zip": "categorical"}).kinds() == {"zip": "categorical"}


@pytest.mark.parametrize("through", [lambda d: json.loads(json.dumps(d)), lambda d: yaml.safe_load(yaml.safe_dump(d))])
def test_a_schema_survives_json_and_yaml(through):
    schema = infer(tables.odd())
    assert Schema.from_dict(through(schema.to_dict())) == schema


def test_a_schema_holds_no_value_of_a_row():
    frame = tables.odd()
    text = json.dumps(infer(frame).to_dict(), ensure_ascii=False)
    shown = [
        value
        for name in ("café № ü", "town", "code")
        for value in frame[name].dropna().unique()
        if value in text and value != "x"
    ]
    assert shown == []


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([1.0, 2.0], 0),
        ([1.5, 2.25], 2),
        ([0.1 + 0.2], 1),
        ([1 / 3], None),
        ([1e300], None),
        ([math.nan], 0),
        ([-0.001], 3),
    ],
)
def test_decimals(values, decimals):
    assert decimals_of(pd.Series(values).dropna()) == decimals


def test_conform_names_the_columns_that_differ():
    frame = tables.linked()
    schema = infer(frame)
    with pytest.raises(ValueError, match="'b' are missing"):
        conform(frame.drop(columns="b"), schema)
    with pytest.raises(ValueError, match="found also 'new'"):
        conform(frame.assign(new=1), schema)
    with pytest.raises(ValueError, match="expected numbers in column 'n'"):
        conform(frame.assign(n="text"), schema)
    assert list(conform(frame[["n", "b", "a"]], schema)) == ["a", "b", "n"]


def test_duplicate_names_and_unknown_kinds_are_refused():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ValueError, match="every column name once"):
        infer(frame)
    with pytest.raises(ValueError, match="column kind"):
        Schema.from_dict({"columns": [{"name": "a", "kind": "colour"}]})


@given(st.integers(1, 5), st.integers(0, 9))
def test_a_single_value_does_not_decide_how_all_numbers_are_written(decimals, seed):
    values = np.random.default_rng(seed).normal(size=2000).round(decimals)
    assert decimals_of(pd.Series([*values, 1 / 3])) == decimals
    assert decimals_of(pd.Series([*values[:99], 1 / 3])) == decimals
    assert decimals_of(pd.Series([*values[:98], 1 / 3])) is None
    assert decimals_of(pd.Series([*values[:300], 1 / 3, 2 / 3])) is None


def test_intervals_are_refused_in_one_sentence_and_bands_of_them_are_labels():
    bands = pd.cut(pd.Series(range(60)), 3)
    assert infer(pd.DataFrame({"band": bands})).kinds() == {"band": "categorical"}
    with pytest.raises(ValueError, match=r"in column 'band', found interval.*write them as text"):
        infer(pd.DataFrame({"band": pd.arrays.IntervalArray(bands)}))


def test_names_of_several_levels_are_one_sentence():
    with pytest.raises(ValueError, match="expected one level of column names, found 2; join them"):
        infer(pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_product([["a"], ["x", "y"]])))


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_numbers_of_single_precision_have_the_decimals_that_they_are_written_with(decimals):
    """2.2 in float32 is 2.200000047683716 in float64."""
    values = pd.Series(np.round(np.random.default_rng(decimals).uniform(2, 400, 300), decimals))
    assert decimals_of(values.astype("float32")) == decimals_of(values) == decimals
    assert decimals_of((values / 3).astype("float32")) is None
    assert decimals_of((values.round() * 1e5).astype("float32")) == 0
