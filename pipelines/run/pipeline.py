"""The order of steps: what a run of `launder run` and of `launder augment` is made of, however a step is done."""

from collections.abc import Callable, Sequence
from pathlib import Path

from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig, relations, rules
from launderette.pipelines.drift import findings
from launderette.pipelines.large_tables import steps as large
from launderette.pipelines.privacy import spending
from launderette.pipelines.release import history, publishing
from launderette.pipelines.run import caching, releasing, reusing, steps
from launderette.pipelines.run.artifacts import LaunderError, code_digest
from launderette.pipelines.run.caching import NotDone, Result
from launderette.pipelines.run.reusing import Do, Doing, FittedSteps, Night, fit
from launderette.pipelines.scoring.run import metrics
from launderette.pipelines.sinks import elsewhere
from launderette.pipelines.stages import ingestion


def decide(doing: Doing, config: RunConfig, check: Callable[[Result, Result], None] | None = None) -> Result:
    """Do all steps up to the decision, in the order in which they stand; return the decision, its scores, and what is
    to be said. LaunderError where the source has drifted in a way that stops the run. `check` is handed the schema and
    the stored data that are protected, before anything is learned.
    """
    check_budget(config)
    with spending.charged(config):
        source = doing(config)(steps.ingest)
        if doing is not reusing.looking_up:
            spending.take_up(source["table"])
        night = reusing.look(doing, config, source)
        fitted = fit(doing, config, night.source, check)
    spending.remember_model(config, fitted.model["ledger"], fitted.model["model"]["digest"])
    return _decided(doing, config, night, fitted)


def look(config: RunConfig) -> Sequence[str]:
    """Check the source and the budget before a run starts, and return what is to be said; of data that have to be read
    whole for it, the first step is done then.
    """
    check_budget(config)
    found = modalities.of(config).inspect(config, lambda: caching.perform(steps.ingest, config)[0])
    return [*spending.moved_sides(config), *found]


def check_budget(config: RunConfig) -> None:
    """Raise LaunderError where a run would spend more of its rows' privacy than it may; one whose model is there asks
    nothing more.
    """
    if config.privacy is not None and not reusing.is_trained(config):
        spending.check_holdout(config)
        spending.check(config)


def _decided(doing: Doing, config: RunConfig, night: Night, fitted: FittedSteps) -> Result:
    source, schema, do = night.source, night.source["schema"], doing(fitted.config)
    asked = {"model": fitted.model["model"], "constraints": fitted.rules["constraints"]}
    drawn = doing(large.as_large(fitted.config, source))(steps.sample, table=large.real(source), **asked)
    real = {"real": None if config.privacy else fitted.sides["train"], "schema": schema}
    chosen = _scored(do, large.scored_rows(config, source, drawn), drawn, real)
    judged_rows = chosen["table"]
    compared = {**fitted.sides, "synthetic": judged_rows}
    given = {"schema": schema, "model": fitted.model["model"], "metrics": metrics(config)}
    repeated = _repeated(doing(fitted.config), fitted, schema, drawn)
    scored = do(steps.score, **compared, **given, repeated=repeated)
    facts = _facts(night, fitted, drawn)
    facts["notes"] += scored["notes"] + large.sentences(judged_rows["rows"], drawn["table"]["rows"], chosen["copies"])
    judged = {"report": scored["report"], "synthetic": drawn["table"], "schema": schema, "facts": facts}
    judged |= {"changes": findings.sentences(night.changes), "model": fitted.model["model"]["digest"]}
    decided = do(steps.decide, **judged, code=code_digest(), configuration=large.settled(config, source).digest())
    trained, searched = fitted.model, {"generator": fitted.config.generator.name, "search": fitted.search}
    said = {"notes": [*facts["notes"], *night.notes], "device": f"{trained['device']} ({trained['reason']})"}
    said |= {"scores": scored["scores"], "stopped": trained["stopped"], "verdict": decided["verdict"], "schema": schema}
    return said | searched | {"decided": {**decided, "base": night.base(config)}}


def _repeated(do: Do, fitted: FittedSteps, schema: Result, drawn: Result) -> list[Result]:
    """Return further divisions of the rows, where they are too few for one to have power and the gate asks for it."""
    config, rows = fitted.config, sum(side["rows"] for side in fitted.sides.values())
    asked = {rules.UNNOTICED, "privacy.membership"} <= set(config.rules) and not config.sample.where
    if not asked or rows >= modalities.of(config).REPEATED_UNDER:
        return []
    kept = {"combinations": fitted.rules["combinations"], "constraints": drawn["constraints"]}
    return list(do(steps.repeat, **fitted.sides, schema=schema, **kept)["parts"])


def _scored(do: Do, rows: int, drawn: Result, real: Result) -> Result:
    """Return the stored rows that are scored, all that were drawn or so many of them, and what is known of all."""
    if rows >= drawn["table"]["rows"]:
        return {"table": drawn["table"], "copies": None}
    return do(large.choose, synthetic=drawn["table"], rows=rows, **real)


def _facts(night: Night, fitted: FittedSteps, drawn: Result) -> Result:
    """Return what the decision says of the data, the model and the rules, beside its scores."""
    source, protected, model = night.source, fitted.protected, fitted.model
    facts = {key: model[key] for key in ("steps", "device", "stopped", "ledger", "worked_out")}
    facts |= {"protection": protected["record"]}
    notes = [*source["notes"], *protected["notes"], *model["notes"]]
    rules = {"constraints": drawn["constraints"], "combinations": fitted.rules["combinations"]}
    facts |= {key: source[key] for key in ("passed_over", "personal")} | {"rules": rules}
    facts |= {"notes": [*notes, *relations.sentences(fitted.rules, drawn["constraints"])]}
    return (
        facts
        | {"drifted": night.refused, "reused": night.model, "search": fitted.search}
        | {"learned": large.learned(source)}
    )


def unchanged(config: RunConfig) -> Result | None:
    """Return what a run would where the last one has released the same, with a sentence that says so; None where there
    is something to do.

    Nothing but the source is read for it, and no step is done.
    """
    output = Path(config.publish.to)
    try:
        found = decide(reusing.looking_up, config)
        id = found["decided"]["id"]
        said = history.unchanged(output, config.name, id)
        is_over = said and not publishing.surplus(output, config.publish.keep)
        if not (is_over and elsewhere.is_shown(config.publish, id)):
            return None
    except (NotDone, LaunderError, OSError):  # what is wrong, the run itself says
        return None
    found = {key: value for key, value in found.items() if key not in ("decided", "schema", "scores")}
    return found | releasing.released(output, id, said)


def augment(do: Do, config: RunConfig) -> Result:
    """Ingest, cross-validate, report and enlarge; `report` is None where nothing was cross-validated."""
    from launderette.pipelines.augment import steps as augmenting  # late: its classifiers take a second to import

    source = do(steps.ingest)
    if source["whole"]:
        ingestion.check_all(source["table"]["rows"], source["whole"]["rows"])
    given = {"table": source["table"], "schema": source["schema"]}
    validated = do(augmenting.cross_validate, **given)
    found = validated["cross_validation"]
    page = found and f"{do(augmenting.report, cross_validation=found)['report']['path']}/augmentation.html"
    return do(augmenting.enlarge, **given) | {"report": page, "verdicts": validated["verdicts"]}
