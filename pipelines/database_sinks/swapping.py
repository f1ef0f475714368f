"""A version becomes what readers of a target see, in one short transaction; until then, and where it fails, they see
what they saw.
"""

from typing import Any

import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import targets, versions
from launderette.pipelines.database_sinks.targets import Existing
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.databases.postgresql import run
from launderette.pipelines.run.artifacts import LaunderError

LOCK_SECONDS = 2  # so that who waits behind this statement waits no longer
NAMES = """
SELECT a.attname::text FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def swap(connection: Any, target: Target, release: str, file: pq.ParquetFile | None = None) -> list[str]:
    """Show a version to the readers of a target, and return the columns of it that the version is too old for: they
    hold nothing, or their defaults. LaunderError where the version is not there, or (given its file) where the target
    would hold other rows; Unavailable where a lock is held too long.
    """
    place = versions.place_of(target, release)
    names = [name for (name,) in run(connection, NAMES, (place,))]
    if not names:
        raise LaunderError(
            f"expected the rows of release {release} in the schema {versions.SCHEMA}, found none; they were dropped, "
            "so publish another release"
        )
    run(connection, f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    run(connection, "SET LOCAL TimeZone = 'UTC'")
    found = targets.existing(connection, target)
    (_show if target.how == "view" else _replace)(connection, target, place, names, found)
    if file is not None and target.how == "rows":
        versions.check(connection, quoted(*table_parts(target.name)), file)
    connection.commit()
    return [column.name for column in found.columns if column.name not in names and not column.is_computed]


def _show(connection: Any, target: Target, place: str, names: list[str], found: Existing) -> None:
    """Have a view read a version: its grants, its owner, its options, its columns and what depends on it stay."""
    view = quoted(*table_parts(target.name))
    options = f" WITH ({found.options})" if found.options else ""
    if not found.is_own:
        run(connection, f"GRANT USAGE ON SCHEMA {versions.SCHEMA} TO {found.owner}")
        run(connection, f"GRANT SELECT ON {place} TO {found.owner}")
    named = ", ".join(_selected(names, found))
    run(connection, f"CREATE OR REPLACE VIEW {view}{options} AS SELECT {named} FROM {place}")  # noqa: S608


def _selected(names: list[str], found: Existing) -> list[str]:
    """Return what a view selects: its own columns in their order, empty where the version lacks them, then new ones."""
    own = [quoted(c.name) if c.name in names else f"NULL::{c.type} AS {quoted(c.name)}" for c in found.columns]
    known = [column.name for column in found.columns]
    return [*own, *(quoted(name) for name in names if name not in known)]


def _replace(connection: Any, target: Target, place: str, names: list[str], found: Existing) -> None:
    """Replace the rows of a table, which stays with all that hangs on it; readers see the old ones until the commit."""
    table, named = quoted(*table_parts(target.name)), ", ".join(map(quoted, names))
    if found.kind is None:
        run(connection, f"CREATE TABLE {table} (LIKE {place})")
    run(connection, f"LOCK TABLE {table} IN EXCLUSIVE MODE")
    run(connection, f"DELETE FROM {table}")  # noqa: S608
    run(connection, f"INSERT INTO {table} ({named}) OVERRIDING SYSTEM VALUE SELECT {named} FROM {place}")  # noqa: S608


def drop_surplus(connection: Any, target: Target, keep: int, current: str) -> None:
    """Drop the oldest versions of a target beyond `keep`, never the current one, nor one that something depends on.
    Unavailable where somebody still reads one of them.
    """
    run(connection, f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    spare = [release for release in versions.kept(connection, target) if release != current]
    for release in spare[: max(0, len(spare) + 1 - keep)]:
        place = versions.place_of(target, release)
        (count,) = run(connection, DEPENDANTS, (place,))[0]
        if not count:
            run(connection, f"DROP TABLE {place}")
    connection.commit()


DEPENDANTS = """
SELECT count(*) FROM pg_depend d
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1::text) AND d.classid = 'pg_rewrite'::regclass
"""
