"""The lease of a data set: one run at a time, and the next one knows of a run that was killed.

The operating system lets go of the lock even after kill -9; the record in it is emptied at an orderly end, so one that
is still there tells of a run that had none.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from launderette.pipelines.run.artifacts import LaunderError, explained

Record = Mapping[str, Any]  # run, pid, host, since
LOOK_AGAIN_SECONDS = 0.5
ID_BYTES = 4


@contextmanager
def held(
    work: Path, name: str, run: str, waits: Callable[[Record], None], dead: Callable[[Record], None]
) -> Iterator[None]:
    """Hold the lease of a data set inside the block, named by the id of a run.

    `waits` is called once with the record of a run that holds it, `dead` with that of one that was killed.
    """
    with explained(work):
        work.mkdir(parents=True, exist_ok=True)
        handle = os.open(work / f"{name}.lease", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        _acquire(file, waits)
        if left := _read(file):
            dead(left)
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        _write(file, json.dumps({"run": run, "pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        try:
            yield
        finally:
            _write(file, "")


@contextmanager
def alone(work: Path, name: str) -> Iterator[None]:
    """Serve a data set inside the block; LaunderError where another process does already."""
    with explained(work):
        work.mkdir(parents=True, exist_ok=True)
        handle = os.open(work / f"{name}.serving", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunderError(
                f"expected nobody else to serve {name} below {work.parent}, found another launder serve; stop that one"
            ) from None
        yield


def identity(work: Path, name: str) -> str:
    """Return who a data set is, eight random hexadecimal digits that its output folder keeps, made where there are
    none: another one of the same name is another.
    """
    with explained(work):
        work.mkdir(parents=True, exist_ok=True)
        handle = os.open(work / f"{name}.id", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (found := file.read().strip()):
            found = secrets.token_hex(ID_BYTES)
            file.write(found)
        return found


def _acquire(file: IO[str], waits: Callable[[Record], None]) -> None:
    told = False
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                waits(_read(file))
            told = True
            time.sleep(LOOK_AGAIN_SECONDS)


def _read(file: IO[str]) -> Record:
    """Return the record of a lease, empty where there is none whole."""
    file.seek(0)
    try:
        found = json.loads(file.read() or "{}")
    except ValueError:  # being written when its run was killed
        found = {"since": "an unknown time"}
    return found if isinstance(found, dict) else {}


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
