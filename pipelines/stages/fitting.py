"""`launder fit`: a generator trained on the whole of a protected source, outside any run."""

import tempfile
from pathlib import Path

from generators import Progress, Synthesizer
from pipelines.config import RunConfig
from pipelines.stages import images, ingestion, protection, training


def fit(config: RunConfig, *, progress: Progress | None = None) -> Synthesizer:
    """Protect a table or images and train the configuration's generator on all of it. ValueError as in the stages."""
    return (_on_images if config.of_images else _on_table)(config, progress)


def _on_table(config: RunConfig, progress: Progress | None) -> Synthesizer:
    frame, schema = ingestion.ingest(config)
    protected, _ = protection.protect(frame, schema, rare=config.protect.rare, extremes=config.protect.extremes, entity=config.split.entity)
    return training.train(protected, schema, config, progress=progress)


def _on_images(config: RunConfig, progress: Progress | None) -> Synthesizer:
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        table, schema, _ = images.ingest(config, Path(folder) / "ingested")
        protected, _ = images.protect(images.read(table), rare=config.protect.rare, entity=config.split.entity)
        return images.train(protected, schema, config, progress=progress)
