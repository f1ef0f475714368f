"""A person's word on a run that waits: exactly what was staged is released, or nothing is."""

import shutil
import tempfile
from pathlib import Path

from launderette.evaluation import report as reports
from launderette.pipelines.notifications import sending
from launderette.pipelines.release import holding, publishing
from launderette.pipelines.release.decisions import SignOff, reopen
from launderette.pipelines.release.holding import Held
from launderette.pipelines.run import steps
from launderette.pipelines.run.artifacts import check_unchanged, explained, read_json
from launderette.pipelines.run.caching import WORK, Result


def approve(output: Path, run: str, *, by: str, reason: str, override: bool = False) -> Result:
    """Release a run that waits, and return its end.

    LaunderError where none of that id waits, a file of it was changed since, or the gate has refused it and `override`
    is False or not allowed.
    """
    with steps.publishing_lock(output):
        held = holding.opened(output, run)
        said = holding.sign_off(held, by, reason, override=override)
        permission = held.permitted(said)
        for name in holding.ARTIFACTS:
            check_unchanged(held.decided[name]["path"], held.decided[name]["digest"])
        with tempfile.TemporaryDirectory(dir=output / WORK) as folder:
            signed = {**held.decided, "staged": {"path": str(_signed(held, said, Path(folder) / "staged"))}}
            signed["facts"] = {**held.decided["facts"], "approval": said.to_dict()}
            steps.release(held.config, signed, dict(held.schema), permission)
        holding.close(output, run, holding.Status.RELEASED, said)
    return _told(held, steps.released(output, run, ""), said)


def refuse(output: Path, run: str, *, by: str, reason: str) -> Result:
    """Put a run that waits into quarantine, with the reason of a person. LaunderError as in approve."""
    with steps.publishing_lock(output):
        held = holding.opened(output, run)
        said = holding.sign_off(held, by, reason, override=False)
        decision, staged = reopen(held.decided["verdict"]), Path(held.decided["staged"]["path"])
        place = publishing.quarantine(decision, staged, output, run, said)
        holding.close(output, run, holding.Status.REFUSED, said)
    return _told(held, steps.ended(steps.Ending.QUARANTINED, place), said)


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
