"""Each class of images counts by itself: one that is missing, repeated or mislabelled is named, an honest one not."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import evaluation
from evaluation import calibration
from evaluation.calibration import population
from evaluation.image import samples
from pipelines.config.rules import IMAGE_RULES
from tests.evaluation.tables import raw

NAMES = "image.class_coverage", "image.distinct", "image.class_agreement"


@pytest.fixture(scope="module")
def digits():
    return population.digits((800, 200, 400))


def scored(case):
    made = samples.make(case.train, case.holdout, case.synthetic, features=raw)
    return {name: evaluation.load(name)(made) for name in NAMES}


def broken(scores):
    return {name for name, score in scores.items() if score.low < IMAGE_RULES[name]["at_least"]}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("class_missing", "image.class_coverage"),
        ("class_of_three_images", "image.distinct"),
        ("one_class_mislabelled", "image.class_agreement"),
        ("labels_wrong", "image.class_agreement"),
    ],
)
def test_the_worst_class_decides(digits, kind, name):
    found = scored(calibration.load(f"images.{kind}")(digits, np.random.default_rng(1)))
    assert name in broken(found)


@pytest.mark.parametrize("sizes", [(800, 200, 400), (140, 35, 140), (200, 200, 60), (100, 60, 900)])
def test_classes_of_fresh_images_lose_nothing_beyond_chance(sizes):
    assert broken(scored(population.digits(sizes, seed=5))) == set()


@dataclass(frozen=True)
class Guesses:
    """A network that takes a share of the images of one class for another, and of all others by chance."""

    truth: np.ndarray
    missed: float
    worse: float  # of the threes

    def guess(self, pixels):
        wrong = np.random.default_rng(2).random(len(self.truth)) < np.where(self.truth == 3, self.worse, self.missed)
        return np.where(wrong, (self.truth + 5) % 10, self.truth)


@pytest.mark.parametrize(
    ("usual", "missed", "worse", "least", "most"),
    [
        (0.05, 0.05, 0.05, 1, 1),  # as networks trained on real images
        (0.05, 0.05, 1.0, 0.4, 0.7),  # one class was not learnt at all
        (0.05, 0.9, 0.9, 0.4, 0.8),  # none was learnt
        (0.9, 0.9, 0.9, 1, 1),  # nor can it be
    ],
)
def test_a_class_that_synthetic_images_do_not_teach_is_what_accuracy_has_lost(
    digits, monkeypatch, usual, missed, worse, least, most
):
    made = samples.make(digits.train, digits.holdout, digits.synthetic, features=raw)
    networks = {"train": (usual, usual), "synthetic": (missed, worse)}
    monkeypatch.setattr(type(made), "judge", lambda self, role, *_: Guesses(digits.holdout[1], *networks[role]))
    found = evaluation.load("image.class_accuracy")(made)
    assert least <= found.value <= most and (found.value < 1) == (found.low < 1)
    if worse == 1:
        hits = int((digits.holdout[1] == 3).sum())
        assert found.low < IMAGE_RULES["image.class_accuracy"]["at_least"]
        assert f"misjudges {hits} of {hits} held-out images of class 3" in found.note


def test_the_worst_class_is_said_in_counts(digits):
    pixels, labels = digits.synthetic
    repeated = np.flatnonzero(labels == 4)
    moved = pixels.copy()
    moved[repeated] = np.roll(pixels[np.resize(repeated[:4], len(repeated))], 1, axis=2)
    found = scored(digits.released(moved, labels))["image.distinct"]
    assert found.note.startswith(f"{len(repeated)} of {len(repeated)} synthetic images of class 4 have another one")


def test_images_without_labels_are_one_class(digits):
    bare = replace(digits, **{r: (getattr(digits, r)[0], None) for r in ("train", "holdout", "synthetic")})
    assert broken({"image.distinct": scored(bare)["image.distinct"]}) == set()
    few = scored(bare.released(np.resize(digits.synthetic[0], (400, 8, 8, 1))[np.arange(400) % 40], None))
    assert few["image.distinct"].value < 0.5 and few["image.class_coverage"].reason == "no_labels"


def test_a_class_of_few_real_images_is_not_named():
    made = population.digits((140, 60, 140))

    def labelled(pair, rare):
        return pair[0], np.where(np.arange(len(pair[1])) < rare, "zebra", np.where(pair[1] % 2, "odd", "even"))

    found = scored(replace(made, train=labelled(made.train, 10), holdout=labelled(made.holdout, 5)))
    assert found["image.class_coverage"].value == 0  # none of the released digits has the name of a class
    assert "a rare class" in found["image.class_coverage"].detail["lost"]
    assert not any("zebra" in str((score.note, score.detail)) for score in found.values())
