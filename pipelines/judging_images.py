"""Judging synthetic images from any source of images, wherever they were made."""

import tempfile
from pathlib import Path
from typing import Any

import evaluation
import evaluation.report
from evaluation import onnx
from evaluation.report import Report
from generators import Synthesizer
from pipelines import config as configs
from pipelines import folders, gate, images
from pipelines.artifacts import explained
from pipelines.images import Pictures


def judge(
    train: str,
    holdout: str | None,
    synthetic: str,
    output: Path,
    *,
    target: str | None,
    fitted: Synthesizer | None,
    features: Path | None,
    seed: int,
    gated: bool,
) -> tuple[Report, dict[str, Any] | None]:
    """Score image sources, write report.html and report.json, and return the report and (if asked for) the verdict.

    `target` names the column of labels of a metadata table, `features` an ONNX file. ValueError where a source holds no images, the
    collections differ in size, colour or having labels, or the network or the model is none of such images.
    """
    network = None if features is None else onnx.read(features)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        sources = {"train": train, "holdout": holdout, "synthetic": synthetic}
        sides = {role: source and _decoded(source, target, Path(folder, role)) for role, source in sources.items()}
        given = (side and (side.pixels, side.labels) for side in sides.values())
        report = evaluation.score_images(*given, features=network, loss=images.loss_of(sides, fitted), seed=seed)
    verdict = gate.decide(report, gate.IMAGE_RULES, folders.digest(synthetic)).verdict() if gated else None
    with explained(output):
        evaluation.report.write(report, output, verdict=verdict, public=True)
    return report, verdict


def _decoded(source: str, target: str | None, folder: Path) -> Pictures:
    config = configs.load(source, [] if target is None else [f"score.target={target}"])
    return images.read(images.ingest(config, folder)[0])
