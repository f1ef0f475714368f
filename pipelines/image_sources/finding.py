"""Sources of images: folders by class, a flat folder with a table beside it, Parquet with image bytes, tar shards, npz.

What is found is where the bytes of each image are, and a table of its label and further columns: nothing is decoded
here.
"""

from pathlib import Path

from launderette.pipelines.image_sources import arrays, folders, parquet, shards
from launderette.pipelines.image_sources.folders import FILE_COLUMN
from launderette.pipelines.image_sources.labels import LABEL_COLUMN
from launderette.pipelines.image_sources.source import (
    IMAGE_SUFFIXES,
    NOT_IMAGES,
    WITHOUT_FILE,
    WITHOUT_ROW,
    ImageSource,
)
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import files

__all__ = [
    "FILE_COLUMN",
    "IMAGE_SUFFIXES",
    "LABEL_COLUMN",
    "NOT_IMAGES",
    "WITHOUT_FILE",
    "WITHOUT_ROW",
    "ImageSource",
    "find",
    "holds_images",
]
PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")


def holds_images(path: str | Path) -> bool:
    """Tell whether a source is one of images, by its names and its columns; a folder with a table alone is a table."""
    path = Path(path)
    if path.is_dir():
        names = files.listed(path).names
        shards = [name for name in names if files.suffix(name) in PARQUET_SUFFIXES]
        return any(files.suffix(name) in (*IMAGE_SUFFIXES, ".tar") for name in names) or bool(
            shards and parquet.image_column(path / shards[0])
        )
    if path.suffix.lower() in PARQUET_SUFFIXES and path.is_file():
        return parquet.image_column(path) is not None
    return path.suffix.lower() in (".npz", ".tar")


def find(path: str | Path, label: str | None = None, bits: int | None = None) -> ImageSource:
    """Find the images of a source; `label` names the column of labels, `bits` are those that arrays of deeper numbers
    use. LaunderError where there are none, or labels are missing.
    """
    path = Path(path)
    if not path.exists():
        raise LaunderError(f"expected images at {path}, found nothing there; check the path")
    found = arrays.read(path, bits) if path.suffix.lower() == ".npz" else _find(path, label)
    if len(found.table) < 2:
        raise LaunderError(f"expected at least 2 images in {path}, found {len(found.table)}; give a larger collection")
    if LABEL_COLUMN in found.table and (missing := int(found.table[LABEL_COLUMN].isna().sum())):
        raise LaunderError(
            f"expected a label for every image in {path}, found {missing:,} without; label or remove them"
        )
    return found


def _find(path: Path, label: str | None) -> ImageSource:
    if path.is_file():
        return shards.read([path], label) if path.suffix.lower() == ".tar" else parquet.read([path], label)
    listing = files.readable(path)
    for suffixes, read in (((".tar",), shards.read), (PARQUET_SUFFIXES, parquet.read)):
        parts = [path / name for name in listing.names if files.suffix(name) in suffixes]
        if parts and not any(files.suffix(name) in IMAGE_SUFFIXES for name in listing.names):
            return read(parts, label)
    return folders.read(path, listing, label)
