"""Tables that do not fit into the memory allowed: a run learns from a part of the rows, and releases as many as all."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from generators.identifiers.forms import text_of
from pipelines import config, modalities
from pipelines.augment import tabular_rows
from pipelines.modalities import tabular
from pipelines.privacy import public
from pipelines.run import artifacts, pipeline
from pipelines.run.artifacts import LaunderError
from pipelines.shards import preflight
from pipelines.stages import ingestion
from tests import runs
from tests.pipelines.conftest import FEW

ROWS, LEARNED = 2400, 600


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"P-{k:05d}" for k in rng.permutation(ROWS)],
            "age": pd.array(rng.integers(20, 70, ROWS), dtype="Int64"),
            "town": rng.choice(["Ulm", "Bonn"], ROWS),
            "shop": [f"KD-{k:06d}" for k in rng.integers(0, 100, ROWS)],  # 24 rows each: no identifier; of LEARNED 6
            "customer": rng.integers(0, 600, ROWS),
        }
    )
    frame.loc[ROWS - 1, "age"] = pd.NA
    frame.to_csv(tmp_path / "x.csv", index=False)
    return frame


@pytest.fixture
def small(monkeypatch):
    """A ceiling that holds LEARNED rows of five columns."""
    monkeypatch.setattr(preflight, "LOADED_BYTES", 0)
    monkeypatch.setattr(preflight, "SCORED_BYTES", 0)
    monkeypatch.setattr(preflight, "LEAST_LEARNED", 50)
    monkeypatch.setattr(preflight, "IDENTIFIER_BYTES", 50)
    monkeypatch.setattr(preflight, "SCORED_CELL_BYTES", 2**20 / 5 / (LEARNED + 0.5))
    return "resources.memory=1MiB"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_that_the_free_memory_does_not_hold_is_refused_before_it_is_read(table, tmp_path, monkeypatch, suffix):
    table.to_parquet(tmp_path / "x.parquet")
    asked = config.load(tmp_path / f"x.{suffix}", ["source.rows=1000"])
    monkeypatch.setattr(ingestion, "free", lambda device: 2**18)
    with pytest.raises(LaunderError, match=r"about 1 MiB of memory to hold 2,400 rows of 5 columns, found 0 MiB free;"):
        ingestion.ingest(config.load(tmp_path / f"x.{suffix}"))
    assert len(ingestion.ingest(asked)[0]) <= 1000


def test_a_run_within_the_memory_learns_from_some_rows_and_releases_as_many_as_all(table, small, tmp_path):
    loaded, done = config.load(tmp_path / "x.csv", [*FEW, small, "split.entity=none"], tmp_path / "out"), []
    end = runs.launder(loaded, done)
    manifest = json.loads((Path(end["place"]) / "manifest.json").read_text())
    released = pd.read_parquet(Path(end["place"]) / "data")
    learned = manifest["learned"]["rows"]
    assert (
        manifest["learned"]["of"] == len(released) == manifest["rows"] == ROWS and 0.95 * LEARNED < learned <= LEARNED
    )
    assert "choose" in done and not {*released["id"]} & {*table["id"]}  # of all rows, not of those that were read
    said = "\n".join(end["notes"])
    assert f"Learned from {learned} of 2,400 rows, drawn at random, as many as resources.memory: 1MiB holds" in said
    assert "of 2,400 synthetic rows, drawn at random: a share of them is within " in said
    columns = ["age", "town", "shop"]  # the others are identifiers
    train = pd.read_parquet(next((tmp_path / "out" / "work").glob("split-*")) / "train.parquet")[columns]
    equal = len(released[columns].astype(object).merge(train.astype(object).drop_duplicates(), how="inner"))
    assert f"Of all 2,400 synthetic rows {equal} equal a training row in every column that is learned." in said
    assert pipeline.unchanged(loaded)["id"] == end["id"]
    stated = config.load(tmp_path / "x.csv", [*FEW, f"source.rows={LEARNED}", "split.entity=none"], tmp_path / "out")
    again = runs.launder(stated, done := [])
    assert done == ["ingest", "decide"]  # the same rows, however that was asked for
    assert artifacts.digest_folder(f"{again['place']}/data") == artifacts.digest_folder(f"{end['place']}/data")


def test_kinds_are_those_of_all_rows_and_entities_are_whole(table, small, tmp_path):
    whole, schema = ingestion.ingest(config.load(tmp_path / "x.csv"))
    frame, some = ingestion.ingest(config.load(tmp_path / "x.csv", [small]))
    assert some == schema and some.column("customer").repeats and some.column("shop").kind == "categorical"
    assert (frame.dtypes == whole.dtypes).all() and 0.9 * LEARNED < len(frame) <= LEARNED
    counts = [side["customer"].value_counts()[frame["customer"].unique()] for side in (frame, whole)]
    assert (counts[0] == counts[1]).all() and "in whole entities of 'customer'" in frame.attrs["notes"][-1]


@pytest.mark.parametrize("kind", ["object", "category", "Float64"])
def test_the_identifiers_of_all_rows_are_known(table, tmp_path, kind):
    ids = table["id"] if kind != "Float64" else table["id"].str[2:].astype("float64")
    table.assign(id=ids.astype(kind)).to_parquet(tmp_path / "x.parquet")
    asked = config.load(tmp_path / "x.parquet", ["source.rows=100", "split.entity=none"])
    found = tabular.ingest(asked, tmp_path / "ingested")
    known = artifacts.read_frame(artifacts.Artifact(**found.whole["identifiers"]))
    assert len(found.data) <= 100 and found.whole["rows"] == ROWS and "id" in known
    assert set(known["id"].map(text_of)) == set((ids.astype("int64") if kind == "Float64" else ids).map(text_of))


def inspected(loaded):
    modality = modalities.of(loaded)
    modality.check_config(loaded)
    return modality.inspect(loaded)


def test_what_needs_all_rows_says_so(table, small, tmp_path):
    def asked(*settings):
        return config.load(tmp_path / "x.csv", [*settings])

    with pytest.raises(
        LaunderError, match=r"expected all 2,400 rows to enlarge a table, found [56]\d\d allowed by source\.rows"
    ):
        pipeline.augment(runs.doing(asked(small)), asked(small, "score.target=town"))
    with pytest.raises(LaunderError, match=r"expected all 2,400 rows to enlarge a table"):
        tabular_rows.inspect(asked(small, "score.target=town"))
    private = ["privacy.epsilon=1", "privacy.domain=learn", "columns={id: drop, '*': infer}"]
    with pytest.raises(LaunderError, match=r"expected no source\.rows under privacy\.epsilon, found it"):
        inspected(asked(*private, "source.rows=600"))
    with pytest.raises(
        LaunderError, match=r"under privacy\.epsilon, which cannot learn from some of them, .* found more"
    ):
        public.read(asked(*private, small))
    with pytest.raises(LaunderError, match=r"for the identifiers of 2,400 rows in 2 columns"):
        preflight.check_identifiers(2400, 2, 2**17)
    preflight.check_identifiers(2400, 0, 1)
