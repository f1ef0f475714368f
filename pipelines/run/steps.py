"""Steps of a run: each reads files, calls a stage, writes files below work/<run>/, and returns their paths and digests.

A step's inputs and result are small JSON: what Prefect stores of a run are these, never rows.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from launderette import generators
from launderette.evaluation import report as reports
from launderette.evaluation.report import Report
from launderette.evaluation.scores import Score
from launderette.generators import Progress, Schema, Synthesizer
from launderette.generators.training import memorisation
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.release import gate, publishing
from launderette.pipelines.run.artifacts import (
    LaunderError,
    check_unchanged,
    code_digest,
    digest_file,
    digest_folder,
    digest_of,
    explained,
    read_json,
    write_json,
)
from launderette.pipelines.stages import drift

NUMERICS = ("torch", "numpy", "pandas", "scikit-learn", "pyarrow")  # another version may draw other rows
Result = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run: `key` is the digest of its configuration, source and code, so that the same run finds its own files
    again.
    """

    key: str
    source: str  # SHA-256 of all that it reads from outside
    id: str  # of its release
    folder: str
    output: str

    def path(self, *names: str) -> Path:
        return Path(self.folder, *names)


@contextmanager
def begin(config: RunConfig) -> Iterator[Run]:
    """Settle the key, the private folder and, holding its lock, the id of a run.

    LaunderError where the source cannot be read, the output cannot be written, or another process is at this run.
    """
    versions, source = {name: version(name) for name in NUMERICS}, modalities.of(config).digest(config)
    key = digest_of([config.digest(), source, code_digest(), versions])[:16]
    folder = Path(config.publish.to) / "work" / key
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for private in (folder.parent, folder):
            os.chmod(private, 0o700)
    with _locked(folder, config.publish.to):
        begun = folder / "run.json"
        if not begun.is_file():
            write_json(begun, {"id": f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"})
        yield Run(key, source, read_json(begun)["id"], str(folder), config.publish.to)


@contextmanager
def _locked(folder: Path, output: str) -> Iterator[None]:
    """Hold a run's lock, which the operating system lets go of even after kill -9; LaunderError where another
    process holds it.
    """
    with open(folder / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunderError(
                f"expected no other run of these data into {output}, found one at work; wait for it to end"
            ) from None
        yield


def ingest(run: Run, config: RunConfig) -> Result:
    """Read the source, and compare its schema with that of the last release's run. LaunderError where it changes
    meanwhile.
    """
    modality = modalities.of(config)
    found = modality.ingest(config, run.path("ingested"))
    if modality.digest(config) != run.source:
        raise LaunderError(
            "expected a source that stays as it is while it is read, found it changed; run again once it is complete"
        )
    last = run.path().parent / f"{config.name}.schema.json"
    previous = Schema.from_dict(read_json(last)) if last.is_file() else None
    return {
        "table": modality.store(found.data, run.path("ingested")),
        "schema": found.schema.to_dict(),
        "drift": drift.check(found.schema, previous),
        "passed_over": dict(found.passed_over),
        "notes": list(found.notes),
    }


def protect(run: Run, config: RunConfig, table: Result, schema: Result) -> Result:
    """Take out or generalise what would single somebody out."""
    modality = modalities.of(config)
    found = modality.protect(modality.read(table), Schema.from_dict(schema), config)
    return {
        "table": modality.store(found.data, run.path("protected")),
        "record": found.record,
        "notes": list(found.notes),
    }


def split(run: Run, config: RunConfig, table: Result, schema: Result) -> Result:
    """Set the holdout aside."""
    modality = modalities.of(config)
    train, holdout = modality.split(modality.read(table), Schema.from_dict(schema), config)
    stored = {name: modality.store(side, run.path(name)) for name, side in (("train", train), ("holdout", holdout))}
    return stored | {"shared": modality.shared(train, holdout)}


def train(run: Run, config: RunConfig, table: Result, schema: Result, progress: Progress | None = None) -> Result:
    """Fit the generator, from its last checkpoint on where there is one."""
    modality, checkpoint = modalities.of(config), run.path("checkpoint")
    model = modality.train(
        modality.read(table), Schema.from_dict(schema), config, checkpoint=checkpoint, progress=progress
    )
    model.save(run.path("model"))
    recorded = ("steps", "device", "reason", "stopped")
    return {
        "model": {"path": str(run.path("model")), "digest": digest_folder(run.path("model"))},
        **{key: model.record[key] for key in recorded},
        "notes": [memorisation.sentence(found)] if (found := model.record.get("memorisation")) else [],
    }


def sample(run: Run, config: RunConfig, model: Result, table: Result) -> Result:
    """Draw the synthetic data into the staged release."""
    modality = modalities.of(config)
    drawn = modality.sample(_model(model), config, modality.read(table))
    return {
        "data": modality.write_release(drawn, _staged(run), format=config.publish.format).to_dict(),
        "table": modality.store(drawn, run.path("synthetic")),
    }


def score(
    run: Run, config: RunConfig, train: Result, holdout: Result, synthetic: Result, schema: Result, model: Result
) -> Result:
    """Measure fidelity, utility, diversity and privacy; where the model has a loss, also against whoever holds the
    model.
    """
    modality = modalities.of(config)
    sides = [modality.read(side) for side in (train, holdout, synthetic)]
    report = modality.score(*sides, Schema.from_dict(schema), config, _model(model))
    write_json(run.path("scores.json"), reports.plain(asdict(report)))
    return {
        "scores": {name: score.value for name, score in report.scores.items()},
        "report": _file(run.path("scores.json")),
    }


def decide(run: Run, config: RunConfig, report: Result, data: Result, facts: Result) -> Result:
    """Let the gate judge, and write the report and the manifest: public ones into the staged release, an internal
    report into work/.
    """
    scored = read_json(report["path"])
    found = Report(**scored | {"scores": {name: Score(**score) for name, score in scored["scores"].items()}})
    verdict = gate.decide(found, config.rules, publishing.data_digest(_staged(run))).verdict()
    card = _card(run, config, facts)
    with explained(_staged(run)):
        reports.write(found, _staged(run), verdict=verdict, card=card, public=True)
        reports.write(found, run.path("internal"), verdict=verdict, card=card, public=False)
    publishing.manifest(
        _staged(run),
        verdict,
        id=run.id,
        output=Path(run.output),
        created=run.id.partition("-")[0],
        generator=config.generator.name,
        seed=config.seed,
        rows=data["rows"],
        steps=facts["steps"],
        config=config.digest(),
        code=code_digest(),
    )
    return {"verdict": verdict, "manifest": _file(_staged(run) / "manifest.json")}


def publish(run: Run, config: RunConfig, verdict: Result, schema: Result) -> Result:
    """Release an approved run, put a refused one into quarantine."""
    decision, output = gate.reopen(verdict), Path(run.output)
    if isinstance(decision, gate.Approval):
        place = publishing.publish(decision, _staged(run), output, run.id, keep=config.publish.keep)
        write_json(run.path().parent / f"{config.name}.schema.json", schema)
    else:
        place = publishing.quarantine(decision, _staged(run), output, run.id)
    return {"passed": decision.passed, "place": str(place), "report": str(place / "report.html"), "id": run.id}


def intact(result: Result) -> bool:
    """Tell whether every file and folder that a result names is still there as its step left it."""
    for value in result.values():
        if isinstance(value, dict) and "path" in value and "digest" in value:
            path = Path(value["path"])
            if not path.exists() or value["digest"] != (
                digest_folder(path) if path.is_dir() else _file(path)["digest"]
            ):
                return False
    return True


def cached_result(run: Run, step: Callable, key: str) -> Result | None:
    """Return the result that `step` left for inputs of this digest, None where there is none or its files have
    changed.
    """
    record = run.path("steps", f"{step.__name__}.json")
    if not record.is_file():
        return None
    found = read_json(record)
    return found["result"] if found["key"] == key and intact(found["result"]) else None


def cache_result(run: Run, step: Callable, key: str, result: Result) -> None:
    """Keep a step's result beside its files."""
    write_json(run.path("steps", f"{step.__name__}.json"), {"key": key, "result": result})


def _staged(run: Run) -> Path:
    return run.path("staged")


def _model(model: Result) -> Synthesizer:
    check_unchanged(model["path"], model["digest"])
    return generators.open_model(model["path"])


def _file(path: Path) -> Result:
    return {"path": str(path), "digest": digest_file(path)}


def _card(run: Run, config: RunConfig, facts: Result) -> Result:
    drifted = {"changes since the last release": facts["drift"] or "none"}
    drifted |= {"settled without being told": facts["notes"]} if facts.get("notes") else {}
    return {
        "run": {
            "id": run.id,
            "name": config.name,
            "seed": config.seed,
            "code": code_digest()[:16],
            "configuration": config.digest()[:16],
        },
        "data": modalities.of(config).describe(facts) | drifted,
        "model": {
            "generator": config.generator.name,
            "training steps": facts["steps"],
            "device": facts["device"],
            "training stopped": facts["stopped"],
        },
    }
