"""Scoring images: the evaluation of one run, on the images that its generator saw and those it did not."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from launderette import evaluation
from launderette.evaluation.models import onnx
from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.scoring import shares
from launderette.pipelines.scoring.image_losses import loss_of
from launderette.pipelines.scoring.run import members
from launderette.pipelines.stages.image_sample import ImageSample


def features(config: RunConfig) -> onnx.Network | None:
    """Return the network that sees the images, None for the usual one; EvaluationError where its file cannot be
    used.
    """
    return None if config.score.features is None else onnx.read(config.score.features)


def score(
    train: ImageSample,
    holdout: ImageSample,
    synthetic: ImageSample,
    schema: Schema,
    config: RunConfig,
    model: Synthesizer | None = None,
    names: Sequence[str] | None = None,
) -> Report:
    """Score the synthetic images against both real sides, with a model that has a loss by the white-box attack too.
    `names` restricts the metrics. Under sample.where those of that label are compared with (LaunderError where none
    has it), under sample.weights those in the same shares, for all but privacy.
    """
    own = members(model, len(train))
    if config.sample.where:
        met, also_met = (shares.of_label(side.labels, config.sample.where) for side in (train, holdout))
        train, holdout, own = train.take(met), holdout.take(also_met), None if own is None else own[met]
    loss = loss_of({"train": train, "holdout": holdout}, model)

    def scored(first: ImageSample, second: ImageSample, names: Sequence[str] | None, *, attacked: bool) -> Report:
        one, two, drawn = ((side.pixels, side.labels) for side in (first, second, synthetic))
        how = partial(evaluation.score_images, features=features(config), seed=config.seed, names=names)
        return how(one, two, drawn, loss=loss, members=own) if attacked else how(one, two, drawn)

    if not config.sample.weights:
        return scored(train, holdout, names, attacked=True)
    like_train, like_holdout = _in_shares(train, config, "training"), _in_shares(holdout, config, "held-out")
    return shares.judged(
        evaluation.names("image") if names is None else names,
        lambda private: scored(train, holdout, private, attacked=True),
        lambda others: scored(like_train, like_holdout, others, attacked=False),
    )


def _in_shares(side: ImageSample, config: RunConfig, word: str) -> ImageSample:
    """Return the images of a side in the shares of sample.weights."""
    ((_, asked),) = config.sample.weights.items()
    texts = np.asarray(side.labels).astype(str)
    masks = [(texts == str(value), share) for value, share in asked.items()]
    return side.take(shares.rows_in(masks, config.seed, word))
