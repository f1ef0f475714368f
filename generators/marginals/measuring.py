"""Select, measure, generate (McKenna et al. 2021, 2108.04978): histograms of all columns, a tree of the pairs that say
most, further pairs of which the tree says least, their tables, and one consistent distribution of all. With noise,
every answer is Gaussian and all else is post-processing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.encoding.cells import Cells
from launderette.generators.errors import GeneratorError
from launderette.generators.marginals import estimation, graphs
from launderette.generators.marginals import groups as grouping
from launderette.generators.marginals.graphs import Edge, Order
from launderette.generators.marginals.histograms import LEAST_COUNT_DEVIATIONS, Histogram
from launderette.generators.marginals.projection import consistent, merged, onto_simplex
from launderette.generators.marginals.redundancy import discounted
from launderette.generators.marginals.smoothing import smoothed
from launderette.generators.privacy.queries import Answer, Queries

HISTOGRAMS_SHARE, TREE_SHARE, FURTHER_SHARE = 0.35, 0.26, 0.29  # shares of mu^2: of histograms, of tables of pairs
SCORES_SHARE = 0.05  # of the scores of all pairs, each of the two times they are asked for
CELLS_POWER = 2 / 3  # shares of the budget by cells to this power make the sum of errors least
MOST_BINS = 20  # more make tables of three columns and more so large that fewer pairs fit beside each other
LEAST_GROUP_DEVIATIONS = 10.0  # rows of a group of cells, in standard deviations of the noise of a table of pairs
LEAST_GROUP_DIVISOR = 16  # a group has at least 1 / (LEAST_GROUP_DIVISOR * bins) of the rows
EXPECTED_ABSOLUTE = math.sqrt(2 / math.pi)  # of a standard normal
SIGNAL_DEVIATIONS = 3.0  # standard deviations that the number of rows has to differ from 0 by
EDGES_PER_COLUMN = 2  # beside the tree, at most
NOISY_TABLE_CELLS = 2 * graphs.MOST_TABLE_CELLS  # of all families under a budget, of which none remembers a row
INDEPENDENT_ROWS = 0.5  # mixed into a table without noise, so that all that its margins allow stays possible

Tables = dict[Edge, list[Answer]]  # all answers about each pair


@dataclass(frozen=True, eq=False)
class PairModel:
    """An order of columns; of each its groups of cells, rows in each cell, and p(group | groups of its parents)."""

    order: Order
    groups: list[np.ndarray]
    counts: list[np.ndarray]
    conditional: list[np.ndarray]
    rows: float


@dataclass(frozen=True, eq=False)
class Coded:
    """Rows as groups of cells, [rows] of each column, and the rows in each group as the histograms tell them."""

    codes: list[np.ndarray]
    totals: list[np.ndarray]

    def table(self, pair: Edge) -> np.ndarray:
        a, b = pair
        shape = len(self.totals[a]), len(self.totals[b])
        return np.bincount(self.codes[a] * shape[1] + self.codes[b], minlength=shape[0] * shape[1]).reshape(shape)

    @property
    def sizes(self) -> list[int]:
        return [len(own) for own in self.totals]


def shares(cells: Sequence[int]) -> np.ndarray:
    """Return how to share a budget among tables of so many cells, so that the sum of their errors is least."""
    weights = np.asarray(cells, dtype="float64") ** CELLS_POWER
    return weights / weights.sum()


def fit(
    codes: Sequence[np.ndarray],
    histograms: Sequence[Histogram],
    queries: Queries,
    bins: int | None = None,
    edges: int | None = None,
) -> PairModel:
    """Choose and measure pairs of columns for rows that have cells `codes` [rows] of each: a tree, and up to `edges`
    more. GeneratorError where noise drowns the rows.
    """
    rows = _rows(histograms)
    counts = [_projected(one, rows) for one in histograms]
    sigma = queries.sigma(TREE_SHARE / max(1, len(codes) - 1))
    bins = bins or _bins(rows, sigma)
    least = max(LEAST_GROUP_DEVIATIONS * sigma, rows / (LEAST_GROUP_DIVISOR * bins))
    groups = [_groups(one, own, bins, least) for one, own in zip(histograms, counts, strict=True)]
    totals = [np.bincount(own, n) for own, n in zip(groups, counts, strict=True)]
    coded = Coded([own[code] for own, code in zip(groups, codes, strict=True)], totals)
    tables = _asked(coded, queries, EDGES_PER_COLUMN * len(codes) if edges is None else edges)
    margins = _margins(histograms, groups, totals, tables, rows)
    order = graphs.ordered(tables, coded.sizes)
    return PairModel(order, groups, counts, estimation.fitted(order, margins, _joint(tables, margins)), rows)


def _asked(coded: Coded, queries: Queries, edges: int) -> Tables:
    """Ask for the tables of a tree, and of further edges; where none gains anything, for the tree's once more."""
    if len(coded.codes) < 2:
        return {}
    pairs = graphs.candidates(len(coded.codes))
    independent = ((pair, _independent(coded.totals, *pair)) for pair in pairs)
    tree_share = TREE_SHARE + (0 if edges else FURTHER_SHARE + SCORES_SHARE)
    gains = _gains(coded, independent, queries, tree_share / (len(coded.codes) - 1), "independent")
    tree = [(min(edge), max(edge)) for edge in graphs.spanning(len(coded.codes), gains)]
    tables = _measured(coded, tree, queries, tree_share)
    if not edges or len(tree) == len(pairs):
        return _more(tables, _measured(coded, tree, queries, queries.left())) if queries.left() > 0.01 else tables
    joint = _joint(tables, coded.totals)
    implied = _implied(tree, joint, coded, frozenset(pairs))
    gains = _gains(coded, implied, queries, FURTHER_SHARE / min(edges, len(pairs)), "what the tree implies")
    rest = discounted({edge: gain for edge, gain in gains.items() if edge not in tables}, joint)
    cells = NOISY_TABLE_CELLS if queries.private else graphs.MOST_TABLE_CELLS
    further = graphs.further(tree, rest, coded.sizes, edges, cells)
    return _more(tables, _measured(coded, further or tree, queries, queries.left()))


