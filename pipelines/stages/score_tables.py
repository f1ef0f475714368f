"""Judging synthetic tables from files, wherever they were made; images go to judging_images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import evaluation
import evaluation.report
import generators
from evaluation.report import Report
from generators import Schema, Synthesizer
from generators.data.schema import KINDS, infer
from pipelines.config import RunConfig
from pipelines.config.errors import nearest
from pipelines.release import gate
from pipelines.run.artifacts import LaunderError, explained
from pipelines.sources import files, images
from pipelines.sources.tables import LEFT_OUT, digest, encoding_of, read_table
from pipelines.stages import ingestion, score_images, scoring

Real = tuple[pd.DataFrame, pd.DataFrame | None]
TOLD = 10  # columns named in a sentence


class Judged(NamedTuple):
    """The report on a source, the verdict of the gate, and what was left out of both."""

    report: Report
    verdict: dict[str, Any] | None
    notes: tuple[str, ...] = ()


def judge(
    train: str,
    holdout: str | None,
    synthetic: str,
    output: Path,
    settings: RunConfig,
    *,
    model: Path | None = None,
    features: Path | None = None,
    gated: bool = False,
) -> Judged:
    """Score sources, write report.html and report.json, and return the report and (if asked for) the verdict; nothing may be held out.

    `features` is the ONNX file that images are seen by, None for the usual network. ValueError where the tables or images cannot be
    compared, the target is no column, or `model` holds no model of these columns, or of these images, that has a likelihood.
    """
    of_images = _of_images(train, holdout, synthetic)
    fitted = None if model is None else _opened(model, of_images)
    if of_images:
        report = score_images.score(train, holdout, synthetic, settings, fitted=fitted, features=features)
        return _written(report, output, gate.decide(report, settings.rules, files.digest(synthetic)) if gated else None)
    if features is not None:
        raise LaunderError("expected images for --features, found tables; leave it out")
    return _judge(_real(train, holdout, settings), synthetic, output, settings, fitted=fitted, gated=gated, ranked=False)


def _opened(model: Path, of_images: bool) -> Synthesizer:
    fitted = generators.open_model(model)
    wanted, other = ("images", "a table") if of_images else ("a table", "images")
    if ("image" in fitted.schema.kinds().values()) is not of_images:
        raise LaunderError(f"expected a model of {wanted} in {model}, found one of {other}; name another --model")
    if not hasattr(fitted, "loss" if of_images else "log_prob"):
        raise LaunderError(f"expected a model with a likelihood in {model}, found one of a family without; leave --model out")
    return fitted


def compare(
    train: str, holdout: str | None, synthetic: Sequence[str], output: Path, settings: RunConfig
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Score several synthetic sources against the same real ones, each into a folder of its name; write and return the comparison.

    Each goes through the gate, whose verdict ranks first. ValueError where there are fewer than two, two share a name, or a table
    cannot be compared.
    """
    names = [Path(source).stem for source in synthetic]
    if len(names) < 2:
        raise LaunderError(f"expected two synthetic tables or more to compare, found {len(names)}; name them after --compare")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LaunderError(f"expected synthetic tables of different names, found {twice[0]!r} twice; rename one of the files")
    if _of_images(train, holdout, *synthetic):
        raise LaunderError("expected tables to compare, found images; judge each collection with --synthetic")
    real = _real(train, holdout, settings)
    judged = {
        name: _judge(real, source, output / name, settings, fitted=None, gated=True, ranked=True)
        for name, source in zip(names, synthetic, strict=True)
    }
    verdicts = {name: one.verdict for name, one in judged.items()}
    notes = tuple(dict.fromkeys(note for one in judged.values() for note in one.notes))
    with explained(output):
        return evaluation.report.write_comparison({name: one.report for name, one in judged.items()}, output, verdicts), notes


