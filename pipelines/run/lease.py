"""The lease of a data set: one run at a time, and the next one knows of a run that was killed.

On one machine a lock tells, which the operating system lets go of even after kill -9. A lock need not reach another
machine, nor be let go of when that one dies, so the holder also counts on in its record, and who finds the record of
another machine watches it by a clock of its own: no two clocks are compared. The record is emptied at an orderly end;
where Prefect's server could not be told how the run has ended, the record says so.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from launderette.pipelines.run import locks
from launderette.pipelines.run.artifacts import LaunderError, explained

Record = Mapping[str, Any]  # run, pid, host, boot, since, beat, and end where it has come to one
LOOK_AGAIN_SECONDS = 0.5
BEAT_SECONDS = 5.0  # between two counts of a holder
STILL_SECONDS = 30.0  # without one, after which a holder on another machine is taken for dead
ID_BYTES = 4
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # of the kernel, whose locks all its processes see


class Lease:
    """A lease that is held: its record is counted on by a thread until it ends, or somebody else has taken it."""

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run, self._ended, self._writing = path, run, Event(), Lock()
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._record: dict[str, Any] = {"run": run, "pid": os.getpid(), "host": socket.gethostname()}
        self._record |= {"boot": _boot(), "since": since}
        self._beats: Thread | None = None

    def check(self) -> None:
        """Raise LaunderError where somebody else holds it now, who took this process for dead."""
        if not self.is_own():
            raise LaunderError(
                f"expected to hold {self.path} until the end, found that another run has taken it while this one did "
                "not answer; leave the data set to that one"
            )

    def note(self, end: Mapping[str, str]) -> None:
        """Write down how the run has ended, which outlives it where nobody calls `told`."""
        self._record["end"] = end
        with suppress(OSError):  # a disk that is full
            if self.is_own():
                self._write(json.dumps(self._record))

    def told(self) -> None:
        """Forget how the run has ended: it is known elsewhere."""
        self._record.pop("end", None)

    def begin(self) -> None:
        """Write the record, and count on in it from now on."""
        with explained(self.path):
            self._write(json.dumps(self._record | {"beat": 0}))
        self._beats = Thread(target=self._beat, daemon=True)
        self._beats.start()

    def end(self) -> None:
        """Empty the record, unless it is somebody else's or says of an end that nobody knows of."""
        self._ended.set()
        if self._beats:
            self._beats.join()
        with suppress(OSError):
            if "end" not in self._record and self.is_own():
                self._write("")

    def _beat(self) -> None:
        beat = 0
        while not self._ended.wait(BEAT_SECONDS):
            beat += 1
            with suppress(OSError):  # a disk that is full or away for a moment
                if not self.is_own():
                    return
                self._write(json.dumps(self._record | {"beat": beat}))

    def is_own(self) -> bool:
        """Tell whether the record is still that of this run."""
        with self._writing:
            return _read(self.path).get("run") == self.run

    def _write(self, text: str) -> None:
        with self._writing, open(self.path, "r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def held(
    work: Path, name: str, run: str, waits: Callable[[Record], None], dead: Callable[[Record], None]
) -> Iterator[Lease]:
    """Hold the lease of a data set inside the block, named by the id of a run.

    `waits` is called once with the record of a run that holds it, `dead` with that of one that was killed, or whose
    end is known nowhere else.
    """
    with _locked(work, f"{name}.lease", waits) as path:
        lease = Lease(path, run)
        try:
            if left := _taken(lease, waits):
                dead(left)
            yield lease
        finally:
            lease.end()


@contextmanager
def alone(work: Path, name: str) -> Iterator[None]:
    """Serve a data set inside the block; LaunderError where another process does already."""

    def refuse(record: Record) -> None:
        where = f" on {record['host']}" if record.get("host") else ""
        raise LaunderError(
            f"expected nobody else to serve {name} below {work.parent}, found another launder serve{where}; stop that "
            "one"
        )

    with _locked(work, f"{name}.serving", refuse) as path:
        lease = Lease(path, secrets.token_hex(ID_BYTES))
        try:
            _taken(lease, refuse)
            yield
        finally:
            lease.end()


def untold(work: Path) -> list[Path]:
    """Return the leases below work/ of runs that nobody holds any more and whose ends are known nowhere else."""
    return [path for path in sorted(work.glob("*.lease")) if "end" in _read(path)]


def tell(path: Path, say: Callable[[Record], None]) -> None:
    """Say how the run of an untold lease has ended, and empty its record; nothing where a run holds it."""
    with open(path, "r+", encoding="utf-8") as file:
        if locks.taken(file) and "end" in (record := _read(path)):
            say(record)
            file.truncate(0)


def identity(work: Path, name: str) -> str:
    """Return who a data set is, eight random hexadecimal digits that its output folder keeps, made where there are
    none: another one of the same name is another.
    """
    with explained(work):
        work.mkdir(parents=True, exist_ok=True)
        handle = os.open(work / f"{name}.id", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        locks.wait(file)
        if not (found := file.read().strip()):
            found = secrets.token_hex(ID_BYTES)
            file.write(found)
        return found


@contextmanager
def _locked(work: Path, name: str, waits: Callable[[Record], None]) -> Iterator[Path]:
    """Hold the lock of a file inside the block, and yield its path; `waits` is called once where another has it."""
    path = work / name
    with explained(path):
        work.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        locks.wait(file, lambda: waits(_read(path)))
        yield path


def _taken(lease: Lease, waits: Callable[[Record], None]) -> Record:
    """Take a lease whose lock is held, and return the record of a holder that died, empty where there is none."""
    while True:
        left = _dead(lease.path, waits)
        lease.begin()
        if not left or left.get("boot") == _boot():
            return left
        time.sleep(BEAT_SECONDS)  # a third machine may have watched for as long: the last to write has it
        if lease.is_own():
            return left


def _dead(path: Path, waits: Callable[[Record], None]) -> Record:
    """Return the record of a holder that is dead, empty after an orderly end: of this machine, as its lock is free, one
    of another once it has stood still.
    """
    record, told = _read(path), False
    while record and record.get("boot") != _boot():
        now, until = record, time.monotonic() + STILL_SECONDS
        while now == record and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_SECONDS)
            now = _read(path)
        if now == record:
            break
        if now and not told:
            waits(now)
            told = True
        record = now
    return record


def _boot() -> str:
    """Return the id of the running kernel, where it has one, else the name of the machine."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return socket.gethostname()


def _read(path: Path) -> Record:
    """Return the record of a lease, empty where there is none whole; opened anew, so that a network file system asks
    its server.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8") or "{}")
    except ValueError:  # being written, now or when its run was killed
        found = {"since": "an unknown time"}
    return found if isinstance(found, dict) else {}