def _more(tables: Tables, others: Tables) -> Tables:
    return {pair: [*tables.get(pair, []), *others.get(pair, [])] for pair in (tables | others)}


def _independent(totals: list[np.ndarray], a: int, b: int) -> np.ndarray:
    return np.outer(totals[a], totals[b]) / (totals[a].sum() or 1.0)  # noise may leave no rows at all


def _implied(
    tree: list[Edge], joint: Mapping[Edge, np.ndarray], coded: Coded, pairs: frozenset[Edge]
) -> Iterator[tuple[Edge, np.ndarray]]:
    """Yield the table of each of the pairs as a tree has it: rows are passed on along its edges."""
    given: dict[int, list[tuple[int, np.ndarray]]] = {k: [] for k in range(len(coded.codes))}
    for (a, b), table in joint.items():
        for one, other, own in ((a, b, table), (b, a, table.T)):
            whole = own.sum(1, keepdims=True)
            given[one].append((other, np.where(whole > 0, own / np.where(whole > 0, whole, 1), 0)))
    for start, margin in enumerate(coded.totals):
        reached, stack = {start}, [(start, np.diag(margin))]
        while stack:
            at, table = stack.pop()
            for other, p in given[at]:
                if other not in reached:
                    reached.add(other)
                    passed = table @ p
                    stack.append((other, passed))
                    if (start, other) in pairs:
                        yield (start, other), passed


def _rows(histograms: Sequence[Histogram]) -> float:
    """Return the number of rows that all histograms together tell."""
    sums = [(one.counts.sum(keepdims=True), one.variance.sum(keepdims=True)) for one in histograms]
    found, variance = (float(x[0]) for x in merged(sums))
    if found <= SIGNAL_DEVIATIONS * math.sqrt(variance) or found < 1:
        raise GeneratorError(
            f"expected more than about {SIGNAL_DEVIATIONS * math.sqrt(variance):,.0f} rows for this epsilon, found "
            f"that the noise (standard deviation {math.sqrt(variance):,.0f}) drowns even their number; raise "
            "privacy.epsilon, drop columns, or bring more rows"
        )
    return found


