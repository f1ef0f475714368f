"""A run on one table under a privacy budget: as on any table, but that nothing looks at rows beside the ledger.

What the configuration states stands for the schema. Training rows are seen by the generator's paid questions alone;
every score compares synthetic rows with two halves of the holdout, which the ledger does not protect.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities import private, tabular
from launderette.pipelines.modalities.contract import Ingest, Ingested
from launderette.pipelines.privacy import public, splitting, telling
from launderette.pipelines.run.artifacts import Artifact
from launderette.pipelines.shards import sampling as shards
from launderette.pipelines.shards.sampling import ShardedSample
from launderette.pipelines.stages import sampling, training
from launderette.pipelines.stages.training import Watched
from launderette.pipelines.templates import private_tables

GENERATOR = public.PRIVATE_GENERATOR
draft = private_tables.draft

# as in all runs under a budget
REPEATED_UNDER = private.REPEATED_UNDER
entity = private.entity
compare = private.compare
propose_rules = private.propose_rules
protect = private.protect
counted = private.counted
shared = private.shared

# as in any run on tables: nothing of it looks at training rows before a model has its ledger
NAME = tabular.NAME
SOURCE = tabular.SOURCE
UNIT = tabular.UNIT
PROTECTED = tabular.PROTECTED
LIKELIHOOD = tabular.LIKELIHOOD
RANKED = tabular.RANKED
COMPARED_BY = tabular.COMPARED_BY
ATTACKED_BY = tabular.ATTACKED_BY
check_output = tabular.check_output
check_sampling = tabular.check_sampling
check_source = tabular.check_source
digest_source = tabular.digest_source
losses = tabular.losses
most_scored = tabular.most_scored
recognises = tabular.recognises
score_sources = tabular.score_sources
write_output = tabular.write_output


def check_config(config: RunConfig) -> None:
    """Raise LaunderError for what no guarantee allows, or for a column of which too little is stated."""
    tabular.check_config(config)
    public.check(config)


def inspect(config: RunConfig, ingest: Ingest | None = None) -> list[str]:
    """Read the table and return what becomes of values outside the stated domain, in counts for inside only."""
    return public.check_source(config)


def ingest(config: RunConfig, folder: Path, work: Path | None = None) -> Ingested:
    """Read the source into its domain. Of a stated one nothing is said, for what is said may leave; what was learnt of
    another was told with noise.
    """
    frame, schema, notes = public.read(config)
    return Ingested(frame, schema, notes=notes if public.learns(config) else ())


def store(frame: pd.DataFrame, place: Path) -> dict[str, Any]:
    """Write a frame beside `place` as Parquet; return path, digest, rows and what was learnt of its columns."""
    learnt = frame.attrs.get(public.LEARNT)
    return tabular.store(frame, place) | ({public.LEARNT: learnt} if learnt else {})


def read(stored: Mapping[str, Any]) -> pd.DataFrame:
    """Read what `store` wrote; LaunderError where it is gone or another one."""
    frame = tabular.read({key: value for key, value in stored.items() if key != public.LEARNT})
    if public.LEARNT in stored:
        frame.attrs[public.LEARNT] = stored[public.LEARNT]
    return frame


def split(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that the ledger protects and those of the scores, the side of each row or entity by itself."""
    held, owner = config.split.share, config.split.column
    return splitting.split(frame, holdout=held, entity=owner)


def train(frame: pd.DataFrame, schema: Schema, config: RunConfig, **watched: Unpack[Watched]) -> Synthesizer:
    """Fit the generator within the budget; its model holds the ledger."""
    owner = config.split.column
    owners = None if owner is None else frame[owner]
    privacy = public.guarantee(config, frame.attrs.get(public.LEARNT))
    return training.train(frame[schema.names], config, owners=owners, privacy=privacy, **watched)


def sample(model: Synthesizer, config: RunConfig, source: pd.DataFrame) -> pd.DataFrame:
    """Draw rows as the section `sample` asks, else as many as were trained on by the model's noisy count."""
    return sampling.sample(model, config, model.record["rows"])


def in_shards(
    model: Synthesizer, stored: Mapping[str, Any], config: RunConfig, source: Mapping[str, Any]
) -> ShardedSample | None:
    """Return the sample in shards, where it is of as many rows; of the source nothing is looked at."""
    rows = config.sample.rows or model.record["rows"]
    return shards.of_run(model, stored, config, rows, lambda identifiers: identifiers)


def stage(stored: Mapping[str, Any], staged: Path, *, format: str) -> Artifact:
    """Write stored synthetic rows into data/ of a staged release, as of any table."""
    return tabular.stage({key: value for key, value in stored.items() if key != public.LEARNT}, staged, format=format)


def describe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of the data card: what is guaranteed, to whom, and what is taken to be known."""
    columns = ", ".join(facts["ledger"]["public"]) or "no column"
    return telling.card(facts["ledger"], known=f"kind, format, bounds and categories of {columns}")


def score(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    model: Synthesizer | None = None,
    names: Sequence[str] | None = None,
) -> Report:
    """Score synthetic rows against one half of the holdout, with the other as what real rows reach; no training row is
    looked at. What was spent stands in place of attacks, which would have nothing to recognise.
    """
    halves = splitting.halves(holdout, entity=config.split.column)
    train, holdout = (side[schema.names] for side in halves)
    report = tabular.score(train, holdout, synthetic, schema, config, None, names=private.scored(names, NAME))
    report.scores[telling.SPENT] = telling.score(model)
    return report
