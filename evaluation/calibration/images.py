"""Images with one known flaw each, from scikit-learn's digits: copies in disguise, lost classes, wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from launderette.evaluation.calibration.population import ImageCase

Rng = np.random.Generator
Change = Callable[[np.ndarray], np.ndarray]  # of pixels float64 [n, H, W, C]


def _members(case: ImageCase, share: float, rng: Rng) -> tuple[np.ndarray, np.ndarray, int]:
    size = len(case.synthetic[0])
    rows = rng.permutation(len(case.train[0]))[: round(share * size)]
    return case.train[0][rows], case.train[1][rows], len(rows)


def _planted(case: ImageCase, share: float, rng: Rng, change: Change = np.asarray) -> ImageCase:
    """A share of the released images are training images, changed."""
    pixels, labels, count = _members(case, share, rng)
    changed = np.clip(np.round(change(pixels.astype(np.float64))), 0, 255).astype(np.uint8)
    rest = tuple(part[: len(part) - count] for part in case.synthetic)
    return case.released(np.concatenate([rest[0], changed]), np.concatenate([rest[1], labels]))


def _shifted(pixels: np.ndarray) -> np.ndarray:
    """The images moved by one pixel."""
    wide = np.pad(pixels, ((0, 0), (0, 0), (1, 0), (0, 0)), mode="edge")
    return wide[:, :, : pixels.shape[2]]


def _cropped(pixels: np.ndarray) -> np.ndarray:
    """The images without their rim of one pixel, drawn to their old size by the nearest pixel."""
    rows, columns = (np.round(np.linspace(1, side - 2, side)).astype(int) for side in pixels.shape[1:3])
    return pixels[:, rows][:, :, columns]


def _of_a_class(case: ImageCase, change: Change) -> ImageCase:
    """The eights are training images of eights, changed."""
    pixels, labels = case.synthetic[0].copy(), case.synthetic[1]
    eights, real = np.flatnonzero(labels == 8), np.flatnonzero(case.train[1] == 8)
    eights = eights[: len(real)]
    changed = change(case.train[0][real[: len(eights)]].astype(np.float64))
    pixels[eights] = np.clip(np.round(changed), 0, 255)
    return case.released(pixels, labels)


def class_copied_brighter_and_blurred(case: ImageCase, rng: Rng) -> ImageCase:
    """One class is copied, every pixel the mean of nine, a third brighter."""
    return _of_a_class(case, lambda p: 1.3 * _means(p, 3) + 10)


def class_copied_darker_under_noise(case: ImageCase, rng: Rng) -> ImageCase:
    """One class is copied at seven tenths of its light, under noise of 15 grey levels."""
    return _of_a_class(case, lambda p: 0.7 * p + rng.normal(0, 15, p.shape))


def _means(pixels: np.ndarray, side: int) -> np.ndarray:
    """The mean of the pixels of a square around each: float64 [n, H, W, C]."""
    height, width = pixels.shape[1:3]
    around = side // 2, side - 1 - side // 2
    wide = np.pad(pixels, ((0, 0), around, around, (0, 0)), mode="edge")
    return np.mean([wide[:, i : i + height, j : j + width] for i in range(side) for j in range(side)], axis=0)


def holdout_copied(case: ImageCase, rng: Rng) -> ImageCase:
    """Every held-out image is released."""
    count = len(case.holdout[0])
    return case.released(
        *(np.concatenate([held, kept[count:]]) for held, kept in zip(case.holdout, case.synthetic, strict=True))
    )


def holdout_from_training(case: ImageCase, rng: Rng) -> ImageCase:
    """The holdout was drawn from the training images, and the release copies them."""
    rows = rng.permutation(len(case.train[0]))[: len(case.holdout[0])]
    return _planted(replace(case, holdout=(case.train[0][rows], case.train[1][rows])), 1.0, rng)


def class_missing(case: ImageCase, rng: Rng) -> ImageCase:
    """There is no eight."""
    kept = case.synthetic[1] != 8
    return case.released(case.synthetic[0][kept], case.synthetic[1][kept])


def class_of_three_images(case: ImageCase, rng: Rng) -> ImageCase:
    """All ones are three images."""
    pixels, labels = case.synthetic[0].copy(), case.synthetic[1]
    ones = np.flatnonzero(labels == 1)
    pixels[ones] = pixels[np.resize(ones[:3], len(ones))]
    return case.released(pixels, labels)


def fifty_images_repeated(case: ImageCase, rng: Rng) -> ImageCase:
    """Fifty images over and over."""
    rows = np.resize(np.arange(50), len(case.synthetic[0]))
    return case.released(case.synthetic[0][rows], case.synthetic[1][rows])


def labels_wrong(case: ImageCase, rng: Rng) -> ImageCase:
    """30 % of the labels are somebody else's."""
    labels = case.synthetic[1].copy()
    hit = np.flatnonzero(rng.random(len(labels)) < 0.3)
    labels[hit] = labels[rng.permutation(hit)]
    return case.released(case.synthetic[0], labels)