def _projected(one: Histogram, rows: float) -> np.ndarray:
    """Return the histogram without noise below 0; what was taken for empty stays so."""
    some = np.where(one.counts == 0, -np.inf, one.counts)
    return onto_simplex(some, rows) if one.variance.any() and one.counts.any() else one.counts


def _bins(rows: float, sigma: float) -> int:
    """Return the number of groups a column has in pairs: as many as the noise leaves room for."""
    return int(np.clip(0.4 * math.sqrt(rows / sigma) if sigma else math.sqrt(rows), 4, MOST_BINS))


def _groups(one: Histogram, counts: np.ndarray, bins: int, least: float) -> np.ndarray:
    ordered = isinstance(one.column, Cells)
    return grouping.of_column(counts, bins, least, ordered=ordered, missing=one.column.missing)


def _gains(
    coded: Coded, expected: Iterable[tuple[Edge, np.ndarray]], queries: Queries, share: float, known: str
) -> dict[Edge, float]:
    """Return how many rows the table of each pair and the expected one differ by, less what the noise of measuring it
    for a share of the budget would add (as in AIM).

    One row changes each by at most 1, for the expected table is known already.
    """
    sigma, differences, noise, pairs = queries.sigma(share), [], [], []
    for pair, table in expected:
        pairs.append(pair)
        differences.append(int(np.abs(coded.table(pair) - np.rint(table)).sum()))
        noise.append(EXPECTED_ABSOLUTE * np.sqrt(sigma**2 + table).sum())
    told = queries.scores(f"how far pairs are from {known}", np.array(differences, dtype="int64"), SCORES_SHARE)
    return dict(zip(pairs, (told.values - np.array(noise)).tolist(), strict=True))


def _measured(coded: Coded, pairs: Sequence[Edge], queries: Queries, whole: float) -> Tables:
    """Return the tables of pairs, for a share of the budget."""
    parts = whole * shares([coded.sizes[a] * coded.sizes[b] for a, b in pairs])
    return {
        (a, b): [queries.table(f"columns {a} and {b}", coded.table((a, b)), part)]
        for (a, b), part in zip(pairs, parts.tolist(), strict=True)
    }


def _margins(
    histograms: Sequence[Histogram], groups: list[np.ndarray], totals: list[np.ndarray], tables: Tables, rows: float
) -> list[np.ndarray]:
    """Return the rows in each group of each column, by all tables that tell them: one whose histogram was taken for
    empty stays so, unless all together say more than noise does.
    """
    found: list[np.ndarray] = []
    of: dict[int, list[tuple[np.ndarray, float]]] = defaultdict(list)
    for pair, answers in tables.items():
        for axis, k in enumerate(reversed(pair)):
            of[k] += [(one.values.sum(axis), one.variance * one.values.shape[axis]) for one in answers]
    for k, own in enumerate(totals):
        told: list = [(own, np.bincount(groups[k], histograms[k].variance)), *of[k]]
        here, noise = merged(told)
        shown = np.bincount(groups[k], histograms[k].counts != 0) > 0
        here[shown.any() & ~shown & (here <= LEAST_COUNT_DEVIATIONS * np.sqrt(noise))] = -np.inf
        found.append(onto_simplex(here, rows) if histograms[k].variance.any() else own)
    return found


def _joint(tables: Tables, margins: Sequence[np.ndarray]) -> dict[Edge, np.ndarray]:
    """Return one table of each pair that has these margins."""
    found = {}
    for (a, b), answers in tables.items():
        table, variance = merged([(one.values, one.variance) for one in answers])
        noise = math.sqrt(float(variance.flat[0])) if answers[0].variance else 0.0
        prior = math.sqrt(table.size) * (1 + noise) / 10 if noise else INDEPENDENT_ROWS
        found[a, b] = consistent(table if noise else smoothed(table), margins[a], margins[b], prior)
    return found
