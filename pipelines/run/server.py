"""A Prefect server of our own: it answers on a free port, keeps its log below work/, and ends with the process that
started it.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from launderette.pipelines.run import supervisor
from launderette.pipelines.run.artifacts import LaunderError, atomic_write, explained

LEAST_FREE_BYTES = 64 << 20  # bytes that a run needs at least, Prefect's database included
LEAST_FILE_BYTES = 8 << 20  # bytes to which its database grows in a run or two
START_SECONDS = 180.0  # seconds for a server to come up
ANSWER_POLL_SECONDS = 0.05  # seconds between two looks whether it has
APPLICATION = "prefect.server.api.server:create_app"
HOME = ".prefect"  # Prefect's, in work/
DATABASE = "prefect.db"  # in Prefect's home
LOG = "server.log"  # in work/
FILLED = ("flow", "flow_run", "deployment", "block_document", "variable", "configuration", "work_pool")  # by use alone
OTHER_DATABASE = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")  # such as PostgreSQL
WITHOUT_PAGES = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"}  # neither pages nor schedules
AS_IT_IS = {  # a database of this version is not looked through: half a second of CPU
    "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "0",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "0",
}


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
    os.environ.setdefault("PREFECT_HOME", str(work / HOME))
    return work


@dataclass
class StartingServer:
    """A server that is about to answer: its process, the address of its API, the folder of its log."""

    process: subprocess.Popen
    api: str
    work: Path
    is_used: bool = False

    def ready(self) -> str:
        """Return the address once it answers; LaunderError where it does not come up."""
        self.is_used = True
        self._wait()
        _remember(Path(os.environ["PREFECT_HOME"]) / DATABASE)
        return self.api

    @property
    def log(self) -> Path:
        """Return where it writes what goes wrong in it."""
        return self.work / LOG

    def check_disk(self) -> None:
        """Raise LaunderError where a file of the size of Prefect's database cannot be written."""
        with explained(self.work / HOME / DATABASE), tempfile.TemporaryFile(dir=self.work, buffering=0) as file:
            written = 0
            while written < LEAST_FILE_BYTES:  # what is over a limit on the size of files is written in part first
                written += file.write(bytes(LEAST_FILE_BYTES - written))

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=5):  # noqa: S310  our own server's
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(ANSWER_POLL_SECONDS)
        self.check_disk()
        raise LaunderError(f"expected the Prefect server to start, found that it did not; see {self.log}")


@contextmanager
def beginning(work: Path, *, pages: bool = False) -> Iterator[StartingServer | None]:
    """Start a server that lives as long as the block, None where the environment names one: Prefect can be imported
    meanwhile. With `pages`, it shows a dashboard and keeps schedules.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield None
        return
    database = Path(os.environ["PREFECT_HOME"]) / DATABASE
    _prefill(database)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    unseen = WITHOUT_PAGES | (AS_IT_IS if _is_of_this_version(database) else {})
    process = _start(work, port, {"PREFECT_UI_API_URL": f"{address}/api"} if pages else unseen)
    try:
        yield StartingServer(process, f"{address}/api", work)
    finally:
        process.communicate()  # closes its input, which its supervisor takes as the end of this process


@contextmanager
def early(output: str) -> Iterator[StartingServer | None]:
    """Start a server before it is known whether a run can begin, so that all else is loaded meanwhile; where none
    begins, no trace of it stays. None where the environment names one, and where something is released already: there
    is often nothing to do.
    """
    is_new, work = not (Path(output) / "work").exists(), None
    if not (Path(output) / "releases" / "current").exists():
        with suppress(LaunderError):  # which the run itself says, once its source has been looked at
            work = prepare(output)
    if work is None:
        yield None
        return
    with ExitStack() as traces, beginning(work) as begun:
        if begun and is_new:
            traces.callback(_clear, begun)
        yield begun


def _clear(begun: StartingServer) -> None:
    """Remove what a server that nobody asked for anything has left, and the folders that were made for it."""
    if begun.is_used:
        return
    begun.log.unlink(missing_ok=True)
    shutil.rmtree(begun.work / HOME, ignore_errors=True)
    with suppress(OSError):  # what is not empty stays
        begun.work.rmdir()
        begun.work.parent.rmdir()


def _is_of_this_version(database: Path) -> bool:
    """Return whether a database has the tables of the empty one of this version of Prefect."""
    paths = (database, _template())
    if any(map(os.environ.get, OTHER_DATABASE)) or not all(path.is_file() for path in paths):
        return False
    try:
        first, second = map(_revision, paths)
    except sqlite3.Error:
        return False
    return first == second


def _revision(database: Path) -> tuple[str, ...]:
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute("SELECT version_num FROM alembic_version").fetchone()


def _template() -> Path:
    """Return where an empty database of this version of Prefect lies, once there was one."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache, "launderette", f"prefect-{metadata.version('prefect')}.empty")


def _prefill(database: Path) -> None:
    """Give a new home the empty database: making one by Prefect's migrations takes longer than everything else."""
    if not database.exists() and _template().is_file() and not any(map(os.environ.get, OTHER_DATABASE)):
        with atomic_write(database) as aside:
            shutil.copyfile(_template(), aside)


def _remember(database: Path) -> None:
    """Keep a copy of a database in which nothing has happened yet, for the next new home."""
    if _template().exists() or not database.is_file():
        return
    with suppress(OSError, sqlite3.Error):  # where the cache cannot be written, the next one is made anew too
        _template().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_template().parent) as folder:
            copy = Path(folder, DATABASE)
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
                used = any(target.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in FILLED)  # noqa: S608
            if not used:
                os.replace(copy, _template())


def _start(work: Path, port: int, settings: dict[str, str]) -> subprocess.Popen:
    where = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    uvicorn = [sys.executable, "-m", "uvicorn", "--factory", APPLICATION, *where]
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(os.getpid()), *uvicorn]
    with open(work / LOG, "ab") as log:
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
