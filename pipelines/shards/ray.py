"""Shards on a cluster of Ray: whether it is there, how it is started, and what is wrong with it in one sentence.

Workers are handed the path and the digest of a job and the number of a shard, and hand back its number of rows: neither
rows nor secrets are in Ray's object store, on its dashboard or in its logs.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from launderette.pipelines.run.artifacts import LaunderError

CONNECT_SECONDS = 5.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LET_IN = "run again, with RAY_AUTH_MODE=token and its token in RAY_AUTH_TOKEN where it asks for one"
INSTALL = "install it with pip install 'launderette[ray]', or set resources.runner to processes"


def address(runner: str, shared_server: bool) -> str | None:
    """Return the address of the cluster, None for one of this machine that is started for the run.

    LaunderError where Ray is not installed, nothing answers at the address, or its workers would not reach Prefect.
    """
    if find_spec("ray") is None or find_spec("prefect_ray") is None:
        raise LaunderError(f"expected Ray for resources.runner: {runner}, found it not installed; {INSTALL}")
    if runner == "ray":
        return None
    place = urlsplit(runner)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), CONNECT_SECONDS).close()
    except OSError:
        raise LaunderError(
            f"expected a Ray cluster at {runner}, found none that answers; start it, or change resources.runner"
        ) from None
    if place.hostname not in LOOPBACK and not shared_server:
        raise LaunderError(
            "expected a Prefect server that every worker reaches beside a Ray cluster, found one of this process alone;"
            " run prefect server start and set PREFECT_API_URL"
        )
    return runner


def options(address: str | None) -> dict[str, Any]:
    """Return how Ray is started or reached: without a dashboard, without the workers' output among ours, and, where it
    is started, with workers of this process's priority (Ray's own are the last to get a busy core).
    """
    if address is not None:
        return {"log_to_driver": False}
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    started = {"address": "local", "num_cpus": os.cpu_count(), "_system_config": {"worker_niceness": os.nice(0)}}
    return started | quiet


@contextmanager
def explained(runner: str) -> Iterator[None]:
    """Turn what is wrong with the workers of a cluster into one sentence; what they were asked for stays out of it."""
    try:
        yield
    except LaunderError:
        raise
    except Exception as error:  # of Ray, Prefect or a process pool, by which a worker's is wrapped
        if not runner.startswith("ray"):
            raise
        raise LaunderError(_sentence(runner, error)) from None


def _sentence(runner: str, error: Exception) -> str:
    text = f"{error!r} {error.__cause__!r}"
    if "No module named" in text:
        return (
            f"expected launderette with its extra ray on every worker of {runner}, found one without it; install the "
            "same version there"
        )
    if "ersion mismatch" in text:
        return f"expected the same Python and Ray at {runner} as here, found other versions; install the same there"
    if isinstance(error, ConnectionError):
        return f"expected the Ray cluster at {runner} to let this process in, found that it does not; {LET_IN}"
    found = type(error).__name__
    return f"expected the workers of {runner} to do their parts, found {found}; run again to do the rest"
