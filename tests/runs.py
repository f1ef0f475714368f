"""Runs step by step without Prefect, and the code that each step runs."""

import inspect
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipelines.run import caching, pipeline, releasing, steps
from pipelines.run.artifacts import ROOT, code_files
from tests import figures


def doing(config, done=None, ran=None):
    """Return what does the steps of a configuration; those that were not there already go to `done`, functions of our
    code that they run without saying so to `ran`.
    """

    def do(step, **inputs):
        with _watched() if ran is not None else _unwatched() as calls:
            result, known = caching.perform(step, config, **inputs)
        if done is not None and not known:
            done.append(step.name)
        if ran is not None and not known:
            ran[step.name] = undeclared(step, calls)
        return result

    return do


def ingested(config):
    """Return what the steps of an augmentation are given."""
    source = doing(config)(steps.ingest)
    return {"table": source["table"], "schema": source["schema"]}


def launder(config, done=None, ran=None):
    """Return the end of a whole run."""
    found = pipeline.decide(partial(doing, done=done, ran=ran), config)
    return found | releasing.publish(config, found["decided"], found["schema"])


@contextmanager
def _unwatched():
    yield set()


@contextmanager
def _watched():
    """Yield the files and lines of the functions that are called inside the block, in every thread that it starts."""
    calls = defaultdict(set)

    def note(frame, event, _):
        if event == "call":
            calls[frame.f_code.co_filename].add(frame.f_code.co_firstlineno)

    sys.setprofile(note)
    threading.setprofile(note)
    try:
        with figures.drawn():
            yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def undeclared(step, calls):
    """Return the files of our code among `calls` that a step does not declare; the machinery around it aside."""
    known = {str(path) for path in code_files((*step.runs, "launderette", "tests"))}
    lines, first = inspect.getsourcelines(step.function)
    own = inspect.getsourcefile(step.function)
    if all(first <= line < first + len(lines) for line in calls.get(own, ())):
        known.add(own)
    ours = {path for path in calls if path.startswith(f"{ROOT}/") and "site-packages" not in path}
    return {Path(path).relative_to(ROOT).as_posix() for path in ours - known}
