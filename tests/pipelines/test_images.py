"""A run on images, step by step without Prefect: released with bytes that anyone can read, or refused with its
images kept in.
"""

import io
import json
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from evaluation.models import features
from generators.training import loop, step
from pipelines import config
from pipelines.config import rules
from pipelines.image_sources import decoding
from pipelines.modalities import image as images
from pipelines.release import publishing
from pipelines.run import steps
from pipelines.run.artifacts import LaunderError
from pipelines.scoring import run as scoring
from pipelines.sinks.images import write_release
from pipelines.stages import image_sample
from pipelines.stages.image_sample import ImageSample
from tests import runs
from tests.evaluation.tables import raw
from tests.generators.pictures import bars, direction
from tests.sources import tagged

MADE = bars(260, seed=3)
FAST = ["generator.name=image.autoencoder", "budget.steps=150", "score.metrics=[image.copies]"]
# what is left is quick, and a generator of a few seconds keeps it
LENIENT = [f"gate.{name}=null" for name in rules.IMAGE_RULES if not name.startswith(("image.equal", "image.copies"))]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "bars"
    tagged.write(folder, MADE.pixels, MADE.labels)
    (folder / "rare disease").mkdir()
    (folder / "rare disease" / "one.png").write_bytes(decoding.encode(MADE.pixels[0]))
    (folder / "h" / "broken.png").write_bytes(b"broken")
    return folder


def run(source, output, *overrides, ran=None):
    loaded = config.load(str(source), [*FAST, *overrides], output)
    return loaded, runs.launder(loaded, ran=ran)


def of_step(release, step, *names):
    """Return a path in the folder of a step of the run behind a release."""
    ((folder),) = Path(release["place"]).parents[1].glob(f"work/{step}-*")
    return folder.joinpath(*names)


@pytest.fixture
def pixels(released, monkeypatch):
    """Score with pixels in place of the network's features, which take seconds, after the run with those."""
    monkeypatch.setattr(features, "imagenet", raw)


@pytest.fixture(scope="module")
def released(source, tmp_path_factory):
    """A run, and the code that each step ran without declaring it."""
    ran = {}
    return *run(source, tmp_path_factory.mktemp("out"), *LENIENT, ran=ran), ran


def test_every_step_runs_only_code_that_it_declares(released):
    assert len(released[2]) == 8 and not any(released[2].values()), released[2]


def test_a_release_holds_images_that_anyone_can_read(released):
    release = released[1]
    assert release["passed"], release["verdict"]
    assert publishing.verify(release["place"]) == []
    table = pq.read_table(f"{release['place']}/data/data.parquet")
    assert table.num_rows == 261 and str(table.schema.field("image").type) == "struct<bytes: binary, path: string>"
    told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert told == {"image": {"_type": "Image"}, "label": {"_type": "Value", "dtype": "string"}}
    drawn = np.stack([np.asarray(Image.open(io.BytesIO(row["bytes"]))) for row in table["image"].to_pylist()])
    assert drawn.shape == (261, 8, 8, 3)  # WebP holds no grey
    assert np.mean(direction(drawn) == np.array(table["label"].to_pylist())) > 0.85


def test_what_was_left_out_is_counted_and_never_named(released):
    release = released[1]
    protected = json.loads(of_step(release, "protect", "result.json").read_text())["record"]
    assert protected["columns"]["label"] == {"labels_left_out": 1, "images_left_out": 1}
    listed = json.loads(of_step(release, "ingest", "skipped.json").read_text())
    assert len(listed) == 1 and len(listed[0]["sha256"]) == 64
    output = Path(release["place"]).parent.parent
    outside = [path for path in output.rglob("*") if path.is_file() and "work" not in path.relative_to(output).parts]
    assert outside and not [path for path in outside if b"rare disease" in path.read_bytes()]
    assert b"cannot be read as an image" in Path(release["report"]).read_bytes()
    assert "Internal: the synthetic" in of_step(release, "decide", "internal", "report.html").read_text()


def test_no_tag_of_a_file_and_no_name_of_one_leaves_work(source, released):
    output = Path(released[1]["place"]).parent.parent
    assert len(tagged.leaks(source)) == 260  # the search finds every file that was planted
    assert not tagged.leaks(output)  # not even in work/: names and tags are never read on


