"""What columns tell of each other in any order: what a diffusion knows before its first training step.

Each column is told by tables of pairs (pairs.py) or by a Gaussian copula (copula.py), whichever makes it likelier in
other rows: relations that are not monotone want tables, numbers that hang together closely want normal scores.

With R = C C', the correlations of all features in the order in which a row reveals them, the whitened features
w = C^-1 x of the visible ones tell of a hidden feature j by row j of C, cut off after them: its mean is C_j w, its
variance 1 - |C_j|^2. Labels follow linear discriminants: at level k, w has the mean m_k = spread_k C_k / share_k, and
within all levels the covariance W = I - sum_k share_k m_k m_k', so that

log p(k | w) = log share_k + w' W^-1 m_k - m_k' W^-1 m_k / 2 + constant

where W^-1 M = M (I - P M'M)^-1 for all means M and the diagonal P of shares: no matrix is larger than levels are many.
A number that is often missing is regressed on the visible features by the rows that have it (present_scores.py).
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from launderette.generators.encoding.layout import Layout
from launderette.generators.networks.copula import INDEPENDENT, Copula
from launderette.generators.networks.normal_scores import LEAST_LEVEL, LEAST_VARIANCE, interval_term, label_term
from launderette.generators.networks.ties import candidates
from launderette.generators.priors.pairs import PairTables, gains
from launderette.generators.priors.present_scores import PresentScores
from launderette.generators.training.validation import Folds

MOST_FEATURES = 100  # of a copula that is solved for each row anew
JUDGED_ROWS, JUDGED_TIMES = 200, 2  # other rows that suffice to compare copula and tables, in so many orders each
JUDGED_ORDERS = 16  # in all: what is solved for an order is so for all of its rows
SURE_ERRORS = 2  # standard errors by which other rows have to become likelier
EVERY_ORDER = slice(None)

Informed = Callable[[Tensor], Tensor]  # tokens [N, L] -> nats that columns tell of each other [C, C]


class Whitened:
    """The features of n rows of each of G orders, as far as they are revealed: w [G, n, D] in these orders.

    Columns of the same `place` [G, columns] do not see each other. Each order has its correlations R [G, D, D]: those
    of the copula where none are given.
    """

    def __init__(
        self, copula: Copula, present: PresentScores, place: Tensor, rows: int = 1, R: Tensor | None = None
    ) -> None:
        at, R = place[:, copula.column], copula.R.expand(len(place), -1, -1) if R is None else R  # [G, D]
        self.copula, self.present, self.order = copula, present, at.argsort(dim=1, stable=True)
        self.place = self.order.argsort(1)  # of each feature
        every = torch.arange(len(place), device=place.device)[:, None, None]
        self.C = torch.linalg.cholesky(R[every, self.order[:, :, None], self.order[:, None, :]])
        self.seen = (at[:, None, :] < place[:, :, None]).sum(2)  # [G, columns], features
        self.w = self.C.new_zeros(len(place), rows, at.shape[1])
        self.X = torch.zeros_like(self.w) if present.columns else self.w  # features as they are, in the copula's order

    def show_all(self, x: Tensor) -> "Whitened":
        """Reveal all columns of tokens x [G n, L]: each sees those before it."""
        self.X = self.copula.features(x).view(self.w.shape)
        X = self.X.gather(2, self.order[:, None].expand_as(self.w))
        self.w = torch.linalg.solve_triangular(self.C, X.transpose(1, 2), upper=False).transpose(1, 2)
        return self

    def show(self, c: int, x: Tensor, orders: Tensor) -> None:
        """Reveal column c of some of the tokens x [G, L], one row of each order; all before it are revealed."""
        X = self.copula.features(x[orders], [c])
        if self.present.columns:
            self.X[orders, 0] += X
        for j in (self.copula.column == c).nonzero()[:, 0].tolist():
            p = self.place[orders, j]
            row = self.C[orders, p]  # [g, D]
            left = X[:, j] - (row * self.w[orders, 0]).sum(1)
            self.w[orders, 0, p] = left / row.gather(1, p[:, None])[:, 0]

    def term(self, c: int, orders: Tensor | slice = EVERY_ORDER) -> Tensor:
        """Return log p(token | columns seen) / p(token) of column c in some orders: float32 [g n, tokens]."""
        copula, size = self.copula, self.copula.sizes[c]
        if c not in copula.ordered:
            return self._of_levels(c, orders)
        term = nn.functional.pad(self._of_intervals(c, orders), (0, 1))[:, :size]
        return term + self._of_levels(c, orders) if c in copula.levels else term

    def _of_intervals(self, c: int, orders: Tensor | slice) -> Tensor:
        j, edges = self.copula.feature[c], getattr(self.copula, f"edges_{c}")
        if c in self.present.columns:
            seen = self.place[orders] < self.seen[orders, c, None]
            mu, s = self.present.told(c, self.X[orders], seen)
            return interval_term(edges, mu, s[:, None])
        rows, mean = self._told(c, slice(j, j + 1), orders)
        v = self.copula.v[j]
        s = (1 - rows.square().sum(2) / v).clamp(min=LEAST_VARIANCE).sqrt().repeat_interleave(self.w.shape[1], 0)
        return interval_term(edges, mean.flatten() / v.sqrt(), s)

    def _of_levels(self, c: int, orders: Tensor | slice) -> Tensor:
        own, shares = self.copula.indicators(c), self.copula.shares(c)
        share = shares[:-1].clamp(min=LEAST_LEVEL)
        rows, mean = self._told(c, own, orders)  # [g, K, D], [g, n, K]
        scale = ((1 - share) / share).clamp(min=0).sqrt()
        means, q = (self._with_others(part, shares) for part in (rows.transpose(1, 2) * scale, mean * scale))
        S = means.transpose(1, 2) @ means  # [g, K + 1, K + 1]
        inverse = torch.linalg.inv(torch.eye(len(shares)).to(S) - shares[:, None] * S)
        log_odds = q @ inverse - (S @ inverse).diagonal(dim1=1, dim2=2)[:, None] / 2
        term = label_term(log_odds.flatten(0, 1), shares)
        return term[:, self.copula.ranks(c, term.device)]

    def _with_others(self, means: Tensor, shares: Tensor) -> Tensor:
        """Means [..., K] of the levels -> those and that of all other labels [..., K + 1]: weighted, they are 0."""
        other = -(means * shares[:-1]).sum(-1, keepdim=True) / shares[-1].clamp(min=LEAST_LEVEL)
        return torch.cat([means, torch.where(shares[-1] > LEAST_LEVEL, other, 0.0)], -1)

    def _told(self, c: int, own: slice, orders: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Return the rows of C of the features `own` of column c, cut off after what it sees, and their means there:
        [g, F, D], [g, n, F].
        """
        C, w, seen = self.C[orders], self.w[orders], self.seen[orders, c]
        at = self.place[orders][:, own, None].expand(-1, -1, C.shape[2])
        rows = C.gather(1, at) * (torch.arange(C.shape[2], device=C.device) < seen[:, None])[:, None]
        return rows, w @ rows.transpose(1, 2)


