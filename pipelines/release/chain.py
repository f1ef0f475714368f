"""The chain of releases: each manifest names the digest of the one before it, which stays there when its release is
pruned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launderette.pipelines.release.verifying import MANIFEST, read_manifest
from launderette.pipelines.run.artifacts import atomic_write, digest_file, read_json

PRUNED = "pruned"  # the folder below releases/ of manifests whose releases were removed, each named by its digest


@dataclass(frozen=True)
class ChainCheck:
    """How many manifests before one are those that their successors name, what is wrong with the next, or why it
    cannot be checked.
    """

    checked: int
    problem: str = ""
    unknown: str = ""


def check(release: str | Path) -> ChainCheck:
    """Follow the manifests before that of a release, back to the first one or to one that is not there."""
    folder = Path(release).resolve().parent
    document, checked = read_manifest(Path(release).resolve()), 0
    for _, before in before_it(document, manifests(folder)):
        document, checked = before, checked + 1
    if document.get("previous") is None:
        return ChainCheck(checked)
    return ChainCheck(checked, *_broken(folder, document))


def before_it(document: Mapping[str, Any], known: Mapping[str, Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield digest and content of each manifest before one, back to the first one or to one that is not known."""
    while (digest := str(document.get("previous"))) in known:
        yield digest, (document := read_json(known[digest]))


def manifests(folder: Path) -> dict[str, Path]:
    """Return the manifests of releases that are there and of pruned ones, by the digests that they have now."""
    return {digest_file(path): path for path in [*folder.glob(f"*/{MANIFEST}"), *folder.glob(f"{PRUNED}/*.json")]}


def _broken(folder: Path, document: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong with the manifest before one, or else why it cannot be checked."""
    id, before, digest = document["id"], document.get("previous_id"), document["previous"]
    if before and (folder / before).is_dir():
        return f"{MANIFEST} of {before} is not the one that {id} follows: it was changed.", ""
    if (folder / PRUNED / f"{digest}.json").is_file():
        return f"{PRUNED}/{digest}.json is not the manifest that {id} follows: it was changed.", ""
    named = f"release {before} before {id}" if before else f"release before {id}"
    return "", (
        f"The {named} cannot be checked: its manifest is not in {folder}, because it was removed by hand or pruned by "
        "a version that kept no manifests."
    )


def keep(release: Path) -> None:
    """Keep the manifest of a release that is about to be pruned."""
    path = release / MANIFEST
    with atomic_write(release.parent / PRUNED / f"{digest_file(path)}.json") as aside:
        aside.write_bytes(path.read_bytes())
