"""Grids of images for the report: what was drawn of each label, and, for insiders, each image beside its nearest
training image.
"""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from PIL import Image

from launderette.evaluation.image.coordinates import flat
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import neighbours
from launderette.evaluation.streams import RandomStream, generator
from launderette.evaluation.summaries.charts import label_chart

CLASSES, COLUMNS = 12, 12
PAIRS = 2 * COLUMNS
SIDE = 56  # pixels that an image is shown in at least


def image_charts(samples: ImageSamples, seed: int) -> dict:
    """Shares of the labels, the grids as PNG in data URIs, and the labels of the rows of `drawn`; `pairs` holds
    training images and is for insiders.
    """
    drawn, shown = _drawn(samples, seed)
    return {
        "columns": _labels(samples),
        "associations": {},
        "grids": {"drawn": drawn, "pairs": _pairs(samples, seed)},
        "shown": shown,
    }


def _labels(samples: ImageSamples) -> list[dict]:
    """Real and synthetic shares of the labels that enough training images have."""
    if not len(samples.classes):
        return []
    counts = {
        name: np.bincount(samples.labels[role] + 1, minlength=len(samples.classes) + 1)
        for name, role in (("real", "train"), ("synthetic", "synthetic"))
    }
    chart = label_chart("label", "categorical", [str(label) for label in samples.classes], counts, CLASSES)
    return [] if chart is None else [chart]


def _drawn(samples: ImageSamples, seed: int) -> tuple[str, list[str]]:
    """Synthetic images, a row for each label, and these labels; rows of all where there is none."""
    rng = generator(seed, RandomStream.IMAGES_SHOWN)
    codes = samples.labels["synthetic"] if len(samples.classes) else np.arange(samples.size("synthetic")) % 4
    rows, shown = [], np.unique(codes[codes >= 0])[:CLASSES]
    for code in shown:
        chosen = rng.permutation(np.flatnonzero(codes == code))[:COLUMNS]
        rows.append(_row(samples.take("synthetic", chosen), COLUMNS))
    return _uri(np.concatenate(rows)), [str(samples.classes[code]) for code in shown] if len(samples.classes) else []


def _pairs(samples: ImageSamples, seed: int) -> str:
    """The synthetic images nearest to a training image, each above that one, the nearest first."""
    rows = samples.rows("synthetic", 2000, seed)
    distance, place = neighbours.nearest(flat(samples.take("synthetic", rows)), flat(samples.pixels["train"]), 1)
    closest = np.argsort(distance[:, 0], kind="stable")[:PAIRS]
    strips = []
    for part in np.array_split(closest, 2):
        strips += [
            _row(samples.take("synthetic", rows[part]), COLUMNS),
            _row(samples.take("train", place[part, 0]), COLUMNS),
        ]
    return _uri(np.concatenate(strips))


def _row(pixels: np.ndarray, columns: int) -> np.ndarray:
    """Images [n, H, W, C] side by side with a white line between them: [H + 2, columns (W + 2), C]."""
    padded = np.pad(pixels, ((0, columns - len(pixels)), (1, 1), (1, 1), (0, 0)), constant_values=255)
    padded[len(pixels) :] = 255
    return np.concatenate(list(padded), axis=1)


def _uri(grid: np.ndarray) -> str:
    scale = math.ceil(SIDE * COLUMNS / grid.shape[1])
    image = Image.fromarray(grid[..., 0] if grid.shape[2] == 1 else grid)
    out = io.BytesIO()
    image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(
        out, format="PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
