"""Rows of a table as training rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from launderette.evaluation.models import classifiers
from launderette.evaluation.models.classifiers import Learner
from launderette.generators import Schema
from launderette.generators.data.inference import infer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities import tabular as tables
from launderette.pipelines.run.artifacts import Artifact, read_frame, write_frame
from launderette.pipelines.scoring.readable import readable
from launderette.pipelines.sources.tables import read_table
from launderette.pipelines.stages import ingestion

SPARE, STEPS, REPEATS, COMPARED = 3, None, 2, None
FILTERS = ("boosted trees", "logistic regression")


def target(config: RunConfig) -> str | None:
    """Return the column of classes."""
    return config.score.target


def inspect(config: RunConfig) -> None:
    """Read the whole table and check it; LaunderError where it cannot be augmented."""
    from launderette.pipelines.augment import steps

    frame, _ = ingestion.ingest(config)
    ingestion.check_all(len(frame), frame.attrs.get(ingestion.OF, len(frame)))
    steps.check(frame, config, Path(config.publish.to))


def read(stored: Mapping[str, Any]) -> pd.DataFrame:
    """Return an ingested table."""
    return read_frame(Artifact(**stored))


def groups(config: RunConfig, schema: Schema, stored: Mapping[str, Any]) -> pd.Series | None:
    """Return the column of entities: the stated one, else an identifier that repeats."""
    owner = tables.entity(schema, config)
    return None if owner is None else read(stored)[owner]


def read_test(config: RunConfig, path: str, train: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the table of test rows."""
    return read_table(path)


def from_files(path: Path) -> pd.DataFrame:
    """Return a table as it is in a source."""
    return read_table(path)


def write(marked: pd.DataFrame, folder: Path, format: str) -> dict[str, Any]:
    """Write real and synthetic rows with their marks to data.parquet."""
    return write_frame(marked, folder / "data.parquet").to_dict()


def data_of(rows: pd.DataFrame, target: str, kinds: Mapping[str, str]) -> tuple[pd.DataFrame, Schema]:
    """Return the rows and their schema, in which the target is categorical."""
    return rows, infer(rows, {**kinds, target: "categorical"})


def rows_of(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return what a generator drew, as it is."""
    return drawn


def for_learners(rows: pd.DataFrame, schema: Schema, target: str) -> pd.DataFrame:
    """Return the rows with numbers and dates as such, read by the schema's formats, and their classes as they are."""
    return readable(rows, schema).assign(**{target: rows[target]})


def filters(inputs: Mapping[str, str], classes: int) -> list[Learner]:
    """Return a jagged learner and a smooth one."""
    return [classifiers.learner(name, inputs, classes) for name in FILTERS]


def cross_validation(rows: pd.DataFrame) -> dict[str, Any]:
    """Return nothing: the cross-validation is made for rows of a table."""
    return {}
