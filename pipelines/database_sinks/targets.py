"""The table or view that a release goes to, as it is now, and whether a release fits into it."""

from collections.abc import Sequence

import pyarrow as pa

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks.contract import Existing, LoadedColumn, Sink
from launderette.pipelines.run.artifacts import LaunderError


def existing(sink: Sink, target: Target) -> Existing:
    """Return what is there under the name of a target. LaunderError where that is no place for `target.how`."""
    found = sink.existing(target)
    if target.how == "view" and found.is_view is False:
        raise LaunderError(
            f"expected a view, or nothing yet, at {target.name}, found a table; set publish.table.how to rows, or "
            "name another"
        )
    if target.how == "rows" and found.is_view:
        raise LaunderError(f"expected a table at {target.name}, found none; set publish.table.how to view")
    return found


def fitted(sink: Sink, found: Existing, schema: pa.Schema, target: Target) -> list[LoadedColumn]:
    """Return how each column of a release is loaded, in the order of the target, new ones last.

    LaunderError where a column is missing there or here.
    """
    known = {column.name: column for column in found.columns}
    check(found, schema.names, target)
    names = [name for name in known if name in schema.names and not known[name].is_computed]
    names += [name for name in schema.names if name not in known]
    return [sink.planned(schema.field(name), known.get(name)) for name in names]


def check(found: Existing, given: Sequence[str], target: Target) -> None:
    """Raise LaunderError where a release of these columns does not fit a target: one is missing there or here."""
    names = [column.name for column in found.columns]
    needed = [column.name for column in found.columns if target.how == "view" or column.is_needed]
    if target.how == "rows" and (made := [c.name for c in found.columns if c.is_computed and c.name in given]):
        raise LaunderError(
            f"expected columns of {target.name} that can be written, found that the server computes {made[0]!r}; set "
            f"columns.{made[0]} to drop"
        )
    if lacking := [name for name in needed if name not in given]:
        raise LaunderError(
            f"expected the column {lacking[0]!r} of {target.name} in the release, found none; launder it too, or "
            f"take it out of the {'view' if target.how == 'view' else 'table'}"
        )
    if target.how == "rows" and found.is_view is not None and (more := [name for name in given if name not in names]):
        raise LaunderError(
            f"expected only columns of {target.name} in the release, found also {more[0]!r}; add it there, or set "
            f"columns.{more[0]} to drop"
        )
