"""The schema of a table, read off its names and values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from launderette.generators.data.kinds import Kind, dated, kind_of, text_kind_of
from launderette.generators.data.schema import (
    KINDS,
    Boolean,
    Categorical,
    Column,
    Composite,
    Datetime,
    Identifier,
    Numerical,
    Schema,
)
from launderette.generators.errors import GeneratorError
from launderette.generators.formats import dtypes, number_format, set_format, written
from launderette.generators.formats.decimals import decimals_of, precision_of
from launderette.generators.formats.number_format import NumberFormat
from launderette.generators.formats.unit_format import UnitFormat
from launderette.generators.formats.written import WrittenNumber
from launderette.generators.identifiers import numbered, placeholders, references
from launderette.generators.identifiers.detection import names_person, shares_entities
from launderette.generators.identifiers.forms import form_of


def infer(
    frame: pd.DataFrame, kinds: Mapping[str, str] | None = None, counts: Mapping[str, pd.Series | None] | None = None
) -> Schema:
    """Read the kind of each column off its values, except where `kinds` states it; ValueError for duplicate names.

    `counts` are the dtypes.text_counts of columns, where these are known.
    """
    if frame.columns.nlevels > 1:
        raise GeneratorError(
            f"expected one level of column names, found {frame.columns.nlevels}; join them, such as "
            "frame.columns.map('_'.join)"
        )
    if not frame.columns.is_unique:
        raise GeneratorError("expected every column name once, found a name twice; rename one of them")
    kinds = dict(kinds or {})
    if unknown := sorted(set(kinds) - set(frame.columns)):
        raise GeneratorError(f"expected kinds for the columns of the table, found also {unknown}")
    counts = {name: dtypes.text_counts(frame[name]) for name in frame.columns} if counts is None else counts
    columns = tuple(_infer_column(name, frame[name], kinds.get(name), counts[name]) for name in frame.columns)
    learned = {name for name, kind in kinds.items() if kind != "identifier"}
    return Schema(references.marked(frame, numbered.marked(frame, columns, learned), learned))


def _infer_column(name: str, values: pd.Series, kind: str | None, counts: pd.Series | None) -> Column:
    if counts is None:
        dtypes.check(name, values)
        dtype, present = dtypes.dtype_of(values), dtypes.present(dtypes.simple(values))
        found = Kind(kind) if kind else kind_of(name, present)
    else:
        texts = dict(zip(counts.index, counts.tolist(), strict=True))
        dtype, found = "object", Kind(kind) if kind else text_kind_of(name, values, texts)
        if found.word == "categorical":  # as most texts are: no further look at each row
            return Categorical(name, dtype)
        present = dtypes.present(values)
    stated = kind is not None
    match found.word:
        case "numerical":
            form = written.number_format(present, stated=True) if stated else found.number
            decimals, single = precision_of(_read(present, form))
            return Numerical(name, dtype, decimals, form, single=single)
        case "categorical":
            return Categorical(name, dtype)
        case "boolean":
            return Boolean(name, dtype)
        case "datetime":
            date = found.date if not stated or dated(present) else written.date_format(name, present, stated=True)
            return Datetime(name, dtype, date.format, date.offset, date.language) if date else Datetime(name, dtype)
        case "numbers":
            return _numbers(name, dtype, present)
        case "labels":
            return _labels(name, dtype, present)
        case "identifier":
            named = placeholders.without(present).dropna()
            own = form_of(named)
            return Identifier(name, dtype, own.pattern, own.check, shares_entities(name, named), names_person(name))
    raise GeneratorError(f"expected a column kind among {sorted(KINDS)}, found {found.word!r} for column {name!r}")


def _numbers(name: str, dtype: str, present: pd.Series) -> Composite:
    """Return a column of several numbers in one text; ValueError where its texts are none."""
    texts = written.texts_of(present) or {}
    if (form := written.parts_of_texts(texts, stated=True)) is None:
        raise GeneratorError(
            f"expected several numbers in each text of column {name!r}, the same text between them, or numbers in "
            f"units, found others; set columns.{name} to categorical"
        )
    columns = list(zip(*(part for text in texts if (part := form.split(text)) is not None), strict=True))
    if isinstance(form, UnitFormat):
        number = _part(f"{name} [number]", columns[0], number_format.infer(Counter(columns[0])))
        return Composite(name, dtype, form, (number, Categorical(f"{name} [unit]", "object")))
    decimal = "," if form.commas else "."
    known = [number_format.infer([number.replace(",", ".") for number in numbers]) for numbers in columns]
    forms = [one and replace(one, group="", decimal=decimal) for one in known]
    parts = (_part(f"{name} [{k}]", *pair) for k, pair in enumerate(zip(columns, forms, strict=True), 1))
    return Composite(name, dtype, form, tuple(parts))


def _labels(name: str, dtype: str, present: pd.Series) -> Composite:
    """Return a column of sets of labels; ValueError where its texts are none."""
    form = set_format.infer(written.texts_of(present) or {}, stated=True)
    if form is None:
        raise GeneratorError(
            f"expected up to {set_format.MOST_SET_LABELS} labels in the texts of column {name!r}, one mark between "
            f"them, found others; set columns.{name} to categorical"
        )
    parts = (Boolean(f"{name} [{label}]", "object") for label in form.labels)
    return Composite(name, dtype, form, tuple(parts), "labels")


def _part(name: str, numbers: Iterable[str], form: NumberFormat | None) -> Numerical:
    return Numerical(name, "object", decimals_of(_read(pd.Series(numbers), form)), form)


def _read(present: pd.Series, form: WrittenNumber | None) -> pd.Series:
    """Return the numbers that texts in a format stand for; other values as they are."""
    if form is None:
        return present
    return pd.Series(
        [number for text in present.unique() if (number := form.parse(str(text))) is not None], dtype="object"
    )