def _of_images(*sources: str | None) -> bool:
    kinds = {images.holds_images(source) for source in sources if source is not None and Path(source).exists()}
    if len(kinds) > 1:
        raise LaunderError("expected tables only or images only, found both; give sources of one kind")
    return True in kinds


def _real(train: str, holdout: str | None, settings: RunConfig) -> Real:
    return _read(train, settings), None if holdout is None else _read(holdout, settings)


def _read(source: str, settings: RunConfig) -> pd.DataFrame:
    """Read a table as the settings say; one that is UTF-8 all the same is read as that, for another program may have written it."""
    options = ingestion.reading(settings)
    return read_table(source, **options | {"encoding": encoding_of(source, settings.source.encoding)})


def _judge(
    real: Real, synthetic: str, output: Path, settings: RunConfig, *, fitted: Synthesizer | None, gated: bool, ranked: bool
) -> Judged:
    """Score a table in the columns that all share. LaunderError where none is, or the gate would let out columns that it has not seen."""
    made = _read(synthetic, settings)
    sides = {"training": real[0], "holdout": real[1], "synthetic": made}
    shared, notes = _shared({name: side for name, side in sides.items() if side is not None})
    unseen = [name for name in made if name not in shared]
    if gated and unseen and not ranked:
        raise LaunderError(f"expected only columns of the training table under --gate, found also {unseen[0]!r}; leave it out")
    target, columns = settings.score.target, list(shared)
    if target is not None and target not in shared:
        raise LaunderError(f"expected the target among the {len(columns):,} columns, found {target!r}{nearest(target, columns)}")
    if fitted and (lacking := [c.name for c in fitted.schema.columns if c.name not in shared and c.kind != "identifier"]):
        raise LaunderError(f"expected the model's columns in all tables, found no {lacking[0]!r}; give another --model")
    train, holdout, compared = (None if side is None else side[columns] for side in sides.values())
    schema = _schema(train, real[0], settings)
    train, holdout, compared = (None if side is None else scoring.readable(side, schema) for side in (train, holdout, compared))
    how = {"kinds": schema.kinds(), "target": target, "seed": settings.seed, "names": settings.score.metrics}
    report = evaluation.score(train, holdout, compared, loss=scoring.loss_of(fitted), **how)
    decision = gate.decide(report, settings.rules, digest(synthetic)) if gated else None
    return _written(report, output, decision, notes)


def _shared(sides: dict[str, pd.DataFrame]) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns that all tables have, in the order of the first, and a sentence on those that some lack."""
    every = list(dict.fromkeys(name for side in sides.values() for name in side))
    shared = [name for name in every if all(name in side for side in sides.values())]
    if not shared:
        raise LaunderError("expected columns that all tables share, found none; give tables of the same columns")
    notes = []
    for role, side in sides.items():
        if missing := [name for name in every if name not in side]:
            told = ", ".join(map(repr, missing[:TOLD])) + (f" and {len(missing) - TOLD} more" if len(missing) > TOLD else "")
            notes.append(f"Note: not scored, for the {role} table lacks it: {told}.")
    return shared, tuple(notes)


def _schema(train: pd.DataFrame, whole: pd.DataFrame, settings: RunConfig) -> Schema:
    """Return the columns with their kinds, the stated one or the one that each looks like. LaunderError for one that `whole` lacks."""
    words = {name: column if isinstance(column, str) else column["kind"] for name, column in settings.listed.items()}
    known = [*whole, *whole.attrs[LEFT_OUT]]
    if unknown := [name for name in words if name not in known]:
        raise LaunderError(f"expected a column of the training table under columns, found {unknown[0]!r}{nearest(unknown[0], known)}")
    return infer(train, {name: word for name, word in words.items() if word in KINDS and name in train})


def _written(report: Report, output: Path, decision: gate.Decision | None, notes: tuple[str, ...] = ()) -> Judged:
    verdict = decision and decision.verdict()
    with explained(output):
        evaluation.report.write(report, output, verdict=verdict, public=True)
    return Judged(report, verdict, notes)
