"""Values of an ingested table: which of them can be read in their column's format, and what happens to the others."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Composite, Datetime, Identifier, Numerical, Schema
from launderette.generators.formats import (
    date_alternatives,
    date_format,
    date_inference,
    dtypes,
    grid,
    number_format,
    written,
)
from launderette.generators.formats.date_inference import DateFormat
from launderette.generators.formats.number_format import NumberFormat
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.identifiers import placeholders
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.run.artifacts import LaunderError

Written = Datetime | Numerical | Composite
SUM_WORD = re.compile(  # that stands before sums
    r"(?:(?:grand |sub)?total[set]?|total général|totaal|toplam|overall|sums?|summ[ae]|suma|somme|"
    r"(?:ins)?gesamt|(?:gesamt|zwischen)summe|samlet|yhteensä|összesen|celkem|razem|итого|всего|合[計计]|합계)\s*[:.]?",
    re.IGNORECASE,
)
MOST_SUM_ROWS = 5  # at the end of a table
LEAST_NUMBER_SHARE = 0.9  # from which on labels are taken for unreadable numbers unless they are stated


def without_sums(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the table without rows of sums at its end, and what is said of them: nobody's, they would be learned as
    somebody's, and give sums of the real rows away.
    """
    rows = 0
    for _, row in frame.iloc[: -MOST_SUM_ROWS - 1 : -1].iterrows():
        cells = [str(cell).strip() for cell in row.dropna() if str(cell).strip()]
        worded = [cell for cell in cells if SUM_WORD.fullmatch(cell)]
        numbers = sum(any(map(str.isdigit, cell)) for cell in cells)
        if len(worded) != 1 or not numbers or numbers + 1 < len(cells) or len(cells) > len(row) / 2:
            break
        rows += 1
    said = f"{counted(rows, 'row')} of sums at the end {'was' if rows == 1 else 'were'} left out"
    return (frame.iloc[:-rows], [said]) if rows else (frame, [])


