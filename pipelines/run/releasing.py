"""How a run ends: released, quarantined, or held until a person releases exactly what was staged, or refuses it."""

import shutil
import tempfile
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from pathlib import Path

from launderette.evaluation import report as reports
from launderette.pipelines.config import RunConfig
from launderette.pipelines.databases import postgresql
from launderette.pipelines.notifications import sending
from launderette.pipelines.privacy import spending
from launderette.pipelines.release import decisions, history, holding, publishing
from launderette.pipelines.release.decisions import Approval, Override, Refusal, SignOff
from launderette.pipelines.release.holding import Held
from launderette.pipelines.run import lease
from launderette.pipelines.run.artifacts import check_unchanged, explained, read_json
from launderette.pipelines.run.caching import WORK, Result
from launderette.pipelines.run.locks import locked
from launderette.pipelines.secrets import secret
from launderette.pipelines.sinks import elsewhere


class Ending(StrEnum):
    """How a run ends; one that is held waits for somebody to approve it."""

    RELEASED = "released"
    QUARANTINED = "quarantined"
    HELD = "held"


def publish(config: RunConfig, decided: Result, schema: Result) -> Result:
    """Release what was approved, put what was refused into quarantine, have wait what a person is to approve; a release
    that is there already stays as it is.

    `unchanged` is a sentence where the last run has released the same.
    """
    output, id, decision = Path(config.publish.to), decided["id"], decisions.reopen(decided["verdict"])
    staged = Path(decided["staged"]["path"])
    check_unchanged(staged, decided["staged"]["digest"])
    with publishing_lock(output):
        publishing.sweep(output)
        said = history.unchanged(output, config.name, id)
        if said and elsewhere.is_shown(config.publish, id):
            publishing.prune(output, config.publish.keep)
            return released(output, id, said)
        asked = config.gate.approval == "required" and not (output / history.RELEASES / id).exists()
        record = holding.keep(config, decided, schema) if _waits(config, decision, asked) else {}
        if asked or not isinstance(decision, Approval):
            spending.remember_run(config, id, decided["facts"], released=False)
        if not isinstance(decision, Approval):
            return ended(Ending.QUARANTINED, publishing.quarantine(decision, staged, output, id))
        if record.get("status") == holding.Status.REFUSED:
            return ended(Ending.QUARANTINED, output / history.QUARANTINE / id)
        if asked:
            return ended(Ending.HELD, publishing.hold(decision, staged, output, id))
        release(config, decided, schema, decision)
    return released(output, id, "")


def _waits(config: RunConfig, decision: Approval | Refusal, asked: bool) -> bool:
    """Tell whether a person may release a run: one that passed and has to be approved, or that was refused where that
    may be overridden.
    """
    return asked if isinstance(decision, Approval) else config.gate.override == "allowed"


def publishing_lock(output: Path) -> AbstractContextManager[None]:
    """Return what only one at a time holds who writes below an output folder."""
    return locked(Path(output) / WORK / "publish.lock")


def release(config: RunConfig, decided: Result, schema: Result, permission: Approval | Override) -> None:
    """Release what is staged, which no other run of the data set waits beside; the caller holds the lock.

    A table of a database and objects are loaded before anything is released; the table is shown with the files, objects
    are after them.
    """
    with postgresql.remembering():
        _release(config, decided, schema, permission)


def _release(config: RunConfig, decided: Result, schema: Result, permission: Approval | Override) -> None:
    output, id = Path(config.publish.to), decided["id"]
    spending.check_release(config, decided["facts"], output / history.RELEASES / id)
    elsewhere.load(config.publish, Path(decided["staged"]["path"]), id, lease.identity(output / WORK, config.name))
    key = secret(config.publish.sign, "publish.sign") if config.publish.sign else None
    swap, staged = partial(elsewhere.swap, config.publish, id), Path(decided["staged"]["path"])
    place = publishing.release(permission, staged, output, id, decided["facts"], key, swap)
    spending.remember_run(config, id, decided["facts"], released=True)
    elsewhere.show(config.publish, place, id)
    history.remember(output, config.name, id, schema, decided["base"])
    holding.supersede(output, config.name, id)
    publishing.prune(output, config.publish.keep)


def released(output: Path, id: str, unchanged: str) -> Result:
    """Return the end of a run in a release; `unchanged` is a sentence where that was there already."""
    return ended(Ending.RELEASED, output / history.RELEASES / id) | {"unchanged": unchanged}


def ended(outcome: Ending, place: Path) -> Result:
    """Return the end of a run: released, quarantined, or held until somebody approves it."""
    passed = outcome == Ending.RELEASED
    report = str(place / "report.html")
    return {"outcome": str(outcome), "passed": passed, "place": str(place), "report": report, "id": place.name}


def approve(output: Path, run: str, *, by: str, reason: str, override: bool = False) -> Result:
    """Release a run that waits, and return its end.

    LaunderError where none of that id waits, a file of it was changed since, or the gate has refused it and `override`
    is False or not allowed.
    """
    with publishing_lock(output):
        held = holding.opened(output, run)
        said = holding.sign_off(held, by, reason, override=override)
        permission = held.permitted(said)
        for name in holding.ARTIFACTS:
            check_unchanged(held.decided[name]["path"], held.decided[name]["digest"])
        with tempfile.TemporaryDirectory(dir=output / WORK) as folder:
            signed = {**held.decided, "staged": {"path": str(_signed(held, said, Path(folder) / "staged"))}}
            signed["facts"] = {**held.decided["facts"], "approval": said.to_dict()}
            release(held.config, signed, dict(held.schema), permission)
        holding.close(output, run, holding.Status.RELEASED, said)
    return _told(held, released(output, run, ""), said)


def refuse(output: Path, run: str, *, by: str, reason: str) -> Result:
    """Put a run that waits into quarantine, with the reason of a person. LaunderError as in approve."""
    with publishing_lock(output):
        held = holding.opened(output, run)
        said = holding.sign_off(held, by, reason, override=False)
        decision, staged = decisions.reopen(held.decided["verdict"]), Path(held.decided["staged"]["path"])
        place = publishing.quarantine(decision, staged, output, run, said)
        holding.close(output, run, holding.Status.REFUSED, said)
    return _told(held, ended(Ending.QUARANTINED, place), said)


def _told(held: Held, ended: Result, said: SignOff) -> Result:
    sending.end(held.config, ended, why=f"{said.by}: {said.reason}")
    return ended


def approval(held: Result) -> str:
    """Return what to do about a run that waits, in the words of the command line."""
    place = Path(held["place"])
    return f"read {held['report']}, then launder approve {place.parents[1]} {place.name} --by NAME --reason TEXT"


def _signed(held: Held, said: SignOff, folder: Path) -> Path:
    """Copy what is staged, and have its report say who released it and why."""
    with explained(folder):
        shutil.copytree(held.decided["staged"]["path"], folder, copy_function=shutil.copyfile)
        card = read_json(folder / "report.json")["card"]
        word = "released in spite of the gate" if said.override else "approved"
        card["run"] |= {f"{word} by": said.by, "because": said.reason, "at": said.at}
        found = reports.restored(read_json(held.decided["report"]["path"]))
        reports.write(found, folder, verdict=dict(held.decided["verdict"]), card=card)
    return folder