def one_class_mislabelled(case: ImageCase, rng: Rng) -> ImageCase:
    """Half of the threes are called eights."""
    labels = case.synthetic[1].copy()
    labels[(labels == 3) & (rng.random(len(labels)) < 0.5)] = 8
    return case.released(case.synthetic[0], labels)


def blurred(case: ImageCase, rng: Rng) -> ImageCase:
    """Every pixel is the mean of four."""
    mean = _means(case.synthetic[0].astype(np.float64), 2)
    return case.released(mean.round().astype(np.uint8), case.synthetic[1])


def grainy(case: ImageCase, rng: Rng) -> ImageCase:
    """Fresh images under noise of 40 grey levels."""
    pixels = case.synthetic[0] + rng.normal(0, 40, case.synthetic[0].shape)
    return case.released(np.clip(np.round(pixels), 0, 255).astype(np.uint8), case.synthetic[1])


def corner_cropped(case: ImageCase, rng: Rng) -> ImageCase:
    """A fifth training images without their first row and column, drawn to their old size."""

    def enlarged(pixels: np.ndarray) -> np.ndarray:
        kept = [np.round(np.linspace(1, side - 1, side)).astype(int) for side in pixels.shape[1:3]]
        return pixels[:, kept[0]][:, :, kept[1]]

    return _planted(case, 0.2, rng, enlarged)


def holdout_moved(case: ImageCase, rng: Rng) -> ImageCase:
    """Half of the held-out images are released, moved by a pixel."""
    return _with_holdout(case, _shifted)


def holdout_with_lower_contrast(case: ImageCase, rng: Rng) -> ImageCase:
    """Half of the held-out images are released at 70 % of their contrast."""
    return _with_holdout(case, lambda p: 25 + 0.7 * p)


