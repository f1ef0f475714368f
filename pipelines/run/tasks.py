"""The steps of a run as Prefect tasks: cached by the digest of their inputs, retried where only the outside can fail,
silent about rows.

A task takes and returns small JSON (paths, digests, counts). An exception leaves it either as a sentence of ours or as
a type and a line of our code: the text of a foreign exception may quote a row, and Prefect stores what it is told.
"""

import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from launderette.generators import Progress
from launderette.pipelines.augment import steps as augmenting
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run import server, steps
from launderette.pipelines.run.artifacts import LaunderError, Unavailable, digest_of, failure, is_ours
from launderette.pipelines.run.steps import Result, Run

HERE = Path(__file__).resolve().parents[2]
OURS = tuple(str(HERE / name) for name in ("pipelines", "generators", "evaluation"))
DELAYS = [2, 10]  # seconds before the second and third attempt
EVERY = 0.02  # share of the training after which Prefect's progress artifact moves

listener: ContextVar[Progress | None] = ContextVar(
    "listener", default=None
)  # who else wants to see the training's progress
tell: ContextVar[Callable[[str], None]] = ContextVar(
    "tell", default=lambda step: None
)  # who wants to know which step begins


class redacted:
    """Let only sentences of ours out of a block; anything else becomes its type and the line of our code that it came
    through.

    Warnings of libraries are kept in as well: they may quote a value too.
    """

    def __enter__(self) -> None:
        self._quiet = warnings.catch_warnings(action="ignore")
        self._quiet.__enter__()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._quiet.__exit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, LaunderError):
            raise _redacted(error, trace) from None


def _redacted(error: Exception, trace: TracebackType | None) -> LaunderError:
    if isinstance(error, OSError):
        return failure(f"expected to read or write {error.filename or 'a file'}", error)
    if is_ours(error):
        return LaunderError(str(error))
    own = [frame for frame in traceback.extract_tb(trace) if frame.filename.startswith(OURS)]
    place = f"{Path(own[-1].filename).relative_to(HERE)}:{own[-1].lineno}" if own else "a library"
    found = f"{type(error).__name__} (its text may hold data and is not shown)"
    return LaunderError(f"expected {place} to work, found {found}; run with --debug to see it")


def users_server() -> bool:
    """Return whether the user has named a server."""
    return get_current_settings().api.url is not None


@contextmanager
def connected(work: Path, *, pages: bool = False) -> Iterator[str]:
    """Have Prefect talk to a server and yield its address: the user's, or one of our own that ends with this
    process.
    """
    if users_server():
        yield get_current_settings().api.url
        return
    with server.running(work, pages=pages) as address, temporary_settings({PREFECT_API_URL: address}):
        os.environ["PREFECT_API_URL"] = address  # for the processes of scheduled runs
        try:
            yield address
        finally:
            del os.environ["PREFECT_API_URL"]


def _call(step: Callable, run: Run, config: RunConfig, inputs: Result, extra: dict[str, Any]) -> Result:
    with redacted():
        result = step(run, config, **inputs, **extra)
        steps.cache_result(run, step, _key(step, run, inputs), result)
    return result


def _key(step: Callable, run: Run, inputs: Result) -> str:
    return digest_of([step.__name__, run.key, run.folder, inputs])


def _retry(task: Any, task_run: Any, state: Any) -> bool:
    return isinstance(state.data, Unavailable) or isinstance(getattr(state.data, "exception", None), Unavailable)


