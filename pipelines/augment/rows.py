"""Training rows as augmentation sees them: a frame whose cells are values of a table, or whole images; one module
per modality.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import pandas as pd

from launderette.evaluation.models.classifiers import Learner
from launderette.generators import Schema
from launderette.pipelines.config import RunConfig


class TrainingRows(Protocol):
    """What augmentation asks of a modality; the modules `<modality>_rows` of this package are such."""

    SPARE: float  # rows drawn for each row wanted where mislabelled ones are filtered out
    STEPS: int | None  # of every training where no budget is named; None for those that the generator chooses
    REPEATS: int  # of the cross-validation where none are named

    COMPARED: tuple[str, ...] | None  # columns in which a test row would equal a training row; None for all

    def target(self, config: RunConfig) -> str | None:
        """Return the column of classes."""

    def inspect(self, config: RunConfig) -> None:
        """Check classes and what is asked of them before a run starts; LaunderError where they cannot be augmented."""

    def read(self, stored: Mapping[str, Any]) -> pd.DataFrame:
        """Return ingested data as rows."""

    def groups(self, config: RunConfig, schema: Schema, stored: Mapping[str, Any]) -> pd.Series | None:
        """Return the entity that each row of ingested data belongs to, None where rows are their own."""

    def read_test(self, config: RunConfig, path: str, train: pd.DataFrame, folder: Path) -> pd.DataFrame:
        """Return the rows of a test set, as COMPARED takes them; images are decoded into `folder`."""

    def from_files(self, path: Path) -> pd.DataFrame:
        """Return rows as they are in a source: what `write` wrote, or the data of a release."""

    def write(self, marked: pd.DataFrame, folder: Path, format: str) -> dict[str, Any]:
        """Write real and synthetic rows with their marks; return path, digest and rows."""

    def data_of(self, rows: pd.DataFrame, target: str, kinds: Mapping[str, str]) -> tuple[Any, Schema]:
        """Return rows as a generator takes them, and their schema."""

    def rows_of(self, drawn: Any) -> pd.DataFrame:
        """Return what a generator drew as rows."""

    def for_learners(self, rows: pd.DataFrame, schema: Schema, target: str) -> pd.DataFrame:
        """Return rows as learners take them: numbers and dates as such, whatever they are written as."""

    def filters(self, inputs: Mapping[str, str], classes: int) -> list[Learner]:
        """Return the learners that tell mislabelled rows, by the kinds of their inputs."""

    def cross_validation(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Return what the cross-validation of such rows has of its own: learners, baselines, and what one row is
        called.
        """


def of(generator: str) -> TrainingRows:
    """Return the training rows of the modality that a generator's name begins with."""
    return cast(TrainingRows, import_module(f"launderette.pipelines.augment.{generator.partition('.')[0]}_rows"))
