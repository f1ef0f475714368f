"""What a database does so that releases can go into it: the statements that differ from one to another."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks.checks import ColumnSummary
from launderette.pipelines.databases.addresses import quoted

LOCK_SECONDS = 2.0  # so that who waits behind a statement of ours waits no longer
MOST_KEYS = 1_000_000  # of another table that are looked at
LOADED_ROWS = 65_536  # rows that are sent at a time


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
    """A target as it is: whether it is a view, None where there is none, its columns, options of a view, its owner."""

    is_view: bool | None = None
    columns: tuple[TargetColumn, ...] = ()
    options: str = ""
    is_own: bool = True
    owner: str = ""


@dataclass(frozen=True)
class LoadedColumn:
    """A column on its way into a table: its type there, and as what it is copied; `text` where the server converts."""

    name: str
    type: str
    copied: pa.DataType
    by_text: bool = False


@dataclass(frozen=True)
class Constraint:
    """What a table asks of its columns: `filled`, `unique`, a `check` or the bounds of a `partition` as SQLite reads
    them, or `foreign`, keys of another table, which a query returns as texts.
    """

    kind: str
    columns: tuple[str, ...]
    name: str = ""
    condition: str = ""
    keys: str = ""


Keys = Callable[[str], Collection[tuple[str, ...]] | None]  # what a query of keys returns, None where that is too much


class Sink(Protocol):
    """A connection to a database that releases go into, in a transaction that is rolled back unless it is committed.

    A version is a table that holds one release, known by its name here; its note, written last, says which.
    """

    connection: Any  # of the driver

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple]:
        """Run one statement and return its rows."""

    def begin(self) -> None:
        """Begin to change what readers see: locks are waited for at most LOCK_SECONDS each."""

    def commit(self) -> None:
        """Keep what was done."""
        self.connection.commit()

    def rollback(self) -> None:
        """Take back what was done."""
        self.connection.rollback()

    def existing(self, target: Target) -> Existing:
        """Return what is there under the name of a target."""

    def rehearse(self, target: Target, names: Sequence[str], is_new: bool) -> None:
        """Do all that a release of these columns needs; `is_new` where the target is not there yet."""

    def check_types(self, columns: Sequence[LoadedColumn], batches: Iterator[pa.RecordBatch]) -> None:
        """Raise LaunderError where columns would not hold values as they are; the database is sent none of them."""

    def constraints(self, target: Target) -> list[Constraint]:
        """Return what the table of a target asks of its columns."""

    def keys(self, query: str) -> Collection[tuple[str, ...]] | None:
        """Return what the query of a foreign key returns, None for more than MOST_KEYS."""
        found = self.run(f"{query} LIMIT {MOST_KEYS + 1}") if query else None
        return found if found is not None and len(found) <= MOST_KEYS else None

    def place(self, version: str) -> str:
        """Return the quoted name of the table of a version."""

    def notes(self) -> dict[str, str]:
        """Return the notes of all versions of all targets."""

    def unfinished(self) -> list[str]:
        """Return versions that killed runs have left without a note, of all targets."""

    def columns(self, version: str) -> list[str]:
        """Return the columns of a version, none where it is not there."""

    def planned(self, field: pa.Field, there: TargetColumn | None) -> LoadedColumn:
        """Return how a column of a file is loaded, into the type that the target has `there`."""

    def create(self, version: str, columns: Sequence[LoadedColumn]) -> None:
        """Make the empty table of a version."""

    def fill(self, version: str, batches: Iterator[pa.RecordBatch], columns: Sequence[LoadedColumn]) -> None:
        """Copy rows into the table of a version; LaunderError where one does not fit."""

    def compared(self, schema: pa.Schema) -> pa.Schema:
        """Return the types as which columns of a file are compared: their own, or what the database keeps of these."""

    def fingerprint(self, place: str, schema: pa.Schema) -> tuple[int, int]:
        """Return the rows of a table and the sum over them of a hash of all values of each."""

    def rows_totals(self) -> Callable[[pa.RecordBatch], int]:
        """Return what works out for rows, in the types that `compared` returns, what `fingerprint` has as their sum; it
        asks the database nothing, which may be busy loading.
        """

    def summary(self, place: str, schema: pa.Schema) -> list[ColumnSummary]:
        """Return the summaries of the columns of a table, computed by the database."""

    def totals(self) -> Callable[[pa.Array], Decimal]:
        """Return what works out for the values of a column, of a type that `compared` returns, what `summary` has as
        their total.
        """

    def finish(self, version: str, note: str, before: str | None) -> None:
        """Give a version the indexes of the one `before` it, and its note."""

    def note(self, version: str, note: str) -> None:
        """Replace the note of a version."""

    def abandon(self, version: str) -> None:
        """Leave nothing of a version that could not be loaded."""

    def show(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Have the view of a target read a version whose columns are `names`."""

    def replace(self, target: Target, version: str, names: Sequence[str], found: Existing) -> None:
        """Replace the rows of the table of a target by those of a version."""

    def is_used(self, version: str) -> bool:
        """Tell whether something in the database, such as a view, depends on a version."""

    def drop(self, version: str) -> None:
        """Drop the table of a version, and its note."""


def selected(names: Sequence[str], found: Existing) -> list[str]:
    """Return what a view selects: its own columns in their order, empty where the version lacks them, then new ones."""
    own = [
        quoted(c.name) if c.name in names else f"CAST(NULL AS {c.type or 'text'}) AS {quoted(c.name)}"
        for c in found.columns
    ]
    known = [column.name for column in found.columns]
    return [*own, *(quoted(name) for name in names if name not in known)]
