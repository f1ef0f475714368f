"""Images as points: principal components of features and of pixels, as a simple classifier or an attack sees them."""

from __future__ import annotations

import numpy as np
import torch

from launderette.evaluation.image.samples import FEATURE_IMAGES, ImageSamples
from launderette.evaluation.measures.once import once
from launderette.evaluation.models.features import principal

DIMENSIONS = 32  # principal components of features, and of pixels
PIXEL_SIDE = 16  # of a side, of images compared pixel by pixel with many others

Rows = dict[str, np.ndarray]  # image numbers by role


def flat(pixels: np.ndarray) -> torch.Tensor:
    """Pixels uint8 [n, H, W, C] as points [n, at most PIXEL_SIDE^2 C]."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    size = min(PIXEL_SIDE, x.shape[2]), min(PIXEL_SIDE, x.shape[3])
    return (
        torch.cat([torch.nn.functional.adaptive_avg_pool2d(part.float(), size).flatten(1) for part in x.split(2000)])
        / 255
    )


def components(samples: ImageSamples, rows: Rows, seed: int) -> dict[str, np.ndarray]:
    """Principal components of what chosen images look like, float64 [n, 2 DIMENSIONS] by role; of features first.

    Either half is in units of its first component's deviation. Training and held-out images alike span them, because
    components that know members only would recognise them.
    """
    seen = [
        {role: samples.featured(role, chosen, seed) for role, chosen in rows.items()},
        {role: flat(samples.take(role, chosen, seed)).numpy() for role, chosen in rows.items()},
    ]
    parts = [_principal(points) for points in seen]
    return {role: np.concatenate([part[role] for part in parts], 1) for role in rows}


def _principal(points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    pool = np.concatenate([points[role] for role in ("train", "holdout") if role in points])
    project = principal(pool, min(DIMENSIONS, len(pool) - 1, pool.shape[1]))
    return {role: project(found) for role, found in points.items()}


@once
def of_roles(samples: ImageSamples, seed: int) -> tuple[Rows, dict[str, np.ndarray]]:
    """Image numbers of every role, at most FEATURE_IMAGES each, and their components."""
    rows = {role: samples.rows(role, FEATURE_IMAGES, seed) for role in (*samples.pixels, "shuffled")}
    return rows, components(samples, rows, seed)
