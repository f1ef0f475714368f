"""The validation split inside a training: rows that no weight is fitted to, by which training stops."""

import numpy as np

from launderette.generators.data import groups as grouping
from launderette.generators.data.groups import Groups
from launderette.generators.training import randomness

LEAST_VALIDATION_ROWS, MOST_VALIDATION_ROWS = 100, 10_000  # rows; the first where an eighth of the rows are as many


def split(rows: int, share: float, seed: int, groups: Groups | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers for training and for validation, at least one each; all rows of a group on one side.

    Rows that are all of one group are cut by rows. Raises GeneratorError for another number of groups than of rows.
    """
    numbers = grouping.numbered(groups, rows)
    if (numbers == numbers[0]).all():
        numbers = np.arange(rows)
    wanted = min(max(1, round(share * rows), min(LEAST_VALIDATION_ROWS, rows // 8)), MOST_VALIDATION_ROWS, rows - 1)
    held = grouping.chosen(numbers, wanted, randomness.generator(seed, "validation split"))
    return np.flatnonzero(~held), np.flatnonzero(held)


def shared(groups: Groups, parts: tuple[np.ndarray, np.ndarray]) -> int:
    """Return how many groups have rows in both parts: none, unless all rows are of one group."""
    numbers = grouping.numbered(groups, len(groups))
    return len(np.intersect1d(*(numbers[rows] for rows in parts)))
