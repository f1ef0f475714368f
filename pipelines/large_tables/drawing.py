"""Some rows of a table that is too large to be held: drawn uniformly at random while it is read, whole entities where a
column names them; and what all rows say of each column.

Which rows are drawn follows from a seed and each row's place, or from the name of its entity: not from how the table is
cut into batches.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from launderette.generators.training import randomness
from launderette.pipelines.large_tables.profiles import Convert, Profiles
from launderette.pipelines.run.artifacts import LaunderError

BUCKET_BITS = 16  # of a key by which rows are drawn: 65,536 parts of the table
LOOKED_ROWS, LOOKED_BYTES = 1 << 16, 1 << 25  # rows looked at at a time, and bytes of them
Batches = Callable[[], Iterable[pa.RecordBatch]]
Keyed = Iterator[tuple[pa.Table, np.ndarray]]


@dataclass(frozen=True)
class Draw:
    """What is drawn of a table: `most`, how many rows of so many rows and columns, and bytes of a row in memory; the
    column of entities, if any; whether that is the `whole` table, whose rows are then not counted for it.
    """

    most: Callable[[int, int, float], int]
    seed: int
    entity: str | None = None
    whole: bool = False


@dataclass(frozen=True, eq=False)
class TableRead:
    """Rows of a table of `rows` rows as a frame and, where these are not all, the values of each column as in all."""

    frame: pd.DataFrame
    rows: int
    profile: dict[str, pd.Series] | None = None


def draw(
    batches: Batches, rows: int, most: int, asked: Draw, convert: Convert
) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Return at most so many of the table's rows as a frame, and the values of each column in all rows; as `part`."""
    profiles = Profiles()
    frame = convert(part(batches, rows, most, asked, profiles.add))
    return frame, profiles.columns(convert, frame)


def part(
    batches: Batches, rows: int, most: int, asked: Draw, look: Callable[[pa.Table], None] = lambda table: None
) -> pa.Table:
    """Return at most so many of the table's rows, in their order; `look` is shown all of them.

    `batches` starts reading anew. LaunderError where one entity has more rows, or parts of the table differ in type.
    """
    chosen, kept = _chosen(batches, rows, most, asked), list[pa.Table]()
    try:
        for table, keys in _keyed(batches(), asked):
            look(table)
            kept.append(table.filter(pa.array(_buckets(keys) < chosen)))
        found = pa.concat_tables(kept, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        raise LaunderError(
            "expected one type in each column over all parts of the table, found several in one; make the parts alike"
        ) from None
    if len(found):
        return found
    raise LaunderError(
        f"expected at most {most:,} rows of one value of {asked.entity!r}, as many as are to be learned from, found "
        "one with more; allow more memory, or name another column in split.entity"
    )


def _chosen(batches: Batches, rows: int, most: int, asked: Draw) -> int:
    """Return how many of the parts into which keys cut a table have at most so many rows."""
    counts = np.zeros(1 << BUCKET_BITS, np.int64)
    if asked.entity is None:
        for first in range(0, rows, LOOKED_ROWS):
            counts += _counts(_of_rows(first, min(LOOKED_ROWS, rows - first), asked.seed))
    else:
        for _, keys in _keyed(batches(), asked):
            counts += _counts(keys)
    return int(np.searchsorted(np.cumsum(counts), most, side="right"))


def chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Return the rows of batches, about LOOKED_ROWS or LOOKED_BYTES at a time, batches of one schema together."""
    waiting, size = list[pa.RecordBatch](), 0
    for batch in batches:
        full = size > LOOKED_BYTES or sum(map(len, waiting)) + len(batch) > LOOKED_ROWS
        if waiting and (batch.schema != waiting[0].schema or full):
            yield pa.Table.from_batches(waiting)
            waiting, size = [], 0
        waiting.append(batch)
        size += batch.nbytes
    if waiting:
        yield pa.Table.from_batches(waiting)


def _keyed(batches: Iterable[pa.RecordBatch], asked: Draw) -> Keyed:
    """Yield rows with the key by which each is drawn: uint64 [rows]."""
    done = 0
    for table in chunks(batches):
        keys = _of_rows(done, len(table), asked.seed)
        done += len(table)
        yield table, keys if asked.entity is None else _of_entities(table.column(asked.entity), keys, asked.seed)


def _of_rows(first: int, rows: int, seed: int) -> np.ndarray:
    """Return a number for each row by its place, as if drawn."""
    start = np.uint64((randomness.key(seed, "rows of a table") + first) % 2**64)
    return pd.util.hash_array(start + np.arange(rows, dtype=np.uint64))


def _of_entities(names: pa.ChunkedArray, alone: np.ndarray, seed: int) -> np.ndarray:
    """Return a number for each row by the name of its entity; of a row without one, its own."""
    names = names.cast(names.type.value_type) if pa.types.is_dictionary(names.type) else names
    coded = names.combine_chunks().dictionary_encode()
    texts = coded.dictionary.cast(pa.string()).to_numpy(zero_copy_only=False)
    key = f"{randomness.key(seed, 'entities of a table'):016x}"
    hashes = pd.util.hash_array(texts.astype(object), hash_key=key)
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(codes < 0, alone, hashes[codes] if len(hashes) else 0)


def _buckets(keys: np.ndarray) -> np.ndarray:
    return (keys >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)


def _counts(keys: np.ndarray) -> np.ndarray:
    return np.bincount(_buckets(keys), minlength=1 << BUCKET_BITS)
