"""A tree of columns: p(row) = prod_k p(group_k | group of k's parent) p(cell_k | group_k), exact under conditions."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

LEAST_PROBABILITY = 1e-12  # of a probability, so that what is possible can be asked for

Weights = Mapping[int, Tensor]  # column -> weight of each cell, float64 [cells]
Known = Mapping[int, Tensor]  # column -> the cells of rows, int64 [B]


class Model(nn.Module):
    """Tables of a tree; `parent` of a column is another one, -1 at the root."""

    parent: Tensor  # int64 [columns]

    def __init__(
        self, parent: Sequence[int], groups: Sequence[Tensor], cells: Sequence[Tensor], conditional: Sequence[Tensor]
    ) -> None:
        """Take for each column the group of each cell int64 [cells], p(cell | its group) float64 [cells], and
        p(group | group of the parent) float64 [G of the parent, G]; [1, G] at the root.
        """
        super().__init__()
        self.register_buffer("parent", torch.tensor(parent, dtype=torch.int64))
        for k, tables in enumerate(zip(groups, cells, conditional, strict=True)):
            for name, table in zip(("groups", "cells", "conditional"), tables, strict=True):
                self.register_buffer(f"{name}_{k}", table)

    @property
    def columns(self) -> int:
        return len(self.parent)

    def groups(self, k: int) -> Tensor:
        return self.get_buffer(f"groups_{k}")

    def cells(self, k: int) -> Tensor:
        return self.get_buffer(f"cells_{k}")

    def conditional(self, k: int) -> Tensor:
        return self.get_buffer(f"conditional_{k}")

    def order(self) -> list[int]:
        """Return the columns so that each comes after its parent."""
        parents, found = self.parent.tolist(), [-1]
        for at in found:
            found += [k for k, parent in enumerate(parents) if parent == at]
        return found[1:]

    def forward(self, cells: Tensor) -> Tensor:
        """Return -log p of rows of cells [B, columns] in nats: float64 [B]."""
        nll = torch.zeros(len(cells), dtype=torch.float64)
        for k, parent in enumerate(self.parent.tolist()):
            group = self.groups(k)[cells[:, k]]
            above = self.groups(parent)[cells[:, parent]] if parent >= 0 else torch.zeros_like(group)
            nll -= self.conditional(k)[above, group].log() + self.cells(k)[cells[:, k]].log()
        return nll

    def entropy(self) -> float:
        """Return the entropy of a row in nats."""
        found, share = 0.0, {-1: torch.ones(1, dtype=torch.float64)}
        for k in self.order():
            joint = share[int(self.parent[k])][:, None] * self.conditional(k)
            share[k] = joint.sum(0)
            found -= float((joint * self.conditional(k).clamp(min=LEAST_PROBABILITY).log()).sum())
            p = self.cells(k)
            found -= float((share[k][self.groups(k)] * p * p.clamp(min=LEAST_PROBABILITY).log()).sum())
        return found

    def draw(self, u: Tensor, weights: Weights, known: Known) -> Tensor:
        """Draw rows of cells, int64 [B, columns], by u in [0, 1) [B, 2 columns]: exactly from p(row | known) times
        the product of weights (Pearl 1988: messages to the root, then draws from it).
        """
        belief, cells, group = self._beliefs(weights, known), u.new_zeros(len(u), self.columns, dtype=torch.int64), {}
        for k in self.order():
            parent = int(self.parent[k])
            if k in known:
                cells[:, k], group[k] = known[k], self.groups(k)[known[k]]
                continue
            given = self.conditional(k)[group[parent]] if parent >= 0 else self.conditional(k)
            p = given * belief[k]
            p = torch.where(p.sum(1, keepdim=True) > 0, p, given).expand(len(u), -1).cumsum(1)
            group[k] = _invert(p, u[:, 2 * k] * p[:, -1])
            cells[:, k] = self._cell(k, group[k], u[:, 2 * k + 1], weights.get(k))
        return cells

    def _beliefs(self, weights: Weights, known: Known) -> dict[int, Tensor]:
        """Return for each column how well each group agrees with what is known below it: [B or 1, G]."""
        belief = {k: self._evidence(k, weights, known) for k in range(self.columns)}
        for k in reversed(self.order()):
            belief[k] = belief[k] / belief[k].max(1, keepdim=True).values.clamp(min=LEAST_PROBABILITY**2)
            if (parent := int(self.parent[k])) >= 0:
                belief[parent] = belief[parent] * (belief[k] @ self.conditional(k).T)
        return belief

    def _evidence(self, k: int, weights: Weights, known: Known) -> Tensor:
        sizes = self.conditional(k).shape[1]
        if k in known:
            return nn.functional.one_hot(self.groups(k)[known[k]], sizes).double()
        if k not in weights:
            return torch.ones(1, sizes, dtype=torch.float64)
        own = torch.zeros(sizes, dtype=torch.float64)
        return own.index_add(0, self.groups(k), self.cells(k) * weights[k])[None]

    def possible(self, weights: Weights) -> bool:
        """Tell whether any row has a weight above 0."""
        root = self.order()[0]
        return bool((self._beliefs(weights, {})[root] * self.conditional(root)).sum() > 0)

    def _cell(self, k: int, group: Tensor, u: Tensor, weight: Tensor | None) -> Tensor:
        """Draw a cell within each row's group [B]."""
        p = self.cells(k) if weight is None else self.cells(k) * weight
        order = torch.argsort(self.groups(k), stable=True)
        ends = p[order].cumsum(0)
        counts = torch.bincount(self.groups(k), minlength=self.conditional(k).shape[1]).cumsum(0)
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
