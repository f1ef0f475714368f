"""What the drawing of a large sample takes, told by its first shard, and refused where there is no room for it.

A whole run is foretold from its rows and columns, by what `python -m benchmarks.scale` measured.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, inf
from pathlib import Path

from launderette.pipelines.run.artifacts import LaunderError

STATUS = Path("/proc/self/status")  # of Linux
JOINED_COPIES = 3  # of a batch of rows while it is joined: read, in the schema of all, and put together
LOADED_BYTES = 0.75e9  # of the libraries and a small model while it is trained
SCORED_BYTES, SCORED_ROWS = 1.0e9, 100_000  # what scoring takes for so many rows, and for any more
SCORED_CELL_BYTES = 120  # of a value that is learned from, over all tables while these are scored
ORDINARY_BYTES = 24  # of a value in Arrow's memory; of longer texts so many copies are held more
LONG_COPIES = 8
CELL_BYTES = 40  # of a value of a table that is read as a whole
CELL_SECONDS, FIRST_SECONDS = 1.6e-5, 110  # for a value, two cores; training and scoring of any table
PAIR_SECONDS = 3e-5  # for a column beside another, of which 2,000 took 249 seconds in 300 rows
TOLD_SECONDS = 180  # of a run on few rows, from which on it is said what is ahead
STREAMED_SECONDS = 3.7e-6  # of CELL_SECONDS, for a value that is read and drawn but not learned from
LEAST_LEARNED = 10_000  # rows of a table, or all of a smaller one, that a run learns from
IDENTIFIER_BYTES = 250  # of an identifier while those of all rows are made up anew
FILE_CELL_BYTES = 12  # of a value in all files of a run together
LONG_FILES = 2  # bytes there for a byte of longer texts: six files, each compressed to a quarter
STATED = 1e-6  # what a stated size, such as 4.3GiB, may lack for being whole bytes


@dataclass(frozen=True)
class Ahead:
    """A sample after its first shard: its rows and shards, and what one shard took."""

    rows: int
    shards: int
    seconds: float
    file_bytes: int  # of a shard on the disk
    batch_bytes: float  # of the rows that are joined at a time, in memory

    @property
    def disk(self) -> int:
        """Bytes that all shards and the table joined of them take, which are there at once."""
        return 2 * self.file_bytes * self.shards

    @property
    def memory(self) -> float:
        """Bytes that this process has at most."""
        return resident() + JOINED_COPIES * self.batch_bytes

    def check(self, place: Path, memory: float = inf) -> None:
        """Raise LaunderError where the disk of `place` or the memory allowed (in bytes) will not do."""
        room = shutil.disk_usage(place).free
        if self.disk > room:
            raise LaunderError(
                f"expected {written(self.disk)} of room at {place} for {self.rows:,} rows, found {found(room)}; free "
                "some, choose another place, or draw fewer rows"
            )
        if self.memory > memory:
            raise LaunderError(
                f"expected {written(self.memory)} of memory for one batch of the sample, found resources.memory: "
                f"{found(memory)}; allow more"
            )

    def sentence(self) -> str:
        """Say what is ahead."""
        seconds = self.seconds * self.shards
        return (
            f"{self.rows:,} rows: about {ceil(seconds / 60)} minutes at {self.rows / max(seconds, 1e-9):,.0f} rows a "
            f"second, {written(self.memory)} of memory and {written(self.disk)} of disk."
        )


def after(rows: int, shards: int, first: Callable[[], Path], batch: int) -> Ahead:
    """Draw the first shard, and return what is ahead; `batch` is how many shards are joined at a time."""
    import pyarrow.feather as feather

    start = time.monotonic()
    path = first()
    seconds = time.monotonic() - start
    table = feather.read_table(path)
    return Ahead(rows, shards, seconds, path.stat().st_size, table.nbytes * min(batch, shards))


def of_run(rows: int, columns: int, row_bytes: float = 0) -> tuple[float, float, float]:
    """Return the memory and the disk (bytes) and the seconds that a run on a table takes, drawing as many rows, of so
    many bytes each.
    """
    cells = rows * columns
    memory = LOADED_BYTES + SCORED_BYTES * min(1, rows / SCORED_ROWS) + rows * _of_row(columns, row_bytes)
    disk = FILE_CELL_BYTES * cells + LONG_FILES * rows * _long(columns, row_bytes)
    return memory, disk, FIRST_SECONDS + CELL_SECONDS * cells + PAIR_SECONDS * columns**2


def _of_row(columns: int, row_bytes: float) -> float:
    return SCORED_CELL_BYTES * columns + LONG_COPIES * _long(columns, row_bytes)


def _long(columns: int, row_bytes: float) -> float:
    """Return the bytes of a row beyond those of ordinary values."""
    return max(0.0, row_bytes - ORDINARY_BYTES * columns)


def learned(rows: int, columns: int, memory: float = inf, row_bytes: float = 0) -> int:
    """Return of how many rows of a table a run learns within so many bytes of memory; LaunderError where that will not
    do even for few.
    """
    least = of_run(min(rows, LEAST_LEARNED), columns, row_bytes)[0]
    if least > memory:
        raise LaunderError(
            f"expected about {written(least)} of memory for {min(rows, LEAST_LEARNED):,} rows of {columns} columns, "
            f"found resources.memory: {found(memory)}; allow more"
        )
    return int(min(rows, held(columns, memory, row_bytes)))


def check_free(rows: int, columns: int, free: float | None, row_bytes: float = 0) -> None:
    """Raise LaunderError where a table that is read as a whole takes more than the memory that is free (bytes; None
    where that is not known).
    """
    needed = rows * max(CELL_BYTES * columns, LONG_COPIES * row_bytes)
    if free is not None and needed > free:
        raise LaunderError(
            f"expected about {written(needed)} of memory to hold {rows:,} rows of {columns} columns, found "
            f"{found(free)} free; set resources.memory to what the run may take, to learn from as many rows as that "
            "holds"
        )


def held(columns: int, memory: float = inf, row_bytes: float = 0) -> float:
    """Return the most rows of so many columns that a run learns from within so many bytes of memory."""
    few = (memory - LOADED_BYTES) / (SCORED_BYTES / SCORED_ROWS + _of_row(columns, row_bytes))
    many = (memory - LOADED_BYTES - SCORED_BYTES) / _of_row(columns, row_bytes)
    return few if few < SCORED_ROWS else many


def check_identifiers(rows: int, columns: int, memory: float = inf) -> None:
    """Raise LaunderError where the values of so many identifier columns, which are made up anew for all rows at once,
    do not fit into the memory allowed (bytes).
    """
    least = LOADED_BYTES + IDENTIFIER_BYTES * rows * columns
    if columns and least > memory:
        raise LaunderError(
            f"expected about {written(least)} of memory for the identifiers of {rows:,} rows in {columns} columns, "
            f"which are made up anew for all rows at once, found resources.memory: {found(memory)}; allow more, or "
            "drop them under columns"
        )


def check_run(
    rows: int, columns: int, place: Path, memory: float = inf, part: int | None = None, row_bytes: float = 0
) -> list[str]:
    """Return what is ahead of a run on many rows or columns that learns from a part of the rows (None: all), in a
    sentence; LaunderError where the memory allowed or the disk of `place` will not do.
    """
    part = learned(rows, columns, memory, row_bytes) if part is None else part
    least, disk, seconds = of_run(part, columns, row_bytes)[0], *of_run(rows, columns, row_bytes)[1:]
    seconds -= (CELL_SECONDS - STREAMED_SECONDS) * (rows - part) * columns
    there = next(folder for folder in (place, *place.resolve().parents) if folder.exists())
    if disk > (room := shutil.disk_usage(there).free):
        raise LaunderError(
            f"expected about {written(disk)} of room at {place} for the files of the run, found {found(room)}; free "
            "some, or choose another place"
        )
    if rows < SCORED_ROWS and seconds < TOLD_SECONDS:
        return []
    return [
        f"{rows:,} rows of {columns:,} columns: about {ceil(seconds / 60)} minutes on two cores, {written(least)} of "
        f"memory and {written(disk)} of disk."
    ]


def resident() -> float:
    """Return the memory of this process in bytes; that of the libraries where the system does not tell."""
    if not STATUS.exists():
        return LOADED_BYTES
    return 1024 * float(STATUS.read_text().partition("VmRSS:")[2].split()[0])


def written(needed: float) -> str:
    """Write a number of bytes as GiB or MiB, rounded up."""
    return f"{ceil(10 * needed / 2**30) / 10:.1f} GiB" if needed >= 2**30 else f"{ceil(needed / 2**20):,} MiB"


def found(there: float) -> str:
    """Write what there is of bytes, rounded down: it reads as less than what is needed, where it is."""
    tenths, mebibytes = floor(10 * there / 2**30 + STATED), floor(there / 2**20 + STATED)
    return f"{tenths / 10:.1f} GiB" if there >= 2**30 else f"{mebibytes:,} MiB"
