"""`launder serve` against a real Prefect server: a scheduled run releases, and nothing is left running."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.run.server import free_port
from tests.processes import environment, start, until
from tests.test_flows import OPEN_GATE, customers

CONFIG = """
source: data.csv
budget: {{steps: 20}}
score: {{metrics: [fidelity.shape]}}
gate: {gate}
publish: {{to: out, keep: 1}}
schedule: {{cron: "{cron}"}}
"""


@pytest.fixture
def here(tmp_path):
    customers(120).to_csv(tmp_path / "data.csv", index=False)
    return tmp_path


@pytest.fixture
def marked(tmp_path):
    """Return an environment that every process below inherits, and at the end see that none of them is left."""
    mark = uuid.uuid4().hex
    yield environment(PREFECT_HOME=str(tmp_path / "prefect"), HOME=str(tmp_path), LAUNDERETTE_MARK=mark)
    left = alive(mark)
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert not left


def alive(mark):
    """Return the numbers of the processes whose environment holds the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # ended meanwhile, or another user's
            continue
    return found


def configured(folder, cron, gate=OPEN_GATE):
    (folder / "served.yaml").write_text(CONFIG.format(gate=json.dumps(gate), cron=cron))
    return folder / "served.yaml"


@pytest.fixture
def server(marked, tmp_path):
    """`prefect server start` on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with open(tmp_path / "server.log", "w") as log:
        process = subprocess.Popen(
            command, env=marked | {"PREFECT_SERVER_ANALYTICS_ENABLED": "false"}, stdout=log, stderr=log
        )
    try:
        until(lambda: process.poll() is not None or healthy(port), 180, "the server does not answer")
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.terminate()
        process.wait(60)


def healthy(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5).status == 200
    except OSError:
        return False


def runs(server):
    """Return the runs that have started, as a server knows them."""
    ask = urllib.request.Request(f"{server}/flow_runs/filter", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(ask, timeout=30) as answer:
        return [run for run in json.load(answer) if run["state"]["type"] != "SCHEDULED"]


def states(server):
    return {run["state"]["type"] for run in runs(server)}


def due(name):
    """Return when the run of this name was due."""
    return datetime.strptime(name, "data %Y-%m-%d %H:%M UTC")


def stopped(process, number):
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_scheduled_run_releases_and_says_so(here, marked, server):
    shown = here / "shown.txt"
    with open(shown, "w") as screen:
        path = configured(here, "* * * * *")
        process = start("serve", path, folder=here, env=marked | {"PREFECT_API_URL": server}, stdout=screen)
    try:
        until(
            lambda: process.poll() is not None or " released: " in shown.read_text(),
            180,
            "no scheduled run has released",
        )
    finally:
        code, _, err = stopped(process, signal.SIGTERM)
    out = shown.read_text()
    assert (code, err) == (0, "") and "serving data: * * * * * (UTC)" in out
    name, place = next(line for line in out.splitlines() if " released: " in line).split(" released: ")
    assert due(name) and main(["verify", place]) == 0
    assert "COMPLETED" in states(server) and not states(server) & {"RUNNING", "PENDING", "CANCELLING"}


def test_serving_brings_a_server_and_takes_it_away(here, marked):
    process = start("serve", configured(here, "0 0 1 1 *"), folder=here, env=marked)
    try:
        assert process.stdout.readline() == "launder serve: starting\n"
        shown = process.stdout.readline().removeprefix("dashboard: ").strip()
        with urllib.request.urlopen(f"{shown}/ui-settings", timeout=30) as settings:  # what its pages ask first
            assert json.load(settings)["api_url"] == f"{shown}/api"
        assert process.stdout.readline() == "serving data: 0 0 1 1 * (UTC)\n"  # the server answers by then
        assert len(alive(marked["LAUNDERETTE_MARK"])) >= 2
    finally:
        code, _, err = stopped(process, signal.SIGINT)
    assert (code, err) == (0, "")


@pytest.mark.parametrize("words", [("serve", "served.yaml"), ("run", "served.yaml", "--set", "budget.steps=1000000")])
def test_a_killed_command_takes_its_server_along(here, marked, words):
    configured(here, "0 0 1 1 *")
    process = start(*words, folder=here, env=marked)
    try:
        sign = "serving data" if words[0] == "serve" else "reading the source"
        until(lambda: sign in process.stdout.readline(), 180, "the command does not start")
        assert len(alive(marked["LAUNDERETTE_MARK"])) >= 3  # the command, the server, its supervisor
    finally:
        process.kill()
        process.communicate(timeout=60)
    until(lambda: not alive(marked["LAUNDERETTE_MARK"]), 30, "the server lives on")


def test_a_quarantine_is_not_green(here, marked, server):
    words = ("run", configured(here, "0 0 1 1 *", gate={"fidelity.shape": {"at_least": 1.0}}))
    process = start(*words, folder=here, env=marked | {"PREFECT_API_URL": server})
    _, err = process.communicate(timeout=180)
    assert process.returncode == 3, err
    (run,) = runs(server)
    assert (run["state"]["type"], run["state"]["name"]) == ("FAILED", "Quarantined") and due(run["name"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_run_is_left_running(here, marked, server, number):
    path = configured(here, "* * * * *")
    path.write_text(path.read_text().replace("steps: 20", "steps: 1000000"))
    process = start("serve", path, folder=here, env=marked | {"PREFECT_API_URL": server})
    try:
        until(lambda: process.poll() is not None or "RUNNING" in states(server), 180, "no scheduled run has started")
    finally:
        code, _, err = stopped(process, number)
    assert (code, err) == (0, "")
    assert states(server) <= {"CRASHED", "CANCELLED"}
