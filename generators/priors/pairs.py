"""What columns tell of each other two by two, in any order: what a diffusion knows before its first training step.

For each column, tables of pairs with the columns that tell most of it (marginals/smoothing.py) give log ratios
r_lm = log p(x_l, x_m) / p(x_l) p(x_m), and the logits of x_l given any visible columns V are

log p(x_l) + sum_{m in V} w_lm r_lm(x_l, x_m),   w_lm = 1 / (1 + sum_{n in V} min(I_lm, I_ln, I_mn) / I_lm)

with mutual informations I: naive Bayes, in which n columns that say the same count as one (exactly where they are
copies of each other). The network learns what this leaves over.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.encoding.layout import Layout
from launderette.generators.marginals import groups as grouping
from launderette.generators.marginals.smoothing import smoothed
from launderette.generators.networks.frequencies import ADDED_ROWS

MOST_GROUPS = 20  # of a column's tokens
ROWS_OF_GROUP = 25  # per group, of few rows
LEAST_GROUP_SHARE = 1 / 320  # of the rows, in a group
PARTNERS = 8  # columns that a column is told by, at most
MOST_COLUMNS = 128  # of a table: the columns of wider ones are told by none
MOST_RATIO = 6.0  # nats that one column may say for or against a group of another
LEAST_TOLD = 1e-6  # nats, for divisions


class PairTables(nn.Module):
    """Terms that are added to the logits of coarse tokens; `fit` fills the buffers, part of the model's file."""

    group: Tensor  # [C, tokens], of each token of a column
    partners: Tensor  # [C, P], the columns that tell most of each
    ratio: Tensor  # [C, P, M, M], by the group of the partner and the own one
    overlap: Tensor  # [C, P, P], how much of what a partner (row) tells another one (column) tells too

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.columns, self.used, self.layout = len(layout.places), False, layout
        C, M = self.columns, min(MOST_GROUPS, max(layout.sizes))
        P = min(PARTNERS, C - 1) if C <= MOST_COLUMNS else 0
        self.register_buffer("group", torch.zeros(C, max(layout.sizes[:C]), dtype=torch.int64))
        self.register_buffer("partners", torch.zeros(C, P, dtype=torch.int64))
        self.register_buffer("ratio", torch.zeros(C, P, M, M))
        self.register_buffer("overlap", torch.zeros(C, P, P))

    def fit(self, x: Tensor, told: Tensor) -> None:
        """Read groups and tables off the tokens x [N, L]; columns say `told` [C, C] nats of each other."""
        for c in range(self.columns):
            self.group[c, : self.layout.sizes[c]] = torch.from_numpy(self._grouped(c, x[:, c]))
        told = told.clone().fill_diagonal_(-1.0)
        self.partners.copy_(told.topk(self.partners.shape[1], 1).indices)
        self._read_tables(self.group.gather(1, x[:, : self.columns].t()).numpy())
        of = told.gather(1, self.partners).clamp(min=LEAST_TOLD)  # [C, P]
        between = told[self.partners[:, :, None], self.partners[:, None, :]]  # [C, P, P]
        least = torch.minimum(of[:, :, None], of[:, None, :]).minimum(between.clamp(min=0))
        self.overlap.copy_(least / of[:, :, None])
        self.used = bool(self.ratio.any())

    def _read_tables(self, g: np.ndarray) -> None:
        """Keep the log ratios of columns and their partners, from the groups g [C, N] of rows."""
        tables: dict[tuple[int, int], np.ndarray] = {}
        for c, partners in enumerate(self.partners.tolist()):
            for p, m in enumerate(partners):
                known = tables.get((m, c))
                own = _log_ratios(g[m], g[c]) if known is None else known.T
                tables[c, m] = own
                self.ratio[c, p, : own.shape[0], : own.shape[1]] = torch.from_numpy(own).float()

    def _grouped(self, c: int, tokens: Tensor) -> np.ndarray:
        """Return the group of each token of column c, [tokens]."""
        size, ordered = self.layout.sizes[c], self.layout.ordered[c]
        counts = np.bincount(tokens.numpy(), minlength=size).astype("float64")
        how = {"ordered": ordered > 0, "missing": 0 < ordered < size}
        most = min(self.ratio.shape[2], max(2, len(tokens) // ROWS_OF_GROUP))
        for bins in range(most, 0, -1):
            found = grouping.of_column(counts, bins, LEAST_GROUP_SHARE * len(tokens), **how)
            if found.max(initial=0) < most:
                break
        return np.minimum(found, self.ratio.shape[2] - 1)

    def terms(self, x: Tensor, before: Tensor) -> dict[int, Tensor]:
        """Return what is added to the logits of each coarse token l of x [B, L] by the tokens `before` it [B, l, m]:
        [B, its tokens].
        """
        if not self.used:
            return {}
        C, P, M, _ = self.ratio.shape
        g = self.group.gather(1, x[:, :C].t()).t()  # [B, C]
        visible = before[:, :C, :C].gather(2, self.partners.expand(len(x), -1, -1))  # [B, C, P]
        weights = visible / (1 + torch.einsum("bcq,cpq->bcp", visible, self.overlap))
        at = torch.arange(C * P, device=x.device).view(C, P) * M + g[:, self.partners]  # [B, C, P]
        found = self._summed(at.flatten(0, 1), weights.flatten(0, 1)).view(len(x), C, M)
        return {c: found[:, c, self.group[c, : self.layout.sizes[c]]] for c in range(C)}

    def term(self, l: int, x: Tensor, visible: Tensor) -> Tensor | None:
        """Return what is added to the logits of token l by the `visible` [B, L] ones of x [B, L]: [B, its tokens]; None
        for nothing.
        """
        if not self.used or l >= self.columns:
            return None
        P, M = self.ratio.shape[1:3]
        partners = self.partners[l]
        shown = visible[:, partners].float()
        weights = shown / (1 + shown @ self.overlap[l].t())
        g = self.group[partners[:, None], x[:, partners].t()].t()  # [B, P]
        at = (l * P + torch.arange(P, device=x.device)) * M + g
        return self._summed(at, weights)[:, self.group[l, : self.layout.sizes[l]]]

    def _summed(self, at: Tensor, weights: Tensor) -> Tensor:
        """Rows of the ratios [B, P], weighted [B, P] -> [B, M]."""
        return nn.functional.embedding_bag(at, self.ratio.flatten(0, 2), mode="sum", per_sample_weights=weights)

    def weaken(self, share: float) -> None:
        """Keep a share of all that columns tell of each other."""
        self.ratio.mul_(share)
        self.used = share > 0

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.used = bool(self.ratio.any())


def gains(terms: Iterable[tuple[int, Tensor]], x: Tensor, other: Tensor) -> Tensor:
    """Return how much likelier each column of other tokens [M, L] is with the terms [M, its tokens] of some than by its
    shares in x [N, L], in nats: [M, L], 0 for tokens without one.
    """
    found = torch.zeros(other.shape)
    for c, term in terms:
        share = (torch.bincount(x[:, c], minlength=term.shape[1]) + ADDED_ROWS).log()
        told = torch.log_softmax(share + term, 1) - torch.log_softmax(share, 0)
        found[:, c] = told.gather(1, other[:, c : c + 1])[:, 0]
    return found


def _log_ratios(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Groups of two columns [N] each -> log p(a, b) / p(a) p(b) for all groups, smoothed: [groups of a, of b]."""
    counts = np.zeros((a.max(initial=0) + 1, b.max(initial=0) + 1))
    np.add.at(counts, (a, b), 1.0)
    p = smoothed(counts) / len(a)
    alone = p.sum(1, keepdims=True) * p.sum(0)
    return (np.log(np.maximum(p, 1e-12)) - np.log(np.maximum(alone, 1e-12))).clip(-MOST_RATIO, MOST_RATIO)
