"""The files below a folder of images: links followed, none lost unseen, and what fails told without the name of a file.

A file's name may be a person's, so it stands in no sentence.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from launderette.pipelines.run.artifacts import LaunderError, digest_file, digest_of, failure

HIDDEN, LINKS, SPECIAL = (
    "hidden files and folders",
    "links that lead nowhere or in a circle",
    "devices, pipes and sockets",
)


@dataclass
class Listing:
    """Paths of files relative to a folder, sorted, and counts of what else is there, by reason."""

    names: list[str] = field(default_factory=list)
    passed_over: Counter = field(default_factory=Counter)
    locked: int = 0  # files and folders that may not be read


def listed(folder: Path) -> Listing:
    """List the files below a folder, those behind links too."""
    found = Listing()
    _enter(str(folder), "", frozenset([os.path.realpath(folder)]), found)
    found.names.sort()
    return found


def _enter(folder: str, before: str, above: frozenset[str], found: Listing) -> None:
    """List one folder, whose real path and those of the folders that led to it are `above`."""
    try:
        with os.scandir(folder) as entries:
            inside = list(entries)
    except OSError:
        found.locked += 1
        return
    for entry in inside:
        name = before + entry.name
        if entry.name.startswith("."):
            found.passed_over[HIDDEN] += 1
        elif entry.is_file():
            found.names.append(name)
            found.locked += not os.access(entry.path, os.R_OK)
        elif not entry.is_dir():
            found.passed_over[LINKS if entry.is_symlink() else SPECIAL] += 1
        elif (real := os.path.realpath(entry.path)) in above:
            found.passed_over[LINKS] += 1
        else:
            _enter(entry.path, f"{name}/", above | {real}, found)


def readable(folder: Path) -> Listing:
    """List the files below a folder; LaunderError where one may not be read, or has a name that is not text."""
    found = listed(folder)
    if found.locked:
        raise LaunderError(
            f"expected to read all below {folder}, found {found.locked:,} without permission; change it, or move "
            "them away"
        )
    if strange := sum(text_of(name) != name for name in found.names):
        raise LaunderError(f"expected names of files in UTF-8 below {folder}, found {strange:,} others; rename them")
    return found


def text_of(name: str) -> str:
    """Return a name as text, with U+FFFD in place of bytes that are not UTF-8: they come as lone surrogates."""
    return name if name.isascii() else os.fsencode(name).decode(errors="replace")


def suffix(name: str) -> str:
    """Return the ending of a file's name in small letters: `.png`."""
    return os.path.splitext(name)[1].lower()


@contextmanager
def quiet(folder: Path) -> Iterator[None]:
    """Turn a failure to read a file below `folder` into one sentence that does not name the file."""
    try:
        yield
    except OSError as error:
        raise failure(f"expected to read the images of {folder}", error) from None


def read(folder: Path, name: str) -> bytes:
    """Read a file below a folder. LaunderError where that fails."""
    with quiet(folder), open(os.path.join(folder, name), "rb", buffering=0) as file:
        return file.read()


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a source of images: a file's, or that of a folder's names and contents."""
    path = Path(path)
    if not path.is_dir():
        return digest_file(path)
    contents = {
        name.encode(errors="backslashreplace").decode(): os.path.join(path, name) for name in listed(path).names
    }
    with quiet(path):
        return digest_of({name: _digest(place) for name, place in contents.items()})


def _digest(place: str) -> str | None:
    return digest_file(place) if os.access(place, os.R_OK) else None
