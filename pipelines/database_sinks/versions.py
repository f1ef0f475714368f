"""Versions of a target: each release lies in a table of its own in one schema, which readers never see half-filled."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import checks, targets, types
from launderette.pipelines.database_sinks.types import LoadedColumn
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.databases.postgresql import run
from launderette.pipelines.run.artifacts import LaunderError

SCHEMA, REHEARSED = "launder_releases", "rehearsed"
NAME_LETTERS, ID_LETTERS = 20, 33  # of a target and of a release in the name of a version: PostgreSQL keeps 63 bytes
LOADED_ROWS = 65_536  # rows that are sent at a time
EXISTS = "SELECT obj_description(to_regclass($1::text)::oid, 'pg_class'), to_regclass($1::text) IS NOT NULL"
VERSIONS = """
SELECT c.relname::text, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text AND c.relkind = 'r'
"""
INDEXES = """
SELECT i.indisunique, pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = to_regclass($1::text)
"""


def name_of(target: Target, release: str) -> str:
    """Return the name of the table that holds a release of a target."""
    name = ".".join(table_parts(target.name))
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower())[:NAME_LETTERS]
    return f"{plain}_{release[:ID_LETTERS]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def place_of(target: Target, release: str) -> str:
    """Return the quoted name of the table that holds a release, with its schema."""
    return quoted(SCHEMA, name_of(target, release))


def load(connection: Any, target: Target, file: pq.ParquetFile, release: str, digest: str) -> list[LoadedColumn]:
    """Load a release aside, give it the indexes of the version before it, check it against the file, and commit.

    Return its columns. LaunderError for any difference: nothing of it is left then.
    """
    found, schema = targets.existing(connection, target), file.schema_arrow
    columns = targets.fitted(found, schema, target)
    place = place_of(target, release)
    run(connection, "SET LOCAL TimeZone = 'UTC'")
    note = json.dumps({"target": target.name, "release": release, "data": digest}, sort_keys=True)
    ((said, is_there),) = run(connection, EXISTS, (place,))
    if is_there and said != note:
        run(connection, f"DROP TABLE {place}")
    if not is_there or said != note:
        _create(connection, target, columns, release)
        _copy(connection, name_of(target, release), file, columns)
        _convert(connection, place, columns)
        _index(connection, target, place, release)
        run(connection, f"COMMENT ON TABLE {place} IS {_literal(note)}")
        run(connection, f"ANALYZE {place}")
    check(connection, place, file)
    connection.commit()
    return columns


def rehearse(connection: Any, target: Target, names: Sequence[str]) -> None:
    """Do all that a release of these columns needs permission for, and take it back. LaunderError where it is not
    given, or the target has other columns.
    """
    found = targets.existing(connection, target)
    targets.check(found, names, target)
    _create_schema(connection)
    run(connection, f"CREATE TABLE {quoted(SCHEMA, REHEARSED)} ()")
    if found.kind is None:
        run(connection, f"CREATE VIEW {quoted(*table_parts(target.name))} AS SELECT 1 AS one")
    connection.rollback()


def check(connection: Any, place: str, file: pq.ParquetFile) -> None:
    """Raise LaunderError where a table does not hold what a file does, by what the server computes."""
    schema = file.schema_arrow
    (answer,) = run(connection, f"SELECT {checks.asked(schema)} FROM {place}")  # noqa: S608  names are quoted
    rows, there = checks.of_answer(answer, schema)
    count, here = checks.of_file(file.iter_batches(LOADED_ROWS), schema)
    odd = [field.name for field, a, b in zip(schema, here, there, strict=True) if not a.equals(b)]
    if rows != count or odd:
        where = f"another content in column {odd[0]!r}" if rows == count else f"{rows:,} in place of {count:,}"
        raise LaunderError(
            f"expected the rows of the release in the database, found {where}; make the types of the target those of "
            "the source, and look for triggers and rules there"
        )


def kept(connection: Any, target: Target) -> list[str]:
    """Return the releases of a target whose rows are still in the database, the oldest first."""
    found = []
    for name, said in run(connection, VERSIONS, (SCHEMA,)):
        release = json.loads(said)["release"] if said and said.startswith("{") else ""
        if release and name == name_of(target, release):
            found.append(release)
    return sorted(found)


def _create(connection: Any, target: Target, columns: list[LoadedColumn], release: str) -> None:
    _create_schema(connection)
    named = ", ".join(f"{quoted(column.name)} {'text' if column.by_text else column.type}" for column in columns)
    run(connection, f"CREATE TABLE {place_of(target, release)} ({named})")


def _create_schema(connection: Any) -> None:
    if not run(connection, "SELECT 1 FROM pg_namespace WHERE nspname = $1::text", (SCHEMA,)):
        run(connection, f"CREATE SCHEMA {SCHEMA}")


def _copy(connection: Any, name: str, file: pq.ParquetFile, columns: list[LoadedColumn]) -> None:
    schema = pa.schema([pa.field(column.name, column.copied) for column in columns])
    reader = pa.RecordBatchReader.from_batches(schema, _batches(file, columns, schema))
    with connection.cursor() as cursor:
        cursor.adbc_ingest(name, reader, mode="append", db_schema_name=SCHEMA)


def _batches(file: pq.ParquetFile, columns: list[LoadedColumn], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in file.iter_batches(LOADED_ROWS):
        arrays = [types.cast(batch.column(column.name), column) for column in columns]
        yield pa.record_batch(arrays, schema)


def _convert(connection: Any, place: str, columns: list[LoadedColumn]) -> None:
    """Give columns that were loaded as text their type, in one pass."""
    changes = [
        f"ALTER {quoted(column.name)} TYPE {column.type} USING {quoted(column.name)}::{column.type}"
        for column in columns
        if column.by_text and column.type != "text"
    ]
    if changes:
        run(connection, f"ALTER TABLE {place} {', '.join(changes)}")


def _index(connection: Any, target: Target, place: str, release: str) -> None:
    """Index a version as the newest one before it is."""
    before = [one for one in kept(connection, target) if one != release]
    if not before:
        return
    for unique, definition in run(connection, INDEXES, (place_of(target, before[-1]),)):
        how = definition.partition(" USING ")[2]
        run(connection, f"CREATE {'UNIQUE ' if unique else ''}INDEX ON {place} USING {how}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
