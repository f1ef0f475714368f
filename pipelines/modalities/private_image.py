"""A run on images under a privacy budget: as on any images, but that nothing looks at them beside the ledger.

Labels, size and colour are stated. Training images are seen by the generator's paid questions alone; every score
compares synthetic images with two halves of the holdout, which the ledger does not protect.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from launderette import generators
from launderette.evaluation import names as metric_names
from launderette.evaluation.report import Report
from launderette.generators import Budget, Progress, Schema, Synthesizer
from launderette.pipelines.config import RunConfig, rules
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.drift import schemas
from launderette.pipelines.drift.findings import Drifted
from launderette.pipelines.image_sources.finding import LABEL_COLUMN
from launderette.pipelines.modalities import image
from launderette.pipelines.modalities.contract import Ingested, Protected
from launderette.pipelines.modalities.image import (
    ATTACKED_BY,
    COMPARED_BY,
    LIKELIHOOD,
    NAME,
    RANKED,
    SKIPPED,
    SOURCE,
    UNIT,
    check_output,
    check_sampling,
    check_source,
    digest_source,
    in_shards,
    losses,
    read,
    recognises,
    score_sources,
    stage,
    store,
    write_output,
    write_release,
)
from launderette.pipelines.privacy import public_images, spending, splitting, telling
from launderette.pipelines.run.artifacts import write_json
from launderette.pipelines.stages.image_sample import PIXELS_FILE, ImageSample
from launderette.pipelines.stages.splitting import HELD_OUT

GENERATOR = public_images.PRIVATE_IMAGE_GENERATOR

__all__ = [
    "ATTACKED_BY",
    "COMPARED_BY",
    "LIKELIHOOD",
    "NAME",
    "RANKED",
    "SOURCE",
    "UNIT",
    "check_output",
    "check_sampling",
    "check_source",
    "digest_source",
    "in_shards",
    "losses",
    "read",
    "recognises",
    "score_sources",
    "stage",
    "store",
    "write_output",
    "write_release",
]


def check_config(config: RunConfig) -> None:
    """Raise LaunderError for what no guarantee allows, or for labels of which too little is stated."""
    image.check_config(config)
    public_images.check(config)


def inspect(config: RunConfig) -> list[str]:
    """Find the images and return how many of them have no stated label, for inside only.

    LaunderError where the budget of the output folder is spent.
    """
    spending.check(config)
    image.features(config)
    return public_images.changed(public_images.find(config), config)


def ingest(config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
    """Decode the source, each image by itself; of what was passed over nothing is said, for what is said may leave."""
    found = public_images.find(config)
    folder.mkdir(parents=True, exist_ok=True)
    decoded = public_images.decode(found, folder / PIXELS_FILE, config)
    table = found.table.iloc[decoded.kept].reset_index(drop=True)
    write_json(folder.with_name(SKIPPED), [{"sha256": digest, "reason": reason} for digest, reason in decoded.skipped])
    pixels = np.load(folder / PIXELS_FILE, mmap_mode="r")
    return Ingested(ImageSample(pixels, table), public_images.schema_of(pixels.shape, config))


def entity(schema: Schema, config: RunConfig) -> None:
    """Return None: what is protected is one image."""


def compare(before: ImageSample | None, images: ImageSample, old: Schema, schema: Schema) -> list[Drifted]:
    """Return what has changed in columns and in the size of images: about images nobody has asked."""
    return schemas.compare(old, schema)


def propose_rules(images: ImageSample, schema: Schema, config: RunConfig) -> Proposals:
    """Return none: there are no rules between the values of an image."""
    return Proposals()


def protect(images: ImageSample, schema: Schema, config: RunConfig) -> Protected:
    """Return the images as they are: their labels are stated, so nothing rare is left to take out."""
    return Protected(images, {"columns": {}})


def split(images: ImageSample, schema: Schema, config: RunConfig) -> tuple[ImageSample, ImageSample]:
    """Return the images that the ledger protects and those of the scores, the side of each by itself."""
    held = config.split.holdout or HELD_OUT
    return _parts(images, splitting.sides_of(_digests(images), holdout=held, seed=config.seed))


def _digests(images: ImageSample) -> list[str]:
    """Return a digest of the pixels and the label of each image."""
    labels = [""] * len(images) if images.labels is None else map(str, images.labels)
    each = zip(images.pixels, labels, strict=True)
    return [hashlib.sha256(pixels.tobytes() + label.encode()).hexdigest() for pixels, label in each]


def _parts(images: ImageSample, sides: tuple[np.ndarray, np.ndarray]) -> tuple[ImageSample, ImageSample]:
    first, second = (images.take(places) for places in sides)
    return first, second


def shared(train: ImageSample, held: ImageSample) -> int:
    """Return 0: how many images equal a training image is a question that nobody paid for."""
    return 0


def train(
    images: ImageSample,
    schema: Schema,
    config: RunConfig,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Synthesizer:
    """Fit the generator within the budget; its model holds the ledger."""
    return generators.fit(
        images.images(),
        config.generator.name,
        seed=config.seed,
        device=config.device,
        budget=Budget(config.budget.steps, config.budget.minutes),
        privacy=public_images.guarantee(config),
        progress=progress,
        checkpoint=checkpoint,
        **config.generator.options,
    )


def sample(model: Synthesizer, config: RunConfig, source: ImageSample) -> ImageSample:
    """Draw images as the section `sample` asks, else as many as were trained on by the model's noisy count."""
    rows = config.sample.rows or model.record["rows"]
    asked = config.model_copy(update={"sample": config.sample.model_copy(update={"rows": rows})})
    return image.sample(model, asked, source)


def score(
    train: ImageSample,
    holdout: ImageSample,
    synthetic: ImageSample,
    schema: Schema,
    config: RunConfig,
    model: Synthesizer | None = None,
    names: Sequence[str] | None = None,
) -> Report:
    """Score synthetic images against one half of the holdout, with the other as what real images reach; no training
    image is looked at. What was spent stands in place of attacks, which would have nothing to recognise.
    """
    wanted = [name for name in names or metric_names(NAME) if not name.startswith(rules.PRIVACY)]
    known = _known(holdout, synthetic)
    halves = splitting.sides_of(_digests(known), holdout=0.5, seed=config.seed + 1)
    one, other = _parts(known, halves)
    report = image.score(one, other, synthetic, schema, config, None, names=wanted)
    report.scores[telling.SPENT] = telling.score(model)
    return report


def _known(holdout: ImageSample, synthetic: ImageSample) -> ImageSample:
    """Return the held-out images of labels that were stated: those that no label is known of are not compared with."""
    if holdout.labels is None:
        return holdout
    drawn = {str(label) for label in np.unique(np.asarray(synthetic.labels))}
    return holdout.take(np.flatnonzero([str(label) in drawn for label in holdout.table[LABEL_COLUMN]]))


def describe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of the data card: what is guaranteed, to whom, and what is taken to be known."""
    return telling.card(facts["ledger"])
