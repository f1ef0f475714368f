"""A run on one table: the stages of a run, from values to a value."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import pandas as pd
import pyarrow.parquet as pq

from launderette.evaluation.summaries import small_cells
from launderette.generators import Schema, Synthesizer
from launderette.generators.data import parts
from launderette.generators.identifiers import references
from launderette.generators.privacy.ledger import PRIVACY_UNITS
from launderette.pipelines.config import RunConfig, proposals
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.config.sections import HELD_OUT
from launderette.pipelines.drift import schemas, values
from launderette.pipelines.drift.findings import Drifted
from launderette.pipelines.modalities.contract import Ingest, Ingested, Protected
from launderette.pipelines.personal_data import columns, fakes, keys, people
from launderette.pipelines.run.artifacts import Artifact, LaunderError, read_frame, write_frame, write_frames
from launderette.pipelines.scoring.run import losses, score
from launderette.pipelines.scoring.tables import score as score_sources
from launderette.pipelines.shards import preflight
from launderette.pipelines.shards import sampling as shards
from launderette.pipelines.shards.jobs import SHARD_ROWS
from launderette.pipelines.shards.sampling import ShardedSample
from launderette.pipelines.sinks import streaming
from launderette.pipelines.sinks.tables import check_suffix as check_output
from launderette.pipelines.sinks.tables import write as write_output
from launderette.pipelines.sinks.tables import write_release
from launderette.pipelines.sources.tables import digest as digest_source
from launderette.pipelines.stages import (
    announcing,
    ingestion,
    protection,
    sampling,
    shared_numbers,
    splitting,
    training,
)
from launderette.pipelines.stages.splitting import shared
from launderette.pipelines.stages.training import Watched
from launderette.pipelines.templates.tables import draft

NAME, SOURCE, UNIT = "tabular", "a table", "rows"
PROTECTED = {unit: unit for unit in PRIVACY_UNITS}
GENERATOR, LIKELIHOOD, RANKED = "tabular.autoregressive", "log_prob", True
REPEATED_UNDER = splitting.POWERFUL_ROWS / HELD_OUT  # rows: with more, one holdout has power
COMPARED_BY, ATTACKED_BY = "fidelity.detection", "privacy.membership_model"

__all__ = ["check_output", "digest_source", "draft", "losses", "score", "score_sources", "shared", "write_output"]


def recognises(path: str | Path) -> bool:
    """Tell whether a source is a table: whatever no other modality recognises."""
    return Path(path).exists()


def check_config(config: RunConfig) -> None:
    """Raise LaunderError for a network that sees images."""
    if config.score.features:
        raise LaunderError("expected score.features for images only, found a table; remove it")
    people.check(config.personal.locale)
    if config.personal.key:
        keys.stated(config.personal.key)


def check_source(path: str | Path) -> None:
    """Raise LaunderError for a source without a table; reading it says more."""


def inspect(config: RunConfig, ingest: Ingest | None = None) -> list[str]:
    """Read the whole table, once for the run too: types that hold for every row are only known after the last; return
    what many rows take.
    """
    if ingest is None:
        return []
    source, memory = ingest(), config.resources.memory_bytes
    part, schema = source["table"]["rows"], Schema.from_dict(source["schema"])
    rows = source["whole"].get("rows", part)
    preflight.check_identifiers(rows, len(schema.identifiers), memory)
    size = _row_bytes(source["table"]["path"])
    return preflight.check_run(rows, len(schema.columns), Path(config.publish.to), memory, part, size)


def _row_bytes(path: str) -> float:
    """Return how many bytes a row of a Parquet file takes before compression; of equal texts in it one counts."""
    file = pq.read_metadata(path)
    return sum(file.row_group(at).total_byte_size for at in range(file.num_row_groups)) / max(1, file.num_rows)


def ingest(config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
    """Read the source into a frame; the key of pseudonyms is kept in `work`."""
    frame, schema = ingestion.ingest(config, work)
    personal = frame.attrs[ingestion.PERSONAL]
    notes = announcing.of_schema(config, schema, frame, personal)
    whole = _whole(config, schema, frame, folder) if ingestion.OF in frame.attrs else {}
    told = {name: found.to_dict() for name, found in personal.items()}
    return Ingested(frame, schema, notes=notes, personal=told, whole=whole)


def _whole(config: RunConfig, schema: Schema, frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Return how many rows a source has of which a part was read, and the stored identifiers of all of them: none of
    these is to be made up again.
    """
    rows = frame.attrs[ingestion.OF]
    preflight.check_identifiers(rows, len(schema.identifiers), config.resources.memory_bytes)
    if not schema.identifiers:
        return {"rows": rows, "identifiers": None}
    parts = ingestion.identifiers(config, schema, frame)
    return {"rows": rows, "identifiers": write_frames(parts, folder.with_name("identifiers.parquet")).to_dict()}


def store(frame: pd.DataFrame, place: Path) -> dict[str, Any]:
    """Write a frame beside `place` as Parquet; return path, digest and rows."""
    return write_frame(frame, place.with_suffix(".parquet")).to_dict()


def read(stored: Mapping[str, Any]) -> pd.DataFrame:
    """Read what `store` wrote; LaunderError where it is gone or another one."""
    return read_frame(Artifact(**stored))


