"""Types between Arrow and PostgreSQL on the way in: what a new table has, and what COPY takes for each."""

import re
from collections.abc import Sequence
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks.checks import is_uuid
from launderette.pipelines.database_sinks.contract import Constraint, LoadedColumn
from launderette.pipelines.databases import conditions
from launderette.pipelines.run.artifacts import LaunderError

INTEGERS_BY_BITS = {  # by size in bits: signed, unsigned
    8: ("smallint", "smallint"),
    16: ("smallint", "integer"),
    32: ("integer", "bigint"),
    64: ("bigint", "numeric(20,0)"),
}
COPIED: dict[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "interval": pa.duration("us"),
    "uuid": pa.binary(16),
    **dict.fromkeys(("text", "character varying", "character", "name", "json"), pa.string()),
}
NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
TEXT_OF_SIZE = re.compile(r"character(?: varying)?\((\d+)\)")
UUID_BYTES = 16


def plan(field: pa.Field, wanted: str | None, is_enum: bool = False) -> LoadedColumn:
    """Return how a column of a file is loaded into the type `wanted`, None for the one that its own asks for."""
    type_ = wanted or natural(field.type)
    if (base := _without_size(type_)) in COPIED or is_enum:
        return LoadedColumn(field.name, type_, pa.string() if is_enum else COPIED[base])
    if (found := NUMERIC.fullmatch(type_)) and int(found[1]) <= 38 and int(found[2]) >= 0:
        return LoadedColumn(field.name, type_, pa.decimal128(int(found[1]), int(found[2])))
    if type_ == "numeric" and pa.types.is_decimal128(field.type):
        return LoadedColumn(field.name, type_, field.type)
    return LoadedColumn(field.name, type_, pa.string(), by_text=True)


def _without_size(type_: str) -> str:
    return re.sub(r"\([\d,-]*\)", "", type_)


def is_enum(column: LoadedColumn) -> bool:
    """Tell whether the type of a column is one of the database's own with a list of labels."""
    return column.copied == pa.string() and not column.by_text and _without_size(column.type) not in COPIED


def natural(type_: pa.DataType) -> str:
    """Return the type of PostgreSQL that holds all that a type of Arrow does."""
    if pa.types.is_integer(type_):
        return INTEGERS_BY_BITS[type_.bit_width][pa.types.is_unsigned_integer(type_)]
    if pa.types.is_decimal(type_):
        return f"numeric({type_.precision},{type_.scale})"
    if pa.types.is_timestamp(type_):
        return "timestamp with time zone" if type_.tz else "timestamp without time zone"
    tests = {
        "real": lambda t: pa.types.is_float32(t) or pa.types.is_float16(t),
        "double precision": pa.types.is_float64,
        "boolean": pa.types.is_boolean,
        "date": pa.types.is_date,
        "time without time zone": pa.types.is_time,
        "interval": pa.types.is_duration,
        "uuid": is_uuid,
    }
    return next((name for name, holds in tests.items() if holds(type_)), "text")


def cast(array: pa.Array, column: LoadedColumn) -> pa.Array:
    """Return the values of a file as COPY takes them; LaunderError, without a value, where one does not fit."""
    try:
        return _cast(array, column.copied)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        raise _unfit(column) from None


def _unfit(column: LoadedColumn) -> LaunderError:
    return LaunderError(
        f"expected values of the type {column.type} for column {column.name!r} of the table, found others; change the "
        "type there"
    )


def check(array: pa.Array, column: LoadedColumn, labels: Sequence[str] | None) -> None:
    """Raise LaunderError, without a value, where a column would not hold the values of a file as they are; `labels` are
    those of an enum. What the server converts by itself is not known here.
    """
    if column.by_text:
        return
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    copied, size = cast(array, column), TEXT_OF_SIZE.fullmatch(column.type)
    fits = _come_back(array, copied)
    if labels is not None:
        fits &= pc.all(pc.is_in(copied.drop_null(), pa.array(labels, pa.string())), min_count=0).as_py()
    if size:
        fits &= (pc.max(pc.utf8_length(copied)).as_py() or 0) <= int(size[1])
    if not fits:
        raise _unfit(column)


def _come_back(array: pa.Array, copied: pa.Array) -> bool:
    """Tell whether values are the same as before, once they are read as the type that they have in the file."""
    if is_uuid(array.type):
        return True
    try:
        if copied.type == pa.binary(UUID_BYTES):
            back = pa.array([value and str(UUID(bytes=value)) for value in copied.to_pylist()], pa.string())
        else:
            back = copied.cast(array.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    same = pc.equal(back, array)
    if pa.types.is_floating(array.type):
        same = pc.or_(same, pc.and_(pc.is_nan(back), pc.is_nan(array)))
    return pc.all(same, min_count=0).as_py()


def _cast(array: pa.Array, copied: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if is_uuid(array.type):
        if copied == pa.binary(UUID_BYTES):
            return array.storage
        return pa.array([value and str(value) for value in array.to_pylist()], pa.string())
    if copied == pa.binary(UUID_BYTES):
        return pa.array([value and UUID(value).bytes for value in array.cast(pa.string()).to_pylist()], copied)
    if pa.types.is_decimal(copied) and pa.types.is_integer(array.type):
        array = array.cast(pa.string())
    return array if array.type == copied else array.cast(copied)


def constraint(
    kind: str, columns: Sequence[str], name: str, definition: str, other: str, keys: Sequence[str] | None, is_read: bool
) -> Constraint:
    """Return a constraint as the catalogue has it: a condition that is not read here is true."""
    asked = ", ".join(f"{key}::text" for key in keys or ()) if is_read else ""
    query = f"SELECT DISTINCT {asked} FROM {other}" if asked else ""  # noqa: S608  quoted by the server
    value = columns[0] if kind == "domain" else None
    condition = conditions.as_sqlite(definition, columns, value) if definition else ""
    return Constraint("check" if kind == "domain" else kind, tuple(columns), name, condition or "true", query)
