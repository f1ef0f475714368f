"""Versions of a target: each release lies in a table of its own, which readers never see half-filled."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import contract, targets
from launderette.pipelines.database_sinks.checks import ColumnSummary, TableSummary
from launderette.pipelines.database_sinks.contract import LoadedColumn, Sink
from launderette.pipelines.databases.addresses import table_parts
from launderette.pipelines.run.artifacts import LaunderError

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


def load(sink: Sink, target: Target, file: pq.ParquetFile, release: str, digest: str) -> None:
    """Load a release aside, check it against the file, give it the indexes of the version before it, and commit.

    LaunderError for any difference: nothing of it is left then.
    """
    columns = targets.fitted(sink, targets.existing(sink, target), file.schema_arrow, target)
    note = json.dumps({"target": target.name, "release": release, "data": digest}, sort_keys=True)
    version = name_of(target, release)
    if sink.notes().get(version) == note:
        check(sink, sink.place(version), file)
        return
    try:
        _drop_unfinished(sink, target)
        _load(sink, version, file, columns)
        before = [one for one in kept(sink, target) if one != release]
        sink.finish(version, note, name_of(target, before[-1]) if before else None)
    except BaseException:
        sink.abandon(version)
        raise
    sink.commit()


def _load(sink: Sink, version: str, file: pq.ParquetFile, columns: Sequence[LoadedColumn]) -> None:
    sink.drop(version)  # where it is made of other rows
    sink.create(version, columns)
    here = _summary_here(sink, file)
    sink.fill(version, here.beside(_batches(file)), columns)
    _compare(sink, sink.place(version), here)


def _drop_unfinished(sink: Sink, target: Target) -> None:
    """Drop what killed runs have left of versions of a target."""
    for version in sink.unfinished():
        if version.endswith(f"_{_ending('.'.join(table_parts(target.name)))}"):
            sink.drop(version)


def rehearse(sink: Sink, target: Target, names: Sequence[str]) -> None:
    """Do all that a release of these columns needs permission for, and take it back. LaunderError where it is not
    given, or the target has other columns.
    """
    found = targets.existing(sink, target)
    targets.check(found, names, target)
    sink.rehearse(target, names, found.is_view is None)
    sink.rollback()


def check(sink: Sink, place: str, file: pq.ParquetFile) -> None:
    """Raise LaunderError where a table does not hold what a file does, by what the database computes."""
    here = _summary_here(sink, file)
    for batch in _batches(file):
        here.add(batch)
    _compare(sink, place, here)


def _summary_here(sink: Sink, file: pq.ParquetFile) -> TableSummary:
    return TableSummary(sink.compared(file.schema_arrow), sink.totals())


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(contract.LOADED_ROWS)


def _compare(sink: Sink, place: str, here: TableSummary) -> None:
    rows, there = _summary(sink, place, here.schema)
    odd = [field.name for field, a, b in zip(here.schema, here.columns, there, strict=True) if not a.equals(b)]
    if rows != here.rows or odd:
        where = f"another content in column {odd[0]!r}" if rows == here.rows else f"{rows:,} in place of {here.rows:,}"
        raise LaunderError(
            f"expected the rows of the release in the database, found {where}; make the types of the target those of "
            "the source, and look for triggers and rules there"
        )


def _summary(sink: Sink, place: str, schema: pa.Schema) -> tuple[int, list[ColumnSummary]]:
    """Return what the database computes, in as many questions as its limit on the columns of an answer makes it."""
    fields = list(schema)
    parts = [
        sink.summary(place, pa.schema(fields[at : at + ASKED_COLUMNS])) for at in range(0, len(fields), ASKED_COLUMNS)
    ]
    return parts[0][0], [summary for _, found in parts for summary in found]


def kept(sink: Sink, target: Target) -> list[str]:
    """Return the releases of a target whose rows are still in the database, the oldest first."""
    found = []
    for name, said in sink.notes().items():
        release = json.loads(said)["release"] if said.startswith("{") else ""
        if release and name == name_of(target, release):
            found.append(release)
    return sorted(found)
