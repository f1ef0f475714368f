"""Samples in shards: the bytes of one frame, whoever draws which shard, in whatever order, and however often."""

import json
import math
import shutil
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest

import generators
from benchmarks.scale import ceilings
from benchmarks.scale.stages import Cost
from generators.data.inference import infer
from pipelines import config
from pipelines.modalities import tabular
from pipelines.run import artifacts, folders
from pipelines.run.artifacts import LaunderError
from pipelines.shards import jobs, joining, preflight, sampling
from pipelines.shards.jobs import Job
from pipelines.shards.sampling import ShardedSample
from pipelines.sinks import tables as tables_sink
from pipelines.sources.tables import read_table
from tests.generators import tables

ROWS = 5000


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of a table with every kind of column, and its folder."""
    frame = tables.odd().assign(
        grade=lambda f: f["town"].str[-1].astype("category"),
        size=lambda f: pd.Categorical(f["age"].fillna(20).floordiv(30).map("s{}".format), ordered=True),
        claim=lambda f: [f"K{k:06d}" if town == "town 1" else None for k, town in enumerate(f["town"])],
        # of so few rows that whole shards have none
        seldom=lambda f: f["town"].where(f["town"] == "town 7").astype("object"),
    )
    fitted = generators.fit(frame, "tabular.marginals", schema=infer(frame, {"constant": "categorical"}))
    fitted.save(place := tmp_path_factory.mktemp("model"))
    return fitted, str(place)


@pytest.fixture
def job(model):
    return Job(model[1], artifacts.digest_folder(model[1]), 4, ROWS, {"member": True}, ("age >= 20",), size=2048)


def sharded(model, job):
    return ShardedSample(model[0], job, lambda drawn: drawn)


def frame_of(model, job):
    return model[0].sample(ROWS, seed=job.seed, where=job.where, constraints=job.constraints)


def test_shards_become_the_bytes_of_one_frame(model, job, tmp_path):
    whole = artifacts.write_frame(frame_of(model, job), tmp_path / "whole.parquet")

    def backwards(draw, path, digest, numbers):
        for k in [*reversed(numbers), 1, 1]:
            draw(path, digest, k)

    for name, how in (("forwards", {}), ("backwards", {"spread": backwards})):
        found = sharded(model, job).draw(tmp_path / "shards", tmp_path / f"{name}.parquet", **how)
        assert (found.digest, found.rows) == (whole.digest, ROWS)
        assert not (tmp_path / "shards").exists()


def test_groups_of_rows_are_cut_anywhere(model, job, tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "JOINED_ROWS", 1500)
    found = sharded(model, job).draw(tmp_path / "shards", tmp_path / "parts.parquet")
    sizes = [pq.ParquetFile(found.path).metadata.row_group(k).num_rows for k in range(4)]
    whole = artifacts.read_frame(artifacts.write_frame(frame_of(model, job), tmp_path / "whole.parquet"))
    assert sizes == [1500, 1500, 1500, 500]
    pd.testing.assert_frame_equal(artifacts.read_frame(found), whole)


def test_a_worker_that_is_killed_costs_its_own_shards_alone(model, job, tmp_path):
    drawn = []

    def dying(draw, path, digest, numbers):
        for k in numbers:
            if k == 1 and not drawn.count(1):
                drawn.append(k)
                jobs.path_of(path, k).with_suffix(".part").write_bytes(b"half")
                raise LaunderError("killed")
            drawn.append(k)
            draw(path, digest, k)

    with pytest.raises(LaunderError, match="killed"):
        sharded(model, job).draw(tmp_path / "shards", tmp_path / "a.parquet", dying)
    assert not (tmp_path / "a.parquet").exists()
    found = sharded(model, job).draw(tmp_path / "shards", tmp_path / "a.parquet", dying)
    assert drawn == [1, 1, 2]  # the first tells what is ahead
    assert found.digest == artifacts.write_frame(frame_of(model, job), tmp_path / "whole.parquet").digest


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_that_is_written_in_shards_is_that_of_one_frame(model, job, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(jobs, "SHARD_ROWS", 2048)
    told, asked = [], {"where": job.where, "constraints": job.constraints}
    sampling.write_output(model[0], ROWS, tmp_path / f"shards{suffix}", told.append, seed=job.seed, **asked)
    tables_sink.write(frame_of(model, job), tmp_path / f"whole{suffix}")
    one, other = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("shards", "whole"))
    assert one == other
    assert len(told) == 1 and told[0].startswith("5,000 rows: about 1 minutes at ")
    assert {path.suffix for path in tmp_path.iterdir()} == {suffix}


def test_a_folder_has_parts_and_says_what_they_are(model, job, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "SHARD_ROWS", 2048)
    monkeypatch.setattr(joining, "JOINED_ROWS", 3000)
    sampling.write_output(model[0], ROWS, tmp_path / "out", lambda said: None, seed=4)
    parts = sorted((tmp_path / "out").glob("*.parquet"))
    assert [path.name for path in parts] == ["part-00000.parquet", "part-00001.parquet"]
    folders.check_own(tmp_path / "out")
    assert read_table(tmp_path / "out").shape == (ROWS, len(model[0].schema.names))


def test_what_the_disk_or_the_memory_will_not_hold_is_refused_after_one_shard(model, job, tmp_path, monkeypatch):
    with pytest.raises(LaunderError, match=r"of memory for one batch of the sample, found resources.memory: 1 MiB;"):
        sharded(model, job).draw(tmp_path / "shards", tmp_path / "a.parquet", memory=2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, 999))
    with pytest.raises(LaunderError, match=r"of room at .* for 5,000 rows, found 0 MiB; free some"):
        sharded(model, job).draw(tmp_path / "shards", tmp_path / "a.parquet")
    assert len(list(tmp_path.glob("shards/*/*.arrow"))) == 1 and not (tmp_path / "a.parquet").exists()


def test_a_run_is_foretold_and_refused_by_its_rows_and_columns(tmp_path, monkeypatch):
    assert preflight.check_run(5000, 20, tmp_path) == []
    (said,) = preflight.check_run(300, 2000, tmp_path)
    assert said.startswith("300 rows of 2,000 columns: about 4 minutes")
    (said,) = preflight.check_run(1_000_000, 20, tmp_path / "not yet")
    assert said.startswith("1,000,000 rows of 20 columns: about 8 minutes on two cores, 3.9 GiB of memory")
    assert preflight.learned(1_000_000, 20) == 1_000_000 > preflight.learned(1_000_000, 20, 2**30) == 26_108
    assert preflight.of_run(26_108, 20)[0] <= 2**30 and preflight.learned(10**7, 20, 2**32) == 1_060_403
    assert preflight.learned(60_000, 4, 1.5 * 2**30) == 60_000 > 2 * preflight.learned(60_000, 4, 1.5 * 2**30, 4800)
    with pytest.raises(
        LaunderError, match=r"for 10,000 rows of 20 columns, found resources.memory: 819 MiB; allow more"
    ):
        preflight.check_run(1_000_000, 20, tmp_path, 0.8 * 2**30)
    (said,) = preflight.check_run(10**7, 20, tmp_path, 2**32, 1_060_403)
    assert said.startswith("10,000,000 rows of 20 columns: about ")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, 999))
    with pytest.raises(LaunderError, match=r"of room at .* for the files of the run, found 0 MiB"):
        preflight.check_run(1_000_000, 20, tmp_path)


def test_what_is_foretold_counts_the_bytes_of_long_texts(tmp_path, monkeypatch):
    notes = pd.DataFrame({"note": [f"{number:04d}" * 1200 for number in range(300)], "n": range(300)})
    stored = {"table": tabular.store(notes, tmp_path / "notes"), "schema": infer(notes).to_dict(), "whole": {}}
    for name, value in {"SCORED_ROWS": 300, "SCORED_BYTES": 0, "LOADED_BYTES": 0}.items():
        monkeypatch.setattr(preflight, name, value)
    (said,) = tabular.inspect(config.load(tmp_path / "notes.parquet", [], tmp_path), lambda: stored)
    assert "11 MiB of memory and 3 MiB of disk" in said  # under 1 of each for short ones


def test_a_stage_that_takes_more_memory_than_allowed_or_foretold_is_named():
    def taking(*peaks):
        return {1000: {name: Cost(1, 1, peak, 300) for name, peak in zip(("ingest", "score"), peaks, strict=True)}}

    assert list(ceilings.broken(taking(500, 600), 600 * 2**20)) == []
    (said,) = ceilings.broken(taking(500, 601), 600 * 2**20)
    assert said == "expected at most 600 MB in score of 1,000 rows, found 601 MB"
    assert [said.split()[6] for said in ceilings.broken(taking(500, 800), math.inf)] == ["score"]  # 729 MB are foretold


def test_a_worker_that_sees_other_files_or_runs_other_code_says_so(model, job, tmp_path):
    path, digest = job.write(tmp_path)
    with pytest.raises(LaunderError, match=r"expected the folder of the run, .*nowhere, on every worker"):
        jobs.draw(str(tmp_path / "nowhere" / "job.json"), digest, 0)
    with pytest.raises(LaunderError, match=r"on every worker, found that one lacks gone there; share it"):
        jobs.draw(*replace(job, model=str(tmp_path / "gone")).write(tmp_path / "other"), 0)
    document = artifacts.read_json(path)
    artifacts.write_json(path, document | {"code": "another"})
    with pytest.raises(LaunderError, match="found another version on one"):
        jobs.draw(path, artifacts.digest_file(path), 0)
    assert "model" in json.dumps(document) and not list(tmp_path.glob("*/*.arrow"))
