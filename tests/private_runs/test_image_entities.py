"""`unit: entity` for images: whoever has several is protected with all of them, of which so many are used at most."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from generators.embeddings.features import Features
from generators.privacy import queries
from pipelines import config
from pipelines.image_sources import decoding
from pipelines.modalities import private_image
from pipelines.privacy import public_images
from pipelines.release import verifying
from pipelines.run.artifacts import LaunderError
from tests import runs
from tests.generators.pictures import bars
from tests.private_runs.test_image_runs import QUICK, STATED

MOST = 2
WORDS = [*STATED, "privacy.unit=entity", f"privacy.rows_per_entity={MOST}", "split.entity=patient"]


@pytest.fixture
def source(tmp_path):
    """Images of 100 patients, three of each, and of nobody."""
    made, folder = bars(300, seed=3), tmp_path / "bars"
    names = [f"{label}/{n:03}.png" for n, label in enumerate(made.labels)]
    for name, pixels in zip(names, made.pixels, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(decoding.encode(pixels))
    table = pd.DataFrame({"file_name": names, "patient": [f"person {n % 100}" for n in range(300)]})
    table.loc[table["patient"] == "person 9", "patient"] = ""
    described(folder, table)
    return folder


def described(folder, table):
    table.to_csv(folder / "metadata.csv", index=False)


def loaded(source, *words):
    return config.load(str(source), [*WORDS, *words], source.parent / "out")


def test_a_run_protects_whoever_has_several_images(source):
    asked, ran = loaded(source, *QUICK, "privacy.epsilon=40", "split.holdout=0.4"), {}
    assert private_image.inspect(asked) == ["100 images beyond privacy.rows_per_entity are not used."]
    ended = runs.launder(asked, ran=ran)
    assert not any(ran.values()), ran  # no code that the steps do not declare
    assert ended["passed"] and not verifying.verify(Path(ended["place"]))
    place = Path(ended["place"])
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["ledger"]["unit"] == "entity of images" and manifest["ledger"]["epsilon"] <= 40
    assert {event["reach"] for event in manifest["ledger"]["events"]} == {MOST}
    assert "one entity of images (at most 2 of its images are used)" in (place / "report.html").read_text()
    assert b"person 7" not in b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())


def test_one_entity_changes_nothing_of_another(source):
    asked, table = loaded(source), pd.read_csv(source / "metadata.csv")
    before = private_image.ingest(asked, source.parent / "before").data
    assert before.table["patient"].fillna("").value_counts().tolist() == [MOST] * 100
    sides = private_image.split(before, None, asked)
    assert not set(sides[0].table["patient"]) & set(sides[1].table["patient"])
    twice = table[table["patient"] == "person 8"].assign(patient="person 7")  # images that two rows name are both's
    described(source, pd.concat([table[table["patient"] != "person 7"], twice, twice.assign(file_name="none.png")]))
    after = private_image.ingest(asked, source.parent / "after").data
    known, now = (
        sorted(
            (one.table["patient"].iloc[k], bytes(one.pixels[k]))
            for k in range(len(one))
            if one.table["patient"].iloc[k]
        )
        for one in (before, after)
    )
    assert [one for one in known if one[0] != "person 7"] == [one for one in now if one[0] != "person 7"]
    assert sum(one[0] == "person 7" for one in now) == MOST and "3 rows without a file are not used." in set(
        public_images.changed(public_images.find(asked), asked)
    )


def test_an_entity_is_charged_for_all_its_images():
    made = bars(6, seed=1)
    pixels, y = made.pixels.transpose(0, 3, 1, 2), (np.asarray(made.labels) == "v").astype(int)
    features = Features(8, 8, 1)
    asked = queries.NoisyQueries(1.0, 6)
    asked.sums("all of one", features.sums(pixels, y, 2), 1.0, features.squared_length)
    (event,) = asked.events
    longest = sum(int(own) ** 2 for own in features.sums(pixels, y, 2).ravel()) ** 0.5
    assert longest <= 6 * features.squared_length**0.5 and event.reach == 6 and event.squared <= 1.0
    alone = queries.NoisyQueries(1.0)
    alone.sums("one", features.sums(pixels[:1], y[:1], 2), 1.0, features.squared_length)
    assert event.variance >= 36 * 0.98 * alone.events[0].variance


def test_entities_without_a_table_of_them_are_refused(source, tmp_path):
    with pytest.raises(LaunderError, match=r"expected the column 'doctor' in .*metadata\.csv, found none"):
        private_image.inspect(loaded(source, "split.entity=doctor"))
    np.savez(tmp_path / "bars.npz", images=bars(9).pixels, labels=bars(9).labels.astype(str))
    asked = config.load(str(tmp_path / "bars.npz"), WORDS, tmp_path / "out")
    with pytest.raises(LaunderError, match=r"expected a folder of images with metadata\.csv for split\.entity"):
        private_image.inspect(asked)
    (source / "metadata.csv").unlink()
    with pytest.raises(LaunderError, match=r"metadata\.csv"):
        private_image.inspect(loaded(source))
