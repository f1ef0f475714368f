"""PostgreSQL as a place of releases: versions are tables of one schema, notes are comments, all in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import contract, postgresql_summaries, postgresql_targets
from launderette.pipelines.database_sinks import postgresql_types as types
from launderette.pipelines.database_sinks.checks import ColumnSummary
from launderette.pipelines.database_sinks.contract import Constraint, Existing, LoadedColumn, TargetColumn
from launderette.pipelines.database_sinks.postgresql_summaries import Hashing
from launderette.pipelines.databases import hashes, postgresql
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.databases.interrupting import interruptible
from launderette.pipelines.run.artifacts import LaunderError

SCHEMA, REHEARSED = "launder_releases", "rehearsed"
NAME_BYTES = 63  # beyond which PostgreSQL cuts a name off
SYSTEM_COLUMNS = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}  # of every table
FEW_STATISTICS = 10  # a rough look at 3,000 rows for who reads at once; autovacuum takes the usual one soon after
VIEW_KIND, TABLE_KINDS = "v", ("r", "p")
OTHER_KINDS = {"m": "a materialized view", "f": "a foreign table", "S": "a sequence", "i": "an index", "c": "a type"}
TARGET_FOUND = """
SELECT c.oid::int8, c.relkind::text, array_to_string(c.reloptions, ', '), pg_get_userbyid(c.relowner) = current_user,
    quote_ident(pg_get_userbyid(c.relowner)::text), pg_has_role(c.relowner, 'USAGE')
FROM pg_class c WHERE c.oid = to_regclass($1::text)
"""
TARGET_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), t.typtype::text = 'e', a.attgenerated::text <> '',
    a.attnotnull AND NOT a.atthasdef AND a.attidentity::text = ''
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
VERSIONS = """
SELECT c.relname::text, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text AND c.relkind = 'r'
"""
NAMES = """
SELECT a.attname::text, a.atttypid = 'inet'::regtype FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
INDEXES = """
SELECT i.indisunique, pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = to_regclass($1::text)
"""
TABLE_CONSTRAINTS = """
SELECT 'filled', ARRAY[a.attname::text], '', '', '', NULL::text[], true FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
UNION ALL
SELECT 'filled', ARRAY[a.attname::text], '', '', '', NULL::text[], true
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1::text) AND t.typnotnull
UNION ALL
SELECT 'unique', (SELECT array_agg(a.attname::text) FROM pg_attribute a
    WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)), '', '', '', NULL::text[], true
FROM pg_index i WHERE i.indrelid = to_regclass($1::text) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
UNION ALL
SELECT 'check', (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_attribute a
    WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)), c.conname::text, pg_get_constraintdef(c.oid), '',
    NULL::text[], true
FROM pg_constraint c WHERE c.conrelid = to_regclass($1::text) AND c.contype = 'c'
UNION ALL
SELECT 'domain', ARRAY[a.attname::text], c.conname::text, pg_get_constraintdef(c.oid), '', NULL::text[], true
FROM pg_attribute a JOIN pg_constraint c ON c.contypid = a.atttypid AND c.contype = 'c'
WHERE a.attrelid = to_regclass($1::text)
UNION ALL
SELECT 'foreign', (SELECT array_agg(a.attname::text ORDER BY k.at) FROM unnest(c.conkey) WITH ORDINALITY k(number, at)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number), c.conname::text, '',
    c.confrelid::regclass::text, (SELECT array_agg(quote_ident(a.attname::text) ORDER BY k.at)
    FROM unnest(c.confkey) WITH ORDINALITY k(number, at)
    JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number),
    has_table_privilege(c.confrelid, 'SELECT')
FROM pg_constraint c WHERE c.conrelid = to_regclass($1::text) AND c.contype = 'f' AND c.conparentid = 0
UNION ALL
SELECT 'partition', k.names, '', 'CHECK (' || coalesce((SELECT string_agg('(' ||
    coalesce(pg_get_partition_constraintdef(p.relid), 'true') || ')', ' OR ')
    FROM pg_partition_tree(to_regclass($1::text)) p WHERE p.isleaf), 'false') || ')', '', NULL::text[], true
FROM (SELECT array_agg(DISTINCT a.attname::text) AS names FROM pg_partitioned_table t
    JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = ANY (t.partattrs::int2[])
    WHERE t.partrelid IN (SELECT p.relid FROM pg_partition_tree(to_regclass($1::text)) p
        UNION SELECT p.relid FROM pg_partition_ancestors(to_regclass($1::text)) p)) k
WHERE k.names IS NOT NULL
"""
DEPENDANTS = """
SELECT count(*) FROM pg_depend d
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1::text) AND d.classid = 'pg_rewrite'::regclass
"""


@contextmanager
def opened(target: Target) -> Iterator["PostgreSQL"]:
    """Yield a connection to the database of a target."""
    with postgresql.connected(target) as connection:
        sink = PostgreSQL(connection)
        sink.run("SET LOCAL TimeZone = 'UTC'")
        yield sink


