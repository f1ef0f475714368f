"""A run on images: the stages of a run, from values to a value; pixels stay in one memory-mapped file per stage."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from launderette import evaluation
from launderette.evaluation.models import onnx
from launderette.evaluation.report import Report
from launderette.evaluation.summaries import small_cells
from launderette.generators import Images, Schema, Synthesizer
from launderette.generators.privacy.ledger import IMAGE_UNITS
from launderette.generators.training import randomness
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.drift import schemas
from launderette.pipelines.drift.findings import Drifted
from launderette.pipelines.image_sources import decoding
from launderette.pipelines.image_sources import finding as sources
from launderette.pipelines.image_sources.finding import LABEL_COLUMN
from launderette.pipelines.modalities.contract import Ingest, Ingested, Protected, ScoredSources
from launderette.pipelines.run.artifacts import LaunderError, restated, write_json
from launderette.pipelines.scoring.image_losses import loss_of, losses
from launderette.pipelines.scoring.images import features, score
from launderette.pipelines.shards.sampling import whole as in_shards
from launderette.pipelines.sinks import images as sink
from launderette.pipelines.sinks.images import check_output, stage
from launderette.pipelines.sources.files import digest as digest_source
from launderette.pipelines.stages import image_sample, splitting, training
from launderette.pipelines.stages.image_sample import PIXELS_FILE, ImageSample, read, store
from launderette.pipelines.stages.protection import settle
from launderette.pipelines.stages.sampling import apportion
from launderette.pipelines.stages.training import Watched
from launderette.pipelines.templates.images import draft

NAME, SOURCE, UNIT, PROTECTED = "image", "images", "images", IMAGE_UNITS
GENERATOR, LIKELIHOOD, RANKED = "image.diffusion", "loss", False
REPEATED_UNDER = 0  # for one training takes minutes
COMPARED_BY, ATTACKED_BY = "image.kernel", "image.membership_model"
SKIPPED = "skipped.json"

__all__ = [
    "check_output",
    "digest_source",
    "draft",
    "features",
    "in_shards",
    "losses",
    "read",
    "score",
    "stage",
    "store",
]


def recognises(path: str | Path) -> bool:
    """Tell whether a source is one of images, by its names and its columns."""
    return sources.holds_images(path)


def check_config(config: RunConfig) -> None:
    """Raise LaunderError for constraints, and for a format or a place of tables."""
    if config.sample.constraints:
        raise LaunderError("expected no sample.constraints for images, found some; remove them")
    if config.publish.format == "csv":
        raise LaunderError("expected publish.format parquet or folder for images, found csv; choose one of these")
    if config.publish.table:
        raise LaunderError("expected publish.table for tables only, found images; remove it")


def check_source(path: str | Path) -> None:
    """Raise LaunderError for a folder without images, saying what a folder of images has to hold."""
    if Path(path).is_dir():
        sources.find(path)


def inspect(config: RunConfig, ingest: Ingest | None = None) -> list[str]:
    """Find the images without decoding any; LaunderError for a source or a configuration that cannot be."""
    look(config)
    features(config)
    return []


def look(config: RunConfig) -> sources.ImageSource:
    """Find the images, without decoding any; LaunderError for a source or a configuration that cannot be."""
    found = sources.find(config.source.path, config.score.target, config.images.bits)
    if LABEL_COLUMN not in found.table and (config.sample.where or config.sample.weights):
        raise LaunderError("expected labels to draw by, found images without; remove sample.where and sample.weights")
    if config.split.column and config.split.column not in found.table:
        raise LaunderError(
            f"expected the column {config.split.column!r} of split.entity beside the images, found none; check its name"
        )
    return found


def ingest(config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
    """Decode the source; the pixels go to a file in `folder`, what was passed over is counted by reason."""
    found = look(config)
    folder.mkdir(parents=True, exist_ok=True)
    decoded = decode(found, folder / PIXELS_FILE, config.images.sides, config)
    table = found.table.iloc[decoded.kept].reset_index(drop=True)
    write_json(folder.with_name(SKIPPED), [{"sha256": digest, "reason": reason} for digest, reason in decoded.skipped])
    left_out = found.passed_over + Counter(reason for _, reason in decoded.skipped)
    changed = Counter({"images resized": decoded.resized, _deep(decoded.deep[1]): decoded.deep[0]})
    sample = ImageSample(np.load(folder / PIXELS_FILE, mmap_mode="r"), table)
    notes = [f"{count:,} {reason}." for reason, count in changed.items() if count]
    if left_out:
        notes.insert(0, f"Passed over: {', '.join(f'{count:,} {reason}' for reason, count in left_out.items())}.")
    return Ingested(sample, sample.images().schema, dict(left_out + changed), notes)


def _deep(bits: int) -> str:
    return f"images of more than 8 bits, of whose {bits} bits in use the upper 8 are kept (images.bits)"


def decode(found: sources.ImageSource, path: Path, size: tuple[int, int] | None, config: RunConfig) -> decoding.Decoded:
    """Bring the images found to one size; arrays that have it already are taken as they are."""
    count = len(found.table)
    if found.pixels is not None:
        sides, channels = found.pixels.shape[1:3], found.pixels.shape[3]
        usual = min(sides) >= decoding.LEAST_USUAL_SIDE and max(sides) <= decoding.MOST_USUAL_SIDE
        if (sides == size or (size is None and usual)) and config.images.channels in (None, channels):
            decoding.store(found.pixels, path)
            return decoding.Decoded(found.pixels, np.arange(count), [], 0)
    how = config.images
    asked: dict[str, Any] = {"size": size, "most_broken": how.broken, "bits": how.bits, "channels": how.channels}
    return decoding.decode_all(found.read, count, path, **asked)


def entity(schema: Schema, config: RunConfig) -> str | None:
    """Return the stated column of the table beside the images."""
    return config.split.column


def compare(
    before: ImageSample | None, images: ImageSample, old: Schema, schema: Schema, rows: Sequence[int] = ()
) -> list[Drifted]:
    """Return what has changed in columns and in the size of images."""
    return schemas.compare(old, schema)


def propose_rules(images: ImageSample, schema: Schema, config: RunConfig) -> Proposals:
    """Return none: there are no rules between the values of an image."""
    return Proposals()


def check_sampling(asked: Mapping[str, Any]) -> None:
    """Raise LaunderError for constraints."""
    if asked.get("constraints"):
        raise LaunderError("expected no --constraint for images, found some; leave it out")


def protect(images: ImageSample, schema: Schema, config: RunConfig) -> Protected:
    """Leave out the images of labels that fewer than protect.rare images (or entities) have.

    LaunderError where nothing is left to learn from.
    """
    rare, entity = settle(config.protect.rare, None, len(images))[0], config.split.column
    if images.labels is None:
        return Protected(images, _left_out(rare, 0, 0))
    owners = images.table[entity] if entity else pd.Series(np.arange(len(images)))
    holders = owners.groupby(images.table[LABEL_COLUMN].to_numpy()).nunique()
    few = images.table[LABEL_COLUMN].isin(holders.index[holders < rare]).to_numpy()
    if len(images) - few.sum() < splitting.LEAST_TRAIN + 1:
        raise LaunderError(
            f"expected labels of at least {rare} images each, found none; give more images, or lower protect.rare"
        )
    record = _left_out(rare, int((holders < rare).sum()), int(few.sum()))
    return Protected(images.take(np.flatnonzero(~few)) if few.any() else images, record)


def _left_out(rare: int, labels: int, images: int) -> dict[str, Any]:
    return {"rare": rare, "columns": {LABEL_COLUMN: {"labels_left_out": labels, "images_left_out": images}}}


def split(images: ImageSample, schema: Schema, config: RunConfig) -> tuple[ImageSample, ImageSample]:
    """Return training images and a holdout, all images of an entity on one side, in the same order."""
    numbered, entity = pd.DataFrame({"number": np.arange(len(images))}), config.split.column
    if entity:
        numbered[entity] = images.table[entity].to_numpy()
    held = config.split.share
    train, holdout = splitting.split(numbered, holdout=held, entity=entity, seed=config.seed)
    return images.take(train["number"].to_numpy()), images.take(holdout["number"].to_numpy())


def counted(train: ImageSample, held: ImageSample, schema: Schema, config: RunConfig) -> Schema:
    """Return the schema as it is: no value of an image is kept because others have it."""
    return schema


def shared(train: ImageSample, held: ImageSample) -> int:
    """Return how many held-out images equal a training image in every pixel."""
    known = {image.tobytes() for image in train.pixels}
    return sum(image.tobytes() in known for image in held.pixels)


def train(images: ImageSample, schema: Schema, config: RunConfig, **watched: Unpack[Watched]) -> Synthesizer:
    """Fit the configuration's generator; ValueError as in generators.fit."""
    owner = entity(schema, config)
    owners = None if owner is None else images.table[owner]
    return training.train(images.images(), config, owners=owners, **watched)


