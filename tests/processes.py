"""The command line in processes of its own, with the code of this tree."""

import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which Python finds this tree first and Prefect nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"} | changes


def marked_environment(folder: Path) -> dict[str, str]:
    """Return an environment with homes of its own, by which the processes below are found again; the empty database of
    Prefect is that of all.
    """
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    homes = {"PREFECT_HOME": str(folder / "prefect"), "HOME": str(folder), "XDG_CACHE_HOME": cache}
    return environment(**homes, LAUNDERETTE_MARK=uuid.uuid4().hex)


def alive(env: dict[str, str]) -> list[int]:
    """Return the numbers of the processes of a marked environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if env["LAUNDERETTE_MARK"].encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # ended meanwhile, or another user's
            continue
    return found


def swept(env: dict[str, str]) -> list[int]:
    """Kill the processes that are left of a marked environment, and return their numbers."""
    left = alive(env)
    for number in left:
        os.kill(number, signal.SIGKILL)
    return left


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Have no file of this process grow beyond so many bytes inside the block."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def start(
    *words: object, folder: Path, code: str = "from pipelines.cli import main; main()", **options: object
) -> subprocess.Popen:
    """Start `launder WORDS` in `folder`; `code` may change something before main()."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()} | options
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], cwd=folder, **options)


def launder(*words: object, folder: Path, **options: object) -> subprocess.CompletedProcess:
    """Run `launder WORDS` in `folder` to its end."""
    with start(*words, folder=folder, **options) as process:
        out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def until(met: Callable[[], object], seconds: float = 120.0, what: str = "") -> object:
    """Poll until `met` returns something true, and return it; TimeoutError after that many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := met():
            return found
        time.sleep(0.05)
    raise TimeoutError(what or "the condition was not met in time")
