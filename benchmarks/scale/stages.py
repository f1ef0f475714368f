"""One step of a run in a process of its own, so that its memory is the operating system's figure for it alone."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.run.caching import Result, Step


@dataclass(frozen=True)
class Cost:
    """What a step took: wall and processor seconds, peak MB of its process, and MB before it began."""

    wall: float
    cpu: float
    peak: float
    before: float


def measured(costs: dict[str, Cost], step: Step, config: RunConfig, **inputs: Any) -> Result:
    """Do a step, and note what it took under its name."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        asked = step.function.__module__, step.name, config.model_dump(mode="json"), inputs
        found, costs[step.name] = apart.submit(_apart, *asked).result()
    return found


def _apart(module: str, name: str, document: Result, inputs: Result) -> tuple[Result, Cost]:
    from launderette.pipelines.run import caching

    step, config = getattr(import_module(module), name), RunConfig.model_validate(document)
    import launderette.generators.tabular.autoregressive  # noqa: F401  libraries count before the step, not for it

    return timed(partial(caching.perform, step, config, **inputs))


def timed(work: Callable[[], tuple[Result, bool]]) -> tuple[Result, Cost]:
    """Do it in this process."""
    before, wall, cpu = _peak(), time.monotonic(), time.process_time()
    found, known = work()
    if known:
        raise SystemExit("expected a step that has not been done yet, found its result; give a new folder")
    return found, Cost(time.monotonic() - wall, time.process_time() - cpu, _peak(), before)


def _peak() -> float:
    """Return the largest resident memory of this process so far, in MB; getrusage would count its parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10
