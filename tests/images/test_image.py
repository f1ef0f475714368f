"""Metrics of images tell an honest collection from copies, a collapse and shuffled pixels; distances by hand; who
sees what.
"""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

import evaluation
import evaluation.report
from evaluation.image import privacy as image_privacy
from evaluation.image import quality
from evaluation.image import samples as collections
from evaluation.models import efficientnet, features, label_network
from tests.evaluation.tables import raw

SCHEMA = json.loads((Path(evaluation.__file__).parent / "report" / "schema.json").read_text())


def strokes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Soft bars at any place and width, across (label "h") or upright ("v"): uint8 [n, 8, 8, 1] and labels [n]."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["h", "v"], count)
    at, width, slope = rng.uniform(1, 6, count), rng.uniform(0.5, 1.5, count), rng.normal(0, 0.15, count)
    light = rng.uniform(120, 250, count)
    y, x = np.mgrid[:8, :8]
    along, across = np.where(labels[:, None, None] == "h", y, x), np.where(labels[:, None, None] == "h", x, y)
    bar = light[:, None, None] * np.exp(
        -(((along - at[:, None, None] - slope[:, None, None] * (across - 4)) / width[:, None, None]) ** 2)
    )
    return (bar + rng.normal(0, 3, bar.shape)).clip(0, 255).astype(np.uint8)[..., None], labels


TRAIN, HELD, FRESH = strokes(300, 0), strokes(300, 1), strokes(300, 2)
CHEAP = (
    "image.frechet",
    "image.kernel",
    "image.precision",
    "image.density",
    "image.recall",
    "image.coverage",
    "image.vendi",
    "image.copies",
)
KINDS = {
    "honest": FRESH,
    "copy": TRAIN,
    "collapsed": tuple(np.repeat(part[:6], 50, axis=0) for part in FRESH),
    "shuffled": (np.random.default_rng(0).permuted(FRESH[0].reshape(300, -1), axis=0).reshape(300, 8, 8, 1), FRESH[1]),
}


@pytest.fixture(scope="module")
def scores():
    """Scores by kind, from networks that are trained for a fourth of the epochs, which bars need."""
    names = [*CHEAP, "image.authenticity"]
    learning = {
        "honest": ["image.accuracy", "image.agreement", "image.membership", "image.membership_vulnerable"],
        "copy": ["image.accuracy", "image.membership"],
        "shuffled": ["image.accuracy", "image.agreement"],
    }  # slow: each where a test looks at it

    def scored(kind):
        return evaluation.score_images(
            TRAIN, HELD, KINDS[kind], features=raw, names=names + learning.get(kind, [])
        ).scores

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_network, "IMAGES_SHOWN", 3000)
        return {kind: scored(kind) for kind in KINDS}


def test_an_honest_collection_is_as_good_as_held_out_images(scores):
    for name, score in scores["honest"].items():
        assert score.low <= score.value <= score.high, name
        if name != "image.membership_vulnerable":  # of 30 outsiders chance recognises as many as one in three
            assert score.value == pytest.approx(score.ceiling, abs=0.12), name
    assert scores["honest"]["image.kernel"].low < 0.02 and scores["honest"]["image.membership"].value < 0.05


def test_copies_are_named_by_privacy_alone(scores):
    found = scores["copy"]
    assert found["image.coverage"].value == 1 and found["image.accuracy"].value > 0.95
    assert found["image.copies"].value == 1 and found["image.copies"].ceiling < 0.05
    assert found["image.authenticity"].value == 0 and found["image.membership"].detail["tpr_at_0.1_low"] > 0.9


def test_a_collapse_is_named_by_diversity(scores):
    found = scores["collapsed"]
    assert found["image.coverage"].high < 0.5 and found["image.vendi"].high < 0.5 and found["image.recall"].value < 0.2
    assert found["image.precision"].value > 0.8 and found["image.copies"].value < 0.05


def test_shuffled_pixels_are_the_floor(scores):
    found = scores["shuffled"]
    for name in ("image.frechet", "image.precision", "image.coverage"):
        assert found[name].value == pytest.approx(found[name].floor, abs=0.1 * max(1, found[name].floor)), name
    assert found["image.accuracy"].value < 0.8 < found["image.accuracy"].ceiling
    assert found["image.agreement"].value < 0.75


def test_equal_images_are_counted_beside_real_ones_that_repeat():
    some = tuple(np.concatenate([TRAIN[n][:3], HELD[n][90:92], FRESH[n][:95]]) for n in (0, 1))
    # with one of training three equal images
    held = tuple(np.concatenate([TRAIN[n][:1], HELD[n][:99], TRAIN[n][:1]]) for n in (0, 1))
    found = evaluation.score_images(TRAIN, held, some, features=raw, names=["image.equal"]).scores["image.equal"]
    assert found.value == 0.05 and found.ceiling == 2 / 101
    assert found.detail == {"rows": 100, "copies": 5, "of_training": 3, "repeats": 3, "real": 401}


def test_the_frechet_distance_of_two_normals_by_hand():
    a, b = np.random.default_rng(0).normal(size=(2, 40_000, 2))
    b = b * (2, 3) + (1, 0)
    assert quality._frechet(a, b) == pytest.approx(1 + (2 - 1) ** 2 + (3 - 1) ** 2, rel=0.03)
    assert quality._frechet(a, a) == pytest.approx(0, abs=1e-9)


