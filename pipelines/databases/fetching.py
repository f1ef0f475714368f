"""A database as a source: its rows are read once into a Parquet file, which is a source as any other from there on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.config import OTHERS, RunConfig
from launderette.pipelines.databases import addresses, dialects, failures, interrupting, postgresql, sqlite
from launderette.pipelines.databases.rows import RowStream
from launderette.pipelines.run.artifacts import LaunderError, digest_file, explained

NAME_DIGITS = 16


def read(config: RunConfig, folder: Path) -> tuple[Path, list[str]]:
    """Read the rows of a database into a file below `folder` that is called by the digest of its bytes; return its path
    and what is to be said of how they were read.

    LaunderError for what cannot be read; Unavailable where that may pass.
    """
    source = config.source
    what = f"{source.table or 'the query'} of {addresses.shown(str(source.uri))}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".source-") as own:
        aside = Path(own, "rows.parquet")
        with failures.explained(f"expected to read {what}"), _opened(config) as rows:
            count = _write(rows, aside, f"expected to read {what}")
        if not count and config.privacy is None:  # under a budget, noisy counts alone tell that there are none
            raise LaunderError(f"expected rows in {what}, found none; run again once it is filled")
        final = folder / f"source-{digest_file(aside)[:NAME_DIGITS]}.parquet"
        with explained(final):
            os.replace(aside, final)
    return final, rows.notes


def _opened(config: RunConfig) -> AbstractContextManager[RowStream]:
    source, is_dropped = config.source, partial(_is_dropped, config)
    scheme = addresses.scheme_of(str(source.uri))
    exact = config.privacy is None
    if scheme in addresses.POSTGRESQL:
        return postgresql.rows(source, exact=exact, is_dropped=is_dropped)
    if scheme == "sqlite":
        return sqlite.rows(source, exact=exact, is_dropped=is_dropped)
    if not exact:
        raise LaunderError(
            f"expected PostgreSQL, SQLite or a file under privacy.epsilon, found {scheme!r}, whose types follow from "
            "the rows; write the table to a file first"
        )
    return dialects.rows(source, is_dropped=is_dropped)


def _is_dropped(config: RunConfig, name: str) -> bool:
    entry = config.listed.get(name, config.columns.get(OTHERS, "infer"))
    return (entry if isinstance(entry, str) else entry["kind"]) == "drop"


def _write(rows: RowStream, path: Path, expected: str) -> int:
    """Write all rows while the next ones are read, and return how many there are; a sentence on a failure to read
    begins with `expected`.
    """
    count = 0
    texts = [field.name for field in rows.schema if field.type == pa.string() or pa.types.is_dictionary(field.type)]
    how = {"compression": "zstd", "compression_level": 1, "use_dictionary": texts}  # numbers cost three times as much
    batches = interrupting.ahead(_explained(rows.batches, expected), rows.cancel)
    with explained(path), closing(batches), pq.ParquetWriter(path, rows.schema, **how) as writer:
        for batch in batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _explained(batches: Iterator[pa.RecordBatch], expected: str) -> Iterator[pa.RecordBatch]:
    with failures.explained(expected):
        yield from batches
