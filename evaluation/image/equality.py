"""Images: is a synthetic one equal to a real one in every pixel, be it moved a little, mirrored, turned or inverted?

Each part of a picture has a polynomial hash modulo 2^64, the sum of p[r, c, k] a^r b^c w[k] with odd a and b, which
cumulated sums give for all places of a window at once (Karp and Rabin 1987).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals
from launderette.evaluation.scores import Score, mean

MOVED, SMALL_SIDE, LEAST_MOVED_SIDE = 2, 16, 6  # pixels that images may be moved by; one under 16 a side, none under 6
HASHED = 500  # images at once
HASH_SEED = 113

Hashes = np.ndarray  # uint64


def equal(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images equal to a training or a held-out image in every pixel, as it is or moved by up to two
    pixels, mirrored, turned by quarters or inverted, in [0, 1], lower better.

    What a move brings in at the rim is not compared. Ceiling: the share of held-out images equal to a training image.
    By chance it happens only where real images are equal too: `repeats` counts the pairs of those, of which an honest
    sample has as many for as many pairs. Cost: eight cumulated sums per image.
    """
    real = [role for role in ("train", "holdout") if role in samples.pixels]
    views = {role: seen(samples.pixels[role]) for role in real}
    middles = {role: middle(samples.pixels[role]) for role in (*real, "synthetic")}
    of_train, copied = (
        np.isin(middles["synthetic"], np.concatenate([views[r] for r in of])) for of in (real[:1], real)
    )
    repeats = _repeats(np.concatenate([views[r] for r in real]), np.concatenate([middles[r] for r in real]))
    size, hits, count = len(copied), int(copied.sum()), sum(len(middles[r]) for r in real)
    detail = {"rows": size, "copies": hits, "of_training": int(of_train.sum()), "repeats": repeats, "real": count}
    note = (
        f"{hits:,} of {size:,} synthetic images, {of_train.sum():,} of them equal to a training image "
        f"(as it is, moved, mirrored, turned or inverted); {repeats:,} pairs of real images are equal."
    )
    ceiling = mean(np.isin(middles["holdout"], views["train"])) if "holdout" in views else None
    return Score(hits / size, *intervals.clopper_pearson(hits, size), ceiling, None, "lower", detail, note)


def middle(pixels: np.ndarray) -> Hashes:
    """Hash of each image without its margin: uint8 [n, H, W, C] -> uint64 [n]."""
    margin = _margin(pixels)
    return _windows(pixels, margin)[:, margin, margin]


def seen(pixels: np.ndarray) -> Hashes:
    """Hashes of what may be the middle of an image once it is moved, mirrored, turned or inverted: uint64 [n, v]."""
    found, margin = [], _margin(pixels)
    for turned in _turns(pixels):
        hashes = _windows(turned, margin).reshape(len(pixels), -1)
        white = _windows(np.full_like(turned[:1], 255), margin)[0, margin, margin]
        found += [hashes, white - hashes]  # a sum over inverted pixels is that over white ones, less that over pixels
    return np.concatenate(found, 1)


def _repeats(views: Hashes, middles: Hashes) -> int:
    """Pairs of images of which one is seen in the other."""
    who = np.repeat(np.arange(len(views)), views.shape[1])
    pairs = np.unique(np.stack([who.astype(np.uint64), views.ravel()], 1), axis=0)[:, 1]
    values, times = np.unique(middles, return_counts=True)
    place = np.minimum(np.searchsorted(values, pairs), len(values) - 1)
    both_ways = int(times[place][values[place] == pairs].sum()) - len(middles)  # each is seen in itself
    return (both_ways + 1) // 2


def _margin(pixels: np.ndarray) -> int:
    side = min(pixels.shape[1:3])
    return 0 if side < LEAST_MOVED_SIDE else 1 if side < SMALL_SIDE else MOVED


def _turns(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """The images and their mirror images, turned by each quarter (each half where they are not square)."""
    for quarter in range(4) if pixels.shape[1] == pixels.shape[2] else (0, 2):
        turned = np.rot90(pixels, quarter, (1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _windows(pixels: np.ndarray, margin: int) -> Hashes:
    """Hash of what is left of each image by each place of its window: uint64 [n, 2 margin + 1, 2 margin + 1]."""
    channels, *bases = (int(n) | 1 for n in np.random.default_rng(HASH_SEED).integers(2**62, size=3))
    weights = _powers(channels, pixels.shape[3])
    parts = np.split(pixels, range(HASHED, len(pixels), HASHED))
    sums = (_along((part * weights).sum(3, dtype=np.uint64), bases[0], margin) for part in parts)
    return np.concatenate([_along(part.swapaxes(1, 2), bases[1], margin).swapaxes(1, 2) for part in sums])


def _along(x: Hashes, base: int, margin: int) -> Hashes:
    """Sums of x[..., i] base^i over each place of a window along the last axis, each as if it began at i = 0."""
    places, size = 2 * margin + 1, x.shape[-1] - 2 * margin
    total = np.cumsum(x * _powers(base, x.shape[-1]), -1, dtype=np.uint64)
    total = np.concatenate([np.zeros_like(total[..., :1]), total], -1)
    return (total[..., size : size + places] - total[..., :places]) * _powers(pow(base, -1, 2**64), places)


def _powers(base: int, count: int) -> Hashes:
    return np.cumprod(np.append(np.ones(1, np.uint64), np.full(count - 1, base, np.uint64)), dtype=np.uint64)
