"""Images: is a synthetic one a real one, as it is or in disguise? The same search shows what unseen images reach."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

import numpy as np
import torch

from launderette.evaluation.image import views
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals
from launderette.evaluation.measures.once import once
from launderette.evaluation.scores import Reason, Score, mean, unknown

COPY_RATIO = 1 / 3  # ratio of distances under which an image is a copy, where no unseen images say so
LOOKALIKE_SHARE = 0.01  # share of unseen images that may look like copies
CROWD, SHARE, LEAST_SHARE = 5, 0.1, 50  # nearest of a random tenth of the others, in proportion the nearest 50
MOST_SEARCHED, LEAST_SEARCHED = 5000, 250  # images searched for copies
EFFORT = 2_000_000_000  # views of a pair of images that are compared
BLOCK_VIEWS = 2000  # images compared at once
SHUFFLED = 100  # images of the floor
LEAST_DISTANCE = 1e-9


def equal(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images equal to a training or a held-out image in every pixel, in [0, 1], lower better.

    Ceiling: the share of held-out images equal to a training image. By chance it happens only where real images are
    equal too: `repeats` counts the pairs of those, of which an honest sample has as many for as many pairs. Cost: one
    hash per image.
    """
    digests = {
        role: [blake2b(image.tobytes(), digest_size=16).digest() for image in pixels]
        for role, pixels in samples.pixels.items()
    }
    held = digests.get("holdout", [])
    train, real = set(digests["train"]), Counter(digests["train"] + held)
    size, copied = len(digests["synthetic"]), sum(digest in real for digest in digests["synthetic"])
    of_train = sum(digest in train for digest in digests["synthetic"])
    repeats = sum(times * (times - 1) // 2 for times in real.values())
    detail = {"rows": size, "copies": copied, "of_training": of_train, "repeats": repeats, "real": real.total()}
    note = (
        f"{copied:,} of {size:,} synthetic images, {of_train:,} of them equal to a training image; "
        f"{repeats:,} pairs of real images are equal."
    )
    ceiling = mean([digest in train for digest in held]) if held else None
    return Score(copied / size, *intervals.clopper_pearson(copied, size), ceiling, None, "lower", detail, note)


def copies(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images far nearer to one training image than to others like it, in [0, 1], lower better.

    d(x, nearest) / mean d(x, about 50 nearest training images), after Carlini et al. 2023, in grey; the least over
    shifts, turns, mirror images, tilts and crops, whatever the light, the contrast or the sign. A copy is as near as
    1 % of held-out images are, for which the same is searched (the ceiling); without them, under 1/3.
    """
    return _copied(samples, "train", "holdout", seed)


def copies_of_holdout(samples: ImageSamples, *, seed: int = 0) -> Score:
    """As `copies`, of held-out images, which a release must know as little: nearer than 1 % of training images are."""
    if "holdout" not in samples.pixels:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout that could be copied", "lower")
    return _copied(samples, "holdout", "train", seed)


def _copied(samples: ImageSamples, real: str, unseen: str, seed: int) -> Score:
    roles = [role for role in ("synthetic", "shuffled", unseen) if role == "shuffled" or role in samples.pixels]
    ratios = {role: _ratios(samples, role, real, seed) for role in roles}
    usual = ratios.get(unseen, np.zeros(0))
    limit = float(np.quantile(usual, LOOKALIKE_SHARE, method="lower")) if len(usual) else COPY_RATIO
    near = {role: found <= limit for role, found in ratios.items()}
    size, hits = len(near["synthetic"]), int(near["synthetic"].sum())
    detail = {"rows": size, "ceiling_rows": len(usual), "copies": hits, "ratio": limit}
    ends, note = intervals.clopper_pearson(hits, size), _counted(samples, real, near)
    return Score(hits / size, *ends, mean(near.get(unseen)), mean(near["shuffled"]), "lower", detail, note)


def _counted(samples: ImageSamples, real: str, near: dict[str, np.ndarray]) -> str:
    """How many images of each collection come as near to a real one as a copy does."""
    names = {"train": "training", "holdout": "held-out"}
    found = near["synthetic"]
    counts = [f"{found.sum():,} of {len(found):,} synthetic images"]
    counts += [f"{hit.sum():,} of {len(hit):,} {names[role]} ones" for role, hit in near.items() if role in names]
    return f"As near as a copy to one of {samples.size(real):,} {names[real]} images: {' and '.join(counts)}."


@once
def _ratios(samples: ImageSamples, role: str, real: str, seed: int) -> np.ndarray:
    """`crowding` of images of a role among the real ones: float64 [images]."""
    limit = SHUFFLED if role == "shuffled" else searched(samples.size(real))
    rows = samples.rows(role, limit, seed)
    return crowding(samples.take(role, rows, seed), samples.pixels[real])


def searched(others: int) -> int:
    """Images that are compared with so many others: fewer, where these are many."""
    return min(MOST_SEARCHED, max(LEAST_SEARCHED, EFFORT // (views.VIEWS * others)))


def crowding(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance to the nearest of other images over the mean distance to those like it, the least over all views.

    Images uint8 [n, H, W, C] -> float64 [n], small where an image is one of the others, seen differently.
    """
    parts = [_crowding(part, views.grey(others)) for part in views.grey(images).split(BLOCK_VIEWS)]
    return torch.cat(parts).double().numpy()


def nearest(images: np.ndarray, others: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Distance of each image to the nearest of the others that it is allowed to be compared with, the least over all
    views.

    Images uint8 [n, H, W, C] and [m, H, W, C], bool [n, m] -> float64 [n] in [0, sqrt(2)].
    """
    best, mask = torch.zeros(len(images)), torch.from_numpy(allowed)
    for x, y in views.pairs(views.grey(images), views.grey(others)):
        alike = (views.described(x) @ views.described(y).T).abs_()
        best = torch.maximum(best, torch.where(mask, alike, 0).amax(1))
    return (2 - 2 * best.clamp(max=1)).sqrt().double().numpy()


def _crowding(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    best = torch.full((len(images),), torch.inf)
    order = np.random.default_rng(89).permutation(len(others))
    some = torch.from_numpy(np.sort(order[: max(LEAST_SHARE, round(SHARE * len(others)))]))
    for x, y in views.pairs(images, others):
        alike = (views.described(x) @ views.described(y).T).abs_()  # inverted images are alike too
        crowd = alike[:, some].topk(min(CROWD, len(some))).values
        distance, usual = ((2 - 2 * a.clamp(max=1)).sqrt() for a in (alike.amax(1), crowd))
        best = torch.minimum(best, distance / usual.mean(1).clamp_min(LEAST_DISTANCE))
    return best