class AnyOrderPrior(nn.Module):
    """Terms that are added to the logits of coarse tokens; `fit` fills the buffers, part of the model's file."""

    by_copula: Tensor  # bool [C], which columns are told by the copula; the others are by tables

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.pairs, self.copula = PairTables(layout), Copula(layout, in_order=False)
        self.present = PresentScores(self.copula)
        self.register_buffer("by_copula", torch.zeros(len(layout.places), dtype=torch.bool))
        self.following: list[int] = []  # the copula

    @property
    def used(self) -> bool:
        """Whether it says more than that columns are independent."""
        return self.pairs.used or self.copula.used

    def fit(self, x: Tensor, folds: Folds, informed: Informed) -> None:
        """Read tables and copula off tokens x [N, L]; each column is told by what makes it likelier in the others of
        its folds.
        """
        told = self._compared(x, folds, informed) if len(self.copula.R) <= MOST_FEATURES else None
        self.pairs.fit(x, informed(x))
        if told is None:
            self.copula.shrink(self.copula.fit(x), INDEPENDENT)
            self.present.fit(self.copula, x, {})
        else:
            best, by_copula, amounts = told
            self.copula.take(self._candidates(x)[best])
            self.present.fit(self.copula, x, amounts)
        self.by_copula.copy_(torch.zeros_like(self.by_copula) if told is None else by_copula)
        self._look()

    def _compared(self, x: Tensor, folds: Folds, informed: Informed) -> tuple[int, Tensor, dict[int, float]] | None:
        """Return which candidate the copula is, which columns are to follow it, bool [C], and by how much regressions
        of its often missing numbers are shrunk; None for no copula.
        """
        parts = [(own, *self._judged(others)) for own, others in folds]
        parts = parts[: -(-JUDGED_ROWS * JUDGED_TIMES // max(1, len(parts[0][1])))]
        amounts = self.present.chosen(self.copula, parts)
        more = torch.cat([self._gained(*part, informed, amounts) for part in parts], 1)  # nats [candidates, others, C]
        better = more.mean(1) > 0
        gained = (more * better[:, None]).sum(2)  # [candidates, others]
        best = int(gained.mean(1).argmax())
        luck = SURE_ERRORS * float(gained[best].std(correction=0)) / math.sqrt(gained.shape[1])
        return (best, better[best], amounts) if float(gained[best].mean()) > luck else None

    def _judged(self, other: Tensor) -> tuple[Tensor, Tensor]:
        """Other rows [M, L] -> those that are judged by [G n, L], and where each of their G orders reveals the columns
        [G, C].
        """
        other = other[:JUDGED_ROWS].repeat(JUDGED_TIMES, 1)
        count = max(1, min(JUDGED_ORDERS, len(other)))
        drawn = torch.rand(count, len(self.by_copula), generator=torch.Generator().manual_seed(0))
        return other[: len(other) // count * count], drawn.argsort(1).argsort(1)

    def _gained(self, x: Tensor, other: Tensor, place: Tensor, informed: Informed, amounts: dict[int, float]) -> Tensor:
        """Return how much likelier other rows [G n, L], revealed at `place` [G, C], are by a copula of tokens x [N, L]
        than by tables, in nats, by its candidates: [candidates, others, C].
        """
        rows, columns = len(other) // len(place), place.shape[1]
        self.pairs.fit(x, informed(x))
        by_pairs = gains(self.pairs.terms(other, _before(place).repeat_interleave(rows, 0)).items(), x, other)
        R = torch.stack(self._candidates(x))
        self.present.fit(self.copula, x, amounts)
        every, orders = other.repeat(len(R), 1), place.repeat(len(R), 1)  # candidate by candidate
        shown = Whitened(self.copula, self.present, orders, rows, R.repeat_interleave(len(place), 0)).show_all(every)
        by_copula = gains(((c, shown.term(c)) for c in range(columns)), x, every)
        return (by_copula.unflatten(0, (len(R), -1)) - by_pairs)[:, :, :columns]

    def _candidates(self, x: Tensor) -> list[Tensor]:
        """Return what the correlations of features in tokens x [N, L] may be, [D, D] each (ties.py)."""
        R = self.copula.fit(x)
        return candidates(R, self.copula.column, len(x), few=True)

    def terms(self, x: Tensor, place: Tensor) -> dict[int, Tensor]:
        """Return what is added to the logits of the coarse tokens of x [B, L], of which B / G rows in turn are revealed
        at each `place` [G, L]: [B, its tokens].
        """
        if not self.used:
            return {}
        place = place[:, : len(self.by_copula)]
        rows = len(x) // len(place)
        found = self.pairs.terms(x, _before(place).repeat_interleave(rows, 0))
        if self.copula.used:
            shown = Whitened(self.copula, self.present, place, rows).show_all(x)
            found |= {c: shown.term(c) for c in self.following}
        return found

    def walk(self, x: Tensor, at: Tensor) -> "Walk":
        """Return what is told of tokens x [B, L] while they are revealed at the steps `at` [B, L]; those of step 0 are
        visible.
        """
        return Walk(self, x, at)

    def weaken(self, share: float) -> None:
        """Keep a share of all that columns tell of each other."""
        for part in (self.pairs, self.copula, self.present):
            part.weaken(share)

    def _look(self) -> None:
        self.following = self.by_copula.nonzero()[:, 0].tolist()

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._look()


class Walk:
    """What a prior tells of rows on their way from hidden to visible."""

    def __init__(self, prior: AnyOrderPrior, x: Tensor, at: Tensor) -> None:
        self.prior, coarse = prior, at[:, : len(prior.by_copula)]
        self.shown = Whitened(prior.copula, prior.present, coarse) if prior.copula.used else None
        for c in (coarse == 0).any(0).nonzero()[:, 0].tolist():
            self.show(c, x, (coarse[:, c] == 0).nonzero()[:, 0])

    def term(self, l: int, visible: Tensor, x: Tensor, rows: Tensor) -> Tensor | None:
        """Return what is added to the logits of token l of some `rows` [N], by their `visible` [N, L] tokens of
        x [N, L]: [N, its tokens]; None for nothing.
        """
        if self.shown and l in self.prior.following:
            return self.shown.term(l, rows)
        return self.prior.pairs.term(l, x, visible)

    def show(self, l: int, x: Tensor, rows: Tensor) -> None:
        """Reveal token l of some rows [N] of x [B, L]; of one step, in the order of the columns."""
        if self.shown and l < len(self.prior.by_copula):
            self.shown.show(l, x, rows)


def _before(place: Tensor) -> Tensor:
    """Places [G, C] -> which columns come before which, of 0 and 1 [G, C, C]."""
    return (place[:, None, :] < place[:, :, None]).float()
