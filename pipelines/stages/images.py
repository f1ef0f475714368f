"""The stages of a run on images: as those of tables, from values to a value; pixels stay in one memory-mapped file per stage."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import evaluation
import generators
from evaluation.models import onnx
from evaluation.report import Report
from generators import Budget, Images, Progress, Schema, Synthesizer
from generators.training import randomness
from pipelines.config import RunConfig
from pipelines.run.artifacts import (
    Artifact,
    LaunderError,
    check_unchanged,
    digest_file,
    digest_folder,
    digest_of,
    read_frame,
    whole,
    write_frame,
    write_json,
)
from pipelines.sources import decoding
from pipelines.sources import images as pictures
from pipelines.sources.images import LABEL
from pipelines.stages import splitting
from pipelines.stages.protection import settle
from pipelines.stages.sampling import apportion
from pipelines.stages.scoring import members

ROWS = 1000  # of a row group of a Parquet file
PIXELS, TABLE, SKIPPED = "pixels.npy", "table.parquet", "skipped.json"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images on the disk and what is known of each: pixels uint8 [N, H, W, C], a table [N] with the column `label` where labelled."""

    pixels: np.ndarray
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def labels(self) -> np.ndarray | None:
        return self.table[LABEL].to_numpy() if LABEL in self.table else None

    def images(self) -> Images:
        return Images(self.pixels, self.labels)

    def take(self, rows: np.ndarray) -> "Pictures":
        return Pictures(self.pixels[rows], self.table.iloc[rows].reset_index(drop=True))


def write(images: Pictures, folder: Path) -> dict[str, Any]:
    """Write images into a folder of their own, and return its path, digest and how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    decoding.store(images.pixels, folder / PIXELS)
    write_frame(images.table, folder / TABLE)
    return _written(folder, len(images))


def _written(folder: Path, count: int) -> dict[str, Any]:
    return {"path": str(folder), "digest": digest_folder(folder), "rows": count}


def read(artifact: Mapping[str, Any]) -> Pictures:
    """Read what `write` wrote; LaunderError where it is gone or another one."""
    folder = Path(artifact["path"])
    check_unchanged(folder, artifact["digest"])
    pixels = np.load(folder / PIXELS, mmap_mode="r")
    table = read_frame(folder / TABLE)
    return Pictures(pixels, table.set_axis(range(len(pixels)), axis=0) if len(table.columns) else pd.DataFrame(index=range(len(pixels))))


def look(config: RunConfig) -> pictures.ImageSource:
    """Find the images, without decoding any; LaunderError for a source or a configuration that cannot be."""
    found = pictures.find(config.source.path, config.score.target)
    features(config)
    if config.sample.constraints:
        raise LaunderError("expected no sample.constraints for images, found some; remove them")
    if config.publish.format == "csv":
        raise LaunderError("expected publish.format parquet or folder for images, found csv; choose one of these")
    if LABEL not in found.table and (config.sample.where or config.sample.weights):
        raise LaunderError("expected labels to draw by, found images without; remove sample.where and sample.weights")
    if config.split.entity and config.split.entity not in found.table:
        raise LaunderError(f"expected the column {config.split.entity!r} of split.entity beside the images, found none; check its name")
    return found


def features(config: RunConfig) -> onnx.Network | None:
    """Return the network that sees the images, None for the usual one; EvaluationError where its file cannot be used."""
    return None if config.score.features is None else onnx.read(config.score.features)


def ingest(config: RunConfig, folder: Path) -> tuple[dict[str, Any], Schema, dict[str, int]]:
    """Decode the source into `folder`; return the images' artifact, their schema, and counts of what was passed over, by reason."""
    found = look(config)
    folder.mkdir(parents=True, exist_ok=True)
    size = (config.images.size,) * 2 if isinstance(config.images.size, int) else config.images.size
    decoded = _decoded(found, folder / PIXELS, size, config.images.broken)
    table = found.table.iloc[decoded.kept].reset_index(drop=True)
    write_frame(table, folder / TABLE)
    write_json(folder.with_name(SKIPPED), [{"sha256": digest, "reason": reason} for digest, reason in decoded.skipped])
    counts = found.passed_over + Counter(reason for _, reason in decoded.skipped) + Counter({"images resized": decoded.resized})
    images = Pictures(decoded.pixels, table)
    return _written(folder, len(images)), images.images().schema, dict(counts)


