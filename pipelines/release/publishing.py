"""Publishing: the only code that writes under releases/, and it takes nothing but an approval of the very data it
writes.

A release is a folder of data/, report.html, report.json and manifest.json, which holds the SHA-256 of every file, of
itself, and of the manifest before it; the manifests of pruned releases stay in pruned/. It is written aside, flushed
and renamed, so it is there whole or not at all; `current` is a relative link that is swapped in one step. A refused run
leaves its report and reasons in quarantine/, one that waits for somebody in pending/; its rows stay in work/.
"""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from launderette.pipelines.release import chain, signing
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.decisions import Approval, Decision, Override, SignOff, reopen
from launderette.pipelines.release.history import CURRENT, PENDING, QUARANTINE, RELEASES
from launderette.pipelines.release.history import current as current_id
from launderette.pipelines.release.verifying import (
    MANIFEST,
    VERSION,
    data_digest,
    digest_manifest,
    files_of,
    read_manifest,
    verify,
)
from launderette.pipelines.run.artifacts import LaunderError, canonical, digest_file, explained, flush, write_json
from launderette.pipelines.run.folders import flush_all

__all__ = ["data_digest", "manifest", "publish", "quarantine", "releases", "rollback", "verify"]

REASONS = "reasons.json"
REPORTS = ("report.html", "report.json")
LEFT_ASIDE = re.compile(r"\..+\.[0-9a-f]{8}")  # what is not whole yet, or no longer
MADE_WHOLE = ".whole-"  # begins the names of folders in which a release gets its manifest
RELEASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")


def manifest(
    staged: Path, verdict: Mapping[str, Any], *, id: str, output: Path, key: str | None = None, **facts: Any
) -> dict[str, Any]:
    """Write manifest.json into a staged folder, the last file there, and return it.

    `verdict` is Decision.verdict(); `facts` are public: created, generator, seed, rows, config and code digests,
    ledger. It is signed by `key`, where there is one.
    """
    before = current_id(output)
    document = {
        "version": VERSION,
        "ledger": None,
        **facts,
        "id": _named(id),
        "files": files_of(staged),
        "data": data_digest(staged),
        "verdict": dict(verdict),
        "previous_id": before,
        "previous": before and digest_file(Path(output) / RELEASES / before / MANIFEST),
    }
    document["digest"] = digest_manifest(document)
    if key is not None:
        document["signature"] = signing.sign(document["digest"], key)
    write_json(Path(staged) / MANIFEST, document)
    return document


def _named(id: str) -> str:
    if not RELEASE_NAME.fullmatch(id) or id in (CURRENT, PRUNED):
        raise LaunderError("expected an id of letters, digits, dots and dashes, found another; choose a plain one")
    return id


def release(
    approval: Approval | Override,
    staged: Path,
    output: Path,
    id: str,
    facts: Mapping[str, Any],
    key: str | None = None,
    swap: Callable[[Path, Callable[[], None]], object] = lambda release, point: point(),
) -> Path:
    """Release a staged folder under `id`, signed by `key`, and point `current` at it; where that release is there
    already, only the latter.

    `swap` has other readers see a release, and calls what points `current` at it when nothing but their commit is left
    to do; where it fails, all is as it was. LaunderError where that release is there and not as it was published.
    """
    final, before = Path(output) / RELEASES / id, current_id(output)
    is_new = not final.exists()
    if is_new:
        _make_whole(approval, staged, output, id, facts, key)
    else:
        check(output, id)
    try:
        swap(final, partial(_point, final.parent, id))
    except BaseException:
        _withdraw(final, before, is_new)
        raise
    return final


def _make_whole(
    approval: Approval | Override, staged: Path, output: Path, id: str, facts: Mapping[str, Any], key: str | None
) -> None:
    """Place a staged folder with its manifest under its final name, to which nothing points yet."""
    for left in staged.parent.glob(f"{MADE_WHOLE}*"):  # of runs that were killed
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=staged.parent, prefix=MADE_WHOLE) as folder:
        whole = Path(shutil.copytree(staged, Path(folder, id), copy_function=shutil.copyfile))
        manifest(whole, approval.verdict(), id=id, output=output, created=id.partition("-")[0], key=key, **facts)
        _place_approved(approval, whole, output, id)


def _withdraw(final: Path, before: str | None, is_new: bool) -> None:
    """Take a release back that readers elsewhere have not come to see."""
    if before is None:
        (final.parent / CURRENT).unlink(missing_ok=True)
    else:
        _point(final.parent, before)
    if is_new:
        _remove(final)


def publish(approval: Approval | Override, staged: Path, output: Path, id: str, *, keep: int | None = None) -> Path:
    """Copy an approved staged folder to releases/<id>, point `current` at it, and return its path.

    LaunderError where the approval is none, is for other data, or the staged folder differs from its manifest. A
    release that is there already, the same to the byte, is only pointed at. `keep` removes the oldest beyond that many.
    """
    final = _place_approved(approval, staged, output, id)
    _point(final.parent, id)
    prune(output, keep)
    return final


