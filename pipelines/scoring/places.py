"""What is scored from databases and objects: each is copied, for as long as it is scored, into a file as any other."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from launderette.pipelines import config
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import setting
from launderette.pipelines.databases import addresses
from launderette.pipelines.sources import remote

OF_DATABASES = ("query", "user", "password")  # keys of the training source that hold for another database too


def table_of(source: str) -> tuple[str, str]:
    """Return the address of a database without its table, and the table: `postgresql://host/shop#public.people`; a
    path as it is, and "".
    """
    uri, _, table = source.partition("#") if addresses.is_database(source) else (source, "", "")
    return uri, table


def name_of(source: str) -> str:
    """Return what a source is called: a table, or the stem of a path."""
    uri, table = table_of(source)
    return addresses.table_parts(table)[-1] if table else Path(uri).stem


@contextmanager
def at_hand(sources: Sequence[str | None], settings: RunConfig) -> Iterator[list[str | None]]:
    """Yield the paths of sources, None for none: of databases and objects those of copies that are gone after the
    block. LaunderError for what cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        yield [source and _copied(source, settings, Path(folder)) for source in sources]


def _copied(source: str, settings: RunConfig, folder: Path) -> str:
    if not (addresses.is_database(source) or addresses.is_objects(source)):
        return source
    uri, table = table_of(source)
    keys = {"table": table or settings.source.table} if addresses.is_database(source) else {}
    if settings.source.uri and keys:
        keys |= {key: getattr(settings.source, key) for key in OF_DATABASES if not (table and key == "query")}
    loaded = config.load(uri, [setting(f"source.{key}", value) for key, value in keys.items() if value is not None])
    return remote.fetch(settings.model_copy(update={"source": loaded.source}), folder)[0]
