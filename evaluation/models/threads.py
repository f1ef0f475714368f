"""One thread: the same bytes on any number of cores, and no learner that waits for a core others are using."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def single() -> Iterator[None]:
    """Keep torch, BLAS and OpenMP on one thread. Sums split over threads round differently; many small fits gain
    little from them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
