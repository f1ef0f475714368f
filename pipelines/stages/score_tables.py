"""Judging synthetic tables from files, wherever they were made; images go to judging_images."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import evaluation
import evaluation.report
import generators
from evaluation.report import Report
from generators import Synthesizer
from generators.data.schema import infer
from pipelines.config import rules
from pipelines.config.errors import nearest
from pipelines.release import gate
from pipelines.run.artifacts import LaunderError, explained
from pipelines.sources import files, images
from pipelines.sources.tables import digest, read_table
from pipelines.stages import score_images, scoring

Real = tuple[pd.DataFrame, pd.DataFrame | None]
Judged = tuple[Report, dict[str, Any] | None]


def judge(
    train: str,
    holdout: str | None,
    synthetic: str,
    output: Path,
    *,
    target: str | None,
    model: Path | None,
    features: Path | None,
    seed: int,
    gated: bool,
) -> Judged:
    """Score sources, write report.html and report.json, and return the report and (if asked for) the verdict; nothing may be held out.

    `features` is the ONNX file that images are seen by, None for the usual network. ValueError where the tables or images cannot be
    compared, the target is no column, or `model` holds no model of these columns, or of these images, that has a likelihood.
    """
    of_images = _of_images(train, holdout, synthetic)
    fitted = None if model is None else _opened(model, of_images)
    if of_images:
        how = {"target": target, "fitted": fitted, "features": features, "seed": seed}
        report = score_images.score(train, holdout, synthetic, **how)
        return _written(report, output, gate.decide(report, rules.IMAGE_RULES, files.digest(synthetic)) if gated else None)
    if features is not None:
        raise LaunderError("expected images for --features, found tables; leave it out")
    real = _real(train, holdout)
    if fitted and (lacking := [c.name for c in fitted.schema.columns if c.name not in real[0] and c.kind != "identifier"]):
        raise LaunderError(f"expected the model's columns in the training table, found no {lacking[0]!r}; give another --model")
    return _judge(real, synthetic, output, target=target, loss=scoring.loss_of(fitted), seed=seed, gated=gated)


def _opened(model: Path, of_images: bool) -> Synthesizer:
    fitted = generators.open_model(model)
    wanted, other = ("images", "a table") if of_images else ("a table", "images")
    if ("image" in fitted.schema.kinds().values()) is not of_images:
        raise LaunderError(f"expected a model of {wanted} in {model}, found one of {other}; name another --model")
    if not hasattr(fitted, "loss" if of_images else "log_prob"):
        raise LaunderError(f"expected a model with a likelihood in {model}, found one of a family without; leave --model out")
    return fitted


def compare(
    train: str, holdout: str | None, synthetic: Sequence[str], output: Path, *, target: str | None, seed: int, gated: bool
) -> dict[str, Any]:
    """Score several synthetic sources against the same real ones, each into a folder of its name; write and return the comparison.

    ValueError where there are fewer than two, two share a name, or a table cannot be compared.
    """
    names = [Path(source).stem for source in synthetic]
    if len(names) < 2:
        raise LaunderError(f"expected two synthetic tables or more to compare, found {len(names)}; name them after --compare")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LaunderError(f"expected synthetic tables of different names, found {twice[0]!r} twice; rename one of the files")
    if _of_images(train, holdout, *synthetic):
        raise LaunderError("expected tables to compare, found images; judge each collection with --synthetic")
    real = _real(train, holdout)
    judged = {
        name: _judge(real, source, output / name, target=target, loss=None, seed=seed, gated=gated)
        for name, source in zip(names, synthetic, strict=True)
    }
    verdicts = {name: verdict for name, (_, verdict) in judged.items() if verdict is not None}
    with explained(output):
        return evaluation.report.write_comparison({name: report for name, (report, _) in judged.items()}, output, verdicts or None)


def _of_images(*sources: str | None) -> bool:
    kinds = {images.holds_images(source) for source in sources if source is not None and Path(source).exists()}
    if len(kinds) > 1:
        raise LaunderError("expected tables only or images only, found both; give sources of one kind")
    return True in kinds


def _real(train: str, holdout: str | None) -> Real:
    return read_table(train), None if holdout is None else read_table(holdout)


def _judge(
    real: Real,
    synthetic: str,
    output: Path,
    *,
    target: str | None,
    loss: Callable[[pd.DataFrame], np.ndarray] | None,
    seed: int,
    gated: bool,
) -> Judged:
    schema = infer(real[0])
    if target is not None and target not in schema.names:
        count = len(schema.names)
        raise LaunderError(f"expected the target among the {count:,} columns, found {target!r}{nearest(target, schema.names)}")
    report = evaluation.score(*real, read_table(synthetic), kinds=schema.kinds(), target=target, loss=loss, seed=seed)
    return _written(report, output, gate.decide(report, rules.DEFAULT_RULES, digest(synthetic)) if gated else None)


def _written(report: Report, output: Path, decision: gate.Decision | None) -> Judged:
    verdict = decision and decision.verdict()
    with explained(output):
        evaluation.report.write(report, output, verdict=verdict, public=True)
    return report, verdict
