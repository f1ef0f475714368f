"""Training: the chosen generator on the training rows."""

from pathlib import Path

import pandas as pd

import generators
from generators import Budget, Progress, Schema, Synthesizer
from pipelines.config import RunConfig


def train(
    frame: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Synthesizer:
    """Fit the configuration's generator; `checkpoint` is a folder that a killed run continues from. ValueError as in fit."""
    return generators.fit(
        frame,
        config.generator.name,
        schema=schema,
        seed=config.seed,
        device=config.device,
        budget=Budget(config.budget.steps, config.budget.minutes),
        progress=progress,
        checkpoint=checkpoint,
        **config.generator.options,
    )
