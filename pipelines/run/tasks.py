"""The steps of a run as Prefect tasks: retried where only the outside can fail, silent about rows, and kept nowhere by
Prefect.

A task takes and returns small JSON (paths, digests, counts). An exception leaves it either as a sentence of ours or as
a type and a line of our code: the text of a foreign exception may quote a row, and Prefect stores what it is told.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import State, task, unmapped
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas import StateType
from prefect.exceptions import CrashedRun, ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.states import Completed
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner

from launderette.generators import Progress
from launderette.pipelines.config import RunConfig
from launderette.pipelines.databases import addresses
from launderette.pipelines.run import caching, lease, releasing, server, steps
from launderette.pipelines.run.artifacts import LaunderError, Unavailable
from launderette.pipelines.run.caching import WORK, Result, Step
from launderette.pipelines.shards import cluster, ray, working
from launderette.pipelines.shards.jobs import Done, Shard, one_by_one, unasked
from launderette.pipelines.shards.working import redacted
from launderette.pipelines.sinks import elsewhere
from launderette.pipelines.sources import remote

UNREACHABLE = "Failed to reach API"  # Prefect's words
AWAY = (httpx.HTTPError, PrefectException, RuntimeError)  # what Prefect raises where its server does not answer
RETRY_DELAYS: list[float] = [2, 10]  # seconds before the second and third attempt
SEVERAL_TRAININGS = ("cross_validate", "search")  # steps of which no single training is shown in Prefect
PROGRESS_SHARE = 0.02  # share of the training after which Prefect's progress artifact moves

# who else wants to see the training's progress
listener: ContextVar[Progress | None] = ContextVar("listener", default=None)
# who wants to know which step begins
tell: ContextVar[Callable[[str], None]] = ContextVar("tell", default=lambda step: None)
# who wants to read what a part of a step has come to
note: ContextVar[Callable[[str], None]] = ContextVar("note", default=lambda line: None)


def users_server() -> bool:
    """Return whether the user has named a server."""
    return get_current_settings().api.url is not None


@contextmanager
def connected(begun: server.StartingServer | None) -> Iterator[str]:
    """Have Prefect talk to a server and yield its address: the user's, or one of our own that has begun."""
    users = get_current_settings().api.url
    if users or begun is None:
        with _answering(f"at {addresses.shown(str(users))} (PREFECT_API_URL)", "run again once it does", lambda: None):
            yield users or ""
        return
    with _answering("of our own", f"see {begun.log}", begun.check_disk), _connected_to(begun.ready()) as address:
        yield address


@contextmanager
def _connected_to(address: str) -> Iterator[str]:
    with temporary_settings({PREFECT_API_URL: address}):
        os.environ["PREFECT_API_URL"] = address  # for the processes of scheduled runs
        try:
            yield address
        finally:
            del os.environ["PREFECT_API_URL"]


@contextmanager
def _answering(which: str, advice: str, check: Callable[[], None]) -> Iterator[None]:
    """Turn a failure of Prefect's server in the middle of a run into one sentence, that of `check` where it has one."""
    try:
        yield
    except (httpx.HTTPError, CrashedRun, RuntimeError) as error:
        if type(error) is RuntimeError and UNREACHABLE not in str(error):
            raise
        check()
        status = getattr(getattr(error, "response", None), "status_code", None)
        found = f"an error ({status})" if status else "that it does not"
        raise LaunderError(f"expected the Prefect server {which} to answer, found {found}; {advice}") from error


def secret_block(name: str, key: str) -> str:
    """Return what a Secret block of the user's server holds. LaunderError, with the key of the configuration that names
    it, where there is no server, no block, or nothing in it.
    """
    expected = f"expected the Secret block {name} of Prefect, which {key} names, found"
    if not users_server():
        raise LaunderError(f"{expected} no server; set PREFECT_API_URL, or write env:NAME")
    block: Any = Secret  # whose types do not say that it waits
    try:
        found = block.load(name, _sync=True).get()
    except ValueError:
        raise LaunderError(f"{expected} none; create it on Prefect's pages") from None
    except (*AWAY, OSError):
        raise Unavailable(f"{expected} that the server does not answer; run again once it does") from None
    if not isinstance(found, str) or not found:
        raise LaunderError(f"{expected} no text in it; write the secret as a text")
    return found


