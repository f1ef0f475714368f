"""The three collections of images a metric compares, and what metrics share: features, shuffled pixels, judges
trained on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from launderette.evaluation.measures.once import once
from launderette.evaluation.models import label_network
from launderette.evaluation.models.features import Features, imagenet
from launderette.evaluation.scores import EvaluationError
from launderette.evaluation.sides import Sides, checked
from launderette.evaluation.streams import RandomStream, generator

FEATURE_IMAGES = 3000  # images of each collection in feature space
LEAST_IMAGES = 20  # images of each collection
ROLES = "train", "holdout", "synthetic"


@dataclass(frozen=True, eq=False)
class ImageSamples(Sides):
    """Pixels uint8 [N, H, W, C] and label codes [N] (empty where there are no labels) by role; -1 is a label training
    lacks.

    `loss` maps a role and image numbers to one loss per image and opens the white-box attack.
    """

    pixels: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    classes: np.ndarray
    features: Features = imagenet
    loss: Callable[[str, np.ndarray], np.ndarray] | None = None
    members: np.ndarray | None = None

    def size(self, role: str) -> int:
        """Number of images of a role; 0 for an absent holdout."""
        return len(self.pixels.get(role, ()))

    def equal(self, limit: int = FEATURE_IMAGES) -> int:
        """Images that every collection has, at most `limit`; a holdout of under 100 is not waited for."""
        sizes = [self.size(role) for role in ROLES if role != "holdout" or self.size(role) >= 100]
        return min([limit, *sizes])

    def taught(self, limit: int) -> int:
        """Images that a network may be trained on, as many synthetic as real ones."""
        return min(limit, self.size("train"), self.size("synthetic"))

    def take(self, role: str, rows: np.ndarray, seed: int = 0) -> np.ndarray:
        """Pixels of image numbers; "shuffled" permutes every pixel among the training images on its own."""
        if role != "shuffled":
            return np.array(self.pixels[role][rows])
        flat = np.array(self.pixels["train"][rows]).reshape(len(rows), -1)
        shuffled = generator(seed, RandomStream.SHUFFLED_PIXELS).permuted(flat, axis=0)
        return shuffled.reshape(len(rows), *self.pixels["train"].shape[1:])

    def seen(self, role: str, count: int, seed: int) -> torch.Tensor:
        """Features of `count` images of a role, in units of the training features' deviation: float32 [count, d]."""
        return _seen(self, role, count, seed)

    def featured(self, role: str, rows: np.ndarray, seed: int) -> np.ndarray:
        """Features of image numbers of a role, float32 [n, d]; each image is looked at once."""
        if role == "shuffled":
            return self.features(self.take(role, rows, seed)).astype(np.float32)
        known = _known(self, role)
        new = np.array([row for row in rows.tolist() if row not in known], np.int64)
        if len(new):
            known.update(zip(new.tolist(), self.features(self.take(role, new)).astype(np.float32), strict=True))
        return np.stack([known[row] for row in rows.tolist()])

    def judge(self, role: str, count: int, seed: int) -> label_network.Judge:
        """A network that tells labels, trained on `count` images of a role."""
        return _judge(self, role, count, seed)


@once
def _known(samples: ImageSamples, role: str) -> dict[int, np.ndarray]:
    """Features by image number, as far as they are known."""
    return {}


@once
def _features(samples: ImageSamples, role: str, count: int, seed: int) -> np.ndarray:
    return samples.featured(role, samples.rows(role, count, seed), seed)


@once
def _seen(samples: ImageSamples, role: str, count: int, seed: int) -> torch.Tensor:
    unit = float(_features(samples, "train", count, seed).std())
    return torch.from_numpy(_features(samples, role, count, seed) / (unit or 1.0))


@once
def _judge(samples: ImageSamples, role: str, count: int, seed: int) -> label_network.Judge:
    rows = samples.rows(role, count, seed)
    labels = samples.labels["train" if role == "shuffled" else role][rows]
    known = labels >= 0
    return label_network.train(samples.take(role, rows, seed)[known], labels[known], len(samples.classes), seed)


def make(
    train: Any, holdout: Any, synthetic: Any, *, features: Features = imagenet, loss: Any = None, members: Any = None
) -> ImageSamples:
    """Check that (pixels, labels) pairs can be compared; labels are None where there are none, the holdout None
    where absent.
    """
    given = {
        role: pair
        for role, pair in zip(ROLES, (train, holdout, synthetic), strict=True)
        if pair is not None and len(pair[0])
    }
    for role in ("train", "synthetic"):
        if role not in given or len(given[role][0]) < LEAST_IMAGES:
            found = len(given[role][0]) if role in given else 0
            wanted = f"expected at least {LEAST_IMAGES} images in the {role} collection"
            raise EvaluationError(f"{wanted}, found {found}; give more")
    shapes = {role: pixels.shape[1:] for role, (pixels, _) in given.items()}
    if len(set(shapes.values())) > 1 or any(pixels.dtype != np.uint8 for pixels, _ in given.values()):
        sizes = ", ".join(f"{' x '.join(map(str, shape))} ({role})" for role, shape in shapes.items())
        raise EvaluationError(
            f"expected uint8 images of one size and number of channels, found {sizes}; convert them alike"
        )
    if len({labels is None for _, labels in given.values()}) > 1:
        raise EvaluationError("expected labels for all collections or for none, found them for some; add or drop them")
    pixels = {role: shown for role, (shown, _) in given.items()}
    classes = np.zeros(0) if train[1] is None else np.unique(train[1].astype(str))
    labels = {
        role: np.zeros(0, np.int64) if train[1] is None else _codes(y.astype(str), classes)
        for role, (_, y) in given.items()
    }
    return ImageSamples(pixels, labels, classes, features, loss, checked(members, len(train[0])))


def _codes(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    place = np.clip(np.searchsorted(classes, labels), 0, len(classes) - 1)
    return np.where(classes[place] == labels, place, -1)
