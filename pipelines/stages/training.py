"""Training: the configuration's generator on protected data of either kind."""

from pathlib import Path
from typing import TypedDict, Unpack

import pandas as pd

from launderette import generators
from launderette.generators import Budget, Images, Privacy, Progress, Schema, Synthesizer
from launderette.pipelines.config import RunConfig


class Watched(TypedDict, total=False):
    """How a training is watched, and continued after a kill."""

    checkpoint: Path | None  # a folder that a killed run continues from
    progress: Progress | None


def train(
    data: pd.DataFrame | Images,
    config: RunConfig,
    *,
    schema: Schema | None = None,
    owners: pd.Series | None = None,
    privacy: Privacy | None = None,
    **watched: Unpack[Watched],
) -> Synthesizer:
    """Fit the generator; `owners` [rows] names the entity of each row, `schema` is read off the data where None, and
    `privacy` is a guarantee to keep, whose ledger the model holds. ValueError as in generators.fit.
    """
    return generators.fit(
        data,
        config.generator.name,
        schema=schema,
        seed=config.seed,
        device=config.device,
        budget=Budget(**config.budget.model_dump()),
        privacy=privacy,
        groups=owners,
        **watched,
        **config.generator.options,
    )
