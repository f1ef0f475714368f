"""The command line in processes of its own, with the code of this tree."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which Python finds this tree first and Prefect nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"} | changes


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
