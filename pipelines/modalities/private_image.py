"""A run on images under a privacy budget: as on any images, but that nothing looks at them beside the ledger.

Labels, size and colour are stated. Training images are seen by the generator's paid questions alone; every score
compares synthetic images with two halves of the holdout, which the ledger does not protect.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.image_sources.finding import LABEL_COLUMN
from launderette.pipelines.modalities import image, private
from launderette.pipelines.modalities.contract import Ingest, Ingested
from launderette.pipelines.privacy import public_images, splitting, telling
from launderette.pipelines.run.artifacts import write_json
from launderette.pipelines.stages import training
from launderette.pipelines.stages.image_sample import PIXELS_FILE, ImageSample
from launderette.pipelines.stages.training import Watched
from launderette.pipelines.templates import private_images

GENERATOR = public_images.PRIVATE_IMAGE_GENERATOR
draft = private_images.draft

# as in all runs under a budget
REPEATED_UNDER = private.REPEATED_UNDER
entity = private.entity
compare = private.compare
propose_rules = private.propose_rules
protect = private.protect
counted = private.counted
shared = private.shared

# as in any run on images: nothing of it looks at training images before a model has its ledger
NAME = image.NAME
SOURCE = image.SOURCE
UNIT = image.UNIT
PROTECTED = image.PROTECTED
LIKELIHOOD = image.LIKELIHOOD
RANKED = image.RANKED
COMPARED_BY = image.COMPARED_BY
ATTACKED_BY = image.ATTACKED_BY
check_output = image.check_output
check_sampling = image.check_sampling
check_source = image.check_source
digest_source = image.digest_source
in_shards = image.in_shards
losses = image.losses
most_scored = image.most_scored
read = image.read
recognises = image.recognises
score_sources = image.score_sources
stage = image.stage
store = image.store
write_output = image.write_output


def check_config(config: RunConfig) -> None:
    """Raise LaunderError for what no guarantee allows, or for labels of which too little is stated."""
    image.check_config(config)
    public_images.check(config)


def inspect(config: RunConfig, ingest: Ingest | None = None) -> list[str]:
    """Find the images and return how many of them have no stated label, for inside only."""
    image.features(config)
    return public_images.changed(public_images.find(config), config)


def ingest(config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
    """Decode the source, each image by itself; of what was passed over nothing is said, for what is said may leave."""
    found = public_images.find(config)
    folder.mkdir(parents=True, exist_ok=True)
    decoded = public_images.decode(found, folder / PIXELS_FILE, config)
    table = found.table.iloc[decoded.kept].reset_index(drop=True)
    skipped = [{"sha256": digest, "reason": reason} for digest, reason in decoded.skipped]
    write_json(folder.with_name(image.SKIPPED), skipped)
    pixels = np.load(folder / PIXELS_FILE, mmap_mode="r")
    return Ingested(ImageSample(pixels, table), public_images.schema_of(pixels.shape, config))


def split(images: ImageSample, schema: Schema, config: RunConfig) -> tuple[ImageSample, ImageSample]:
    """Return the images that the ledger protects and those of the scores, the side of each image or entity by
    itself.
    """
    return _parts(images, _sides(images, config, config.split.share, splitting.SPLIT_KEY))


def _sides(images: ImageSample, config: RunConfig, holdout: float, key: str) -> tuple[np.ndarray, np.ndarray]:
    owner = config.split.column
    if owner is not None:
        return splitting.sides_of_entities(images.table[owner], holdout=holdout, key=key)
    return splitting.sides_of(_digests(images), holdout=holdout, key=key)


def _digests(images: ImageSample) -> list[str]:
    """Return a digest of the pixels and the label of each image."""
    labels = [""] * len(images) if images.labels is None else map(str, images.labels)
    each = zip(images.pixels, labels, strict=True)
    return [hashlib.sha256(pixels.tobytes() + label.encode()).hexdigest() for pixels, label in each]


def _parts(images: ImageSample, sides: tuple[np.ndarray, np.ndarray]) -> tuple[ImageSample, ImageSample]:
    first, second = (images.take(places) for places in sides)
    return first, second


def train(images: ImageSample, schema: Schema, config: RunConfig, **watched: Unpack[Watched]) -> Synthesizer:
    """Fit the generator within the budget; its model holds the ledger."""
    owner = config.split.column
    owners = None if owner is None else images.table[owner]
    return training.train(images.images(), config, owners=owners, privacy=public_images.guarantee(config), **watched)


def sample(model: Synthesizer, config: RunConfig, source: ImageSample) -> ImageSample:
    """Draw images as the section `sample` asks, else as many as were trained on by the model's noisy count."""
    rows = config.sample.rows or model.record["rows"]
    return image.sample(model, config.updated("sample", rows=rows), source)


def describe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of the data card: what is guaranteed, to whom, and what is taken to be known."""
    return telling.card(facts["ledger"], known=", ".join(facts["ledger"]["public"]) or "nothing")


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
    known = _known(holdout, synthetic)
    one, other = _parts(known, _sides(known, config, splitting.HALF, splitting.HALVES_KEY))
    report = image.score(one, other, synthetic, schema, config, None, names=private.scored(names, NAME))
    report.scores[telling.SPENT] = telling.score(model)
    return report


def _known(holdout: ImageSample, synthetic: ImageSample) -> ImageSample:
    """Return the held-out images of labels that were stated: those that no label is known of are not compared with."""
    if holdout.labels is None:
        return holdout
    drawn = {str(label) for label in np.unique(np.asarray(synthetic.labels))}
    return holdout.take(np.flatnonzero([str(label) in drawn for label in holdout.table[LABEL_COLUMN]]))
