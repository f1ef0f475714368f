"""Verifying: is a release, to the byte, what its manifest says it is?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launderette.pipelines.release.decisions import reopen
from launderette.pipelines.run.artifacts import LaunderError, canonical, digest_files, digest_of

MANIFEST, DATA, REPORT = "manifest.json", "data", "report.json"
VERSION = 1


def files_of(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the manifest, by its path in the folder."""
    return {name: digest for name, digest in digest_files(folder).items() if name != MANIFEST}


def data_digest(folder: str | Path) -> str:
    """Return the SHA-256 that an approval is bound to: of the one data file, or of the names and digests of several."""
    files = {name: digest for name, digest in files_of(folder).items() if name.startswith(f"{DATA}/")}
    if not files:
        raise LaunderError(f"expected data files below {Path(folder) / DATA}, found none; write the data first")
    return next(iter(files.values())) if len(files) == 1 else digest_of(files)


def digest_manifest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without its own digest and the signature of that."""
    return digest_of({key: value for key, value in document.items() if key not in ("digest", "signature")})


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read a manifest; LaunderError where it is missing or no manifest."""
    path = Path(folder) / MANIFEST
    try:
        document = json.loads(path.read_bytes())
    except OSError:
        raise LaunderError(f"expected a release with {MANIFEST} at {folder}, found none; check the path") from None
    except ValueError:
        raise LaunderError(f"expected a manifest in {path}, found damaged text; do not use this release") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise LaunderError(
            f"expected a manifest of version {VERSION} in {path}, found another; do not use this release"
        )
    return document


def verify(release: str | Path, *, id: str | None = None) -> list[str]:
    """Return a sentence for everything that differs from the manifest; none where the release is whole.

    Recomputes the digest of every file, of the data, of the manifest itself, and the verdict from its reasons. `id` is
    the release's name where the folder does not bear it yet. LaunderError where there is no manifest at all.
    """
    folder = Path(release).resolve()
    document = read_manifest(folder)
    problems = _manifest(folder, document, id or folder.name)
    return problems + _files(folder, document.get("files")) + _contents(folder, document) + _ledger(document)


def _ledger(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the ledger of a guarantee: its epsilon must follow from the questions in it."""
    if document.get("ledger") is None:
        return []
    from launderette.generators import GeneratorError
    from launderette.generators.privacy.ledger import Ledger  # with torch: only where there is one

    try:
        Ledger.from_dict(document["ledger"])
    except (GeneratorError, KeyError, TypeError) as error:
        why = str(error) if isinstance(error, GeneratorError) else "expected all of its fields, found fewer"
        return [f"The ledger does not add up to the epsilon that it states: {why}."]
    return []


def _manifest(folder: Path, document: Mapping[str, Any], id: str) -> list[str]:
    problems = []
    if document.get("digest") != digest_manifest(document):
        problems.append(f"{MANIFEST} does not have the digest that it states: it was changed.")
    elif (folder / MANIFEST).read_bytes() != canonical(document):
        problems.append(f"{MANIFEST} is not written as it was: it was changed.")
    if document.get("id") != id:
        problems.append(f"{MANIFEST} belongs to another release than {id}.")
    return problems


def _files(folder: Path, stated: Any) -> list[str]:
    if not isinstance(stated, dict):
        return [f"{MANIFEST} does not list the files."]
    found = files_of(folder)
    problems = [f"{name} is missing." for name in stated if name not in found]
    problems += [f"{name} is not in the manifest: it was added." for name in found if name not in stated]
    problems += [f"{name} was changed." for name in stated if name in found and found[name] != stated[name]]
    parents = {parent.as_posix() for name in [*stated, MANIFEST] for parent in Path(name).parents}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            problems.append(f"{name} is a link: it was added.")
        elif path.is_dir() and name not in parents:
            problems.append(f"{name} is not in the manifest: it was added.")
    return problems


def _contents(folder: Path, document: Mapping[str, Any]) -> list[str]:
    """Check that the approval is one, is for these data, and is what the report says."""
    problems = []
    try:
        verdict = document["verdict"]
        decision = reopen(verdict)
        if not decision.passed and not _overridden(document):
            problems.append("The verdict is a refusal.")
        if (said := document.get("approval")) and said["data"] != decision.digest:
            problems.append("The approval is about other data.")
        if decision.digest != document.get("data") or decision.digest != data_digest(folder):
            problems.append("The verdict is about other data.")
    except (LaunderError, KeyError, TypeError):
        return ["The verdict does not follow from its reasons, or there is none."]
    report = folder / REPORT
    if (
        report.is_file()
        and (stated := _verdict_of(report)) is not None
        and stated.get("passed") is not verdict["passed"]
    ):
        problems.append(f"{REPORT} states another verdict.")
    return problems


def _overridden(document: Mapping[str, Any]) -> bool:
    """Tell whether somebody has released refused data by name."""
    said = document.get("approval") or {}
    return said.get("override") is True and all(said.get(key) for key in ("by", "reason", "at"))


def _verdict_of(report: Path) -> Mapping[str, Any] | None:
    try:
        verdict = json.loads(report.read_bytes()).get("verdict")
    except (ValueError, AttributeError):
        return {"passed": None}
    return verdict if isinstance(verdict, dict) else None
