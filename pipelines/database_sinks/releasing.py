"""A release in a database, beside its files: loaded aside before these are published, swapped in and rolled back with
them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from launderette.pipelines.config.places import Target
from launderette.pipelines.database_sinks import postgresql, record, sqlite, versions
from launderette.pipelines.database_sinks.contract import Sink
from launderette.pipelines.databases import addresses, failures
from launderette.pipelines.run.artifacts import LaunderError, Unavailable, digest_file

RELEASED_ROWS = Path("data", "data.parquet")
LOCK_DELAYS = [1.0, 2.0, 4.0, 8.0]  # seconds before the next attempt to get a lock


def check(
    target: Target | None,
    names: Sequence[str],
    rows: Path | None = None,
    kinds: Mapping[str, str] | None = None,
    owner: str = "",
) -> None:
    """Raise LaunderError where a release of a data set, of these columns, of these kinds, with values such as the rows
    of a Parquet file have, could not go into a target: before anything is trained. No row is sent.
    """
    if target is not None:
        failures.retried(lambda: _rehearse(target, names, rows, kinds, owner))


def _rehearse(
    target: Target, names: Sequence[str], rows: Path | None, kinds: Mapping[str, str] | None, owner: str
) -> None:
    with failures.explained(_expected("load a release beside", target)), opened(target) as sink:
        versions.check_owner(sink, target, owner)
        versions.rehearse(sink, target, names, rows, kinds)


def opened(target: Target) -> AbstractContextManager[Sink]:
    """Open the database of a target."""
    return (sqlite if target.is_file else postgresql).opened(target)


def load(target: Target | None, release: Path, id: str, owner: str = "") -> None:
    """Load the rows of a release of a data set, a folder that is staged or published, beside what readers see.
    LaunderError where they do not fit, the database holds others afterwards, or another data set releases there.
    """
    if target is None:
        return
    with suppress(LaunderError):  # what stands in the way of the next release is said where that is loaded
        _drop_unseen(target, id, owner)
    path = release / RELEASED_ROWS
    with pq.ParquetFile(path) as file, ThreadPoolExecutor(1) as pool:
        digest = pool.submit(digest_file, path)  # while a connection is made
        failures.retried(lambda: _load(target, file, id, digest, owner))


def _drop_unseen(target: Target, id: str, owner: str) -> None:
    with failures.explained(_expected("drop what failed runs have loaded beside", target)), opened(target) as sink:
        versions.drop_unseen(sink, target, id, owner)


def _load(target: Target, file: pq.ParquetFile, id: str, digest: Future[str], owner: str) -> None:
    with failures.explained(_expected("load a release beside", target)), opened(target) as sink:
        versions.load(sink, target, file, id, digest.result(), owner)


def swap(target: Target | None, output: Path, release: Path, id: str, point: Callable[[], None]) -> None:
    """Have readers see a release that is loaded; `point` has those of its files see it, and is called once nothing but
    the commit is left to do. LaunderError where that fails: they see what they saw then.

    Where it goes is noted just before `point`: who rolls back to a release whose run was killed then is to have both.
    """
    if target is None:
        return point()

    def noted() -> None:
        record.remember(output, id, target.model_dump(mode="json"))
        point()

    with pq.ParquetFile(release / RELEASED_ROWS) as file:
        failures.retried(lambda: _swap(target, id, file, noted), LOCK_DELAYS)


def drop_surplus(target: Target | None, keep: int | None, id: str) -> None:
    """Drop the oldest releases in a target beyond `keep`, never that of `id`."""
    if target is not None and keep is not None:
        with suppress(Unavailable):  # where somebody still reads an old one, the next release drops it
            _drop_surplus(target, keep, id)


def _drop_surplus(target: Target, keep: int, id: str) -> None:
    with failures.explained(_expected("drop old releases beside", target)), opened(target) as sink:
        versions.drop_surplus(sink, target, keep, id)


def _swap(
    target: Target, id: str, file: pq.ParquetFile | None = None, point: Callable[[], None] = lambda: None
) -> list[str]:
    with failures.explained(_expected("swap a release into", target)), opened(target) as sink:
        return versions.swap(sink, target, id, file, point)


def _expected(what: str, target: Target) -> str:
    return f"expected to {what} {target.name} of {addresses.shown(str(target.uri))}"


def is_shown(target: Target | None, output: Path, id: str) -> bool:
    """Tell whether a release went into a target, or there is none."""
    return target is None or record.of(output).get(id) == target.model_dump(mode="json")


def is_seen(target: Target | None, release: Path) -> bool:
    """Tell whether readers of a target see the rows of a release."""
    if target is None:
        return True
    with pq.ParquetFile(release / RELEASED_ROWS) as file:
        return failures.retried(lambda: _is_seen(target, file))


def _is_seen(target: Target, file: pq.ParquetFile) -> bool:
    with failures.explained(_expected("look at", target)), opened(target) as sink:
        return versions.is_seen(sink, target, file)


def rollback(known: Mapping[str, Any], id: str) -> list[str]:
    """Have the readers of a target, as the record has it, see a release again; return its columns that came later.
    LaunderError where its rows are gone, or that fails.
    """
    target = Target.model_validate(known)
    return failures.retried(lambda: _swap(target, id), LOCK_DELAYS)
