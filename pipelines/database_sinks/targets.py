"""The table or view that a release goes to, as it is now, and whether a release fits into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import types
from launderette.pipelines.database_sinks.types import LoadedColumn
from launderette.pipelines.databases import addresses
from launderette.pipelines.databases.postgresql import run
from launderette.pipelines.run.artifacts import LaunderError

VIEW_KIND, TABLE_KINDS = "v", ("r", "p")
TARGET_FOUND = """
SELECT c.oid::int8, c.relkind::text, array_to_string(c.reloptions, ', '), pg_get_userbyid(c.relowner) = current_user,
    quote_ident(pg_get_userbyid(c.relowner)::text)
FROM pg_class c WHERE c.oid = to_regclass($1::text)
"""
TARGET_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), t.typtype::text = 'e', a.attgenerated::text <> '',
    a.attnotnull AND NOT a.atthasdef AND a.attidentity::text = ''
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class TargetColumn:
    """A column of a target: its type as SQL writes it, whether the server computes it, whether it has to be given."""

    name: str
    type: str
    is_enum: bool
    is_computed: bool
    is_needed: bool


@dataclass(frozen=True)
class Existing:
    """A target as it is: what kind of relation, None where there is none, its columns, options of a view, its owner."""

    kind: str | None = None
    columns: tuple[TargetColumn, ...] = ()
    options: str = ""
    is_own: bool = True
    owner: str = ""


def existing(connection: Any, target: Target) -> Existing:
    """Return what is there under the name of a target. LaunderError where that is no place for `target.how`."""
    rows = run(connection, TARGET_FOUND, (addresses.quoted(*addresses.table_parts(target.name)),))
    if not rows:
        return Existing()
    oid, kind, options, is_own, owner = rows[0]
    found = tuple(TargetColumn(*row) for row in run(connection, TARGET_COLUMNS, (oid,)))
    if target.how == "view" and kind != VIEW_KIND:
        raise LaunderError(
            f"expected a view, or nothing yet, at {target.name}, found a table; set publish.table.how to rows, or "
            "name another"
        )
    if target.how == "rows" and kind not in TABLE_KINDS:
        raise LaunderError(f"expected a table at {target.name}, found none; set publish.table.how to view")
    if "security_invoker=true" in (options or ""):
        raise LaunderError(
            f"expected a view that reads as its owner at {target.name}, found security_invoker; set it to false"
        )
    return Existing(kind, found, options or "", is_own, owner)


def fitted(found: Existing, schema: pa.Schema, target: Target) -> list[LoadedColumn]:
    """Return how each column of a release is loaded, in the order of the target, new ones last.

    LaunderError where a column is missing there or here.
    """
    known = {column.name: column for column in found.columns}
    check(found, schema.names, target)
    names = [name for name in known if name in schema.names and not known[name].is_computed]
    names += [name for name in schema.names if name not in known]
    plans = []
    for name in names:
        there = known.get(name)
        plans.append(types.plan(schema.field(name), there.type if there else None, bool(there and there.is_enum)))
    return plans


def check(found: Existing, given: Sequence[str], target: Target) -> None:
    """Raise LaunderError where a release of these columns does not fit a target: one is missing there or here."""
    names = [column.name for column in found.columns]
    needed = [column.name for column in found.columns if target.how == "view" or column.is_needed]
    if lacking := [name for name in needed if name not in given]:
        raise LaunderError(
            f"expected the column {lacking[0]!r} of {target.name} in the release, found none; launder it too, or "
            f"take it out of the {'view' if target.how == 'view' else 'table'}"
        )
    if target.how == "rows" and found.kind and (more := [name for name in given if name not in names]):
        raise LaunderError(
            f"expected only columns of {target.name} in the release, found also {more[0]!r}; add it there, or set "
            f"columns.{more[0]} to drop"
        )
