"""Training: the configuration's generator on protected data of either kind."""

from pathlib import Path

import pandas as pd

from launderette import generators
from launderette.generators import Budget, Images, Progress, Schema, Synthesizer
from launderette.pipelines.config import RunConfig


def train(
    data: pd.DataFrame | Images,
    config: RunConfig,
    *,
    schema: Schema | None = None,
    owners: pd.Series | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Synthesizer:
    """Fit the generator; `owners` [rows] names the entity of each row, `schema` is read off the data where None.

    `checkpoint` is a folder that a killed run continues from. ValueError as in fit.
    """
    return generators.fit(
        data,
        config.generator.name,
        schema=schema,
        seed=config.seed,
        device=config.device,
        budget=Budget(**config.budget.model_dump()),
        progress=progress,
        checkpoint=checkpoint,
        groups=owners,
        **config.generator.options,
    )
