"""Made images: small, seeded, one bar per image whose direction is its label."""

import numpy as np

from generators import Images


def bars(images: int = 200, seed: int = 0, channels: int = 1, height: int = 8, width: int = 8) -> Images:
    """Bright bars on a dark ground: across for label "h", upright for "v", noise of a few grey levels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["h", "v"], images, p=[0.6, 0.4])
    pixels = rng.integers(0, 8, (images, height, width, channels)) * 4
    for n, label in enumerate(labels):
        at = rng.integers(1, min(height, width) - 2)
        place = (n, slice(at, at + 2)) if label == "h" else (n, slice(None), slice(at, at + 2))
        pixels[place] = 224 - pixels[place]
    return Images(pixels.astype(np.uint8), labels.astype(object))


def direction(pixels: np.ndarray) -> np.ndarray:
    """Read the label off images [N, H, W, C]: rows differ more than columns where the bar lies across."""
    x = pixels.astype(float).mean(3)
    return np.where(x.mean(2).std(1) > x.mean(1).std(1), "h", "v")
