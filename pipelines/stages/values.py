"""Values of an ingested table: which of them can be read in their column's format, and what happens to the others."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Datetime, Numerical, Schema
from launderette.generators.formats import date_inference, dtypes, grid, number_format, written
from launderette.generators.formats.date_inference import DateFormat
from launderette.pipelines.run.artifacts import LaunderError

MOSTLY = 0.9  # from this share of numbers on, labels are taken for unreadable numbers unless they are stated


def zoned(entry: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Return a column's entry; of a date with the zone that most of its values are written with."""
    entry = dict(entry)
    if entry["kind"] == "datetime" and entry.get("format") and not entry.get("offset"):
        texts = [str(value) for value in frame[entry["name"]].dropna().unique()[: date_inference.JUDGED]]
        entry["offset"] = date_inference.zoned(DateFormat(str(entry["format"])), texts).offset
    return entry


def check(frame: pd.DataFrame, schema: Schema, stated: Collection[str]) -> None:
    """Raise LaunderError for a column whose format reads less than half of it, and for labels that are mostly
    numbers.
    """
    for column in schema.columns:
        present = dtypes.simple(frame[column.name]).dropna()
        if column.kind == "datetime":
            _check_read(present, column, f"dates as {column.format!r}" if column.format else "dates")
        elif column.kind == "numerical" and written.texts_of(present):
            _check_read(present, column, "numbers")
        elif column.kind in ("categorical", "identifier") and column.name not in stated:
            _check_labels(present, column)


def _check_read(present: pd.Series, column: Datetime | Numerical, what: str) -> None:
    """Raise LaunderError where less than half of the values can be read."""
    readable = int(_read(present, column).sum())
    if readable < written.READ * len(present):
        raise LaunderError(
            f"expected {what} in column {column.name!r}, found {readable:,} of {len(present):,} values that can be "
            "read so; "
            f"correct columns.{column.name}, or set it to categorical"
        )


def _check_labels(present: pd.Series, column: Column) -> None:
    """Raise LaunderError for numbers with words among them that are neither few nor alike."""
    texts = written.texts_of(present)
    format = texts and number_format.infer(texts)
    if not format:
        return
    numbers = sum(n for text, n in texts.items() if format.parse(text) is not None)
    words = len(present) - numbers
    if words and numbers >= MOSTLY * len(present) and len(texts) > written.FEW:
        raise LaunderError(
            f"expected one type of value in column {column.name!r}, found numbers in {numbers:,} rows and words in "
            f"{words:,}; set "
            f"columns.{column.name} to numerical to take the words for missing values, or to categorical to keep "
            "them as labels"
        )


def read(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, dict[str, int]]:
    """Make missing what its column's format does not read, but for words that stand for missing values, and count
    it by column.
    """
    frame, counts = frame.copy(), {}
    for column in schema.columns:
        strays = _strays(frame[column.name], column)
        if strays.any():
            frame[column.name] = frame[column.name].mask(strays, None)
            what = (
                f"values of column {column.name!r} could not be read and became missing; its form: "
                f"columns.{column.name}"
            )
            counts[what] = int(strays.sum())
    return frame, counts


def _strays(values: pd.Series, column: Column) -> np.ndarray:
    """Tell which values can neither be read nor stand for missing ones."""
    if column.kind not in ("numerical", "datetime") or not column.format:
        return np.zeros(len(values), dtype=bool)
    unread = values.notna().to_numpy() & ~_read(values, column)
    words = written.words_among(written.texts_of(values[unread]) or {})
    return unread & ~values.isin(list(words)).to_numpy()


def _read(values: pd.Series, column: Datetime | Numerical) -> np.ndarray:
    return grid.to_grid(values, column, 1 if column.kind == "datetime" else 0)[1]


def numbers(values: pd.Series, column: Numerical) -> pd.Series:
    """Return the numbers of a column that are there: Decimals where it is text or stores them, else its own values."""
    simple = dtypes.simple(values).dropna()
    if simple.dtype != object:
        return simple
    found = [grid.number_of(value, column) for value in simple]
    return pd.Series([number for number in found if number is not None], dtype="object")