def zoned(entry: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Return a column's entry; of a date with the zone that most of its values are written with."""
    entry = dict(entry)
    if entry["kind"] == "datetime" and entry.get("format") and not entry.get("offset"):
        texts = [str(value) for value in frame[entry["name"]].dropna().unique()[: date_inference.COMPARED_TEXTS]]
        entry["offset"] = date_inference.zoned(DateFormat(str(entry["format"])), texts).offset
    return entry


def check(frame: pd.DataFrame, schema: Schema, stated: Collection[str]) -> None:
    """Raise LaunderError for a column whose format reads less than half of it, and for labels that are mostly
    numbers.
    """
    for column in schema.columns:
        values = dtypes.simple(frame[column.name])
        if column.kind == "datetime":
            _check_read(values.dropna(), column, f"dates as {column.format!r}" if column.format else "dates")
        elif column.kind == "labels":
            _check_read(values.dropna(), column, "sets of labels")
        elif column.kind == "numbers" or (column.kind == "numerical" and written.texts_of(values)):
            _check_read(values.dropna(), column, "numbers")
        elif column.kind in ("categorical", "identifier") and column.name not in stated:
            _check_labels(values, column)


def _check_read(present: pd.Series, column: Written, what: str) -> None:
    """Raise LaunderError where less than half of the values that are no words for missing ones can be read."""
    readable, words = int(_read(present, column).sum()), present.map(lambda value: written.is_known(str(value)))
    if readable < written.LEAST_READ_SHARE * max(len(present) - words.sum(), min(len(present), 1)):
        raise LaunderError(
            f"expected {what} in column {column.name!r}, found {readable:,} of {len(present):,} values that can be "
            "read so; "
            f"correct columns.{column.name}, or set it to categorical"
        )


def _check_labels(values: pd.Series, column: Column) -> None:
    """Raise LaunderError for numbers with words among them that are neither few nor alike."""
    if number_format.infer(map(str, values.drop_duplicates().dropna())) is None:  # counts cost more than distinct ones
        return
    texts = written.texts_of(values) or {}
    if (format := number_format.infer(texts)) is None or written.are_padded(texts):
        return
    numbers = sum(n for text, n in texts.items() if format.parse(text) is not None)
    words = sum(texts.values()) - numbers
    if words and numbers >= LEAST_NUMBER_SHARE * (numbers + words) and len(texts) > written.MOST_NUMBER_LABELS:
        raise LaunderError(
            f"expected one type of value in column {column.name!r}, found numbers in {numbers:,} rows and words in "
            f"{words:,}; set "
            f"columns.{column.name} to numerical to take the words for missing values, or to categorical to keep "
            "them as labels"
        )


def read(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, list[str]]:
    """Make missing what its column's format does not read, but for words that stand for missing values; return what
    is to be said of both, by column.
    """
    frame, notes = frame.copy(deep=False), []
    for column in schema.columns:
        values = frame[column.name]
        if isinstance(column, Identifier):
            frame[column.name] = placeholders.without(values)
            notes += _told_of_placeholders(column, int(values.notna().sum() - frame[column.name].notna().sum()))
        if not isinstance(column, Written) or not column.format:
            continue
        unread = values.notna().to_numpy() & ~_read(values, column)
        words = unread & values.isin(list(written.words_among(written.texts_of(values[unread]) or {}))).to_numpy()
        words &= column.kind != "labels"
        strays = unread & ~words
        if strays.any():
            frame[column.name] = values.mask(strays, None)
        notes += _told(column, int(words.sum()), int(strays.sum())) + _told_of_forms(column, values)
    return frame, notes


def _told_of_placeholders(column: Identifier, rows: int) -> list[str]:
    """Return what is said of texts such as "-" that name nobody."""
    said = f"{counted(rows, 'placeholder')} such as - or unknown in column {column.name!r} became missing"
    return [said] if rows else []


def _told_of_forms(column: Written, values: pd.Series) -> list[str]:
    """Return what is said of dates, and of amounts, that are written in several ways and come back in one."""
    if isinstance(column, Composite):
        return _told_of_labels(column, values)
    if isinstance(column, Numerical):
        return _told_of_currency(column, values)
    name, said, forms = column.name, [], column.format.split(date_format.BETWEEN_FORMATS)
    if len(forms) > 1:
        kept = [form for form in forms if form not in date_alternatives.unwritten(column.format)]
        said.append(
            f"Column {name!r} holds dates as {' and '.join(forms)}; synthetic ones are written as {kept[-1]}"
            + (f", or as {' or '.join(kept[:-1])} where that says all of them" if kept[1:] else "")
        )
    zones = date_inference.offsets(map(str, values.dropna().unique()), column.format)
    if len(zones) > 1 and "/" not in column.offset:
        said.append(
            f"Column {name!r} holds moments in {len(zones)} zones; synthetic ones are written with the commonest, "
            f"{column.offset}"
        )
    return said


def _told_of_labels(column: Composite, values: pd.Series) -> list[str]:
    form = column.format
    if not isinstance(form, SetFormat):
        return []
    texts = written.texts_of(values.dropna()) or {}
    cut = sum(n for text, n in texts.items() if form.names(text) and set(form.items(text) or ()) - set(form.labels))
    said = (
        f"{counted(cut)} of column {column.name!r} {'has' if cut == 1 else 'have'} labels that few rows share, without"
    )
    return [f"{said} which {'it is' if cut == 1 else 'they are'} learned"] if cut else []


def _told_of_currency(column: Numerical, values: pd.Series) -> list[str]:
    form = column.format
    if not isinstance(form, NumberFormat) or not form.is_money:
        return []
    texts = written.texts_of(values.dropna()) or {}
    bare = sum(
        n for text, n in texts.items() if form.is_bare(text) and form.write(form.parse(text) or Decimal()) != text
    )
    said = f"{counted(bare)} of column {column.name!r} {'is' if bare == 1 else 'are'} written without its currency"
    return [f"{said}; synthetic ones are written with it"] if bare else []


def _told(column: Written, words: int, strays: int) -> list[str]:
    """Return what is said of the words and of the unreadable values of a column, where there are any."""
    name, beside = column.name, "dates" if column.kind == "datetime" else "numbers"
    said = (
        f"{counted(words)} of column {name!r} {'is a word' if words == 1 else 'are words'} among {beside}, taken for "
        "missing and written back as the words that enough rows share; to learn labels: columns: "
        f"{{{as_key(name)}: categorical}}",
        f"{counted(strays)} of column {name!r} could not be read and became missing; its form: columns.{name}",
    )
    return [sentence for sentence, count in zip(said, (words, strays), strict=True) if count]


def counted(count: int, what: str = "value") -> str:
    """Write a count of values: 1 value, 1,200 values."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _read(values: pd.Series, column: Written) -> np.ndarray:
    if isinstance(column, Composite):
        return np.array([isinstance(value, str) and column.format.split(value) is not None for value in values])
    return grid.to_grid(values, column, 1 if column.kind == "datetime" else 0)[1]


def numbers(values: pd.Series, column: Numerical) -> pd.Series:
    """Return the numbers of a column that are there: Decimals where it is text or stores them, else its own values."""
    simple = dtypes.simple(values).dropna()
    if simple.dtype != object:
        return simple
    found = [grid.number_of(value, column) for value in simple]
    return pd.Series([number for number in found if number is not None], dtype="object")
