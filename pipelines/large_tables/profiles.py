"""What all rows of a table say of each column: its distinct values with how many rows have each, in bounded memory.

Counts are exact up to MOST_DISTINCT values, or MOST_BYTES of texts. Of more, those whose hash is least are kept, each
with all of its rows (bottom-k sampling; Cohen and Kaplan, 2007, "Summarizing data using bottom-k sketches"): how many
rows share a value, and how values are written, is as in the whole column.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MOST_DISTINCT, MOST_BYTES = 100_000, 2**25  # values of a column, and bytes of its texts
ROWS_PER_VALUE = 50  # on average of what is inferred from, at most: more tell nothing of a column's kind
Convert = Callable[[pa.Table], pd.DataFrame]  # of Arrow's rows to a frame, as a format of files has it


class Profile:
    """The distinct values of a column and their rows, in the order in which they come first."""

    def __init__(self) -> None:
        self.missing = False
        self._field: pa.Field | None = None
        self._limit: np.uint64 | None = None  # hashes of the values that are kept, at most
        self._counted: list[pa.Table] = []  # v: value, n: rows, h: hash

    def add(self, field: pa.Field, column: pa.ChunkedArray) -> None:
        """Count the rows of a batch."""
        if pa.types.is_dictionary(column.type):
            column, field = column.cast(column.type.value_type), field.with_type(column.type.value_type)
        self.missing |= column.null_count > 0
        self._field = field if self._field is None or pa.types.is_null(self._field.type) else self._field
        if column.null_count == len(column):
            return
        counted = column.drop_null().value_counts()
        values = counted.field(0)
        hashes = pd.util.hash_array(values.to_numpy(zero_copy_only=False))
        found = pa.table({"v": values, "n": counted.field(1), "h": pa.array(hashes)})
        self._counted.append(found if self._limit is None else found.filter(pa.array(hashes <= self._limit)))
        if sum(map(len, self._counted[1:])) > MOST_DISTINCT or sum(t.nbytes for t in self._counted[1:]) > MOST_BYTES:
            self._merge()

    def _merge(self) -> None:
        """Make one table of all that was counted, without the values whose hash is beyond the least MOST_DISTINCT."""
        table = pa.concat_tables(self._counted, promote_options="permissive")
        table = table.group_by("v", use_threads=False).aggregate([("n", "sum"), ("h", "min")])
        table = table.rename_columns({"n_sum": "n", "h_min": "h"})
        if (most := _most(table)) < len(table):
            hashes = table["h"].to_numpy()
            self._limit = np.partition(hashes, most - 1)[most - 1]
            table = table.filter(pa.array(hashes <= self._limit))
        self._counted = [table]

    def frame(self, convert: Convert, schema: pa.Schema) -> pd.DataFrame:
        """Return the values as a column of a frame, each in as many rows as it has, of many rows in proportion; one
        row more where values are missing. `schema` is that of the table.
        """
        assert self._field is not None
        values = pa.chunked_array([pa.nulls(int(self.missing), self._field.type)])
        if self._counted:
            self._merge()
            (table,) = self._counted
            values = self._repeated(table, values)
        field = self._field.with_type(values.type)
        return convert(pa.table([values], schema=pa.schema([field], metadata=schema.metadata)))

    def _repeated(self, table: pa.Table, nulls: pa.ChunkedArray) -> pa.ChunkedArray:
        rows = table["n"].to_numpy().astype("float64")
        shown = np.maximum(1, np.round(rows * min(1, ROWS_PER_VALUE * MOST_DISTINCT / rows.sum()))).astype("int64")
        values = table["v"].take(pa.array(np.repeat(np.arange(len(table)), shown)))
        return pa.chunked_array([*values.chunks, *nulls.cast(values.type).chunks], values.type)


def _most(table: pa.Table) -> int:
    """Return how many values are kept, in the order of their hashes: of more values never more of these."""
    kind = table["v"].type
    if table.nbytes <= MOST_BYTES or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return min(MOST_DISTINCT, len(table))
    order = np.argsort(table["h"].to_numpy())
    ends = np.cumsum(pc.binary_length(table["v"]).to_numpy().astype("int64")[order])
    return min(MOST_DISTINCT, max(1, int(np.searchsorted(ends, MOST_BYTES, "right"))))


class Profiles:
    """The profile of every column of a table."""

    def __init__(self) -> None:
        self._schema: pa.Schema | None = None
        self._columns: dict[str, Profile] = {}

    def add(self, table: pa.Table) -> None:
        """Count rows of the table, all of one batch."""
        self._schema = self._schema or table.schema
        for field, column in zip(table.schema, table.columns, strict=True):
            self._columns.setdefault(field.name, Profile()).add(field, column)

    def columns(self, convert: Convert, like: pd.DataFrame) -> dict[str, pd.Series]:
        """Return the values of every column, in the type that it has in a frame of some of the rows, if that is one of
        labels.
        """
        assert self._schema is not None
        found = {}
        for name, profile in self._columns.items():
            values = profile.frame(convert, self._schema)[name]
            labels = isinstance(like[name].dtype, pd.CategoricalDtype)
            found[name] = values.astype(like[name].dtype) if labels else values
        return found