def test_a_run_interrupted_while_it_decodes_and_while_it_trains_ends_in_the_same_bytes(
    source, released, pixels, tmp_path, monkeypatch
):
    for module, name, calls in ((decoding, "to_array", 100), (step, "take", 40)):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(loop, "SAVE_SECONDS", 0)
            patch.setattr(module, name, stopping(getattr(module, name), calls))
            run(source, tmp_path, *LENIENT)
        assert not (tmp_path / "releases").exists()
    _, release = run(source, tmp_path, *LENIENT)
    one, other = (Path(r["place"], "data", "data.parquet").read_bytes() for r in (released[1], release))
    assert one == other and json.loads(Path(release["place"], "manifest.json").read_text())["steps"] == 150


def stopping(work, calls):
    """Return `work`, interrupted once it has been called so often."""
    left = iter(range(calls))

    def counted(*words):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return work(*words)

    return counted


def test_a_generator_that_copies_is_refused_and_its_images_stay_inside(source, pixels, tmp_path, monkeypatch):
    kept = {}
    fit = images.train

    def memorise(data, *args, **options):
        kept["images"] = data
        return fit(data, *args, **options)

    monkeypatch.setattr(images, "train", memorise)
    monkeypatch.setattr(images, "sample", lambda model, loaded, source: kept["images"].take(np.arange(140)))
    _, release = run(source, tmp_path, *LENIENT, "budget.steps=2")
    assert not release["passed"] and [r["score"] for r in release["verdict"]["reasons"] if not r["passed"]] == [
        "inputs.released_train",
        "image.equal",
        "image.copies",
    ]
    assert not list((tmp_path / "quarantine").rglob("*.parquet"))
    assert "data:image/png" not in (tmp_path / "quarantine" / release["id"] / "report.html").read_text()


def test_the_loss_of_a_model_reaches_the_attack(source, pixels):
    loaded = config.load(str(source), ["score.metrics=[image.membership, image.membership_model]", *LENIENT])
    held = bars(80, seed=4)
    sides = [
        image_sample.sample_of(part)
        for part in (MADE, type(held)(held.pixels, np.where(np.arange(80) < 9, "new", held.labels)))
    ]
    known = {image.tobytes() for image in MADE.pixels}

    class Silent:
        record = MappingProxyType({})

    class Model(Silent):
        def loss(self, asked):
            assert "new" not in asked.labels  # no model can be asked about a label it has not seen
            return np.array([float(image.tobytes() not in known) for image in asked.pixels])

    for model, high in ((Model(), 0.9), (Silent(), 0.0)):
        drawn = image_sample.sample_of(bars(100, seed=5))
        report = images.score(*sides, drawn, MADE.schema, loaded, model, scoring.metrics(loaded))
        found, alone = report.scores["image.membership_model"], report.scores["image.membership"]
        assert report.profile["white_box"] is (high > 0) and (found.value or 0.0) >= high and alone.value <= 0.1
        assert "loss" not in alone.detail["tried"] and (found.value is None) is (high == 0)


