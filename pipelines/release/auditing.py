"""Auditing: everything that can be checked of releases, their files, the chain of their manifests and signatures."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launderette.pipelines.release import chain, signing
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.history import CURRENT, RELEASES
from launderette.pipelines.release.verifying import MANIFEST, digest_manifest, read_manifest, verify
from launderette.pipelines.run.artifacts import LaunderError, digest_file, read_json


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
    """Check a release and every manifest before it, signed by `key` where there is one, or named by the chain of one
    that is. LaunderError where there is no manifest at all.
    """
    document, chained = read_manifest(release.resolve()), chain.check(release)
    known = chain.manifests(release.resolve().parent) if key else {}
    vouched = _vouched(known, key)
    unsigned = signing.problem(document, key)
    is_vouched = bool(unsigned) and digest_file(release / MANIFEST) in vouched
    problems = [*verify(release), *filter(None, [chained.problem, "" if is_vouched else unsigned])]
    problems += _of_pruned(known, vouched, key)
    if is_vouched:
        signed = "; a release after it is signed, and names it"
    else:
        signed = "" if "signature" not in document else f"; it is {signing.said(document)}"
    if signed and not key:
        signed += ", which --key compares with yours"
    return Audit(tuple(problems), chained.checked, chained.unknown, signed)


def _vouched(known: Mapping[str, Path], key: str | None) -> set[str]:
    """Return the digests of manifests before one that is signed by a key: of before anybody signed, or by a key of
    before.
    """
    documents = [_document(path) for path in known.values()]
    whole = [document for document in documents if document.get("digest") == digest_manifest(document)]
    signed = [document for document in whole if not signing.problem(document, key)]
    return {digest for document in signed for digest, _ in chain.before_it(document, known)}


def _document(path: Path) -> dict[str, Any]:
    """Return a manifest, nothing for a damaged one, which is nobody's word."""
    try:
        found = read_json(path)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_pruned(known: Mapping[str, Path], vouched: Set[str], key: str | None) -> list[str]:
    """Return what is wrong with the signatures of manifests whose releases were removed."""
    names = {digest: path for digest, path in known.items() if path.parent.name == PRUNED and digest not in vouched}
    found = {path.name: signing.problem(_document(path), key) for path in sorted(names.values())}
    return [f"{PRUNED}/{name}: {wrong}" for name, wrong in found.items() if wrong]
