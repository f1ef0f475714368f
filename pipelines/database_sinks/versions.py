"""Versions of a target: each release lies in a table of its own, which readers never see half-filled, and becomes what
they see in one short transaction; until then, and where that fails, they see what they saw.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import constraints, contract, targets
from launderette.pipelines.database_sinks.checks import ColumnSummary, Fingerprint, TableSummary, as_compared
from launderette.pipelines.database_sinks.contract import Existing, LoadedColumn, Sink
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.run.artifacts import LaunderError

UNSEEN = "unseen"  # noted of a version that is loaded until it is shown
OWNER = "owner"  # noted of each version: the data set whose release it holds, by its eight digits
ASKED_COLUMNS = 300  # that one question is about; an answer has at most 1,664 columns of PostgreSQL, 2,000 of SQLite
NAME_LETTERS, ID_LETTERS = 20, 33  # of a target and of a release in the name of a version: PostgreSQL keeps 63 bytes


def name_of(target: Target, release: str) -> str:
    """Return the name of the version that holds a release of a target."""
    name = ".".join(table_parts(target.name))
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower())[:NAME_LETTERS]
    return f"{plain}_{release[:ID_LETTERS]}_{_ending(name)}"


def _ending(name: str) -> str:
    """Return what the names of all versions of one target end in."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _note(target: Target, release: str, digest: str, owner: str) -> dict[str, Any]:
    """Return what is noted of a version that nobody has seen yet."""
    return {"target": target.name, "release": release, "data": digest, OWNER: owner, UNSEEN: True}


def _written(note: Mapping[str, Any]) -> str:
    return json.dumps(note, sort_keys=True)


