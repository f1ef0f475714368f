"""Copies in disguise are found among training and held-out images, fresh ones are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluation
from evaluation import calibration
from evaluation.calibration import population
from evaluation.image import equality, nearness, samples
from evaluation.report import Report
from pipelines.config.rules import IMAGE_RULES
from pipelines.release import gate

NAMES = "image.equal", "image.copies", "image.copies_of_holdout"
DISGUISED = (
    "tenth_moved_by_a_pixel",
    "turned_by_a_quarter",
    "fifth_with_lower_contrast",
    "cropped",
    "corner_cropped",
    "fifth_noisy",
    "corner_covered",
    "middle_covered",
    "half_exchanged",
    "middle_exchanged",
    "rows_interlaced",
)


@pytest.fixture(scope="module")
def digits():
    return population.digits((300, 150, 150))


def broken(case):
    """The rules about copies that a case breaks."""
    made = samples.make(case.train, case.holdout, case.synthetic)
    report = Report({name: evaluation.load(name)(made) for name in NAMES}, {}, {}, 0)
    rules = {name: IMAGE_RULES[name] for name in NAMES}
    return {reason["score"] for reason in gate.decide(report, rules, "d" * 64).reasons if not reason["passed"]}


@pytest.mark.parametrize("kind", DISGUISED)
def test_copies_in_disguise_are_found(digits, kind):
    flawed = calibration.load(f"images.{kind}")(digits, np.random.default_rng(1))
    assert "image.copies" in broken(flawed) <= {"image.copies", "image.equal"}


def test_copies_of_held_out_images_are_found_on_their_side_alone(digits):
    flawed = calibration.load("images.holdout_copied")(digits, np.random.default_rng(1))
    assert broken(flawed) == {"image.equal", "image.copies_of_holdout"}


@pytest.mark.parametrize("kind", ["hundredth_moved_by_a_pixel", "hundredth_mirrored_and_inverted"])
def test_a_single_image_is_known_to_be_equal_however_it_is_moved_mirrored_or_inverted(digits, kind):
    assert broken(calibration.load(f"images.{kind}")(digits, np.random.default_rng(1))) == {"image.equal"}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    size=st.tuples(*[st.integers(6, 20)] * 2, st.sampled_from([1, 3])),
    move=st.tuples(*[st.integers(-1, 1)] * 2),
    mirrored=st.booleans(),
    quarters=st.sampled_from([0, 2]),
    inverted=st.booleans(),
)
def test_the_middle_of_a_moved_image_is_seen_in_it_and_in_no_other(size, move, mirrored, quarters, inverted):
    images = np.random.default_rng(0).integers(0, 256, (4, *size), np.uint8)
    other = np.roll(np.rot90(images[:, ::-1] if mirrored else images, quarters, (1, 2)), move, (1, 2))
    middles, seen = equality.middle(255 - other if inverted else other), equality.seen(images)
    assert np.array_equal((middles[:, None, None] == seen[None]).any(2), np.eye(4, dtype=bool))


@pytest.mark.parametrize("sizes", [(300, 200, 250), (140, 35, 140), (300, 300, 60), (100, 60, 900)])
def test_fresh_images_are_no_copies_whatever_the_sizes(sizes):
    assert broken(population.digits(sizes, seed=3)) == set()


def test_an_image_is_found_again_however_it_is_seen(digits):
    images = digits.train[0]
    moved = np.roll(images, 1, axis=2)  # the edge that comes in on the other side is not compared
    seen = (moved, images[:, ::-1], np.rot90(images, 1, (1, 2)), 255 - images, 20 + images // 2, images[:, :, ::-1])
    for disguised in seen:
        assert np.quantile(nearness.crowding(disguised[:50], images), 0.95) < 0.2
    assert np.median(nearness.crowding(digits.holdout[0][:50], images)) > 0.4


def test_blank_images_are_alike_and_divide_nothing_by_zero():
    blank = np.full((60, 9, 7, 3), 200, np.uint8)
    assert nearness.crowding(blank, blank) == pytest.approx(0) and np.isfinite(nearness.crowding(blank, blank)).all()
