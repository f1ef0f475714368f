"""RowStream of a database on their way into a file: their types, batches of them, and what is to be said of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class RowStream:
    """Arrow batches of one schema, to be read once, and sentences on how they are read, complete after the last one.

    `cancel` ends, from another thread, the reading of a batch that waits for the database.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    notes: list[str] = field(default_factory=list)
    cancel: Callable[[], object] = lambda: None
