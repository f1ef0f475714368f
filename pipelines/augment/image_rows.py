"""Images as the rows of a training set: a column of arrays uint8 [H, W, C] and one of labels; read, and written with their marks."""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from generators.data.images import IMAGE, LABEL
from pipelines.augment import class_balance, oversampling
from pipelines.config import RunConfig
from pipelines.run.artifacts import LaunderError, digest_path
from pipelines.sources import images as pictures
from pipelines.stages import images
from pipelines.stages.images import Pictures

STEPS = 1000  # of every training where no budget is named: inside a fold as for the images that are written


def look(config: RunConfig) -> None:
    """Check labels and what is asked of them before any image is decoded; LaunderError as in augmenting.check."""
    table = images.look(config).table
    if LABEL not in table:
        raise LaunderError("expected images with labels to augment by, found none; put them into folders by class, or name a --target")
    how = config.augment or class_balance.Augmentation()
    labels = class_balance.binned(table[[LABEL]], LABEL, how.bins)
    oversampling.classes_of(labels, LABEL)
    class_balance.wanted(labels[LABEL], how)


def read(artifact: Mapping[str, Any]) -> pd.DataFrame:
    """Return ingested images and their labels; further columns stay behind, for no generator of images draws them."""
    return _rows(images.read(artifact))


def _rows(found: Pictures) -> pd.DataFrame:
    labels = {} if found.labels is None else {LABEL: found.labels}
    return pd.DataFrame({IMAGE: list(found.pixels), **labels})


def read_test(config: RunConfig, path: str, like: np.ndarray, folder: Path) -> pd.DataFrame:
    """Decode the images of a test set into `folder`, in the size and with the channels of an image `like` uint8 [H, W, C]."""
    high, wide, channels = like.shape
    update = {"source": config.source.model_copy(update={"path": path}), "images": config.images.model_copy(update={"size": (high, wide)})}
    rows = _rows(images.read(images.ingest(config.model_copy(update=update), folder)[0]))
    # a grey image may be stored in three equal channels
    return rows.assign(**{IMAGE: [np.repeat(x[..., :1], channels, 2) if x.shape[2] != channels else x for x in rows[IMAGE]]})


def write(marked: pd.DataFrame, folder: Path, format: str) -> dict[str, Any]:
    """Write images, labels and marks: data.parquet in Hugging Face's layout, or data/ with PNG files by class and metadata.csv."""
    path = folder / ("data" if format == "folder" else "data.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    images.write_out(Pictures(np.stack(list(marked[IMAGE])), marked.drop(columns=IMAGE)), path)
    return {"path": str(path), "digest": digest_path(path), "rows": len(marked)}


def decoded(path: str | Path) -> pd.DataFrame:
    """Return images of one size as they are in a source, with all that is known of each: what `write` wrote, or a release."""
    found = pictures.find(path)
    arrays = [np.asarray(Image.open(io.BytesIO(found.read(i)))) for i in range(len(found.table))]
    return found.table.assign(**{IMAGE: [x if x.ndim == 3 else x[..., None] for x in arrays]})
