"""Smaller chunks of drawn rows: what is asked of rows is the same, and a few of them are drawn soon."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from generators.sampling import conditioning, imputation, rows
from generators.tabular import autoencoder, autoregressive, gan, marginals

MODULES = conditioning, imputation, rows, autoencoder, autoregressive, gan, marginals
RAKED_CHUNKS = 4  # as of the usual size


@contextmanager
def of_rows(size: int) -> Iterator[None]:
    """Draw so many rows at once inside the block, on a CPU."""
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "CHUNK_ROWS", size)
        patch.setattr(gan, "RAKING_ROWS", RAKED_CHUNKS * size)
        yield
