"""A network of columns: p(row) = prod_k p(group_k | groups of k's parents) p(cell_k | group_k), exact under conditions.

Columns are in an order in which parents come first, and the parents of a column are all joined to each other: so what
is summed out never joins columns that no table joins (a junction tree: Lauritzen and Spiegelhalter 1988).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

LEAST_PROBABILITY = 1e-12  # of a probability, so that what is possible can be asked for
MOST_BATCH_CELLS = 2**22  # of tables that differ from row to row

Weights = Mapping[int, Tensor]  # column -> weight of each cell, float64 [cells]
Known = Mapping[int, Tensor]  # column -> the cells of rows, int64 [B]


@dataclass(frozen=True, eq=False)
class Factor:
    """A table [groups of each of `columns`], or one for each row [B, groups of each], by `batched`."""

    table: Tensor
    columns: tuple[int, ...]
    batched: bool

    def times(self, others: Sequence["Factor"], over: tuple[int, ...]) -> "Factor":
        """Return the product with others, summed to the columns `over`."""
        place = {column: k + 1 for k, column in enumerate(dict.fromkeys(c for f in (self, *others) for c in f.columns))}
        batched, asked = any(f.batched for f in (self, *others)), []
        for factor in (self, *others):
            asked += [factor.table, [0] * factor.batched + [place[c] for c in factor.columns]]
        return Factor(torch.einsum(*asked, [0] * batched + [place[c] for c in over]), over, batched)

    def scaled(self) -> "Factor":
        """Return the table with 1 as its greatest number, of each row."""
        own = self.table.reshape(len(self.table) if self.batched else 1, -1)
        top = own.max(1).values.clamp(min=LEAST_PROBABILITY**2)
        scale = top.reshape(-1, *[1] * len(self.columns)) if self.batched else top
        return Factor(self.table / (scale if self.batched else scale[0]), self.columns, self.batched)


class Model(nn.Module):
    """Tables of a network; the parents of a column come before it in `order`."""

    def __init__(
        self,
        order: Sequence[int],
        parents: Sequence[Sequence[int]],
        groups: Sequence[Tensor],
        cells: Sequence[Tensor],
        conditional: Sequence[Tensor],
    ) -> None:
        """Take for each column its parents, the group of each cell int64 [cells], p(cell | its group) float64 [cells],
        and p(group | groups of the parents) float64 [G of each parent, G].
        """
        super().__init__()
        self.register_buffer("order", torch.tensor(order, dtype=torch.int64))
        for k, tables in enumerate(zip(groups, cells, conditional, strict=True)):
            self.register_buffer(f"parents_{k}", torch.tensor(list(parents[k]), dtype=torch.int64))
            for name, table in zip(("groups", "cells", "conditional"), tables, strict=True):
                self.register_buffer(f"{name}_{k}", table)

    @property
    def columns(self) -> int:
        return len(self.get_buffer("order"))

    def groups(self, k: int) -> Tensor:
        return self.get_buffer(f"groups_{k}")

    def cells(self, k: int) -> Tensor:
        return self.get_buffer(f"cells_{k}")

    def conditional(self, k: int) -> Tensor:
        return self.get_buffer(f"conditional_{k}")

    @cached_property
    def ordered(self) -> list[int]:
        return self.get_buffer("order").tolist()

    @cached_property
    def parents(self) -> list[tuple[int, ...]]:
        return [tuple(self.get_buffer(f"parents_{k}").tolist()) for k in range(self.columns)]

    @cached_property
    def anchors(self) -> list[int]:
        """For each column the last of its parents, whose own parents are among the others' (-1 without any)."""
        rank = {column: k for k, column in enumerate(self.ordered)}
        return [max(own, key=lambda c: rank[c], default=-1) for own in self.parents]

    def forward(self, cells: Tensor) -> Tensor:
        """Return -log p of rows of cells [B, columns] in nats: float64 [B]."""
        nll = torch.zeros(len(cells), dtype=torch.float64)
        group = [self.groups(k)[cells[:, k]] for k in range(self.columns)]
        for k, own in enumerate(self.parents):
            p = self.conditional(k)[tuple(group[c] for c in (*own, k))]
            nll -= p.log() + self.cells(k)[cells[:, k]].log()
        return nll

    def entropy(self) -> float:
        """Return the entropy of a row in nats."""
        found, joint = 0.0, {-1: Factor(torch.ones((), dtype=torch.float64), (), False)}
        for k in self.ordered:
            own = Factor(self.conditional(k), (*self.parents[k], k), False)
            above = joint[self.anchors[k]].times([], self.parents[k])
            joint[k] = own.times([above], own.columns)
            found -= float((joint[k].table * own.table.clamp(min=LEAST_PROBABILITY).log()).sum())
            share, p = joint[k].times([], (k,)).table, self.cells(k)
            found -= float((share[self.groups(k)] * p * p.clamp(min=LEAST_PROBABILITY).log()).sum())
        return found

    def draw(self, u: Tensor, weights: Weights, known: Known) -> Tensor:
        """Draw rows of cells, int64 [B, columns], by u in [0, 1) [B, 2 columns]: exactly from p(row | known) times
        the product of weights (messages to the first column, then draws from there).
        """
        size = max(1, MOST_BATCH_CELLS // self._largest(known)) if known else max(1, len(u))
        starts = range(0, len(u), size)
        parts = [
            self._draw(u[a : a + size], weights, {k: own[a : a + size] for k, own in known.items()}) for a in starts
        ]
        return torch.cat(parts) if parts else u.new_zeros(0, self.columns, dtype=torch.int64)

    def _largest(self, known: Known) -> int:
        """Return the cells of the largest table that is left where some columns are known."""
        sizes = [self.conditional(k).shape[-1] if k not in known else 1 for k in range(self.columns)]
        return max(int(np.prod([sizes[c] for c in (*own, k)])) for k, own in enumerate(self.parents))

    def _draw(self, u: Tensor, weights: Weights, known: Known) -> Tensor:
        group = {k: self.groups(k)[own] for k, own in known.items()}
        beliefs, cells = self._beliefs(weights, group)[0], u.new_zeros(len(u), self.columns, dtype=torch.int64)
        for k in self.ordered:
            if k in known:
                cells[:, k] = known[k]
                continue
            p = self._given(k, beliefs[k], group, len(u))
            prior = self._given(k, self._restricted(k, {c: g for c, g in group.items() if c in known}), group, len(u))
            ends = torch.where(p.sum(1, keepdim=True) > 0, p, prior).cumsum(1)
            group[k] = _invert(ends, u[:, 2 * k] * ends[:, -1])
            cells[:, k] = self._cell(k, group[k], u[:, 2 * k + 1], weights.get(k))
        return cells

    def _given(self, k: int, factor: Factor, group: Mapping[int, Tensor], rows: int) -> Tensor:
        """Return a factor whose last column is k, given the groups of the others: [rows, G]."""
        at = [torch.arange(rows)] * factor.batched + [group[c] for c in factor.columns[:-1]]
        return factor.table[tuple(at)] if at else factor.table.expand(rows, -1)

    def _beliefs(self, weights: Weights, group: Mapping[int, Tensor]) -> tuple[dict[int, Factor], Tensor]:
        """Return for each column p(its group | parents) times how well each agrees with what is known after it, and
        the weight of all rows together, up to a scale.
        """
        told: dict[int, list[Factor]] = {k: [] for k in range(-1, self.columns)}
        found = {}
        for k in reversed(self.ordered):
            own = self._restricted(k, group)
            found[k] = own.times([*self._evidence(k, weights, group), *told[k]], own.columns).scaled()
            rest = tuple(c for c in own.columns if c != k)
            told[self.anchors[k]].append(found[k].times([], rest).scaled())
        whole = torch.ones((), dtype=torch.float64)
        for one in told[-1]:
            whole = whole * one.table
        return found, whole

    def _restricted(self, k: int, group: Mapping[int, Tensor]) -> Factor:
        """Return p(group of k | parents) where some groups are known: one table for each row then."""
        family, table = (*self.parents[k], k), self.conditional(k)
        given, free = [c for c in family if c in group], tuple(c for c in family if c not in group)
        if not given:
            return Factor(table, family, False)
        table = table.permute([family.index(c) for c in (*given, *free)])
        return Factor(table[tuple(group[c] for c in given)], free, True)

    def _evidence(self, k: int, weights: Weights, group: Mapping[int, Tensor]) -> list[Factor]:
        if k not in weights or k in group:
            return []
        own = torch.zeros(self.conditional(k).shape[-1], dtype=torch.float64)
        return [Factor(own.index_add(0, self.groups(k), self.cells(k) * weights[k]), (k,), False)]

    def possible(self, weights: Weights) -> bool:
        """Tell whether any row has a weight above 0."""
        return bool(self._beliefs(weights, {})[1] > 0)

    def _cell(self, k: int, group: Tensor, u: Tensor, weight: Tensor | None) -> Tensor:
        """Draw a cell within each row's group [B]."""
        p = self.cells(k) if weight is None else self.cells(k) * weight
        order = torch.argsort(self.groups(k), stable=True)
        ends = p[order].cumsum(0)
        counts = torch.bincount(self.groups(k), minlength=self.conditional(k).shape[-1]).cumsum(0)
        last = ends[counts - 1]
        first = torch.cat([last.new_zeros(1), last[:-1]])
        at = torch.searchsorted(ends, first[group] + u * (last - first)[group], right=True)
        return order[torch.minimum(at, counts[group] - 1)]


def _invert(ends: Tensor, at: Tensor) -> Tensor:
    """Return the place of each row's `at` [B] among its ends [B, G], the last that has a share where rounding passes
    all.
    """
    found = torch.searchsorted(ends.contiguous(), at[:, None].contiguous(), right=True)[:, 0]
    last = (ends < ends[:, -1:]).sum(1)
    return torch.minimum(found, last)


def normalised(counts: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return p(cell | group) of counts [cells], alike for all cells of a group without any."""
    counts = np.maximum(counts, 0) + LEAST_PROBABILITY * max(counts.sum(), 1.0)
    return counts / np.bincount(groups, counts)[groups]
