"""The flows: from a source to a gated release, and their schedules.

Run one with `launder run`, serve schedules with `launder serve`, or call it:
`flows.launder(RunConfig(source="data.csv"))`.
"""

if __name__ == "flows":  # imported from a checkout by its short name
    from launderette.aliases import alias

    alias(__name__)

import launderette.pipelines  # noqa: F401  isort: skip  (sets what Prefect reads when it is imported)

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow, State, flow, runtime, serve
from prefect.client.orchestration import get_client
from prefect.client.schemas import FlowRun, StateType
from prefect.client.schemas.filters import DeploymentFilter, FlowFilter, FlowRunFilter
from prefect.deployments.runner import EntrypointType
from prefect.results import ResultRecord
from prefect.schedules import Cron
from prefect.states import Cancelled, Completed, Crashed, Failed

from launderette.pipelines import config as configs
from launderette.pipelines.config import RunConfig
from launderette.pipelines.notifications import sending
from launderette.pipelines.run import lease, pipeline, releasing, tasks
from launderette.pipelines.run.caching import WORK

QUARANTINED = (
    "Quarantined"  # a state of type FAILED: neither green nor counted as a success, and alerts on failures see it
)
WAITING = "Held"  # a state of type COMPLETED: the run has done all that it could
UNFINISHED = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
MISSED = "Nobody served this run when it was due; the one that was made when serving began makes up for it."
ENDED = "The process that served this run ended before the run did."
LEFT_OUT = "Left out: another run of this data set was at work when this one was due."


UNTOLD = "Prefect's server did not answer at the end: it shows this run as running until the next one tells it."


class OverlapError(Exception):
    """Another run of the data set is at work, and this one is not to wait for it."""


@dataclass
class _Open:
    """A run whose end Prefect does not know yet: its lease, what holds that, and what it has come to."""

    lease: lease.Lease
    held: ExitStack
    ended: dict[str, Any] = field(default_factory=dict)


_open: ContextVar[_Open | None] = ContextVar("_open", default=None)


def _run_name() -> str:
    """Return the name of the current run: its data set and when it was due, in UTC."""
    due = runtime.flow_run.scheduled_start_time.astimezone(UTC)
    return f"{RunConfig.model_validate(runtime.flow_run.parameters['config']).name} {due:%Y-%m-%d %H:%M} UTC"


def _state(result: dict[str, Any]) -> State:
    """Return the final state of a run that has made or refused a release; its message is the place."""
    if result["outcome"] == releasing.Ending.HELD:
        return Completed(name=WAITING, message=f"held: {releasing.approval(result)}", data=result)
    if result["passed"]:
        return Completed(message=result["unchanged"] or f"released: {result['place']}", data=result)
    return Failed(name=QUARANTINED, message=f"quarantined: {result['place']}", data=result)


def _value(state: State) -> dict[str, Any]:
    """Return what a run has made, quarantined or not; raise what it has raised."""
    if state.name == QUARANTINED and isinstance(state.data, ResultRecord):
        return state.data.result
    return state.result()


def _tell(flow: Flow, flow_run: FlowRun, state: State) -> None:
    """Let go of the lease of a run whose end Prefect knows, and print a line on a scheduled one."""
    _let_go(state)
    if flow_run.deployment_id:
        told = state.message if state.is_completed() or state.name == QUARANTINED else f"failed: {state.message}"
        print(f"{flow_run.name} {told}", flush=True)


@flow(
    name="launder",
    flow_run_name=_run_name,
    validate_parameters=True,
    persist_result=False,
    on_completion=[_tell],
    on_failure=[_tell],
    on_crashed=[_tell],
)
def laundering(config: RunConfig) -> State:
    """Launder as `launder` does, and end in a state of Prefect that says how: Completed, Quarantined, Failed, Crashed,
    or Cancelled where a schedule has begun it while another run of the data set is at work.
    """
    with sending.failures(config):
        config = configs.settled(config)
        try:
            with _leased(config) as opened:
                opened.ended = _launder(config, opened.lease)
        except OverlapError:
            return Cancelled(message=LEFT_OUT)
    state = _state(opened.ended)
    opened.lease.note(_as_note(state))
    sending.end(config, opened.ended, opened.ended["verdict"])
    return state


@contextmanager
def _leased(config: RunConfig) -> Iterator[_Open]:
    """Hold what has one run of a data set at a time, until Prefect knows how this one has ended or cannot be told;
    close one that was killed.
    """
    held, run = ExitStack(), str(runtime.flow_run.id)
    waits, dead = _overlap, partial(_bury, config)
    found = held.enter_context(lease.held(Path(config.publish.to) / WORK, config.name, run, waits, dead))
    opened = _Open(found, held)
    _open.set(opened)
    try:
        yield opened
    except BaseException as error:
        found.note(_as_note(Failed(message=sending.reason(error))))
        raise


def _as_note(state: State) -> dict[str, str]:
    return {"type": state.type.value, "name": state.name or "", "message": state.message or ""}


def _let_go(known: State | None = None) -> dict[str, Any]:
    """Let go of the lease of the current run, and return what it has come to; the lease says so until that is known."""
    opened = _open.get()
    _open.set(None)
    if opened is None:
        return {}
    if known and (not opened.ended or known.name == _state(opened.ended).name):
        opened.lease.told()
    opened.held.close()
    return opened.ended


def _overlap(record: lease.Record) -> None:
    """Say that another run is at work. OverlapError in a run of a deployment, whose nights would wait without end."""
    if runtime.deployment.id:
        raise OverlapError
    tasks.tell.get()("overlap")


