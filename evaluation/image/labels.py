"""Images: do the labels fit them, class by class? Judged by classifiers of real images that those have not seen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from launderette.evaluation import chance
from launderette.evaluation.chance import Counted
from launderette.evaluation.image import classes, coordinates
from launderette.evaluation.image.quality import TAUGHT, obstacle, untested
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures.once import once
from launderette.evaluation.scores import Score, unknown
from launderette.evaluation.streams import RandomStream, generator

LABEL_FOLDS = 5
EVERY = "all classes"


def class_agreement(samples: ImageSamples, *, seed: int = 0) -> Score:
    """1 - share of synthetic images whose label a classifier of real ones doubts, of the worst class beyond chance;
    in [0, 1], higher better.

    Logistic regression on principal components of features and pixels, cross-fitted on training images: each real
    image is judged by a fit that has not seen it, each synthetic one by one of the fits. Counted both ways: images of
    a label that look like another, and images that look like a class and have another label.
    """
    if absent := obstacle(samples):
        return unknown(*absent)
    return chance.of_worst_class(samples, lambda role: list(_doubted(samples, role, seed)), True)


def _doubted(samples: ImageSamples, role: str, seed: int) -> Iterator[Counted]:
    """Images whose label and looks differ: of all, of each label and of each class that they look like."""
    given, seen = _judged(samples, role, seed)
    sides = [_judged(samples, real, seed) for real in classes.against(samples, role)]
    real_given, real_seen = (np.concatenate(part) for part in zip(*sides, strict=True))
    parts, said = 1 + 2 * len(samples.classes), "look like another class"
    yield _missed(EVERY, given != seen, real_given != real_seen, parts, said)
    for code in range(len(samples.classes)):
        for labels, real, words in (
            (given, real_given, said),
            (seen, real_seen, "look like it but have another label"),
        ):
            one, two = labels == code, real == code
            if one.any() and two.any():
                yield _missed(
                    classes.name(samples, code), (given != seen)[one], (real_given != real_seen)[two], parts, words
                )


def _missed(part: str, wrong: np.ndarray, usual: np.ndarray, parts: int, words: str) -> Counted:
    most = chance.most(int(usual.sum()), len(usual), len(wrong), parts)
    counts = f"{wrong.sum():,} of {len(wrong):,} synthetic images of {part} {words}"
    return Counted(part, float(wrong.mean()), most, f"{counts}; {usual.sum():,} of {len(usual):,} real ones do.")


@once
def _judged(samples: ImageSamples, role: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Label codes of images of a role, and the class that each looks like to a fit that has not seen it."""
    rows, points = coordinates.of_roles(samples, seed)
    folds = generator(seed, RandomStream.LABEL_FOLDS_JUDGED).integers(0, LABEL_FOLDS, len(rows[role]))
    fits, seen = _fits(samples, seed), np.zeros(len(folds), np.int64)
    if role == "train":
        folds = _folds(len(rows["train"]), seed)
    for fold in np.unique(folds):
        seen[folds == fold] = fits[fold].predict(points[role][folds == fold])
    return classes.codes(samples, role)[rows[role]], seen


def _folds(count: int, seed: int) -> np.ndarray:
    return generator(seed, RandomStream.LABEL_FOLDS_FITTED).permutation(count) % LABEL_FOLDS


@once
def _fits(samples: ImageSamples, seed: int) -> list:
    """A classifier for each fold of the training images, fitted to all others."""
    rows, points = coordinates.of_roles(samples, seed)
    labels, folds, fits = samples.labels["train"][rows["train"]], _folds(len(rows["train"]), seed), []
    for fold in range(LABEL_FOLDS):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # good enough to compare images with
            fits.append(model.fit(points["train"][folds != fold], labels[folds != fold]))
    return fits


def class_accuracy(samples: ImageSamples, *, seed: int = 0) -> Score:
    """1 - share of held-out images that a network trained on synthetic ones misjudges, of the worst class beyond what
    one trained on real ones does by chance; in [0, 1], higher better.

    The networks are those of `accuracy`.
    """
    if absent := obstacle(samples) or untested(samples):
        return unknown(*absent)
    size, truth, held = samples.taught(TAUGHT), samples.labels["holdout"], samples.pixels["holdout"]
    wrong = {role: samples.judge(role, size, seed).guess(held) != truth for role in ("synthetic", "train")}
    found = [code for code in range(len(samples.classes)) if (truth == code).any()]
    losses = [
        _misjudged(samples, code, wrong["synthetic"][truth == code], wrong["train"][truth == code], len(found))
        for code in found
    ]
    return chance.counted({"value": losses})


def _misjudged(samples: ImageSamples, code: int, wrong: np.ndarray, usual: np.ndarray, parts: int) -> Counted:
    most = chance.most(int(usual.sum()), len(usual), len(wrong), parts)
    part = classes.name(samples, code)
    counts = (
        f"A network trained on synthetic images misjudges {wrong.sum():,} of {len(wrong):,} held-out images of {part}"
    )
    return Counted(part, float(wrong.mean()), most, f"{counts}; one trained on real images {usual.sum():,}.")
