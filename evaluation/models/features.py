"""What images look like to a network: features in which likeness means more than equal pixels; offline by default."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch.nn.functional import interpolate

from launderette.evaluation.models import efficientnet

Features = Callable[[np.ndarray], np.ndarray]  # uint8 [n, H, W, C] -> float32 [n, d]
FEATURE_SIDE = 64  # pixels that EfficientNet sees; smaller images are enlarged
BATCH_IMAGES = 64


@cache
def _network() -> efficientnet.EfficientNetLite0:
    return efficientnet.load()


@torch.no_grad()
def imagenet(pixels: np.ndarray) -> np.ndarray:
    """Features of EfficientNet-Lite0 trained on ImageNet: pixels uint8 [n, H, W, C] -> float32 [n, 1280]."""
    net, parts = _network(), [np.zeros((0, efficientnet.WIDTH), np.float32)]
    for start in range(0, len(pixels), BATCH_IMAGES):
        x = torch.from_numpy(np.array(pixels[start : start + BATCH_IMAGES])).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = interpolate(
            x.expand(-1, 3, -1, -1),
            size=(FEATURE_SIDE, FEATURE_SIDE),
            mode="bicubic",
            antialias=True,
            align_corners=False,
        )
        parts.append(net(x.clamp(-1, 1)).numpy())
    return np.concatenate(parts)


def described(features: Features) -> dict[str, str | None]:
    """Name and SHA-256 of the network behind features; None for the digest of a caller's own function."""
    if features is imagenet:
        return {"name": "EfficientNet-Lite0", "sha256": efficientnet.DIGEST}
    return {"name": getattr(features, "name", "the caller's own"), "sha256": getattr(features, "digest", None)}


def principal(known: np.ndarray, dimensions: int) -> Callable[[np.ndarray], np.ndarray]:
    """Project features [n, d] on the first principal components of known images, in units of the first one's
    deviation.
    """
    mean = known.mean(0, dtype=np.float64)
    _, values, axes = np.linalg.svd(known - mean, full_matrices=False)
    axes, unit = axes[:dimensions], max(float(values[0]) / np.sqrt(len(known)), 1e-12)
    return lambda features: (features - mean) @ axes.T / unit
