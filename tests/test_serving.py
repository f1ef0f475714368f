"""`launder serve` against a real Prefect server: a scheduled run releases, and nothing is left running.

One server for all, and the two that wait for the next minute are started together: each names its data sets otherwise.
Each has a run without an end, which waits to publish; one serves a data set beside it that is released.
"""

import asyncio
import json
import signal
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Pending, Running, Scheduled

import flows
from pipelines import config
from pipelines.cli import main
from pipelines.databases import addresses
from pipelines.run import lease, releasing
from pipelines.run import server as prefect_server
from pipelines.run.artifacts import LaunderError
from pipelines.secrets import secret
from tests.processes import alive, marked_environment, start, swept, until
from tests.test_flows import OPEN_GATE, customers

CONFIG = """
name: {name}
source: data.csv
budget: {{steps: 2}}
score: {{metrics: [fidelity.shape]}}
gate: {gate}
publish: {{to: {to}, keep: 1}}
schedule: {{cron: "{cron}", timezone: {zone}}}
"""
NEW_YEAR, EVERY_MINUTE = "0 0 1 1 *", "* * * * *"
PATIENT = {"PREFECT_API_REQUEST_TIMEOUT": "600"}  # seconds, for a server that is as busy as the machine


@pytest.fixture
def here(tmp_path):
    customers(120).to_csv(tmp_path / "data.csv", index=False)
    return tmp_path


@pytest.fixture
def marked(tmp_path):
    """Return an environment that every process below inherits, and at the end see that none of them is left."""
    found = marked_environment(tmp_path)
    yield found
    assert not swept(found)


def configured(folder, cron, name="data", zone="UTC", to="out"):
    path = folder / f"{name}.yaml"
    path.write_text(CONFIG.format(name=name, gate=json.dumps(OPEN_GATE), cron=cron, zone=zone, to=to))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with schedules, for this module, which `launder serve` takes for a user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        work = prefect_server.prepare(tmp_path_factory.mktemp("server"))
        with prefect_server.beginning(work, pages=True) as begun:
            yield begun.ready()


