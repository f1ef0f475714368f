"""Images under a privacy budget: each is found, labelled and decoded by itself, in a size and colour that are stated.

Nothing is settled by what images have in common: neither their size, nor whether they are grey, nor the bits they use,
nor which folders are classes. One that cannot be read is left out, however many are. So one image more or less changes
nothing of another.
"""

import io
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources import arrays, decoding, dicom
from launderette.pipelines.image_sources.folders import FILE_COLUMN
from launderette.pipelines.image_sources.labels import LABEL_COLUMN
from launderette.pipelines.image_sources.source import IMAGE_SUFFIXES, WITHOUT_FILE, ImageSource
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import files
from launderette.pipelines.sources.tables import read_table

SUFFIXES = tuple(suffix for suffix in IMAGE_SUFFIXES if suffix not in dicom.DICOM_SUFFIXES)
ENTITY_TABLE = "metadata.csv"  # beside the images, with the entity of each
NOT_NAMED = f"images that no row of {ENTITY_TABLE} names"
LAYOUTS = "a folder with a folder for each label, or an npz file of whole numbers from 0 to 255 (uint8),"


def find(path: str | Path, *, labelled: bool, entity: str | None = None) -> ImageSource:
    """Find the images of a folder, whose labels are the names of the folders that they lie in, or those of an npz file;
    with a column `entity`, the images that metadata.csv names, each row by itself. LaunderError for a source of another
    layout.
    """
    path = Path(path)
    if path.is_dir():
        names = [name for name in files.listed(path).names if files.suffix(name) in SUFFIXES]
        if entity is not None:
            return _described(path, names, labelled, entity)
        table = pd.DataFrame({LABEL_COLUMN: _above(names)} if labelled else {}, index=range(len(names)))
        return ImageSource(table, lambda i: _content(path, names[i]))
    if entity is not None:
        raise LaunderError(f"expected a folder of images with {ENTITY_TABLE} for split.entity, found {path}; write one")
    if path.suffix.lower() != ".npz" or not path.is_file():
        raise LaunderError(
            f"expected {LAYOUTS} under privacy.epsilon, found {path}, whose reading would compare images; convert it"
        )
    return _from_arrays(path, labelled)


def _above(names: Sequence[str]) -> np.ndarray:
    """Return the folder that each file lies in."""
    return np.array([files.text_of(PurePosixPath(name).parent.name) for name in names], dtype=object)


def _content(folder: Path, name: str) -> bytes:
    """Read a file; one that may not be read is no image, as one whose bytes are none."""
    return files.read(folder, name) if os.access(folder / name, os.R_OK) else b""


def _described(path: Path, names: Sequence[str], labelled: bool, entity: str) -> ImageSource:
    """Return an image for each row of the table that names one: if two do, it is that of two entities, each with its
    own. Its label stands in the table, where that has a column of them.
    """
    rows = read_table(path / ENTITY_TABLE, typed=False, encoding="utf-8")
    if lacking := [column for column in (FILE_COLUMN, entity) if column not in rows]:
        raise LaunderError(
            f"expected the column {lacking[0]!r} in {path / ENTITY_TABLE}, found none; add it, or correct split.entity"
        )
    by_name = {unicodedata.normalize("NFC", name): name for name in names}
    place = rows[FILE_COLUMN].map(lambda name: by_name.get(unicodedata.normalize("NFC", str(name))))
    used, paths = rows[place.notna()].reset_index(drop=True), place.dropna().tolist()
    labels = used[LABEL_COLUMN].fillna("") if LABEL_COLUMN in used else _above(paths)
    table = pd.DataFrame({LABEL_COLUMN: labels} if labelled else {}, index=range(len(paths)))
    left = Counter({WITHOUT_FILE: len(rows) - len(used), NOT_NAMED: len(names) - len(set(paths))})
    return ImageSource(table.assign(**{entity: used[entity]}), lambda i: _content(path, paths[i]), passed_over=left)


def among(found: ImageSource, used: np.ndarray) -> ImageSource:
    """Return the images of a folder that are used, bool [N]."""
    places = np.flatnonzero(used)
    return ImageSource(
        found.table.iloc[places].reset_index(drop=True), lambda i: found.read(int(places[i])), None, found.passed_over
    )


def _from_arrays(path: Path, labelled: bool) -> ImageSource:
    for kind, shape in _forms(path):
        if (len(shape) > 2 and kind != "|u1") or (len(shape) == 2 and shape[1] != 1):
            raise LaunderError(f"expected {LAYOUTS} under privacy.epsilon, found {kind} {list(shape)}; convert it")
    found = arrays.read(path)
    if labelled and LABEL_COLUMN not in found.table:
        raise LaunderError(f"expected labels in {path}, as the configuration states some, found none; add them")
    return ImageSource(found.table if labelled else found.table.iloc[:, :0], found.read, found.pixels)


def _forms(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield number type and shape of each array of an npz file."""
    try:
        with np.load(io.BytesIO(path.read_bytes())) as archive:
            for name in archive.files:
                yield archive[name].dtype.str, archive[name].shape
    except (ValueError, OSError, KeyError, EOFError):
        raise LaunderError(f"expected an npz file of plain arrays at {path}, found another; write it again") from None


def decode(found: ImageSource, path: Path, size: tuple[int, int] | None, channels: int | None) -> decoding.Decoded:
    """Decode images into an array at `path`; arrays of the stated size and colour, or of none stated, stay as they are.

    LaunderError where files are to be decoded and neither is stated.
    """
    if found.pixels is not None:
        shape = found.pixels.shape[1:]
        size, channels = size or shape[:2], channels or shape[2]
        if (*size, channels) == shape:
            decoding.store(found.pixels, path)
            return decoding.Decoded(found.pixels, np.arange(len(found.pixels)), [], 0)
    if size is None or channels is None:
        lacking = "images.size" if size is None else "images.channels"
        raise LaunderError(
            f"expected {lacking} stated under privacy.epsilon, found none; write images: {{size: [height, width], "
            "channels: 1}, or 3 of colours, as anybody may know it, for it is not read off the images"
        )
    return decoding.decode_each(found.read, len(found.table), path, size, channels)
