"""Cached steps: known by all that they read and by nothing else, which is what they declare; done once."""

import shutil
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pipelines import config
from pipelines.augment import steps as augmenting
from pipelines.config.narrowing import narrowed
from pipelines.run import artifacts, caching, pipeline, steps
from pipelines.run.artifacts import LaunderError
from tests import runs
from tests.pipelines.conftest import FEW

STEPS = ["ingest", "protect", "split", "relate", "train", "sample", "score", "decide"]


@pytest.fixture
def source(released):
    return released.folder / "data.csv"


def test_every_step_runs_only_code_that_it_declares(released):
    """And reads only keys that it declares: the configuration that it is handed has no others."""
    assert released.done == STEPS and released.ran == {name: set() for name in STEPS}


def test_the_search_for_code_finds_what_is_not_declared(source, tmp_path):
    ran = {}
    lacking = caching.Step(steps.ingest.function, steps.ingest.reads, ("pipelines/run",), ())
    runs.doing(config.load(source, FEW, tmp_path), ran=ran)(lacking)
    assert {"pipelines/modalities/tabular.py", "pipelines/sources/tables.py"} <= ran["ingest"]


def test_a_key_that_is_not_declared_cannot_be_read(source, tmp_path):
    loaded = config.load(source, FEW, tmp_path)
    few = narrowed(loaded, ("seed", "split.entity", "score"))
    assert few.seed == 0 and few.split.entity is None and few.score == loaded.score
    for read in (lambda: few.gate, lambda: few.split.holdout, lambda: few.rules, lambda: few.modality):
        with pytest.raises(AttributeError):
            read()
    lacking = caching.Step(steps.split.function, ("seed",), steps.split.runs, ())
    with pytest.raises(AttributeError, match="split"):
        given = runs.ingested(loaded)
        runs.doing(loaded)(lacking, **given)


def changed(released, settings, *, source=None, output=None):
    """Return the steps whose keys differ under other settings, each taken to leave the same result as before."""
    loaded = released.config
    other = config.load(source or loaded.source.path, [*FEW, *settings], output or loaded.publish.to)
    found = []

    def do(step, **inputs):
        place, _ = caching._place(step, other, inputs)
        if not place.folder.exists():
            found.append(step.name)
        (before,) = Path(loaded.publish.to, "work").glob(f"{step.name}-*")
        return caching._result(replace(place, folder=before))

    pipeline.decide(lambda _: do, other)
    return found


@pytest.mark.parametrize(
    ("settings", "again"),
    [
        (["publish.keep=3"], []),
        (["resources={runner: processes}"], []),
        (["resources={runner: processes, memory: 4GiB}"], ["ingest"]),  # it may hold fewer rows
        (["schedule.cron='0 3 * * *'"], []),
        (["augment={folds: 3}"], []),
        (["gate.privacy.copies.at_most=0.5"], ["decide"]),
        (["publish.format=csv"], ["decide"]),
        (["name=other"], ["decide"]),
        (["gate.fidelity.trend.at_least=0.1"], ["score", "decide"]),  # the gate needs another metric
        (["score.metrics=[fidelity.trend]"], ["score"]),
        (["score.target=old"], ["ingest", "score"]),
        (["sample.rows=50"], ["ingest", "sample"]),  # a condition is checked when the source is read
        (["protect.rare=3"], ["ingest", "protect", "split", "relate"]),
        (["split.holdout=0.3"], ["split", "relate"]),
        (["generator.options.width=32"], ["relate", "train"]),
        (["device=cpu"], ["train"]),
        (["seed=1"], ["ingest", "split", "relate", "train", "sample", "score", "decide"]),
        (["source.delimiter=','"], ["ingest"]),
    ],
)
def test_a_setting_has_those_steps_done_again_that_read_it(released, settings, again):
    assert changed(released, settings) == again


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("evaluation/fidelity/marginals.py", ["score"]),
        ("evaluation/report/report.html", ["decide"]),
        ("evaluation/report/drawings.py", ["decide"]),
        ("pipelines/release/gate.py", ["decide"]),
        ("pipelines/config/rules.py", ["decide"]),
        ("pipelines/cli/terminal.py", []),
        ("pipelines/augment/oversampling.py", []),
        ("flows.py", []),
        ("pipelines/sources/delimited.py", ["ingest"]),
        ("generators/training/loop.py", ["relate", "train", "sample", "score"]),
        ("generators/data/schema.py", STEPS),
    ],
)
def test_a_line_of_code_has_those_steps_done_again_that_run_it(released, monkeypatch, path, again):
    digest = artifacts.digest_file
    monkeypatch.setattr(artifacts, "digest_file", lambda file: digest(file) + "!" * (file == artifacts.ROOT / path))
    assert changed(released, []) == again


