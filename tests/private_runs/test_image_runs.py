"""Runs on images with a privacy budget: each image is read by itself, and nothing but paid questions looks at those
that are trained on.
"""

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators import MODALITIES
from pipelines import config, modalities
from pipelines.cli import main
from pipelines.config import rules
from pipelines.image_sources import decoding
from pipelines.modalities import private_image
from pipelines.modalities.contract import Modality
from pipelines.privacy import splitting
from pipelines.release import verifying
from pipelines.run.artifacts import LaunderError
from pipelines.stages import fitting
from tests import runs
from tests.generators.pictures import bars

SECRET = "Quixworth"
LABELS = {"label": {"kind": "categorical", "categories": ["h", "v"]}}
STATED = [f"columns={json.dumps(LABELS)}", "images.size=8", "images.channels=1", "privacy.epsilon=20", "budget.steps=2"]
QUICK = ["score.metrics=[image.distinct]", *(f"gate.{name}=null" for name in rules.WHOLE if name.startswith("image."))]


@pytest.fixture
def source(tmp_path):
    made = bars(300, seed=3)
    for n, (pixels, label) in enumerate(zip(made.pixels, made.labels, strict=True)):
        path = tmp_path / "bars" / label / f"{n:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(decoding.encode(pixels))
    return tmp_path / "bars"


def loaded(source, *words):
    return config.load(str(source), [*STATED, *words], source.parent / "out")


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


def test_a_run_releases_with_its_ledger(source):
    (source / SECRET).mkdir()
    (source / SECRET / "one.png").write_bytes(decoding.encode(bars(1).pixels[0]))
    asked, ran = loaded(source, *QUICK), {}
    ended = runs.launder(asked, ran=ran)
    assert not any(ran.values()), ran  # no code that the steps do not declare
    assert ended["passed"] and not verifying.verify(Path(ended["place"]))
    place = Path(ended["place"])
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["generator"] == "image.mean_embedding" and manifest["ledger"]["unit"] == "image"
    assert manifest["ledger"]["epsilon"] <= 20 and abs(manifest["rows"] - 240) < 40
    page = (place / "report.html").read_text()
    assert "guarantee of differential privacy" in page and "one image" in page
    everything = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything
    assert private_image.inspect(asked) == ["1 images of labels that are not stated are not used."]


REFUSED = {
    "generator.name=image.gan": "whose training gives no guarantee",
    "privacy={epsilon: 4, unit: entity, rows_per_entity: 2}": "found none; name the column that says whose image it is",
    "privacy={epsilon: 4, unit: entity}": "found none; name the column",
    "split.entity=label": "what is protected is one image",
    "columns={}": "expected the labels of images stated under privacy.epsilon",
    "columns.label=infer": "expected the kind of column 'label'",
    "columns.label={kind: categorical, categories: []}": "expected the categories of column 'label'",
    "columns.colour=boolean": "alone for images, found ['colour']",
    "images.bits=12": "no images.bits under privacy.epsilon",
    "protect.rare=5": "counts rows",
    "privacy.epsilon=1000": "at most 100, found 1000",
    "score.metrics=[image.copies]": "of which the ledger alone may tell",
    "gate.image.membership.at_most=1": "of which the ledger alone may tell",
}


@pytest.mark.parametrize("name", MODALITIES)
def test_a_run_under_a_budget_has_all_of_a_modality(name):
    usual, private = modalities.named(name), modalities.named(modalities.PRIVATE + name)
    offered = [key for key in (*Modality.__annotations__, *vars(Modality)) if not key.startswith("_")]
    assert all(hasattr(one, key) for one in (usual, private) for key in offered) and "most_scored" in offered
    assert private.protect is not usual.protect and private.shared(None, None) == 0


@pytest.mark.parametrize("word", REFUSED)
def test_what_no_guarantee_allows_is_one_sentence(source, word):
    with pytest.raises(LaunderError, match="expected") as refused:
        loaded(source, *([word] if word != "columns={}" else ["columns=null"]))
    assert REFUSED[word] in str(refused.value)


@pytest.mark.parametrize(("word", "part"), [("size", "images.size"), ("channels", "images.channels")])
def test_size_and_colour_are_not_read_off_the_images(source, word, part):
    with pytest.raises(LaunderError, match=f"expected {part} stated under privacy.epsilon"):
        private_image.ingest(loaded(source, f"images.{word}=null"), source.parent / "x")


