"""Shards of a sample: shard k is a function of the model's digest, the seed, what rows must meet, and k.

A job is a folder that all workers see: `job.json` says what is drawn, and each shard is a file beside it, written whole
or not at all, so that whoever draws a shard twice, or beside another worker, does no harm. What passes between
processes is the path and the digest of the job and the number of a shard: never a row, nor a condition.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from launderette import generators
from launderette.generators.contract import HasParts
from launderette.generators.devices import device
from launderette.pipelines.run.artifacts import (
    LaunderError,
    atomic_write,
    check_unchanged,
    code_digest,
    digest_file,
    digest_of,
    read_json,
    restated,
    to_table,
    write_json,
)

SHARD_ROWS = 1 << 17  # rows; a whole number of the chunks that rows are drawn in, so that none is drawn twice
JOB = "job.json"
Shard = Callable[[str, str, int], dict[str, Any]]  # path and digest of a job, number of a shard -> its facts
Done = Callable[[int], object]  # is told the number of each part that is done


def unasked(k: int) -> None:
    """Nobody asks what is done."""


class Spread(Protocol):
    """Has a function called for each of the numbers, and tells which are done."""

    def __call__(
        self, shard: Shard, job: str, digest: str, numbers: Sequence[int], /, done: Done = unasked
    ) -> None: ...


@dataclass(frozen=True)
class Job:
    """What is drawn: a model by path and digest, a seed, a number of rows, and what each of them must meet."""

    model: str
    digest: str
    seed: int
    rows: int
    where: Mapping[str, Any] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    size: int = field(default_factory=lambda: SHARD_ROWS)  # rows of a shard

    @property
    def shards(self) -> int:
        return -(-self.rows // self.size)

    def part(self, k: int) -> range:
        """Return which rows are in shard k."""
        return range(k * self.size, min(self.rows, (k + 1) * self.size))

    def write(self, folder: Path) -> tuple[str, str]:
        """Write it into a folder of its own below `folder`, known by all that its rows depend on; return path and
        digest of what says so.
        """
        document = {**asdict(self), **versions()}
        own = {key: value for key, value in document.items() if key != "model"}  # a model may lie elsewhere
        place = folder / digest_of(own)[:16] / JOB
        write_json(place, document)
        return str(place), digest_file(place)


def path_of(job: str, k: int) -> Path:
    """Return the file of a shard."""
    return Path(job).with_name(f"{k:06d}.arrow")


def draw(job: str, digest: str, k: int) -> dict[str, Any]:
    """Draw shard k of a job into its file, unless it is there; return its number and its rows.

    LaunderError where this machine does not see the job or its model, or has other code than the one that asked.
    """
    asked, model = _opened(job, digest)
    if not path_of(job, k).exists():
        with atomic_write(path_of(job, k)) as aside:
            write_table(drawn(model, asked, k), aside)
    return {"shard": k, "rows": len(asked.part(k))}


def drawn(model: HasParts, job: Job, k: int) -> Any:
    """Return the rows of a shard as a frame, without identifier columns."""
    with restated():
        return model.sample_part(job.part(k), seed=job.seed, where=job.where, constraints=job.constraints)


def opened(job: str, digest: str) -> dict[str, Any]:
    """Return what a job says; LaunderError where this machine does not see it, or has other code than the one that
    asked.
    """
    _check_shared(Path(job))
    check_unchanged(job, digest)
    document = read_json(job)
    if {key: document.pop(key) for key in ("code", "versions")} != versions():
        raise LaunderError(
            "expected the same launderette, torch, numpy, pandas and instructions of the CPU on every worker, found "
            "another version on one; install the same there"
        )
    return document


def _check_shared(path: Path) -> None:
    if not path.exists():
        raise LaunderError(
            f"expected the folder of the run, {path.parent}, on every worker, found that one lacks {path.name} there; "
            "share it under the same path"
        )


@lru_cache(maxsize=1)  # a worker draws many shards of one job
def _opened(job: str, digest: str) -> tuple[Job, Any]:
    document = opened(job, digest)
    asked = Job(**document | {"constraints": tuple(document["constraints"])})
    _check_shared(Path(asked.model))
    check_unchanged(asked.model, asked.digest)
    return asked, generators.open_model(asked.model)


def versions() -> dict[str, Any]:
    """Return what has to be the same on every worker: the code, and the libraries by which rows could differ."""
    libraries = ("launderette", "torch", "numpy", "pandas", "pyarrow")
    found = {name: _version(name) for name in libraries} | {"cpu": device.instructions()}
    return {"code": code_digest(), "versions": found}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # of a checkout
        return None


def one_by_one(shard: Shard, job: str, digest: str, numbers: Sequence[int], done: Done = unasked) -> None:
    """Draw the shards in this process, in which torch's own threads use the cores."""
    for k in numbers:
        shard(job, digest, k)
        done(k)


def missing(job: str, count: int) -> Iterator[int]:
    """Return the numbers of the shards that are not there."""
    return (k for k in range(count) if not path_of(job, k).exists())


def write_table(frame: Any, path: Path) -> None:
    """Write a frame as Arrow's own format, packed lightly: it is read once and thrown away."""
    from pyarrow import feather

    feather.write_feather(to_table(frame), str(path), compression="lz4")
