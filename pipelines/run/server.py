"""A Prefect server of our own: it answers on a free port, keeps its log below work/, and ends with the process that
started it.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launderette.pipelines.run import supervisor
from launderette.pipelines.run.artifacts import LaunderError, explained

LEAST_FREE_BYTES = 64 << 20  # bytes that a run needs at least, Prefect's database included
START_SECONDS = 180.0  # seconds for a server to come up
APPLICATION = "prefect.server.api.server:create_app"
WITHOUT_PAGES = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"}  # neither pages nor schedules


def prepare(output: str) -> Path:
    """Make the private folder work/ and give Prefect its home in it, unless the user has chosen one; before Prefect is
    imported.

    Raises LaunderError where it cannot be made or the disk is almost full.
    """
    work = Path(output) / "work"
    with explained(work):
        work.mkdir(parents=True, exist_ok=True)
        os.chmod(work, 0o700)
        free = shutil.disk_usage(work).free
    if free < LEAST_FREE_BYTES:
        found = f"found {free >> 20} MB; free some, or choose another --output"
        raise LaunderError(f"expected {LEAST_FREE_BYTES >> 20} MB free below {work}, {found}")
    os.environ.setdefault("PREFECT_HOME", str(work / ".prefect"))
    return work


@contextmanager
def running(work: Path, *, pages: bool) -> Iterator[str]:
    """Run a server inside the block and yield the address of its API; with `pages`, it shows a dashboard and keeps
    schedules.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    started = _start(work, port, {"PREFECT_UI_API_URL": f"{address}/api"} if pages else WITHOUT_PAGES)
    try:
        _wait(started, f"{address}/api/health", work)
        yield f"{address}/api"
    finally:
        started.communicate()  # closes its input, which its supervisor takes as the end of this process


def _start(work: Path, port: int, settings: dict[str, str]) -> subprocess.Popen:
    where = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    uvicorn = [sys.executable, "-m", "uvicorn", "--factory", APPLICATION, *where]
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(os.getpid()), *uvicorn]
    with open(work / "server.log", "ab") as log:
        return subprocess.Popen(
            command,
            env=os.environ | settings | {"PREFECT__SERVER_FINAL": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us, not for it
        )


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen, address: str, work: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  our own server's
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise LaunderError(f"expected the Prefect server to start, found that it did not; see {work / 'server.log'}")
