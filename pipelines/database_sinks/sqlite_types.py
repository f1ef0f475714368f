"""Types between Arrow and SQLite on the way in: what a new column is declared as, and the texts and numbers that stand
for each: dates and times as SQLite's own functions write them.
"""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks.checks import is_uuid
from launderette.pipelines.database_sinks.contract import Constraint, LoadedColumn
from launderette.pipelines.databases import conditions
from launderette.pipelines.databases.addresses import quoted
from launderette.pipelines.run.artifacts import LaunderError

EXACT_DIGITS = 15  # of a decimal that SQLite keeps as a number; longer ones are texts
WHOLE_SECONDS = r"\.0+$"


def plan(field: pa.Field, declared: str | None) -> LoadedColumn:
    """Return how a column of a file is loaded into a column `declared` so, None for what its own type asks for."""
    return LoadedColumn(field.name, natural(field.type) if declared is None else declared, compared(field.type))


def natural(type_: pa.DataType) -> str:
    """Return as what a column that holds all that a type of Arrow does is declared."""
    if pa.types.is_decimal(type_):
        return f"DECIMAL({type_.precision},{type_.scale})" if type_.precision <= EXACT_DIGITS else "TEXT"
    tests = {
        "BOOLEAN": pa.types.is_boolean,
        "INTEGER": lambda t: pa.types.is_integer(t) or pa.types.is_duration(t),
        "REAL": pa.types.is_floating,
        "DATE": pa.types.is_date,
        "TIMESTAMP": pa.types.is_timestamp,
        "TIME": pa.types.is_time,
        "CHAR(36)": is_uuid,
    }
    return next((name for name, holds in tests.items() if holds(type_)), "TEXT")


def compared(type_: pa.DataType) -> pa.DataType:
    """Return the type of Arrow that holds all that SQLite keeps of another one."""
    if pa.types.is_decimal(type_):
        return pa.decimal128(type_.precision, type_.scale) if type_.precision <= EXACT_DIGITS else pa.string()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", type_.tz and "UTC")
    tests = {
        pa.bool_(): pa.types.is_boolean,
        pa.int64(): pa.types.is_integer,
        pa.float64(): pa.types.is_floating,
        pa.date32(): pa.types.is_date,
        pa.time64("us"): pa.types.is_time,
        pa.duration("us"): pa.types.is_duration,
    }
    return next((found for found, holds in tests.items() if holds(type_)), pa.string())


def cast(array: pa.Array, column: LoadedColumn) -> pa.Array:
    """Return the values of a file in the type that is compared; LaunderError, without a value, where one does not fit:
    whole numbers beyond 64 bits.
    """
    try:
        if is_uuid(array.type):
            return pa.array([value and str(value) for value in array.to_pylist()], pa.string())
        return array if array.type == column.copied else array.cast(column.copied)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise unfit(column) from None


def unfit(column: LoadedColumn) -> LaunderError:
    """Return what is said of a column that cannot hold the values of a file as they are."""
    return LaunderError(
        f"expected values of the type {column.type} for column {column.name!r} of the table, found others; change the "
        f"type there, or set columns.{column.name} to drop"
    )


def stored(array: pa.Array) -> list[Any]:
    """Return values of a type that `compared` returns as those of Python that the driver stores."""
    type_ = array.type
    if pa.types.is_timestamp(type_) or pa.types.is_time(type_):
        return _clock(array).to_pylist()
    if pa.types.is_boolean(type_) or pa.types.is_duration(type_):
        array = array.cast(pa.int64())
    if pa.types.is_date(type_) or pa.types.is_decimal(type_):
        array = array.cast(pa.string())
    return array.to_pylist()


def _clock(array: pa.Array) -> pa.Array:
    """Return texts of moments or times of day, with a part of a second only where there is one, in UTC if in a zone."""
    in_zone = pa.types.is_timestamp(array.type) and array.type.tz
    plain = array.cast(pa.timestamp("us")) if in_zone else array
    texts = pc.replace_substring_regex(plain.cast(pa.string()), WHOLE_SECONDS, "")
    return pc.binary_join_element_wise(texts, "+00:00", "") if in_zone else texts


def constraint(kind: str, columns: Sequence[str], other: str, keys: str) -> Constraint:
    """Return a constraint as the pragmas have it; keys that are not named are the other table's own, and not looked
    at.
    """
    named = json.loads(keys) if keys else []
    asked = ", ".join(f"CAST({quoted(key)} AS TEXT)" for key in named if key)
    query = f"SELECT DISTINCT {asked} FROM {quoted(other)}" if asked and all(named) else ""  # noqa: S608
    return Constraint(kind, tuple(columns), "", "true", query)


def check(condition: str, columns: Sequence[str]) -> Constraint:
    """Return a check of those columns that its condition speaks of."""
    spoken = {name.strip('"`[]').lower() for name in conditions.SQL_NAME.findall(condition)}
    return Constraint("check", tuple(name for name in columns if name.lower() in spoken), "CHECK", condition)
