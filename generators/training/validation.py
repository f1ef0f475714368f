"""The validation split inside a training: rows that no weight is fitted to, by which training stops."""

import numpy as np

from generators.training import randomness

FEWEST_HELD, MOST_HELD = 100, 10_000  # rows of the inner validation split; the first where an eighth of the rows are as many


def split(rows: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers for training and for the inner validation split (at least one row each)."""
    order = randomness.generator(seed, "validation split").permutation(rows)
    held = min(max(1, round(share * rows), min(FEWEST_HELD, rows // 8)), MOST_HELD, rows - 1)
    return np.sort(order[held:]), np.sort(order[:held])