def _task(step: Callable, *, retries: bool = False, cached: bool = True) -> Callable[..., Result]:
    """Return a function that runs `step` as a task, unless its result for these inputs is there and its files are
    intact.
    """

    @task(
        name=step.__name__,
        description=step.__doc__,
        cache_key_fn=lambda context, given: _key(step, given["run"], given["inputs"]),
        persist_result=True,
        result_serializer="json",
        retries=len(DELAYS) if retries else 0,
        retry_delay_seconds=DELAYS if retries else None,
        retry_condition_fn=_retry if retries else None,
    )
    def body(run: Run, config: RunConfig, inputs: Result, extra: dict[str, Any], known: Result | None) -> Result:
        return known or _call(step, run, config, inputs, extra)  # known, but to another home of Prefect

    def start(run: Run, config: RunConfig, extra: dict[str, Any] | None = None, **inputs: Any) -> Result:
        tell.get()(step.__name__)
        known = steps.cached_result(run, step, _key(step, run, inputs)) if cached else None
        return body.with_options(refresh_cache=not known)(run, config, inputs, extra or {}, known)

    return start


ingest = _task(steps.ingest, retries=True)
protect = _task(steps.protect)
split = _task(steps.split)
_train = _task(steps.train)
sample = _task(steps.sample)
score = _task(steps.score)
decide = _task(steps.decide)
_cross_validate = _task(augmenting.cross_validate)
_enlarge = _task(augmenting.enlarge)
publish = _task(
    steps.publish, retries=True, cached=False
)  # it leaves what is there as it is, and puts back what is not


def train(run: Run, config: RunConfig, table: Result, schema: Result) -> Result:
    """Train, and show the progress as an artifact and to the listener."""
    return _train(run, config, extra={"progress": _progress(listener.get())}, table=table, schema=schema)


def cross_validate(run: Run, config: RunConfig, table: Result, schema: Result) -> Result:
    """Cross-validate the augmentation, and show the progress to the listener."""
    return _cross_validate(run, config, extra={"progress": listener.get()}, table=table, schema=schema)


def enlarge(run: Run, config: RunConfig, table: Result, schema: Result, cross_validation: Result | None) -> Result:
    """Enlarge the training set, and show the training's progress."""
    given = {"table": table, "schema": schema, "cross_validation": cross_validation}
    return _enlarge(run, config, extra={"progress": _progress(listener.get())}, **given)


def _progress(also: Progress | None) -> Progress:
    shown: dict[str, Any] = {"artifact": None, "share": 0.0}

    def report(status: dict[str, float]) -> None:
        share = status["step"] / status["steps"] if status["steps"] else 0.0
        if shown["artifact"] is None:
            shown["artifact"] = create_progress_artifact(
                100 * share, key="training", description="Training steps taken"
            )
        elif share - shown["share"] >= EVERY or share >= 1:
            update_progress_artifact(shown["artifact"], 100 * share)
            shown["share"] = share
        if also:
            also(status)

    return report


def show_gain(run: Run, config: RunConfig, verdicts: list[str], enlarged: Result) -> None:
    """Leave the verdict of an augmentation among Prefect's artifacts: aggregates only."""
    lines = [f"- {sentence}" for sentence in verdicts] or ["- not cross-validated"]
    title = f"# {enlarged['real']} real and {enlarged['synthetic']} synthetic rows: {run.id}"
    create_markdown_artifact(f"{title}\n\n" + "\n".join(lines), key=f"{_key_of(config)}-augmentation")


def show(run: Run, config: RunConfig, scores: dict[str, float | None], verdict: Result, release: Result) -> None:
    """Leave the scores as a table and the verdict as text among Prefect's artifacts: aggregates only."""
    key = _key_of(config)
    rows = [{"score": name, "value": "-" if value is None else round(value, 4)} for name, value in scores.items()]
    create_table_artifact(rows, key=f"{key}-scores", description=f"Scores of run {run.id}")
    lines = [f"- {'passed' if r['passed'] else '**refused**'}: {r['score']} {r['rule']}" for r in verdict["reasons"]]
    title = "Released" if release["passed"] else "Quarantined"
    create_markdown_artifact(f"# {title}: {run.id}\n\n" + "\n".join(lines), key=f"{key}-verdict")


def _key_of(config: RunConfig) -> str:
    return re.sub(r"[^a-z0-9]+", "-", config.name.lower()).strip("-") or "table"
