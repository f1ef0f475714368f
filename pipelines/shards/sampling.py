"""A sample that is drawn in shards: beyond SHARD_ROWS rows, of a model whose rows do not depend on one another."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from launderette.generators import Synthesizer
from launderette.generators.contract import HasParts
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run.artifacts import Artifact, LaunderError, explained
from launderette.pipelines.shards import jobs
from launderette.pipelines.shards.jobs import Job, Spread
from launderette.pipelines.shards.joining import Joined
from launderette.pipelines.sinks import streaming

Finish = Callable[[pd.DataFrame], pd.DataFrame]  # identifier columns as drawn -> as they are released


@dataclass(frozen=True, eq=False)
class ShardedSample:
    """A sample to draw: its model, what is drawn of it, and what becomes of its identifier columns."""

    model: Any
    job: Job
    finish: Finish

    def draw(self, folder: Path, place: Path, spread: Spread = jobs.one_by_one) -> Artifact:
        """Draw the shards that are not below `folder` yet, join them at `place`, and remove them.

        Rows and bytes depend on the job alone: not on who draws which shard, nor when. LaunderError where hardly a row
        meets what is asked.
        """
        job, digest = self.job.write(folder)
        spread(jobs.draw, job, digest, list(jobs.missing(job, self.job.shards)))
        found = self.joined([jobs.path_of(job, k) for k in range(self.job.shards)]).write(place)
        shutil.rmtree(folder, ignore_errors=True)
        return found

    def joined(self, shards: Sequence[Path]) -> Joined:
        """Return the rows of all shards with their identifiers; LaunderError where a shard is missing."""
        if gone := sum(not path.exists() for path in shards):
            raise LaunderError(
                f"expected {len(shards)} shards of the sample, found that {gone} are missing; run again to draw these"
            )
        identifiers = self.model.identifiers(self.job.rows, seed=self.job.seed)
        return Joined(shards, self.finish(identifiers), self.model.schema.names)


def is_sharded(model: Synthesizer, rows: int) -> bool:
    """Tell whether a sample is drawn in shards."""
    return rows > jobs.SHARD_ROWS and isinstance(model, HasParts)


def write_output(model: Any, rows: int, output: Path, *, seed: int, **asked: Any) -> None:
    """Draw many rows in this process and write them to a file or a folder of parts, whole or not at all, with few of
    them in memory at a time. LaunderError where hardly a row meets what is asked.
    """
    job = Job("", "", seed, rows, **asked)
    with explained(output), tempfile.TemporaryDirectory(dir=output.resolve().parent, prefix=".shards-") as folder:
        for k in range(job.shards):
            jobs.write_table(jobs.drawn(model, job, k), Path(folder) / f"{k}.arrow")
        shards = [Path(folder) / f"{k}.arrow" for k in range(job.shards)]
        streaming.write_output(ShardedSample(model, job, lambda drawn: drawn).joined(shards), output)


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
