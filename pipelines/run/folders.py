"""Folders that a command writes: whole or not at all, in place of an earlier one of its own, never of other files."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launderette.pipelines.run.artifacts import LaunderError, digest_files, explained, flush, read_json, write_json

MARK_FILE = ".launder.json"  # the SHA-256 of every file of a folder as it was written, by which it is known again


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside `path` to fill; it takes its name, in place of an earlier one of its own, only when
    the block succeeds.
    """
    final = Path(path).resolve()  # of a link, what it points at
    aside, before = (final.with_name(f".{final.name}.{secrets.token_hex(4)}.{end}") for end in ("part", "old"))
    try:
        with explained(final):
            aside.mkdir(parents=True)
            yield aside
            write_json(aside / MARK_FILE, digest_files(aside))
            flush_all(aside)
            check_own(final)  # it may have been changed since the command began
            _swap(aside, final, before)
            flush(final.parent)
    finally:
        for folder in (aside, before):
            shutil.rmtree(folder, ignore_errors=True)


def _swap(aside: Path, final: Path, before: Path) -> None:
    if final.exists():
        final.rename(before)
    try:
        aside.rename(final)
    except OSError:
        if before.exists():
            before.rename(final)
        raise


def check_own(path: Path) -> None:
    """Raise LaunderError where a file, or a folder of other files than `atomic_folder` has written, is at `path`."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path.is_dir() and (path / MARK_FILE).is_file() and _untouched(path)):
        raise LaunderError(
            f"expected nothing at {path}, or what an earlier command wrote there and nobody changed, found other "
            "files; choose another place"
        )


def _untouched(folder: Path) -> bool:
    found = {name: digest for name, digest in digest_files(folder).items() if name != MARK_FILE}
    return found == read_json(folder / MARK_FILE)


def flush_all(folder: Path) -> None:
    """Wait until a folder and everything in it is on the disk."""
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)


@contextmanager
def replaced_files(folder: Path) -> Iterator[Path]:
    """Yield a folder to write files to; each takes its name in `folder` in one step, when the block succeeds."""
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{secrets.token_hex(4)}.part"
    try:
        with explained(folder):
            aside.mkdir()
            yield aside
            flush_all(aside)
            for path in sorted(aside.iterdir()):
                os.replace(path, folder / path.name)
            flush(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
