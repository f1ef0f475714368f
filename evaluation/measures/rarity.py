"""Rare categories of the training table, and how much of them another table retains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launderette.evaluation.measures import intervals
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

DRAWS = 400  # of as many real rows
SELDOM_AGAIN = 0.95  # discount of labels that hardly ever come again: no categories
RARE = 0.01  # a category is rare if it holds at most this share of the training rows


@dataclass(frozen=True)
class Occurrences:
    """Where a table has the rare categories: a row number and the category's number for each occurrence."""

    rows: np.ndarray  # int64 [occurrences]
    categories: np.ndarray  # int64 [occurrences]
    counts: np.ndarray  # training rows of each rare category: int64 [categories]
    expected: np.ndarray  # rows of each if the table had the training table's shares: float64 [categories]
    columns: np.ndarray  # number of the column of each category: int64 [categories]
    seen: np.ndarray  # labels of each column that one and that two training rows have: int64 [columns, 2]
    size: int  # rows of the table

    def retained(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Share of the expected rows that each category has, at most 1; each row of the table counts 1 or its
        weight.
        """
        weigh = None if weights is None else weights[self.rows]
        return np.minimum(1, np.bincount(self.categories, weigh, len(self.expected)) / self.expected)

    def interval(self, seed: int) -> tuple[float, float, float]:
        """The mean share retained, with its interval from redrawn rows of the table."""
        # other rows hold nothing rare: they are only counted
        rng, rows = generator(seed, RandomStream.RARE_INTERVAL), np.unique(self.rows)
        weights, means = np.zeros(self.size), []
        for _ in range(intervals.BOOTSTRAP_REPEATS):
            drawn = rng.integers(0, max(1, len(rows)), rng.binomial(self.size, len(rows) / self.size))
            weights[rows] = np.bincount(drawn, minlength=len(rows))
            means.append(self.retained(weights).mean())
        value = float(self.retained().mean())
        low, high = value + np.quantile(means, [intervals.TAIL, 1 - intervals.TAIL]) - np.mean(means)
        return value, *intervals.widened(value, (low, high), self.expected.sum())


def by_chance(found: Occurrences, seed: int) -> tuple[float, float]:
    """Mean share retained by fresh real rows, as many as the table's, and its 2.5 % quantile: Poisson counts whose
    rates are known by the training rows alone.

    The rate behind a count of c is Gamma(c - d): of many labels that one row has each, as names are, few come again.
    The discount d = n1 / (n1 + 2 n2 + 1), of n1 labels that one row has and n2 that two have (Ney et al. 1994).
    """
    rng = generator(seed, RandomStream.RARE_BY_CHANCE)
    ones, twos = rng.poisson(found.seen.T[:, None], (2, DRAWS, len(found.seen)))
    left = found.counts - (ones / (ones + 2 * twos + 1))[:, found.columns]
    rates = found.expected / found.counts * rng.gamma(left)
    means = np.minimum(1, rng.poisson(rates) / found.expected).mean(1)
    return float(means.mean()), float(np.quantile(means, intervals.TAIL))


def occurrences(samples: Samples, role: str) -> Occurrences:
    """The rare categories of all label columns in the table of a role."""
    train, table = samples.table("train"), samples.table(role)
    rows, categories, counts = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0, int)]
    columns, seen = [np.zeros(0, int)], []
    for place, column in enumerate(c for c in samples.known if not samples.is_number(c)):
        codes, known = table[column].to_numpy(), train[column].to_numpy()
        count = np.bincount(known[known >= 0], minlength=len(samples.labels[column]))
        ones, twos = ((count == times).sum() for times in (1, 2))
        seen.append([ones, twos])
        if ones / (ones + 2 * twos + 1) > SELDOM_AGAIN:
            continue
        rare = (count > 0) & (count <= RARE * len(train))
        number = np.where(rare, np.cumsum(rare) - 1 + sum(map(len, counts)), -1)
        number = np.append(number, -1)[codes]  # the last is for a missing label
        rows.append(np.flatnonzero(number >= 0))
        categories.append(number[number >= 0])
        counts.append(count[rare])
        columns.append(np.full(int(rare.sum()), place))
    found = np.concatenate(counts)
    return Occurrences(
        np.concatenate(rows),
        np.concatenate(categories),
        found,
        found * len(table) / len(train),
        np.concatenate(columns),
        np.array(seen, dtype=np.int64).reshape(-1, 2),
        len(table),
    )