def _bury(config: RunConfig, record: lease.Record) -> None:
    """Have a run that was killed crashed in Prefect's database, if it is there, and tell of it; one that could not say
    there how it has ended has that end.
    """
    if "end" in record:
        return tasks.tell_end(record)
    with suppress(KeyError, ValueError):
        tasks.close(UUID(record["run"]), Crashed(message=ENDED))
    tasks.tell.get()("dead")
    why = f"the run that began at {record.get('since')} was killed before it ended; the next one goes on where it was"
    return sending.send(config, "failed", why=why)


def launder(config: RunConfig) -> dict[str, Any]:
    """Ingest, protect, split, train, sample, score, and release what passes the gate; quarantine what does not.

    A run that has come to its end has that one, whether or not Prefect's server could be told.
    """
    try:
        return _value(laundering(config, return_state=True))
    except Exception:
        if not (ended := _let_go()):
            raise
        return ended | {"notes": [*ended["notes"], UNTOLD]}
    finally:
        _let_go()


def _launder(config: RunConfig, leased: lease.Lease) -> dict[str, Any]:
    tasks.check_runner(config)
    config, notes = tasks.fetch(config)
    found = pipeline.decide(tasks.doing, config, partial(tasks.check_places, config))
    leased.check()
    ended = found | tasks.publish(config, found["decided"], found["schema"]) | {"notes": notes + found["notes"]}
    tasks.show(config, ended)
    return {key: value for key, value in ended.items() if key not in ("decided", "schema", "scores")}


@flow(name="augment", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
def augment(config: RunConfig) -> dict[str, Any]:
    """Ingest a training set, say by cross-validation whether augmentation helps, and enlarge it below work/: it
    holds real rows.
    """
    config, notes = tasks.fetch(configs.settled(config))
    config = config.updated("personal", pseudonyms=False)  # its result holds the real rows, as they are
    enlarged = pipeline.augment(partial(tasks.perform, config), config)
    tasks.show_gain(config, enlarged)
    return enlarged | {"notes": notes}


@flow(name="approve", validate_parameters=True, persist_result=False)
def approve(
    output: str, run: str, by: str, reason: str, override: bool = False, refuse: bool = False
) -> dict[str, Any]:
    """Release exactly what a run that waits has staged, or refuse it, as `launder approve` does: Prefect's pages ask
    for who says so, and why.
    """
    said = {"by": by, "reason": reason}
    with tasks.redacted():
        if refuse:
            return releasing.refuse(Path(output), run, **said)
        return releasing.approve(Path(output), run, **said, override=override)


def serve_schedules(configurations: Sequence[RunConfig], *, own_server: bool) -> None:
    """Serve one deployment per configuration on its cron schedule, one run per data set at a time, until interrupted.

    Nights that nobody served are made up for by one run, and one that is due while another runs is left out. No run
    of theirs is left unfinished in Prefect's database, where it would keep the next ones waiting: not when this ends,
    and with a server of our own neither one that a killed process has left.
    """
    names = [_deployed(config) for config in configurations]
    if own_server:
        _end_unfinished(names)
    for config in configurations:
        tasks.tell_ends(Path(config.publish.to))
    try:
        for config in configurations:
            _make_up(config)
        served = [deployment for config in configurations for deployment in _deployments(config)]
        serve(*served, pause_on_shutdown=False, print_starting_message=False)
    finally:
        _end_unfinished(names)


def _end_unfinished(names: Sequence[str]) -> None:
    """Have every unfinished run of these deployments crashed, in Prefect's database."""
    _end(names, FlowRunFilter(state={"type": {"any_": UNFINISHED}}), Crashed(message=ENDED))


def _make_up(config: RunConfig) -> None:
    """Have one run now in place of all that were due while nobody served this configuration, whose parameters may be
    of an older one.
    """
    due = {"before_": datetime.now(UTC)}
    overdue = FlowRunFilter(state={"type": {"any_": [StateType.SCHEDULED]}}, expected_start_time=due)
    if missed := _end([_deployed(config)], overdue, Cancelled(message=MISSED)):
        with get_client(sync_client=True) as client:
            client.create_flow_run_from_deployment(_deployment(config).apply())
        print(f"{config.name}: {missed:,} due while nobody served it; one run makes up for them", flush=True)


def _end(names: Sequence[str], which: FlowRunFilter, state: State) -> int:
    """Give the runs of these deployments that a filter finds their last state, and return how many there were."""
    ours, flow_named = DeploymentFilter(name={"any_": list(names)}), FlowFilter(name={"any_": [laundering.name]})
    count = 0
    with get_client(sync_client=True) as client:
        # a page of them
        while found := client.read_flow_runs(flow_filter=flow_named, deployment_filter=ours, flow_run_filter=which):
            for run in found:
                client.set_flow_run_state(run.id, state, force=True)
            count += len(found)
    return count


def _deployed(config: RunConfig) -> str:
    """Return the name of the deployments of a data set, which another one of the same name on one server has not."""
    return f"{config.name}-{lease.identity(Path(config.publish.to) / WORK, config.name)}"


def _deployments(config: RunConfig) -> list[Any]:
    """Return the deployment of a configuration, and one by which a person approves its runs where somebody has to."""
    asks = config.gate.approval == "required" or config.gate.override == "allowed"
    return [_deployment(config), *([_approval(config)] if asks else [])]


def _approval(config: RunConfig) -> Any:
    return approve.to_deployment(
        name=_deployed(config),
        parameters={"output": config.publish.to},
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"Release or refuse a run of {config.name} that waits; run is its id",
    )


def _deployment(config: RunConfig) -> Any:
    return laundering.to_deployment(
        name=_deployed(config),
        schedule=Cron(config.due.cron, timezone=config.due.timezone),
        parameters={"config": config.document()},
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"Synthetic {config.name}, released below {Path(config.publish.to).name}",
    )