def _place_approved(approval: Approval | Override, staged: Path, output: Path, id: str) -> Path:
    if type(approval) not in (Approval, Override):
        raise LaunderError("expected an approval of the gate to publish, found none; run the gate")
    if data_digest(staged) != approval.digest:
        raise LaunderError("expected the data that the gate approved, found other data; run the gate on them")
    if problems := verify(staged, id=_named(id)):
        raise LaunderError(f"expected a staged release as its manifest describes it, found a difference: {problems[0]}")
    if reopen(read_manifest(staged)["verdict"]).verdict() != approval.verdict():
        raise LaunderError("expected the approved verdict in the manifest, found another; write the manifest again")
    final = Path(output) / RELEASES / id
    if final.exists():
        if digest_file(final / MANIFEST) != digest_file(Path(staged) / MANIFEST) or verify(final):
            raise LaunderError(f"expected no release {id} yet, found another one; choose another id")
    else:
        _place(Path(staged), final)
    return final


def quarantine(refusal: Decision, staged: Path, output: Path, id: str, said: SignOff | None = None) -> Path:
    """Leave the report and the reasons of a refused run in quarantine/<id>, and return its path; its rows stay
    behind. `said` is the refusal of a person.
    """
    verdict = refusal.verdict() | ({} if said is None else {"passed": False, "refused": said.to_dict()})
    return _report(staged, Path(output) / QUARANTINE / _named(id), verdict)


def hold(decision: Decision, staged: Path, output: Path, id: str) -> Path:
    """Leave the report and the reasons of a run that waits for somebody in pending/<id>, and return its path; its rows
    stay behind.
    """
    return _report(staged, Path(output) / PENDING / _named(id), decision.verdict())


def _report(staged: Path, final: Path, verdict: Mapping[str, Any]) -> Path:
    aside = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    with explained(final), _removed(aside):
        aside.mkdir(parents=True)
        for name in REPORTS:
            if (Path(staged) / name).is_file():
                shutil.copyfile(Path(staged) / name, aside / name)
        (aside / REASONS).write_bytes(canonical(dict(verdict)))
        flush_all(aside)
        if final.exists():
            shutil.rmtree(final)  # of the same run
        aside.rename(final)
        flush(final.parent)
    return final


class _removed:
    """Remove a folder at the end of a block, if it is still there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _place(staged: Path, final: Path) -> None:
    aside = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    with explained(final), _removed(aside):
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(staged, aside, copy_function=shutil.copyfile)
        for folder in [aside, *(path for path in aside.rglob("*") if path.is_dir())]:
            os.chmod(folder, 0o755)  # noqa: S103  what is staged may lie in folders of its owner alone
        flush_all(aside)
        if verify(aside, id=final.name):
            raise LaunderError("expected the copy to equal what is staged, found a difference; publish again")
        aside.rename(final)
        flush(final.parent)


def _point(releases: Path, id: str) -> None:
    """Swap the relative link `current` in one step."""
    link = releases / f".{CURRENT}.{secrets.token_hex(4)}"
    with explained(releases / CURRENT):
        link.symlink_to(id)
        try:
            os.replace(link, releases / CURRENT)
        finally:
            link.unlink(missing_ok=True)
        flush(releases)


def releases(output: Path) -> list[dict[str, Any]]:
    """Return what is released, oldest first: id, created, rows, generator, whether it is current, and its path."""
    folder = Path(output) / RELEASES
    if not folder.is_dir():
        return []
    current = current_id(output)
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and RELEASE_NAME.fullmatch(path.name) and path.name != PRUNED:
            document = read_manifest(path)
            facts = {key: document.get(key) for key in ("created", "rows", "generator")}
            facts |= {"epsilon": (document.get("ledger") or {}).get("epsilon")}
            found.append({"id": path.name, **facts, "current": path.name == current, "path": str(path)})
    return sorted(found, key=lambda release: (str(release["created"] or ""), release["id"]))


def rollback(output: Path, id: str) -> None:
    """Point `current` at an earlier release; LaunderError where there is none of that id, or it is not what it was."""
    check(output, id)
    _point(Path(output) / RELEASES, id)


def check(output: Path, id: str) -> None:
    """Raise LaunderError where there is no release of that id, or it is not what it was."""
    known = [release["id"] for release in releases(output)]
    if id not in known:
        from launderette.pipelines.config.errors import nearest  # with all of pydantic

        raise LaunderError(
            f"expected a release below {Path(output) / RELEASES}, found none called {id!r}{nearest(id, known)}"
        )
    if problems := verify(Path(output) / RELEASES / id):
        raise LaunderError(f"expected release {id} as it was published, found a difference: {problems[0]}")


def surplus(output: Path, keep: int | None) -> list[Path]:
    """Return the oldest releases beyond `keep` (None for none), never the current one."""
    found = [] if keep is None else releases(output)
    spare = [Path(release["path"]) for release in found if not release["current"]]
    return spare[: max(0, len(found) - max(keep or 1, 1))]


def sweep(output: Path) -> None:
    """Remove what killed runs have left aside; the caller holds the lock of who publishes there."""
    for folder in (RELEASES, QUARANTINE, PENDING):
        for path in (Path(output) / folder).glob(".*"):
            if LEFT_ASIDE.fullmatch(path.name):
                with explained(path):
                    path.unlink() if path.is_symlink() else shutil.rmtree(path)


def prune(output: Path, keep: int | None) -> None:
    """Remove the oldest releases beyond `keep`, all but their manifests, which the next ones name."""
    for path in surplus(output, keep):
        chain.keep(path)
        _remove(path)


def _remove(release: Path) -> None:
    gone = release.with_name(f".{release.name}.{secrets.token_hex(4)}")
    with explained(release):
        release.rename(gone)
        shutil.rmtree(gone)
