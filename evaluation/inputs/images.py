"""The checks of three collections of images, in their bytes, their pixels and their features."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType

import numpy as np
import pandas as pd
import torch

from launderette.evaluation import samples as tables
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.inputs import checks, nearness, repeats
from launderette.evaluation.inputs.findings import Finding, judged
from launderette.evaluation.measures.neighbours import REAL_ROLES
from launderette.evaluation.models.features import principal
from launderette.evaluation.streams import RandomStream, generator

DRIFT_DIMENSIONS, DRIFT_SIDE = 32, 16  # principal components; pixels of a side, of images compared pixel by pixel
COMPARED_REPEATS, COMPARED_VALUES = 50, 50_000_000  # repeated images compared with others, values of those


def check(samples: ImageSamples, seed: int = 0) -> tuple[Finding, ...]:
    """Check overlap, near copies and repeats of the real collections, their likeness, and what is released."""
    hashes = {role: _hashes(pixels) for role, pixels in samples.pixels.items()}
    found = [_repeats(samples, hashes, seed), *checks.released(hashes, "images")]
    if "holdout" in hashes:
        found.append(checks.overlap(hashes, "images"))
        if samples.size("holdout") >= nearness.LEAST_NEARNESS_ROWS:
            looks = [_table(points) for points in (_pixels(samples, seed), _features(samples, seed))]
            labelled = _table(_features(samples, seed), _labels(samples, seed))
            found += [checks.near_overlap(looks, seed, "images"), checks.drift(labelled, seed, "images")]
    return tuple(found)


def _hashes(pixels: np.ndarray) -> np.ndarray:
    """One 64-bit hash of each image: uint64 [images]."""
    digests = b"".join(blake2b(image.tobytes(), digest_size=8).digest() for image in pixels)
    return np.frombuffer(digests, np.uint64)


def _repeats(samples: ImageSamples, hashes: checks.Hashes, seed: int) -> Finding:
    roles = [role for role in REAL_ROLES if role in hashes]
    pooled = np.concatenate([hashes[role] for role in roles])
    repeated = repeats.repeated(pooled)
    if repeated.any() and not _alone(samples, np.flatnonzero(repeated), seed):
        repeated[:] = False
    value = max(float(part.mean()) for part in np.split(repeated, [samples.size("train")]) if len(part))
    said = (
        f"{int(repeated.sum()):,} of {len(pooled):,} real images stand there more than once, "
        "though no other image differs from them in one pixel only: they were repeated, not met twice by chance."
    )
    return judged("repeats", value, checks.REFUSED_SHARE, (said, said), warn=checks.WARNED_SHARE)


def _alone(samples: ImageSamples, repeated: np.ndarray, seed: int) -> bool:
    """Whether most repeated images have no other one that differs from them in one pixel: few values then meet by
    chance.
    """
    real = [samples.pixels[role] for role in REAL_ROLES if role in samples.pixels]
    rng = generator(seed, RandomStream.IMAGES_ALONE)
    size = sum(map(len, real))
    others = rng.permutation(size)[: max(COMPARED_REPEATS, COMPARED_VALUES // real[0][0].size)]
    among = _take(real, others)
    chosen = _take(real, rng.permutation(repeated)[:COMPARED_REPEATS])
    differing = [(among != image).any(-1).sum((1, 2)) for image in chosen]
    return float(np.mean([not (one == 1).any() for one in differing])) >= repeats.MOST_REPEATED_SHARE


def _take(parts: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Images by their numbers through both collections."""
    first = len(parts[0])
    return np.concatenate([parts[0][rows[rows < first]], *(part[rows[rows >= first] - first] for part in parts[1:])])


def _pixels(samples: ImageSamples, seed: int) -> dict[str, np.ndarray]:
    """Images as averages over a grid of at most DRIFT_SIDE x DRIFT_SIDE: float32 [images, d] by role."""
    found = {}
    for role in REAL_ROLES:
        x = torch.from_numpy(samples.take(role, samples.rows(role, nearness.ASKED_ROWS, seed))).permute(0, 3, 1, 2)
        size = min(DRIFT_SIDE, x.shape[2]), min(DRIFT_SIDE, x.shape[3])
        parts = [torch.nn.functional.adaptive_avg_pool2d(part.float(), size).flatten(1) for part in x.split(2000)]
        found[role] = torch.cat(parts).numpy()
    return found


def _features(samples: ImageSamples, seed: int) -> dict[str, np.ndarray]:
    """Features of as many images as the metrics of quality look at, which computes them once."""
    count = samples.equal()
    return {role: samples.seen(role, count, seed).numpy() for role in REAL_ROLES}


def _labels(samples: ImageSamples, seed: int) -> dict[str, np.ndarray]:
    """Label codes of the same images, [images] by role; none where there are no labels."""
    count = samples.equal()
    return {role: samples.labels[role][samples.rows(role, count, seed)] for role in REAL_ROLES if len(samples.classes)}


def _table(points: dict[str, np.ndarray], labels: Mapping[str, np.ndarray] = MappingProxyType({})) -> tables.Samples:
    """Principal components [images, at most DRIFT_DIMENSIONS] of both real sides as a table of coordinates, beside
    labels where there are some.
    """
    pool = np.concatenate(list(points.values()))
    project = principal(pool, min(DRIFT_DIMENSIONS, len(pool) - 1, pool.shape[1]))
    frames = {role: pd.DataFrame(project(one)).add_prefix("component ") for role, one in points.items()}
    kinds = dict.fromkeys(frames["train"], "coordinate")
    if labels:
        frames, kinds = (
            {role: one.assign(label=labels[role]) for role, one in frames.items()},
            kinds | {"label": "categorical"},
        )
    return tables.make(frames["train"], frames["holdout"], frames["train"], kinds=kinds)