def most_scored(columns: int, config: RunConfig) -> float:
    """Return that images are not scored in part: their pixels lie in a file."""
    return inf


def sample(model: Synthesizer, config: RunConfig, source: ImageSample) -> ImageSample:
    """Draw sample.rows images (else as many as the source has) under sample.where, in the shares of sample.weights
    where given.

    LaunderError for a condition that no image can meet, and where fewer images come out than were asked for.
    """
    count, where = config.sample.rows or len(source), dict(config.sample.where)
    with restated():
        drawn = (
            _weighted(model, config, count)
            if config.sample.weights
            else model.sample(count, seed=config.seed, where=where)
        )
    if len(drawn) != count:
        raise LaunderError(f"expected {count} synthetic images, found {len(drawn)}; train the model again")
    return image_sample.sample_of(drawn)


def _weighted(model: Synthesizer, config: RunConfig, count: int) -> Images:
    """Draw each label's share under its own condition, then mix the images."""
    ((column, shares),) = config.sample.weights.items()
    if column in config.sample.where:
        raise LaunderError(
            f"expected the column {column!r} under sample.where or sample.weights, found it under both; keep one"
        )
    counts = apportion(shares, count).items()
    parts = [
        model.sample(k, seed=randomness.key(config.seed, "weights", n), where={column: v})
        for n, (v, k) in enumerate(counts)
    ]
    order = randomness.generator(config.seed, "mix").permutation(count)
    return Images(np.concatenate([p.pixels for p in parts])[order], np.concatenate([p.labels for p in parts])[order])