def runs(server, name):
    """Return the runs of a data set that have started, as a server knows them."""
    ask = urllib.request.Request(f"{server}/flow_runs/filter", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(ask, timeout=120) as answer:
        found = [run for run in json.load(answer) if run["state"]["type"] != "SCHEDULED"]
    return [run for run in found if run["name"].startswith(f"{name} ")]


def states(server, name):
    return {run["state"]["type"] for run in runs(server, name)}


def due(name, data="data"):
    """Return when the run of this name was due."""
    return datetime.strptime(name, f"{data} %Y-%m-%d %H:%M UTC")


def ended(process):
    return process.poll() is not None


def stopped(process, number):
    process.send_signal(number)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


@pytest.fixture(scope="module", autouse=True)  # all other tests pass before the first run is due
def scheduled(server, tmp_path_factory):
    """Start two `launder serve` whose runs are due each minute, of a data set without an end each, and of one that is
    released.

    Returns folder, process and environment by name.
    """
    found = {}
    with ExitStack() as held:
        for name, others in (("interrupted", ["short"]), ("terminated", [])):
            folder = tmp_path_factory.mktemp(name)
            customers(120).to_csv(folder / "data.csv", index=False)
            (folder / "out" / "work").mkdir(parents=True)
            held.enter_context(releasing.publishing_lock(folder / "out"))
            paths = [configured(folder, EVERY_MINUTE, name=name)]
            paths += [configured(folder, EVERY_MINUTE, name=other, to=other) for other in others]
            env = marked_environment(folder)
            with open(folder / "shown.txt", "w") as screen:
                process = start(
                    "serve", *paths, folder=folder, env=env | PATIENT | {"PREFECT_API_URL": server}, stdout=screen
                )
            found[name] = folder, process, env
        yield found
    for _, process, env in found.values():
        process.kill()
        process.communicate(timeout=60)
        swept(env)


def test_serving_brings_a_server_and_takes_it_away(here, marked):
    process = start("serve", configured(here, NEW_YEAR), folder=here, env=marked)
    try:
        assert process.stdout.readline() == "launder serve: starting\n"
        shown = process.stdout.readline().removeprefix("dashboard: ").strip()
        with urllib.request.urlopen(f"{shown}/ui-settings", timeout=30) as settings:  # what its pages ask first
            assert json.load(settings)["api_url"] == f"{shown}/api"
        assert process.stdout.readline() == f"serving data: {NEW_YEAR} (UTC)\n"  # the server answers by then
        assert len(alive(marked)) >= 2
    finally:
        code, _, err = stopped(process, signal.SIGINT)
    assert (code, err) == (0, "")


@pytest.fixture
def scheduling(here, server):
    """Yield a configuration that the server knows, and what has a run of it due so many minutes ago."""
    loaded = config.load(configured(here, NEW_YEAR, name="missed"))

    def _scheduled(minutes=0, loaded=loaded):
        when = datetime.now(UTC) - timedelta(minutes=minutes)
        with get_client(sync_client=True) as client:
            id = client.read_deployment_by_name(f"launder/{flows._deployed(loaded)}").id
            return client.create_flow_run_from_deployment(id, state=Scheduled(scheduled_time=when))

    with temporary_settings({PREFECT_API_URL: server}):
        flows._deployment(loaded).apply()
        yield loaded, _scheduled


def test_one_run_makes_up_for_all_that_nobody_served_and_a_dead_one_holds_up_no_other(scheduling, capsys):
    loaded, scheduled = scheduling
    missed, ahead = [scheduled(minutes).id for minutes in (3000, 1500, 60)], scheduled(-60)
    flows._make_up(loaded)
    flows._make_up(loaded.model_copy(update={"name": "others"}))
    assert capsys.readouterr().out == "missed: 3 due while nobody served it; one run makes up for them\n"
    with get_client(sync_client=True) as client:
        found = [run for run in client.read_flow_runs() if run.deployment_id == ahead.deployment_id]
        assert {run.id for run in found if run.state.type == StateType.CANCELLED} == {*missed}
        ours = [run for run in found if not run.auto_scheduled]  # the server adds those of the years to come
        (now,) = [run for run in ours if run.id not in (*missed, ahead.id)]
        for run in (now, scheduled()):  # the lease alone tells whether another is at work
            for state in (Pending(), Running()):
                assert client.set_flow_run_state(run.id, state).status == SetStateStatus.ACCEPT
            client.set_flow_run_state(run.id, Running(), force=True)  # as a run that was killed stays
        flows._end_unfinished([flows._deployed(loaded)])


def test_another_data_set_of_the_same_name_keeps_its_runs(scheduling, capsys):
    """Two teams on one server: serving begins and ends at one of them."""
    loaded, scheduled = scheduling
    theirs = loaded.model_copy(update={"publish": loaded.publish.model_copy(update={"to": f"{loaded.publish.to}-b"})})
    flows._deployment(theirs).apply()
    missed, running = scheduled(60, theirs), scheduled(0, theirs)
    with get_client(sync_client=True) as client:
        for state in (Pending(), Running()):
            client.set_flow_run_state(running.id, state)
        flows._make_up(loaded)
        flows._end_unfinished([flows._deployed(loaded)])
        assert [client.read_flow_run(run.id).state.type.value for run in (missed, running)] == ["SCHEDULED", "RUNNING"]
        flows._make_up(theirs)
        flows._end_unfinished([flows._deployed(theirs)])
        assert [client.read_flow_run(run.id).state.type.value for run in (missed, running)] == ["CANCELLED", "CRASHED"]
    assert capsys.readouterr().out.count("one run makes up for them") == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe"])
def test_no_night_is_missed_or_doubled_when_clocks_change(here, zone):
    """Also of hours that there are not, or twice, that day: by the server's own calculation."""
    loaded = config.load(configured(here, "30 2 * * *", zone=zone))
    (ours,) = flows._deployment(loaded).schedules
    for hour, month in product(range(4), (3, 10)):
        asked = CronSchedule(cron=ours.schedule.cron.replace("2", str(hour)), timezone=ours.schedule.timezone)
        due = asyncio.run(asked.get_dates(n=40, start=datetime(2027, month, 1, tzinfo=UTC)))
        hours = [(after - before).total_seconds() / 3600 for before, after in pairwise(due)]
        assert set(hours) - {24} and min(hours) >= 23 and max(hours) <= 25


def test_a_data_set_is_served_once(here, marked, capsys):
    path = configured(here, NEW_YEAR)
    with lease.alone(here / "out" / "work", "data"):
        assert main(["serve", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected nobody else to serve data below" in line and "stop that one" in line


def test_a_secret_block_of_the_server_stands_for_a_secret(server):
    with pytest.raises(LaunderError, match="Secret block no-such of Prefect, which --key names, found no server"):
        secret("prefect-secret:no-such", "--key")
    with temporary_settings({PREFECT_API_URL: server}):
        Secret(value="of nobody").save("people-password", _sync=True)
        assert addresses.resolved("prefect-secret:people-password", "source.password") == "of nobody"
        with pytest.raises(LaunderError, match="which --key names, found none; create it"):
            secret("prefect-secret:no-such", "--key")
    nowhere = {PREFECT_API_URL: f"http://127.0.0.1:{prefect_server.free_port()}/api"}
    with temporary_settings(nowhere), pytest.raises(LaunderError, match="does not answer"):
        secret("prefect-secret:people-password", "--key")


def test_a_scheduled_run_releases_and_says_so_beside_another_that_does_not_end(scheduled, server):
    folder, process, _ = scheduled["interrupted"]
    shown = folder / "shown.txt"
    until(lambda: ended(process) or " released: " in shown.read_text(), 900, "no scheduled run has released")
    out = shown.read_text()
    assert "serving short: * * * * * (UTC)" in out and "serving interrupted: * * * * * (UTC)" in out
    name, place = next(line for line in out.splitlines() if " released: " in line).split(" released: ")
    assert due(name, "short") and main(["verify", place]) == 0
    until(lambda: "COMPLETED" in states(server, "short"), 900, "the run that has released is not said to have ended")


@pytest.mark.parametrize(("name", "number"), [("interrupted", signal.SIGINT), ("terminated", signal.SIGTERM)])
def test_no_run_is_left_running(scheduled, server, name, number):
    _, process, env = scheduled[name]
    try:
        until(lambda: ended(process) or "RUNNING" in states(server, name), 900, "no scheduled run has started")
    finally:
        code, _, err = stopped(process, number)
    assert (code, err) == (0, "")
    assert states(server, name) - {"COMPLETED"} <= {"CRASHED", "CANCELLED"} and not swept(env)  # one of before may end
    assert states(server, name) & {"CRASHED", "CANCELLED"}
    assert not states(server, "short") & {"RUNNING", "PENDING", "CANCELLING"}
