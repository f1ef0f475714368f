"""The flows on a real Prefect server: released, quarantined, resumed to the same bytes, and silent about rows."""

import json
import os
import resource
import shutil
import signal
import traceback
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from prefect import flow_engine
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort

import generators
from generators.training import step as training_step
from pipelines.cli import main
from pipelines.config import rules
from pipelines.run import server, tasks
from pipelines.run.artifacts import digest_file, digest_folder, write_frame
from pipelines.shards import ray
from pipelines.shards.jobs import Job
from pipelines.shards.sampling import ShardedSample
from tests.processes import alive, environment, files_of_at_most, launder, marked_environment, start, swept, until

SECRET = "Quixworth"
PREFECT_COST = 20  # seconds of CPU
# counts the CPU time before Prefect is imported, and in the steps
MEASURED = """
import sys, time
import pipelines.run.steps
own = [time.process_time()]
from pipelines import cli
from pipelines.run import caching
call = caching.perform
def timed(*words, **inputs):
    began = time.process_time()
    try:
        return call(*words, **inputs)
    finally:
        own.append(time.process_time() - began)
caching.perform = timed
try:
    cli.main()
finally:
    print("OWN", sum(own))
"""
# saves after every step
EAGER = """
from generators.training import loop
loop.SAVE_SECONDS = 0
from pipelines import cli
cli.main()
"""
# where neither the gate nor the scores are what is tested: one rule, one metric, few steps
OPEN_GATE = dict.fromkeys(rules.DEFAULT_RULES) | {"privacy.copies": {"at_most": 1}}
LOOSE = [
    "--set",
    f"gate={json.dumps(OPEN_GATE)}",
    "--set",
    "budget.steps=60",
    "--set",
    "score.metrics=[fidelity.shape]",
]


def customers(rows):
    rng = np.random.default_rng(0)
    age = rng.integers(20, 70, rows)
    city = rng.choice(["Ulm", "Köln", "Bonn"], rows, p=[0.5, 0.3, 0.2])
    paid = (20 * age + 200 * (city == "Ulm") + rng.normal(0, 80, rows)).round(-1)
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "paid": paid,
            "member": np.where(paid + rng.normal(0, 100, rows) > 1000, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """A server of our own, for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        work = server.prepare(tmp_path_factory.mktemp("server"))
        with server.beginning(work) as begun, tasks.connected(begun) as address:
            yield address


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    customers(120).to_csv("data.csv", index=False)
    return tmp_path


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """`launder run data.csv` by a new user: no configuration, no server, an empty home of Prefect."""
    folder = tmp_path_factory.mktemp("new user")
    customers(400).to_csv(folder / "data.csv", index=False)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = launder(
        "run", "data.csv", folder=folder, code=MEASURED, env=environment(PREFECT_HOME=str(folder / "prefect"))
    )
    assert done.returncode == 0, done.stderr
    own = float(done.stdout.split("OWN")[1])
    return folder / "laundered", done, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before - own


def release_of(output):
    (path,) = [path for path in (output / "releases").iterdir() if not path.is_symlink()]
    return path


def test_a_source_alone_is_released(released):
    output, done, _ = released
    release = release_of(output)
    assert done.stderr == "" and f"Released: {release}" in done.stdout.replace("\n", "")
    said, steps = [], []
    for line in done.stdout.split("Released")[0].splitlines():
        (said if line.startswith("The bound on memory") else steps).append(line)
    assert len(said) == 1 and max(map(len, steps)) <= 80  # sentences are wrapped by the terminal
    assert {"manifest.json", "report.html", "report.json", "data"} == set(os.listdir(release))
    drawn = pd.read_parquet(release / "data" / "data.parquet")
    assert len(drawn) == 400 and list(drawn.columns) == ["age", "city", "paid", "member"]
    assert main(["verify", str(output / "releases" / "current")]) == 0
    assert json.loads((release / "report.json").read_text())["white_box"] is True
    assert (output / "work").stat().st_mode & 0o777 == 0o700


def test_prefect_costs_little(released):
    *_, cost = released
    print(f"Prefect took {cost:.1f} s of CPU")
    assert 0 < cost < PREFECT_COST


def test_one_edited_byte_in_a_release_is_found(released, tmp_path, capsys):
    release = shutil.copytree(release_of(released[0]), tmp_path / release_of(released[0]).name)
    assert main(["verify", str(release)]) == 0
    for path in sorted(p for p in release.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert main(["verify", str(release)]) == 1, (path, at)
        path.write_bytes(whole)
    assert main(["verify", str(release)]) == 0


def forget(output):
    """Have the next run go through the flow, which would say that nothing has changed."""
    (output / "work" / "data.schema.json").unlink()


def test_a_second_run_reuses_every_step_and_ends_while_the_server_is_away_which_is_told_later(
    released, api, monkeypatch, capsys
):
    output, propose = released[0], flow_engine.propose_state_sync

    def away(client, state, **given):
        if state.is_final():
            raise httpx.ConnectError("who: secret")
        return propose(client, state, **given)

    forget(output)
    before = {path: path.stat().st_mtime_ns for path in (output / "work").rglob("*.parquet")}
    with monkeypatch.context() as patch:
        patch.setattr("generators.fit", None)
        patch.setattr("evaluation.score", None)
        patch.setattr(flow_engine, "propose_state_sync", away)
        assert main(["run", str(output.parent / "data.csv"), "--output", str(output)]) == 0
    assert {path: path.stat().st_mtime_ns for path in (output / "work").rglob("*.parquet")} == before
    release_of(output)  # the same one
    assert "Prefect's server did not answer at the end" in capsys.readouterr().out
    assert last_run().state.type == "RUNNING"
    assert main(["clean", str(output), "--dry-run"]) == 0 and last_run().state.type == "RUNNING"
    assert main(["clean", str(output)]) == 0
    assert "how a run ended while it was away" in capsys.readouterr().out
    assert last_run().state.type == "COMPLETED" and (output / "work" / "data.lease").read_text() == ""


def last_run():
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    return run


def state_names():
    """Return the names of the states of the last flow run's tasks."""
    with get_client(sync_client=True) as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [last_run().id]}))
        return {task.name.rpartition("-")[0]: (task.state.name, task.run_count) for task in tasks}


