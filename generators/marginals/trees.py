"""Select, measure, generate (McKenna et al. 2021, 2108.04978): histograms of all columns, a tree of the pairs that say
most, their tables, and one consistent distribution of all. With noise, every answer is Gaussian and all else is
post-processing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.errors import GeneratorError
from launderette.generators.marginals import groups as grouping
from launderette.generators.marginals.histograms import Histogram
from launderette.generators.marginals.projection import consistent, merged, onto_simplex
from launderette.generators.privacy.queries import Queries

HISTOGRAMS_SHARE, SCORES_SHARE, PAIRS_SHARE = 0.15, 0.10, 0.75  # shares of mu^2
CELLS_POWER = 2 / 3  # shares of the budget by cells to this power make the sum of errors least
MOST_BINS = 64
EXPECTED_ABSOLUTE = math.sqrt(2 / math.pi)  # of a standard normal
SIGNAL_DEVIATIONS = 3.0  # standard deviations that the number of rows has to differ from 0 by


@dataclass(frozen=True, eq=False)
class Tree:
    """For each column its parent (-1 at the root), groups of cells, rows in each cell and p(group | parent's)."""

    parent: list[int]
    groups: list[np.ndarray]
    counts: list[np.ndarray]
    conditional: list[np.ndarray]
    rows: float


def shares(cells: Sequence[int]) -> np.ndarray:
    """Return how to share a budget among tables of so many cells, so that the sum of their errors is least."""
    weights = np.asarray(cells, dtype="float64") ** CELLS_POWER
    return weights / weights.sum()


def fit(codes: Sequence[np.ndarray], histograms: Sequence[Histogram], queries: Queries, bins: int | None) -> Tree:
    """Choose and measure a tree for rows whose columns have cells `codes` [rows] each; GeneratorError where noise
    drowns the rows.
    """
    rows = _rows(histograms)
    counts = [_projected(one, rows) for one in histograms]
    bins = bins or _bins(rows, queries.sigma(PAIRS_SHARE / max(1, len(codes) - 1)))
    groups = [_groups(one, own, bins) for one, own in zip(histograms, counts, strict=True)]
    coded = [own[code] for own, code in zip(groups, codes, strict=True)]
    totals = [np.bincount(own, n) for own, n in zip(groups, counts, strict=True)]
    edges = _chosen(coded, totals, queries)
    tables = _measured(coded, totals, edges, queries)
    totals = _margins(histograms, groups, totals, tables, rows)
    parent, conditional = [-1] * len(codes), [(n / n.sum())[None] for n in totals]
    for (a, b), (table, variance) in tables.items():
        prior = math.sqrt(table.size) * (1 + math.sqrt(variance)) / 10
        joint = consistent(table, totals[a], totals[b], prior)
        some = joint.sum(1, keepdims=True) > 0
        parent[b] = a
        conditional[b] = np.where(some, joint / np.where(some, joint.sum(1, keepdims=True), 1), conditional[b])
    return Tree(parent, groups, counts, conditional, rows)


def _rows(histograms: Sequence[Histogram]) -> float:
    """Return the number of rows that all histograms together tell."""
    sums = [(one.counts.sum(keepdims=True), one.variance.sum(keepdims=True)) for one in histograms]
    found, variance = (float(x[0]) for x in merged(sums))
    if found <= SIGNAL_DEVIATIONS * math.sqrt(variance) or found < 1:
        raise GeneratorError(
            f"expected more rows for this epsilon, found that the noise (standard deviation {math.sqrt(variance):.0f}) "
            "drowns their very number; raise privacy.epsilon, drop columns, or bring more rows"
        )
    return found


def _projected(one: Histogram, rows: float) -> np.ndarray:
    """Return the histogram without noise below 0; what was taken for empty stays so."""
    some = np.where(one.counts == 0, -np.inf, one.counts)
    return onto_simplex(some, rows) if one.variance.any() and one.counts.any() else one.counts


def _bins(rows: float, sigma: float) -> int:
    """Return the number of groups a column has in pairs: as many as the noise leaves room for."""
    return int(np.clip(math.sqrt(rows / sigma) / 4 if sigma else math.sqrt(rows), 4, 32 if sigma else MOST_BINS))


def _groups(one: Histogram, counts: np.ndarray, bins: int) -> np.ndarray:
    ordered = hasattr(one.column, "scale")
    return grouping.of_column(counts, bins, ordered=ordered, missing=one.column.missing)


def _table(a: np.ndarray, b: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1]).reshape(shape)


def _chosen(coded: list[np.ndarray], totals: list[np.ndarray], queries: Queries) -> list[tuple[int, int]]:
    """Return the edges (parent, child) of the spanning tree of the largest noisy scores.

    The score of a pair is how many rows its table and that of independent columns differ by, less what the noise of
    measuring it would add (as in AIM). One row changes it by at most 1, for the other table is known already.
    """
    columns = len(coded)
    pairs = [(a, b) for a in range(columns) for b in range(a + 1, columns)]
    if not pairs:
        return []
    sigma, differences, noise = queries.sigma(PAIRS_SHARE / (columns - 1)), [], []
    for a, b in pairs:
        expected = np.rint(np.outer(totals[a], totals[b]) / totals[a].sum())
        differences.append(int(np.abs(_table(coded[a], coded[b], expected.shape) - expected).sum()))
        noise.append(EXPECTED_ABSOLUTE * np.sqrt(sigma**2 + expected).sum())
    told = queries.scores("how far pairs are from independent", np.array(differences, dtype="int64"), SCORES_SHARE)
    return _spanning(columns, dict(zip(pairs, told.values - np.array(noise), strict=True)))


def _spanning(columns: int, weights: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Return the edges of the spanning tree of largest weight, from column 0 on (Prim 1957)."""
    reached, edges = [0], []
    while len(reached) < columns:
        open_ = [(weights[min(a, b), max(a, b)], -b, a) for a in reached for b in range(columns) if b not in reached]
        _, b, a = max(open_)
        reached.append(-b)
        edges.append((a, -b))
    return edges


def _measured(
    coded: list[np.ndarray], totals: list[np.ndarray], edges: list[tuple[int, int]], queries: Queries
) -> dict[tuple[int, int], tuple[np.ndarray, float]]:
    """Return the table of each edge and the variance of its cells."""
    sizes = [(len(totals[a]), len(totals[b])) for a, b in edges]
    found, left = {}, queries.left()
    for (a, b), shape, share in zip(edges, sizes, shares([a * b for a, b in sizes]) if edges else [], strict=True):
        answer = queries.table(f"columns {a} and {b}", _table(coded[a], coded[b], shape), left * share)
        found[a, b] = answer.values, answer.variance
    return found


def _margins(
    histograms: Sequence[Histogram],
    groups: list[np.ndarray],
    totals: list[np.ndarray],
    tables: dict[tuple[int, int], tuple[np.ndarray, float]],
    rows: float,
) -> list[np.ndarray]:
    """Return the rows in each group of each column, by all tables that tell them."""
    found = []
    for k, own in enumerate(totals):
        told: list = [(own, np.bincount(groups[k], histograms[k].variance))]
        for pair, (table, variance) in tables.items():
            if k in pair:
                axis = 1 - pair.index(k)
                told.append((table.sum(axis), variance * table.shape[axis]))
        found.append(onto_simplex(merged(told)[0], rows) if histograms[k].variance.any() else own)
    return found
