"""Which rows to keep so that rules take nothing from single columns.

A rule that all training rows keep leaves every column as it is, but a model breaks it by little where two numbers are
nearly equal, which is often at one end of both. Rows that keep it are then too few there, and the ends of columns are
drawn in. So a row counts by one factor for each column, that of the part of the column where its value lies: such that
each part holds as many of the rows that are kept as of all (raking, Deming and Stephan 1940), which leaves everything
else as near to the rows that keep the rules as can be (Csiszar 1975). A rule that many rows of a model break asks for
something else than the data are: under it rows are as they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from launderette.generators.sampling.constraints import Constraints

MOST_BROKEN = 0.2  # of the rows, by which a rule of the data is broken
PART_QUANTILES = 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.975, 0.99  # where columns are parted
LEAST_HELD_ROWS = 500  # that keep the rules, by which parts are compared
# of a part, beyond what is lost of all; tables in which chance alone takes that much
LOST_OF_A_PART, FALSE_ALARM = 0.2, 1e-3
RAKING_ROUNDS = 20
MOST_COUNTED = 1.5, 2.0, 3.0, 4.0, 6.0, 8.0  # times the mean, what a row counts at most
WEIGHT_BEYOND = 0.01  # of all weights, what may lie beyond
LEAST_KEPT_SHARE = 1 / 16  # of all rows


@dataclass(frozen=True)
class RowWeights:
    """By column the part that each of its cells is in [cells + 1] and the log of each part's factor; the log of what a
    row counts at most.
    """

    parts: tuple[np.ndarray, ...]
    factors: tuple[np.ndarray, ...]
    most: float

    def kept(self, cells: Sequence[np.ndarray], u: np.ndarray) -> np.ndarray:
        """Return which rows are kept, by their cells [rows] of each column and u [rows] in [0, 1): bool [rows]."""
        counted = sum(f[p[own]] for p, f, own in zip(self.parts, self.factors, cells, strict=True))
        return np.asarray(u < np.exp(counted - self.most))


def wanted(constraints: Constraints, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return which rows meet all that is asked but for the rules of the data: bool [rows]."""
    kept = [replace(constraints, domains={}, rules=(rule,)).holds(cells, ticks).mean() for rule in constraints.rules]
    asked = [rule for rule, share in zip(constraints.rules, kept, strict=True) if share < 1 - MOST_BROKEN]
    return replace(constraints, rules=tuple(asked)).holds(cells, ticks)


def weigh(cells: Sequence[np.ndarray], sizes: Sequence[int], wanted: np.ndarray, held: np.ndarray) -> RowWeights | None:
    """Return the weights of rows, some of them `wanted` and some of these `held` [rows], given the cells of columns
    of so many cells; None where no part of a column lost more than others, or too few are held to tell.
    """
    held = held & wanted
    if held.sum() < LEAST_HELD_ROWS or held.sum() == wanted.sum():
        return None
    parts = tuple(_parts(own[wanted], size) for own, size in zip(cells, sizes, strict=True))
    placed = [part[own] for part, own in zip(parts, cells, strict=True)]
    usual = [np.bincount(own[wanted]) for own in placed]
    own = [column[held] for column in placed]
    if not _lost(usual, own):
        return None
    factors = _raked(own, [counts / wanted.sum() for counts in usual])
    rows = np.exp(sum(f[column] for f, column in zip(factors, own, strict=True)))
    most = _most(rows / rows.mean(), len(held))
    return RowWeights(parts, tuple(factors), float(np.log(most * rows.mean())))


def _parts(cells: np.ndarray, size: int) -> np.ndarray:
    """The part that each cell is in, none of them empty, by the middle of the ranks there; missing values are one of
    their own.
    """
    counts = np.bincount(cells, minlength=size + 1)
    middle = (np.cumsum(counts) - counts / 2) / len(cells)
    found = np.append(np.searchsorted(PART_QUANTILES, middle[:-1]), len(PART_QUANTILES) + 1)
    filled = np.unique(found[counts > 0])
    return np.searchsorted(filled, found).clip(max=len(filled) - 1)


def _lost(usual: Sequence[np.ndarray], own: Sequence[np.ndarray]) -> bool:
    """Whether any part has lost more rows than others, beyond chance; `usual` counts each column's parts."""
    total, share = usual[0].sum(), len(own[0]) / usual[0].sum()
    errors = -NormalDist().inv_cdf(FALSE_ALARM / sum(map(len, usual)))
    for counts, column in zip(usual, own, strict=True):
        there, expected = np.bincount(column, minlength=len(counts)), counts * share
        error = np.sqrt(expected * (1 - share) * (1 - counts / total))
        if np.any((there < (1 - LOST_OF_A_PART) * expected) & (expected - there > errors * error)):
            return True
    return False


def _raked(own: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The log of the factor of each part of each column, by its parts of the rows held and the shares wanted there."""
    factors, rows = [np.zeros(len(shares)) for shares in targets], np.ones(len(own[0]))
    for _ in range(RAKING_ROUNDS):
        for factor, column, shares in zip(factors, own, targets, strict=True):
            there = np.bincount(column, rows, len(shares)) / rows.sum()
            change = np.where(there > 0, shares / np.where(there > 0, there, 1), 1)
            factor += np.log(change)
            rows *= change[column]
    return factors


def _most(rows: np.ndarray, drawn: int) -> float:
    """What a row counts at most: little is cut off, and of the rows drawn not too few are kept."""
    found = MOST_COUNTED[0]
    for most in MOST_COUNTED:
        counted = np.minimum(rows, most).sum()
        if counted / most < LEAST_KEPT_SHARE * drawn:
            break
        found = most
        if counted > (1 - WEIGHT_BEYOND) * rows.sum():
            break
    return found
