"""A sample that is drawn in shards: beyond SHARD_ROWS rows, of a model whose rows do not depend on one another."""

import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from launderette.generators import Synthesizer
from launderette.generators.contract import HasParts
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run.artifacts import Artifact, LaunderError, explained
from launderette.pipelines.shards import jobs, preflight
from launderette.pipelines.shards.jobs import Job, Spread
from launderette.pipelines.shards.joining import JOINED_ROWS, Joined, flags
from launderette.pipelines.shards.preflight import Ahead
from launderette.pipelines.sinks import streaming

Finish = Callable[[pd.DataFrame], pd.DataFrame]  # identifier columns as drawn -> as they are released


@dataclass(frozen=True, eq=False)
class ShardedSample:
    """A sample to draw: its model, what is drawn of it, and what becomes of its identifier columns."""

    model: Any
    job: Job
    finish: Finish

    def draw(self, folder: Path, place: Path, spread: Spread = jobs.one_by_one, memory: float = math.inf) -> Artifact:
        """Draw the shards that are not below `folder` yet, join them at `place`, and remove them.

        Rows and bytes depend on the job alone: not on who draws which shard, nor when. LaunderError where hardly a row
        meets what is asked, and where the disk or the memory allowed (bytes) will not do: told by the first shard.
        """
        job, digest = self.job.write(folder)
        self._ahead(partial(self._first, job, digest)).check(folder, memory)
        spread(jobs.draw, job, digest, list(jobs.missing(job, self.job.shards)))
        found = self.joined([jobs.path_of(job, k) for k in range(self.job.shards)]).write(place)
        shutil.rmtree(folder, ignore_errors=True)
        return found

    def _first(self, job: str, digest: str) -> Path:
        jobs.draw(job, digest, 0)
        return jobs.path_of(job, 0)

    def _drawn(self, folder: Path, k: int) -> Path:
        """Draw a shard with the model in memory, which no other process has to open."""
        place = folder / f"{k:06d}.arrow"
        jobs.write_table(jobs.drawn(self.model, self.job, k), place)
        return place

    def _ahead(self, first: Callable[[], Path]) -> Ahead:
        """Draw the first shard, and tell by it what the others take."""
        return preflight.after(self.job.rows, self.job.shards, first, JOINED_ROWS // self.job.size)

    def joined(self, shards: Sequence[Path]) -> Joined:
        """Return the rows of all shards with their identifiers; LaunderError where a shard is missing."""
        if gone := sum(not path.exists() for path in shards):
            raise LaunderError(
                f"expected {len(shards)} shards of the sample, found that {gone} are missing; run again to draw these"
            )
        identifiers = self.model.identifiers(self.job.rows, flags(shards, self.model.schema.names), seed=self.job.seed)
        return Joined(shards, self.finish(identifiers), self.model.schema.names)


def is_sharded(model: Synthesizer, rows: int) -> bool:
    """Tell whether a sample is drawn in shards."""
    return rows > jobs.SHARD_ROWS and isinstance(model, HasParts)


def write_output(model: Any, rows: int, output: Path, tell: Callable[[str], None], *, seed: int, **asked: Any) -> None:
    """Draw many rows in this process and write them to a file or a folder of parts, whole or not at all, with few of
    them in memory at a time; tell what is ahead. LaunderError where hardly a row meets what is asked, or the disk will
    not hold them.
    """
    sample = ShardedSample(model, Job("", "", seed, rows, **asked), lambda drawn: drawn)
    with explained(output), tempfile.TemporaryDirectory(dir=output.resolve().parent, prefix=".shards-") as folder:
        ahead = sample._ahead(lambda: sample._drawn(Path(folder), 0))
        ahead.check(output.resolve().parent)
        tell(ahead.sentence())
        for k in range(1, sample.job.shards):
            sample._drawn(Path(folder), k)
        streaming.write_output(sample.joined(sorted(Path(folder).iterdir())), output)


def of_run(
    model: Synthesizer, stored: Mapping[str, Any], config: RunConfig, rows: int, finish: Finish
) -> ShardedSample | None:
    """Return the sample of a run in shards, of a model as `stored`; None where it is drawn as one: one in stated shares
    of a column is, whose rows are mixed at last.
    """
    if config.sample.weights or not is_sharded(model, rows):
        return None
    asked = dict(config.sample.where), tuple(config.sample.constraints or ())
    return ShardedSample(model, Job(stored["path"], stored["digest"], config.seed, rows, *asked), finish)


def whole(model: Synthesizer, stored: Mapping[str, Any], config: RunConfig, source: Mapping[str, Any]) -> None:
    """Return None: no sample of this kind of data is drawn in shards."""
