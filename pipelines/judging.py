"""Judging a synthetic table from files, wherever it was made."""

from pathlib import Path
from typing import Any

import evaluation
import evaluation.report
import generators
from evaluation.report import Report
from generators.schema import infer
from pipelines import gate
from pipelines.artifacts import explained
from pipelines.sources import digest, read_table


def judge(
    train: str, holdout: str, synthetic: str, output: Path, *, target: str | None, model: Path | None, seed: int, gated: bool
) -> tuple[Report, dict[str, Any] | None]:
    """Score three sources, write report.html and report.json, and return the report and (if asked for) the gate's verdict.

    ValueError where the tables cannot be compared, the target is no column, or `model` holds no model of these columns.
    """
    tables = [read_table(source) for source in (train, holdout, synthetic)]
    schema = infer(tables[0])
    if target is not None:
        schema.column(target)
    fitted = None if model is None else generators.open_model(model)
    loss = None if fitted is None else lambda rows: -fitted.log_prob(rows)
    report = evaluation.score(*tables, kinds=schema.kinds(), target=target, loss=loss, seed=seed)
    verdict = gate.decide(report, gate.DEFAULT_RULES, digest(synthetic)).verdict() if gated else None
    with explained(output):
        evaluation.report.write(report, output, verdict=verdict, public=True)
    return report, verdict
