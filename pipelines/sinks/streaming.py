"""Tables of many rows into files, a batch of rows in memory at a time."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.run import folders
from launderette.pipelines.run.artifacts import WRITTEN_AS, Artifact, atomic_write, check_unchanged, digest_file
from launderette.pipelines.shards.joining import Joined
from launderette.pipelines.sinks.tables import PART

WRITTEN_ROWS = 1 << 17


def write_release(table: Artifact, staged: Path, *, format: str = "parquet") -> Artifact:
    """Write a stored table into data/ of a staged folder, as publish.format says."""
    check_unchanged(table.path, table.digest)
    place = Path(staged) / "data" / f"data.{format}"
    with atomic_write(place) as aside:
        if format == "parquet":
            shutil.copyfile(table.path, aside)
        else:
            write_text(stored(table.path), aside, ".csv")
    return Artifact(str(place), digest_file(place), table.rows)


def write_output(joined: Joined, path: Path) -> None:
    """Write the rows of shards to a file, or to a folder of parts of JOINED_ROWS rows, whole or not at all."""
    if path.suffix.lower() == ".parquet":
        joined.write(path)
    elif path.suffix:
        with atomic_write(path) as aside:
            write_text(joined.groups(), aside, path.suffix.lower())
    else:
        with folders.atomic_folder(path) as aside:
            for number, table in enumerate(joined.groups()):
                pq.write_table(table, aside / PART.format(number), **WRITTEN_AS)


def stored(path: str | Path) -> Iterator[pa.Table]:
    """Return the rows of a Parquet file in batches."""
    for batch in pq.ParquetFile(path).iter_batches(WRITTEN_ROWS):
        yield pa.Table.from_batches([batch])


def write_text(tables: Iterator[pa.Table], place: Path, suffix: str) -> int:
    """Write tables of one schema below one another, as delimited text or JSON lines; return the number of rows."""
    rows = 0
    with open(place, "w", encoding="utf-8", newline="") as file:
        for table in tables:
            for first in range(0, len(table), WRITTEN_ROWS):
                _write(_frame(table.slice(first, WRITTEN_ROWS)), file, suffix, header=not rows and not first)
            rows += len(table)
    return rows


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return rows as a frame in which whole numbers stay whole, whether one is missing among these rows or not."""
    return table.to_pandas(integer_object_nulls=True)


def _write(frame: pd.DataFrame, file: IO[str], suffix: str, header: bool) -> None:
    if suffix == ".csv":
        frame.to_csv(file, index=False, header=header, lineterminator="\n")
    else:
        frame.to_json(file, orient="records", lines=True, date_format="iso", force_ascii=False)
