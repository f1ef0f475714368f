"""Counts of rare values, beside what chance allows where rows may change places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, nbinom, norm, poisson

from launderette.evaluation.chance import ONCE_IN
from launderette.evaluation.copies.exchange import Count

ROLES = ("train", "holdout", "synthetic")
SIDES = ("training", "holdout")
FEW = 20  # rows that have a rare value, at most
EXACT = 5000  # rare values; the count of more is normal
NOTHING = np.zeros((0, 4), dtype=np.int64)

Column = np.ndarray  # float64 [all rows]: training, holdout and released ones; NaN where a row has no value
Rare = np.ndarray  # int64 [values, 4]: training, holdout and released rows with each rare value, and who they are


@dataclass(frozen=True)
class RareValues:
    """Rare values of one kind, and the rows of each table among which they were looked for."""

    where: str
    rare: Rare
    sizes: np.ndarray  # int64 [3]
    spaced: bool = False  # then only which real row has a value is chance

    def hits(self, side: int) -> int:
        """Values that one row of a side has, and otherwise released rows alone."""
        return int(((self.rare[:, side] == 1) & (self.rare[:, 1 - side] == 0) & (self.rare[:, 2] > 0)).sum())

    def chances(self, side: int) -> np.ndarray:
        """How probable that is of each value where rows may change places: float64 [values]."""
        total, share = self.rare[:, :3].sum(1), self.sizes / self.sizes.sum()
        return total * share[side] * share[2] ** (total - 1)

    def least(self, side: int) -> float:
        """The probability of all values being hits: no count of so few values is less probable."""
        if self.spaced:
            return self._sharing.least(side)
        return float(np.exp(np.log(np.maximum(self.chances(side), 1e-300)).sum()))

    @property
    def _sharing(self) -> Sharing:
        return Sharing(f"values {self.where}", np.array([self.hits(0), self.hits(1)]), self.sizes[:2])

    def count(self, side: int, tests: float) -> Count:
        """The count of a side, one of so many that share an error."""
        if self.spaced:
            return self._sharing.count(side, tests)
        words = f"rare values {self.where} stand in one {SIDES[side]} row and otherwise in released rows alone"
        chances = self.chances(side)
        allowed = most(chances, 1 / (ONCE_IN * tests))
        return Count(words, self.hits(side), len(self.rare), float(chances.sum()), allowed)


@dataclass(frozen=True)
class Sharing:
    """How many training and holdout rows share something with released rows that no other real row has, of how many:
    whatever the release is, it is chance which of them do.
    """

    what: str
    rows: np.ndarray  # int64 [2]
    sizes: np.ndarray  # int64 [2]

    def least(self, side: int) -> float:
        """The probability of all of them being rows of a side."""
        return float((self.sizes[side] / self.sizes.sum()) ** self.rows.sum())

    def count(self, side: int, tests: float) -> Count:
        """The count of a side beside as many rows as others share; counts given the other side are negative binomial,
        which is the exact test given their sum.
        """
        words = f"{SIDES[side]} rows share {self.what} with released rows and with no other real row"
        mine, others = int(self.rows[side]), int(self.rows[1 - side])
        here, there = (int(self.sizes[i]) for i in (side, 1 - side))
        allowed = nbinom.isf(1 / (ONCE_IN * tests), others + 1, there / (here + there))
        return Count(words, mine, here, others * here / there, min(here, int(allowed)))


def shared_tests(least: list[float]) -> int:
    """Counts that share one error: those of too few values to be beyond chance take none of it (Tarone 1990)."""
    enough = (k for k in range(1, len(least)) if sum(p <= 1 / (ONCE_IN * k) for p in least) <= k)
    return next(enough, max(1, len(least)))


def sharing(what: str, codes: np.ndarray, rows: np.ndarray, sizes: np.ndarray) -> Sharing:
    """Count the real rows that have something which no other real row has, but released rows do, once each: what one
    shares in several places is no chance of its own.

    `codes` say what stands in which of the `rows`: integers [entries], twice, rows as in a column.
    """
    codes = np.unique(codes, return_inverse=True)[1]
    total, kinds = int(sizes.sum()), int(codes.max(initial=-1)) + 1
    codes, rows = np.divmod(np.unique(codes * total + rows), total)
    real = rows < sizes[:2].sum()
    owned = (np.bincount(codes[real], minlength=kinds) == 1) & (np.bincount(codes[~real], minlength=kinds) > 0)
    held = np.unique(rows[real & owned[codes]]) >= sizes[0]
    return Sharing(what, np.array([(~held).sum(), held.sum()]), sizes[:2])


def most(chances: np.ndarray, level: float) -> int:
    """The number of events with these chances that is exceeded with probability `level`."""
    if len(chances) > EXACT:
        return int(np.ceil(chances.sum() + norm.isf(level) * np.sqrt((chances * (1 - chances)).sum())))
    sums = np.ones(1)
    for chance, events in zip(*np.unique(chances, return_counts=True), strict=True):
        sums = np.convolve(sums, binom.pmf(np.arange(events + 1), events, chance))
    return min(len(chances), int(np.searchsorted(np.cumsum(sums), 1 - level)))


def spaced(column: Column, sizes: np.ndarray) -> bool:
    """Whether real rows share the places of their grid far less than chance does, as the times of a clock: each takes
    its place away from the others, so that they are no draws of one population.
    """
    real = column[: sizes[:2].sum()]
    values, counts = np.unique(real[~np.isnan(real)], return_counts=True)
    if not sizes[1] or len(values) < 2:
        return False
    places = (values[-1] - values[0]) / np.diff(values).min() + 1
    usual = counts.sum() * (counts.sum() - 1) / 2 / places
    return bool(poisson.cdf((counts * (counts - 1) // 2).sum(), usual) < 1 / ONCE_IN)


def rare_in(column: Column, sizes: np.ndarray, most: int = FEW) -> Rare:
    """The values of a column that two to `most` rows have."""
    rows = np.flatnonzero(~np.isnan(column))
    codes = np.unique(column[rows], return_inverse=True)[1]
    return tally(codes, rows, sizes, most)


def tally(codes: np.ndarray, rows: np.ndarray, sizes: np.ndarray, most: int) -> Rare:
    """The same of codes from 0 up and the rows that have them."""
    if not len(rows):
        return NOTHING
    roles = np.repeat(np.arange(3), sizes)[rows]
    counts = np.bincount(codes * 3 + roles, minlength=3 * (codes.max() + 1)).reshape(-1, 3)
    names = np.random.default_rng(0).integers(0, 2**62, int(sizes.sum()))[rows]
    who = np.zeros(len(counts), dtype=np.int64)
    np.add.at(who, codes, names)  # wraps around, and is as good as a hash of the rows
    total = counts.sum(1)
    return np.column_stack([counts, who])[(total >= 2) & (total <= most)]


def apart(parts: list[Rare]) -> Rare:
    """The rare values of several columns; what the same rows have in two of them counts once: it is no chance of its
    own.
    """
    joined = np.concatenate([NOTHING, *parts])
    return joined[np.unique(joined[:, 3], return_index=True)[1]]
