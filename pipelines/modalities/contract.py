"""What a modality offers: every place where a run on tables differs from one on images, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Unpack

import numpy as np

from launderette.evaluation.divided import Repeats
from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.drift.findings import Drifted
from launderette.pipelines.run.artifacts import Artifact
from launderette.pipelines.shards.sampling import ShardedSample
from launderette.pipelines.stages.training import Watched
from launderette.pipelines.templates.filling import Draft

Data = Any  # a frame, or an image sample
Ingest = Callable[[], Mapping[str, Any]]  # does the first step of a run, and returns its result


@dataclass(frozen=True, eq=False)
class Ingested:
    """A source as data, the schema that everything after it goes by, counts of what was passed over, what was guessed,
    and of a source of which a part was read, how many rows it has and the stored identifiers of all.
    """

    data: Data
    schema: Schema
    passed_over: Mapping[str, int] = field(default_factory=dict)  # by reason
    notes: Sequence[str] = ()  # sentences, each with the line of configuration that changes it
    personal: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by column: kind, confidence, evidence
    whole: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Protected:
    """Data to train on, counts of what was taken out or generalised, and what of it has to be said."""

    data: Data
    record: dict[str, Any]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ScoredSources:
    """Files made anywhere that are to be scored, and what is known of how they were made."""

    train: str
    holdout: str | None
    synthetic: str
    model: Synthesizer | None = None  # that whoever attacks knows
    features: Path | None = None  # an ONNX file of the network that sees images
    strict: bool = False  # LaunderError where anything is left out of the report


class Modality(Protocol):
    """The stages of a run on one kind of data; a module of this package is one.

    Each function raises LaunderError, or ValueError as the generator or the evaluation does, for what it cannot work
    with.
    """

    NAME: str  # its folder in generators/
    SOURCE: str  # what a source of it is called in sentences: "a table"
    UNIT: str  # what is counted in sentences: "rows"
    PROTECTED: Mapping[str, str]  # what a ledger calls what is protected, by `privacy.unit`
    GENERATOR: str  # the generator of a configuration that names none
    LIKELIHOOD: str  # the method by which a model of it tells a likelihood, where its family has one
    COMPARED_BY: str  # the metric of how like unseen data is what a generator draws, by which generators are compared
    ATTACKED_BY: str  # the metric of what whoever holds a model tells of its training data
    RANKED: bool  # whether reports on it can be ranked against each other
    REPEATED_UNDER: float  # units of fewer than which a run repeats on further divisions of them; 0 for never

    def recognises(self, path: str | Path) -> bool:
        """Tell whether a source holds data of this kind."""

    def check_config(self, config: RunConfig) -> None:
        """Raise LaunderError for what a configuration cannot ask of this kind of data."""

    def check_source(self, path: str | Path) -> None:
        """Raise LaunderError where a source lacks what this kind of data has to have."""

    def digest_source(self, path: str | Path) -> str:
        """Return the SHA-256 of a source."""

    def inspect(self, config: RunConfig, ingest: Ingest | None = None) -> Sequence[str]:
        """Check source and configuration before a run starts, as cheaply as this kind of data allows; return what
        was guessed, or is ahead. `ingest` does the first step of a run, for data that have to be read whole.
        """

    def ingest(self, config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
        """Read the source; what does not fit into memory goes below `folder`, a key that is made is kept in `work`."""

    def store(self, data: Data, place: Path) -> dict[str, Any]:
        """Write data at `place` (a folder, or a file once it has a suffix); return path, digest and rows."""

    def read(self, stored: Mapping[str, Any]) -> Data:
        """Read what `store` wrote; LaunderError where it is gone or another one."""

    def entity(self, schema: Schema, config: RunConfig) -> str | None:
        """Return the column whose equal values stay together: the stated one, or one that is found."""

    def compare(
        self, before: Data | None, data: Data, old: Schema, schema: Schema, rows: Sequence[int] = ()
    ) -> Sequence[Drifted]:
        """Return what has changed since the data (None where they are gone) and the schema of the last release; `rows`
        are those of both sources where only a part of one was read.
        """

    def propose_rules(self, data: Data, schema: Schema, config: RunConfig) -> Proposals:
        """Return constraints and combinations that the training part of data keeps, none where the configuration states
        its own.
        """

    def draft(
        self,
        found: Ingested,
        source: str,
        config: RunConfig,
        settings: Sequence[str],
        rules: Proposals,
        entity: str | None,
    ) -> Draft:
        """Return the configuration that `launder init` writes of a source and `a.b=value` settings, and says."""

    def protect(self, data: Data, schema: Schema, config: RunConfig) -> Protected:
        """Take out or generalise what would single somebody out."""

    def split(self, data: Data, schema: Schema, config: RunConfig) -> tuple[Data, Data]:
        """Return training data and a holdout, all of an entity on one side."""

    def counted(self, train: Data, holdout: Data, schema: Schema, config: RunConfig) -> Schema:
        """Return the schema to train by: with what enough units of both sides share, though few of those trained on."""

    def shared(self, train: Data, holdout: Data) -> int:
        """Return how many held-out units equal a training unit: copies that chance has made."""

    def train(self, data: Data, schema: Schema, config: RunConfig, **watched: Unpack[Watched]) -> Synthesizer:
        """Fit the configuration's generator."""

    def sample(self, model: Synthesizer, config: RunConfig, source: Data) -> Data:
        """Draw sample.rows units, else as many as the source has, as the section `sample` asks; no identifier is
        one of its own.
        """

    def in_shards(
        self, model: Synthesizer, stored: Mapping[str, Any], config: RunConfig, source: Mapping[str, Any]
    ) -> ShardedSample | None:
        """Return what `sample` would draw of a stored model and a stored source in shards; None where it is drawn as
        one.
        """

    def most_scored(self, columns: int, config: RunConfig) -> float:
        """Return how many drawn units of so many columns the memory allowed holds while they are scored."""

    def score(
        self,
        train: Data,
        holdout: Data,
        synthetic: Data,
        schema: Schema,
        config: RunConfig,
        model: Synthesizer | None = None,
        names: Sequence[str] | None = None,
        **repeats: Repeats,
    ) -> Report:
        """Score synthetic data against both real sides, and against whoever holds the model, by the metrics of these
        names (None for all); of fewer than REPEATED_UNDER units `repeats` are given too.
        """

    def losses(self, model: Synthesizer, train: Data, data: Data) -> np.ndarray | None:
        """Return the model's loss of each unit of data, infinite for one that it could not draw; None for a model
        without one. `train` is what the model learned from.
        """

    def score_sources(self, sources: ScoredSources, settings: RunConfig) -> tuple[Report, Sequence[str]]:
        """Score files made anywhere; return the report, and what was left out of it."""

    def stage(self, stored: Mapping[str, Any], staged: Path, *, format: str) -> Artifact:
        """Write stored synthetic data into data/ of a staged release, in bounded memory where its kind allows that."""

    def describe(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the lines of the report's data card about ingestion and protection."""

    def check_output(self, path: Path) -> None:
        """Raise LaunderError for a place that `write_output` has no format for."""

    def check_sampling(self, asked: Mapping[str, Any]) -> None:
        """Raise LaunderError for what cannot be asked of a draw of this kind of data."""

    def write_output(self, drawn: Any, path: Path) -> None:
        """Write what a model drew to a file or folder of the user's, whole or not at all."""
