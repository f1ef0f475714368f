"""All pairs of columns at once: correlations by matrix products, contingency tables by counting joint codes.

The definitions are those of sdmetrics' CorrelationSimilarity and ContingencySimilarity (the tests compare the numbers),
whose own code takes milliseconds per pair and table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

MOST_COLUMN_PAIRS = 5000  # compared at most: a wider table than 100 columns has that many drawn by the seed
PAIR_ROWS = 200_000  # of each table
BINS = 10  # as in the quality report of sdmetrics, for a number paired with a label
LEVELS = 200  # labels beyond this many are pooled before two columns are compared


@dataclass(frozen=True)
class Role:
    """One table reduced to what pairs need: codes [columns, rows] and correlations [columns, columns] (NaN for
    labels).
    """

    codes: np.ndarray
    numbers: np.ndarray  # float64 [rows, columns], standardised, 0 where missing or a label
    present: np.ndarray  # float64 [rows, columns], 1 where a number is known
    correlations: np.ndarray

    @property
    def rows(self) -> int:
        return self.codes.shape[1]


@dataclass(frozen=True)
class Pairs:
    """The columns that vary in the training table, the pairs chosen among them, and each table reduced."""

    columns: tuple[str, ...]
    chosen: tuple[tuple[int, int], ...]
    possible: int
    roles: dict[str, Role]  # by table name: train, synthetic, holdout, shuffled

    def similarity(self, one: int, two: int, role: str) -> float:
        """1 - |difference of correlations| / 2, or 1 - total variation of the contingency tables where one is
        undefined.
        """
        if np.isfinite(change := self.change(one, two, role)):
            return float(1 - abs(change) / 2)
        real, other = (share for share, _ in self.shares(one, two, role))
        return float(1 - np.abs(real - other).sum() / 2)

    def change(self, one: int, two: int, role: str) -> float:
        """Correlation in the role minus that in the training table; NaN where either is undefined."""
        return float(self.roles[role].correlations[one, two] - self.roles["train"].correlations[one, two])

    def shares(self, one: int, two: int, role: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """(share of each joint cell, cell of each row) for the training table and the role."""
        tables = [self.roles[name].codes for name in ("train", role)]
        width = max(int(t[two].max(initial=0)) for t in tables) + 1
        joint = [t[one] * np.int32(width) + t[two] for t in tables]
        size = max(int(j.max()) for j in joint) + 1
        return [(np.bincount(j, minlength=size) / len(j), j) for j in joint]

    def information(self, one: int, two: int, role: str) -> tuple[float, Callable[[], np.ndarray]]:
        """Normalised mutual information I / sqrt(H1 H2) of a pair in a role, and a function for what each row adds
        to it.
        """
        codes = self.roles[role].codes
        width = int(codes[two].max(initial=0)) + 1
        return _information(codes[one], codes[two], codes[one] * np.int32(width) + codes[two])

    def by_name(self) -> Iterator[tuple[str, int, int]]:
        """The chosen pairs with the name that reports give them."""
        return ((f"{self.columns[i]} / {self.columns[j]}", i, j) for i, j in self.chosen)


@once
def build(samples: Samples, seed: int) -> Pairs:
    """Reduce all tables of the samples, once per seed."""
    names = ("train", *samples.roles().values())
    rows = {name: samples.rows(name, PAIR_ROWS, seed) for name in names}
    codes: dict[str, list] = {name: [] for name in names}
    columns = []
    for column in samples.known:
        values = [samples.table(name)[column].to_numpy()[rows[name]] for name in names]
        cells = _cells(*values) if samples.is_number(column) else _pooled(*values)
        if len(np.unique(values[0])) < 2:
            continue
        columns.append(column)
        for name, cell in zip(names, cells, strict=True):
            codes[name].append(cell.astype(np.int32))
    chosen = list(combinations(range(len(columns)), 2))
    possible = len(chosen)
    if possible > MOST_COLUMN_PAIRS:
        kept = generator(seed, RandomStream.COLUMN_PAIRS).choice(possible, MOST_COLUMN_PAIRS, replace=False)
        chosen = [chosen[i] for i in np.sort(kept)]
    roles = {}
    for name in names:
        stacked = np.stack(codes[name]) if columns else np.zeros((0, len(rows[name])), np.int32)
        roles[name] = Role(stacked, *_correlated(samples, name, rows[name], columns))
    return Pairs(tuple(columns), tuple(chosen), possible, roles)


def _cells(real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Codes 1-10 of cells of equal width over the real range (the outer ones open), 0 for missing."""
    edges = np.linspace(np.nanmin(real), np.nanmax(real), BINS + 1)[1:-1] if (~np.isnan(real)).any() else np.zeros(0)
    return [np.where(np.isnan(v), 0, 1 + np.searchsorted(edges, v, "right")) for v in (real, *others)]


