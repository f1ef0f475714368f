"""Seeds: independent streams by name, and uniforms that belong to a row whatever batch it is drawn in."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from launderette.generators.errors import GeneratorError

DRAWS_PER_COUNT = 4  # Philox gives four 64-bit numbers per count
STRATA = 16  # rows among which each column's random numbers are even
THREAD_ROWS = 2048  # rows beyond which threads share in their uniforms


def key(seed: int, *names: object) -> int:
    """Return a 63-bit seed for the stream called by `names`."""
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return numpy's generator for one named stream."""
    return np.random.default_rng(key(seed, *names))


def row_uniforms(seed: int, first: int, rows: int, width: int) -> np.ndarray:
    """Return u in [0, 1) of shape [rows, width] (float64) for rows first, first + 1, ...: row i is the same in
    every batch.
    """
    counts = -(-width // DRAWS_PER_COUNT)
    found = np.empty((rows, counts * DRAWS_PER_COUNT))

    def fill(part: int) -> None:
        stream = np.random.Philox(key=key(seed, "rows")).advance((first + part) * counts)
        np.random.Generator(stream).random(out=found[part : part + THREAD_ROWS])

    if rows <= THREAD_ROWS:
        fill(0)
    else:
        with ThreadPoolExecutor(torch.get_num_threads()) as threads:
            list(threads.map(fill, range(0, rows, THREAD_ROWS)))
    return found[:, :width]


def row_strata(seed: int, first: int, rows: int, width: int) -> np.ndarray:
    """Return u as row_uniforms does, but of every STRATA rows one in each STRATA-th of [0, 1), in each column in an
    order of its own (Latin hypercubes, McKay et al. 1979): few rows have a column's shares with little noise.
    """
    places = []
    for block in range(first // STRATA, -(-(first + rows) // STRATA)):
        strata = np.tile(np.arange(STRATA)[:, None], (1, width))
        places.append(generator(seed, "strata", block).permuted(strata, axis=0))
    begin = first % STRATA
    return (np.concatenate(places)[begin : begin + rows] + row_uniforms(seed, first, rows, width)) / STRATA


def row_sobol(seed: int, first: int, rows: int, width: int) -> np.ndarray:
    """Return scrambled Sobol points in place of row_uniforms (Owen 1998): the rows of a table cover [0, 1)^width more
    evenly.

    ValueError for more dimensions than the sequence has.
    """
    most = torch.quasirandom.SobolEngine.MAXDIM
    if width > most:
        raise GeneratorError(
            f"expected at most {most:,} random numbers per row for Sobol points, found {width:,}; draw without them"
        )
    engine = torch.quasirandom.SobolEngine(width, scramble=True, seed=key(seed, "sobol"))
    return engine.fast_forward(first).draw(rows, dtype=torch.float64).numpy()


def manual_seed(seed: int, *names: object) -> None:
    """Seed torch's global stream (dropout, initial weights); wrap in torch.random.fork_rng to leave the caller's
    alone.

    Without an accelerator only the processor's: for each absent device torch would format the call stack, each time.
    """
    seeded = torch if torch.accelerator.is_available() else torch.default_generator
    seeded.manual_seed(key(seed, *names))
