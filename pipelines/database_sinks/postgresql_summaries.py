"""What PostgreSQL is asked for to compare a table with a file, and how its answer is read."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from launderette.pipelines.database_sinks import checks
from launderette.pipelines.database_sinks.checks import TICKS_PER_SECOND, ColumnSummary, is_uuid
from launderette.pipelines.databases import hashes
from launderette.pipelines.databases.addresses import quoted

OWN_HASH = "hashtext({})"  # of a text of UTF-8; another encoding, or order of bytes, gives other hashes
MD5_HASH = "('x' || md5(convert_to({}, 'UTF8')))::bit(32)::int"
TOTALS = {OWN_HASH: hashes.total, MD5_HASH: hashes.total_md5}
PROBE = "Ä"
TICKS_TO_2000 = 946_684_800 * TICKS_PER_SECOND  # from 1970 to where PostgreSQL counts from


def asked(schema: pa.Schema, hashed: str) -> str:
    """Return what the server is asked for: the rows, then present values, lowest, highest and total of each column;
    `hashed` is how a text is hashed.
    """
    return ", ".join(["count(*)", *(part for field in schema for part in _asked(field, hashed))])


def _asked(field: pa.Field, hashed: str) -> tuple[str, ...]:
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
            return count, f"min({value})", f"max({value})", f"sum({hashed.format(text)})"
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
    at = " AT TIME ZONE 'UTC'" if kind == "timestamptz" else ""
    return f"sum(timestamp_hash({name}::{kind}{at}))"


def total(array: pa.Array, hashed: str) -> Decimal:
    """Return what the server has as the total of a column, of the values of a file."""
    if pa.types.is_timestamp(array.type):
        since = pc.subtract(checks.comparable(array), TICKS_TO_2000)
        return Decimal(hashes.total_int8(since))
    if not _is_text(array.type):
        return checks.summed(array)
    return Decimal(TOTALS[hashed](checks.texts(array)))


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
