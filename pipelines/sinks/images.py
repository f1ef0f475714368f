"""Images as files: one Parquet file in Hugging Face's layout, or PNG files in folders by label."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from launderette.pipelines.image_sources import decoding
from launderette.pipelines.image_sources.finding import LABEL_COLUMN
from launderette.pipelines.run import folders
from launderette.pipelines.run.artifacts import (
    Artifact,
    LaunderError,
    atomic_write,
    digest_file,
    digest_folder,
    digest_of,
)
from launderette.pipelines.stages.image_sample import ImageSample, read

ROW_GROUP_ROWS = 1000  # of a row group of a Parquet file


def write_release(images: ImageSample, staged: Path, *, format: str = "parquet") -> Artifact:
    """Write synthetic images into data/ of a staged folder: one Parquet file in Hugging Face's layout, or PNG files
    by label.
    """
    path = Path(staged) / "data" / "data.parquet"
    if format == "parquet":
        with atomic_write(path) as aside:
            pq.write_table(_table(images), aside, compression="zstd", version="2.6", row_group_size=ROW_GROUP_ROWS)
        return Artifact(str(path), digest_file(path), len(images))
    shutil.rmtree(path.parent, ignore_errors=True)
    _write_files(images, path.parent)
    return Artifact(str(path.parent), digest_folder(path.parent), len(images))


def stage(stored: Mapping[str, Any], staged: Path, *, format: str) -> Artifact:
    """Write stored synthetic images into data/ of a staged folder, as `write_release`."""
    return write_release(read(stored), staged, format=format)


def _write_files(images: ImageSample, place: Path) -> None:
    """Write PNG files into folders by label below `place`, and beside them a table of what else is known of each."""
    labels = [""] * len(images) if images.labels is None else [_folder(label) for label in images.labels]
    files = [str(PurePosixPath(folder, f"{number:07d}.png")) for number, folder in enumerate(labels)]
    for folder in set(labels):
        (place / folder).mkdir(parents=True, exist_ok=True)
    for file, pixels in zip(files, images.pixels, strict=True):
        (place / file).write_bytes(decoding.encode(pixels))
    if set(images.table) - {LABEL_COLUMN}:
        images.table.assign(file_name=files).to_csv(place / "metadata.csv", index=False)


def check_output(path: Path) -> None:
    """Raise LaunderError for a place that `write_output` has no format for."""
    if path.suffix.lower() not in (".parquet", ""):
        raise LaunderError(
            f"expected a file ending in .parquet or a folder as --output of images, found {path.name!r}; choose one"
        )
    if not path.suffix:
        folders.check_own(path)


def write_output(images: ImageSample, path: Path) -> None:
    """Write images to a Parquet file, or as PNG files by label into a folder, whole or not at all, in
    place of one that an earlier command wrote.
    """
    if path.suffix:
        with atomic_write(path) as aside:
            pq.write_table(_table(images), aside, compression="zstd", version="2.6", row_group_size=ROW_GROUP_ROWS)
        return
    with folders.atomic_folder(path) as aside:
        _write_files(images, aside)


def _folder(label: Any) -> str:
    """Return a label as the name of a folder, of at most 255 bytes: one that is longer ends in its digest."""
    text = "".join(c if c.isalnum() or c in "-_ " else f"%{ord(c):02x}" for c in str(label)).strip() or "%"
    return text if len(text.encode()) <= 255 else f"{text[:40]}%{digest_of(str(label))[:16]}"


def _table(images: ImageSample) -> pa.Table:
    data = [decoding.encode(pixels) for pixels in images.pixels]
    struct = pa.StructArray.from_arrays(
        [pa.array(data, pa.binary()), pa.nulls(len(data), pa.string())], ["bytes", "path"]
    )
    columns = {"image": struct} | {name: pa.array(images.table[name]) for name in images.table}
    features = {"image": {"_type": "Image"}} | {
        name: {"_type": "Value", "dtype": _dtype(columns[name].type)} for name in images.table
    }
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.table(columns).replace_schema_metadata(told)


def _dtype(kind: pa.DataType) -> str:
    """Return the name that Hugging Face has for a type of Arrow."""
    return {pa.float64(): "float64", pa.int64(): "int64", pa.bool_(): "bool"}.get(kind, "string")
