"""Shards become one table: in their order, with the identifier columns of all rows, a group of rows at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from launderette.pipelines.run.artifacts import WRITTEN_AS, Artifact, atomic_write, digest_file, to_table
from launderette.pipelines.shards import schemas

JOINED_ROWS = 1 << 20  # rows in memory at a time, and of a row group in a file: Parquet's own number


def flags(shards: Sequence[Path], names: Sequence[str]) -> pd.DataFrame:
    """Return the columns of all shards beside `names`: which rows have an identifier."""
    own = [name for name in pa.ipc.open_file(pa.memory_map(str(shards[0]))).schema.names if name not in names]
    return pd.concat([feather.read_feather(path, columns=own) for path in shards], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Joined:
    """The rows of shards, each a file of the same columns but for their identifiers, which are given for all rows."""

    shards: Sequence[Path]
    identifiers: pd.DataFrame
    names: Sequence[str]

    def write(self, place: Path) -> Artifact:
        """Write them as one Parquet file, to the byte what one frame of all rows becomes."""
        rows = 0
        with atomic_write(place) as aside, pq.ParquetWriter(aside, self.schema, **WRITTEN_AS) as writer:
            for table in self.groups():
                writer.write_table(table, row_group_size=JOINED_ROWS)
                rows += len(table)
        return Artifact(str(place), digest_file(place), rows)

    def groups(self) -> Iterator[pa.Table]:
        """Return the rows, JOINED_ROWS at a time and the rest."""
        done, waiting = 0, []
        for number, path in enumerate(self.shards):
            waiting.append(self._read(path, done))
            done += len(waiting[-1])
            table = pa.concat_tables(waiting)
            if len(table) >= JOINED_ROWS or number == len(self.shards) - 1:
                whole = len(table) if number == len(self.shards) - 1 else len(table) // JOINED_ROWS * JOINED_ROWS
                for first in range(0, whole, JOINED_ROWS):
                    yield table.slice(first, min(JOINED_ROWS, whole - first)).combine_chunks()
                waiting = [table.slice(whole)]

    def _read(self, path: Path, first: int) -> pa.Table:
        """Read a shard, whose rows are `first` and those after it, with its identifiers and in the schema of all."""
        own = feather.read_table(path)
        if len(self.identifiers.columns):
            part = to_table(self.identifiers.iloc[first : first + len(own)])
            for name in part.column_names:
                own = own.append_column(name, part.column(name))
        return pa.table([self._typed(own.column(name), name) for name in self.names], schema=self.schema)

    def _typed(self, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray | pa.Array:
        if name in self.labels:
            return schemas.as_labels(column, self.labels[name])
        return column.cast(self.schema.field(name).type)

    @cached_property
    def schema(self) -> pa.Schema:
        """What all rows have in common."""
        known = [pa.ipc.open_file(pa.memory_map(str(path))).schema for path in self.shards]
        if len(self.identifiers.columns):
            known.append(self._named.schema)
        return schemas.common(known, self.names, self.labels)

    @cached_property
    def _named(self) -> pa.Table:
        return to_table(self.identifiers)

    @cached_property
    def labels(self) -> dict[str, pa.DictionaryArray]:
        """Of every column of labels, an empty array with those of all shards."""
        first = pa.ipc.open_file(pa.memory_map(str(self.shards[0]))).schema
        said = {c["field_name"]: c["pandas_type"] for c in json.loads(first.metadata[schemas.PANDAS])["columns"]}
        found = {}
        for name in (field.name for field in first if pa.types.is_dictionary(field.type)):
            own = (feather.read_table(path, columns=[name]).column(0) for path in self.shards)
            found[name] = schemas.labels_of(map(schemas.without_rows, own), sort=said[name] == "categorical")
        for field in self._named.schema if len(self.identifiers.columns) else ():
            if pa.types.is_dictionary(field.type):
                found[field.name] = schemas.labels_of(
                    [schemas.without_rows(self._named.column(field.name))], sort=False
                )
        return found
