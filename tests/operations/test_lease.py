"""The lease of a data set: one run at a time, and one that was killed is known to the next."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import flows
from pipelines.run import lease, tasks
from pipelines.run.artifacts import LaunderError
from tests.processes import environment, until

HOLD = """
import sys, time
from pathlib import Path
from pipelines.run import lease
with lease.held(Path(sys.argv[1]), "people", "r1", print, print):
    Path(sys.argv[1], "holds").touch()
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], env=environment())
    until((tmp_path / "holds").exists, 60)
    yield process
    process.kill()
    process.wait()


def test_a_second_run_waits_and_takes_over_from_one_that_is_killed(tmp_path, holder):
    waited, dead, done = [], [], threading.Event()

    def second():
        with lease.held(tmp_path, "people", "r2", waited.append, dead.append):
            done.set()

    thread = threading.Thread(target=second)
    thread.start()
    until(lambda: waited, 30)
    assert waited[0]["run"] == "r1" and waited[0]["pid"] == holder.pid and not done.is_set()
    with lease.held(tmp_path, "others", "r3", pytest.fail, pytest.fail):
        pass  # of another data set
    os.kill(holder.pid, signal.SIGKILL)
    assert done.wait(30)
    thread.join()
    assert [record["run"] for record in dead] == ["r1"]
    with lease.held(tmp_path, "people", "r4", pytest.fail, pytest.fail):
        pass  # after an orderly end nobody is dead


@pytest.fixture
def quick(monkeypatch):
    """Seconds are hundredths, and locks are those of one machine each: none is seen by another."""
    for name, seconds in {"BEAT_SECONDS": 0.02, "STILL_SECONDS": 0.3, "LOOK_AGAIN_SECONDS": 0.01}.items():
        monkeypatch.setattr(lease, name, seconds)
    monkeypatch.setattr(lease.locks, "taken", lambda _: True)


def elsewhere(path, beats, stop=None):
    """Write the record of a run on another machine, whose clock is wrong by years, and count on in it."""
    for beat in range(beats):
        if stop and stop.is_set():
            return
        record = {"run": "r1", "host": "far", "boot": "another", "since": "1999-01-01 00:00:00 UTC", "beat": beat}
        path.touch()
        with open(path, "r+") as file:  # never empty in between
            file.write(json.dumps(record))
            file.truncate()
        time.sleep(0.05)


def test_a_run_on_another_machine_is_waited_for_while_it_counts_on(tmp_path, quick):
    path, events = tmp_path / "people.lease", []
    elsewhere(path, 1)
    far = threading.Thread(target=elsewhere, args=(path, 20))
    far.start()  # for a second, three times as long as it would have to stand still
    told = [lambda record, what=what: events.append((what, record)) for what in ("waits", "dead")]
    with lease.held(tmp_path, "people", "r2", *told):
        assert not far.is_alive()  # it was killed after its last count
    assert [(what, record["run"]) for what, record in events] == [("waits", "r1"), ("dead", "r1")]
    assert events[1][1]["beat"] == 19 and path.read_text() == ""
    with lease.held(tmp_path, "people", "r3", pytest.fail, pytest.fail):
        assert json.loads(path.read_text())["boot"] == lease._boot()


def test_of_two_that_wait_for_a_dead_one_elsewhere_one_has_it_and_the_other_waits(tmp_path, quick, monkeypatch):
    path, inside, most = tmp_path / "people.lease", [], []
    elsewhere(path, 1)

    def take(run):
        with lease.held(tmp_path, "people", run, lambda _: None, lambda _: None) as leased:
            inside.append(run)
            most.append(len(inside))
            time.sleep(0.1)
            leased.check()
            inside.remove(run)

    monkeypatch.setattr(lease, "_boot", lambda: threading.current_thread().name)  # a machine for each
    threads = [threading.Thread(target=take, args=(run,)) for run in ("r2", "r3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1, 1] and not inside and path.read_text() == ""


def test_who_was_taken_for_dead_finds_out_before_it_releases_and_leaves_the_record(tmp_path, quick):
    path = tmp_path / "people.lease"
    with lease.held(tmp_path, "people", "r2", pytest.fail, pytest.fail) as leased:
        leased.check()
        elsewhere(path, 1)
        with pytest.raises(LaunderError, match="found that another run has taken it"):
            leased.check()
        time.sleep(0.1)
    assert json.loads(path.read_text())["run"] == "r1"


def test_a_data_set_that_another_machine_serves_is_not_served_here(tmp_path, quick):
    path, stop = tmp_path / "people.serving", threading.Event()
    elsewhere(path, 1)
    far = threading.Thread(target=elsewhere, args=(path, 200, stop))
    far.start()
    try:
        with pytest.raises(LaunderError, match="found another launder serve on far"), lease.alone(tmp_path, "people"):
            pass
    finally:
        stop.set()
        far.join()
    with lease.alone(tmp_path, "people"):
        pass  # dead by now


def test_an_orderly_failure_is_no_death_and_a_torn_record_is_one(tmp_path, quick):
    with pytest.raises(KeyError), lease.held(tmp_path, "people", "r1", pytest.fail, pytest.fail):
        raise KeyError
    (tmp_path / "people.lease").write_text('{"run": "r')
    dead = []
    with lease.held(tmp_path, "people", "r2", pytest.fail, dead.append):
        assert dead == [{"since": "an unknown time"}]
    assert (tmp_path / "people.lease").stat().st_mode & 0o777 == 0o600


def test_a_killed_run_is_told_of_and_closed_in_prefect(nights, monkeypatch):
    states, sent = [], []

    class Client:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def read_flow_run(self, id):
            return type("Run", (), {"id": id, "state": None})

        def set_flow_run_state(self, id, state, force):
            states.append((str(id), state.type.value, force))

    monkeypatch.setattr(tasks, "get_client", lambda **_: Client())
    monkeypatch.setattr(flows.sending, "send", lambda config, event, why: sent.append((event, why)))
    run = "00000000-0000-0000-0000-00000000000a"
    flows._bury(nights.settings(), {"run": run, "since": "noon"})
    flows._bury(nights.settings(), {"since": "an unknown time"})  # whose run nobody knows
    flows._bury(nights.settings(), {"run": run, "end": {"type": "FAILED", "name": "Quarantined", "message": "refused"}})
    assert states == [(run, "CRASHED", True), (run, "FAILED", True)]
    assert [event for event, _ in sent] == ["failed", "failed"] and "began at noon was killed" in sent[0][1]