def test_a_network_of_ones_own_sees_the_images_and_is_part_of_the_run(source, tmp_path):
    from tests.evaluation.networks import flat

    words = [*FAST, "budget.steps=2", *LENIENT, f"score.features={flat(tmp_path / 'net.onnx')}"]
    loaded, release = run(source, tmp_path / "out", *words)
    told = json.loads(Path(release["place"], "report.json").read_text())["features"]
    assert told["name"] == "net.onnx" and len(told["sha256"]) == 64
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": [0], "image_std": [1]}')
    assert steps.score.outside(loaded)["score.features"] != told["sha256"]  # which is of both files
    pd.DataFrame({"a": range(30)}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(LaunderError, match=r"expected score\.features for images only"):
        config.load(str(tmp_path / "t.csv"), words[-1:])


def test_a_changed_model_is_not_opened(source, tmp_path):
    loaded, model = config.load(str(source), FAST, tmp_path), tmp_path / "model"
    model.mkdir()
    (model / "model.json").write_text("{}")
    scored = {name: {} for name in ("train", "holdout", "synthetic", "schema")} | {"metrics": None, "repeated": []}
    for one, given in ((steps.sample, {"table": {}, "constraints": []}), (steps.score, scored)):
        with pytest.raises(LaunderError, match="found it changed"):
            runs.doing(loaded)(one, model={"path": str(model), "digest": "0" * 64}, **given)


def test_images_by_label_in_folders(tmp_path):
    drawn = ImageSample(MADE.pixels[:4], pd.DataFrame({"label": ["a/b", "..", "c", "ü" * 200]}))
    found = write_release(drawn, tmp_path, format="folder")
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert len(names.pop()) < 150  # a folder's name has 255 bytes at most
    assert names == ["data/%2e%2e/0000001.png", "data/a%2fb/0000000.png", "data/c/0000002.png"]
    assert found.rows == 4 and publishing.data_digest(tmp_path)


def test_shares_and_conditions_of_labels(source):
    loaded = config.load(str(source), [*FAST, "sample.weights.label={v: 3, h: 1}", "sample.rows=40"])

    class Model:
        def sample(self, n, *, seed=0, where=None):
            return (
                bars(n, seed % 1000).take(np.zeros(n, int))
                if not where
                else type(MADE)(MADE.pixels[:n], np.array([where["label"]] * n))
            )

    drawn = images.sample(Model(), loaded, MADE)
    assert len(drawn) == 40 and (drawn.labels == "v").sum() == 30


def test_an_entity_stays_on_one_side(tmp_path):
    table = pd.DataFrame({"label": MADE.labels, "patient": np.arange(260) // 4})
    asked = config.RunConfig(source="x", split={"holdout": 0.2, "entity": "patient"})
    held = images.split(ImageSample(MADE.pixels, table), MADE.schema, asked)
    assert not set(held[0].table["patient"]) & set(held[1].table["patient"])
    assert all(len(side.pixels) == len(side.table) for side in held) and images.shared(held[0], held[0]) == len(held[0])
    fast = asked.model_copy(
        update={"generator": config.Generator(name="image.autoencoder"), "budget": config.Budget(steps=2)}
    )
    patients = held[0].table["patient"].to_numpy()
    validated = images.train(held[0], MADE.schema, fast).record["validation_rows"]
    assert validated and not set(patients[validated]) & set(np.delete(patients, validated))


def test_what_does_not_fit_images_is_one_sentence(source, tmp_path):
    for override, words in (
        ("generator.name=tabular.gan", "begins with 'image.'"),
        ("score.metrics=[fidelity.shape]", "name of a metric"),
        ("images.size=500", "128"),
        ("gate.image.copies=null", "rule about privacy"),
    ):
        overrides = (
            [override, "gate.image.equal=null", "gate.image.copies_of_holdout=null", *LENIENT]
            if "gate" in override
            else [override]
        )
        with pytest.raises(LaunderError, match=words):
            config.load(str(source), overrides, tmp_path)
    unfit = {
        "publish.format=csv": "parquet or folder",
        "sample.constraints=['a <= b']": "constraints",
        "split.entity=x": "'x'",
    }
    for override, words in unfit.items():
        with pytest.raises(LaunderError, match=words):
            images.look(config.load(str(source), [override], tmp_path))
    pd.DataFrame({"a": range(30)}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(LaunderError, match=r"'tabular\.' for a table"):
        config.load(str(tmp_path / "t.csv"), ["generator.name=image.gan"])
    assert config.load(str(source)).generator.name == "image.diffusion" and config.load(
        str(source)
    ).rules == rules.merged({}, "image")


def test_a_model_is_fitted_and_drawn_from_on_the_command_line(source, tmp_path, capsys):
    from pipelines.cli import main

    words = [
        "fit",
        str(source),
        "--model",
        str(tmp_path / "m"),
        "--generator",
        "image.autoencoder",
        "--set",
        "budget.steps=3",
    ]
    assert main(words) == 0
    for output in ("drawn.parquet", "drawn"):
        assert (
            main(
                ["sample", str(tmp_path / "m"), "--rows", "5", "--output", str(tmp_path / output), "--where", "label=v"]
            )
            == 0
        )
    assert pq.read_table(tmp_path / "drawn.parquet")["label"].to_pylist() == ["v"] * 5
    assert len(list((tmp_path / "drawn" / "v").glob("*.png"))) == 5
    assert main(["sample", str(tmp_path / "m"), "--rows", "5", "--output", str(tmp_path / "drawn.csv")]) == 1
    assert "expected a file ending in .parquet" in capsys.readouterr().err
