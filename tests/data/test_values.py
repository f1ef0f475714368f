# ruff: noqa: E501  (tables of types and formats)
"""Types of Arrow, pandas and Python come out of a fitted model as they went in; what has no kind is refused."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import generators
from generators import Budget
from generators.data.inference import infer
from generators.formats import dtypes, number_format
from generators.formats.number_format import NumberFormat

ROWS = 200
TINY = {"budget": Budget(steps=3), "seed": 1}


def through(values: pd.Series) -> tuple[pd.Series, object]:
    frame = pd.DataFrame({"v": values, "other": np.arange(len(values)) % 7})
    model = generators.fit(frame, "tabular.autoregressive", **TINY, width=16)
    return model.sample(400, seed=2)["v"], model.schema.column("v")


@pytest.mark.parametrize(
    "type_",
    [
        pa.decimal128(9, 2), pa.time32("ms"), pa.time64("us"), pa.date32(), pa.duration("s"), pa.timestamp("us"),
        pa.timestamp("ms", tz="Europe/Rome"), pa.dictionary(pa.int32(), pa.string()), pa.int8(), pa.uint64(), pa.float32(), pa.bool_(),
        pa.string(),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("missing", [False, True])
def test_types_of_arrow_come_back(type_, missing):
    value = {"dec": lambda k: Decimal(k * 7) / 4, "tim": lambda k: dt.time(k % 24, k % 60), "dat": lambda k: dt.date(2000, 1, 1 + k % 28),
             "dur": lambda k: dt.timedelta(seconds=k), "dic": lambda k: "ab"[k % 2], "str": lambda k: "ab"[k % 2],
             "boo": lambda k: k % 3 == 0}.get(str(type_)[:3], lambda k: k % 100)  # fmt: skip
    if pa.types.is_timestamp(type_):
        value = lambda k: dt.datetime(2000, 1, 1 + k % 28, k % 24)  # noqa: E731
    values = pd.Series([None if missing and k % 5 == 0 else value(k) for k in range(ROWS)], dtype=pd.ArrowDtype(type_))
    sampled, _ = through(values)
    assert sampled.dtype == values.dtype and sampled.isna().any() == missing
    assert sampled.dropna().between(values.min(), values.max()).all() if not pa.types.is_dictionary(type_) else True


OBJECTS = {
    "object[Decimal]": lambda k: Decimal(k) / 4,
    "object[float]": lambda k: k / 8,
    "object[int]": lambda k: k % 90,
    "object[datetime]": lambda k: dt.datetime(2000, 1, 1) + dt.timedelta(hours=k),
    "object[datetime, UTC]": lambda k: dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=k),
    "object[date]": lambda k: dt.date(2000, 1, 1) + dt.timedelta(days=k),
    "object[time]": lambda k: dt.time(k % 24, k % 60),
    "object[timedelta]": lambda k: dt.timedelta(minutes=k),
    "object[bool]": lambda k: np.bool_(k % 2),
    "object[UUID]": lambda k: UUID(int=k % 4),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_of_python_come_back(name):
    values = pd.Series([None if k % 7 == 0 else OBJECTS[name](k) for k in range(ROWS)], dtype=object)
    sampled, _ = through(values)
    assert dtypes.dtype_of(values) == name and dtypes.dtype_of(sampled) == name
    assert sampled.isna().any()


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.period_range("2000-01", periods=ROWS, freq="M")),
        pd.Series(pd.to_timedelta(np.arange(ROWS), unit="min")),
        pd.Series(pd.Categorical(["low", "high"] * (ROWS // 2), ["low", "high"], ordered=True)),
        pd.Series([np.nan] * ROWS),
        pd.Series(np.linspace(-1e300, 1e300, ROWS)),
        pd.Series(2**63 + np.arange(ROWS, dtype="uint64") ** 2 % 97),
    ],
    ids=["period", "timedelta", "ordered", "missing", "huge", "uint64"],
)
def test_types_of_pandas_come_back(values):
    sampled, _ = through(values)
    assert sampled.dtype == values.dtype and sampled.isna().all() == values.isna().all()


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", 1j, (1, 2)])
def test_what_has_no_kind_is_refused_by_name(value):
    with pytest.raises(ValueError, match="in column 'x', found"):
        infer(pd.DataFrame({"x": pd.Series([value] * 4)}))


def test_a_saved_model_keeps_format_and_words(tmp_path):
    rng, form = np.random.default_rng(0), NumberFormat("$", "", ",", ".", 2, False)
    values = pd.Series([form.write(Decimal(int(x)) / 100) for x in rng.normal(0, 10**6, ROWS)], dtype=object)
    values = values.where(rng.random(ROWS) > 0.3, "unknown")
    frame = pd.DataFrame({"v": values, "w": rng.normal(size=ROWS)})
    model = generators.fit(frame, **TINY)
    model.save(tmp_path / "m")
    again = generators.open_model(tmp_path / "m")
    pd.testing.assert_frame_equal(again.sample(50, seed=3), model.sample(50, seed=3))
    assert again.sample(5, where={"v": "unknown"})["v"].eq("unknown").all()
    drawn = next(value for value in again.sample(50)["v"] if value != "unknown")
    assert drawn.startswith(("$", "-$")) and again.sample(5, where={"v": drawn})["v"].eq(drawn).all()


def test_grades_and_codes_stay_labels():
    columns = {
        "grade": ["1", "2", "3", "absent"] * 50,
        "code": [f"0{k % 9}" for k in range(ROWS)],
        "age": ["18-25", "26-40"] * 100,
    }
    frame = pd.DataFrame(columns)
    assert set(infer(frame).kinds().values()) == {"categorical"}
    assert number_format.infer(["absent"]) is None
