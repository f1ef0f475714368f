"""Sources that are not files here: databases and objects, each copied once into a file or folder, which is a source as
any other from there on.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launderette.pipelines.config import RunConfig
from launderette.pipelines.databases import failures
from launderette.pipelines.databases import fetching as databases
from launderette.pipelines.object_storage import downloading as objects
from launderette.pipelines.run.artifacts import explained
from launderette.pipelines.run.caching import WORK

GONE = ("uri", "table", "query", "user", "password")  # keys that say nothing of a copy


def fetched(config: RunConfig, folder: Path | None = None) -> tuple[RunConfig, list[str]]:
    """Return the configuration with a copy of its source, and what is to be said of how it was read; as it is where its
    source is here. Else as `fetch`.
    """
    if not config.source.is_remote:
        return config, []
    path, notes = fetch(config, folder)
    return with_copy(config, path), notes


def fetch(config: RunConfig, folder: Path | None = None) -> tuple[str, list[str]]:
    """Copy a source below `folder` (None for work/), where it is known by its digest; return its path and what is to be
    said of how it was read.

    LaunderError for what cannot be read; Unavailable after several attempts.
    """
    place = Path(config.publish.to, WORK) if folder is None else folder
    with explained(place):
        place.mkdir(parents=True, exist_ok=True)
        os.chmod(place, 0o700)
    if config.source.uri is not None:
        path, notes = failures.retried(lambda: databases.read(config, place))
    else:
        path, notes = failures.retried(lambda: objects.read(config.source, place))
    return str(path), notes


def with_copy(config: RunConfig, path: str) -> RunConfig:
    """Return the configuration with a copy of its source. LaunderError where its generator is none for such data."""
    from launderette.pipelines import modalities

    copied = config.source.model_copy(update={"path": path} | dict.fromkeys(GONE))
    return modalities.settled(config.model_copy(update={"source": copied}))


@contextmanager
def at_hand(config: RunConfig) -> Iterator[tuple[RunConfig, list[str]]]:
    """Yield what `fetched` returns, with the copy in a folder that is gone after the block."""
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        yield fetched(config, Path(folder))
