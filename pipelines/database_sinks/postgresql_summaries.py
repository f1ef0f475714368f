"""What PostgreSQL is asked for to compare a table with a file, and how its answer is read: one hash of all rows, and
where that differs, summaries of each column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks import checks
from launderette.pipelines.database_sinks.checks import TICKS_PER_SECOND, ColumnSummary, is_uuid
from launderette.pipelines.databases import hashes
from launderette.pipelines.databases.addresses import quoted

PROBE = "Ä"
NULL_HASH = 1  # that stands for a missing value
FACTORS = 1 << 20  # a hash of a value times one of these, added up over 1,600 columns, keeps to 64 bits
GOLDEN_FACTOR = (
    2_654_435_761  # of 32 bits, odd, near the golden section of them: neighbours get factors far from each other
)
FURTHER_DECIMALS = 6  # beyond those of a decimal's type that are looked at where texts are hashed
UNSIGNED_DIGITS, PADDED_DIGITS = 20, 15  # of whole numbers of 64 bits: at most; left where three zeros may follow
TICKS_TO_2000 = 946_684_800 * TICKS_PER_SECOND  # from 1970 to where PostgreSQL counts from


@dataclass(frozen=True)
class Hashing:
    """How texts, floating point numbers and decimals (of a scale) are hashed: in SQL, and as int32 of arrays without
    missing ones.
    """

    text: str
    real: str
    number: str
    texts: Callable[[pa.Array], np.ndarray]
    reals: Callable[[np.ndarray], np.ndarray]
    numbers: Callable[[pa.Array], np.ndarray]


def _numbers(array: pa.Array) -> np.ndarray:
    """Return the hash of each of some decimals or unsigned whole numbers."""
    digits = array.type.precision if pa.types.is_decimal(array.type) else UNSIGNED_DIGITS
    whole = checks.unscaled(array) if pa.types.is_decimal(array.type) else array
    if digits <= PADDED_DIGITS:
        values = whole.cast(pa.int64()).to_numpy()
    else:
        values = np.array([int(value) for value in whole.to_pylist()], object)
    return hashes.hash_numeric(values, _scale(array.type), digits)


def _numbers_md5(array: pa.Array) -> np.ndarray:
    digits = (checks.unscaled(array) if pa.types.is_decimal(array.type) else array).cast(pa.string())
    return hashes.of_texts_md5(pc.binary_join_element_wise(digits, "0" * FURTHER_DECIMALS, "."))


OWN_HASHING = Hashing(
    "hashtext({})",
    "hashfloat8({})",
    "CASE WHEN {0} < 0 THEN ~hash_numeric({0}) ELSE hash_numeric({0}) END",
    hashes.of_texts,
    hashes.hashfloat8,
    _numbers,
)
MD5_HASHING = Hashing(  # where texts are not in UTF-8, or bytes in another order
    "('x' || md5(convert_to({}, 'UTF8')))::bit(32)::int",
    "('x' || md5(float8send({} + 0)))::bit(32)::int",
    f"('x' || md5(round({{0}} * 1e{{1}}, {FURTHER_DECIMALS})::text))::bit(32)::int",
    hashes.of_texts_md5,
    hashes.of_floats_md5,
    _numbers_md5,
)


def rows_asked(schema: pa.Schema, hashing: Hashing) -> str:
    """Return what the server is asked for first: the rows, and the sum over them of a hash of all values of each, which
    tells rows apart that have exchanged values.
    """
    parts = [
        f"coalesce({_hash_asked(field, hashing)}, {NULL_HASH})::int8 * {factor}"
        for field, factor in zip(schema, _factors(len(schema)), strict=True)
    ]
    return f"count(*), sum(hashint8({' + '.join(parts)}))"


def _factors(columns: int) -> list[int]:
    """Return an odd number for each column."""
    return [((at + 1) * GOLDEN_FACTOR % (1 << 32)) * FACTORS >> 32 | 1 for at in range(columns)]


def _hash_asked(field: pa.Field, hashing: Hashing) -> str:
    name, type_ = quoted(field.name), field.type
    if pa.types.is_floating(type_):
        return hashing.real.format(f"{name}::float8")
    if pa.types.is_boolean(type_):
        return f"hashint8({name}::boolean::int)"
    if pa.types.is_signed_integer(type_):
        return f"hashint8({name}::int8)"
    if pa.types.is_integer(type_) or pa.types.is_decimal(type_):
        return hashing.number.format(f"{name}::numeric", _scale(type_))
    if pa.types.is_date(type_):
        return f"hashint8({name}::date - date 'epoch')"
    kind, _ = _clock(type_)
    if kind is None:
        value = f'{name}::text COLLATE "C"'
        return hashing.text.format(f"replace({value}, '-', '')" if is_uuid(type_) else value)
    if kind == "interval":
        return f"hashint8((extract(epoch FROM {name}::interval)::numeric * {TICKS_PER_SECOND})::int8)"
    return f"time_hash({name}::time)" if kind == "time" else _moment_hash(name, kind)


def _moment_hash(name: str, kind: str) -> str:
    at = " AT TIME ZONE 'UTC'" if kind == "timestamptz" else ""
    return f"timestamp_hash({name}::{kind}{at})"


def _scale(type_: pa.DataType) -> int:
    return type_.scale if pa.types.is_decimal(type_) else 0


def rows_total(batch: pa.RecordBatch, hashing: Hashing) -> int:
    """Return what the server has as the sum over rows, of the rows of a file."""
    found = np.zeros(batch.num_rows, np.int64)
    for array, factor in zip(batch.columns, _factors(batch.num_columns), strict=True):
        if array.null_count:
            values = np.full(len(array), NULL_HASH, np.int64)
            values[array.is_valid().to_numpy(zero_copy_only=False)] = _hashes(checks.present(array), hashing)
        else:
            values = _hashes(array, hashing).astype(np.int64)
        found += values * factor
    return int(hashes.hashint8(found).sum(dtype=np.int64))


def _hashes(array: pa.Array, hashing: Hashing) -> np.ndarray:
    """Return the hash of each of some values, none of them missing, as int32."""
    type_ = array.type
    if pa.types.is_floating(type_):
        return hashing.reals(array.cast(pa.float64()).to_numpy())
    if pa.types.is_decimal(type_) or pa.types.is_unsigned_integer(type_):
        return hashing.numbers(array)
    if _is_text(type_):
        return hashing.texts(checks.texts(array))
    numbers = checks.comparable(array).cast(pa.int64()).to_numpy()
    return hashes.hashint8(numbers - TICKS_TO_2000 if pa.types.is_timestamp(type_) else numbers)


def asked(schema: pa.Schema, hashing: Hashing) -> str:
    """Return what the server is asked for then: present values, lowest, highest and total of each column."""
    return ", ".join(part for field in schema for part in _asked(field, hashing))


def _asked(field: pa.Field, hashing: Hashing) -> tuple[str, ...]:
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
        low, high, total = f"min({name}::date)", f"max({name}::date)", f"sum({name}::date - date 'epoch')"
        return count, f"({low} - date 'epoch')::numeric", f"({high} - date 'epoch')::numeric", f"{total}::numeric"
    else:
        kind, origin = _clock(type_)
        if kind is None:
            value = f'{name}::text COLLATE "C"'
            text = f"replace({value}, '-', '')" if is_uuid(type_) else value
            return count, f"min({value})", f"max({value})", f"sum({hashing.text.format(text)})"
        value = f"{name}::{kind}"
        less = f" - {origin}" if origin else ""
        ends = (f"extract(epoch FROM {how}({value}){less}){epoch}" for how in ("min", "max"))
        return count, *ends, _clock_total(name, kind)
    return count, f"min({value})::numeric", f"max({value})::numeric", f"sum({value})::numeric"


def _clock_total(name: str, kind: str) -> str:
    """Return the sum of the hashes of moments, of other times in microseconds."""
    if kind == "interval":
        return f"sum(extract(epoch FROM {name}::interval))::numeric * {TICKS_PER_SECOND}"
    if kind == "time":
        return f"extract(epoch FROM sum({name}::time - time '00:00'))::numeric * {TICKS_PER_SECOND}"
    return f"sum({_moment_hash(name, kind)})"


def total(array: pa.Array, hashing: Hashing) -> Decimal:
    """Return what the server has as the total of a column, of the values of a file."""
    if pa.types.is_timestamp(array.type):
        return Decimal(int(_hashes(checks.present(array), hashing).sum(dtype=np.int64)))
    if not _is_text(array.type):
        return checks.summed(array)
    return Decimal(int(hashing.texts(checks.texts(array)).sum(dtype=np.int64)))


def _clock(type_: pa.DataType) -> tuple[str | None, str]:
    """Return the type of PostgreSQL by which times are compared, and what is taken off them."""
    if pa.types.is_timestamp(type_):
        return ("timestamptz", "timestamptz 'epoch'") if type_.tz else ("timestamp", "timestamp 'epoch'")
    if pa.types.is_time(type_):
        return "time", "time '00:00'"
    return ("interval", "") if pa.types.is_duration(type_) else (None, "")


def of_answer(row: tuple[Any, ...], schema: pa.Schema) -> list[ColumnSummary]:
    """Return the summaries of the columns of a table from what the server has answered."""
    found = []
    for at, field in enumerate(schema):
        present, low, high, total = row[4 * at : 4 * at + 4]
        if not present:
            found.append(ColumnSummary())
        elif pa.types.is_floating(field.type):
            found.append(ColumnSummary(present, low + 0.0, high + 0.0, total))
        else:
            read = str.encode if _is_text(field.type) else Decimal
            found.append(ColumnSummary(present, read(low), read(high), Decimal(total)))
    return found


def _is_text(type_: pa.DataType) -> bool:
    numbers = (pa.types.is_integer, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_date)
    return not any(holds(type_) for holds in numbers) and _clock(type_)[0] is None
