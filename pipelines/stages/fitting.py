"""`launder fit`: a generator trained on the whole of a protected source, outside any run."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from generators import Progress, Synthesizer
from pipelines.config import RunConfig
from pipelines.stages import announcing, images, ingestion, training


def fit(config: RunConfig, *, progress: Progress | None = None, tell: Callable[[str], None] = lambda note: None) -> Synthesizer:
    """Protect a table or images and train the configuration's generator on all of it, and tell what was settled."""
    return _on_images(config, progress, tell) if config.of_images else _on_table(config, progress, tell)


def _on_table(config: RunConfig, progress: Progress | None, tell: Callable[[str], None]) -> Synthesizer:
    frame, schema = ingestion.ingest(config)
    protected, notes = announcing.protected(config, schema, frame)
    for note in notes:
        tell(note)
    return training.train(protected, schema, config, progress=progress)


def _on_images(config: RunConfig, progress: Progress | None, tell: Callable[[str], None]) -> Synthesizer:
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        table, schema, counts = images.ingest(config, Path(folder) / "ingested")
        for reason, count in counts.items():
            if count:
                tell(f"{count:,} {reason}.")
        protected, _ = images.protect(images.read(table), rare=config.protect.rare, entity=config.split.entity)
        return images.train(protected, schema, config, progress=progress)
