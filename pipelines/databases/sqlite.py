"""SQLite through ADBC: every value has a type of its own there, so a column has the one that holds all its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from launderette.pipelines.databases import addresses, failures, selecting
from launderette.pipelines.databases.rows import RowStream
from launderette.pipelines.run.artifacts import LaunderError

if TYPE_CHECKING:
    from launderette.pipelines.config.places import Source

FIRST = {pa.int64(): "0", pa.float64(): "0.5", pa.string(): "''"}  # a first row, by which ADBC tells types
CAST = {pa.int64(): "INTEGER", pa.float64(): "REAL", pa.string(): "TEXT"}
STORED = ("integer", "real", "text", "blob")


@contextmanager
def rows(source: Source, *, is_dropped: Callable[[str], bool]) -> Iterator[RowStream]:
    """Yield the rows of a source in one transaction that only reads; of columns that are dropped, the names alone."""
    with _connected(source) as connection:
        selected = selecting.selected(source)
        names = selecting.checked(_run(connection, f"SELECT * FROM {selected} LIMIT 0").column_names)  # noqa: S608
        kept = [name for name in names if not is_dropped(name)]
        types = _types(connection, selected, kept)
        found = {name: types.get(name, pa.string()) for name in names}
        named = ", ".join(_cast(name, found[name], name in types) for name in names)
        with connection.cursor() as cursor:
            first = ", ".join(FIRST[type_] for type_ in found.values())
            cursor.execute(f"SELECT {first} UNION ALL SELECT {named} FROM {selected}")  # noqa: S608
            schema = _schema(connection, source, found)
            yield RowStream(schema, _without_first(cursor.fetch_record_batch(), schema))


@contextmanager
def _connected(source: Source) -> Iterator[Any]:
    dbapi = failures.driver("adbc_driver_sqlite.dbapi", "SQLite")
    path = addresses.sqlite_path(str(source.uri))
    if not path.is_file():
        raise LaunderError(f"expected an SQLite database at {path}, found no file; check the path")
    with dbapi.connect(f"file:{quote(str(path))}?mode=ro") as connection:
        yield connection


def _run(connection: Any, statement: str) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetch_arrow_table()


def _types(connection: Any, selected: str, names: list[str]) -> dict[str, pa.DataType]:
    """Return by column the narrowest type that holds all its values; LaunderError for bytes."""
    if not names:
        return {}
    asked = [f"sum(typeof(source.{addresses.quoted(name)}) = '{kind}')" for name in names for kind in STORED]
    answer = _run(connection, f"SELECT {', '.join(asked)} FROM {selected}")  # noqa: S608  names are quoted
    counts = [column[0].as_py() or 0 for column in answer]
    found = {}
    for at, name in enumerate(names):
        whole, real, text, blob = counts[len(STORED) * at : len(STORED) * (at + 1)]
        if blob:
            raise selecting.refused(name, "bytes")
        found[name] = pa.string() if text or not whole + real else pa.float64() if real else pa.int64()
    return found


def _cast(name: str, type_: pa.DataType, is_kept: bool) -> str:
    return f"CAST(source.{addresses.quoted(name)} AS {CAST[type_]})" if is_kept else "NULL"


def _schema(connection: Any, source: Source, found: dict[str, pa.DataType]) -> pa.Schema:
    """Return the types that are kept: whole numbers 0 and 1 in a column declared BOOLEAN are truth values."""
    declared: dict[str, str] = {}
    if source.table:
        name = addresses.table_parts(source.table)[-1].replace("'", "''")
        table = _run(connection, f"SELECT name, upper(type) AS type FROM pragma_table_info('{name}')")  # noqa: S608
        declared = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    plain = dict(found)
    for name, type_ in found.items():
        if type_ == pa.int64() and declared.get(name) in ("BOOLEAN", "BOOL") and _is_switch(connection, source, name):
            plain[name] = pa.bool_()
    return pa.schema(list(plain.items()))


def _is_switch(connection: Any, source: Source, name: str) -> bool:
    column, selected = f"source.{addresses.quoted(name)}", selecting.selected(source)
    odd = _run(connection, f"SELECT count(*) FROM {selected} WHERE {column} NOT IN (0, 1)")  # noqa: S608
    return odd.column(0)[0].as_py() == 0


def _without_first(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches without the row that was there for its types."""
    skipped = 1
    for batch in reader:
        arrays = [array.cast(field.type) for array, field in zip(batch.columns, schema, strict=True)]
        yield pa.record_batch(arrays, schema)[skipped:]
        skipped = 0