def test_the_kernel_distance_by_hand():
    a, b = torch.tensor([[1.0], [2.0]], dtype=torch.float64), torch.tensor([[0.0], [1.0]] * 20, dtype=torch.float64)
    # k(x, y) = (x y + 1)^3: within a 27; within b, 380 pairs of zeros, 380 of ones, 800 mixed; across (1 + 1 + 8 + 27)
    # / 4
    assert quality._discrepancy(a, b)[0] == pytest.approx(27 + (380 + 380 * 8 + 800) / 1560 - 2 * 37 / 4)


def test_without_labels_or_holdout_the_rest_is_measured():
    names = [*CHEAP, "image.accuracy", "image.membership"]
    bare = evaluation.score_images((TRAIN[0], None), None, (FRESH[0], None), features=raw, names=names)
    assert bare.scores["image.accuracy"].value is None and "no labels" in bare.scores["image.accuracy"].note
    assert bare.scores["image.membership"].value is None and bare.scores["image.coverage"].ceiling is None
    assert bare.scores["image.coverage"].value > 0.9


def test_the_components_of_an_attack_know_members_no_better_than_non_members():
    # in so many dimensions, own components fit own images only
    noise = np.random.default_rng(0).normal(size=(300, 400)).astype(np.float32)
    place = {image.tobytes(): n for n, image in enumerate(TRAIN[0])}

    def unlike(pixels):
        return noise[[place[image.tobytes()] for image in pixels]]

    made = collections.make(
        *((TRAIN[0][part], None) for part in (slice(100), slice(100, 200), slice(200, 300))), features=unlike
    )
    table = image_privacy.table(made, seed=0)
    spread = [float(np.square(side.iloc[:, :32]).sum(1).mean()) for side in (table.train, table.holdout)]
    assert spread[0] == pytest.approx(spread[1], rel=0.1)


def test_the_loss_of_a_model_that_knows_its_images_gives_them_away():
    def loss(role, rows):
        return (role != "train") + np.random.default_rng(3).random(len(rows)) / 2

    name = "image.membership_model"
    found = evaluation.score_images(TRAIN, HELD, FRESH, features=raw, loss=loss, names=[name]).scores[name]
    assert found.detail["tpr_at_0.1_low"] > 0.9 and found.detail["attacks"] == ["loss"]


def test_collections_that_cannot_be_compared_are_one_sentence():
    pixels, labels = FRESH
    for other, words in (
        ((pixels[:, :7], labels), "one size"),
        ((pixels, None), "labels for all"),
        ((pixels[:5], labels[:5]), "least 20"),
    ):
        with pytest.raises(ValueError, match=words):
            collections.make(TRAIN, HELD, other)


def test_outsiders_see_no_training_image_and_no_refused_one(tmp_path):
    report = evaluation.score_images(TRAIN, HELD, FRESH, features=raw, names=["image.frechet", "image.copies"])
    pages = {}
    for passed in (True, False, None):
        verdict = None if passed is None else {"passed": passed, "reasons": []}
        folders = {True: tmp_path / f"public {passed}", False: tmp_path / f"internal {passed}"}
        evaluation.report.write(report, folders[True], internal=folders[False], verdict=verdict)
        for public, folder in folders.items():
            jsonschema.validate(json.loads((folder / "report.json").read_text()), SCHEMA)
            pages[public, passed] = (folder / "report.html").read_text()
    drawn, pairs = (report.charts["grids"][name] for name in ("drawn", "pairs"))
    shown = {case: (drawn in page, pairs in page) for case, page in pages.items()}
    assert shown == {
        (True, True): (True, False),
        (True, False): (False, False),
        (True, None): (False, False),
        (False, True): (True, True),
        (False, False): (True, True),
        (False, None): (True, True),
    }
    assert "a row for each label: h, v" in pages[True, True] and "a row for each" not in pages[True, False]
    assert "300 synthetic images" in pages[True, True] and "shuffled pixels" in pages[True, True]


def test_a_network_learns_labels_whatever_the_size():
    net = label_network.train(*(TRAIN[0], (TRAIN[1] == "v").astype(np.int64)), 2, seed=0)
    assert np.mean(net.guess(HELD[0]) == (HELD[1] == "v")) > 0.97
    colour = np.random.default_rng(0).integers(0, 255, (40, 33, 20, 3), dtype=np.uint8)
    assert label_network.train(colour, np.arange(40) % 3, 3, seed=0, updates=2).guess(colour).shape == (40,)


def test_the_weights_are_those_of_the_file():
    net = efficientnet.load()
    assert sum(p.numel() for p in net.parameters()) == 4_652_008 - 1_281_000  # less the classifier's
    first = net.body[0][0].weight
    assert first.shape == (32, 3, 3, 3) and float(first.detach().std()) > 0.1
    seen = features.imagenet(TRAIN[0][:3])
    assert seen.shape == (3, 1280) and np.isfinite(seen).all() and (seen >= 0).all() and seen.std() > 0.1
    assert np.allclose(features.imagenet(np.repeat(TRAIN[0][:3], 3, axis=3)), seen, atol=1e-3)