def close(run: UUID, state: State) -> None:
    """Give a run its last state in Prefect's database, where it has none or came to more than that says; nothing where
    that does not know it.
    """
    with suppress(ObjectNotFound), get_client(sync_client=True) as client:
        found = client.read_flow_run(run)
        if found.state is None or not found.state.is_final() or state.is_completed():
            client.set_flow_run_state(found.id, state, force=True)


def tell_end(record: lease.Record) -> None:
    """Tell Prefect's server how a run has ended that could not say so itself."""
    end = record["end"]
    close(UUID(record["run"]), State(type=StateType(end["type"]), name=end["name"], message=end["message"]))


def tell_ends(output: Path) -> int:
    """Tell the user's server how runs of an output folder have ended that could not say so themselves; return how many.

    Nothing where that server is away still.
    """
    paths = lease.untold(output / WORK) if users_server() else []
    with suppress(*AWAY):
        for path in paths:
            lease.tell(path, tell_end)
    return len(paths) - len(lease.untold(output / WORK)) if paths else 0


def fetch(config: RunConfig) -> tuple[RunConfig, list[str]]:
    """Copy a database or objects here as a task; return the configuration with the copy, and what is to be said."""
    if not config.source.is_remote:
        return config, []
    tell.get()("fetch")
    found = _task("fetch", _fetch.__doc__, _fetch, retries=False)(config)
    return remote.with_copy(config, found["path"]), found["notes"]


def _fetch(config: RunConfig) -> Result:
    """Copy the source, a database or objects, below work/."""
    with redacted():
        path, notes = remote.fetch(config)
    return {"path": path, "notes": notes}


def doing(config: RunConfig) -> Callable[..., Result]:
    """Return what does the steps of a configuration as tasks."""
    return partial(perform, config)


def perform(config: RunConfig, step: Step, **inputs: Any) -> Result:
    """Do a step as a task, unless its result is there; a source that could not be read is tried again."""
    tell.get()(step.name)
    if "progress" in step.aside:
        inputs["progress"] = _progress(listener.get()) if step.name not in SEVERAL_TRAININGS else listener.get()
    if "note" in step.aside:
        inputs["note"] = note.get()
    if "spread" in step.aside:
        inputs["spread"] = partial(_spread, config.resources.runner)
    if "memory" in step.aside:
        inputs["memory"] = config.resources.memory_bytes
    done = _task(step.name, step.function.__doc__, _perform, retries=step is steps.ingest)
    return done(step, config, inputs, return_state=True).result()


def _perform(step: Step, config: RunConfig, inputs: Result) -> State:
    with redacted():
        result, known = caching.perform(step, config, lambda: tell.get()("wait"), **inputs)
    return Completed(name="Cached" if known else "Completed", data=result)


def _spread(runner: str, shard: Shard, job: str, digest: str, numbers: Sequence[int], done: Done = unasked) -> None:
    """Do the parts of a job, such as its shards, as mapped tasks on the runner of a configuration; what comes of them
    goes into the folder of the job.
    """
    if runner == "threads" or not numbers:  # of torch, which use every core for one shard
        return one_by_one(shard, job, digest, numbers, done)
    part: Any = _task(shard.__name__, shard.__doc__, working.part, retries=False)
    with ray.explained(runner), _workers(runner) as workers:
        told = {"shard": unmapped(shard), "job": unmapped(job), "digest": unmapped(digest), "k": list(numbers)}
        for k, future in zip(numbers, workers.map(part, told), strict=True):
            future.result()
            done(k)


@contextmanager
def _workers(runner: str) -> Iterator[TaskRunner[Any]]:
    """Yield processes of this machine, or a cluster of Ray; LaunderError for one that is not there."""
    if runner == "processes":
        with ProcessPoolTaskRunner(max_workers=os.cpu_count()) as workers:
            yield workers
        return
    address = ray.address(runner, users_server())
    from prefect_ray import RayTaskRunner  # an extra

    connection = cluster.connected(address) if address else nullcontext()  # which the runner then takes
    with connection, RayTaskRunner(address=address, init_kwargs=ray.options(address)) as workers:
        yield workers


