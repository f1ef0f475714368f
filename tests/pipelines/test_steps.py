"""Steps of a run by themselves: who may be at a run, and what it reads."""

import fcntl
import json

import pandas as pd
import pytest

from pipelines import config
from pipelines.modalities import tabular
from pipelines.run import steps
from pipelines.run.artifacts import LaunderError


@pytest.fixture
def loaded(tmp_path):
    pd.DataFrame({"a": [0.5 * k for k in range(60)]}).to_csv(tmp_path / "t.csv", index=False)
    return config.load(tmp_path / "t.csv", [], tmp_path / "out")


def test_a_source_that_changes_while_it_is_read_stops_the_run(loaded, tmp_path, monkeypatch):
    ingest = tabular.ingest

    def growing(*words):
        with open(tmp_path / "t.csv", "a") as file:
            file.write("7.5\n")
        return ingest(*words)

    monkeypatch.setattr(tabular, "ingest", growing)
    with steps.begin(loaded) as run, pytest.raises(LaunderError, match="stays as it is while it is read"):
        steps.ingest(run, loaded)


def test_the_id_of_a_run_is_settled_by_whoever_holds_its_lock(loaded, tmp_path):
    with steps.begin(loaded) as run:
        with pytest.raises(LaunderError, match="found one at work"), steps.begin(loaded):
            pass
        assert json.loads(run.path("run.json").read_text())["id"] == run.id
    run.path("run.json").unlink()
    with open(run.path("lock"), "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LaunderError, match="found one at work"), steps.begin(loaded):
            pass
    assert not run.path("run.json").exists()  # whoever does not hold the lock settles nothing
    with steps.begin(loaded) as again:
        assert again.key == run.key and again.id != run.id
