"""Which tokens a row may still take under constraints: a mask over the next token, given those drawn so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.sampling.constraints import Constraints, Ranges, Within, certain


@dataclass(frozen=True)
class Mask:
    """`mask(l, x)` is bool [B, K]: tokens that factor l can take after the tokens x [B, L] at the places `known` and
    before l; None: all.

    A mask leaves no token that breaks something in a row without missing values, as far as ranges tell. It need not
    leave only tokens with which the rest can be met: what is drawn is looked at again (rows.py).
    """

    constraints: Constraints
    known: Collection[int]

    def __call__(self, l: int, x: Tensor) -> Tensor | None:
        k, fine = self._owner[l]
        ranged = any(k in one.columns for one, _ in self.constraints.linear)
        rules = [
            r for r in self.constraints.rules if r.premises and isinstance(r.claims[0], Within) and r.claims[0].k == k
        ]
        if not ranged and not rules and k not in self.constraints.domains:
            return None
        x = x.cpu()
        tokens, drawn = (
            x.numpy(),
            {place for place in range(self.constraints.encoding.layout.width) if place < l or place in self.known},
        )
        allowed = self._in_domains(k, tokens, drawn, rules)
        if ranged:
            low, high = self._narrowed(tokens, drawn)[k]
            least, most = self.constraints.cell_ranges[k]
            allowed = allowed & (least <= high[:, None]) & (most >= low[:, None])
        found = torch.from_numpy(self._of_tokens(k, l, allowed, tokens if fine else None))
        return torch.where(found.any(1, keepdim=True), found, True)

    @cached_property
    def _owner(self) -> dict[int, tuple[int, bool]]:
        """By place its column, and whether its token is a fine one."""
        places = self.constraints.encoding.layout.places
        return {place: (k, bool(at)) for k, own in enumerate(places) for at, place in enumerate(own)}

    def _in_domains(self, k: int, tokens: np.ndarray, drawn: set[int], rules: list) -> np.ndarray:
        """Which cells of column k its domain and the rules that apply for certain admit: bool [B, cells + 1]."""
        size, domain = self.constraints.encoding.columns[k].size, self.constraints.domains.get(k)
        allowed = (
            np.ones((len(tokens), size + 1), dtype=bool)
            if domain is None
            else np.tile(domain.share > 0, (len(tokens), 1))
        )
        cells = self._cells(tokens, drawn)
        for rule in rules:
            admitted = np.append(rule.claims[0].domain.share[:-1] > 0, True)
            allowed &= admitted | ~np.broadcast_to(certain(rule.premises, cells), len(tokens))[:, None]
        return allowed

    def _cells(self, tokens: np.ndarray, drawn: set[int]) -> dict[int, np.ndarray]:
        """Cells of the columns that are drawn whole."""
        columns, places = self.constraints.encoding.columns, self.constraints.encoding.layout.places
        whole = [k for k in sorted(self.constraints.columns) if drawn.issuperset(places[k])]
        return {k: columns[k].join(tokens[:, list(places[k])]) for k in whole}

    def _narrowed(self, tokens: np.ndarray, drawn: set[int]) -> Ranges:
        """Ranges [B] of the columns under orders and sums, narrowed by what is drawn."""
        cells = self._cells(tokens, drawn)
        ranges: Ranges = {}
        is_missing: dict[int, np.ndarray] = {}
        for k, (low, high) in self.constraints.cell_ranges.items():
            column, place = self.constraints.encoding.columns[k], self.constraints.encoding.layout.places[k][0]
            if k in cells:
                ranges[k], is_missing[k] = (low[cells[k]], high[cells[k]]), cells[k] >= column.size
            elif place in drawn:
                least, most = _grouped(column, low, high)
                ranges[k] = least[tokens[:, place]], most[tokens[:, place]]
                is_missing[k] = tokens[:, place] >= len(column.starts)
            else:
                some = (low <= high)[:-1]
                lowest, highest = (low[:-1][some].min(), high[:-1][some].max()) if some.any() else (-np.inf, np.inf)
                ranges[k] = np.full(len(tokens), lowest), np.full(len(tokens), highest)
        return self.constraints.narrow(ranges, cells, is_missing)

    def _of_tokens(self, k: int, l: int, allowed: np.ndarray, tokens: np.ndarray | None) -> np.ndarray:
        """Cells [B, cells + 1] -> tokens [B, K] that are admitted: a coarse one with any of its cells, or the fine
        ones under it.
        """
        encoding = self.constraints.encoding
        column, size = encoding.columns[k], encoding.layout.sizes[l]
        starts = np.asarray(column.starts, dtype="int64")
        if tokens is None:
            found = np.logical_or.reduceat(allowed[:, : column.size], starts, axis=1) if column.size else allowed[:, :0]
            return np.concatenate([found, allowed[:, column.size :]], 1)[:, :size]
        coarse = tokens[:, encoding.layout.places[k][0]]
        first = np.append(starts, column.size)[np.minimum(coarse, len(starts))]
        cells = np.minimum(first[:, None] + np.arange(size), column.size)
        return np.take_along_axis(allowed, cells, 1)


def _grouped(column: Cells | Labels, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of cells [cells + 1] -> of each coarse token: of the cells it holds, and of a missing value."""
    starts = np.asarray(column.starts)
    return (
        np.append(np.minimum.reduceat(low[:-1], starts), low[-1]),
        np.append(np.maximum.reduceat(high[:-1], starts), high[-1]),
    )