def _pooled(real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Codes from 1, 0 for missing; where there are over LEVELS labels, the less frequent share one code."""
    size = max(v.max(initial=0) for v in (real, *others)) + 1
    if size <= LEVELS:
        return [v + 1 for v in (real, *others)]
    rank = np.empty(size, dtype=np.int64)
    rank[np.argsort(-np.bincount(real[real >= 0], minlength=size), kind="stable")] = np.minimum(np.arange(size), LEVELS)
    return [np.append(rank + 1, 0)[v] for v in (real, *others)]


def _correlated(samples: Samples, name: str, rows: np.ndarray, columns: list[str]) -> Any:
    """Standardised numbers, their presence, and Pearson correlations over the rows in which both columns are known."""
    numbers = [samples.is_number(c) for c in columns]
    table = np.full((len(rows), len(columns)), np.nan)
    for i, column in enumerate(columns):
        if numbers[i]:
            table[:, i] = _standard(samples.table(name)[column].to_numpy()[rows])
    present = (~np.isnan(table)).astype(np.float64)
    table = np.nan_to_num(table)
    count = present.T @ present
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (table.T @ present) / count  # [i, j]: mean of i where j is known too
        square = (np.square(table).T @ present) / count - mean**2
        together = (table.T @ table) / count - mean * mean.T
        spread = np.sqrt(square * square.T)
        correlations = np.where((count >= 3) & (square > 1e-12) & (square.T > 1e-12), together / spread, np.nan)
    return table, present, np.clip(correlations, -1, 1)


def _standard(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    if len(known) == 0 or known.min() == known.max():
        return np.where(np.isnan(values), np.nan, 0.0)
    # scaled first: the square of a number above 1e154 overflows
    scaled = values / max(np.abs(known).max(), 1e-300)
    centred = scaled - np.nanmean(scaled)
    return centred / max(np.sqrt(np.nanmean(centred**2)), 1e-300)


def _information(a: np.ndarray, b: np.ndarray, joint: np.ndarray) -> tuple[float, Callable[[], np.ndarray]]:
    """Plug-in entropies with the correction of Miller (1955); the influence of a row is that of the plug-in
    estimate.
    """
    (one, first), (two, second), (both, together) = (_entropy(codes) for codes in (a, b, joint))
    size = np.sqrt(one * two)
    if not size > 1e-9:
        return 0.0, lambda: np.zeros(len(a))
    shared = max(0.0, one + two - both)

    def influence() -> np.ndarray:
        effects = first[a] + second[b] - together[joint] - shared
        return (effects - shared * ((first[a] - one) / (2 * one) + (second[b] - two) / (2 * two))) / size

    return float(min(1.0, shared / size)), influence


def _entropy(codes: np.ndarray) -> tuple[float, np.ndarray]:
    """Entropy in nats, and the surprise of each code: -log of its share."""
    counts = np.bincount(codes)
    surprise = -np.log(np.maximum(counts, 1) / len(codes))
    return float((counts * surprise).sum() / len(codes) + ((counts > 0).sum() - 1) / (2 * len(codes))), surprise


def influence(pairs: Pairs) -> np.ndarray:
    """What each synthetic row does to the mean similarity of the chosen pairs, up to a constant: float64 [rows].

    Correlations by their influence function, contingency tables by the side of the gap that the row's cell is on.
    """
    role = pairs.roles["synthetic"]
    signs, effects = np.zeros((len(pairs.columns),) * 2), np.zeros(role.rows)
    for one, two in pairs.chosen:
        if np.isfinite(change := pairs.change(one, two, "synthetic")):
            signs[one, two] = signs[two, one] = np.sign(change)
        else:
            (real, _), (other, cells) = pairs.shares(one, two, "synthetic")
            effects -= 0.5 * np.sign(other - real)[cells]
    weighted = signs * np.nan_to_num(role.correlations)
    linear = (role.numbers * (role.numbers @ signs)).sum(1) / 2
    curved = (role.numbers**2 * (role.present @ weighted)).sum(1) / 2
    return (effects - 0.5 * (linear - curved)) / max(1, len(pairs.chosen))
