"""What is public about a table or a set of images: columns, their kinds, how their values are written. No value of a row is kept here."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date

import numpy as np
import pandas as pd

from generators.data.identifiers import form_of
from generators.data.identifying import names_person, number_identifies, text_identifies
from generators.data.timestamps import format_of

MAX_DECIMALS = 12
EXACT_INTEGERS = 2**53  # float64 holds every integer up to here


@dataclass(frozen=True)
class Numerical:
    """A number on a decimal grid of `decimals` places (0 for integers, None for a continuous one), stored as the pandas `dtype`."""

    name: str
    dtype: str
    decimals: int | None = None
    kind: str = "numerical"


@dataclass(frozen=True)
class Categorical:
    """One of a finite set of labels, stored as the pandas `dtype`."""

    name: str
    dtype: str
    kind: str = "categorical"


@dataclass(frozen=True)
class Boolean:
    """True or false, perhaps missing, stored as the pandas `dtype`."""

    name: str
    dtype: str
    kind: str = "boolean"


@dataclass(frozen=True)
class Datetime:
    """A point in time written in `format` (strptime's codes; empty where the dtype is pandas' own, `date` for Python dates)."""

    name: str
    dtype: str
    format: str = ""
    kind: str = "datetime"


@dataclass(frozen=True)
class Identifier:
    """A value that names a row, or an entity of several rows (`repeats`): never trained on, made up anew.

    `pattern` and `check`, the scheme of its check digits, are the form of its values (see identifiers.py, check_digits.py).
    """

    name: str
    dtype: str
    pattern: str
    check: str = ""
    repeats: bool = False
    person: bool = False  # whether its name is that of people, such as patient
    kind: str = "identifier"


@dataclass(frozen=True)
class Image:
    """A picture of height x width pixels in 1 (grey) or 3 (RGB) channels (see images.py)."""

    name: str
    height: int
    width: int
    channels: int
    kind: str = "image"


Column = Numerical | Categorical | Boolean | Datetime | Identifier | Image
KINDS: dict[str, type] = {
    "numerical": Numerical,
    "categorical": Categorical,
    "boolean": Boolean,
    "datetime": Datetime,
    "identifier": Identifier,
    "image": Image,
}


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def kinds(self) -> dict[str, str]:
        return {column.name: column.kind for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column called `name`; ValueError naming the columns there are otherwise."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ValueError(f"expected one of the columns {self.names}, found {name!r}")

    def to_dict(self) -> dict:
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Schema":
        """Read what to_dict wrote; ValueError for a kind or a field that does not exist."""
        return cls(tuple(_column(entry) for entry in document["columns"]))


def _column(entry: Mapping) -> Column:
    kind = entry.get("kind")
    if kind not in KINDS:
        raise ValueError(f"expected a column kind among {sorted(KINDS)}, found {kind!r}")
    known = {field.name for field in fields(KINDS[kind])}
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"expected the fields {sorted(known)} for a {kind} column, found also {unknown}")
    return KINDS[kind](**entry)


def infer(frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Schema:
    """Read the kind of each column off its values, except where `kinds` states it; ValueError for duplicate names."""
    if not frame.columns.is_unique:
        raise ValueError("expected every column name once, found a name twice; rename one of them")
    kinds = dict(kinds or {})
    if unknown := sorted(set(kinds) - set(frame.columns)):
        raise ValueError(f"expected kinds for the columns of the table, found also {unknown}")
    return Schema(tuple(_infer_column(name, frame[name], kinds.get(name)) for name in frame.columns))


def _infer_column(name: str, values: pd.Series, kind: str | None) -> Column:
    dtype, present = str(values.dtype), values.dropna()
    kind = kind or _kind(name, present)
    match kind:
        case "numerical":
            return Numerical(name, dtype, decimals_of(present))
        case "categorical":
            return Categorical(name, dtype)
        case "boolean":
            return Boolean(name, dtype)
        case "datetime":
            return Datetime(name, dtype, _datetime_format(present) or "")
        case "identifier":
            form = form_of(present)
            return Identifier(name, dtype, form.pattern, form.check, not present.is_unique, names_person(name))
    raise ValueError(f"expected a column kind among {sorted(KINDS)}, found {kind!r} for column {name!r}")


def _kind(name: str, present: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(present.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(present.dtype):
        return _number_kind(name, present)
    if len(present) and present.map(type).eq(bool).all():
        return "boolean"
    if _datetime_format(present) is not None:
        return "datetime"
    return "identifier" if text_identifies(name, present) else "categorical"


def _number_kind(name: str, present: pd.Series) -> str:
    if _datetime_format(present) is not None:
        return "datetime"
    return "identifier" if number_identifies(name, present) else "numerical"


def _datetime_format(present: pd.Series) -> str | None:
    """Return the one format in which every value is written, `date` for Python dates, None where there is none."""
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return ""
    if present.empty or pd.api.types.is_float_dtype(present.dtype) or pd.api.types.is_bool_dtype(present.dtype):
        return None
    unique = present.unique()
    if all(type(value) is date for value in unique):
        return "date"
    if pd.api.types.is_integer_dtype(present.dtype):
        # YYYYMMDD: eight digits, a calendar date each
        in_range = (unique >= 19000101) & (unique <= 21001231)
        return "%Y%m%d" if len(unique) > 1 and bool(np.all(in_range)) and format_of(unique.astype(str)) == "%Y%m%d" else None
    return format_of(unique)


def decimals_of(present: pd.Series) -> int | None:
    """Return the fewest decimal places that write every value exactly, None where more than 12 or float64 cannot tell."""
    if pd.api.types.is_integer_dtype(present.dtype):
        return 0
    numbers = pd.to_numeric(present, errors="coerce").to_numpy("float64", na_value=np.nan)
    numbers = np.unique(numbers[np.isfinite(numbers)])
    largest = np.abs(numbers).max(initial=0.0)
    for decimals in range(MAX_DECIMALS + 1):
        if largest * 10.0**decimals >= EXACT_INTEGERS:
            return None
        if np.array_equal(np.round(numbers, decimals), numbers):
            return decimals
    return None


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the frame's columns in the schema's order; ValueError for a column that is missing, unlisted or of another type."""
    if missing := [name for name in schema.names if name not in frame.columns]:
        raise ValueError(f"expected the columns of the schema, found that {_quoted(missing)} are missing")
    if unlisted := [name for name in frame.columns if name not in schema.names]:
        raise ValueError(f"expected only the columns of the schema, found also {_quoted(unlisted)}; list or drop them")
    for column in schema.columns:
        found, numeric = frame[column.name], column.kind == "numerical"
        if numeric and found.notna().any() and not pd.api.types.is_numeric_dtype(found.dtype):
            raise ValueError(f"expected numbers in column {column.name!r}, found {found.dtype}")
    return frame[schema.names]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(str(name)) for name in names)