def _decoded(found: pictures.ImageSource, path: Path, size: tuple[int, int] | None, broken: float) -> decoding.Decoded:
    """Bring the images found to one size; arrays that have it already are taken as they are."""
    read_one, count = found.read, len(found.table)
    if found.pixels is not None:
        sides = found.pixels.shape[1:3]
        if sides == size or (size is None and min(sides) >= decoding.LEAST and max(sides) <= decoding.MOST):
            decoding.store(found.pixels, path)
            return decoding.Decoded(found.pixels, np.arange(count), [], 0)

        def read_one(i: int) -> bytes:
            return decoding.encode(found.pixels[i])

    return decoding.decode_all(read_one, count, path, size=size, most_broken=broken)


def protect(images: Pictures, *, rare: int | None, entity: str | None) -> tuple[Pictures, dict[str, Any]]:
    """Leave out the images of labels that fewer than `rare` images (or entities) have, and return the rest with counts.

    LaunderError where nothing is left to learn from.
    """
    rare, _ = settle(rare, None, len(images))
    record = {"rare": rare, "columns": {LABEL: {"labels_left_out": 0, "images_left_out": 0}}}
    if images.labels is None:
        return images, record
    owners = images.table[entity] if entity else pd.Series(np.arange(len(images)))
    holders = owners.groupby(images.table[LABEL].to_numpy()).nunique()
    few = images.table[LABEL].isin(holders.index[holders < rare]).to_numpy()
    if len(images) - few.sum() < splitting.LEAST_TRAIN + 1:
        raise LaunderError(f"expected labels of at least {rare} images each, found none; give more images, or lower protect.rare")
    record["columns"][LABEL] = {"labels_left_out": int((holders < rare).sum()), "images_left_out": int(few.sum())}
    return images.take(np.flatnonzero(~few)) if few.any() else images, record


def split(images: Pictures, *, holdout: float, entity: str | None, seed: int) -> tuple[Pictures, Pictures]:
    """Return training images and a holdout, all images of an entity on one side, in the same order."""
    numbered = pd.DataFrame({"number": np.arange(len(images))})
    if entity:
        numbered[entity] = images.table[entity].to_numpy()
    sides = splitting.split(numbered, holdout=holdout, entity=entity, seed=seed)
    return tuple(images.take(side["number"].to_numpy()) for side in sides)


def shared(train: Pictures, held: Pictures) -> int:
    """Return how many held-out images equal a training image in every pixel."""
    known = {image.tobytes() for image in train.pixels}
    return sum(image.tobytes() in known for image in held.pixels)


def train(
    images: Pictures, schema: Schema, config: RunConfig, *, checkpoint: Path | None = None, progress: Progress | None = None
) -> Synthesizer:
    """Fit the configuration's generator; `checkpoint` is a folder that a killed run continues from. ValueError as in fit."""
    return generators.fit(
        images.images(),
        config.generator.name,
        seed=config.seed,
        device=config.device,
        budget=Budget(config.budget.steps, config.budget.minutes),
        progress=progress,
        checkpoint=checkpoint,
        **config.generator.options,
    )


def sample(model: Synthesizer, config: RunConfig, default: int) -> Pictures:
    """Draw sample.rows images (else `default`) under sample.where, in the shares of sample.weights where given.

    LaunderError for a condition that no image can meet, and where fewer images come out than were asked for.
    """
    count, where = config.sample.rows or default, dict(config.sample.where)
    try:
        drawn = _weighted(model, config, count) if config.sample.weights else model.sample(count, seed=config.seed, where=where)
    except ValueError as error:
        raise LaunderError(str(error)) from None
    if len(drawn) != count:
        raise LaunderError(f"expected {count} synthetic images, found {len(drawn)}; train the model again")
    return as_pictures(drawn)


def as_pictures(images: Images) -> Pictures:
    """Return a generator's images as a stage's."""
    return Pictures(images.pixels, pd.DataFrame({} if images.labels is None else {LABEL: images.labels}, index=range(len(images))))


def _weighted(model: Synthesizer, config: RunConfig, count: int) -> Images:
    """Draw each label's share under its own condition, then mix the images."""
    ((column, shares),) = config.sample.weights.items()
    if column in config.sample.where:
        raise LaunderError(f"expected the column {column!r} under sample.where or sample.weights, found it under both; keep one")
    counts = apportion(shares, count).items()
    parts = [model.sample(k, seed=randomness.key(config.seed, "weights", n), where={column: v}) for n, (v, k) in enumerate(counts)]
    order = randomness.generator(config.seed, "mix").permutation(count)
    return Images(np.concatenate([p.pixels for p in parts])[order], np.concatenate([p.labels for p in parts])[order])


