"""Augmentation of images: exact numbers, a planted duplicate, what is written and read back, and a cross-validation
that continues.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch.utils.data import DataLoader

from evaluation.augmentation import resampling
from evaluation.augmentation.cross_validation import cross_validate
from evaluation.augmentation.resampling import Resampled, row_hashes
from evaluation.models import image_classifiers
from evaluation.scores import EvaluationError
from generators import Budget
from pipelines import config
from pipelines.augment import datasets, image_rows, oversampling
from pipelines.augment import steps as augmenting
from pipelines.augment.oversampling import Recipe
from pipelines.config.augmentation import Augmentation
from pipelines.image_sources import decoding
from pipelines.modalities import image as images
from pipelines.run.artifacts import LaunderError, read_json
from tests import runs
from tests.generators.pictures import bars, direction

MADE = bars(60, seed=4)
FEW = Recipe("image.autoencoder", budget=Budget(steps=30), filter=False)
KINDS = {"image": "categorical", "label": "categorical"}


def rows(made=MADE):
    return pd.DataFrame({"image": list(made.pixels), "label": made.labels})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(image_classifiers, "NETWORK_UPDATES", 20)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "bars"
    for n, (pixels, label) in enumerate(zip(MADE.pixels, MADE.labels, strict=True)):
        path = folder / label / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(decoding.encode(pixels))
    return folder


def begun(source, output, *settings):
    base = ["generator.name=image.autoencoder", "budget.steps=30", "augment={folds: 2, weight: 0.5, times: 1}"]
    loaded = config.load(str(source), [*base, *settings], output)
    return runs.doing(loaded), loaded, runs.ingested(loaded)


def test_exact_numbers_of_each_label_and_the_filter_keeps_what_looks_right():
    learned = oversampling.learn(rows(), "label", Recipe("image.autoencoder", budget=Budget(steps=100)))
    for filters in ((), learned.filters):
        drawn = oversampling.draw(replace(learned, filters=filters), {"h": 30, "v": 12}, seed=1).rows
        assert drawn["label"].value_counts().to_dict() == {"h": 30, "v": 12} and drawn["image"].iloc[0].shape == (
            8,
            8,
            1,
        )
    assert np.mean(direction(np.stack(list(drawn["image"]))) == drawn["label"]) > 0.8
    assert len(learned.filters) == 2 and sorted(learned.seen) == sorted(row_hashes(rows()))


def test_a_planted_duplicate_image_stops_the_cross_validation_even_under_another_label():
    whole = rows()

    def leaky(train, *, target, kinds, groups, seed):
        held = whole[~np.isin(row_hashes(whole), row_hashes(train))].iloc[:1].assign(label="other")
        return {"leaky": Resampled(train, row_hashes(pd.concat([train, held])))}

    given = {
        "folds": 2,
        "repeats": 1,
        "learners": image_classifiers.learners(2),
        "baselines": {"none": resampling.none},
    }
    honest = augmenting.strategy("made", FEW, Augmentation(times=1), KINDS)
    assert cross_validate(whole, "label", {"made": honest}, **given).candidates == ("made",)
    with pytest.raises(EvaluationError, match="'leaky' was fitted to, found 1;"):
        cross_validate(whole, "label", {"leaky": leaky}, **given)


def test_no_patient_is_learned_from_and_tested_by(tmp_path, monkeypatch):
    owners, learned, learn = np.arange(60) // 3, [], oversampling.learn
    for n, pixels in enumerate(MADE.pixels):
        path = tmp_path / "scans" / f"{n:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(decoding.encode(pixels))
    table = pd.DataFrame({"file_name": [f"{n:02d}.png" for n in range(60)], "label": MADE.labels, "patient": owners})
    table.to_csv(tmp_path / "scans" / "metadata.csv", index=False)
    do, _, asked = begun(
        tmp_path / "scans", tmp_path / "out", "split.entity=patient", "augment.filter=false", "budget.steps=2"
    )
    owner_of = dict(zip(row_hashes(rows()), owners, strict=True))

    def recorded(shown, *words, **how):
        own = [owner_of[image] for image in row_hashes(shown)]
        learned.append((set(own), learn(shown, *words, **how)))
        held = learned[-1][1].model.record["validation_rows"]
        assert held and not set(np.take(own, held)) & set(np.delete(own, held))
        return learned[-1][1]

    monkeypatch.setattr(oversampling, "learn", recorded)
    do(augmenting.cross_validate, **asked)
    (first, _), (second, _) = learned
    assert not first & second and first | second == set(owners)


def test_baselines_of_images():
    train = rows(bars(40, seed=1)).iloc[:30]
    ways = {name: way(train, target="label", kinds=KINDS, seed=0)[name] for name, way in resampling.OF_IMAGES.items()}
    most = train["label"].value_counts().max()
    for name, times in (("random oversampling", 1), ("SMOTE on pixels", 1), ("moved copies", resampling.COPIES_FACTOR)):
        assert set(ways[name].rows["label"].value_counts()) == {times * most}
        added = np.stack(list(ways[name].rows["image"].iloc[30:]))
        assert (
            added.dtype == np.uint8
            and added.shape[1:] == (8, 8, 1)
            and np.isin(row_hashes(train), ways[name].seen).all()
        )
    step = np.zeros((8, 8, 1), np.uint8)
    step[:, 4:] = 9
    widths = {int((resampling._moved(step, np.random.default_rng(k))[0, :, 0] == 9).sum()) for k in range(20)}
    assert widths == {3, 4, 5}  # an eighth of eight pixels is one


def test_weights_count_and_large_images_are_halved():
    made = bars(80, seed=2, height=40, width=40)
    frame, codes = rows(made), (made.labels == "v").astype("int64")
    wrong = np.concatenate([codes, 1 - codes])  # every image again, with the wrong label and hardly any weight
    weight = np.repeat([1.0, 0.01], len(codes))
    for name, learner in image_classifiers.learners(2).items():
        p = learner(pd.concat([frame, frame]), wrong, weight=weight, seed=0)(frame)
        assert p.shape == (80, 2) and np.mean(p.argmax(1) == codes) > 0.9, name
    assert image_classifiers._pixels(frame, 16).shape == (80, 10, 10, 1)


@pytest.mark.parametrize("format", ["parquet", "folder"])
def test_the_steps_leave_images_with_marks_below_work_that_a_training_loop_reads(source, tmp_path, format):
    do, loaded, given = begun(source, tmp_path, f"publish.format={format}", "augment.repeats=0")
    enlarged = do(augmenting.enlarge, **given)
    again = runs.doing(loaded, remade := [])(augmenting.enlarge, **given)
    assert again == enlarged and remade == [] and "/work/" in enlarged["data"]["path"]
    most = pd.Series(MADE.labels).value_counts().max()
    assert enlarged["synthetic"] == 2 * most - 60 and enlarged["data"]["rows"] == 2 * most
    found, coding = datasets.of_augmented(enlarged["data"]["path"], "label")
    assert coding.classes == ["h", "v"] and coding.numbers == coding.labels == {}
    batch = next(iter(DataLoader(found, batch_size=len(found))))
    assert batch["image"].shape == (2 * most, 1, 8, 8) and batch["image"].dtype.is_floating_point is False
    assert batch["target"].bincount().tolist() == [most, most]
    assert batch["is_synthetic"].sum() == 2 * most - 60 and set(batch["weight"][batch["is_synthetic"]].tolist()) == {
        0.5
    }
    real = batch["image"][~batch["is_synthetic"]].numpy().transpose(0, 2, 3, 1)
    assert sorted(x.tobytes() for x in real) == sorted(x.tobytes() for x in MADE.pixels)


def test_a_stream_of_images():
    model = oversampling.learn(rows(), "label", FEW).model
    items = list(datasets.Stream(model, datasets.Coding.fit(rows(), "label"), rows=5, where={"label": "v"}))
    assert len(items) == 5 and all(
        item["image"].shape == (1, 8, 8) and item["target"] == 1 and item["is_synthetic"] for item in items
    )


def test_a_killed_cross_validation_continues_and_ends_in_the_same_numbers(source, tmp_path, monkeypatch):
    monkeypatch.setattr(image_classifiers, "NETWORK_UPDATES", 2)
    do, _, given = begun(source, tmp_path / "a")
    whole = read_json(do(augmenting.cross_validate, **given)["cross_validation"]["path"])
    do, _, given = begun(source, tmp_path / "b")

    def killed(status):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        do(augmenting.cross_validate, **given, progress=killed)
    assert [path.name for path in tmp_path.glob("b/work/cross_validate-*/folds/*")] == ["0000.json"]
    asked = []
    monkeypatch.setattr(
        oversampling, "learn", lambda *a, learn=oversampling.learn, **k: asked.append(k) or learn(*a, **k)
    )
    validated = do(augmenting.cross_validate, **given)
    again = read_json(validated["cross_validation"]["path"])
    assert len(asked) == 1 and again["gains"] == whole["gains"] and again["unit"] == "image"
    reported = do(augmenting.report, cross_validation=validated["cross_validation"])["report"]["path"]
    page = Path(reported, "augmentation.html").read_text()
    assert "images added" in page and "moved copies" in page and validated["verdicts"][0] in page


def test_test_images_among_the_training_images_are_refused(source, tmp_path):
    test = tmp_path / "test"
    test.mkdir()
    # as a colour image, and no label
    (test / "again.png").write_bytes(decoding.encode(np.repeat(MADE.pixels[7], 3, axis=2)))
    (test / "other.png").write_bytes(decoding.encode(np.repeat(255 - MADE.pixels[8], 3, axis=2)))
    do, _, given = begun(source, tmp_path / "out", f"augment.test={test}", "augment.repeats=0")
    with pytest.raises(LaunderError, match="no test row among the training rows, found 1 that are equal"):
        do(augmenting.cross_validate, **given)


def test_images_without_labels_are_refused_before_any_is_decoded(source, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for n in range(3):
        (flat / f"{n}.png").write_bytes(decoding.encode(MADE.pixels[n]))
    with pytest.raises(LaunderError, match="expected images with labels to augment by, found none"):
        image_rows.inspect(config.load(str(flat)))
    assert images.look(config.load(str(source))) and image_rows.inspect(config.load(str(source))) is None
