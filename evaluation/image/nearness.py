"""Images: is a synthetic one a real one, as it is or in disguise? The same search shows what unseen images reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from launderette.evaluation.copies import exchange
from launderette.evaluation.copies.exchange import Count
from launderette.evaluation.image import views
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals
from launderette.evaluation.measures.once import once
from launderette.evaluation.scores import Reason, Score, mean, unknown

LOOKALIKE_SHARE = 0.01  # share of real images that may look like copies
BLANK = 0.1  # added to distances between parts of images, of which some are blank
CROWD, SHARE, LEAST_SHARE = 5, 0.1, 50  # nearest of a random tenth of the others, in proportion the nearest 50
MOST_SEARCHED, LEAST_SEARCHED = 5000, 250  # images searched for copies
EFFORT = 2_000_000_000  # views of a pair of images that are compared
BLOCK_VIEWS = 2000  # images compared at once
SHUFFLED = 100  # images of the floor
SEARCHED_ALONE = 400  # real images that are searched for among the others of their collection
LEAST_DISTANCE = 1e-9
COUNTS = 4  # of whole images and of parts, by two limits: they share one error

Crowding = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]
Seen = Callable[[torch.Tensor, torch.Tensor], Iterator[views.Pair]]
IMAGE_SIDES = {"train": "training", "holdout": "held-out"}


def copies(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images far nearer to one training image than to others like it, in [0, 1], lower better.

    d(x, nearest) / mean d(x, about 50 nearest training images), after Carlini et al. 2023, in grey; the least over
    shifts, turns, mirror images, tilts and crops, whatever the light, the contrast or the sign. A copy is as near as
    1 % of real images are: held-out ones, for which the same is searched (the ceiling), and training images among the
    others. `detail` counts these, those as near as the nearest real image, and both for parts of images (halves,
    middles, rims), beside what chance allows.
    """
    return _copied(samples, "train", "holdout", seed)


def copies_of_holdout(samples: ImageSamples, *, seed: int = 0) -> Score:
    """As `copies`, of held-out images, which a release must know as little."""
    if "holdout" not in samples.pixels:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout that could be copied", "lower")
    return _copied(samples, "holdout", "train", seed)


def _copied(samples: ImageSamples, real: str, unseen: str, seed: int) -> Score:
    roles = [role for role in ("synthetic", "shuffled", real, unseen) if role == "shuffled" or role in samples.pixels]
    whole, parts = (
        {role: _ratios(samples, role, real, way, seed) for role in roles} for way in (crowding, crowding_of_parts)
    )
    known = _known(parts, real, unseen)
    found = {"": whole, " in a part of them": {role: unusual(ratios, known) for role, ratios in parts.items()}}
    counts = [count for words, ratios in found.items() for count in _counted(words, ratios, real, unseen)]
    limit, first = _limit(_known(whole, real, unseen), LOOKALIKE_SHARE), counts[0]
    detail = {"rows": first.of, "copies": first.hits, "ratio": limit, "counts": [count.detail() for count in counts]}
    ends = intervals.clopper_pearson(first.hits, first.of)
    ceiling, floor = (mean(whole[role] <= limit) if role in whole else None for role in (unseen, "shuffled"))
    return Score(first.hits / first.of, *ends, ceiling, floor, "lower", detail, first.sentence())


def _known(ratios: dict[str, np.ndarray], real: str, unseen: str) -> np.ndarray:
    """Ratios of real images, which copied nobody."""
    return np.concatenate([ratios[role] for role in (real, unseen) if role in ratios])


def _limit(known: np.ndarray, share: float) -> float:
    """The ratio that a share of real images are under, or the least one."""
    return float(np.sort(known)[max(1, int(share * len(known))) - 1])


def _counted(words: str, ratios: dict[str, np.ndarray], real: str, unseen: str) -> Iterator[Count]:
    """Synthetic images as near to a real one as 1 % of the real images, and as the one nearest to another."""
    known, found = _known(ratios, real, unseen), ratios["synthetic"]
    for share, usual in (
        (LOOKALIKE_SHARE, "1 % of real images are"),
        (0.0, f"only one of {len(known):,} real ones is"),
    ):
        limit = _limit(known, share)
        hits, like = (int((side <= limit).sum()) for side in (found, known))
        counted = f"synthetic images are as near{words} to one {IMAGE_SIDES[real]} image as {usual}"
        yield exchange.as_real_rows(counted, hits, len(found), like, len(known), COUNTS)


@once
def _ratios(samples: ImageSamples, role: str, real: str, way: Crowding, seed: int) -> np.ndarray:
    """Crowding of images of a role among the real ones, themselves left out: float64 [images], or of each of their
    parts, [images, parts].
    """
    limit = {"shuffled": SHUFFLED, real: SEARCHED_ALONE}.get(role, MOST_SEARCHED)
    rows = samples.rows(role, min(limit, searched(samples.size(real))), seed)
    return way(samples.take(role, rows, seed), samples.pixels[real], rows if role == real else None)


def searched(others: int) -> int:
    """Images that are compared with so many others: fewer, where these are many."""
    return min(MOST_SEARCHED, max(LEAST_SEARCHED, EFFORT // (views.VIEWS * others)))


def crowding(images: np.ndarray, others: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    """Distance to the nearest of other images over the mean distance to those like it, the least over all views.

    Images uint8 [n, H, W, C] -> float64 [n], small where an image is one of the others, seen differently. `own` [n] are
    the numbers of the images themselves among the others, if they are there.
    """
    best = np.full(len(images), np.inf)
    for ratios in _crowding(images, others, own, views.pairs, 0.0):
        best = np.minimum(best, ratios)
    return best


def crowding_of_parts(images: np.ndarray, others: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    """Logarithm of `crowding` of each part of images, without any other view: float64 [n, parts]."""
    return np.log(np.stack(list(_crowding(images, others, own, views.parts, BLANK)), 1))


def unusual(parts: np.ndarray, known: np.ndarray) -> np.ndarray:
    """How far below the median of known images the least part of each image is, in units of how far the lowest 1 %
    of them are, so that parts which are often blank decide no more than others: float64 [n], low for a copy.
    """
    middle, low = np.quantile(known, (0.5, LOOKALIKE_SHARE), axis=0)
    return ((parts - middle) / np.maximum(middle - low, LEAST_DISTANCE)).min(1)


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


def _crowding(
    images: np.ndarray, others: np.ndarray, own: np.ndarray | None, seen: Seen, room: float
) -> Iterator[np.ndarray]:
    """The ratio in each view, `room` added to distances: float64 [n]."""
    order, known = np.random.default_rng(89).permutation(len(others)), views.grey(others)
    some = torch.from_numpy(np.sort(order[: max(LEAST_SHARE, round(SHARE * len(others)))]))
    for x, y in seen(views.grey(images), known):
        one, two = views.described(x), views.described(y).T
        found = []
        for start in range(0, len(one), BLOCK_VIEWS):
            alike = (one[start : start + BLOCK_VIEWS] @ two).abs_()  # inverted images are alike too
            if own is not None:
                alike[torch.arange(len(alike)), torch.from_numpy(own[start : start + BLOCK_VIEWS])] = 0
            crowd = alike[:, some].topk(min(CROWD, len(some))).values
            distance, usual = ((2 - 2 * a.clamp(max=1)).sqrt() + room for a in (alike.amax(1), crowd))
            found.append(distance / usual.mean(1).clamp_min(LEAST_DISTANCE))
        yield torch.cat(found).double().numpy()
