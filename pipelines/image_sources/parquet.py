"""Parquet in the layout of Hugging Face: image{bytes, path} or plain bytes, a label, further columns, the names of
classes.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.image_sources import decoding
from launderette.pipelines.image_sources.labels import LABEL_COLUMN, LIKELY_LABEL_COLUMN, labelled
from launderette.pipelines.image_sources.source import ImageSource
from launderette.pipelines.run.artifacts import LaunderError


def image_column(path: Path) -> str | None:
    """Return the first column of a Parquet file that holds images: values in bytes, or in a struct with such a
    field, that begin as one.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = [one.name for one in file.schema_arrow if _binary(_bytes_type(one.type))]
            return next((name for name in names if _shows_images(file, name)), None)
    except (pa.ArrowException, OSError):
        return None


def _bytes_type(kind: pa.DataType) -> pa.DataType:
    return kind.field("bytes").type if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 else kind


def _shows_images(file: pq.ParquetFile, name: str) -> bool:
    """Tell whether the first values of a column that are there begin as images do: a hash or a blob does not."""
    for batch in file.iter_batches(64, columns=[name]):
        values = batch.column(0)
        values = (values.field("bytes") if pa.types.is_struct(values.type) else values).drop_null().to_pylist()
        if values:
            return 2 * sum(map(decoding.is_image, values)) > len(values)
    return False


def read(files: list[Path], label: str | None) -> ImageSource:
    """Read what is known of the images; their bytes stay in Arrow's memory. LaunderError where no column holds
    images.
    """
    name = image_column(files[0])
    if name is None:
        raise LaunderError(f"expected a column with the bytes of images in {files[0]}, found none; check the file")
    try:
        table = pa.concat_tables([pq.read_table(file) for file in files])
    except (pa.ArrowException, OSError):
        raise LaunderError(
            f"expected whole Parquet files of equal columns in {files[0].parent}, found others; write them again"
        ) from None
    column = table.column(name)
    if pa.types.is_struct(column.type):
        column = pa.chunked_array([chunk.field("bytes") for chunk in column.chunks])
    flat = [
        one.name
        for one in table.schema
        if one.name != name and not pa.types.is_nested(one.type) and not _binary(one.type)
    ]
    names = _class_names(table.schema)
    known = table.select(flat).to_pandas(ignore_metadata=True)
    rest = pd.DataFrame({name: _named(known[name], names) for name in flat}, index=range(len(table)))
    rest, said = labelled(rest, label, list(names))
    _check_lists(table.schema, rest, files[0])
    return ImageSource(rest, lambda i: column[i].as_py() or b"", passed_over=+said)


def _check_lists(schema: pa.Schema, rest: pd.DataFrame, path: Path) -> None:
    """Raise LaunderError where the only labels are lists: an image has one label here."""
    lists = [
        one.name
        for one in schema
        if pa.types.is_nested(one.type) and not pa.types.is_struct(one.type) and LIKELY_LABEL_COLUMN.search(one.name)
    ]
    if lists and LABEL_COLUMN not in rest:
        raise LaunderError(
            f"expected one label per image in column {lists[0]!r} of {path}, found lists; write one label, or remove it"
        )


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the columns that Hugging Face's features call class labels, and the names of their classes."""
    try:
        features: dict[str, Any] = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            name: list(one["names"])
            for name, one in features.items()
            if isinstance(one, dict) and one.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError):
        return {}


def _named(column: pd.Series, names: dict[str, list[str]]) -> pd.Series:
    """Write the classes of a column by their names; -1 stands for none."""
    if column.name not in names or not pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return column.map(dict(enumerate(names[column.name]))).astype(object)


def _binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