def test_a_changed_file_is_made_again(here, api, monkeypatch):
    assert main(["run", "data.csv", *LOOSE]) == 0
    (work,) = (here / "laundered" / "work").glob("*/synthetic.parquet")
    digest = digest_file(work)
    forget(here / "laundered")
    assert main(["run", "data.csv", *LOOSE]) == 0
    assert {state for state, _ in without(state_names(), "publish").values()} == {"Cached"}
    work.write_bytes(b"gone")
    forget(here / "laundered")
    assert main(["run", "data.csv", *LOOSE]) == 0
    states = state_names()
    assert states["train"][0] == "Cached" and states["sample"][0] == "Completed" and digest_file(work) == digest


def without(found, *names):
    return {name: value for name, value in found.items() if name not in names}


def test_interrupted_and_killed_runs_end_in_the_same_bytes(here, api, monkeypatch):
    """Ctrl-C, then kill -9, then a run to the end: the data are those of a run that nobody touched."""
    words = ["run", "data.csv", *LOOSE, "--output", "resumed"]
    # as at a terminal: Ctrl-C reaches the whole group
    interrupted, env = _stopped(signal.SIGINT, 5, here, words)
    assert interrupted.returncode == 130 and not swept(env)
    assert interrupted.err == "launder: interrupted; the same command continues where this one was\n"
    killed, env = _stopped(signal.SIGKILL, 20, here, words)
    assert killed.returncode == -signal.SIGKILL and not (here / "resumed" / "releases").exists()
    until(lambda: not alive(env), 30, "the server of a killed run lives on")
    step, taken, take = _saved(here), [], training_step.take
    monkeypatch.setattr(training_step, "take", lambda *given: (taken.append(1), take(*given)))
    assert main(words) == 0
    assert 20 <= step < 60 and len(taken) == 60 - step
    assert main([*words[:-1], "untouched"]) == 0
    one, other = (release_of(here / name) / "data" / "data.parquet" for name in ("resumed", "untouched"))
    assert digest_file(one) == digest_file(other)


def _stopped(number, step, folder, words):
    """Start a run that brings its own server, send it a signal once it has saved that many steps, and return it with
    its environment.
    """
    env = marked_environment(folder)
    with start(*words, folder=folder, code=EAGER, env=env, start_new_session=True) as process:
        until(lambda: process.poll() is not None or _saved(folder) >= step)
        assert len(alive(env)) >= 3  # the command, the server, its supervisor
        os.killpg(process.pid, number)
        process.out, process.err = process.communicate(timeout=60)
    return process, env


def _saved(folder):
    for path in folder.glob("resumed/work/*/checkpoint/model.json"):
        try:
            return json.loads(path.read_text())["state"]["step"]
        except (OSError, ValueError):  # being replaced
            return 0
    return 0


class Copying:
    """A generator that has learned its training rows by heart."""

    record = {"steps": 1, "device": "cpu", "reason": "no need of more", "stopped": "all steps taken"}  # noqa: RUF012

    def __init__(self, frame, schema):
        self.frame, self.schema = frame, schema

    def sample(self, n, *, seed=0, where=None):
        return self.frame.sample(n, replace=True, random_state=seed, ignore_index=True)

    def save(self, folder):
        folder.mkdir(exist_ok=True)
        (folder / "model.json").write_text("{}")


def test_a_copy_of_the_training_rows_is_quarantined(here, api, monkeypatch, capsys):
    made = []
    monkeypatch.setattr(
        "generators.fit", lambda frame, *_, schema, **__: made.append(Copying(frame, schema)) or made[-1]
    )
    monkeypatch.setattr("generators.open_model", lambda path: made[-1])
    customers(400).assign(account=np.random.default_rng(1).normal(size=400)).to_csv("data.csv", index=False)
    assert main(["run", "data.csv"]) == 3
    shown = capsys.readouterr().out
    assert "refused" in shown and "Quarantined: " in shown
    state = last_run().state  # neither green nor a success
    assert (state.type, state.name) == ("FAILED", "Quarantined")
    assert not (here / "laundered" / "releases").exists()
    (place,) = (here / "laundered" / "quarantine").iterdir()
    assert set(os.listdir(place)) == {"reasons.json", "report.html", "report.json"}
    refused = {
        reason["score"]
        for reason in json.loads((place / "reasons.json").read_text())["reasons"]
        if not reason["passed"]
    }
    assert {"privacy.copies", "privacy.membership"} <= refused


