"""Auditing: everything that can be checked of releases, their files, the chain of their manifests and signatures."""

from dataclasses import dataclass
from pathlib import Path

from launderette.pipelines.release import chain, signing
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.history import CURRENT, RELEASES
from launderette.pipelines.release.verifying import read_manifest, verify
from launderette.pipelines.run.artifacts import LaunderError, read_json


@dataclass(frozen=True)
class Audit:
    """What is wrong with a release; how many manifests before it are right, and what could not be checked of those; by
    what it is signed, in words that end a sentence.
    """

    problems: tuple[str, ...]
    before: int
    unknown: str
    signed: str


def releases_of(place: Path) -> list[Path]:
    """Return the releases below an output folder, the one at a path itself; LaunderError where there is none."""
    if not (place / RELEASES).is_dir():
        return [place]
    found = [path for path in sorted((place / RELEASES).iterdir()) if path.is_dir() and not path.name.startswith(".")]
    found = [path for path in found if path.name != PRUNED and path.name != CURRENT]
    if not found:
        raise LaunderError(f"expected a release below {place}, found none; run first")
    return found


def audit(release: Path, key: str | None = None) -> Audit:
    """Check a release and every manifest before it, signed by `key` where there is one. LaunderError where there is no
    manifest at all.
    """
    document, chained = read_manifest(release.resolve()), chain.check(release)
    problems = [*verify(release), *filter(None, [chained.problem, signing.problem(document, key)])]
    if key:
        problems += _of_pruned(release.resolve().parent / PRUNED, key)
    signed = "" if "signature" not in document else f"; it is {signing.said(document)}"
    if signed and not key:
        signed += ", which --key compares with yours"
    return Audit(tuple(problems), chained.checked, chained.unknown, signed)


def _of_pruned(folder: Path, key: str) -> list[str]:
    """Return what is wrong with the signatures of manifests whose releases were removed."""
    found = {path.name: signing.problem(read_json(path), key) for path in sorted(folder.glob("*.json"))}
    return [f"{PRUNED}/{name}: {wrong}" for name, wrong in found.items() if wrong]
