"""Any other database through its dialect of SQLAlchemy: rows come as Python's values, their types from these and, of a
table, from its description.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.feather as feather

from launderette.pipelines.databases import addresses, selecting
from launderette.pipelines.databases.rows import RowStream
from launderette.pipelines.run.artifacts import LaunderError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, TextClause

    from launderette.pipelines.config.places import Source

PART_ROWS = 50_000
LARGE_NUMBER = pa.decimal128(38, 0)  # whole numbers beyond 64 bits
READ_ONLY: dict[str, dict[str, Any]] = {"duckdb": {"read_only": True}}  # what the drivers of some take for it


@contextmanager
def rows(source: Source, *, is_dropped: Callable[[str], bool]) -> Iterator[RowStream]:
    """Yield the rows of a source, read in parts that wait in files until the types of all are known."""
    engine = _engine(source)
    try:
        with engine.connect() as connection, tempfile.TemporaryDirectory() as folder:
            connection = _repeatable(connection)
            quote = engine.dialect.identifier_preparer.quote_identifier
            selected = selecting.selected(source, lambda *parts: ".".join(map(quote, parts)))
            none = connection.execute(_text(f"SELECT * FROM {selected} WHERE 1 = 0"))  # noqa: S608
            names = selecting.checked(list(none.keys()))
            named = ", ".join("NULL" if is_dropped(name) else f"source.{quote(name)}" for name in names)
            streamed = connection.execution_options(stream_results=True)
            result = streamed.execute(_text(f"SELECT {named} FROM {selected}"))  # noqa: S608
            known = _described(engine, source)
            schemas = [
                _stored(part, names, known, Path(folder, f"{at}.arrow"))
                for at, part in enumerate(result.partitions(PART_ROWS))
            ]
            schema = _common(schemas, names)
            yield RowStream(schema, _batches(Path(folder), len(schemas), schema))
    finally:
        engine.dispose()


def _text(statement: str) -> TextClause:
    """Return a statement in which no colon stands for a parameter."""
    import sqlalchemy

    return sqlalchemy.text(statement.replace(":", "\\:"))


def _engine(source: Source) -> Engine:
    import sqlalchemy

    scheme = addresses.scheme_of(str(source.uri))
    try:
        url = sqlalchemy.make_url(str(source.uri))
        if (user := addresses.resolved(source.user, "source.user")) is not None:
            url = url.set(username=user)
        if (password := addresses.resolved(source.password, "source.password")) is not None:
            url = url.set(password=password)
        return sqlalchemy.create_engine(url, connect_args=READ_ONLY.get(scheme, {}))
    except (sqlalchemy.exc.ArgumentError, ImportError):
        raise LaunderError(
            f"expected a database with an installed dialect of SQLAlchemy, found {scheme!r}; install it and its "
            "driver, or write the table to a file first"
        ) from None


def _repeatable(connection: Connection) -> Connection:
    """Return the connection at the level of one snapshot, where its driver has it."""
    with suppress(Exception):  # of whatever type the dialect raises
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def _described(engine: Engine, source: Source) -> dict[str, pa.DataType]:
    """Return the types that the description of a table states, as far as its dialect tells them."""
    import sqlalchemy

    if not source.table:
        return {}
    *schema, table = addresses.table_parts(source.table)
    with suppress(sqlalchemy.exc.SQLAlchemyError, NotImplementedError), warnings.catch_warnings(action="ignore"):
        columns = sqlalchemy.inspect(engine).get_columns(table, schema=schema[-1] if schema else None)
        return {column["name"]: type_ for column in columns if (type_ := _arrow(column["type"])) is not None}
    return {}


def _arrow(type_: Any) -> pa.DataType | None:
    """Return the type of Arrow for a column's description, None where the values tell."""
    from sqlalchemy import types

    if isinstance(type_, types.Float):
        return pa.float64()
    if isinstance(type_, types.Numeric):
        return None if type_.precision is None else pa.decimal128(min(type_.precision, 38), type_.scale or 0)
    kinds = {
        types.SmallInteger: pa.int16(),
        types.BigInteger: pa.int64(),
        types.Integer: pa.int32(),
        types.Boolean: pa.bool_(),
        types.Date: pa.date32(),
        types.Time: pa.time64("us"),
    }
    return next((found for kind, found in kinds.items() if isinstance(type_, kind)), None)


def _stored(part: Any, names: list[str], known: dict[str, pa.DataType], path: Path) -> pa.Schema:
    """Write a part into a file and return its types."""
    columns = zip(*part, strict=True)
    table = pa.table({name: _array(name, values, known.get(name)) for name, values in zip(names, columns, strict=True)})
    feather.write_feather(table, str(path), compression="uncompressed")
    return table.schema


def _array(name: str, values: tuple[Any, ...], type_: pa.DataType | None) -> pa.Array:
    for tried in (type_, None, LARGE_NUMBER):  # what is stated may be narrower than what is there
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            array = pa.array(values, tried)
            if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
                raise selecting.refused(name, str(array.type))
            return array
    raise selecting.refused(name, "values of several types")


def _common(schemas: list[pa.Schema], names: list[str]) -> pa.Schema:
    """Return types that hold for all parts; what has no value in any is text."""
    if not schemas:
        return pa.schema([(name, pa.string()) for name in names])
    try:
        common = pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException:
        raise LaunderError("expected one type in every column, found several; cast it in source.query") from None
    return pa.schema([(field.name, pa.string() if pa.types.is_null(field.type) else field.type) for field in common])


def _batches(folder: Path, count: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for at in range(count):
        yield from feather.read_table(str(folder / f"{at}.arrow")).cast(schema).to_batches()