def score(train: Pictures, held: Pictures, synthetic: Pictures, config: RunConfig, model: Synthesizer | None = None) -> Report:
    """Score the synthetic images against both real sides; with a model that has a loss, the white-box attack is tried too."""
    wanted = config.score.metrics
    names = None if wanted is None else [name for name in evaluation.names(images=True) if name in {*wanted, *config.rules}]
    given = ((side.pixels, side.labels) for side in (train, held, synthetic))
    known = {"loss": loss_of({"train": train, "holdout": held}, model), "members": members(model, len(train))}
    return evaluation.score_images(*given, features=features(config), **known, seed=config.seed, names=names)


def loss_of(sides: Mapping[str, Pictures], model: Synthesizer | None) -> Callable[[str, np.ndarray], np.ndarray] | None:
    """Return what a white-box attacker reads: a role and image numbers -> the model's loss of each; None for a model without one."""
    labels = sides["train"].labels

    def loss(role: str, rows: np.ndarray) -> np.ndarray:
        asked = sides[role].take(rows)
        seen = np.ones(len(asked), bool) if labels is None else np.isin(asked.labels.astype(str), labels.astype(str))
        losses = np.full(len(asked), np.inf)  # of an image of a label that the model has never seen
        losses[seen] = model.loss(asked.take(np.flatnonzero(seen)).images())
        return losses

    return loss if hasattr(model, "loss") else None


def write_data(images: Pictures, staged: Path, *, format: str = "parquet") -> Artifact:
    """Write synthetic images into data/ of a staged folder: one Parquet file in Hugging Face's layout, or PNG files by label."""
    path = Path(staged) / "data" / "data.parquet"
    if format == "parquet":
        with whole(path) as aside:
            pq.write_table(_table(images), aside, compression="zstd", version="2.6", row_group_size=ROWS)
        return Artifact(str(path), digest_file(path), len(images))
    shutil.rmtree(path.parent, ignore_errors=True)
    folders = [""] * len(images) if images.labels is None else [_folder(label) for label in images.labels]
    files = [str(PurePosixPath(folder, f"{number:07d}.png")) for number, folder in enumerate(folders)]
    for folder in set(folders):
        (path.parent / folder).mkdir(parents=True, exist_ok=True)
    for file, pixels in zip(files, images.pixels, strict=True):
        (path.parent / file).write_bytes(decoding.encode(pixels))
    if set(images.table) - {LABEL}:
        images.table.assign(file_name=files).to_csv(path.parent / "metadata.csv", index=False)
    return Artifact(str(path.parent), digest_folder(path.parent), len(images))


def check_suffix(path: Path) -> None:
    """Raise LaunderError for a place that `write_out` has no format for."""
    if path.suffix.lower() not in (".parquet", "") or (not path.suffix and path.exists()):
        raise LaunderError(f"expected a file ending in .parquet or a new folder as --output of images, found {path.name!r}; choose one")


def write_out(images: Pictures, path: Path) -> None:
    """Write images to a Parquet file, or as PNG files by label into a new folder, whole or not at all."""
    if path.suffix:
        with whole(path) as aside:
            pq.write_table(_table(images), aside, compression="zstd", version="2.6", row_group_size=ROWS)
        return
    with tempfile.TemporaryDirectory(dir=path.parent) as aside:
        write_data(images, Path(aside), format="folder")
        (Path(aside) / "data").rename(path)


def _folder(label: Any) -> str:
    """Return a label as the name of a folder, of at most 255 bytes: one that is longer ends in its digest."""
    text = "".join(c if c.isalnum() or c in "-_ " else f"%{ord(c):02x}" for c in str(label)).strip() or "%"
    return text if len(text.encode()) <= 255 else f"{text[:40]}%{digest_of(str(label))[:16]}"


def _table(images: Pictures) -> pa.Table:
    data = [decoding.encode(pixels) for pixels in images.pixels]
    struct = pa.StructArray.from_arrays([pa.array(data, pa.binary()), pa.nulls(len(data), pa.string())], ["bytes", "path"])
    columns = {"image": struct} | {name: pa.array(images.table[name]) for name in images.table}
    features = {"image": {"_type": "Image"}} | {name: {"_type": "Value", "dtype": _dtype(columns[name].type)} for name in images.table}
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.table(columns).replace_schema_metadata(told)


def _dtype(kind: pa.DataType) -> str:
    """Return the name that Hugging Face has for a type of Arrow."""
    return {pa.float64(): "float64", pa.int64(): "int64", pa.bool_(): "bool"}.get(kind, "string")
