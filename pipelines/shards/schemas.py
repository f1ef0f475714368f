"""One schema for the shards of a table: what Arrow and pandas would say of all rows at once."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

PANDAS = b"pandas"  # the key under which a schema says what the columns are in pandas


def common(schemas: Sequence[pa.Schema], names: Sequence[str], labels: dict[str, pa.DictionaryArray]) -> pa.Schema:
    """Return the schema of all rows: of each column the widest type, `labels` of the columns of labels.

    A column without a value in one shard has no type there.
    """
    plain = [pa.schema([_field(one.field(name), labels) for name in names if name in one.names]) for one in schemas]
    unified = pa.unify_schemas(plain, promote_options="permissive")
    fields = [unified.field(name) for name in names]
    said = json.loads(schemas[0].metadata[PANDAS])
    said["columns"] = [_in_pandas(field, schemas, labels) for field in fields]
    return pa.schema(fields, metadata={PANDAS: json.dumps(said).encode()})


def _field(field: pa.Field, labels: dict[str, pa.DictionaryArray]) -> pa.Field:
    return pa.field(field.name, labels[field.name].type) if field.name in labels else field


def _in_pandas(field: pa.Field, schemas: Sequence[pa.Schema], labels: dict[str, pa.DictionaryArray]) -> dict[str, Any]:
    """Return what pandas would say of a column: as of a shard that has its type."""
    having = [one for one in schemas if field.name in one.names]
    best = next((one for one in having if one.field(field.name).type == field.type), having[-1])
    said = next(c for c in json.loads(best.metadata[PANDAS])["columns"] if c["field_name"] == field.name)
    if said["pandas_type"] == "categorical":
        index = labels[field.name].type.index_type
        metadata = said["metadata"] | {"num_categories": len(labels[field.name].dictionary)}
        return said | {"metadata": metadata, "numpy_type": str(index)}
    return said


def without_rows(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return an empty array with the labels of a column of labels: a billion rows of codes are not to be held."""
    kind = column.type
    values = [chunk.dictionary for chunk in column.chunks] or [pa.array([], kind.value_type)]
    return pa.DictionaryArray.from_arrays(pa.array([], kind.index_type), pa.concat_arrays(values), ordered=kind.ordered)


def labels_of(parts: Iterable[pa.DictionaryArray], sort: bool) -> pa.DictionaryArray:
    """Return an empty array whose dictionary holds the labels of all parts: sorted as pandas does, else (and where
    they are ordered) as they come.
    """
    known = list(parts)
    first = known[0].type
    values = pa.concat_arrays([part.dictionary for part in known]).unique()
    values = values.take(pc.sort_indices(values)) if sort and not first.ordered else values
    index = next(kind for kind in (pa.int8(), pa.int16(), pa.int32()) if len(values) <= 2 ** (kind.bit_width - 1) - 1)
    kept = index if sort else first.index_type
    return pa.DictionaryArray.from_arrays(pa.array([], kept), values, ordered=first.ordered)


def as_labels(column: pa.ChunkedArray, labels: pa.DictionaryArray) -> pa.Array:
    """Return a column of labels with the dictionary of all shards."""
    values = column.cast(column.type.value_type).combine_chunks()
    places = pc.index_in(values, labels.dictionary).cast(labels.type.index_type)
    return pa.DictionaryArray.from_arrays(places, labels.dictionary, ordered=labels.type.ordered)