def score_sources(sources: ScoredSources, settings: RunConfig) -> tuple[Report, tuple[str, ...]]:
    """Score image sources as the settings say.

    ValueError where a source holds no images, the collections differ in size, colour or having labels, or the network
    or the model is none of such images.
    """
    network = None if sources.features is None else onnx.read(sources.features)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        given = {"train": sources.train, "holdout": sources.holdout, "synthetic": sources.synthetic}
        sides = {role: _from(source, settings, Path(folder, role)) for role, source in given.items() if source}
        pairs = {role: (side.pixels, side.labels) for role, side in sides.items()}
        report = evaluation.score_images(
            pairs["train"],
            pairs.get("holdout"),
            pairs["synthetic"],
            features=network,
            loss=loss_of(sides, sources.model),
            seed=settings.seed,
            names=settings.score.metrics,
        )
    return report, ()


def _from(source: str, settings: RunConfig, folder: Path) -> ImageSample:
    return ingest(settings.updated("source", path=source), folder).data


def describe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of the data card: images left out, and what was passed over, by reason."""
    left_out = facts["protection"]["columns"][LABEL_COLUMN]
    return {"images of rare labels left out": small_cells.shown(left_out["images_left_out"]), **facts["passed_over"]}


def write_output(drawn: Images, path: Path) -> None:
    """Write a generator's images to a Parquet file, or as PNG files by label into a folder."""
    sink.write_output(image_sample.sample_of(drawn), path)