def check_runner(config: RunConfig) -> None:
    """Raise LaunderError where the cluster that is to do parts of the run is not there, or one of its machines cannot:
    these are asked once by a process.
    """
    if config.resources.runner.startswith("ray") and (address := ray.address(config.resources.runner, users_server())):
        _check_workers(address, Path(config.publish.to) / WORK)


_check_workers = cache(cluster.check_workers)


def check_places(config: RunConfig, schema: Result, protected: Result) -> None:
    """Raise LaunderError where a release that is like the protected data could not go where it is to go beside its
    files. Under epsilon no value is looked at.
    """
    kinds = {column["name"]: column["kind"] for column in schema["columns"]}
    rows = None if config.privacy else Path(protected["path"])
    with redacted():
        elsewhere.check(config.publish, kinds, rows, lease.identity(Path(config.publish.to) / WORK, config.name))


def publish(config: RunConfig, decided: Result, schema: Result) -> Result:
    """Publish as a task: it leaves what is there as it is, and is tried again where it could not be written."""
    tell.get()("publish")
    return _task("publish", releasing.publish.__doc__, _publish, retries=True)(config, decided, schema)


def _publish(config: RunConfig, decided: Result, schema: Result) -> Result:
    with redacted():
        return releasing.publish(config, decided, schema)


def _task(name: str, description: str | None, work: Callable[..., Any], *, retries: bool) -> Callable[..., Any]:
    """Return a task whose result is kept nowhere: what a step leaves below work/ is the one cache."""
    described = task(
        name=name,
        description=description,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(RETRY_DELAYS) if retries else 0,
        retry_delay_seconds=RETRY_DELAYS if retries else None,
        retry_condition_fn=_retry if retries else None,
    )
    return described(work)


def _retry(task: Any, task_run: Any, state: State) -> bool:
    return isinstance(state.data, Unavailable) or isinstance(getattr(state.data, "exception", None), Unavailable)


def _progress(also: Progress | None) -> Progress:
    artifact = _ProgressArtifact()

    def report(status: dict[str, float]) -> None:
        artifact.show(status["step"] / status["steps"] if status["steps"] else 0.0)
        if also:
            also(status)

    return report


class _ProgressArtifact:
    """How far a training is, among Prefect's artifacts; it ends where the server is away, and the training goes on."""

    def __init__(self) -> None:
        self._id: Any = None  # Prefect's types do not say which of its two kinds of call this is
        self._next, self._is_away = 0.0, False  # the share of the training from which on it moves

    def show(self, share: float) -> None:
        if self._is_away or share < min(self._next, 1.0):
            return
        self._next, self._is_away, percent = share + PROGRESS_SHARE, True, 100 * share
        with suppress(*AWAY):
            if self._id is None:
                self._id = create_progress_artifact(percent, key="training", description="Training steps taken")
            else:
                update_progress_artifact(self._id, percent)
            self._is_away = False


def show_gain(config: RunConfig, enlarged: Result) -> None:
    """Leave the verdict of an augmentation among Prefect's artifacts: aggregates only."""
    lines = [f"- {sentence}" for sentence in enlarged["verdicts"]] or ["- not cross-validated"]
    title = f"# {enlarged['real']} real and {enlarged['synthetic']} synthetic rows"
    create_markdown_artifact(f"{title}\n\n" + "\n".join(lines), key=f"{_key_of(config)}-augmentation")


def show(config: RunConfig, ended: Result) -> None:
    """Leave the scores as a table and the verdict as text among Prefect's artifacts, aggregates only; nothing where its
    server is away, for the release is made.
    """
    key, scores, reasons = _key_of(config), ended["scores"].items(), ended["verdict"]["reasons"]
    rows = [{"score": name, "value": "-" if value is None else round(value, 4)} for name, value in scores]
    lines = [f"- {'passed' if r['passed'] else '**refused**'}: {r['score']} {r['rule']}" for r in reasons]
    title = f"# {ended['outcome'].capitalize()}: {ended['id']}\n\n"
    with suppress(*AWAY):
        create_table_artifact(rows, key=f"{key}-scores", description=f"Scores of run {ended['id']}")
        create_markdown_artifact(title + "\n".join(lines), key=f"{key}-verdict")


def _key_of(config: RunConfig) -> str:
    return re.sub(r"[^a-z0-9]+", "-", config.name.lower()).strip("-") or "table"
