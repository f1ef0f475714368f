"""Images: is every class there, as varied as real ones, and does no image stand for many? The worst class decides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import betabinom

from launderette.evaluation import chance
from launderette.evaluation.chance import Counted
from launderette.evaluation.image import coordinates, nearness
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.once import once
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator
from launderette.evaluation.summaries import small_cells

CLASS_IMAGES, LEAST_CLASS_IMAGES = 400, 20  # of a class whose coverage is measured
CLASS_NEIGHBOUR = 5
SEARCHED_IMAGES = 2000  # images of either side that are searched for others like them
USUAL_QUANTILE = 0.05  # of real images of a class have another one of it so near
LEAST_OTHERS = 5  # images of a class that another one is looked for among
ALL = "all images"


Side = tuple[np.ndarray, np.ndarray]  # pixels uint8 [n, H, W, C] and label codes [n]


def class_coverage(samples: ImageSamples, *, seed: int = 0) -> Score:
    """1 - what the worst class has lost, of its share of the images or of its coverage, beyond chance; in [0, 1],
    higher better.

    Covered: a real image with a synthetic one of its class as near as its 5th neighbour in the class, by principal
    components of features and pixels. By chance, two samples of one population cover what ranks alone decide.
    """
    if not_labelled := obstacle(samples):
        return unknown(*not_labelled)
    return chance.of_worst_class(samples, lambda role: [*_present(samples, role), *_covered(samples, role, seed)], True)


def distinct(samples: ImageSamples, *, seed: int = 0) -> Score:
    """1 - share of synthetic images with another one of their class nearer than real ones have, of the worst class
    beyond chance; in [0, 1], higher better.

    Nearer: as 5 % of the real images of the class have one among as many, in any view (views.pairs), so that repeats
    are seen that were moved, mirrored or lit anew. All images are one class where there are no labels.
    """
    return chance.of_worst_class(samples, lambda role: _repeated(samples, role, seed), False)


def obstacle(samples: ImageSamples) -> Obstacle | None:
    """Why there are no classes to speak of, if there are none."""
    if not len(samples.classes):
        return Reason.NO_LABELS, "the images have no labels"
    return (Reason.ONE_LABEL, "all images have one label") if len(samples.classes) < 2 else None


def codes(samples: ImageSamples, role: str) -> np.ndarray:
    """Label codes [n] of the images of a role; those of an image stay where its pixels are shuffled."""
    return samples.labels["train" if role == "shuffled" else role]


def against(samples: ImageSamples, role: str) -> list[str]:
    """Roles of the real images that a role is compared with: all for synthetic ones, else those trained on."""
    real = [str(name) for name in ("train", "holdout") if name in samples.pixels]
    return real if role == "synthetic" else real[:1]


def name(samples: ImageSamples, code: int) -> str:
    """A class in words; not by its label where few training images have it."""
    few = small_cells.is_small(int((samples.labels["train"] == code).sum()))
    return "a rare class" if few else f"class {samples.classes[code]}"


def _present(samples: ImageSamples, role: str) -> Iterator[Counted]:
    """What each class has lost of its share; a class that is missing but for chance has lost all."""
    kinds = range(len(samples.classes))
    real = np.concatenate([codes(samples, r) for r in against(samples, role)])
    other = codes(samples, role)
    for code in kinds:
        there, here = int((real == code).sum()), int((other == code).sum())
        usual = there / len(real)
        least = chance.least(there, len(real), len(other), len(kinds)) / usual
        said = (
            f"{here:,} of {len(other):,} synthetic images are of {name(samples, code)}, and {usual:.1%} of real ones."
        )
        lost = max(0.0, 1 - here / len(other) / usual)
        yield Counted(name(samples, code), lost, 1 - least if here else float(least == 0), said)


def _covered(samples: ImageSamples, role: str, seed: int) -> Iterator[Counted]:
    """What each class that is large enough has lost of its coverage."""
    rows, points = coordinates.of_roles(samples, seed)
    roles, rng = against(samples, role), generator(seed, RandomStream.CLASS_COVERAGE)
    real = np.concatenate([points[r] for r in roles])
    real_codes = np.concatenate([codes(samples, r)[rows[r]] for r in roles])
    other_codes = codes(samples, role)[rows[role]]
    for code in range(len(samples.classes)):
        one = rng.permutation(np.flatnonzero(real_codes == code))[:CLASS_IMAGES]
        expected = min(len(one), round((real_codes == code).mean() * len(other_codes)))
        if min(len(one), expected) < LEAST_CLASS_IMAGES:
            continue
        two = rng.permutation(np.flatnonzero(other_codes == code))[:expected]
        covered = _reached(real[one], points[role][two])
        usual = float(chance.covered(len(one), expected, CLASS_NEIGHBOUR))
        error = 1.5 * np.sqrt(usual * (1 - usual) * (1 / len(one) + 1 / expected))
        by_chance = chance.deviations(len(samples.classes)) * error / usual
        counted = f"Of {len(one):,} real images of {name(samples, code)}, {covered:,} have a synthetic one near them"
        said = f"{counted}; of as many real images, {usual * len(one):,.0f} would."
        yield Counted(name(samples, code), max(0.0, 1 - covered / len(one) / usual), float(by_chance), said)


def _reached(real: np.ndarray, others: np.ndarray) -> int:
    """Points with another one as near as their CLASS_NEIGHBOUR-th own neighbour."""
    if not len(others):
        return 0
    one, two = (torch.from_numpy(x.astype(np.float32)) for x in (real, others))
    radius = neighbours.nearest(one, one, CLASS_NEIGHBOUR, same=True)[0][:, -1]
    return int((neighbours.nearest(one, two, 1)[0][:, 0] <= radius).sum())


def _repeated(samples: ImageSamples, role: str, seed: int) -> list[Counted]:
    """How many images of each class have another one of it too near, in any view."""
    real, other = _side(samples, tuple(against(samples, role)), seed), _side(samples, (role,), seed)
    sizes = {code: min(int((side[1] == code).sum()) for side in (real, other)) for code in np.unique(real[1])}
    sizes = {code: size for code, size in sizes.items() if size > LEAST_OTHERS}
    usual, found = (_own_nearest(side, sizes) for side in (real, other))
    return [_near(samples, code, usual[real[1] == code], found[other[1] == code], len(sizes)) for code in sizes]


@once
def _side(samples: ImageSamples, roles: tuple[str, ...], seed: int) -> Side:
    """At most SEARCHED_IMAGES images of roles together, in a random order, with their codes; 0 for those without."""
    rows = [(role, samples.rows(role, SEARCHED_IMAGES, seed)) for role in roles]
    pixels = np.concatenate([samples.take(role, chosen, seed) for role, chosen in rows])
    labels = [codes(samples, role)[chosen] for role, chosen in rows] if len(samples.classes) else []
    order = generator(seed, RandomStream.IMAGES_SEARCHED).permutation(len(pixels))[:SEARCHED_IMAGES]
    return pixels[order], np.concatenate([*labels, np.zeros(0 if labels else len(pixels), np.int64)])[order]


def _own_nearest(side: Side, sizes: dict[int, int]) -> np.ndarray:
    """Distance of each image to the nearest of so many others of its class, in any view: float64 [n]."""
    pixels, labels = side
    among = np.concatenate(
        [np.flatnonzero(labels == code)[:size] for code, size in sizes.items()] or [np.zeros(0, int)]
    )
    if not len(among):
        return np.zeros(len(pixels))
    allowed = (labels[:, None] == labels[among]) & (np.arange(len(labels))[:, None] != among)
    return nearness.nearest(pixels, pixels[among], allowed)


def _near(samples: ImageSamples, code: int, usual: np.ndarray, found: np.ndarray, parts: int) -> Counted:
    """Images come in pairs that are each other's nearest: chance is what half as many independent ones reach."""
    radius = np.quantile(usual, USUAL_QUANTILE, method="lower")
    within, hits = int((usual <= radius).sum()), int((found <= radius).sum())
    half, near, rest = max(1, len(found) // 2), (within + 1) // 2, max(1, (len(usual) - within + 1) // 2)
    most = betabinom.isf(1 / (chance.ONCE_IN * parts), half, near, rest) / half
    part = name(samples, code) if len(samples.classes) else ALL
    counted = f"{hits:,} of {len(found):,} synthetic images of {part} have another one nearer than usual".replace(
        f" of {ALL}", ""
    )
    return Counted(
        part, hits / len(found), float(min(1.0, most)), f"{counted}; {within:,} of {len(usual):,} real ones have."
    )
