"""Storage types of columns: what comes in as Arrow's, pandas' or Python's own type goes out as the same type.

`dtype_of` names a column's type as text that a saved model can keep; `simple` writes its values as the few types that
encoding knows (numbers, timestamps, durations, text, Python's Decimal, date and time); `cast` is the way back.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from launderette.generators.errors import GeneratorError

OBJECTS: dict[str, tuple[type, ...]] = {
    "Decimal": (Decimal,),
    "bool": (bool, np.bool_),
    "int": (int, np.integer),
    "float": (float, np.floating),
    "datetime": (datetime,),
    "date": (date,),
    "time": (time,),
    "timedelta": (timedelta, np.timedelta64),
    "UUID": (UUID,),
}
ARROW_SUFFIX = "[pyarrow]"
NESTED_TYPES = ("list<", "struct<", "map<", "binary", "large_binary", "fixed_size_binary", "interval[")
NESTED = (list, dict, set, tuple, bytes, bytearray, complex, np.ndarray)


def dtype_of(values: pd.Series) -> str:
    """Return the name of a column's type: pandas' own, or object[Decimal] and the like where all objects are of one
    Python type.
    """
    if isinstance(values.dtype, pd.CategoricalDtype) and values.dtype.ordered:
        return "category[ordered]"
    if values.dtype != object:
        return str(values.dtype)
    if is_text(values):
        return "object"
    kinds = {_kind(kind) for kind in set(map(type, values.dropna()))}
    kinds = {"float"} if kinds == {"int", "float"} else kinds
    (kind,) = kinds if len(kinds) == 1 else (None,)
    if kind == "datetime" and all(moment.tzinfo for moment in values.dropna()):
        return "object[datetime, UTC]"
    return f"object[{kind}]" if kind else "object"


def present(values: pd.Series) -> pd.Series:
    """Return the values that are not missing: the same series, not a copy, where all are there."""
    missing = values.isna()
    return values[~missing] if missing.any() else values


def is_text(values: pd.Series) -> bool:
    """Tell whether objects are texts and missing values alone: what most are, told without a look at each in Python."""
    return values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "string"


def text_counts(values: pd.Series) -> pd.Series | None:
    """Return the distinct texts of a column with their rows, in the order in which they come first; None where not all
    values that are there are texts.
    """
    return values.value_counts(sort=False) if is_text(values) else None


def _kind(kind: type) -> str | None:
    return next((name for name, types in OBJECTS.items() if issubclass(kind, types)), None)


def check(name: str, values: pd.Series) -> None:
    """Raise ValueError naming column and type for what has no kind: lists, bytes, intervals, complex numbers."""
    if pd.api.types.is_complex_dtype(values.dtype):
        raise GeneratorError(_refused(name, "complex numbers"))
    if str(values.dtype).startswith(NESTED_TYPES):
        raise GeneratorError(_refused(name, str(values.dtype)))
    if values.dtype == object and not is_text(values):
        kinds = sorted(kind.__name__ for kind in set(map(type, values.dropna())) if issubclass(kind, NESTED))
        if kinds:
            raise GeneratorError(_refused(name, f"values of the type {kinds[0]}"))


def _refused(name: str, found: str) -> str:
    return (
        f"expected numbers, text, booleans or dates in column {name!r}, found {found}; write them as text, or drop "
        "the column"
    )


def simple(values: pd.Series) -> pd.Series:
    """Return the values in one of the types that encoding knows, missing ones as missing."""
    name = dtype_of(values)
    if name.endswith(ARROW_SUFFIX):
        return _from_arrow(values, name)
    if name.startswith("period["):
        return values.dt.to_timestamp()
    if isinstance(values.dtype, pd.CategoricalDtype):
        bands = isinstance(values.dtype.categories.dtype, pd.IntervalDtype)  # of pd.cut
        return values.astype("object").map(str, na_action="ignore") if bands else values.astype("object")
    match name:
        case "object[float]":
            return values.astype("float64")
        case "object[int]":
            return _whole(values)
        case "object[timedelta]":
            return pd.to_timedelta(values)
        case "object[bool]":
            return values.map(bool, na_action="ignore").astype("object")
    return values


def _whole(values: pd.Series) -> pd.Series:
    try:
        return values.astype("Int64" if values.isna().any() else "int64")
    except OverflowError:  # beyond 64 bits
        return values.astype("float64")


def _from_arrow(values: pd.Series, name: str) -> pd.Series:
    if name.startswith(("decimal", "time32", "time64", "date", "string", "large_string", "dictionary")):
        objects = values.astype("object")
        return objects.where(values.notna(), None)
    if name.startswith("timestamp"):
        return values.astype(str(values.dtype.numpy_dtype) if "tz" not in name else _zoned(name))
    if name.startswith("duration"):
        return values.astype("timedelta64[us]" if "[ns]" not in name else "timedelta64[ns]")
    if name.startswith("bool"):
        return values.astype("boolean")
    plain = {"double": "float64", "float": "float32", "halffloat": "float32"}.get(name.removesuffix(ARROW_SUFFIX))
    whole = name.removesuffix(ARROW_SUFFIX)
    return values.astype(plain or (whole.capitalize() if whole[0] == "i" else whole.replace("uint", "UInt")))


def _zoned(name: str) -> str:
    """timestamp[us, tz=UTC] -> datetime64[us, UTC]."""
    return re.sub(r"timestamp\[(\w+), tz=([^\]]+)\].*", r"datetime64[\1, \2]", name)


def cast(values: pd.Series, dtype: str, order: Iterable[Any] = ()) -> pd.Series:
    """Return simple values in the type that `dtype_of` named; `order` holds the labels of an ordered category,
    lowest first.
    """
    if dtype.endswith(ARROW_SUFFIX):
        return _to_arrow(values, dtype)
    if dtype.startswith("period["):
        return pd.Series(pd.PeriodIndex(values, freq=dtype[len("period[") : -1]), index=values.index)
    if dtype == "category[ordered]":
        return values.astype(pd.CategoricalDtype(list(order), ordered=True))
    if dtype.startswith("object["):
        return _to_objects(values, dtype[len("object[") : -1])
    wanted = pd.api.types.pandas_dtype(dtype)
    if isinstance(wanted, pd.DatetimeTZDtype):
        return values.dt.tz_localize("UTC").astype(wanted) if values.dt.tz is None else values.astype(wanted)
    return values.astype("object") if dtype == "object" else _widened(values, wanted).astype(wanted)


def _widened(values: pd.Series, wanted: Any) -> pd.Series:
    """Return whole numbers and missing ones as a type that casting to another takes."""
    return pd.to_numeric(values) if values.dtype == object and getattr(wanted, "kind", "O") in "iuf" else values


def _to_objects(values: pd.Series, kind: str) -> pd.Series:
    converters: dict[str, Callable[[Any], Any]] = {
        "datetime": lambda v: v.to_pydatetime(),
        "datetime, UTC": lambda v: v.to_pydatetime().replace(tzinfo=UTC),
        "date": lambda v: v.date() if isinstance(v, datetime) else v,
        "timedelta": lambda v: v.to_pytimedelta() if isinstance(v, pd.Timedelta) else v,
        "int": int,
        "float": float,
        "UUID": lambda v: v if isinstance(v, UUID) else UUID(str(v)),
        "bool": bool,
    }
    convert = converters.get(kind, lambda v: v)
    found = [None if pd.isna(value) else convert(value) for value in values]
    return pd.Series(np.array([*found, None], dtype=object)[:-1], index=values.index, dtype="object")


def _to_arrow(values: pd.Series, dtype: str) -> pd.Series:
    import pyarrow as pa  # only where the column came from it

    type_ = _arrow_type(dtype.removesuffix(ARROW_SUFFIX))
    if dtype.startswith("timestamp") and pa.types.is_timestamp(type_) and type_.tz and values.dt.tz is None:
        values = values.dt.tz_localize("UTC").dt.tz_convert(type_.tz)
    plain = [None if pd.isna(value) else _python(value) for value in values]
    if pa.types.is_dictionary(type_):
        array = pa.array(plain, type_.value_type).dictionary_encode().cast(type_)
    else:
        array = pa.array(plain).cast(type_, safe=False) if pa.types.is_timestamp(type_) else pa.array(plain, type_)
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])), index=values.index)


def _python(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, pd.Timedelta):
        return value.to_pytimedelta()
    return value.item() if isinstance(value, np.generic) else value


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    if found := re.fullmatch(r"decimal(\d+)?\((\d+), (-?\d+)\)", name):
        return getattr(pa, f"decimal{found[1] or 128}")(int(found[2]), int(found[3]))
    if found := re.fullmatch(r"timestamp\[(\w+)(?:, tz=(.+))?\]", name):
        return pa.timestamp(found[1], found[2])
    if found := re.fullmatch(r"dictionary<values=(.+), indices=(\w+), ordered=(\d)>", name):
        return pa.dictionary(pa.type_for_alias(found[2]), _arrow_type(found[1]), found[3] == "1")
    return pa.type_for_alias(name)
