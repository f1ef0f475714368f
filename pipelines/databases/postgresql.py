"""PostgreSQL through ADBC: connections, and a table or a query as record batches of one read-only snapshot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from launderette.pipelines.databases import addresses, columns, failures, selecting
from launderette.pipelines.databases.interrupting import interruptible
from launderette.pipelines.databases.rows import RowStream

if TYPE_CHECKING:
    from launderette.pipelines.config.places import Database, Source

SNAPSHOT = (  # the same rows in the same order at every reading
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
)
ENCODED = "client_encoding=UTF8"  # as the driver takes texts, whatever the database holds
WRITES = """
SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
"""
ENUMS = """
SELECT t.oid::int8, t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.oid, t.typname
"""
MAY_WRITE = (
    "The login that reads the source could also write; give it SELECT alone, so that no run can change the source."
)

HIDES = "SELECT row_security_active(t) FROM (SELECT to_regclass($1::text)::oid AS t) found WHERE t IS NOT NULL"
MAY_HIDE = (
    "Row-level security holds for the login that reads the source: rows that it hides are not learned from, nor looked "
    "at by the gate; to launder all of them, give the login BYPASSRLS."
)

TYPE_NAME, UNNAMED = "SELECT format_type($1::int8::oid, NULL)", re.compile(r"unnamed<oid:(\d+)>")

_FIRST: ContextVar[dict[str, Any] | None] = ContextVar("first", default=None)  # connections by address, to be cloned


@contextmanager
def connected(database: Database) -> Iterator[Any]:
    """Yield an ADBC connection in a transaction of its own, which is rolled back unless it is committed."""
    dbapi = failures.driver("adbc_driver_postgresql.dbapi", "PostgreSQL")
    uri = f"postgresql://{str(database.uri).partition('://')[2]}"
    uri += f"{'&' if '?' in uri else '?'}{ENCODED}"
    known = addresses.with_credentials(uri, database.user, database.password, database.SECTION)
    first = _FIRST.get()
    if first is not None and known not in first:
        first[known] = dbapi.connect(known, autocommit=True)
    with dbapi.connect(known) if first is None else first[known].adbc_clone() as connection:
        yield connection


@contextmanager
def remembering() -> Iterator[None]:
    """Have connections to one address inside the block share what the driver reads of the server's types, which takes
    ten times as long as to connect.
    """
    first: dict[str, Any] = {}
    token = _FIRST.set(first)
    try:
        yield
    finally:
        _FIRST.reset(token)
        for connection in first.values():
            with suppress(RuntimeError):  # of one whose clone an interrupt has left open
                connection.close()


def run(connection: Any, statement: str, values: tuple[Any, ...] = ()) -> list[tuple]:
    """Run one statement and return its rows, none where it has no result."""
    with connection.cursor() as cursor:
        return interruptible(partial(_rows, cursor, statement, values), connection.adbc_cancel)


def _rows(cursor: Any, statement: str, values: tuple[Any, ...]) -> list[tuple]:
    cursor.execute(statement, values or None)
    return cursor.fetchall() if cursor.description else []


@contextmanager
def rows(source: Source, *, exact: bool, is_dropped: Callable[[str], bool]) -> Iterator[RowStream]:
    """Yield the rows of a source; of columns that are dropped, the names alone. `exact` False reads numbers without a
    stated precision as floating point, so that no type depends on the rows.
    """
    with connected(source) as connection:
        for setting in SNAPSHOT:
            run(connection, setting)
        selected = selecting.selected(source)
        found = [columns.of_field(field) for field in _fields(connection, selected)]
        found = columns.with_enums(found, run(connection, ENUMS))
        found = [replace(one, type=_type_name(connection, one)) for one in found]
        found = [column.dropped() if is_dropped(column.name) else column for column in found]
        columns.check(found)
        found = _measured(connection, selected, found, exact)
        notes = [MAY_WRITE] if run(connection, WRITES)[0][0] else []
        notes += [MAY_HIDE] if source.table and _hides(connection, source.table) else []
        with connection.cursor() as cursor:
            named = ", ".join(column.selected for column in found)
            statement = f"SELECT {named} FROM {selected}"  # noqa: S608  names are quoted
            interruptible(partial(cursor.execute, statement), connection.adbc_cancel)
            batches = _converted(cursor.fetch_record_batch(), found, notes)
            yield RowStream(columns.schema(found), batches, notes, connection.adbc_cancel)


def _type_name(connection: Any, column: columns.TableColumn) -> str:
    """Return what the type of a column is called, which the driver knows of some by number alone."""
    unnamed = None if column.labels else UNNAMED.fullmatch(column.type)
    return str(run(connection, TYPE_NAME, (int(unnamed[1]),))[0][0]) if unnamed else column.type


def _hides(connection: Any, table: str) -> bool:
    name = addresses.quoted(*addresses.table_parts(table))
    return any(hidden for (hidden,) in run(connection, HIDES, (name,)))


def _converted(
    reader: pa.RecordBatchReader, found: list[columns.TableColumn], notes: list[str]
) -> Iterator[pa.RecordBatch]:
    """Yield batches in the types that are kept, and note at their end which values became missing."""
    lost: Counter = Counter()
    for batch in reader:
        yield columns.convert(batch, found, lost)
    notes += columns.lost_sentences(lost)


def _fields(connection: Any, selected: str) -> list[Any]:
    with connection.cursor() as cursor:
        statement = f"SELECT * FROM {selected} LIMIT 0"  # noqa: S608
        return list(interruptible(partial(cursor.adbc_execute_schema, statement), connection.adbc_cancel))


def _measured(
    connection: Any, selected: str, found: list[columns.TableColumn], exact: bool
) -> list[columns.TableColumn]:
    """Return the columns with a precision for numbers that state none: the digits that their values need."""
    loose = [column for column in found if column.is_loose]
    if not loose or not exact:
        return [column.as_float() if column.is_loose else column for column in found]
    asked = ", ".join(column.digits for column in loose)
    (needed,) = run(connection, f"SELECT {asked} FROM {selected}")  # noqa: S608
    pairs = iter(zip(needed[::2], needed[1::2], strict=True))
    return [column.measured(*next(pairs)) if column.is_loose else column for column in found]
