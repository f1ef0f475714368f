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
from generators.schema import infer
from pipelines import gate, judging_images, pictures, scoring
from pipelines.artifacts import LaunderError, explained
from pipelines.mistakes import nearest
from pipelines.sources import digest, read_table

Real = tuple[pd.DataFrame, pd.DataFrame | None]
Judged = tuple[Report, dict[str, Any] | None]


def judge(
    train: str, holdout: str | None, synthetic: str, output: Path, *, target: str | None, model: Path | None, seed: int, gated: bool
) -> Judged:
    """Score sources, write report.html and report.json, and return the report and (if asked for) the verdict; nothing may be held out.

    ValueError where the tables or images cannot be compared, the target is no column, or `model` holds no model of these columns.
    """
    if _of_images(train, holdout, synthetic):
        how = {"target": target, "model": model, "seed": seed, "gated": gated}
        return judging_images.judge(train, holdout, synthetic, output, **how)
    real = _real(train, holdout)
    loss = scoring.loss_of(None if model is None else generators.open_model(model))
    return _judge(real, synthetic, output, target=target, loss=loss, seed=seed, gated=gated)


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
    kinds = {pictures.holds_images(source) for source in sources if source is not None and Path(source).exists()}
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
    verdict = gate.decide(report, gate.DEFAULT_RULES, digest(synthetic)).verdict() if gated else None
    with explained(output):
        evaluation.report.write(report, output, verdict=verdict, public=True)
    return report, verdict