def test_a_source_is_known_by_its_content_wherever_it_lies(released, source, tmp_path):
    moved = shutil.copyfile(source, tmp_path / "data.csv")
    assert changed(released, [], source=moved) == []
    (tmp_path / "link").symlink_to(source.parent)
    assert changed(released, [], source=tmp_path / "link" / "data.csv") == []
    moved.write_text(moved.read_text().replace("Ulm", "Köln", 1))
    assert changed(released, [], source=moved) == ["ingest"]


def test_a_network_and_a_test_set_are_known_by_their_content(source, tmp_path):
    """Image models and augmentation read them; only their digests may enter a key."""
    keys = []
    for place, text in (("one", "1"), ("two", "1"), ("two", "2")):
        (tmp_path / place).mkdir(exist_ok=True)
        for name in ("net.onnx", "test.csv"):
            (tmp_path / place / name).write_text(f"a\n{text}\n")
        loaded = config.load(source, [f"augment.test={tmp_path / place / 'test.csv'}"], tmp_path)
        loaded = loaded.model_copy(update={"score": config.Scoring(features=str(tmp_path / place / "net.onnx"))})
        keys.append([step.key(loaded, step.outside(loaded), {}) for step in (steps.score, augmenting.enlarge)])
    (scored, enlarged), moved, (other, another) = keys
    assert moved == [scored, enlarged] and other != scored and another != enlarged


def test_an_output_folder_may_move(released, tmp_path):
    moved = shutil.copytree(released.config.publish.to, tmp_path / "moved", symlinks=True)
    done, loaded = [], config.load(released.config.source.path, FEW, moved)
    ended = runs.launder(loaded, done)
    assert done == [] and ended["unchanged"] and ended["place"].startswith(str(moved))


def test_what_was_changed_or_lost_is_made_again(released, tmp_path):
    output = shutil.copytree(released.config.publish.to, tmp_path / "out", symlinks=True)
    loaded, work = config.load(released.config.source.path, FEW, output), output / "work"
    for step, name in (("sample", "synthetic.parquet"), ("score", "result.json"), ("train", "model/model.json")):
        (path,) = work.glob(f"{step}-*/{name}")
        before, done = path.read_bytes(), []
        path.write_text("damaged")
        pipeline.decide(partial(runs.doing, done=done), loaded)
        assert done[0] == step and (path.read_bytes() == before or step != "sample")


def test_a_file_that_changes_while_a_step_reads_it_stops_the_run(source, tmp_path):
    """Whichever step, and whichever file: the table here, a network or a test set elsewhere."""
    moved = shutil.copyfile(source, tmp_path / "data.csv")
    loaded = config.load(moved, [f"augment.test={tmp_path / 'test.csv'}", "score.target=old"], tmp_path / "out")
    (tmp_path / "test.csv").write_text("age\n1\n")
    for step, path in ((steps.ingest, moved), (augmenting.enlarge, tmp_path / "test.csv")):

        def growing(*_, path=path, **__):
            path.write_text(path.read_text() + "7\n")
            return {}

        reading = replace(step, function=growing)
        with pytest.raises(LaunderError, match="to stay as it is while it is read, found it changed"):
            caching.perform(reading, loaded)
        assert not list((tmp_path / "out" / "work").glob("*/result.json"))


def test_whoever_comes_second_waits_and_takes_the_result(source, tmp_path):
    loaded, waiting, calls, found = config.load(source, FEW, tmp_path), threading.Event(), [], []

    def slow(place, config):
        calls.append(place)
        second.start()
        assert waiting.wait(20)
        return {"made": 1}

    shared = replace(steps.ingest, function=slow)
    second = threading.Thread(target=lambda: found.append(caching.perform(shared, loaded, waiting.set)))
    assert caching.perform(shared, loaded) == ({"made": 1}, False)
    second.join(20)
    assert found == [({"made": 1}, True)] and len(calls) == 1
    assert (tmp_path / "work").stat().st_mode & 0o777 == calls[0].folder.stat().st_mode & 0o777 == 0o700


def test_the_code_that_a_step_declares_is_there():
    every = [
        value for module in (steps, augmenting) for value in vars(module).values() if isinstance(value, caching.Step)
    ]
    assert len(every) >= 8
    assert [part for step in every for part in step.runs if not (artifacts.ROOT / part).exists()] == []
