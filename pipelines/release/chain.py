"""The chain of releases: each manifest names the digest of the one before it, which stays there when its release is
pruned.
"""

from collections.abc import Mapping
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
    known, document, checked = _known(folder), read_manifest(Path(release).resolve()), 0
    while (digest := document.get("previous")) is not None:
        if digest not in known:
            problem, unknown = _broken(folder, document)
            return ChainCheck(checked, problem, unknown)
        document, checked = read_json(known[digest]), checked + 1
    return ChainCheck(checked)


def _known(folder: Path) -> dict[str, Path]:
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
