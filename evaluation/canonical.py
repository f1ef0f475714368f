"""The canonical numeric form of a column, the same for all tables compared: numbers, seconds, codes of labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from launderette.evaluation.scores import EvaluationError

# as in the hexadecimal 12e4030201, at which pandas' reader of numbers reads memory anywhere, or stops
LONG_EXPONENT = re.compile(r"[eE][+-]?\d{6}")
DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d")


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with Python's values in place of numpy's in columns of objects, and with dates and durations there in
    columns of their own type: what a value is must not depend on who made it.
    """
    found = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        values = frame.iloc[:, place]
        if isinstance(dtype, pd.CategoricalDtype) and dtype.categories.dtype == object:
            found.isetitem(place, _plain(values.astype(object)))  # pandas keeps categories that equal the new ones
        elif pd.api.types.is_object_dtype(dtype):
            found.isetitem(place, _timed(_plain(values)))
    return found


def _plain(values: pd.Series) -> pd.Series:
    foreign = any(issubclass(kind, np.generic | np.ndarray) for kind in set(map(type, values)))
    return pd.Series([_value(v) for v in values], values.index, object, values.name) if foreign else values


def _value(value: Any) -> Any:
    """The value of Python, or the timestamp or duration of pandas, that a value of numpy stands for."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return (pd.Timestamp if isinstance(value, np.datetime64) else pd.Timedelta)(value)
    if isinstance(value, np.ndarray):
        return _value(value[()]) if value.ndim == 0 else value.tolist()
    if isinstance(value, np.longdouble):
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def _timed(values: pd.Series) -> pd.Series:
    """Objects that are all dates, or all durations, as a column of them where pandas has room for each."""
    word = pd.api.types.infer_dtype(values, skipna=True)
    read = {"datetime": pd.to_datetime, "timedelta": pd.to_timedelta}.get(word.removesuffix("64"))
    try:
        return values if read is None else read(values)
    except (ValueError, OverflowError):  # of several time zones, or too far away
        return values


def infer_kinds(frame: pd.DataFrame, stated: Mapping[str, str] | None = None) -> dict[str, str]:
    """Kind of each column of a frame, the stated one if any: numerical, boolean, datetime, categorical or identifier.
    All values of other columns are looked at.
    """
    stated = stated or {}
    return {column: stated[column] if column in stated else _kind(frame[column]) for column in frame.columns}


def _kind(series: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(series.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(series.dtype) or pd.api.types.is_timedelta64_dtype(series.dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(series.dtype):
        return "numerical"
    values = series.dropna()
    if len(values) and all(isinstance(value, str) for value in values):
        if _format(values) is not None:
            return "datetime"
        if len(values) >= 50 and values.nunique() == len(values):
            return "identifier"
    return "categorical"


def _has_long_exponent(value: object) -> bool:
    return isinstance(value, str) and LONG_EXPONENT.search(value) is not None


def number(series: pd.Series) -> np.ndarray:
    """Finite numbers as float64 [rows]; whatever is none is NaN."""
    if series.dtype == object or pd.api.types.is_string_dtype(series.dtype):
        series = series.mask(series.map(_has_long_exponent).astype("bool"))
    try:
        values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError:  # Python's whole numbers have no end
        values = pd.to_numeric(series.map(str, na_action="ignore"), errors="coerce").to_numpy(
            np.float64, na_value=np.nan
        )
    return np.where(np.isfinite(values), values, np.nan) + 0.0  # + 0.0 makes -0.0 equal to 0.0 for hashing


def dates(series: dict[str, pd.Series]) -> dict[str, np.ndarray]:
    """Seconds since 1970; one format, that of most training values, reads all tables. Integer dates stay numbers."""
    train = series["train"]
    if pd.api.types.is_numeric_dtype(train.dtype):
        return {role: number(s) for role, s in series.items()}
    known = train.dropna()
    strings = pd.Series((_texts(known) if known.dtype == object else known).unique()).astype("string")
    hits = [
        pd.to_datetime(strings, format=f, errors="coerce").notna().mean() if len(strings) else 0 for f in DATE_FORMATS
    ]
    # what is written otherwise is unreadable, and said to be
    chosen = DATE_FORMATS[int(np.argmax(hits))] if max(hits) > 0.5 else "mixed"
    if chosen == "mixed" and not pd.api.types.is_datetime64_any_dtype(train.dtype):
        _one_way(strings, str(train.name))
    return {role: _seconds(s, chosen) for role, s in series.items()}


def _texts(series: pd.Series) -> pd.Series:
    """Values as text, bytes as far as they are some."""
    if isinstance(series.dtype, pd.CategoricalDtype) or series.dtype == object:
        series = series.astype(object).map(lambda v: v.decode(errors="replace") if isinstance(v, bytes) else v)
    return series.astype("string")


def _format(values: pd.Series) -> str | None:
    """The first of DATE_FORMATS in which every value is written; None where there is none."""
    parts = values.iloc[:1], values.iloc[:100], values  # most columns are no dates, as their first value tells
    return next((f for f in DATE_FORMATS if len(values) and all(_written(part, f) for part in parts)), None)


def _written(values: pd.Series, form: str) -> bool:
    return bool(pd.to_datetime(values, format=form, errors="coerce").notna().all())


def _one_way(strings: pd.Series, column: str) -> None:
    """EvaluationError where dates in no known format could be read with the day first as well as with the month
    first.
    """
    ways = [
        pd.to_datetime(strings, format="mixed", dayfirst=first, errors="coerce", utc=True) for first in (False, True)
    ]
    if unsure := int((ways[0].notna() & ways[1].notna() & (ways[0] != ways[1])).sum()):
        raise EvaluationError(
            f"expected dates written in one format in column {column!r}, found {unsure:,} that are read "
            "differently with the day first; give them as timestamps or as YYYY-MM-DD"
        )


def _seconds(series: pd.Series, form: str) -> np.ndarray:
    if pd.api.types.is_timedelta64_dtype(series.dtype):
        return series.dt.total_seconds().to_numpy(dtype=np.float64)
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        series = pd.to_datetime(_texts(series), format=form, errors="coerce", utc=True)
    elif series.dt.tz is not None:
        series = series.dt.tz_convert("UTC")
    stamps = series.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT"))
    return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e6)


def codes(series: dict[str, pd.Series]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Integer codes of the labels of each table, -1 where missing, and the labels behind them."""
    found = {role: pd.factorize(_labelled(s)) for role, s in series.items()}
    labels = np.array(sorted({text for _, texts in found.values() for text in texts}), dtype=object)
    places = {role: np.searchsorted(labels, np.array(texts, object)) for role, (_, texts) in found.items()}
    return {role: np.append(places[role], -1)[own] for role, (own, _) in found.items()}, labels


def _labelled(series: pd.Series) -> pd.Series:
    """The label of each value; texts are their own."""
    is_text = pd.api.types.infer_dtype(series, skipna=True) == "string"
    return series if is_text else series.map(label, na_action="ignore").astype(object)


def label(value: Any) -> str:
    """One spelling per label: 1, 1.0 and True written by different readers must not look like different categories."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)
