"""What a table holds against what a file does: rows, missing values, lowest, highest and sum of every column, computed
by the server on one side and from the file on the other.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks import types
from launderette.pipelines.databases.addresses import quoted

ROUNDING = 1e-9  # relative, of a sum of floating point numbers in another order
TICKS_PER_SECOND = 1_000_000
UUID_LETTERS = 36


@dataclass
class ColumnSummary:
    """What is compared of a column; `total` is the sum of its numbers, of its times in microseconds, of its days, of
    the bytes of its texts.
    """

    present: int = 0
    low: Any = None
    high: Any = None
    total: Any = Decimal(0)
    size: float = 0.0  # sum of absolute values of floating point numbers: the scale of their rounding

    def equals(self, other: "ColumnSummary") -> bool:
        """Tell whether both may be of the same values."""
        if (self.present, self.low, self.high) != (other.present, other.low, other.high):
            return False
        if not self.size:
            return self.total == other.total
        return math.isclose(self.total, other.total, rel_tol=0, abs_tol=ROUNDING * self.size)


def of_file(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> tuple[int, list[ColumnSummary]]:
    """Return the rows of a file and the summaries of its columns."""
    rows, found = 0, [ColumnSummary() for _ in schema]
    for batch in batches:
        rows += batch.num_rows
        for summary, array in zip(found, batch.columns, strict=True):
            _add(summary, array)
    return rows, found


def _add(summary: ColumnSummary, array: pa.Array) -> None:
    array = _comparable(array)
    if not (count := len(array) - array.null_count):
        return
    ends = pc.min_max(array)
    low, high = (_plain(ends[end]) for end in ("min", "max"))
    summary.low = low if summary.present == 0 else min(summary.low, low)
    summary.high = high if summary.present == 0 else max(summary.high, high)
    summary.present += count
    if pa.types.is_floating(array.type):
        summary.total = float(summary.total or 0.0) + pc.sum(array).as_py()
        summary.size += pc.sum(pc.abs(array)).as_py()
    else:
        summary.total += _total(array)


def _comparable(array: pa.Array) -> pa.Array:
    """Return numbers as they are, times as microseconds and dates as days in int64, anything else as bytes."""
    type_ = array.type
    if types.is_uuid(type_):
        return array.storage.cast(pa.binary())
    if pa.types.is_floating(type_):
        return array.cast(pa.float64())
    if pa.types.is_timestamp(type_):
        return array.cast(pa.timestamp("us", type_.tz), safe=False).cast(pa.int64())
    if pa.types.is_time(type_) or pa.types.is_duration(type_):
        return array.cast(pa.time64("us") if pa.types.is_time(type_) else pa.duration("us")).cast(pa.int64())
    if pa.types.is_date(type_):
        return array.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    if pa.types.is_boolean(type_):
        return array.cast(pa.int64())
    return array if pa.types.is_integer(type_) or pa.types.is_decimal(type_) else array.cast(pa.string())


def _plain(value: pa.Scalar) -> Any:
    """Return a value as the server's is compared: numbers as such, texts and UUIDs as the bytes of their text."""
    found = value.as_py()
    if pa.types.is_binary(value.type):
        return str(UUID(bytes=found)).encode()
    if pa.types.is_floating(value.type):
        return found + 0.0
    return found.encode() if pa.types.is_string(value.type) else Decimal(found)


def _total(array: pa.Array) -> Decimal:
    if pa.types.is_binary(array.type):
        return Decimal(UUID_LETTERS * (len(array) - array.null_count))
    if pa.types.is_string(array.type):
        return Decimal(pc.sum(pc.binary_length(array).cast(pa.int64())).as_py())
    if pa.types.is_decimal(array.type):
        return pc.sum(array.cast(pa.decimal256(76, array.type.scale))).as_py()
    return Decimal(pc.sum(array.cast(pa.decimal128(38, 0))).as_py())


def asked(schema: pa.Schema) -> str:
    """Return what the server is asked for: the rows, then present values, lowest, highest and total of each column."""
    return ", ".join(["count(*)", *(part for field in schema for part in _asked(field))])


def _asked(field: pa.Field) -> tuple[str, ...]:
    name, type_ = quoted(field.name), field.type
    count = f"count({name})"
    epoch = f"::numeric * {TICKS_PER_SECOND}"
    if pa.types.is_floating(type_):
        value = f"{name}::float8"
        return count, f"min({value})", f"max({value})", f"sum({value})"
    if pa.types.is_boolean(type_):
        value = f"{name}::boolean::int"
    elif pa.types.is_signed_integer(type_):
        value = f"{name}::int8"
    elif pa.types.is_integer(type_) or pa.types.is_decimal(type_):
        value = f"{name}::numeric"
    elif pa.types.is_date(type_):
        value = f"({name}::date - date 'epoch')"
    else:
        kind, origin = _clock(type_)
        if kind is None:
            value = f'{name}::text COLLATE "C"'
            return count, f"min({value})", f"max({value})", f"sum(octet_length({name}::text))::numeric"
        value = f"({name}::{kind} - {origin})" if origin else f"{name}::{kind}"
        ends = (f"extract(epoch FROM {how}({value})){epoch}" for how in ("min", "max"))
        return count, *ends, _clock_total(f"{name}::{kind}") if origin else f"sum(extract(epoch FROM {value})){epoch}"
    return count, f"min({value})::numeric", f"max({value})::numeric", f"sum({value})::numeric"


def _clock_total(value: str) -> str:
    """Return the sum of times in microseconds, of days and of times apart: an interval has room for 2**31 days."""
    if value.endswith("::time"):
        return f"extract(epoch FROM sum({value} - time '00:00'))::numeric * {TICKS_PER_SECOND}"
    days, times = f"sum({value}::date - date 'epoch')", f"sum({value}::time - time '00:00')"
    return f"({days}::numeric * 86400 + extract(epoch FROM {times})::numeric) * {TICKS_PER_SECOND}"


def _clock(type_: pa.DataType) -> tuple[str | None, str]:
    """Return the type of PostgreSQL by which times are compared, and what is taken off them."""
    if pa.types.is_timestamp(type_):
        return ("timestamptz", "timestamptz 'epoch'") if type_.tz else ("timestamp", "timestamp 'epoch'")
    if pa.types.is_time(type_):
        return "time", "time '00:00'"
    return ("interval", "") if pa.types.is_duration(type_) else (None, "")


def of_answer(row: tuple[Any, ...], schema: pa.Schema) -> tuple[int, list[ColumnSummary]]:
    """Return the rows of a table and the summaries of its columns from what the server has answered."""
    found = []
    for at, field in enumerate(schema):
        present, low, high, total = row[1 + 4 * at : 5 + 4 * at]
        if not present:
            found.append(ColumnSummary())
        elif pa.types.is_floating(field.type):
            found.append(ColumnSummary(present, low + 0.0, high + 0.0, total))
        else:
            read = str.encode if _is_text(field.type) else Decimal
            found.append(ColumnSummary(present, read(low), read(high), Decimal(total)))
    return int(row[0]), found


def _is_text(type_: pa.DataType) -> bool:
    numbers = (pa.types.is_integer, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_date)
    return not any(holds(type_) for holds in numbers) and _clock(type_)[0] is None
