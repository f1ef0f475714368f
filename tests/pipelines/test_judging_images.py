"""`launder score` of images: any source against any other, the flaw found, each error one sentence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.models import features, label_network
from generators import Budget, Images, fit
from pipelines.cli import main
from pipelines.modalities import image as images
from tests.generators.pictures import bars


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Score with pixels in place of the network's features, which take seconds, and a short training of another."""
    monkeypatch.setattr(label_network, "IMAGES_SHOWN", 1500)
    monkeypatch.setattr(features, "imagenet", lambda pixels: np.asarray(pixels, "float32").reshape(len(pixels), -1))
    monkeypatch.chdir(tmp_path)
    made = bars(240, seed=3)
    stored("train", made.take(np.arange(120)))
    np.savez(tmp_path / "holdout.npz", images=made.pixels[120:], labels=made.labels[120:].astype(str))
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n")
    words = ["score", "--train", "train", "--holdout", "holdout.npz", "--output", "report", "--overwrite"]
    return lambda synthetic, *more: main([*words, "--synthetic", synthetic, *more])


def stored(name: str, made: Images) -> str:
    images.write_output(made, Path(name))
    return name


def test_copies_are_refused_and_fresh_images_are_not(score, tmp_path, capsys):
    made = bars(240, seed=3)
    assert score(stored("copies.parquet", made.take(np.arange(120))), "--gate") == 3
    assert "image.copies" in capsys.readouterr().out
    assert json.loads((tmp_path / "report" / "report.json").read_text())["white_box"] is False
    fit(bars(60, seed=3), "image.autoregressive", budget=Budget(steps=2), seed=0).save(tmp_path / "model")
    assert score(stored("fresh.parquet", bars(150, seed=8)), "--model", "model") == 0
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert found["features"]["name"] == "EfficientNet-Lite0"
    assert {s["name"] for s in found["scores"]} >= {"image.copies", "image.accuracy"}
    assert found["white_box"] is True  # a model opens the attack


def test_a_memoriser_of_few_images_and_a_collapse_are_told_apart(score, tmp_path):
    """Of so few images luck may recognise many; copies under noise are caught nevertheless."""

    def refused(made):
        assert score(stored("drawn.parquet", made), "--gate") == 3
        verdict = json.loads((tmp_path / "report" / "report.json").read_text())["verdict"]
        return {reason["score"].partition(".")[2] for reason in verdict["reasons"] if not reason["passed"]}

    train, noise = (
        bars(240, seed=3).take(np.arange(120)),
        np.random.default_rng(0).integers(0, 5, (120, 8, 8, 1), dtype=np.uint8),
    )
    memorised = refused(Images(train.pixels.clip(2) - 2 + noise, train.labels))
    collapsed = refused(bars(120, seed=8).take(np.arange(120) % 3))
    seen = {"membership", "membership_vulnerable"}
    assert seen <= memorised <= {*seen, "membership_low_fpr", "copies"}
    assert {"coverage", "vendi"} <= collapsed and not collapsed & {*seen, "copies"}


@pytest.mark.parametrize(
    ("synthetic", "says"),
    [
        ("table.csv", "images only or a table only, found both"),
        ("nothing.npz", "found nothing there"),
        (lambda: stored("large.parquet", bars(60, height=12)), "one size"),
        (lambda: stored("bare.parquet", Images(bars(60).pixels)), "labels for all collections or for none"),
        (lambda: stored("few.parquet", bars(10)), "at least 20 images"),
    ],
)
def test_errors_are_one_sentence(score, capsys, synthetic, says):
    assert score(synthetic if isinstance(synthetic, str) else synthetic()) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_models_and_networks_that_are_none_of_the_images(score, tmp_path, capsys):
    fit(bars(60, seed=3), "image.gan", budget=Budget(steps=1)).save(tmp_path / "gan")
    fit(pd.DataFrame({"a": range(40), "c": "x"}), budget=Budget(steps=1)).save(tmp_path / "table")
    tables = ["score", "--train", "table.csv", "--synthetic", "table.csv", "--output", "report", "--overwrite"]
    for words, says in (
        (["--model", "gan"], "a family that has none"),
        (["--model", "table"], "a model of images in table, found one of a table"),
        (["--features", "nothing.onnx"], "expected an ONNX file at nothing.onnx, found none"),
    ):
        assert score("train", *words) == 1 and says in capsys.readouterr().err, says
    for words, says in (
        (["--model", "gan"], "a model of a table in gan, found one of images"),
        (["--model", "table"], "found no 'c'"),
        (["--features", "x.onnx"], "expected images for --features, found tables"),
    ):
        assert main([*tables, *words]) == 1 and says in capsys.readouterr().err, says


def test_collections_of_images_are_not_ranked(score, capsys):
    assert main(["score", "--train", "train", "--output", "report", "--compare", "train", "holdout.npz"]) == 1
    assert "judge each collection with --synthetic" in capsys.readouterr().err
