"""Can every machine of a cluster of Ray do parts of a run? They are asked before anything is read."""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from launderette.pipelines.run.artifacts import LaunderError, digest_file, write_json
from launderette.pipelines.shards import jobs, ray, working

MORE_CONNECTIONS = 3  # that are tried where the first is broken off
ANSWER_SECONDS = 300.0  # in which a machine that others keep busy starts a worker, imports torch and answers


def check_workers(address: str, folder: Path) -> None:
    """Raise LaunderError where a machine of the cluster lets nobody in, lacks launderette or the folder (of the run,
    which all share), or has another version of what decides the bytes of a shard.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".cluster-") as shared:
        job = Path(shared, jobs.JOB)
        write_json(job, jobs.versions())
        with ray.explained(address), connected(address) as there:
            wrong = next(filter(None, _asked(there, str(job), digest_file(job))), "")
    if wrong:
        raise LaunderError(wrong)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect this process to a cluster as long as the block, and yield Ray."""
    import ray as there  # an extra

    _connect(there, address)
    try:
        yield there
    finally:
        there.shutdown()


def _connect(there: Any, address: str, more: int = MORE_CONNECTIONS) -> None:
    """Connect, again where the cluster broke it off: a busy one may be too slow to start what serves a connection."""
    logging.getLogger("ray.client_builder").setLevel(logging.WARNING)  # it tells the options of every connection
    try:
        with warnings.catch_warnings(action="ignore"):  # what they say is said in a sentence
            there.init(address, **ray.options(address))
    except ConnectionAbortedError:
        if not more:
            raise
        there.shutdown()
        _connect(there, address, more - 1)


def _asked(there: Any, job: str, digest: str) -> list[str]:
    """Return what each machine that does parts says is wrong with it, however busy it is."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    machines = [node["NodeID"] for node in there.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    look, own = there.remote(working.wrong), [NodeAffinitySchedulingStrategy(id, soft=False) for id in machines]
    answers = [look.options(num_cpus=0, scheduling_strategy=machine).remote(job, digest) for machine in own]
    return there.get(answers, timeout=ANSWER_SECONDS)
