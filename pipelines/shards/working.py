"""What a worker does of a job, in a module that imports no more than a worker needs: silent about rows, as all of it is
that Prefect or Ray could store.
"""

import traceback
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from launderette.pipelines.run.artifacts import LaunderError, failure, is_ours
from launderette.pipelines.shards.jobs import Shard, opened

HERE = Path(__file__).resolve().parents[2]
OURS = tuple(str(HERE / name) for name in ("pipelines", "generators", "evaluation"))


def part(shard: Shard, job: str, digest: str, k: int) -> dict[str, Any]:
    """Do one part of a job, such as its shard k, on one of this machine's cores."""
    with redacted():
        torch.set_num_threads(1)  # its process has one core of several
        return shard(job, digest, k)


def wrong(job: str, digest: str) -> str:
    """Return what this worker lacks for a job, in a sentence; an empty one where it has all."""
    try:
        with redacted():
            opened(job, digest)
    except LaunderError as error:
        return str(error)
    return ""


class redacted:
    """Let only sentences of ours out of a block; anything else becomes its type and the line of our code that it came
    through.

    Warnings of libraries are kept in as well: they may quote a value too.
    """

    def __enter__(self) -> None:
        self._quiet = warnings.catch_warnings(action="ignore")
        self._quiet.__enter__()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._quiet.__exit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, LaunderError):
            raise _redacted(error, trace) from None


def _redacted(error: Exception, trace: TracebackType | None) -> LaunderError:
    if isinstance(error, OSError):
        return failure(f"expected to read or write {error.filename or 'a file'}", error)
    if is_ours(error):
        return LaunderError(str(error))
    own = [frame for frame in traceback.extract_tb(trace) if frame.filename.startswith(OURS)]
    place = f"{Path(own[-1].filename).relative_to(HERE)}:{own[-1].lineno}" if own else "a library"
    found = f"{type(error).__name__} (its text may hold data and is not shown)"
    return LaunderError(f"expected {place} to work, found {found}; run with --debug to see it")