def entity(schema: Schema, config: RunConfig) -> str | None:
    """Return the stated column of entities, else an identifier that repeats."""
    return splitting.entity_of(config, schema)


def compare(
    before: pd.DataFrame | None, frame: pd.DataFrame, old: Schema, schema: Schema, rows: Sequence[int] = ()
) -> list[Drifted]:
    """Return what has changed in columns and, where the rows of the last release are still there, in their number and
    their values.
    """
    if before is None:
        return schemas.compare(old, schema)
    renamed = values.renamed(before, frame, old, schema)
    grown = values.compare_rows(*(rows or (len(before), len(frame))))
    return [*schemas.compare(old, schema, renamed), *grown, *values.compare(before, frame, old, schema)]


def propose_rules(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> Proposals:
    """Return orders, sums and combinations that the training rows keep, all but fewer of them than share a rare label;
    none where the configuration states constraints.
    """
    if config.sample.constraints is not None:
        return Proposals()
    rows, _ = split(frame, schema, config)
    rare, _ = protection.settle(config.protect.rare, config.protect.extremes, len(frame))
    return proposals.find(parts.split(rows, schema), schema.flat, allowed=max(0, rare - 1))


def check_sampling(asked: Mapping[str, Any]) -> None:
    """Raise nothing: the model itself refuses conditions and constraints that it cannot meet."""


def protect(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> Protected:
    """Generalise rare categories and clip extremes."""
    groups = {name: c["groups"] for name, c in config.listed.items() if isinstance(c, dict) and "groups" in c}
    protected, record = protection.protect(
        parts.split(frame, schema),
        schema.flat,
        rare=config.protect.rare,
        extremes=config.protect.extremes,
        entity=entity(schema, config),
        groups=groups,
        whole=columns.of_people(frame, schema, config),
    )
    whole = protected.assign(**parts.joined(protected, schema))[schema.names]
    return Protected(whole, record, announcing.of_protection(record))


def split(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training rows and a holdout, all rows of an entity on one side."""
    owner = entity(schema, config)
    held = splitting.share(config.split.holdout, splitting.counted(frame, owner))
    return splitting.split(frame, holdout=held, entity=owner, seed=config.seed)


def counted(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, config: RunConfig) -> Schema:
    """Return the schema with the numbers that enough rows of a small table share, though few training rows do."""
    rows = len(train) + len(holdout)
    if rows >= REPEATED_UNDER:
        return schema
    least, _ = protection.settle(config.protect.rare, config.protect.extremes, rows)
    return shared_numbers.counted(train, holdout, schema, least=least, entity=entity(schema, config))


def train(frame: pd.DataFrame, schema: Schema, config: RunConfig, **watched: Unpack[Watched]) -> Synthesizer:
    """Fit the configuration's generator; ValueError as in generators.fit."""
    owner = entity(schema, config)
    owners = None if owner is None else frame[owner]
    return training.train(frame, config, schema=schema, owners=owners, **watched)


def sample(model: Synthesizer, config: RunConfig, source: pd.DataFrame) -> pd.DataFrame:
    """Draw rows as the section `sample` asks, with identifiers and people that the source has not; LaunderError where
    no row can meet it.
    """
    drawn = sampling.sample(model, config, len(source))
    return _named_anew(drawn, model.schema, source, config)


def _named_anew(drawn: pd.DataFrame, schema: Schema, source: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """Return drawn rows whose identifiers and people the source has not, with what refers to them."""
    made = fakes.replace(sampling.renew(drawn, schema, source, config.seed), schema, source, config)
    return references.followed(drawn, made, schema)


def in_shards(
    model: Synthesizer, stored: Mapping[str, Any], config: RunConfig, source: Mapping[str, Any]
) -> ShardedSample | None:
    """Return the sample in shards beyond SHARD_ROWS rows; of the source, identifiers alone are looked at."""
    schema = model.schema

    def finish(drawn: pd.DataFrame) -> pd.DataFrame:
        if not len(drawn.columns):
            return drawn
        real = read_frame(Artifact(**source), [column.name for column in schema.identifiers])
        return _named_anew(drawn, schema, real, config)

    return shards.of_run(model, stored, config, config.sample.rows or source["rows"], finish)


def most_scored(columns: int, config: RunConfig) -> float:
    """Return how many rows of so many columns the memory allowed holds."""
    return preflight.held(columns, config.resources.memory_bytes)


def stage(stored: Mapping[str, Any], staged: Path, *, format: str) -> Artifact:
    """Write stored synthetic rows into data/ of a staged release, many of them a batch at a time."""
    artifact = Artifact(**stored)
    if artifact.rows <= SHARD_ROWS:
        return write_release(read_frame(artifact), staged, format=format)
    return streaming.write_release(artifact, staged, format=format)


def describe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of the data card: labels generalised and rows clipped."""
    protected, personal = facts["protection"]["columns"].values(), columns.described(facts.get("personal") or {})
    return {
        **({"personal data": personal} if personal else {}),
        "rare labels generalised": sum(column.get("labels_generalised", 0) for column in protected),
        "rows with a clipped extreme, over all columns": small_cells.shown(
            sum(column.get("rows_clipped", 0) for column in protected)
        ),
    }
