"""SQLite as a place of releases: versions are tables beside the target, their notes rows of one more table.

Others may write meanwhile: a version is loaded in parts, each a transaction of its own, and is one once its note is
there. What readers see changes in one transaction.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import contract, sqlite_summaries
from launderette.pipelines.database_sinks import sqlite_types as types
from launderette.pipelines.database_sinks.checks import ColumnSummary, as_compared
from launderette.pipelines.database_sinks.contract import Constraint, Existing, LoadedColumn, TargetColumn
from launderette.pipelines.databases import conditions
from launderette.pipelines.databases.addresses import quoted, sqlite_path, table_parts
from launderette.pipelines.run.artifacts import LaunderError

RELEASE_NOTES, OWN_SCHEMA = "launder_releases", "main"
TABLE_OR_VIEW = "SELECT name, type FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')"
TABLE_COLUMNS = """
SELECT name, type, hidden IN (2, 3), "notnull" AND dflt_value IS NULL AND NOT (pk AND upper(type) = 'INTEGER')
FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid
"""
DECLARED_CONSTRAINTS = """
SELECT 'filled', json_array(name), '', '' FROM pragma_table_xinfo(?1) WHERE "notnull" AND hidden = 0
UNION ALL
SELECT 'unique', json_group_array(c.name), '', '' FROM pragma_index_list(?1) i, pragma_index_info(i.name) c
WHERE i."unique" AND NOT i.partial GROUP BY i.name HAVING count(c.name) = count(*)
UNION ALL
SELECT 'unique', json_group_array(name), '', '' FROM pragma_table_xinfo(?1) WHERE pk HAVING count(*)
UNION ALL
SELECT 'foreign', json_group_array("from"), "table", json_group_array("to") FROM pragma_foreign_key_list(?1) GROUP BY id
"""
USED_BY = "SELECT count(*) FROM sqlite_master WHERE name <> ?1 AND tbl_name <> ?1 AND instr(sql, ?1)"
INDEX_STATEMENTS = "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL ORDER BY rowid"
TRIGGER_STATEMENTS = (
    "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid"
)


@contextmanager
def opened(target: Target) -> Iterator["SQLite"]:
    """Yield a connection to the database of a target, which is made where its folder is there."""
    path = sqlite_path(str(target.uri))
    where, was_there = f"file:{quote(str(path))}", path.exists()
    try:
        with _connected(where) as connection:
            yield SQLite(connection)
    finally:
        if not was_there:
            _remove_empty(path)


@contextmanager
def _connected(where: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection that commits every statement outside a transaction, and knows our hashes."""
    with closing(sqlite3.connect(where, contract.LOCK_SECONDS, isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function(sqlite_summaries.ROW_HASH, -1, sqlite_summaries.row_hash, deterministic=True)
        connection.create_function(sqlite_summaries.HASH, 1, sqlite_summaries.hashed, deterministic=True)
        yield connection


def _remove_empty(path: Path) -> None:
    """Remove a database into which nothing went."""
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


class SQLite(contract.Sink):
    """A connection through Python's own driver."""

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple]:
        return self.connection.execute(statement, values).fetchall()

    def begin(self) -> None:
        if not self.connection.in_transaction:
            self.run("BEGIN IMMEDIATE")
            self.run("PRAGMA defer_foreign_keys = ON")

    def existing(self, target: Target) -> Existing:
        rows = self.run(TABLE_OR_VIEW, (_name(target),))
        if not rows:
            return Existing()
        ((name, kind),) = rows
        rows = self.run(TABLE_COLUMNS, (name,))
        columns = (
            TargetColumn(own, type_, False, bool(computed), bool(needed)) for own, type_, computed, needed in rows
        )
        return Existing(kind == "view", tuple(columns))

    def rehearse(self, target: Target, names: Sequence[str], is_new: bool) -> None:
        self.begin()
        self._create_notes()
        self.run(f"CREATE TABLE {self.place('rehearsed')} ({', '.join(map(quoted, names))})")
        if is_new:
            self.run(f"CREATE VIEW {quoted(_name(target))} AS SELECT 1 AS one")

    def check_types(self, columns: Sequence[LoadedColumn], batches: Iterator[pa.RecordBatch]) -> None:
        """Try each column in a database of its own, in memory."""
        with _connected(":memory:") as connection:
            aside = SQLite(connection)
            for number, batch in enumerate(batches):
                for at, column in enumerate(columns):
                    aside._try(f"{number}_{at}", column, batch.select([column.name]))

    def _try(self, version: str, column: LoadedColumn, batch: pa.RecordBatch) -> None:
        schema = self.compared(batch.schema)
        self.create(version, [column])
        self.fill(version, iter([batch]), [column])
        there = self.fingerprint(self.place(version), schema)
        self.drop(version)
        if there != (batch.num_rows, sqlite_summaries.rows_total(as_compared(batch, schema))):
            raise types.unfit(column)

    def constraints(self, target: Target) -> list[Constraint]:
        rows = self.run(DECLARED_CONSTRAINTS, (_name(target),))
        found = [types.constraint(kind, json.loads(names), other, keys) for kind, names, other, keys in rows]
        ((statement,),) = self.run("SELECT sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (_name(target),))
        names = [name for name, *_ in self.run(TABLE_COLUMNS, (_name(target),))]
        return found + [types.check(condition, names) for condition in conditions.in_statement(statement)]

    def place(self, version: str) -> str:
        return quoted(_table(version))

    def notes(self) -> dict[str, str]:
        if not self.run(TABLE_OR_VIEW, (RELEASE_NOTES,)):
            return {}
        return dict(self.run(f"SELECT version, note FROM {RELEASE_NOTES}"))  # noqa: S608

    def unfinished(self) -> list[str]:
        tables = self.run("SELECT name FROM sqlite_master WHERE type = 'table'")
        versions = [name.removeprefix(_table("")) for (name,) in tables if name.startswith(_table(""))]
        return sorted({*versions} - {*self.notes()})

    def columns(self, version: str) -> list[str]:
        return [name for name, *_ in self.run(TABLE_COLUMNS, (_table(version),))]

    def planned(self, field: pa.Field, there: TargetColumn | None) -> LoadedColumn:
        return types.plan(field, there.type if there else None)

    def create(self, version: str, columns: Sequence[LoadedColumn]) -> None:
        self.begin()
        self._create_notes()
        named = ", ".join(f"{quoted(column.name)} {column.type}" for column in columns)
        self.run(f"CREATE TABLE {self.place(version)} ({named})")

    def _create_notes(self) -> None:
        self.run(f"CREATE TABLE IF NOT EXISTS {RELEASE_NOTES} (version TEXT PRIMARY KEY, note TEXT NOT NULL)")

    def fill(self, version: str, batches: Iterator[pa.RecordBatch], columns: Sequence[LoadedColumn]) -> None:
        named = ", ".join(quoted(column.name) for column in columns)
        values = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {self.place(version)} ({named}) VALUES ({values})"  # noqa: S608
        for batch in batches:
            arrays = [types.stored(types.cast(batch.column(column.name), column)) for column in columns]
            self.begin()
            self.connection.executemany(statement, zip(*arrays, strict=True))
            self.commit()

    def compared(self, schema: pa.Schema) -> pa.Schema:
        return pa.schema([pa.field(field.name, types.compared(field.type)) for field in schema])

    def fingerprint(self, place: str, schema: pa.Schema) -> tuple[int, int]:
        ((rows, total),) = self.run(f"SELECT {sqlite_summaries.rows_asked(schema)} FROM {place}")  # noqa: S608
        return rows, total or 0

    def rows_totals(self) -> Callable[[pa.RecordBatch], int]:
        return sqlite_summaries.rows_total

    def summary(self, place: str, schema: pa.Schema) -> list[ColumnSummary]:
        (answer,) = self.run(f"SELECT {sqlite_summaries.asked(schema)} FROM {place}")  # noqa: S608
        return sqlite_summaries.of_answer(answer, schema)

    def totals(self) -> Callable[[pa.Array], Decimal]:
        return sqlite_summaries.total

    def finish(self, version: str, note: str, before: str | None) -> None:
        self.begin()
        for at, (sql,) in enumerate(self.run(INDEX_STATEMENTS, (_table(before),)) if before else []):
            unique = "UNIQUE " if re.match(r"CREATE\s+UNIQUE", sql, re.IGNORECASE) else ""
            what = re.sub(rf"^.*?{re.escape(_table(str(before)))}\W*?(?=\()", "", sql, count=1, flags=re.DOTALL)
            self.run(f"CREATE {unique}INDEX {quoted(f'{_table(version)}_{at}')} ON {self.place(version)} {what}")
        self.note(version, note)

    def note(self, version: str, note: str) -> None:
        self.run(f"INSERT OR REPLACE INTO {RELEASE_NOTES} VALUES (?, ?)", (version, note))  # noqa: S608

    def abandon(self, version: str) -> None:
        with suppress(sqlite3.Error):  # then the next release drops what is left
            self.rollback()
            self.drop(version)
            self.commit()

    def show(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Have a view read a version: its columns, its triggers and the views that read it stay."""
        view = quoted(_name(target))
        triggers = self.run(TRIGGER_STATEMENTS, (_name(target),))
        self.run(f"DROP VIEW IF EXISTS {view}")
        named = ", ".join(contract.selected(names, found))
        self.run(f"CREATE VIEW {view} AS SELECT {named} FROM {self.place(version)}")  # noqa: S608
        for (trigger,) in triggers:
            self.run(trigger)

    def replace(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Replace rows, while the table stays with all that hangs on it; readers see the old ones until the commit."""
        table, place, named = quoted(_name(target)), self.place(version), ", ".join(map(quoted, names))
        if found.is_view is None:
            rows = self.run(TABLE_COLUMNS, (_table(version),))
            self.run(f"CREATE TABLE {table} ({', '.join(f'{quoted(name)} {type_}' for name, type_, *_ in rows)})")
        self.run(f"DELETE FROM {table}")  # noqa: S608
        self.run(f"INSERT INTO {table} ({named}) SELECT {named} FROM {place}")  # noqa: S608

    def is_used(self, version: str) -> bool:
        return bool(self.run(USED_BY, (_table(version),))[0][0])

    def drop(self, version: str) -> None:
        self.begin()
        self.run(f"DROP TABLE IF EXISTS {self.place(version)}")
        if self.run(TABLE_OR_VIEW, (RELEASE_NOTES,)):
            self.run(f"DELETE FROM {RELEASE_NOTES} WHERE version = ?", (version,))  # noqa: S608


def _table(version: str) -> str:
    return f"{RELEASE_NOTES}_{version}"


def _name(target: Target) -> str:
    """Return the name of a target's table. LaunderError for one of another schema than the file's own."""
    *schema, name = table_parts(target.name)
    if schema not in ([], [OWN_SCHEMA]):
        raise LaunderError(
            f"expected the name of a table such as people for SQLite, found {target.name}; remove {schema[0]}"
        )
    return name
