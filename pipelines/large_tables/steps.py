"""What a run does otherwise where its source, or what is drawn, is larger than its memory: it learns from a part of the
rows, releases as many rows as the source has, and scores a part of them.
"""

import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.generators import Schema
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.large_tables import copies, drawing
from launderette.pipelines.large_tables.drawing import Draw
from launderette.pipelines.run.artifacts import (
    WRITTEN_AS,
    Artifact,
    atomic_write,
    check_unchanged,
    digest_file,
    read_frame,
    to_frame,
)
from launderette.pipelines.run.caching import Place, Result, step
from launderette.pipelines.run.steps import COMMON_CODE, TABLE_LIBRARIES

WITHIN_95 = 1.96  # standard deviations that 95 in 100 lie within


@step(reads=("seed",), runs=COMMON_CODE, needs=TABLE_LIBRARIES)
def choose(
    place: Place, config: RunConfig, synthetic: Result, rows: int, real: Result | None, schema: Result
) -> Result:
    """Choose the rows of a large sample that are scored: at random, at most so many; count how many of all equal one of
    the real rows, if these may be looked at.
    """
    check_unchanged(synthetic["path"], synthetic["digest"])
    file, asked = pq.ParquetFile(synthetic["path"]), Draw(lambda rows, *_: rows, config.seed)
    found = drawing.part(lambda: file.iter_batches(drawing.LOOKED_ROWS), synthetic["rows"], rows, asked)
    target = place.path("scored.parquet")
    with atomic_write(target) as aside:
        pq.write_table(found, aside, **WRITTEN_AS)
    chosen = {"table": Artifact(str(target), digest_file(target), len(found)).to_dict()}
    names = [column.name for column in Schema.from_dict(schema).columns if column.kind != "identifier"]
    if real is None:
        return chosen | {"copies": None}
    frames = (to_frame(pa.Table.from_batches([b])) for b in file.iter_batches(drawing.LOOKED_ROWS, columns=names))
    return chosen | {"copies": copies.counted(frames, read_frame(Artifact(**real), names), names)}


def scored_rows(config: RunConfig, source: Result, drawn: Result) -> int:
    """Return how many of the rows drawn of a table are scored: as many as are learned from where these are a part,
    else all that the memory holds. How many are learned from decides nothing under a budget of privacy.
    """
    rows, learned = drawn["table"]["rows"], 1 if config.privacy else source["table"]["rows"]
    if source.get("whole"):
        return min(rows, learned)
    held = modalities.of(config).most_scored(len(source["schema"]["columns"]), config)
    return rows if rows <= held else max(learned, int(held))


def as_large(config: RunConfig, source: Result) -> RunConfig:
    """Return the configuration of a sample of as many rows as a source has of which a part was read."""
    if not source.get("whole") or config.sample.rows:
        return config
    return config.updated("sample", rows=source["whole"]["rows"])


def settled(config: RunConfig, source: Result) -> RunConfig:
    """Return the configuration with how many rows are learned from, where the memory has decided that."""
    if not source.get("whole"):
        return config
    return config.updated("source", rows=source["table"]["rows"])


def real(source: Result) -> Result:
    """Return the stored table whose identifiers are not to be drawn."""
    return (source.get("whole") or {}).get("identifiers") or source["table"]


def learned(source: Result) -> dict[str, Any]:
    """Return of how many rows was learned, and how many the source has; empty where these are all."""
    whole = source.get("whole")
    return {"rows": source["table"]["rows"], "of": whole["rows"]} if whole else {}


def sentences(scored: int, rows: int, copied: int | None) -> list[str]:
    """Say that a part of the rows was scored, how far a share of it may lie from that of all, and what is known of all.

    The share is normal, of rows drawn without replacement, at its widest: one half.
    """
    if scored == rows:
        return []
    error = 100 * WITHIN_95 * math.sqrt((rows - scored) / (rows - 1) / (4 * scored))
    near = f"a share of them is within {error:.2g} percentage points of that of all, 95 times in 100"
    found = [f"Scored on {scored:,} of {rows:,} synthetic rows, drawn at random: {near}."]
    if copied is not None:
        found.append(f"Of all {rows:,} synthetic rows {copied:,} equal a training row in every column that is learned.")
    return found