def database():
    """Return the bytes of Prefect's home: its database, the journal of that included."""
    return b"".join(path.read_bytes() for path in Path(os.environ["PREFECT_HOME"]).rglob("*") if path.is_file())


def stored():
    """Return the files in which Prefect keeps results."""
    return [path for path in Path(os.environ["PREFECT_HOME"]).rglob("storage/**/*") if path.is_file()]


def test_the_text_of_a_foreign_exception_stays_inside(here, api, monkeypatch, capsys, caplog):
    def broken(*_, **__):
        raise KeyError(f"row: {SECRET}, 47 {customers(1)}")

    monkeypatch.setattr("pipelines.stages.protection.protect", broken)
    assert main(["run", "data.csv"]) == 1
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert (
        line.startswith("launder: expected pipelines/modalities/tabular.py:")
        and "found KeyError (its text may hold data" in line
    )
    assert SECRET not in shown.out + line + caplog.text and SECRET.encode() not in database()
    assert b"found KeyError (its text may hold data" in database()  # the search sees what is there
    with pytest.raises(ValueError) as caught:
        main(["run", "data.csv", "--debug"])
    assert SECRET in "".join(traceback.format_exception(caught.value))
    assert SECRET.encode() not in database()


@pytest.mark.parametrize(("number", "runs", "code"), [(5, 2, 0), (28, 1, 1)])  # EIO may pass, ENOSPC will not
def test_a_task_is_tried_again_where_the_disk_failed(here, api, monkeypatch, capsys, number, runs, code):
    from pipelines.stages import ingestion

    ingest, calls = ingestion.ingest, []

    def failing(config, work=None):
        calls.append(config)
        if (len(calls) <= 2 and code == 0) or code:  # once before Prefect starts, once in the task
            raise OSError(number, os.strerror(number), "data.csv")
        return ingest(config, work)

    monkeypatch.setattr(ingestion, "ingest", failing)
    assert main(["run", "data.csv", *LOOSE]) == code
    assert state_names()["ingest"] == ("Failed" if code else "Completed", runs)
    assert capsys.readouterr().err.count("\n") == code


def test_a_training_set_is_enlarged_below_work_and_the_verdict_told(here, api, capsys):
    words = [
        "augment",
        "data.csv",
        "--target",
        "member",
        "--class",
        "no=90",
        "--class",
        "yes=90",
        "--folds",
        "2",
        "--repeats",
        "1",
    ]
    before = set(stored())
    for states in ({"Completed"}, {"Cached"}):
        assert main([*words, "--set", "budget.steps=2"]) == 0
        assert {state for state, _ in state_names().values()} == states
    (path,) = (here / "laundered" / "work").glob("*/augmented/data.parquet")
    table = pd.read_parquet(path)
    assert table["member"].value_counts().to_dict() == {"no": 90, "yes": 90} and table["is_synthetic"].sum() == 60
    assert os.listdir(path.parent) == ["data.parquet"]
    (report,) = (here / "laundered" / "work").glob("report-*/report")
    assert set(os.listdir(report)) == {"augmentation.html", "augmentation.json"}
    assert set(os.listdir(here / "laundered")) == {"work"}
    assert b"over no augmentation" in database() and "Köln".encode() not in database()
    assert set(stored()) == before  # of other tests: exceptions, but no result of a step
    shown = capsys.readouterr().out
    assert "over no augmentation" in shown and "120 real and 60 synthetic rows" in shown


def test_one_process_several_and_a_ray_cluster_draw_the_same_bytes(api, tmp_path, monkeypatch):
    model = generators.fit(customers(200), "tabular.marginals")
    model.save(tmp_path / "model")
    job = Job(str(tmp_path / "model"), digest_folder(tmp_path / "model"), seed=3, rows=5000, size=2048)
    sample = ShardedSample(model, job, lambda drawn: drawn)
    whole = write_frame(model.sample(5000, seed=3), tmp_path / "whole.parquet").digest
    for runner in ("threads", "processes", "ray"):
        if runner == "ray":  # of one worker
            monkeypatch.setattr(ray.os, "cpu_count", lambda: 1)
        found = sample.draw(tmp_path / runner, tmp_path / f"{runner}.parquet", partial(tasks._spread, runner))
        assert found.digest == whole, runner


def test_a_file_that_may_not_grow_stops_the_run(here, api, capsys):
    """As a disk that fills in the middle of a run: one sentence, and nothing released."""
    with files_of_at_most(60_000):
        assert main(["run", "data.csv", *LOOSE]) == 1
    told = capsys.readouterr().err
    assert "may not grow that large" in told and told.count("\n") == 1
    assert not (here / "laundered" / "releases").exists()
