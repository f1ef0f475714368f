"""Images under a privacy budget: each is found, labelled and decoded by itself, in a size and colour that are stated.

Nothing is settled by what images have in common: neither their size, nor whether they are grey, nor the bits they use,
nor which folders are classes. One that cannot be read is left out, however many are. So one image more or less changes
nothing of another.
"""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources import arrays, decoding, dicom
from launderette.pipelines.image_sources.labels import LABEL_COLUMN
from launderette.pipelines.image_sources.source import IMAGE_SUFFIXES, ImageSource
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import files

SUFFIXES = tuple(suffix for suffix in IMAGE_SUFFIXES if suffix not in dicom.DICOM_SUFFIXES)
LAYOUTS = "a folder with a folder for each label, or an npz file of whole numbers from 0 to 255 (uint8),"


def find(path: str | Path, *, labelled: bool) -> ImageSource:
    """Find the images of a folder, whose labels are the names of the folders that they lie in, or those of an npz file;
    LaunderError for a source of another layout.
    """
    path = Path(path)
    if path.is_dir():
        names = [name for name in files.readable(path).names if files.suffix(name) in SUFFIXES]
        labels = np.array([PurePosixPath(name).parent.name for name in names], dtype=object)
        table = pd.DataFrame({LABEL_COLUMN: labels} if labelled else {}, index=range(len(names)))
        return ImageSource(table, lambda i: files.read(path, names[i]))
    if path.suffix.lower() != ".npz" or not path.is_file():
        raise LaunderError(
            f"expected {LAYOUTS} under privacy.epsilon, found {path}, whose reading would compare images; convert it"
        )
    return _from_arrays(path, labelled)


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
