"""What SQLite is asked for to compare a table with a file, and how its answer is read: one hash of all rows, and where
that differs, summaries of each column.
"""

import itertools
import zlib
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks import checks
from launderette.pipelines.database_sinks.checks import TICKS_PER_SECOND, ColumnSummary
from launderette.pipelines.databases.addresses import quoted

HALF_BITS = 32  # sums of 64 bits overflow, so halves of numbers are added up apart
ASKED_PER_COLUMN = 5
HASH = "launder_hash"  # a function of ours that SQLite calls
ROW_HASH = "launder_row"  # likewise
HASH_BITS = 0xFFFFFFFF
MOST_GIVEN = 100  # values that SQLite hands to a function


def hashed(text: str | None) -> int | None:
    """Return a hash of a text that holds as long as this process, None where it is missing."""
    return None if text is None else hash(text) & HASH_BITS


def row_hash(*values: Any) -> int:
    """Return a hash of the values of a row; Python's own has -1 and -2 alike."""
    return zlib.crc32(repr(values).encode())


def rows_asked(schema: pa.Schema) -> str:
    """Return what SQLite is asked for first: the rows, and the sum over them of a hash of all values of each."""
    parts = [_value(quoted(field.name), field.type) for field in schema]
    given = [", ".join(parts[at : at + MOST_GIVEN]) for at in range(0, len(parts), MOST_GIVEN)]
    return f"count(*), sum({ROW_HASH}({', '.join(f'{ROW_HASH}({values})' for values in given)}))"


def _value(name: str, type_: pa.DataType) -> str:
    if pa.types.is_floating(type_):
        return f"CAST({name} AS REAL) + 0.0"  # of -0.0 and 0.0 the same
    return f"CAST({name} AS TEXT)" if pa.types.is_string(type_) else _whole(name, type_)


def rows_total(batch: pa.RecordBatch) -> int:
    """Return what SQLite has as the sum over rows, of the rows of a file."""
    columns = [_values(array) for array in batch.columns]
    parts = (zip(*columns[at : at + MOST_GIVEN], strict=True) for at in range(0, len(columns), MOST_GIVEN))
    return sum(map(row_hash, *(itertools.starmap(row_hash, part) for part in parts)))


def _values(array: pa.Array) -> list[Any]:
    if checks.is_uuid(array.type):
        return [value and str(value) for value in array.to_pylist()]
    array = checks.comparable(array)
    if pa.types.is_decimal(array.type):
        return checks.unscaled(array).cast(pa.int64()).to_pylist()
    return (pc.add(array, 0.0) if pa.types.is_floating(array.type) else array).to_pylist()


def total(array: pa.Array) -> Decimal:
    """Return what SQLite has as the total of a column, of the values of a file."""
    if checks.is_uuid(array.type):
        array = pa.array([value and str(value) for value in array.to_pylist()], pa.string())
    if not pa.types.is_string(array.type):
        return checks.summed(array)
    counted = pc.value_counts(array.drop_null()).to_pylist()
    return Decimal(sum((hash(one["values"]) & HASH_BITS) * one["counts"] for one in counted))


def asked(schema: pa.Schema) -> str:
    """Return what SQLite is asked for then: present values, lowest, highest and, in two parts, the total of each
    column.
    """
    return ", ".join(part for field in schema for part in _asked(field))


def _asked(field: pa.Field) -> tuple[str, ...]:
    name, type_ = quoted(field.name), field.type
    count = f"count({name})"
    if pa.types.is_floating(type_):
        value = f"CAST({name} AS REAL)"
        return count, f"min({value})", f"max({value})", f"sum({value})", "0"
    if pa.types.is_string(type_):
        value = f"CAST({name} AS TEXT) COLLATE BINARY"
        total = f"sum({HASH}(CAST({name} AS TEXT)))"
        return count, f"min({value})", f"max({value})", total, "0"
    value = _whole(name, type_)
    halves = f"sum(({value}) >> {HALF_BITS})", f"sum(({value}) & {(1 << HALF_BITS) - 1})"
    return count, f"min({value})", f"max({value})", *halves


def _whole(name: str, type_: pa.DataType) -> str:
    """Return a column as whole numbers: microseconds of times, days of dates, the last digits of decimals."""
    if pa.types.is_decimal(type_):
        return f"CAST(round({name} * 1e{type_.scale}) AS INTEGER)"
    if pa.types.is_date(type_):
        return f"CAST(strftime('%s', {name}) AS INTEGER) / 86400"
    if pa.types.is_timestamp(type_):
        return f"CAST(strftime('%s', substr({name}, 1, 19)) AS INTEGER) * {TICKS_PER_SECOND} + {_fraction(name, 20)}"
    if pa.types.is_time(type_):
        seconds = f"strftime('%s', '1970-01-01 ' || substr({name}, 1, 8))"
        return f"CAST({seconds} AS INTEGER) * {TICKS_PER_SECOND} + {_fraction(name, 9)}"
    return f"CAST({name} AS INTEGER)"


def _fraction(name: str, at: int) -> str:
    """Return the microseconds of a second, which stand after a point at a place, if any."""
    return f"CASE substr({name}, {at}, 1) WHEN '.' THEN CAST(substr({name}, {at + 1}, 6) AS INTEGER) ELSE 0 END"


def of_answer(row: tuple[Any, ...], schema: pa.Schema) -> list[ColumnSummary]:
    """Return the summaries of the columns of a table from what SQLite has answered."""
    found = []
    for at, field in enumerate(schema):
        present, low, high, *total = row[ASKED_PER_COLUMN * at : ASKED_PER_COLUMN * (at + 1)]
        if not present:
            found.append(ColumnSummary())
        elif pa.types.is_floating(field.type):
            found.append(ColumnSummary(present, low + 0.0, high + 0.0, total[0]))
        elif pa.types.is_string(field.type):
            found.append(ColumnSummary(present, low.encode(), high.encode(), Decimal(total[0])))
        else:
            found.append(_of_whole(present, (low, high), (total[0] << HALF_BITS) + total[1], field.type))
    return found


def _of_whole(present: int, ends: tuple[int, int], total: int, type_: pa.DataType) -> ColumnSummary:
    scale = type_.scale if pa.types.is_decimal(type_) else 0
    low, high, whole = (Decimal(value).scaleb(-scale) for value in (*ends, total))
    return ColumnSummary(present, low, high, whole)
