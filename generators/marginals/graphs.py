"""Graphs of columns: a spanning tree of pairs, further edges, and an order of columns in which sums stay small."""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Edge = tuple[int, int]

MOST_TABLE_CELLS = 2**20  # of all families of a graph together
MOST_PAIRS = 30_000  # that are looked at: all of up to 245 columns
MOST_REFUSED = 500  # further edges in a row that make tables too large
MOST_FAMILY = 20  # columns; more have more cells than these, but for columns of one group
MOST_TRIED = 4  # times as many edges as are wanted that are tried, the best first
MOST_WALKED = 2**19  # columns that are taken out while further edges are tried, in all


@dataclass(frozen=True)
class Order:
    """Columns in an order, and the parents of each, which come before it and are all joined to each other."""

    columns: tuple[int, ...]
    parents: tuple[tuple[int, ...], ...]  # by column

    def family(self, k: int) -> tuple[int, ...]:
        return (*self.parents[k], k)

    @cached_property
    def place(self) -> dict[int, int]:
        """Where each column stands."""
        return {k: place for place, k in enumerate(self.columns)}

    def anchor(self, k: int) -> int:
        """Return the last of k's parents, whose family holds all of them; -1 without any."""
        return max(self.parents[k], key=self.place.__getitem__, default=-1)


def candidates(columns: int) -> list[Edge]:
    """Return the pairs of columns that are looked at: all or, of very wide tables, those of columns near each other in
    the table, which no row decides.
    """
    apart = max(1, MOST_PAIRS // columns) if columns * (columns - 1) // 2 > MOST_PAIRS else columns
    return [(a, b) for a in range(columns) for b in range(a + 1, min(columns, a + apart + 1))]


def spanning(columns: int, weights: Mapping[Edge, float]) -> list[Edge]:
    """Return the edges of the spanning tree of largest weight, from column 0 on (Prim 1957); pairs without a weight
    are no edges.
    """
    at, edges = 0, []
    best = {b: (-math.inf, -b, -1) for b in range(1, columns)}  # of the edges that would reach each column
    while best:
        for b, known in best.items():
            best[b] = max(known, (weights.get((min(at, b), max(at, b)), -math.inf), -b, at))
        _, b, a = max(best.values())
        at = -b
        del best[at]
        edges.append((a, at))
    return edges


def ordered(edges: Iterable[Edge], sizes: Sequence[int]) -> Order:
    """Return an order in which every edge joins a column to one of its parents, and no table needs to be large."""
    parents = {k: near for k, near, _ in _taken_out(edges, sizes)}
    columns = tuple(reversed(parents))
    rank = {k: place for place, k in enumerate(columns)}
    return Order(columns, tuple(tuple(sorted(parents[k], key=rank.__getitem__)) for k in range(len(sizes))))


def fits(edges: Iterable[Edge], sizes: Sequence[int], most: int = MOST_TABLE_CELLS) -> bool:
    """Tell whether the tables of all families together stay small: of at most so many cells."""
    whole = 0
    for _, near, cells in _taken_out(edges, sizes):
        whole += cells
        if whole > most or len(near) >= MOST_FAMILY:
            return False
    return True


def _taken_out(edges: Iterable[Edge], sizes: Sequence[int]) -> Iterator[tuple[int, set[int], int]]:
    """Yield columns from the last of an order on, that of the smallest table first, with the neighbours that are left,
    which are then joined, and the cells of its table.
    """
    near: dict[int, set[int]] = {k: set() for k in range(len(sizes))}
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    table = {k: _size(k, near[k], sizes) for k in near}
    queue = [(size, k) for k, size in table.items()]  # also of tables as they were, which are passed over
    heapq.heapify(queue)
    while near:
        size, k = heapq.heappop(queue)
        if k not in near or size != table[k]:
            continue
        own = near.pop(k)
        yield k, own, size[0]
        for one in own:
            near[one] |= own - {one}
            near[one].discard(k)
            table[one] = _size(one, near[one], sizes)
            heapq.heappush(queue, (table[one], one))


def _size(k: int, near: set[int], sizes: Sequence[int]) -> tuple[int, int]:
    """Return the cells of the table of k and its neighbours, and how many of these have one group: they add no cells,
    yet a table has an axis for each.
    """
    return sizes[k] * math.prod(sizes[d] for d in near), sum(sizes[d] == 1 for d in near)


def further(
    tree: Sequence[Edge], gains: Mapping[Edge, float], sizes: Sequence[int], most: int, cells: int = MOST_TABLE_CELLS
) -> list[Edge]:
    """Return up to `most` edges beside the tree that gain something, the best first, with which tables stay small (of
    `cells`), until many in a row would not, or all together have been tried for long; none of a column of one group,
    whose table says what its other column alone does. Twice as many are tried at once as long as they fit.
    """
    chosen: list[Edge] = []
    telling = [edge for edge in gains if gains[edge] > 0 and min(sizes[k] for k in edge) > 1]
    left = sorted(telling, key=lambda edge: -gains[edge])[: MOST_TRIED * most]
    refused, together, tries = 0, 1, MOST_WALKED // len(sizes)
    while left and len(chosen) < most and refused < MOST_REFUSED and tries:
        edges, tries = left[: min(together, most - len(chosen))], tries - 1
        if fits([*tree, *chosen, *edges], sizes, cells):
            chosen += edges
            left, refused, together = left[len(edges) :], 0, 2 * together
        elif len(edges) > 1:
            together = len(edges) // 2
        else:
            left, refused, together = left[1:], refused + 1, 1
    return chosen


def tour(order: Order) -> list[Edge]:
    """Return the steps of a walk from the first column's family to every other and back, each along an anchor."""
    below: dict[int, list[int]] = {k: [] for k in order.columns}
    for k in order.columns[1:]:
        below[order.anchor(k)].append(k)
    steps, stack = [], [(order.columns[0], iter(below[order.columns[0]]))]
    while stack:
        at, rest = stack[-1]
        child = next(rest, None)
        if child is not None:
            steps.append((at, child))
            stack.append((child, iter(below[child])))
            continue
        stack.pop()
        if stack:
            steps.append((at, stack[-1][0]))
    return steps
