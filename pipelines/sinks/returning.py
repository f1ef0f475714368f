"""An earlier release beside its files again: what led it there is loaded only where it went there."""

from collections.abc import Iterator
from pathlib import Path

from launderette.pipelines.database_sinks import record
from launderette.pipelines.release.history import RELEASES


def rollback(output: Path, id: str) -> Iterator[str]:
    """Have all readers see an earlier release again, and yield a sentence on each place."""
    if table := record.of(output).get(id):
        from launderette.pipelines.database_sinks import releasing as tables  # with the drivers of databases

        later = ", ".join(map(repr, tables.rollback(table, id)))
        yield f"{table['name']} is {id} now{later and f', with nothing of that release in {later}'}."
    for name in sorted({one["name"] for one in record.of(output).values()} - {(table or {}).get("name")}):
        yield f"{name} is as it was: {id} never went there."
    if target := record.of(output, record.TARGET_OBJECTS).get(id):
        from launderette.pipelines.object_storage import releasing as objects

        objects.rollback(target, Path(output) / RELEASES / id, id)
        yield f"{target['uri']} is {id} now."
