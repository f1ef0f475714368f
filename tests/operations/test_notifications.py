"""Notifications over real HTTP: who is told of what, tried again, and never a value, an address or a failed run."""

import json
import sys

import pytest

from pipelines import config
from pipelines.cli import main
from pipelines.notifications import channels, messages, sending
from pipelines.run import api, releasing
from pipelines.run.artifacts import LaunderError
from tests import hooks
from tests.operations.conftest import table

ENDED = {"outcome": "released", "id": "r1", "place": "out/releases/r1", "report": "out/releases/r1/report.html"}


@pytest.fixture(scope="module")
def listening():
    with hooks.listening() as server:
        yield server


@pytest.fixture
def hook(listening, monkeypatch):
    listening.bodies.clear()
    listening.statuses.clear()
    monkeypatch.setenv("HOOK", listening.address)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(channels, "REDELIVERY_DELAYS", (0.0, 0.0))
    return listening


def told(hook):
    return [(found["event"], found["run"]) for found in map(json.loads, hook.bodies)]


def configured(nights, **entry):
    entry = entry or {"webhook": "env:HOOK"}
    return nights.settings(f"notify=[{json.dumps(entry)}]")


def test_each_event_reaches_who_listens_and_a_release_after_a_failure_is_a_recovery(hook, nights):
    loaded = configured(nights)
    sending.end(loaded, ENDED)
    sending.end(loaded, ENDED | {"unchanged": "nothing has changed"})
    with pytest.raises(LaunderError), sending.failures(loaded):
        raise LaunderError("expected a column, found none")
    sending.end(loaded, ENDED | {"outcome": "held"})
    sending.end(loaded, ENDED | {"unchanged": "nothing has changed"})
    sending.end(loaded, ENDED | {"outcome": "quarantined"}, {"reasons": [{"score": "a.b", "passed": False}]})
    sending.end(configured(nights, on=["recovered"], webhook="env:HOOK"), ENDED)
    sending.end(configured(nights, on=["failed"], webhook="env:HOOK"), ENDED)
    events = ["released", "failed", "approval", "recovered", "quarantined", "recovered"]
    assert told(hook) == [(event, None if event == "failed" else "r1") for event in events]
    found = [json.loads(body) for body in hook.bodies]
    assert found[1]["why"] == "expected a column, found none" and found[4]["why"] == "refused by a.b"
    assert set(found[0]) == {"version", "event", "data_set", "run", "place", "report", "why", "at"}


def test_what_a_library_says_is_not_passed_on(hook, nights):
    with pytest.raises(KeyError), sending.failures(configured(nights)):
        raise KeyError("row: Quixworth, 47")
    assert json.loads(hook.bodies[0])["why"] == "KeyError"


@pytest.mark.parametrize(
    ("statuses", "sent", "said"),
    [
        ([503, 429], 3, ""),
        ([500, 500, 500], 3, "found status 500"),
        ([404], 1, "found status 404"),
        ([302], 1, "found status 302"),  # nothing is sent to where it points
    ],
)
def test_a_webhook_is_tried_again_and_its_failure_is_said_without_its_address(
    hook, nights, capsys, statuses, sent, said
):
    hook.statuses.extend(statuses)
    sending.end(configured(nights), ENDED)
    err = capsys.readouterr().err
    assert len(hook.bodies) == sent and said in err and bool(said) == bool(err) and "T0P5ECRET" not in err


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/T0P5ECRET", "http://127.0.0.1:1/T0P5ECRET", "http://[T0P5ECRET"])
def test_an_address_that_leads_nowhere_fails_no_run(hook, nights, capsys, monkeypatch, address):
    monkeypatch.setenv("HOOK", address)
    for way in ("webhook", "apprise"):
        sending.end(configured(nights, **{way: "env:HOOK"}), ENDED)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("launder: expected") and "T0P5ECRET" not in line and f"notify.1.{way}" in line


def test_a_command_reads_the_message_and_apprise_sends_it(hook, nights, tmp_path, monkeypatch, capsys):
    copy = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    sending.end(configured(nights, command=[sys.executable, "-c", copy, str(tmp_path / "told.json")]), ENDED)
    assert json.loads((tmp_path / "told.json").read_text())["event"] == "released"
    monkeypatch.setenv("HOOK", hook.address.replace("http://", "json://"))
    sending.end(configured(nights, apprise="env:HOOK"), ENDED)
    assert "out/releases/r1" in json.loads(hook.bodies[0])["message"] and capsys.readouterr().err == ""
    for command, said in ((["false"], "exit code 1"), ([str(tmp_path / "none")], "to start")):
        sending.end(configured(nights, command=command), ENDED)
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"webhook": "https://hooks.example/T0P5ECRET"}, "env:NAME"),
        ({"webhook": "env:A", "apprise": "env:B"}, "one of webhook, command and apprise"),
        ({"on": ["released"]}, "one of webhook, command and apprise"),
        ({"on": ["relased"], "command": ["true"]}, "'released'"),
    ],
)
def test_a_channel_that_cannot_be_is_one_sentence(entry, part):
    with pytest.raises(LaunderError) as caught:
        config.validate({"source": "x.csv", "notify": [entry]})
    assert part in str(caught.value) and "T0P5ECRET" not in str(caught.value)


def test_runs_tell_how_they_end(hook, nights, capsys, monkeypatch):
    monkeypatch.chdir(nights.folder)
    loaded = configured(nights)
    waits = loaded.model_copy(update={"gate": loaded.gate.model_copy(update={"approval": "required"})})
    held = nights.run("gate.approval=required", 'notify=[{"webhook": "env:HOOK"}]')
    releasing.approve(nights.output, held["id"], by="Ada", reason="read")
    assert waits.notify and told(hook) == [("released", held["id"])]
    words = ["run", "data.csv", "--output", "out", "--set", 'notify=[{"webhook": "env:HOOK"}]']
    nights.arrive(table().assign(town=b"\x00".decode()))
    (nights.folder / "data.csv").write_text("")
    assert main(words) == 1
    assert told(hook)[1:] == [("failed", None)] and "expected" in json.loads(hook.bodies[1])["why"]
    nights.arrive(table())
    again = api.run(loaded)
    assert again["unchanged"] and told(hook)[2:] == [("recovered", held["id"])]
    assert all(b"Ulm" not in body and b"T0P5ECRET" not in body for body in hook.bodies)


def test_a_message_is_also_a_text():
    found = messages.message("failed", "people", why="expected x, found y")
    assert messages.body(found).splitlines()[:2] == ["people failed", "why: expected x, found y"]
