"""A release as objects, beside its files: its data first, its manifest last, then the object that says which release is
current. Who reads by that object, or by manifests, never meets half a release.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from launderette.pipelines.config.places import Bucket
from launderette.pipelines.database_sinks import record
from launderette.pipelines.databases import addresses, failures
from launderette.pipelines.object_storage import storage
from launderette.pipelines.release.history import RELEASES
from launderette.pipelines.release.verifying import MANIFEST
from launderette.pipelines.run.artifacts import CHUNK_BYTES, LaunderError, Unavailable, canonical, digest_file

CURRENT_OBJECT, OWNER_OBJECT = "current.json", "owner.json"  # which release is current; whose releases they are


def check(target: Bucket | None, owner: str) -> None:
    """Raise LaunderError where a place among objects cannot be looked at, or has releases of another data set than
    `owner` at it, above it or among its own: before anything is trained.
    """
    if target is not None:
        failures.retried(lambda: _look(target, owner))


def _look(target: Bucket, owner: str) -> None:
    with storage.explained(f"expected to write {addresses.shown(target.uri)}", target.uri):
        files, path = storage.opened(target), storage.path_of(target.uri)
        inside = [place for place in files.find(f"{path}/{RELEASES}") if place.endswith(f"/{RELEASES}/{OWNER_OBJECT}")]
        above = [f"{parent}/{RELEASES}/{OWNER_OBJECT}" for parent in PurePosixPath(path).parents if parent.name]
        for place in (*inside, *above):
            if (found := _owner(files, place)) not in ("", owner):
                raise _shared(target, place, found)


def _owner(files: Any, place: str) -> str:
    """Return the data set that an object names, "" for none, or where the login may not look there."""
    try:
        return str(files.cat_file(place).decode())
    except (FileNotFoundError, PermissionError):
        return ""


def _shared(target: Bucket, place: str, found: str) -> LaunderError:
    scheme = addresses.scheme_of(target.uri)
    return LaunderError(
        f"expected releases of this data set alone at {addresses.shown(target.uri)}, found those of data set {found} "
        f"below {scheme}://{place.removesuffix(f'/{RELEASES}/{OWNER_OBJECT}')}; name another place, or, where that "
        f"data set is gone, write {found} into work/NAME.id of this one"
    )


def load(target: Bucket | None, staged: Path, id: str, owner: str) -> None:
    """Write all objects of a release but the manifest, and read each again, below a place that is `owner`'s from then
    on. LaunderError where that fails, or it is another data set's by now.
    """
    if target is not None:
        failures.retried(lambda: _claim(target, owner))
        _put_data(target, staged, id)
        failures.retried(lambda: _look(target, owner))  # two that claim it at once: the last one has it


def _put_data(target: Bucket, folder: Path, id: str) -> None:
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    failures.retried(lambda: _put(target, folder, id, [name for name in names if name != MANIFEST]))


def _claim(target: Bucket, owner: str) -> None:
    _look(target, owner)
    with storage.explained(f"expected to write {addresses.shown(target.uri)}", target.uri):
        files, place = storage.opened(target), f"{storage.path_of(target.uri)}/{RELEASES}/{OWNER_OBJECT}"
        if _owner(files, place) != owner:
            files.pipe_file(place, owner.encode())


def show(target: Bucket | None, output: Path, release: Path, id: str, keep: int | None) -> None:
    """Complete a release by its manifest, have `current.json` name it, and remove the oldest ones beyond `keep`."""
    if target is None:
        return
    failures.retried(lambda: _complete(target, release, id))
    record.remember(output, id, target.model_dump(mode="json"), record.TARGET_OBJECTS)
    if keep is not None:
        failures.retried(lambda: _prune(target, id, keep))


def is_shown(target: Bucket | None, output: Path, id: str) -> bool:
    """Tell whether a release went into a target, or there is none."""
    return target is None or record.of(output, record.TARGET_OBJECTS).get(id) == target.model_dump(mode="json")


def is_seen(target: Bucket | None, release: Path, id: str) -> bool:
    """Tell whether `current.json` of a target names a release, all of whose objects are there."""
    return target is None or failures.retried(lambda: _is_seen(target, release, id))


def _is_seen(target: Bucket, release: Path, id: str) -> bool:
    with storage.explained(f"expected to look at {addresses.shown(target.uri)}", target.uri):
        files, root = storage.opened(target), f"{storage.path_of(target.uri)}/{RELEASES}"
        current = f"{root}/{CURRENT_OBJECT}"
        names = [path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()]
        wanted = {current, *(f"{root}/{id}/{name}" for name in names)}
        return wanted.issubset(files.find(root)) and files.cat_file(current) == canonical(_said(release, id))


def rollback(known: Mapping[str, Any], release: Path, id: str) -> None:
    """Have `current.json` of a target, as the record has it, name a release again, written anew where it was pruned."""
    target = Bucket.model_validate(known)
    _put_data(target, release, id)
    failures.retried(lambda: _complete(target, release, id))


def _put(target: Bucket, folder: Path, id: str, names: list[str]) -> None:
    """Write files as objects, one by one in this order; those that are there with the same bytes stay."""
    with storage.explained(f"expected to write {addresses.shown(target.uri)}", target.uri):
        files, root = storage.opened(target), f"{storage.path_of(target.uri)}/{RELEASES}/{id}"
        there = set(files.find(root))
        for name in names:
            place, digest = f"{root}/{name}", digest_file(folder / name)
            if place not in there or _digest(files, place) != digest:
                files.put_file(str(folder / name), place)
                if _digest(files, place) != digest:
                    raise Unavailable(f"expected {name} as it was written there, found other bytes; run again")


def _digest(files: Any, place: str) -> str:
    """Return the SHA-256 of an object."""
    total = hashlib.sha256()
    with files.open(place, "rb", block_size=CHUNK_BYTES, cache_type="readahead") as file:
        while chunk := file.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def _complete(target: Bucket, release: Path, id: str) -> None:
    _put(target, release, id, [MANIFEST])
    said = _said(release, id)
    with storage.explained(f"expected to write {addresses.shown(target.uri)}", target.uri):
        storage.opened(target).pipe_file(f"{storage.path_of(target.uri)}/{RELEASES}/{CURRENT_OBJECT}", canonical(said))


def _said(release: Path, id: str) -> dict[str, str]:
    """Return what `current.json` says of a release."""
    return {"id": id, "manifest": f"{RELEASES}/{id}/{MANIFEST}", "sha256": digest_file(release / MANIFEST)}


def _prune(target: Bucket, current: str, keep: int) -> None:
    """Remove the oldest releases, each from its manifest on, so that none is found half."""
    with storage.explained(f"expected to remove old releases from {addresses.shown(target.uri)}", target.uri):
        files, root = storage.opened(target), f"{storage.path_of(target.uri)}/{RELEASES}"
        ids = {path[len(root) + 1 :].partition("/")[0] for path in files.find(root)}
        found = sorted(ids - {CURRENT_OBJECT, OWNER_OBJECT, current})
        for id in found[: max(0, len(found) + 1 - keep)]:
            objects = files.find(f"{root}/{id}")
            for path in sorted(objects, key=lambda path: not path.endswith(f"/{MANIFEST}")):
                files.rm_file(path)