def _with_holdout(case: ImageCase, change: Change) -> ImageCase:
    """The first half of the held-out images stands in place of released ones, changed."""
    pixels, labels = (part[: len(part) // 2] for part in case.holdout)
    changed = np.clip(np.round(change(pixels.astype(np.float64))), 0, 255).astype(np.uint8)
    rest = tuple(part[len(labels) :] for part in case.synthetic)
    return case.released(np.concatenate([rest[0], changed]), np.concatenate([rest[1], labels]))


def class_of_jittered_images(case: ImageCase, rng: Rng) -> ImageCase:
    """All fours are five images, each time under fresh noise of 8 grey levels."""
    pixels, labels = case.synthetic[0].copy(), case.synthetic[1]
    fours = np.flatnonzero(labels == 4)
    made = pixels[np.resize(fours[:5], len(fours))] + rng.normal(0, 8, (len(fours), *pixels.shape[1:]))
    pixels[fours] = np.clip(np.round(made), 0, 255)
    return case.released(pixels, labels)


def class_scarce(case: ImageCase, rng: Rng) -> ImageCase:
    """One seven in ten is kept."""
    kept = (case.synthetic[1] != 7) | (rng.random(len(case.synthetic[1])) < 0.1)
    return case.released(case.synthetic[0][kept], case.synthetic[1][kept])


def classes_exchanged(case: ImageCase, rng: Rng) -> ImageCase:
    """Half of the ones and sevens have each other's label."""
    labels = case.synthetic[1].copy()
    hit = np.isin(labels, (1, 7)) & (rng.random(len(labels)) < 0.5)
    labels[hit] = 8 - labels[hit]
    return case.released(case.synthetic[0], labels)


Masks = Callable[[tuple[int, int]], np.ndarray]  # height and width -> bool [H, W], true where nothing is changed


def _partly(kept: Masks, fill: Change, case: ImageCase, rng: Rng) -> ImageCase:
    """A fifth training images, of which a part is something else."""

    def changed(pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[1:3]
        return np.where(kept((height, width))[:, :, None], pixels, fill(pixels))

    return _planted(case, 0.2, rng, changed)


def _others(pixels: np.ndarray) -> np.ndarray:
    return np.roll(pixels, 1, axis=0)


def _box(size: tuple[int, int], low: float, high: float) -> np.ndarray:
    """Pixels between two shares of either side: bool [H, W]."""
    rows, columns = ((np.arange(side) >= low * side) & (np.arange(side) < high * side) for side in size)
    return np.outer(rows, columns)


def _disguised(share: float, change: Callable[[np.ndarray, Rng], np.ndarray], case: ImageCase, rng: Rng) -> ImageCase:
    return _planted(case, share, rng, lambda pixels: change(pixels, rng))


DISGUISED = {  # share of the released images that are training images, what is done to their pixels
    "copied": (1.0, lambda p, rng: p),
    "tenth_copied": (0.1, lambda p, rng: p),
    "moved_by_a_pixel": (1.0, lambda p, rng: _shifted(p)),
    "third_moved_by_a_pixel": (0.3, lambda p, rng: _shifted(p)),
    "tenth_moved_by_a_pixel": (0.1, lambda p, rng: _shifted(p)),
    "turned_by_a_quarter": (0.2, lambda p, rng: np.rot90(p, 1, (1, 2))),
    "turned_by_a_half": (0.2, lambda p, rng: np.rot90(p, 2, (1, 2))),
    "flipped": (1.0, lambda p, rng: p[:, :, ::-1]),
    "fifth_flipped": (0.2, lambda p, rng: p[:, ::-1]),
    "contrast_lowered": (1.0, lambda p, rng: 25 + 0.7 * p),
    "fifth_with_lower_contrast": (0.2, lambda p, rng: 15 + 0.8 * p),
    "inverted": (0.2, lambda p, rng: 255 - p),
    "cropped": (0.3, lambda p, rng: _cropped(p)),
    "noisy": (1.0, lambda p, rng: p + rng.normal(0, 24, p.shape)),
    "fifth_noisy": (0.2, lambda p, rng: p + rng.normal(0, 16, p.shape)),
    "blended": (1.0, lambda p, rng: 0.75 * p + 0.25 * p[rng.permutation(len(p))]),
    "moved_diagonally": (0.2, lambda p, rng: np.roll(p, (1, -1), (1, 2))),
    "mirrored_and_dimmed": (0.2, lambda p, rng: 0.6 * p[:, :, ::-1]),
    "hundredth_moved_by_a_pixel": (0.01, lambda p, rng: _shifted(p)),
    "hundredth_mirrored_and_inverted": (0.01, lambda p, rng: 255 - p[:, :, ::-1]),
}
PARTLY = {  # of a fifth of the images, which pixels are those of a training image, what stands in place of the others
    "corner_covered": (lambda size: ~_box(size, 0, 0.5), lambda p: np.full_like(p, 128)),
    "middle_covered": (lambda size: ~_box(size, 0.25, 0.75), lambda p: np.full_like(p, 128)),
    "half_exchanged": (lambda size: np.arange(size[0])[:, None] < size[0] // 2, _others),
    "middle_exchanged": (lambda size: ~_box(size, 0.25, 0.75), _others),
    "rows_interlaced": (lambda size: np.arange(size[0])[:, None] % 2 == 0, _others),
}
VARIANTS = {name: partial(_disguised, *how) for name, how in DISGUISED.items()} | {
    name: partial(_partly, *how) for name, how in PARTLY.items()
}