def _noted(sink: Sink, target: Target) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the versions of a target, each with what is noted of it."""
    for version, said in sink.notes().items():
        note = json.loads(said) if said.startswith("{") else {}
        if "release" in note and version == name_of(target, note["release"]):
            yield version, note


def check_owner(sink: Sink, target: Target, owner: str) -> None:
    """Raise LaunderError where a target has releases of another data set: readers would see now these, now those, and
    each would drop what the other can roll back to.
    """
    others = [found for _, note in _noted(sink, target) if (found := note.get(OWNER) or owner) != owner]
    if others:
        raise LaunderError(
            f"expected releases of this data set alone at {target.name}, found some of data set {others[0]}; name "
            f"another table, or, where that data set is gone, write {others[0]} into work/NAME.id of this one"
        )


def load(sink: Sink, target: Target, file: pq.ParquetFile, release: str, digest: str, owner: str) -> None:
    """Load a release of a data set aside, check it against the file, give it the indexes of the version before it, and
    commit.

    LaunderError for any difference: nothing of it is left then.
    """
    check_owner(sink, target, owner)
    columns = targets.fitted(sink, targets.existing(sink, target), file.schema_arrow, target)
    note, version = _note(target, release, digest, owner), name_of(target, release)
    if dict(_noted(sink, target)).get(version, {}) | {UNSEEN: True} == note:
        check(sink, sink.place(version), file)
        return
    try:
        _drop_unfinished(sink, target)
        _load(sink, version, file, columns)
        before = [one for one in kept(sink, target) if one != release]
        sink.finish(version, _written(note), name_of(target, before[-1]) if before else None)
    except BaseException:
        sink.abandon(version)
        raise
    sink.commit()


def _load(sink: Sink, version: str, file: pq.ParquetFile, columns: Sequence[LoadedColumn]) -> None:
    sink.drop(version)  # where it is made of other rows
    sink.create(version, columns)
    here = Fingerprint(sink.compared(file.schema_arrow), sink.rows_totals())
    sink.fill(version, here.beside(_batches(file)), columns)
    _compare(sink, sink.place(version), here, file)


def _drop_unfinished(sink: Sink, target: Target) -> None:
    """Drop what killed runs have left of versions of a target."""
    for version in sink.unfinished():
        if version.endswith(f"_{_ending('.'.join(table_parts(target.name)))}"):
            sink.drop(version)


def rehearse(
    sink: Sink, target: Target, names: Sequence[str], rows: Path | None = None, kinds: Mapping[str, str] | None = None
) -> None:
    """Do all that a release of these columns needs permission for, and take it back. LaunderError where it is not
    given, or the target has other columns, columns that values such as these rows have would not fit into, or
    constraints that columns of these kinds or such rows could not keep.
    """
    found = targets.existing(sink, target)
    targets.check(found, names, target)
    if kinds and target.how == "rows" and found.is_view is False:
        with pq.ParquetFile(rows) if rows else nullcontext() as file:
            constraints.check(sink.constraints(target), target, kinds, file, sink.keys)
    if rows is not None:
        _check_types(sink, target, found, rows)
    sink.rehearse(target, names, found.is_view is None)
    sink.rollback()


def _check_types(sink: Sink, target: Target, found: Existing, rows: Path) -> None:
    """Raise LaunderError where a column has another type there than its values ask for, and cannot hold these."""
    with pq.ParquetFile(rows) as file:
        schema = file.schema_arrow
        planned = targets.fitted(sink, found, schema, target)
        others = [column for column in planned if column != sink.planned(schema.field(column.name), None)]
        if others:
            names = [column.name for column in others]
            sink.check_types(others, file.iter_batches(contract.LOADED_ROWS, columns=names))


def check(sink: Sink, place: str, file: pq.ParquetFile) -> None:
    """Raise LaunderError where a table does not hold what a file does, by what the database computes."""
    _compare(sink, place, _fingerprint(sink, file), file)


def is_seen(sink: Sink, target: Target, file: pq.ParquetFile) -> bool:
    """Tell whether a target is there and holds what a file does."""
    there = {column.name for column in targets.existing(sink, target).columns}
    if not there.issuperset(file.schema_arrow.names):
        return False
    here = _fingerprint(sink, file)
    return sink.fingerprint(quoted(*table_parts(target.name)), here.schema) == (here.rows, here.total)


def _fingerprint(sink: Sink, file: pq.ParquetFile) -> Fingerprint:
    found = Fingerprint(sink.compared(file.schema_arrow), sink.rows_totals())
    for batch in _batches(file):
        found.add(batch)
    return found


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(contract.LOADED_ROWS)


def _compare(sink: Sink, place: str, here: Fingerprint, file: pq.ParquetFile) -> None:
    rows, total = sink.fingerprint(place, here.schema)
    if (rows, total) == (here.rows, here.total):
        return
    where = f"{rows:,} in place of {here.rows:,}" if rows != here.rows else _difference(sink, place, here.schema, file)
    raise LaunderError(
        f"expected the rows of the release in the database, found {where}; make the types of the target those of "
        "the source, and look for triggers and rules there"
    )


def _difference(sink: Sink, place: str, schema: pa.Schema, file: pq.ParquetFile) -> str:
    """Say in which column as many rows differ; where none does by itself, rows have exchanged values."""
    here, there = TableSummary(schema, sink.totals()), _summary(sink, place, schema)
    for batch in _batches(file):
        here.add(as_compared(batch, schema))
    odd = (name for name, a, b in zip(schema.names, here.columns, there, strict=True) if not a.equals(b))
    return next((f"another content in column {name!r}" for name in odd), "values that belong to other rows")


def _summary(sink: Sink, place: str, schema: pa.Schema) -> list[ColumnSummary]:
    """Return what the database computes, in as many questions as its limit on the columns of an answer makes it."""
    fields = list(schema)
    parts = [
        sink.summary(place, pa.schema(fields[at : at + ASKED_COLUMNS])) for at in range(0, len(fields), ASKED_COLUMNS)
    ]
    return [summary for found in parts for summary in found]


def kept(sink: Sink, target: Target) -> list[str]:
    """Return the releases of a target that were seen and whose rows are still in the database, the oldest first."""
    return sorted(note["release"] for _, note in _noted(sink, target) if UNSEEN not in note)


def swap(
    sink: Sink,
    target: Target,
    release: str,
    file: pq.ParquetFile | None = None,
    point: Callable[[], None] = lambda: None,
) -> list[str]:
    """Show a version to the readers of a target, and return the columns of it that the version is too old for: they
    hold nothing, or their defaults. `point` is called just before the commit. LaunderError where the version is not
    there, or (given its file) where the target would hold other rows; Unavailable where a lock is held too long.
    """
    sink.begin()
    version = name_of(target, release)
    names = sink.columns(version)
    if not names:
        raise LaunderError(
            f"expected the rows of release {release} in the database of {target.name}, found none; they were dropped, "
            "so publish another release"
        )
    found = targets.existing(sink, target)
    (sink.show if target.how == "view" else sink.replace)(target, version, names, found)
    if file is not None and target.how == "rows":
        check(sink, quoted(*table_parts(target.name)), file)
    note = dict(_noted(sink, target)).get(version, {})
    if note.pop(UNSEEN, False):
        sink.note(version, _written(note))
    point()
    sink.commit()
    return [column.name for column in found.columns if column.name not in names and not column.is_computed]


def drop_unseen(sink: Sink, target: Target, release: str, owner: str) -> None:
    """Drop the versions of a target that failed runs of a data set have loaded and nobody has seen, but for that of a
    release, and what something depends on. LaunderError where that is not possible now.
    """
    sink.begin()
    for version, note in _noted(sink, target):
        own = (note.get(OWNER) or owner) == owner
        if UNSEEN in note and own and note["release"] != release and not sink.is_used(version):
            sink.drop(version)
    sink.commit()


def drop_surplus(sink: Sink, target: Target, keep: int, current: str) -> None:
    """Drop the oldest versions of a target beyond `keep`, never the current one, nor one that something depends on.
    Unavailable where somebody still reads one of them.
    """
    sink.begin()
    spare = [release for release in kept(sink, target) if release != current]
    for release in spare[: max(0, len(spare) + 1 - keep)]:
        version = name_of(target, release)
        if not sink.is_used(version):
            sink.drop(version)
    sink.commit()
