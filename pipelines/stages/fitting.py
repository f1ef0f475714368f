"""`launder fit`: a generator trained on the whole of a protected source, outside any run."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from launderette.generators import Progress, Synthesizer
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.privacy import spending
from launderette.pipelines.search import checks


def fit(
    config: RunConfig, *, progress: Progress | None = None, tell: Callable[[str], None] = lambda note: None
) -> Synthesizer:
    """Protect a source and train the configuration's generator on all of it, and tell what was guessed before; what was
    learnt under a budget, once it is charged. ValueError as in the stages.
    """
    checks.check_one(config, "launder fit")
    modality = modalities.of(config)
    spending.check(config)
    with tempfile.TemporaryDirectory() as folder, spending.charged(config):  # a folder of its owner alone
        found = modality.ingest(config, Path(folder) / "ingested")
        protected = modality.protect(found.data, found.schema, config)
        notes = (*found.notes, *protected.notes)
        for note in notes if config.privacy is None else ():
            tell(note)
        model = modality.train(protected.data, found.schema, config, progress=progress)
    spending.remember_model(config, model.record.get("ledger"))
    for note in notes if config.privacy is not None else ():
        tell(note)
    return model
