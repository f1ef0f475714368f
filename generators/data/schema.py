"""What is public about a table or a set of images: columns, their kinds, how their values are written. No value of
a row is kept here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Literal

import pandas as pd

from launderette.generators.errors import GeneratorError
from launderette.generators.formats import dtypes
from launderette.generators.formats.compound_format import CompoundFormat
from launderette.generators.formats.date_format import check as check_format
from launderette.generators.formats.number_format import NumberFormat
from launderette.generators.formats.scaled_format import ScaledFormat
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.formats.tuple_format import TupleFormat
from launderette.generators.formats.unit_format import UnitFormat
from launderette.generators.formats.written import WrittenNumber, WrittenParts
from launderette.generators.notebook import html_table


@dataclass(frozen=True)
class Numerical:
    """A number on a decimal grid of `decimals` places (0 for integers, None for a continuous one), stored as the pandas
    `dtype`.

    `format` says how it is written where it is text; `derived` is a formula of other columns that gives it
    (generators/derived), False where none is to be looked for; `single` is with how many significant digits a column
    of double precision holds numbers of single precision, 0 where it does not. `shared` are numbers that enough rows of
    a table share to be kept as they are, though too few of those do that are trained on.
    """

    name: str
    dtype: str
    decimals: int | None = None
    format: WrittenNumber | None = None
    derived: str | bool | None = None
    single: int = 0
    shared: tuple[float, ...] = ()
    kind: Literal["numerical"] = "numerical"


@dataclass(frozen=True)
class Categorical:
    """One of a finite set of labels, stored as the pandas `dtype`."""

    name: str
    dtype: str
    kind: Literal["categorical"] = "categorical"


@dataclass(frozen=True)
class Boolean:
    """True or false, perhaps missing, stored as the pandas `dtype`."""

    name: str
    dtype: str
    kind: Literal["boolean"] = "boolean"


@dataclass(frozen=True)
class Datetime:
    """A point in time written in `format` (see date_format.py; empty where the dtype itself is one of dates or times).

    `offset` is the zone that it is written with (+01:00), `language` that of its months (de; empty for English).
    """

    name: str
    dtype: str
    format: str = ""
    offset: str = ""
    language: str = ""
    derived: str | bool | None = None  # as of a number
    kind: Literal["datetime"] = "datetime"


@dataclass(frozen=True)
class Composite:
    """Several numbers in one text, such as 120/80, a number in one of several units, or a set of labels: each of the
    `parts` is learned as a column of its own (parts.py).
    """

    name: str
    dtype: str
    format: WrittenParts
    parts: tuple[Numerical | Categorical | Boolean, ...]
    kind: Literal["numbers", "labels"] = "numbers"


@dataclass(frozen=True)
class Identifier:
    """A value that names a row, or an entity of several rows (`repeats`): never trained on, made up anew.

    `pattern` and `check`, the scheme of its check digits, are the form of its values (see identifiers.py,
    check_digits.py).
    """

    name: str
    dtype: str
    pattern: str
    check: str = ""
    repeats: bool = False
    person: bool = False  # whether its name is that of people, such as patient
    personal: str = ""  # which kind of personal data it holds, such as email; "" for a number or a code of its own
    refers: str = ""  # the identifier of each row that its values are taken from, as a manager's number is
    kind: Literal["identifier"] = "identifier"


@dataclass(frozen=True)
class Image:
    """A picture of height x width pixels in 1 (grey) or 3 (RGB) channels (see images.py)."""

    name: str
    height: int
    width: int
    channels: int
    kind: Literal["image"] = "image"


Learned = Numerical | Categorical | Boolean | Datetime  # what a generator of tables learns
Column = Learned | Composite | Identifier | Image
KINDS: dict[str, type] = {
    "numerical": Numerical,
    "categorical": Categorical,
    "boolean": Boolean,
    "datetime": Datetime,
    "numbers": Composite,
    "labels": Composite,
    "identifier": Identifier,
    "image": Image,
}
REPR_COLUMNS = 8  # columns that a short form names


@dataclass(frozen=True, repr=False)
class Schema:
    """The columns of a table, in order."""

    columns: tuple[Column, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{column.name}: {column.kind}" for column in self.columns[:REPR_COLUMNS])
        return f"Schema({shown}{', ...' if len(self.columns) > REPR_COLUMNS else ''})"

    def _repr_html_(self) -> str:
        rows = [(column.name, column.kind, getattr(column, "dtype", "")) for column in self.columns]
        return html_table("Schema", ("column", "kind", "type"), rows)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def modality(self) -> str:
        """The folder of generators/ whose generators learn such data."""
        return "image" if any(column.kind == "image" for column in self.columns) else "tabular"

    @property
    def learned(self) -> tuple[Learned, ...]:
        """The columns of a table but its identifiers, composites as their parts."""
        return tuple(column for column in self.flat.columns if isinstance(column, Learned))

    @cached_property
    def flat(self) -> "Schema":
        """The columns with the parts of composites in place of these; ValueError where a part is called as another
        column is.
        """
        parts = [column.parts if isinstance(column, Composite) else (column,) for column in self.columns]
        flat = self if all(map(len, parts)) and len(parts) == sum(map(len, parts)) else Schema(tuple(chain(*parts)))
        if twice := [name for name, n in Counter(flat.names).items() if n > 1]:
            raise GeneratorError(
                f"expected another name than {twice[0]!r}, which is that of a part of another column; rename it"
            )
        return flat

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        return tuple(column for column in self.columns if isinstance(column, Identifier))

    def kinds(self) -> dict[str, str]:
        return {column.name: column.kind for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column called `name`; ValueError naming the columns there are otherwise."""
        for column in self.columns:
            if column.name == name:
                return column
        raise GeneratorError(f"expected one of the columns {self.names}, found {name!r}")

    def to_dict(self) -> dict:
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Schema":
        """Read what to_dict wrote; ValueError for a kind or a field that does not exist."""
        return cls(tuple(column_of(entry) for entry in document["columns"]))


