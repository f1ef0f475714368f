"""Objects as a source: they are copied once, into a file or a folder that is known by the digest of its contents, which
is a source as any other from there on.
"""

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from launderette.pipelines.config.places import Source
from launderette.pipelines.databases import addresses
from launderette.pipelines.object_storage import storage
from launderette.pipelines.run.artifacts import LaunderError, Unavailable, digest_path, explained

NAME_DIGITS = 16
State = dict[str, tuple[int, str]]  # bytes and version of each object, by its place below the address


def read(source: Source, folder: Path) -> tuple[Path, list[str]]:
    """Copy an object, or all below a prefix, into `folder`, and return the path and what is to be said: nothing.

    LaunderError for what cannot be read; Unavailable where that may pass, as where one was replaced meanwhile.
    """
    shown = addresses.shown(source.path)
    expected = f"expected to read {shown}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".source-") as aside:
        with storage.explained(expected, source.path):
            files = storage.opened(source)
            before = _state(files, source.path)
            if not before:
                raise LaunderError(f"{expected}, found nothing there; check the address")
            _copy(files, source.path, before, Path(aside))
            if _state(files, source.path) != before:
                raise Unavailable(f"{expected}, found that it changed meanwhile; run again")
        return _kept(Path(aside), folder, alone=before.keys() == {""}, address=shown), []


def _state(files: Any, address: str) -> State:
    """Return the objects of an address: one under "", or all below it but for folders' own marks."""
    root = storage.path_of(address)
    found = files.find(root, detail=True)
    sizes = {path: (int(info["size"]), _version(info)) for path, info in found.items() if not path.endswith("/")}
    return {path[len(root) :].lstrip("/"): state for path, state in sizes.items()}


def _version(info: dict[str, Any]) -> str:
    return str(next((info[key] for key in ("ETag", "etag", "md5Hash", "mtime", "last_modified") if key in info), ""))


def _copy(files: Any, address: str, objects: State, aside: Path) -> None:
    root = storage.path_of(address)
    for name, (size, _) in objects.items():
        local = aside / (_checked(name) or PurePosixPath(root).name)
        with explained(local.parent):
            local.parent.mkdir(parents=True, exist_ok=True)
            _check_room(local.parent, size)
        files.get_file(f"{root}/{name}" if name else root, str(local))
        if local.stat().st_size != size:
            raise Unavailable(f"expected to read {addresses.shown(address)}, found only a part of it; run again")


def _checked(name: str) -> str:
    """Return the place of an object below the address; LaunderError for one that would lie elsewhere here."""
    if ".." in name.split("/") or "\\" in name:
        raise LaunderError("expected names of objects without '..', found one with it; rename it")
    return name


def _check_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free <= size:
        raise LaunderError(f"expected {size >> 20:,} MB free in {folder}, found less; free some and run again")


def _kept(aside: Path, folder: Path, *, alone: bool, address: str) -> Path:
    """Move what was copied under the digest of its contents; a file keeps its suffixes, by which its form is known."""
    found = next(aside.iterdir()) if alone else aside
    suffix = "".join(PurePosixPath(address).suffixes[-2:]) if alone else ""
    final = folder / f"source-{digest_path(found)[:NAME_DIGITS]}{suffix}"
    with explained(final):
        if not final.exists():
            if alone:
                os.replace(found, final)
            else:
                shutil.copytree(aside, final, copy_function=os.link)  # the names are new, the bytes are not
        os.utime(final)
    return final