class PostgreSQL(contract.Sink):
    """A connection through ADBC."""

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple]:
        return postgresql.run(self.connection, statement, values)

    def begin(self) -> None:
        self.run(f"SET LOCAL lock_timeout = '{contract.LOCK_SECONDS}s'")

    def existing(self, target: Target) -> Existing:
        rows = self.run(TARGET_FOUND, (quoted(*table_parts(target.name)),))
        if not rows:
            return Existing()
        oid, kind, options, is_own, owner, may_change = rows[0]
        if kind not in (VIEW_KIND, *TABLE_KINDS):
            found = OTHER_KINDS.get(kind, "something else")
            raise LaunderError(f"expected a view, a table or nothing yet at {target.name}, found {found}; name another")
        if target.how == "rows" and kind not in TABLE_KINDS:
            raise LaunderError(f"expected a table at {target.name}, found none; set publish.table.how to view")
        if "security_invoker=true" in (options or ""):
            raise LaunderError(
                f"expected a view that reads as its owner at {target.name}, found security_invoker; set it to false"
            )
        if kind == VIEW_KIND and not may_change:
            raise LaunderError(
                f"expected a view that this login owns at {target.name}, found one of {owner}; make the login a member "
                "of that role, or name another view"
            )
        columns = tuple(TargetColumn(*row) for row in self.run(TARGET_COLUMNS, (oid,)))
        return Existing(kind == VIEW_KIND, columns, options or "", is_own, owner)

    def rehearse(self, target: Target, names: Sequence[str], is_new: bool) -> None:
        if long := [name for name in names if len(name.encode()) > NAME_BYTES]:
            raise LaunderError(
                f"expected names of columns of at most {NAME_BYTES} bytes for PostgreSQL, found {long[0]!r}; rename it"
            )
        if kept := [name for name in names if name in SYSTEM_COLUMNS]:
            raise LaunderError(
                f"expected names of columns that PostgreSQL does not keep for itself, found {kept[0]!r}; rename it"
            )
        if target.how == "rows" and not is_new:
            postgresql_targets.check_replaceable(target, self.run)
        self._create_schema()
        self.run(f"CREATE TABLE {quoted(SCHEMA, REHEARSED)} ({', '.join(f'{quoted(name)} text' for name in names)})")
        if is_new:
            self.run(f"CREATE VIEW {quoted(*table_parts(target.name))} AS SELECT 1 AS one")

    def check_types(self, columns: Sequence[LoadedColumn], batches: Iterator[pa.RecordBatch]) -> None:
        labels = {column.name: self._labels(column) for column in columns if types.is_enum(column)}
        for batch in batches:
            for column in columns:
                types.check(batch.column(column.name), column, labels.get(column.name))

    def _labels(self, column: LoadedColumn) -> list[str]:
        return [label for (label,) in self.run(f"SELECT unnest(enum_range(NULL::{column.type}))::text")]

    def constraints(self, target: Target) -> list[Constraint]:
        rows = self.run(TABLE_CONSTRAINTS, (quoted(*table_parts(target.name)),))
        return [types.constraint(*row) for row in rows]

    def place(self, version: str) -> str:
        return quoted(SCHEMA, version)

    def notes(self) -> dict[str, str]:
        return {name: said for name, said in self.run(VERSIONS, (SCHEMA,)) if said}

    def unfinished(self) -> list[str]:
        """Return none: the transaction of a run that was killed is rolled back."""
        return []

    def columns(self, version: str) -> list[str]:
        return [name for name, _ in self.run(NAMES, (self.place(version),))]

    def planned(self, field: pa.Field, there: TargetColumn | None) -> LoadedColumn:
        return types.plan(field, there.type if there else None, bool(there and there.is_enum))

    def create(self, version: str, columns: Sequence[LoadedColumn]) -> None:
        self._create_schema()
        named = ", ".join(f"{quoted(column.name)} {'text' if column.by_text else column.type}" for column in columns)
        self.run(f"CREATE TABLE {self.place(version)} ({named})")

    def _create_schema(self) -> None:
        if not self.run("SELECT 1 FROM pg_namespace WHERE nspname = $1::text", (SCHEMA,)):
            self.run(f"CREATE SCHEMA {SCHEMA}")

    def fill(self, version: str, batches: Iterator[pa.RecordBatch], columns: Sequence[LoadedColumn]) -> None:
        schema = pa.schema([pa.field(column.name, column.copied) for column in columns])
        failed: list[Exception] = []
        reader = pa.RecordBatchReader.from_batches(schema, _noted(_batches(batches, columns, schema), failed))
        with self.connection.cursor() as cursor:
            try:
                copying = partial(cursor.adbc_ingest, version, reader, mode="append", db_schema_name=SCHEMA)
                interruptible(copying, self.connection.adbc_cancel)
            except Exception:
                if failed:
                    raise failed[0] from None
                raise
        self._convert(version, columns)

    def _convert(self, version: str, columns: Sequence[LoadedColumn]) -> None:
        """Give columns that were loaded as text their type, in one pass."""
        changes = [
            f"ALTER {quoted(column.name)} TYPE {column.type} USING {quoted(column.name)}::{column.type}"
            for column in columns
            if column.by_text and column.type != "text"
        ]
        if changes:
            self.run(f"ALTER TABLE {self.place(version)} {', '.join(changes)}")

    def compared(self, schema: pa.Schema) -> pa.Schema:
        return schema

    def fingerprint(self, place: str, schema: pa.Schema) -> tuple[int, int]:
        asked = postgresql_summaries.rows_asked(schema, self._hashing)
        ((rows, total),) = self.run(f"SELECT {asked} FROM {self._readable(place)}")  # noqa: S608
        return rows, int(total or 0)

    def _readable(self, place: str) -> str:
        """Return what reads a table with addresses as they are read from a source: netmasks of one host left out."""
        found = self.run(NAMES, (place,))
        if not any(is_inet for _, is_inet in found):
            return place
        named = (f"abbrev({quoted(name)}) AS {quoted(name)}" if is_inet else quoted(name) for name, is_inet in found)
        return f"(SELECT {', '.join(named)} FROM {place}) AS readable"  # noqa: S608

    def rows_totals(self) -> Callable[[pa.RecordBatch], int]:
        return partial(postgresql_summaries.rows_total, hashing=self._hashing)

    def summary(self, place: str, schema: pa.Schema) -> list[ColumnSummary]:
        asked = postgresql_summaries.asked(schema, self._hashing)
        (answer,) = self.run(f"SELECT {asked} FROM {self._readable(place)}")  # noqa: S608
        return postgresql_summaries.of_answer(answer, schema)

    def totals(self) -> Callable[[pa.Array], Decimal]:
        return partial(postgresql_summaries.total, hashing=self._hashing)

    @cached_property
    def _hashing(self) -> Hashing:
        """Return how texts are hashed: by PostgreSQL's own function where it hashes as ours."""
        ((found,),) = self.run("SELECT hashtext($1::text)", (postgresql_summaries.PROBE,))
        is_ours = found == hashes.hashtext(pa.array([postgresql_summaries.PROBE]))[0]
        return postgresql_summaries.OWN_HASHING if is_ours else postgresql_summaries.MD5_HASHING

    def finish(self, version: str, note: str, before: str | None) -> None:
        place = self.place(version)
        for unique, definition in self.run(INDEXES, (self.place(before),)) if before else []:
            how = definition.partition(" USING ")[2]
            self.run(f"CREATE {'UNIQUE ' if unique else ''}INDEX ON {place} USING {how}")
        self.note(version, note)
        self.run(f"SET LOCAL default_statistics_target = {FEW_STATISTICS}")
        self.run(f"ANALYZE {place}")

    def note(self, version: str, note: str) -> None:
        self.run(f"COMMENT ON TABLE {self.place(version)} IS {_literal(note)}")

    def abandon(self, version: str) -> None:
        """Leave nothing: its transaction ends with the connection."""

    def show(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Have a view read a version: its grants, its owner, its options, its columns and what depends on it stay."""
        view, place = quoted(*table_parts(target.name)), self.place(version)
        options = f" WITH ({found.options})" if found.options else ""
        if not found.is_own:
            self.run(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {found.owner}")
            self.run(f"GRANT SELECT ON {place} TO {found.owner}")
        named = ", ".join(contract.selected(names, found))
        self.run(f"CREATE OR REPLACE VIEW {view}{options} AS SELECT {named} FROM {place}")  # noqa: S608

    def replace(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Replace rows, while the table stays with all that hangs on it; readers see the old ones until the commit."""
        table, place, named = quoted(*table_parts(target.name)), self.place(version), ", ".join(map(quoted, names))
        if found.is_view is None:
            self.run(f"CREATE TABLE {table} (LIKE {place})")
        self.run(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        postgresql_targets.check_replaceable(target, self.run)  # it may have become so meanwhile
        self.run(f"DELETE FROM {table}")  # noqa: S608
        self.run(f"INSERT INTO {table} ({named}) OVERRIDING SYSTEM VALUE SELECT {named} FROM {place}")  # noqa: S608
        postgresql_targets.advance_sequences(table, self.run)

    def is_used(self, version: str) -> bool:
        return bool(self.run(DEPENDANTS, (self.place(version),))[0][0])

    def drop(self, version: str) -> None:
        self.run(f"DROP TABLE IF EXISTS {self.place(version)}")


def _batches(
    batches: Iterator[pa.RecordBatch], columns: Sequence[LoadedColumn], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        arrays = [types.cast(batch.column(column.name), column) for column in columns]
        yield pa.record_batch(arrays, schema)


def _noted(batches: Iterator[pa.RecordBatch], failed: list[Exception]) -> Iterator[pa.RecordBatch]:
    """Yield batches and note what they raise: the driver that reads them takes it for a failure of the connection."""
    try:
        yield from batches
    except Exception as error:
        failed.append(error)
        raise


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
