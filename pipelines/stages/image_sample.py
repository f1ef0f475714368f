"""Images between stages: pixels in one memory-mapped file, and a table of what is known of each image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators import Images
from launderette.pipelines.image_sources import decoding
from launderette.pipelines.image_sources.finding import LABEL_COLUMN
from launderette.pipelines.run.artifacts import check_unchanged, digest_folder, read_frame, write_frame

PIXELS_FILE, TABLE_FILE = "pixels.npy", "table.parquet"


@dataclass(frozen=True, eq=False)
class ImageSample:
    """Images on the disk and what is known of each: pixels uint8 [N, H, W, C], a table [N] with the column `label`
    where labelled.
    """

    pixels: np.ndarray
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def labels(self) -> np.ndarray | None:
        return self.table[LABEL_COLUMN].to_numpy() if LABEL_COLUMN in self.table else None

    def images(self) -> Images:
        return Images(self.pixels, self.labels)

    def take(self, rows: np.ndarray) -> "ImageSample":
        return ImageSample(self.pixels[rows], self.table.iloc[rows].reset_index(drop=True))


def sample_of(images: Images) -> ImageSample:
    """Return a generator's images as a sample."""
    return ImageSample(
        images.pixels,
        pd.DataFrame({} if images.labels is None else {LABEL_COLUMN: images.labels}, index=range(len(images))),
    )


def store(sample: ImageSample, folder: Path) -> dict[str, Any]:
    """Write a sample into a folder of its own, and return its path, digest and how many images it has."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _lie_in(sample.pixels, folder / PIXELS_FILE):
        decoding.store(sample.pixels, folder / PIXELS_FILE)
    write_frame(sample.table, folder / TABLE_FILE)
    return {"path": str(folder), "digest": digest_folder(folder), "rows": len(sample)}


def _lie_in(pixels: np.ndarray, path: Path) -> bool:
    """Tell whether an array is the mapped content of a file: to write it there would empty the file before it is
    read.
    """
    mapped = getattr(pixels, "filename", None)
    return mapped is not None and path.is_file() and path.samefile(mapped)


def read(artifact: Mapping[str, Any]) -> ImageSample:
    """Read what `store` wrote; LaunderError where it is gone or another one."""
    folder = Path(artifact["path"])
    check_unchanged(folder, artifact["digest"])
    pixels = np.load(folder / PIXELS_FILE, mmap_mode="r")
    table = read_frame(folder / TABLE_FILE)
    return ImageSample(
        pixels,
        table.set_axis(range(len(pixels)), axis=0) if len(table.columns) else pd.DataFrame(index=range(len(pixels))),
    )
