"""The validation split inside a training: rows that no weight is fitted to, by which training stops."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from launderette.generators.data import groups as grouping
from launderette.generators.data.groups import Groups
from launderette.generators.training import randomness

Folds: TypeAlias = Iterable[tuple[Tensor, Tensor]]  # rows to fit to, others to choose settings by

LEAST_VALIDATION_ROWS, MOST_VALIDATION_ROWS = 100, 10_000  # rows; the first where an eighth of the rows are as many

ENOUGH_ROWS = 500  # to choose one of a few settings by
VALIDATION_FOLDS = 5


def owners(rows: int, groups: Groups | None) -> np.ndarray:
    """Return the number of each row's group, int [rows]; its own for each where all are of one group.

    Raises GeneratorError for another number of groups than of rows.
    """
    numbers = grouping.numbered(groups, rows)
    return np.arange(rows) if (numbers == numbers[0]).all() else numbers


def split(rows: int, share: float, seed: int, groups: Groups | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers for training and for validation, at least one each; all rows of an owner on one side."""
    wanted = min(max(1, round(share * rows), min(LEAST_VALIDATION_ROWS, rows // 8)), MOST_VALIDATION_ROWS, rows - 1)
    held = grouping.chosen(owners(rows, groups), wanted, randomness.generator(seed, "validation split"))
    return np.flatnonzero(~held), np.flatnonzero(held)


def shared(groups: Groups, parts: tuple[np.ndarray, np.ndarray]) -> int:
    """Return how many groups have rows in both parts: none, unless all rows are of one group."""
    numbers = grouping.numbered(groups, len(groups))
    return len(np.intersect1d(*(numbers[rows] for rows in parts)))


def parts(rows: int, count: int, seed: int, groups: Groups | None = None) -> np.ndarray:
    """Return for each row in which of `count` parts it is, int [rows]: all rows of a group in one, unless there are
    fewer groups than parts.
    """
    numbers = grouping.numbered(groups, rows)
    names, numbers = np.unique(numbers, return_inverse=True)
    if len(names) < count:
        names, numbers = np.arange(rows), np.arange(rows)
    return randomness.generator(seed, "parts").permutation(len(names))[numbers] % count


def folds(x: Tensor, validation: Tensor, owned: np.ndarray) -> Folds:
    """Yield rows to fit to and other rows to choose settings by: x [N, ...] and validation [M, ...] or, where the
    latter are few, x without the rows of every fifth owner, `owned` [N], and those (cross-validation), until there are
    enough others. Rows of fewer than five owners are taken one by one.
    """
    if len(validation) >= ENOUGH_ROWS or len(x) < 2 * VALIDATION_FOLDS:
        yield x, validation
        return
    names, numbers = np.unique(owned, return_inverse=True)
    fold = torch.from_numpy(numbers if len(names) >= VALIDATION_FOLDS else np.arange(len(x))) % VALIDATION_FOLDS
    for k in range(min(VALIDATION_FOLDS, 1 + ENOUGH_ROWS * VALIDATION_FOLDS // len(x))):
        yield x[fold != k], x[fold == k]
