"""What a run ends in: one release for one decision, wherever it was made, and nothing to do the second time."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import config
from pipelines.cli import main
from pipelines.release import history, publishing
from pipelines.run import caching, pipeline, steps
from pipelines.run.artifacts import LaunderError
from tests import runs
from tests.pipelines.conftest import FEW


@pytest.fixture(scope="module")
def second(released, tmp_path_factory):
    """The output of a run, and of one of other data after it; their ids."""
    folder = tmp_path_factory.mktemp("second")
    shutil.copytree(released.folder, folder, symlinks=True, dirs_exist_ok=True)
    frame = pd.read_csv(folder / "data.csv")
    frame.assign(late=np.arange(len(frame)) % 7).to_csv(folder / "data.csv", index=False)
    loaded = config.load(folder / "data.csv", [*FEW, "drift.added=adapt"], folder / "out")
    return folder, released.end["id"], runs.launder(loaded)["id"]


@pytest.fixture
def here(released, tmp_path):
    """A copy of the folder with one release in it."""
    shutil.copytree(released.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def there(second, tmp_path):
    """A copy of the folder with two."""
    shutil.copytree(second[0], tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path


def ids(output):
    return sorted(release["id"] for release in publishing.releases(output))


def test_a_run_with_nothing_to_do_says_so_before_anything_starts(here, released, monkeypatch, capsys):
    """Also where the configuration, the source or the output are reached by other spellings of their paths."""
    id = released.end["id"]
    text = json.dumps({"source": "data.csv", "publish": {"to": "out"}}) + "\n"
    (here / "launder.yaml").write_text(text)
    (here / "sub").mkdir()
    monkeypatch.setattr("pipelines.run.server.prepare", None)  # no Prefect, and
    monkeypatch.setattr("pipelines.modalities.tabular.inspect", None)  # no reading of the table
    monkeypatch.chdir(here / "sub")
    (here / "link").symlink_to(here)
    words = [word for setting in FEW for word in ("--set", setting)]
    spelled = [["../launder.yaml"], [str(here / "link" / "launder.yaml")], ["../data.csv", "--output", "../out/../out"]]
    for spelling in spelled:
        assert main(["run", *spelling, *words]) == 0
        said = capsys.readouterr().out
        assert "Prefect" not in said and f"nothing has changed since release {id} of 20" in said
        assert f"it is the current one: {here / 'out' / 'releases' / id}" in said
    assert main(["run", "../launder.yaml", *words, "--set", "publish.keep=3", "--set", "schedule.cron='@daily'"]) == 0
    assert pipeline.unchanged(config.load(here / "data.csv", [*FEW, "budget.steps=3"], here / "out")) is None


def test_a_look_at_a_table_is_the_first_step_of_its_run_and_leaves_nothing_where_it_refuses(tmp_path, monkeypatch):
    pd.DataFrame({"a": range(40), "b": list("uv") * 20}).to_csv(tmp_path / "data.csv", index=False)
    loaded = config.load(tmp_path / "data.csv", FEW, tmp_path / "out")
    assert pipeline.look(loaded) == []
    monkeypatch.setattr("pipelines.stages.ingestion.ingest", None)  # so that nothing is read again
    assert caching.perform(steps.ingest, loaded)[1]
    monkeypatch.undo()
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(LaunderError, match="expected 2 fields"):
        pipeline.look(config.load(tmp_path / "bad.csv", FEW, tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_release_that_was_rolled_back_from_is_not_made_current_again_in_silence(there, second, released):
    output, (_, old, new) = there / "out", second
    loaded = config.load(there / "data.csv", [*FEW, "drift.removed=adapt"], output)
    assert ids(output) == sorted([old, new]) and history.current(output) == new
    publishing.rollback(output, old)
    said = pipeline.unchanged(loaded)["unchanged"]
    assert said.endswith(f"the current one is {old}: launder rollback {output} {new} makes this one current again")
    assert runs.launder(loaded)["unchanged"] == said and history.current(output) == old
    publishing.rollback(output, new)
    shutil.copy(released.folder / "data.csv", there)  # earlier data come again, whose release nobody rolled back from
    assert pipeline.unchanged(loaded) is None
    assert runs.launder(loaded, done := [])["id"] == old and done == ["compare"]
    assert history.current(output) == old and ids(output) == sorted([old, new])


def test_the_id_follows_the_decision_and_not_the_folder(here, released):
    """Without work/, the same data are trained anew, to the release that is there."""
    output, id = here / "out", released.end["id"]
    shutil.rmtree(output / "work")
    loaded, done = config.load(here / "data.csv", FEW, output), []
    again = runs.launder(loaded, done)
    assert len(done) == 8 and again["id"] == id and ids(output) == [id] and publishing.verify(again["place"]) == []
    stricter = config.load(here / "data.csv", [*FEW, "gate.privacy.copies.at_most=0.99"], output)
    other = runs.launder(stricter, done := [])
    assert done == ["decide"] and other["id"] != id and ids(output) == sorted([id, other["id"]])
    data = [(output / "releases" / name / "data" / "data.parquet").read_bytes() for name in ids(output)]
    assert data[0] == data[1]


def test_a_run_killed_between_release_and_link_only_points(here, released):
    output, id = here / "out", released.end["id"]
    (output / "releases" / "current").unlink()
    (output / "work" / "data.schema.json").unlink()
    (output / "releases" / ".current.01234567").symlink_to(id)
    left = [output / "releases" / f".{id}.0123abcd", output / "quarantine" / ".one.0123abcd"]
    for folder in left:
        (folder / "data").mkdir(parents=True)
    loaded = config.load(here / "data.csv", FEW, output)
    assert pipeline.unchanged(loaded) is None
    assert runs.launder(loaded, done := [])["unchanged"] == "" and done == []
    assert os.readlink(output / "releases" / "current") == id and ids(output) == [id]
    assert pipeline.unchanged(loaded)["id"] == id
    assert not any(folder.exists() for folder in left) and not [*(output / "releases").glob(".c*")]


def test_a_changed_release_is_neither_called_unchanged_nor_replaced(here, released):
    (Path(here, "out", "releases", released.end["id"]) / "report.html").write_text("<p>better")
    loaded = config.load(here / "data.csv", FEW, here / "out")
    assert pipeline.unchanged(loaded) is None
    with pytest.raises(LaunderError, match=r"as it was published, found a difference: report\.html was changed"):
        runs.launder(loaded)


def test_what_is_kept_may_shrink_although_nothing_else_has_changed(there, second):
    output, new = there / "out", second[2]
    less = config.load(there / "data.csv", [*FEW, "publish.keep=1"], output)
    assert pipeline.unchanged(less) is None
    assert runs.launder(less, done := [])["unchanged"] and done == [] and ids(output) == [new]
    assert pipeline.unchanged(less)["id"] == new


def test_the_report_says_what_changed_since_the_last_release(second):
    report = json.loads((second[0] / "out" / "releases" / second[2] / "report.json").read_text())
    assert report["card"]["data"]["changes since the last release"] == ["Column 'late' is new."]


def test_a_refused_run_is_in_quarantine_under_the_id_of_its_decision(here, released):
    strict = config.load(here / "data.csv", [*FEW, "gate.privacy.copies.at_most=-1"], here / "out")
    ended = runs.launder(strict, done := [])
    assert not ended["passed"] and done == ["decide"] and pipeline.unchanged(strict) is None
    assert runs.launder(strict)["place"] == ended["place"] == str(here / "out" / "quarantine" / ended["id"])
