"""The kind of a column, read off its name and its values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

import pandas as pd

from launderette.generators.formats import dtypes, set_format, tuple_format, written
from launderette.generators.formats.date_inference import DateFormat
from launderette.generators.formats.tuple_format import TupleFormat
from launderette.generators.formats.written import WrittenNumber
from launderette.generators.identifiers.detection import has_form, is_named, number_identifies, text_identifies
from launderette.generators.identifiers.placeholders import is_placeholder


@dataclass(frozen=True)
class Kind:
    """The word for a column's kind, with the format that its numbers or dates were found to be written in."""

    word: str
    number: WrittenNumber | None = None
    date: DateFormat | None = None


def kind_of(name: str, present: pd.Series) -> Kind:
    """Return the kind of a column by its name and its values that are not missing."""
    if pd.api.types.is_bool_dtype(present.dtype):
        return Kind("boolean")
    if dated(present):
        return Kind("datetime")
    if pd.api.types.is_timedelta64_dtype(present.dtype):
        return Kind("numerical")
    if pd.api.types.is_numeric_dtype(present.dtype):
        return _number_kind(name, present)
    if len(present) and not dtypes.is_text(present):
        if present.map(type).eq(bool).all():
            return Kind("boolean")
        if present.map(type).eq(Decimal).all():
            return Kind("numerical")
    return text_kind_of(name, present)


def text_kind_of(name: str, present: pd.Series, texts: Mapping[str, int] | None = None) -> Kind:
    """Return the kind of a column of texts, given how many rows have each, where that is known."""
    texts = texts or written.texts_of(present) or {}
    if (date := written.date_of_texts(texts)) is not None:
        return Kind("datetime", date=date)
    distinct = pd.Series(list(texts)) if texts else present.drop_duplicates().map(str)
    if (form := written.number_of_texts(texts)) is not None and _is_amount(name, distinct, form):
        return Kind("numerical", form)
    if _are_amounts(name, distinct, texts):
        return Kind("numbers")
    if not is_named(name, many=True) and set_format.infer(texts) is not None:
        return Kind("labels")
    rows = {text: n for text, n in (texts or Counter(present.map(str))).items() if not is_placeholder(text)}
    named = bool(rows) and text_identifies(name, pd.Series(list(rows)), sum(rows.values()))
    return Kind("identifier" if named else "categorical")


def _are_amounts(name: str, distinct: pd.Series, texts: Mapping[str, int]) -> bool:
    """Tell whether texts (with their counts) hold several amounts each, or amounts in several units, of more than a few
    distinct ones.
    """
    if len(texts) <= written.MOST_NUMBER_LABELS or is_named(name, many=True):
        return False
    form = written.parts_of_texts(texts)
    coded = isinstance(form, TupleFormat) and not tuple_format.are_amounts(texts, form)
    return form is not None and not coded and not has_form(distinct)


def _is_amount(name: str, distinct: pd.Series, form: WrittenNumber) -> bool:
    """Tell whether numbers written as text are amounts: not phone numbers, and no plain ones under the name of an
    identifier.
    """
    return (form.decorated or not is_named(name)) and not has_form(distinct)


def dated(present: pd.Series) -> bool:
    """Tell whether a column holds timestamps, or Python's dates or times of day."""
    python = present.dtype == object and len(present) > 0 and not dtypes.is_text(present)
    python = python and present.map(lambda v: isinstance(v, date | time)).all()
    return pd.api.types.is_datetime64_any_dtype(present.dtype) or bool(python)


def _number_kind(name: str, present: pd.Series) -> Kind:
    if (date := written.date_format(name, present)) is not None:
        return Kind("datetime", date=date)
    return Kind("identifier" if number_identifies(name, present) else "numerical")
