"""Constraints of a table whose rows are replaced, held against rows such as a release will have before anything is
learned: here, as no row is sent. What only the database can tell (triggers, exclusions, conditions of its own
functions) is told by it when the rows are replaced.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import sqlite_types
from launderette.pipelines.database_sinks.contract import Constraint, Keys
from launderette.pipelines.databases import conditions
from launderette.pipelines.databases.addresses import quoted
from launderette.pipelines.run.artifacts import LaunderError

MADE_UP = "identifier"  # kind of columns whose values are made up anew, none of them twice where none is in the source
TEXT_KINDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
LABELS = ("categorical", "boolean", "labels")  # kinds of columns that are learned, and whose values repeat


def check(
    found: Iterable[Constraint], target: Target, kinds: Mapping[str, str], rows: pq.ParquetFile | None, ask: Keys
) -> None:
    """Raise LaunderError, without a value, for the first constraint that a release could not keep: by the kinds of its
    columns, and by the protected rows where they may be looked at. `ask` runs the query of a foreign key.
    """
    for one in found:
        if not {*one.columns} <= kinds.keys():
            continue  # the rest is empty, or has its default
        problem = _by_kind(one, kinds) or (rows and _by_rows(one, rows, ask))
        if problem:
            raise LaunderError(f"expected rows that keep the constraints of {target.name}, found {problem}")


def _by_kind(one: Constraint, kinds: Mapping[str, str]) -> str:
    where = _where(one)
    if one.kind == "foreign" and (anew := [name for name in one.columns if kinds[name] == MADE_UP]):
        return (
            f"a foreign key on {where}, of which {anew[0]!r} is made up anew; drop the key there, or publish a view "
            f"(publish.table.how)"
        )
    if one.kind == "unique" and len(one.columns) == 1 and kinds[one.columns[0]] in LABELS:
        name = one.columns[0]
        return f"that {where} is unique and learned, so that it repeats; drop that there, or state {name}: identifier"
    return ""


def _by_rows(one: Constraint, rows: pq.ParquetFile, ask: Keys) -> str:
    where = _where(one)
    table = rows.read([*one.columns])
    if one.kind == "filled" and any(column.null_count for column in table.columns):
        return f"missing values in {where}, which has to be filled; fill them in the source, or allow them there"
    if one.kind == "unique" and len(present := table.drop_null()) > len(_distinct(present)):
        return f"rows that share {where}, which is unique; drop that there, or publish a view (publish.table.how)"
    if one.kind == "check" and _breaks(one, table):
        return f"rows that break the check {one.name!r} of {where}; drop it there, or select rows that keep it"
    if one.kind == "partition" and _breaks(one, table):
        return f"rows that no partition by {where} takes; add one there (a DEFAULT takes all), or select rows that fit"
    if one.kind == "foreign" and _comparable(table.schema):
        known = ask(one.keys)
        if known is not None and not {*_distinct(table.drop_null())} <= {*known}:
            return f"values of {where} that its foreign key does not find; add them there, or drop the key"
    return ""


def _where(one: Constraint) -> str:
    return " and ".join(repr(name) for name in one.columns)


def _distinct(table: pa.Table) -> list[tuple[str, ...]]:
    """Return the distinct rows of a table, as texts."""
    columns = [
        [None if value is None else str(value) for value in column.to_pylist()]
        for column in table.combine_chunks().columns
    ]
    return list(dict.fromkeys(zip(*columns, strict=True)))


def _comparable(schema: pa.Schema) -> bool:
    """Tell whether values are written as a database writes them as texts."""
    tests = (
        pa.types.is_integer,
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_dictionary,
        pa.types.is_date,
    )
    return all(any(holds(field.type) for holds in tests) for field in schema)


def _is_read(type_: pa.DataType) -> bool:
    """Tell whether SQLite compares values of a type as other databases do."""
    if pa.types.is_decimal(type_):
        return bool(type_.precision <= sqlite_types.EXACT_DIGITS)
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date)
    return any(holds(type_) for holds in (*tests, *TEXT_KINDS)) or (pa.types.is_timestamp(type_) and not type_.tz)


def _breaks(one: Constraint, table: pa.Table) -> bool:
    """Tell whether a row breaks a check, False where its condition or its columns are not read here as there."""
    if not all(_is_read(field.type) for field in table.schema):
        return False
    planned = [sqlite_types.plan(field, None) for field in table.schema]
    with closing(sqlite3.connect(":memory:")) as aside:
        aside.create_function("regexp", 2, conditions.matches, deterministic=True)
        aside.execute("PRAGMA case_sensitive_like = ON")
        aside.execute(f"CREATE TABLE kept ({', '.join(f'{quoted(plan.name)} {plan.type}' for plan in planned)})")
        for batch in table.to_batches():
            values = [
                sqlite_types.stored(sqlite_types.cast(array, plan))
                for array, plan in zip(batch.columns, planned, strict=True)
            ]
            places = ", ".join("?" * len(values))
            aside.executemany(f"INSERT INTO kept VALUES ({places})", zip(*values, strict=True))  # noqa: S608
        try:
            ((count,),) = aside.execute(f"SELECT count(*) FROM kept WHERE NOT ({one.condition})")  # noqa: S608
        except sqlite3.Error:  # a condition that only the database itself reads
            return False
        return bool(count)
