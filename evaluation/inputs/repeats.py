"""Repeats: how often rows of two tables are equal, and how often chance makes them so.

Two statistics tell people who happen to have the same values from rows that were copied. If one table was cut into two
at random, equal rows fall on one side or on both as often as the sizes of the tables say. And where many people share
all values of a row, others differ from them in one column only; a copied row of many columns has no such neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation.samples import Samples

REPEAT_SIGMAS = 3.5  # about 2 in 10,000 honest splits lie beyond
SPARE_ROWS = 1.5  # rows, because counts of a few are not normal
FREQUENT, TIMES = 0.01, 20  # of all rows, and rows: a row that more people share is a kind of people, not a copy
MOST_REPEATED_SHARE = 0.8  # of the repeated rows

Vector = np.ndarray  # [rows]


@dataclass(frozen=True)
class SharedValues:
    """Values on both sides of a split, the most of them that a random split leaves there, and the held-out rows that
    have them.
    """

    both: int
    most: float
    held: int

    @property
    def excessive(self) -> bool:
        """Whether more values stand on both sides than a random split of the same rows would leave there."""
        return self.both > self.most


def split(train: Vector, held: Vector) -> SharedValues:
    """Compare the values [rows] of two tables with a random split of both together: the permutation test of equal
    rows.
    """
    values, place = np.unique(np.concatenate([train, held]), return_inverse=True)
    inside, outside = (np.bincount(part, minlength=len(values)) for part in np.split(place, [len(train)]))
    sizes, groups = np.unique((inside + outside), return_counts=True)
    chance = np.array([_on_both(size, len(train), len(held)) for size in sizes])
    expected, variance = float(groups @ chance), float(groups @ (chance * (1 - chance)))
    both = (inside > 0) & (outside > 0)
    return SharedValues(
        int(both.sum()), expected + REPEAT_SIGMAS * np.sqrt(variance) + SPARE_ROWS, int(outside[both].sum())
    )


def _on_both(size: int, train: int, held: int) -> float:
    """Probability that `size` rows, dealt out at random to two tables, do not all go to one of them."""
    if size == 1:
        return 0.0
    steps = np.arange(min(size, 2000))  # of more rows, all on one side is impossible to see
    one_side = [np.prod(np.clip((side - steps) / (train + held - steps), 0, 1)) for side in (train, held)]
    return float(1 - sum(one_side))


def rows(samples: Samples, role: str) -> list[Vector]:
    """One 64-bit hash of each cell, column by column; the sum over columns is the hash of a row."""
    return [_mixed(samples.table(role)[c].to_numpy(), number) for number, c in enumerate(samples.columns)]


def _mixed(values: Vector, salt: int) -> Vector:
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one form of NaN, and of zero
    hashes = pd.util.hash_array(values) + np.uint64(0x9E3779B97F4A7C15 * (salt + 1) % 2**64)
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return hashes ^ (hashes >> np.uint64(27))


def total(cells: list[Vector]) -> Vector:
    """The hash of each row: uint64 [rows], wrapping."""
    return np.asarray(np.sum(cells, axis=0, dtype=np.uint64))


def copied(cells: list[Vector]) -> np.ndarray:
    """Which rows stand there more than once though no other row differs from them in one column only: bool [rows].

    None where that is not so of most repeated rows: then people of few columns have met by chance.
    """
    hashes = total(cells)
    times, rows = _times(hashes, hashes), np.flatnonzero(repeated(hashes))
    for cell in cells:
        if len(rows):
            others = hashes - cell
            rows = rows[_times(others[rows], others) == times[rows]]
    alone = np.zeros(len(hashes), bool)
    alone[rows] = len(rows) >= MOST_REPEATED_SHARE * (times > 1).sum()
    return alone


def repeated(hashes: Vector) -> np.ndarray:
    """Which rows stand there more than once, but not so often that they are a kind of people: bool [rows]."""
    times = _times(hashes, hashes)
    return (times > 1) & (times <= max(TIMES, FREQUENT * len(hashes)))


def _times(asked: Vector, hashes: Vector) -> Vector:
    """How often each of some hashes occurs among all: the fewer are asked about, the faster."""
    known, place = np.unique(asked, return_inverse=True)
    near = np.searchsorted(known, hashes).clip(max=len(known) - 1)
    return np.bincount(near[known[near] == hashes], minlength=len(known))[place]
