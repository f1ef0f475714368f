"""Membership attacks treat both groups alike, find what is leaked of images, and know who is a member."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import evaluation
from evaluation import privacy, samples
from evaluation.attacks import blocks, matching, membership_scores
from evaluation.attacks.attacker import Attacker
from evaluation.image import privacy as image_privacy
from evaluation.image import samples as image_samples
from evaluation.measures import intervals, neighbours
from evaluation.measures.neighbours import Group
from evaluation.measures.once import once
from evaluation.models import learners
from evaluation.scores import EvaluationError
from pipelines.config import rules
from pipelines.release import gate
from tests.evaluation.tables import mixed, raw

ATTACKS = (
    *(getattr(membership_scores, name) for name in ("distance", "calibrated_distance", "density_ratio")),
    membership_scores.local_likelihood,
    matching.matching_values,
    matching.near_values,
    matching.values_within_a_deviation,
)


def attacker(members=150, non_members=150, released=200):
    frames = mixed(members, 0), mixed(non_members, 1), mixed(released, 2)
    groups = [
        Group(role, np.arange(len(f)))
        for role, f in zip(("synthetic", "train", "holdout"), (frames[2], *frames[:2]), strict=True)
    ]
    return Attacker(samples.make(*frames), *groups, 0)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_attack_says_of_a_row_does_not_hang_on_who_is_a_member(attack):
    """Were the two real tables to change places, every row would score the same: halves go by place, and the rows of
    both tables are in the same half.
    """
    one, other, released = mixed(120, 0), mixed(120, 1), mixed(90, 2)
    found = []
    for train, holdout in ((one, other), (other, one)):
        made = samples.make(train, holdout, released)
        groups = (Group(role, np.arange(made.size(role))) for role in ("synthetic", "train", "holdout"))
        both = Halved(made, *groups, 0)
        found.append([attack(both, group) for group in both.candidates])
    assert all(np.allclose(a, b) for a, b in zip(found[0], reversed(found[1]), strict=True))
    assert any(np.ptp(scores) > 0 for scores in found[0])


class Halved(Attacker):
    """Every other row in one half."""

    def halves(self):
        return np.arange(len(self.members) + len(self.non_members)) % 2


def test_a_block_of_columns_says_the_same_of_a_row_whoever_is_a_member():
    one, other, released = mixed(60, 0), mixed(60, 1), mixed(50, 2)
    found = []
    for train, holdout in ((one, other), (other, one)):
        made = samples.make(train, holdout, released)
        groups = (Group(role, np.arange(made.size(role))) for role in ("synthetic", "train", "holdout"))
        found.append(blocks.scores(Attacker(made, *groups, 0)))
    for name, values in found[0][0].items():
        assert np.allclose(values, found[1][1][name], atol=1e-5), name


def test_the_smaller_group_is_not_searched_for_among_more_rows(monkeypatch):
    """Of independent tables, the values that a row shares with its best match say nothing, however unequal the
    groups are.
    """
    one = attacker(members=1000, non_members=60, released=3000)
    monkeypatch.setattr(matching, "COMPARISONS", 1000 * 10 * 200)
    scores = [matching.matching_values(one, group) for group in (one.members, one.non_members)]
    assert intervals.auc(*scores) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("group", ["members", "non_members"])
def test_every_candidate_is_compared_with_all_others(group):
    one = attacker(members=40, non_members=30)
    own, (distances, places) = one.places(getattr(one, group)), one.usual(getattr(one, group), 100)
    assert all(sorted([mine, *row]) == list(range(70)) for mine, row in zip(own, places, strict=True))
    assert (np.diff(distances, axis=1) >= 0).all()


def test_rows_that_the_generator_held_back_are_no_members():
    train, holdout, released = mixed(200, 0), mixed(200, 1), mixed(200, 2)
    learnt = np.arange(200) < 150
    score = privacy.membership(samples.make(train, holdout, released, members=learnt))
    assert score.detail["members"] == 150 and "50 training rows that the generator held back" in score.note
    made = samples.make(train, holdout, released, members=learnt)
    assert made.member_rows(1000, 3).tolist() == list(range(150))
    unknown = privacy.membership(samples.make(train, holdout, released))
    assert unknown.detail["members"] == 200 and "not known: all count as members" in unknown.note
    with pytest.raises(EvaluationError, match="one bool for each of the 200"):
        samples.make(train, holdout, released, members=learnt[:100])


def test_a_copy_of_the_rows_learnt_from_is_wholly_recognised_where_it_is_known_which_they_are():
    """Validation rows that count as members hide a quarter of the leak."""
    train, holdout, learnt = mixed(400, 0), mixed(400, 1), np.arange(400) < 300
    copy = train[:300].reset_index(drop=True)
    rates = [
        privacy.membership(samples.make(train, holdout, copy, members=m)).detail["tpr_at_0.1"] for m in (learnt, None)
    ]
    assert rates[0] > 0.98 and rates[1] < 0.82


def test_what_is_computed_once_belongs_to_its_samples_and_its_function():
    calls = []

    @once
    def one(given: samples.Samples, k: int) -> int:
        calls.append(k)
        return k

    @once
    def other(given: samples.Samples, k: int) -> str:
        return f"{k}"

    first, second = (samples.make(mixed(30), None, mixed(30)) for _ in range(2))
    assert [one(first, 1), one(first, 1), one(first, 2), one(second, 1)] == [1, 1, 2, 1] and calls == [1, 2, 1]
    assert other(first, 1) == "1"
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


DIGITS, LABELS = (load_digits().images[..., None] * 255 / 16).round().astype(np.uint8), load_digits().target
SIZES = 100, 800, 897  # training, held out, released
RULES = {name: rules.IMAGE_RULES[name] for name in ("image.membership",)}


def moved(pixels, rng):
    """Each image one pixel away in one of eight directions."""
    steps = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]
    return np.stack([np.roll(image, steps[rng.integers(8)], (0, 1)) for image in pixels])


def noisy(pixels, rng):
    return (pixels + rng.normal(0, 16, pixels.shape)).round().clip(0, 255).astype(np.uint8)


def refused(change, share, seed=0):
    """Which rules refuse a release in which a share of the images are changed training images."""
    rng = np.random.default_rng(seed)
    train, held, released = np.split(rng.permutation(len(DIGITS))[: sum(SIZES)], np.cumsum(SIZES)[:-1])
    drawn, count = DIGITS[released].copy(), round(share * len(released))
    drawn[:count] = change(DIGITS[rng.choice(train, count, replace=count > len(train))], rng)
    sides = (DIGITS[train], LABELS[train]), (DIGITS[held], LABELS[held]), (drawn, LABELS[released])
    report = evaluation.score_images(*sides, features=raw, names=list(RULES), seed=seed)
    return [reason["score"] for reason in gate.decide(report, RULES, "0" * 64).reasons if not reason["passed"]]


@pytest.mark.parametrize(("change", "share"), [(moved, 0.02), (moved, 0.2), (noisy, 0.01), (noisy, 0.2)])
def test_a_share_of_moved_or_noisy_training_images_is_found(change, share):
    assert "image.membership" in refused(change, share)


def test_fresh_images_are_not_refused():
    assert refused(noisy, 0.0) == []


def test_images_are_attacked_at_their_own_distances():
    """Components keep the distances of what they project; ranks of components would not."""
    made = image_samples.make(
        *((DIGITS[part], None) for part in (slice(150), slice(150, 300), slice(300, 450))), features=raw
    )
    table = image_privacy.table(made, 0)
    points = neighbours.points(table, "train", np.arange(150)).numpy()
    assert np.array_equal(points, table.train.to_numpy(np.float32))
    true = np.linalg.norm(raw(DIGITS[:150])[:, None] - raw(DIGITS[:150])[None], axis=2)
    found = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert np.corrcoef(true.ravel(), found.ravel())[0, 1] > 0.98


def test_authenticity_does_not_depend_on_the_order_of_the_training_images(monkeypatch):
    monkeypatch.setattr(image_privacy, "SEARCHED", 120)
    order = np.argsort(LABELS[:900], kind="stable")
    found = [
        image_privacy.authenticity(
            image_samples.make((DIGITS[rows], None), None, (DIGITS[900:1500], None), features=raw)
        ).value
        for rows in (order, np.random.default_rng(0).permutation(900))
    ]
    assert found[0] == pytest.approx(found[1], abs=0.12)


def test_what_trees_read_of_a_label_does_not_tell_which_real_rows_have_it():
    one, two, drawn = (pd.DataFrame({"name": [f"{part} {n}" for n in range(150)]}) for part in ("a", "b", "c"))
    dealt = [samples.make(*real, drawn, kinds={"name": "categorical"}) for real in ((one, two), (two, one))]
    read = [learners.features(s, pd.concat([s.table("train"), s.table("holdout")]), ("name",)) for s in dealt]
    assert np.array_equal(read[0], np.roll(read[1], len(one), axis=0))
