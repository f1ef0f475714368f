"""The lease of a data set: one run at a time, and one that was killed is known to the next."""

import os
import signal
import subprocess
import sys
import threading

import pytest

import flows
from pipelines.run import lease
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


def test_an_orderly_failure_is_no_death_and_a_torn_record_is_one(tmp_path):
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

    monkeypatch.setattr(flows, "get_client", lambda **_: Client())
    monkeypatch.setattr(flows.sending, "send", lambda config, event, why: sent.append((event, why)))
    run = "00000000-0000-0000-0000-00000000000a"
    flows._bury(nights.settings(), {"run": run, "since": "noon"})
    flows._bury(nights.settings(), {"since": "an unknown time"})  # whose run nobody knows
    assert states == [(run, "CRASHED", True)]
    assert [event for event, _ in sent] == ["failed", "failed"] and "began at noon was killed" in sent[0][1]
