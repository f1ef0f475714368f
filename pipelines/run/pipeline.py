"""The order of steps: what a run of `launder run` and of `launder augment` is made of, however a step is done."""

from pathlib import Path
from typing import Any, Protocol

from launderette.pipelines.augment import steps as augmenting
from launderette.pipelines.config import RunConfig, relations
from launderette.pipelines.databases import releasing
from launderette.pipelines.release import history, publishing
from launderette.pipelines.run import caching, steps
from launderette.pipelines.run.artifacts import LaunderError, code_digest
from launderette.pipelines.run.caching import NotDone, Result, Step
from launderette.pipelines.scoring.run import metrics


class Do(Protocol):
    """How a step is done: as a task, or by looking up what it has left."""

    def __call__(self, step: Step, **inputs: Any) -> Result:
        """Return the result of a step."""


def decide(do: Do, config: RunConfig) -> Result:
    """Do all steps up to the decision, in the order in which they stand; return the decision, its scores, and what is
    to be said.
    """
    source = do(steps.ingest)
    schema = source["schema"]
    protected = do(steps.protect, table=source["table"], schema=schema)
    sides = do(steps.split, table=protected["table"], schema=schema)
    found = do(steps.relate, table=source["table"], schema=schema)
    fitted = do(steps.train, table=sides["train"], schema=schema, combinations=found["combinations"])
    drawn = do(steps.sample, model=fitted["model"], table=source["table"], constraints=found["constraints"])
    compared = {"train": sides["train"], "holdout": sides["holdout"], "synthetic": drawn["table"]}
    scored = do(steps.score, **compared, schema=schema, model=fitted["model"], metrics=metrics(config))
    facts = {key: fitted[key] for key in ("steps", "device", "stopped", "ledger")} | {"protection": protected["record"]}
    notes = [*source["notes"], *protected["notes"], *fitted["notes"], *relations.sentences(found, drawn["constraints"])]
    rules = {"constraints": drawn["constraints"], "combinations": found["combinations"]}
    facts |= {key: source[key] for key in ("passed_over", "personal")}
    facts |= {"notes": notes, "rules": rules}
    judged = {"report": scored["report"], "synthetic": drawn["table"], "schema": schema, "facts": facts}
    decided = do(steps.decide, **judged, code=code_digest(), configuration=config.digest())
    said = {"notes": facts["notes"], "device": f"{fitted['device']} ({fitted['reason']})", "scores": scored["scores"]}
    said |= {"stopped": fitted["stopped"]}
    return said | {"decided": decided, "verdict": decided["verdict"], "schema": schema}


def unchanged(config: RunConfig) -> Result | None:
    """Return what a run would where the last one has released the same, with a sentence that says so; None where there
    is something to do.

    Nothing but the source is read for it, and no step is done.
    """
    output = Path(config.publish.to)
    try:
        found = decide(lambda step, **inputs: caching.look_up(step, config, **inputs), config)
    except (NotDone, LaunderError, OSError):  # what is wrong, the run itself says
        return None
    id = found["decided"]["id"]
    said = history.unchanged(output, config.name, id)
    if not said or publishing.surplus(output, config.publish.keep):
        return None
    if not releasing.is_shown(config.publish.table, output, id):
        return None
    found = {key: value for key, value in found.items() if key not in ("decided", "schema", "scores")}
    return found | steps.released(output, id, said)


def augment(do: Do, config: RunConfig) -> Result:
    """Ingest, cross-validate, report and enlarge; `report` is None where nothing was cross-validated."""
    source = do(steps.ingest)
    given = {"table": source["table"], "schema": source["schema"]}
    validated = do(augmenting.cross_validate, **given)
    found = validated["cross_validation"]
    page = found and f"{do(augmenting.report, cross_validation=found)['report']['path']}/augmentation.html"
    return do(augmenting.enlarge, **given) | {"report": page, "verdicts": validated["verdicts"]}
