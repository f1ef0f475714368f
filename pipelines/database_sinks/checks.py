"""What a table holds against what a file does, by the server on one side and from the file on the other: a hash of all
values of each row, summed over the rows; where that differs, missing values, lowest, highest and sum of every column.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

ROUNDING = 1e-9  # relative, of a sum of floating point numbers in another order
TICKS_PER_SECOND = 1_000_000
UUID_DIGITS = 32


@dataclass
class ColumnSummary:
    """What is compared of a column; `total` is the sum of its numbers, of its times in microseconds, of its days, or of
    hashes of its values.
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


class TableSummary:
    """What is compared of the columns of a table, read as the types of a schema, batch by batch; `total` returns what
    the database has as the total of values other than floating point.
    """

    def __init__(self, schema: pa.Schema, total: Callable[[pa.Array], Any]) -> None:
        self.total, self.columns = total, [ColumnSummary() for _ in schema]

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch, in the types of the schema."""
        for summary, array in zip(self.columns, batch.columns, strict=True):
            _add(summary, array, self.total)


class Fingerprint:
    """The rows of a table and the sum over them of a hash of all values of each, in the types of a schema."""

    def __init__(self, schema: pa.Schema, total: Callable[[pa.RecordBatch], int]) -> None:
        self.schema, self._total = schema, total
        self.rows, self.total = 0, 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        self.rows += batch.num_rows
        self.total += self._total(as_compared(batch, self.schema))

    def beside(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches and add each in a thread, while the database takes it; at the end, all are added."""
        with ThreadPoolExecutor(1) as pool:
            added = []
            for batch in batches:
                added.append(pool.submit(self.add, batch))
                yield batch
            for one in added:
                one.result()


def as_compared(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows in the types in which they are compared; UUIDs stay what they are."""
    arrays = [
        array if array.type == field.type or is_uuid(array.type) else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema.names)


def _add(summary: ColumnSummary, given: pa.Array, total: Callable[[pa.Array], Any]) -> None:
    array = comparable(given)
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
        summary.total += total(given)


def comparable(array: pa.Array) -> pa.Array:
    """Return numbers as they are, times as microseconds and dates as days in int64, anything else as bytes."""
    type_ = array.type
    if is_uuid(type_):
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


def is_uuid(type_: pa.DataType) -> bool:
    """Tell whether a type is Arrow's own of UUIDs."""
    return type_ == pa.uuid()


def _plain(value: pa.Scalar) -> Any:
    """Return a value as the server's is compared: numbers as such, texts and UUIDs as the bytes of their text."""
    found = value.as_py()
    if pa.types.is_binary(value.type):
        return str(UUID(bytes=found)).encode()
    if pa.types.is_floating(value.type):
        return found + 0.0
    return found.encode() if pa.types.is_string(value.type) else Decimal(found)


def summed(array: pa.Array) -> Decimal:
    """Return the sum of numbers, days or microseconds."""
    array = comparable(array)
    if pa.types.is_decimal(array.type):
        return pc.sum(array.cast(pa.decimal256(76, array.type.scale))).as_py()
    return Decimal(pc.sum(array.cast(pa.decimal128(38, 0))).as_py())


def texts(array: pa.Array) -> pa.Array:
    """Return texts, and UUIDs as their hexadecimal digits, missing ones left out."""
    if not is_uuid(array.type):
        return array.cast(pa.string()).drop_null()
    numbers = array.storage.drop_null()
    digits = b"".join(numbers.to_pylist()).hex().encode()
    as_digits = pa.Array.from_buffers(pa.binary(UUID_DIGITS), len(numbers), [None, pa.py_buffer(digits)])
    return as_digits.cast(pa.binary()).cast(pa.string())


def present(array: pa.Array) -> pa.Array:
    """Return values, missing ones left out."""
    if is_uuid(array.type):
        return pa.ExtensionArray.from_storage(array.type, array.storage.drop_null())
    return array.drop_null()


def unscaled(array: pa.Array) -> pa.Array:
    """Return decimals as whole numbers of their last digit, decimals without a scale."""
    kind = pa.decimal256 if pa.types.is_decimal256(array.type) else pa.decimal128
    return pa.Array.from_buffers(kind(array.type.precision, 0), len(array), array.buffers(), offset=array.offset)
