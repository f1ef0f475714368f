"""Images as the rows of a training set: a column of arrays uint8 [H, W, C] and one of labels; read, and written
with their marks.
"""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from launderette.evaluation.augmentation import resampling
from launderette.evaluation.models import image_classifiers
from launderette.evaluation.models.classifiers import Learner
from launderette.generators import Images, Schema
from launderette.generators.data.images import IMAGE_COLUMN, LABEL_COLUMN
from launderette.pipelines.augment import class_balance, oversampling
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.augmentation import Augmentation
from launderette.pipelines.image_sources import finding as pictures
from launderette.pipelines.modalities import image as images
from launderette.pipelines.run.artifacts import LaunderError, digest_path
from launderette.pipelines.sinks.images import write_output
from launderette.pipelines.stages.image_sample import PIXELS_FILE, ImageSample

SPARE = 1.5
STEPS = 1000  # inside a fold as for the images that are written
COMPARED = (IMAGE_COLUMN,)
REPEATS = 1  # a network per fold and baseline takes its time


def target(config: RunConfig) -> str:
    """Return the column of classes: `label`, whatever its name in the source."""
    return LABEL_COLUMN


def inspect(config: RunConfig) -> None:
    """Check labels and what is asked of them before any image is decoded; LaunderError as in steps.check."""
    table = images.look(config).table
    if LABEL_COLUMN not in table:
        raise LaunderError(
            "expected images with labels to augment by, found none; put them into folders by class, or name a --target"
        )
    how = config.augment or Augmentation()
    labels = class_balance.binned(table[[LABEL_COLUMN]], LABEL_COLUMN, how.bins)
    oversampling.classes_of(labels, LABEL_COLUMN)
    class_balance.wanted(labels[LABEL_COLUMN], how)


def read(artifact: Mapping[str, Any]) -> pd.DataFrame:
    """Return ingested images and their labels; further columns stay behind, for no generator of images draws them."""
    return _rows(images.read(artifact))


def _rows(found: ImageSample) -> pd.DataFrame:
    labels = {} if found.labels is None else {LABEL_COLUMN: found.labels}
    return pd.DataFrame({IMAGE_COLUMN: list(found.pixels), **labels})


def groups(config: RunConfig, schema: Schema, stored: Mapping[str, Any]) -> pd.Series | None:
    """Return the stated column of entities of the table beside the images."""
    owner = images.entity(schema, config)
    return None if owner is None else images.read(stored).table[owner]


def read_test(config: RunConfig, path: str, train: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Decode the images of a test set into `folder`, in the size and with the channels of the training images,
    without labels.
    """
    high, wide, channels = train[IMAGE_COLUMN].iloc[0].shape
    folder.mkdir(parents=True, exist_ok=True)
    found = pictures.find(path, config.score.target, config.images.bits)
    images.decode(found, folder / PIXELS_FILE, (high, wide), config)
    pixels = np.load(folder / PIXELS_FILE, mmap_mode="r")
    # a grey image may be stored in three equal channels
    return pd.DataFrame(
        {IMAGE_COLUMN: [np.repeat(x[..., :1], channels, 2) if x.shape[2] != channels else x for x in pixels]}
    )


def write(marked: pd.DataFrame, folder: Path, format: str) -> dict[str, Any]:
    """Write images, labels and marks: data.parquet in Hugging Face's layout, or data/ with PNG files by class and
    metadata.csv.
    """
    path = folder / ("data" if format == "folder" else "data.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    write_output(ImageSample(np.stack(list(marked[IMAGE_COLUMN])), marked.drop(columns=IMAGE_COLUMN)), path)
    return {"path": str(path), "digest": digest_path(path), "rows": len(marked)}


def from_files(path: Path) -> pd.DataFrame:
    """Return images of one size as they are in a source, with all that is known of each: what `write` wrote, or a
    release.
    """
    found = pictures.find(path)
    arrays = [np.asarray(Image.open(io.BytesIO(found.read(i)))) for i in range(len(found.table))]
    return found.table.assign(**{IMAGE_COLUMN: [x if x.ndim == 3 else x[..., None] for x in arrays]})


def data_of(rows: pd.DataFrame, target: str, kinds: Mapping[str, str]) -> tuple[Images, Schema]:
    """Return the images of a frame as generators take them."""
    found = Images(np.stack(list(rows[IMAGE_COLUMN])), rows[LABEL_COLUMN].to_numpy())
    return found, found.schema


def rows_of(drawn: Images) -> pd.DataFrame:
    """Return what a generator drew: a column of arrays uint8 [H, W, C] and one of labels."""
    return pd.DataFrame({IMAGE_COLUMN: list(drawn.pixels), LABEL_COLUMN: drawn.labels})


def for_learners(rows: pd.DataFrame, schema: Schema, target: str) -> pd.DataFrame:
    """Return the rows, which are pixels already."""
    return rows


def filters(inputs: Mapping[str, str], classes: int) -> list[Learner]:
    """Return networks and a linear model of pixels."""
    return list(image_classifiers.learners(classes).values())


def cross_validation(rows: pd.DataFrame) -> dict[str, Any]:
    """Return learners and baselines on pixels."""
    learners = image_classifiers.learners(rows[LABEL_COLUMN].nunique())
    return {"learners": learners, "baselines": resampling.OF_IMAGES, "unit": "image"}
