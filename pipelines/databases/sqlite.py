"""SQLite through ADBC: every value has a type of its own there, so a column has the one that holds all its values, or
the declared one where they keep to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from launderette.pipelines.databases import addresses, declared, failures, selecting
from launderette.pipelines.databases.interrupting import interruptible
from launderette.pipelines.databases.rows import RowStream
from launderette.pipelines.run.artifacts import LaunderError

if TYPE_CHECKING:
    from launderette.pipelines.config.places import Source

FIRST = {pa.int64(): "0", pa.float64(): "0.5", pa.string(): "''"}  # a first row, by which ADBC tells types
CAST = {pa.int64(): "INTEGER", pa.float64(): "REAL", pa.string(): "TEXT"}
STORED = ("integer", "real", "text", "blob")
WHOLE_REALS = 2**53  # below it, a floating-point number without a fraction is written as a whole one
ASKED_NAMES = 400  # columns that one question is about: an answer has at most 2,000


@contextmanager
def rows(source: Source, *, exact: bool, is_dropped: Callable[[str], bool]) -> Iterator[RowStream]:
    """Yield the rows of a source in one transaction that only reads; of columns that are dropped, the names alone.
    `exact` False reads each value as a text by itself, so that no type depends on the rows.
    """
    with _connected(source) as connection:
        selected = selecting.selected(source)
        names = selecting.checked(_run(connection, f"SELECT * FROM {selected} LIMIT 0").column_names)  # noqa: S608
        if not exact:
            schema = pa.schema([(name, pa.string()) for name in names])
            named = ", ".join("NULL" if is_dropped(name) else _as_text(name) for name in names)
            with connection.cursor() as cursor:
                yield RowStream(schema, _texts(cursor, f"SELECT {named} FROM {selected}", schema))  # noqa: S608
            return
        stored = _types(connection, selected, [name for name in names if not is_dropped(name)])
        kept = _declared(connection, source, stored)
        schema = pa.schema([(name, kept.get(name, pa.string())) for name in names])
        with connection.cursor() as cursor:
            batches = _selected(cursor, selected, {name: stored.get(name) for name in names})
            yield RowStream(schema, (_converted(batch, schema) for batch in batches))


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
        return interruptible(partial(_table, cursor, statement), connection.adbc_cancel)


def _table(cursor: Any, statement: str) -> pa.Table:
    cursor.execute(statement)
    return cursor.fetch_arrow_table()


def _types(connection: Any, selected: str, names: Sequence[str]) -> dict[str, pa.DataType]:
    """Return by column the narrowest type that holds all its values; LaunderError for bytes."""
    found: dict[str, pa.DataType] = {}
    for at in range(0, len(names), ASKED_NAMES):
        some = names[at : at + ASKED_NAMES]
        asked = [f"sum(typeof(source.{addresses.quoted(name)}) = '{kind}')" for name in some for kind in STORED]
        answer = _run(connection, f"SELECT {', '.join(asked)} FROM {selected}")  # noqa: S608  names are quoted
        counts = [column[0].as_py() or 0 for column in answer]
        for own, name in enumerate(some):
            found[name] = _type(name, *counts[len(STORED) * own : len(STORED) * (own + 1)])
    return found


def _type(name: str, whole: int, real: int, text: int, blob: int) -> pa.DataType:
    if blob:
        raise selecting.refused(name, "bytes")
    return pa.string() if text or not whole + real else pa.float64() if real else pa.int64()


def _selected(cursor: Any, selected: str, stored: Mapping[str, pa.DataType | None]) -> Iterator[pa.RecordBatch]:
    """Yield batches of columns in the types that hold their values, None for texts in place of which nothing is read;
    a row that is there for its types comes first, and is left out.
    """
    first = ", ".join(FIRST[type_ or pa.string()] for type_ in stored.values())
    named = ", ".join(_cast(name, type_) for name, type_ in stored.items())
    cursor.execute(f"SELECT {first} UNION ALL SELECT {named} FROM {selected}")  # noqa: S608
    skipped = 1
    for batch in cursor.fetch_record_batch():
        arrays = [array.cast(type_ or pa.string()) for array, type_ in zip(batch, stored.values(), strict=True)]
        yield pa.record_batch(arrays, names=list(stored))[skipped:]
        skipped = 0


def _as_text(name: str) -> str:
    """Return what reads a value as a text by its own type alone: bytes as missing, whole numbers without a point."""
    value = f"source.{addresses.quoted(name)}"
    whole = f"typeof({value}) = 'real' AND abs({value}) < {WHOLE_REALS} AND {value} = CAST({value} AS INTEGER)"
    return (
        f"CASE WHEN typeof({value}) = 'blob' THEN NULL WHEN {whole} THEN CAST(CAST({value} AS INTEGER) AS TEXT) "
        f"ELSE CAST({value} AS TEXT) END"
    )


def _texts(cursor: Any, statement: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches of texts; a first row, by which ADBC tells that they are, is left out."""
    cursor.execute(f"SELECT {', '.join([FIRST[pa.string()]] * len(schema))} UNION ALL {statement}")
    skipped = 1
    for batch in cursor.fetch_record_batch():
        yield pa.record_batch([array.cast(pa.string()) for array in batch], schema)[skipped:]
        skipped = 0


def _converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [declared.converted(array, field.type) for array, field in zip(batch, schema, strict=True)]
    return pa.record_batch(arrays, schema)


def _cast(name: str, type_: pa.DataType | None) -> str:
    return f"CAST(source.{addresses.quoted(name)} AS {CAST[type_]})" if type_ else "NULL"


def _declared(connection: Any, source: Source, stored: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
    """Return the types that are kept: of a table, those that are declared, where all values keep to them."""
    if not source.table:
        return dict(stored)
    name = addresses.table_parts(source.table)[-1].replace("'", "''")
    table = _run(connection, f"SELECT name, upper(type) AS type FROM pragma_table_info('{name}')")  # noqa: S608
    said = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    tried = {name: declared.types(said.get(name, ""), type_) for name, type_ in stored.items()}
    tried = {name: types for name, types in tried.items() if types}
    if not tried:
        return dict(stored)
    with connection.cursor() as cursor:
        for batch in _selected(cursor, selecting.selected(source), {name: stored[name] for name in tried}):
            for array, (name, types) in zip(batch, tried.items(), strict=True):
                tried[name] = [type_ for type_ in types if declared.is_kept(array, type_)]
    return {name: next(iter(tried.get(name, [])), type_) for name, type_ in stored.items()}
