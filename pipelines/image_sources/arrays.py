"""Arrays of pixels and labels in npz: of any usual name and number type, channels first or last, with or without
transparency.
"""

import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources.decoding import encode
from launderette.pipelines.image_sources.labels import LABEL_COLUMN, SPLITS
from launderette.pipelines.image_sources.source import ImageSource
from launderette.pipelines.run.artifacts import LaunderError

PIXEL_KEYS = ("images", "image", "x", "data", "imgs", "img", "pixels", "samples", "arr_0", "")
LABEL_KEYS = (
    "labels",
    "label",
    "y",
    "targets",
    "target",
    "classes",
    "class",
    "fine_labels",
    "fine_label",
    "arr_1",
    "category",
)
MOST_SHADES = 64  # whole numbers below it are shades of their own, not dark ones of 256
BLOCK_IMAGES = 1024  # images brought to 8 bits at a time
IMAGE_SHAPES = "[N, H, W], [N, H, W, C] or [N, C, H, W] with 1 to 4 channels"
Arrays = dict[str, np.ndarray]


def read(path: Path, bits: int | None = None) -> ImageSource:
    """Read the images of all splits, one after another, as uint8 [N, H, W, 1 or 3]; `bits` are those that whole
    numbers use, None for the fewest that hold them. LaunderError for arrays that are none.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, KeyError, EOFError):
        raise LaunderError(
            f"expected an npz file of plain arrays at {path}, found another one; write it again"
        ) from None
    splits = _splits(arrays, path)
    given = np.concatenate([_channels_last(x, path) for x, _ in splits])
    labels = [_flat(y, path) for _, y in splits if y is not None]
    if labels and sum(map(len, labels)) != len(given):
        raise LaunderError(
            f"expected one label per image in {path}, found {sum(map(len, labels)):,} for {len(given):,}"
        )
    table = pd.DataFrame({LABEL_COLUMN: np.concatenate(labels)} if labels else {}, index=range(len(given)))
    scale = _scale(given, path, bits)
    told = f"images of {given.dtype} brought to 8 bits, {scale[0]:g} to black and {scale[1]:g} to white (images.bits)"
    said = Counter({} if scale == (0, 255) else {told: len(given)})
    pixels = to_bytes(given, scale)
    return ImageSource(table, lambda i: encode(pixels[i]), pixels, said)


def _splits(arrays: Arrays, path: Path) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Return pixels and labels of every split, by their names. LaunderError where no array, or no label of those
    there, is known.
    """
    named = {_cut(name): array for name, array in arrays.items()}
    found = []
    for split in dict.fromkeys(split for split, _ in named):
        kinds = {kind: array for (one, kind), array in named.items() if one == split}
        pixels = next((kinds[kind] for kind in PIXEL_KEYS if kind in kinds and kinds[kind].ndim > 2), None)
        if pixels is not None:
            found.append((pixels, next((kinds[kind] for kind in LABEL_KEYS if kind in kinds), None)))
    if not found:
        raise LaunderError(
            f"expected an array called images in {path}, found {', '.join(sorted(arrays)) or 'none'}; rename it"
        )
    fitting = [name for name, array in arrays.items() if array.ndim in (1, 2) and len(array) == len(found[0][0])]
    if fitting and all(labels is None for _, labels in found):
        raise LaunderError(
            f"expected labels called labels in {path}, found {', '.join(sorted(fitting))}; rename one, or leave them "
            "out"
        )
    return found


def _cut(name: str) -> tuple[str, str]:
    """Cut the name of a split off: `x_train` and `train_images` are (train, x) and (train, images)."""
    words = name.lower().split("_")
    split = next((word for word in (words[0], words[-1]) if word in SPLITS), "")
    glued = re.fullmatch(r"(x|y)(train|test|val)", name.lower())
    if glued:
        return glued[2], glued[1]
    return split, "_".join(word for word in words if word != split) if split else name.lower()


def _flat(labels: np.ndarray, path: Path) -> np.ndarray:
    """Return one label per image: of [N], of [N, 1], or the place of the one in each row of [N, K]."""
    flat = np.asarray(labels).reshape(len(labels), -1)
    if flat.shape[1] == 1:
        return np.char.decode(flat[:, 0], "utf-8") if flat.dtype.kind == "S" else flat[:, 0]
    if flat.dtype.kind in "biuf" and np.isin(flat, (0, 1)).all() and (flat.sum(1) == 1).all():
        return flat.argmax(1)
    raise LaunderError(
        f"expected one label per image in {path}, found {flat.shape[1]} that are not one of several; choose one of them"
    )


def _channels_last(x: np.ndarray, path: Path) -> np.ndarray:
    """Return pixels as [N, H, W, C]."""
    if x.dtype.kind in "biuf" and x.ndim == 3:
        return x[..., None]
    if x.dtype.kind in "biuf" and x.ndim == 4 and x.shape[3] in (1, 2, 3, 4):
        return x
    if x.dtype.kind in "biuf" and x.ndim == 4 and x.shape[1] in (1, 2, 3, 4):
        return np.moveaxis(x, 1, 3)
    raise LaunderError(
        f"expected images as numbers {IMAGE_SHAPES} in {path}, found {x.dtype} {list(x.shape)}; write them in that form"
    )


def to_bytes(x: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Bring pixels [N, H, W, C] to uint8, the numbers of the scale to black and white, and what is transparent onto
    white; C becomes 1 or 3.
    """
    low, high = scale
    out = np.empty((*x.shape[:3], 1 if x.shape[3] < 3 else 3), np.uint8)
    for first in range(0, len(x), BLOCK_IMAGES):
        block = x[first : first + BLOCK_IMAGES]
        if (low, high) != (0, 255):
            block = ((block.astype(np.float64) - low) * (255 / (high - low))).round()
        out[first : first + BLOCK_IMAGES] = _on_white(block) if x.shape[3] in (2, 4) else block
    return out


def _on_white(block: np.ndarray) -> np.ndarray:
    share = block[..., -1:].astype(np.float64) / 255
    return (block[..., :-1] * share + 255 * (1 - share)).round()


def _scale(x: np.ndarray, path: Path, bits: int | None) -> tuple[float, float]:
    """Return the numbers that are black and white: of the type, or of the bits, that the values need.

    LaunderError for numbers that are no brightness: negative whole ones, missing ones, or fractions beyond 255.
    """
    least, most = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if x.dtype == np.uint8:
        return 0, 255
    if bits and x.dtype.kind in "iu" and least >= 0:
        return 0, _stated(bits, int(most))
    if least >= 0 and most < MOST_SHADES and (x.dtype.kind != "f" or not (x % 1).any()):
        return 0, max(most, 1)
    if x.dtype.kind == "f":
        known = [(0, 1), (-1, 1), (0, 255)]
        if (fitting := next((scale for scale in known if scale[0] <= least and most <= scale[1]), None)) is not None:
            return fitting
    elif least >= 0:
        return 0, 2.0 ** next((bits for bits in (8, 10, 12, 14, 16, 32) if most < 2**bits), 64) - 1
    raise LaunderError(
        f"expected pixels from 0 to 255, 0 to 1, -1 to 1 or whole numbers from 0 in {path}, found {x.dtype} beyond "
        "them; scale them so"
    )


def _stated(bits: int, most: int) -> float:
    if most >> bits:
        raise LaunderError(
            f"expected images of at most {bits} bits, as images.bits states, found values of {most.bit_length()} bits; "
            "correct images.bits"
        )
    return 2.0**bits - 1
