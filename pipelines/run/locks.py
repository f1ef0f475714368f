"""Locks of files, which the operating system lets go of even after kill -9."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.2  # between two looks at a lock that another process holds


@contextmanager
def locked(path: Path, waits: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a file, which is made; call `waits` once where another process holds it."""
    with open(path, "w") as file:
        wait(file, waits)
        yield


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a file, and yield whether nobody else does; a place that has none is free."""
    if not path.is_file():
        yield True
        return
    with open(path) as file:
        yield taken(file)


def wait(file: IO[str], waits: Callable[[], None] = lambda: None) -> None:
    """Take the lock of an open file, until it is closed; call `waits` once where another process holds it."""
    if not taken(file):
        waits()
        while not taken(file):
            time.sleep(POLL_SECONDS)


def taken(file: IO[str]) -> bool:
    """Take the lock of an open file where nobody else holds it, and tell whether it was taken."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
