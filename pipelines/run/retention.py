"""Retention: what may go of work/, quarantine/ and what Prefect has left, and what stays whatever its age.

What stays: all that the current release, its predecessor, the last release of each data set and every run that waits
for a person were made of, and what a running step holds the lock of. Releases themselves are pruned by publish.keep.
"""

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launderette.pipelines.release import holding
from launderette.pipelines.release.history import QUARANTINE, RELEASES, current
from launderette.pipelines.release.verifying import read_manifest
from launderette.pipelines.run.artifacts import LaunderError, explained, read_json
from launderette.pipelines.run.caching import LOCK, STEP_INPUTS, WORK
from launderette.pipelines.run.locks import try_locked

SOURCE_COPY = re.compile(r"source-[0-9a-f]{16}(\.\w+)*")  # of a database or of objects
STEP_FOLDER = re.compile(r"[a-z_]+-[0-9a-f]{16}")
AGE = re.compile(r"(\d+)([hdw])")
UNIT_SECONDS = {"h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Spare:
    """A file or a folder that may go, and how many bytes that frees."""

    path: Path
    bytes: int


def seconds_of(age: str) -> float:
    """Return the seconds of an age such as 30d, 12h or 8w; LaunderError for another text."""
    found = AGE.fullmatch(age.strip())
    if found is None:
        raise LaunderError("expected an age such as 30d, 12h or 8w, found another text; write a number and h, d or w")
    return float(int(found[1]) * UNIT_SECONDS[found[2]])


def spare(output: Path, age: float) -> list[Spare]:
    """Return what was not used for `age` seconds and may go; LaunderError where there is no output folder."""
    if not (output / WORK).is_dir() and not (output / QUARANTINE).is_dir():
        raise LaunderError(f"expected an output folder with work/ at {output}, found none; check the path")
    before = time.time() - age
    found = [*_steps(output / WORK, _needed(output)), *_refused(output), *_left(output / WORK)]
    return [Spare(path, _size(path)) for path in found if _last_used(path) < before]


def clean(output: Path, age: float) -> list[Spare]:
    """Remove what may go, but for steps that somebody works at, and return it."""
    return [one for one in spare(output, age) if _removed(one.path)]


def _steps(work: Path, needed: set[str]) -> Iterator[Path]:
    folders = (path for path in sorted(work.glob("*-*")) if STEP_FOLDER.fullmatch(path.name) and path.is_dir())
    yield from (path for path in folders if path.name not in needed)


def _refused(output: Path) -> Iterator[Path]:
    """Yield the reports of refused runs that nobody may release any more, and the records of runs that are done with;
    what a person has refused stays refused.
    """
    waiting = {one["id"] for one in holding.waiting(output)}
    yield from (path for path in sorted((output / QUARANTINE).glob("*")) if path.name not in waiting)
    records = (path for path in sorted((output / WORK / "held").glob("*.json")) if path.stem not in waiting)
    yield from (path for path in records if read_json(path)["status"] != holding.Status.REFUSED)


def _left(work: Path) -> Iterator[Path]:
    """Yield the log of the server, the results that Prefect has kept, what a killed run was about to write, and copies
    of databases and objects: the step that read one has its rows.
    """
    yield from (path for path in (work / "server.log",) if path.is_file())
    yield from (path for path in sorted((work / ".prefect" / "storage").rglob("*")) if path.is_file())
    yield from (path for path in sorted([*work.glob("tmp*"), *work.glob(".source-*")]) if path.is_dir())
    yield from (path for path in sorted(work.glob("source-*")) if SOURCE_COPY.fullmatch(path.name))


def _needed(output: Path) -> set[str]:
    """Return the names of the steps that stay: those that led to what is kept, and what was made of these alone."""
    work = output / WORK
    inputs = {path.parent.name: set(read_json(path)) for path in work.glob(f"*/{STEP_INPUTS}")}
    ends = {f"decide-{id.rpartition('-')[2]}" for id in _kept_runs(output)} | _bases(work)
    needed: set[str] = set()
    while ends:
        needed |= ends
        ends = {before for name in ends for before in inputs.get(name, ())} - needed
    return needed | {name for name, before in inputs.items() if before and before <= needed}


def _kept_runs(output: Path) -> Iterator[str]:
    """Yield the ids of the current release, of the one before it, of each data set's last one, and of runs that
    wait.
    """
    now = current(output)
    if now is not None:
        yield now
        if before := read_manifest(output / RELEASES / now).get("previous_id"):
            yield before
    yield from (read_json(path)["release"] for path in (output / WORK).glob("*.schema.json"))
    yield from (one["id"] for one in holding.waiting(output))


def _bases(work: Path) -> set[str]:
    """Return the steps that read the sources which the next runs are compared with."""
    bases = (read_json(path).get("base") for path in work.glob("*.schema.json"))
    return {Path(base["source"]["table"]["path"]).parts[0] for base in bases if base}


def _last_used(path: Path) -> float:
    """Return when a step was last asked for, or a file written: Unix seconds."""
    lock = path / LOCK
    return (lock if lock.is_file() else path).stat().st_mtime


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _removed(path: Path) -> bool:
    """Remove a file, or a folder in one step; False where somebody holds its lock."""
    with explained(path):
        if path.is_file():
            path.unlink()
            return True
        gone = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with try_locked(path / LOCK) as free:
            if free:
                path.rename(gone)
                shutil.rmtree(gone)
    return free
