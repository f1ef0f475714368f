"""Where a release goes beside its files: a table of a database, objects of a storage, both or none."""

from collections.abc import Callable, Mapping
from pathlib import Path

from launderette.pipelines.config.places import Publish
from launderette.pipelines.database_sinks import releasing as tables
from launderette.pipelines.object_storage import releasing as objects
from launderette.pipelines.release import history


def check(publish: Publish, kinds: Mapping[str, str], rows: Path | None, owner: str) -> None:
    """Raise LaunderError where a release of a data set (`owner`, see `lease.identity`), of these columns, by their
    kinds, with values such as the rows of a Parquet file have, could not go everywhere that it is to go.
    """
    tables.check(publish.table, [*kinds], rows, kinds, owner)
    objects.check(publish.objects, owner)


def load(publish: Publish, staged: Path, id: str, owner: str) -> None:
    """Load a release of a data set beside what readers see. LaunderError where that fails; nothing has changed for
    them then.
    """
    tables.load(publish.table, staged, id, owner)
    objects.load(publish.objects, staged, id, owner)


def swap(publish: Publish, id: str, release: Path, point: Callable[[], None]) -> None:
    """Have readers of a table see a release that is loaded; `point` has those of its files see it, at the same time."""
    tables.swap(publish.table, Path(publish.to), release, id, point)


def show(publish: Publish, release: Path, id: str) -> None:
    """Have readers of objects see a release that readers of its table and of its files see, and drop what is beyond
    `keep`.
    """
    output = Path(publish.to)
    tables.drop_surplus(publish.table, publish.keep, id)
    objects.show(publish.objects, output, release, id, publish.keep)


def is_shown(publish: Publish, id: str) -> bool:
    """Tell whether a release went everywhere that it is to go and, where it is the current one, is still there: readers
    may have lost a view that somebody has dropped.
    """
    output = Path(publish.to)
    went = tables.is_shown(publish.table, output, id) and objects.is_shown(publish.objects, output, id)
    if not went or history.current(output) != id:
        return went
    release = output / history.RELEASES / id
    return tables.is_seen(publish.table, release) and objects.is_seen(publish.objects, release, id)
