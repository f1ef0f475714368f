"""Judging synthetic images from any source of images, wherever they were made."""

import tempfile
from pathlib import Path

import evaluation
from evaluation.models import onnx
from evaluation.report import Report
from generators import Synthesizer
from pipelines.config import RunConfig
from pipelines.stages import images
from pipelines.stages.images import Pictures


def score(
    train: str, holdout: str | None, synthetic: str, settings: RunConfig, *, fitted: Synthesizer | None, features: Path | None
) -> Report:
    """Score image sources as the settings say; `features` is an ONNX file.

    ValueError where a source holds no images, the collections differ in size, colour or having labels, or the network or the model is
    none of such images.
    """
    network = None if features is None else onnx.read(features)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        sources = {"train": train, "holdout": holdout, "synthetic": synthetic}
        sides = {role: source and _decoded(source, settings, Path(folder, role)) for role, source in sources.items()}
        given = (side and (side.pixels, side.labels) for side in sides.values())
        how = {"seed": settings.seed, "names": settings.score.metrics}
        return evaluation.score_images(*given, features=network, loss=images.loss_of(sides, fitted), **how)


def _decoded(source: str, settings: RunConfig, folder: Path) -> Pictures:
    config = settings.model_copy(update={"source": settings.source.model_copy(update={"path": source})})
    return images.read(images.ingest(config, folder)[0])