def column_of(entry: Mapping) -> Column:
    """Read one column that `asdict` wrote; ValueError for a kind or a field that does not exist."""
    kind = entry.get("kind")
    if kind not in KINDS:
        raise GeneratorError(f"expected a column kind among {sorted(KINDS)}, found {kind!r}")
    known = {field.name for field in fields(KINDS[kind])}
    if unknown := sorted(set(entry) - known):
        raise GeneratorError(f"expected the fields {sorted(known)} for a {kind} column, found also {unknown}")
    return KINDS[kind](**_checked(dict(entry)))


def _checked(entry: dict) -> dict:
    """Return a column's entry with its format as a value; ValueError naming the column where there is no such
    format.
    """
    form = entry.get("format")
    try:
        if entry["kind"] == "datetime" and form:
            check_format(form, entry.get("language") or "")
        if entry["kind"] == "numerical":
            entry["shared"] = tuple(entry.get("shared", ()))
            entry["format"] = _number_format(form) if isinstance(form, Mapping) else form
        if KINDS[entry["kind"]] is Composite and isinstance(form, Mapping):
            entry["format"] = _parts_format(form)
            entry["parts"] = tuple(map(column_of, entry["parts"]))
    except (ValueError, TypeError, AttributeError) as error:
        known = [field.name for field in fields(NumberFormat)]
        reason = (
            str(error)
            if isinstance(error, GeneratorError)
            else f"expected a format of the fields {known}, found another"
        )
        raise GeneratorError(f"column {entry.get('name')!r}: {reason}") from None
    return entry


def _parts_format(entry: Mapping) -> WrittenParts:
    if "units" in entry:
        return UnitFormat.of(entry)
    return SetFormat.of(entry) if "labels" in entry else TupleFormat.of(entry)


def _number_format(entry: Mapping) -> WrittenNumber:
    if "between" in entry:
        return CompoundFormat.of(entry)
    return ScaledFormat.of(entry) if "multiples" in entry else NumberFormat(**entry)


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the frame's columns in the schema's order; ValueError as of `check_columns`."""
    check_columns(frame, schema)
    return frame[schema.names]


def check_columns(frame: pd.DataFrame, schema: Schema) -> None:
    """Raise ValueError for a column that is missing, unlisted or of another type than the schema has."""
    if missing := [name for name in schema.names if name not in frame.columns]:
        raise GeneratorError(f"expected the columns of the schema, found that {_quoted(missing)} are missing")
    if unlisted := [name for name in frame.columns if name not in schema.names]:
        raise GeneratorError(
            f"expected only the columns of the schema, found also {_quoted(unlisted)}; list or drop them"
        )
    for column in schema.columns:
        found, numeric = frame[column.name], column.kind == "numerical" and column.format is None
        if numeric and found.notna().any() and not _is_number(dtypes.simple(found)):
            raise GeneratorError(f"expected numbers in column {column.name!r}, found {found.dtype}")


def _is_number(values: pd.Series) -> bool:
    decimals = values.dtype == object and values.dropna().map(lambda v: isinstance(v, Decimal)).all()
    return (
        pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype) or bool(decimals)
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(str(name)) for name in names)