ODD = {
    "broken": b"broken",
    "of another size": png(np.zeros((90, 30), np.uint8)),
    "of colours": png(np.full((8, 8, 3), (250, 3, 9), np.uint8)),
    "of 16 bits": png(np.full((8, 8), 60_000, np.uint16)),
    "of DICOM": bytes(128) + b"DICM",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", ["v/zz.png", "zz.png", f"{SECRET}/a/b/zz.png", "v/\udcff.png", "\udcff/z.png"])
def test_one_image_changes_nothing_of_another(source, odd, place):
    before = private_image.ingest(loaded(source), source.parent / "before")
    (source / place).parent.mkdir(parents=True, exist_ok=True)
    (source / place).write_bytes(ODD[odd])
    after = private_image.ingest(loaded(source), source.parent / "after")
    assert after.schema == before.schema and not after.passed_over and not after.notes
    assert private_image.store(after.data, source.parent / "after")["rows"] == len(after.data)
    assert private_image.digest_source(source)
    known, now = (Counter(zip(map(bytes, one.pixels), one.labels, strict=True)) for one in (before.data, after.data))
    assert not known - now and (now - known).total() == (0 if odd in ("broken", "of DICOM") else 1)


def test_the_side_of_an_image_is_its_own():
    digests = [f"{n % 7}" for n in range(60)]
    train, held = splitting.sides_of(digests, holdout=0.4)
    for gone in (0, 31, 59):
        less = digests[:gone] + digests[gone + 1 :]
        kept, left = splitting.sides_of(less, holdout=0.4)
        one = [sorted(digests[k] for k in side) for side in (train, held)]
        other = [sorted(less[k] for k in side) for side in (kept, left)]
        assert sorted(len(a) - len(b) for a, b in zip(one, other, strict=True)) == [0, 1]


def test_no_score_looks_at_a_training_image(source):
    asked = loaded(source)
    found = private_image.ingest(asked, source.parent / "in")
    train, held = private_image.split(found.data, found.schema, asked)
    model = private_image.train(train, found.schema, asked)
    drawn = private_image.sample(model, asked, found.data)
    names = ["image.distinct", "image.copies"]
    sides = (train, train.take(np.arange(3)))
    scored = [private_image.score(side, held, drawn, found.schema, asked, model, names) for side in sides]
    assert scored[0].to_json() == scored[1].to_json() and set(scored[0].scores) == {names[0], "privacy.epsilon"}


def test_arrays_of_eight_bits_are_read_and_others_refused(tmp_path):
    made, path = bars(300), tmp_path / "bars.npz"
    np.savez(path, images=made.pixels, labels=made.labels.astype(str))
    asked = config.load(str(path), [STATED[0], *STATED[3:]], tmp_path / "out")
    assert fitting.fit(asked).sample(5).pixels.shape == (5, 8, 8, 1)
    np.savez(path, images=made.pixels.astype(float), labels=made.labels.astype(str))
    with pytest.raises(LaunderError, match=r"numbers from 0 to 255 \(uint8\), under privacy.epsilon, found <f8"):
        private_image.inspect(asked)
    np.savez(path, images=made.pixels)
    with pytest.raises(LaunderError, match="expected labels in"):
        private_image.inspect(asked)
    unlabelled = config.load(str(path), ["columns={label: drop}", *STATED[3:]], tmp_path / "out")
    assert fitting.fit(unlabelled).sample(5).labels is None


def test_init_leaves_room_for_what_is_publicly_known(source, capsys):
    written = source.parent / "launder.yaml"
    assert main(["init", str(source), "--output", str(written), "--epsilon", "20"]) == 0
    assert "image.mean_embedding suits a guarantee of epsilon" in capsys.readouterr().out
    text = written.read_text()
    assert "size: [8, 8]" in text and "channels: 1" in text and "h" not in text.partition("categories: [")[2][0]
    with pytest.raises(LaunderError, match="expected the categories of column 'label'"):
        config.load(written)
    written.write_text(text.replace("categories: []", "categories: [h, v]"))
    asked = config.load(written)
    assert asked.generator.name == "image.mean_embedding" and asked.privacy.epsilon == 20
