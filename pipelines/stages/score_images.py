"""Judging synthetic images from any source of images, wherever they were made."""

import tempfile
from pathlib import Path

import evaluation
from evaluation.models import onnx
from evaluation.report import Report
from generators import Synthesizer
from pipelines import config as configs
from pipelines.stages import images
from pipelines.stages.images import Pictures


def score(
    train: str, holdout: str | None, synthetic: str, *, target: str | None, fitted: Synthesizer | None, features: Path | None, seed: int
) -> Report:
    """Score image sources; `target` names the column of labels of a metadata table, `features` an ONNX file.

    ValueError where a source holds no images, the collections differ in size, colour or having labels, or the network or the model is
    none of such images.
    """
    network = None if features is None else onnx.read(features)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        sources = {"train": train, "holdout": holdout, "synthetic": synthetic}
        sides = {role: source and _decoded(source, target, Path(folder, role)) for role, source in sources.items()}
        given = (side and (side.pixels, side.labels) for side in sides.values())
        return evaluation.score_images(*given, features=network, loss=images.loss_of(sides, fitted), seed=seed)


def _decoded(source: str, target: str | None, folder: Path) -> Pictures:
    config = configs.load(source, [] if target is None else [f"score.target={target}"])
    return images.read(images.ingest(config, folder)[0])
