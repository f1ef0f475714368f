"""A version becomes what readers of a target see, in one short transaction; until then, and where it fails, they see
what they saw.
"""

import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import targets, versions
from launderette.pipelines.database_sinks.contract import Sink
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.run.artifacts import LaunderError


def swap(sink: Sink, target: Target, release: str, file: pq.ParquetFile | None = None) -> list[str]:
    """Show a version to the readers of a target, and return the columns of it that the version is too old for: they
    hold nothing, or their defaults. LaunderError where the version is not there, or (given its file) where the target
    would hold other rows; Unavailable where a lock is held too long.
    """
    sink.begin()
    version = versions.name_of(target, release)
    names = sink.columns(version)
    if not names:
        raise LaunderError(
            f"expected the rows of release {release} in the database of {target.name}, found none; they were dropped, "
            "so publish another release"
        )
    found = targets.existing(sink, target)
    (sink.show if target.how == "view" else sink.replace)(target, version, names, found)
    if file is not None and target.how == "rows":
        versions.check(sink, quoted(*table_parts(target.name)), file)
    sink.commit()
    return [column.name for column in found.columns if column.name not in names and not column.is_computed]


def drop_surplus(sink: Sink, target: Target, keep: int, current: str) -> None:
    """Drop the oldest versions of a target beyond `keep`, never the current one, nor one that something depends on.
    Unavailable where somebody still reads one of them.
    """
    sink.begin()
    spare = [release for release in versions.kept(sink, target) if release != current]
    for release in spare[: max(0, len(spare) + 1 - keep)]:
        version = versions.name_of(target, release)
        if not sink.is_used(version):
            sink.drop(version)
    sink.commit()
