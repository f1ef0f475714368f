"""Numbers that are often missing, in any order: regressions on whatever is visible, by the rows that have the number
(networks/regressions.py, which tells why).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from launderette.generators.networks.copula import INDEPENDENT, OFTEN_MISSING, Copula
from launderette.generators.networks.regressions import Moments
from launderette.generators.networks.ties import SHRINKAGE
from launderette.generators.priors.score_fitting import LEAST_PRESENT_ROWS, has, having, likelier, moments

MOST_VISIBLE = 24  # features that a number is regressed on

# rows to fit to [N, L]; others [G n, L] and where each of their orders reveals columns [G, C]
Judged = tuple[Tensor, Tensor, Tensor]


class PresentScores(nn.Module):
    """Regressions of the scores of N numbers of a copula; `fit` fills the buffers, part of the model's file."""

    active: Tensor  # bool [N]; the others follow the copula
    feature: Tensor  # [N, K], those that a number is regressed on
    kept: Tensor  # [], share of what they say

    def __init__(self, copula: Copula) -> None:
        super().__init__()
        self.number = {c: k for k, c in enumerate(c for c in copula.ordered if c in copula.levels)}
        N, K = len(self.number), min(MOST_VISIBLE, len(copula.R))
        self.register_buffer("active", torch.zeros(N, dtype=torch.bool))
        self.register_buffer("feature", torch.zeros(N, K, dtype=torch.int64))
        self.register_buffer("kept", torch.ones((), dtype=torch.float64))
        for name, shape in zip(Moments._fields, ((K,), (K,), (K, K), (K,), (), ()), strict=True):
            self.register_buffer(name, torch.zeros(N, *shape, dtype=torch.float64))
        self.columns: set[int] = set()  # the active ones

    def fit(self, copula: Copula, x: Tensor, amounts: Mapping[int, float]) -> None:
        """Read off tokens x [N, L], which the copula is fitted to, how the numbers of `amounts` that are often missing
        in them hang together with other columns, shrunk towards independence by these amounts.
        """
        self.kept.fill_(1.0)
        self.active.zero_()
        for c, k in self.number.items():
            own = having(copula, c, x)
            if c in amounts and 1 - float(has(copula, c, x).double().mean()) >= OFTEN_MISSING:
                self.active[k] = True
                self._read(k, copula, c, own, amounts[c] if len(own) >= LEAST_PRESENT_ROWS else INDEPENDENT)
        self._look()

    def _read(self, k: int, copula: Copula, c: int, x: Tensor, amount: float) -> None:
        every = torch.arange(len(copula.R), device=x.device)
        ties = moments(copula, c, x, every).r.abs().masked_fill(copula.column == c, -1.0)
        self.feature[k] = ties.nan_to_num().topk(self.feature.shape[1]).indices
        own = moments(copula, c, x, self.feature[k])
        own = own._replace(r=own.r.masked_fill(copula.column[self.feature[k]] == c, 0.0))
        for name, found in own.shrunk(amount)._asdict().items():
            getattr(self, name)[k] = found

    def chosen(self, copula: Copula, parts: Sequence[Judged]) -> dict[int, float]:
        """Return by how much each number's regressions are to be shrunk, as suits other rows best."""
        if not self.number:
            return {}
        gained = torch.zeros(len(self.number), len(SHRINKAGE), dtype=torch.float64)
        for x, other, place in parts:
            copula.fit(x)
            self.fit(copula, x, dict.fromkeys(self.number, 0.0))
            for c in self.columns:
                gained[self.number[c]] += self._gained(copula, c, other, place)
        best, amount = gained.max(1)
        return {c: SHRINKAGE[int(amount[k])] if float(best[k]) > 0 else INDEPENDENT for c, k in self.number.items()}

    def _gained(self, copula: Copula, c: int, x: Tensor, place: Tensor) -> Tensor:
        """Return how much likelier number c of tokens x [G n, L] is by each shrinkage, in nats: [shrinkages]."""
        X, there = copula.features(x).unflatten(0, (len(place), -1)), has(copula, c, x)
        seen = place[:, copula.column] < place[:, c, None]
        told = [self.told(c, X, seen, amount) for amount in SHRINKAGE]
        return torch.stack([likelier(copula, c, x[there], mu[there], s[there]).sum() for mu, s in told])

    def told(self, c: int, X: Tensor, seen: Tensor, amount: float = 0.0) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of the score of number c for features X [G, n, D], of which each of G orders has
        `seen` some, bool [G, D]: [G n] each.
        """
        k = self.number[c]
        own, at = Moments(*(getattr(self, name)[k] for name in Moments._fields)).shrunk(amount), self.feature[k]
        line = own.line(seen[:, at].to(own.R)).weakened(self.kept)
        mu = (X[:, :, at] @ line.slopes[:, :, None])[:, :, 0] + line.offset[:, None]
        return mu.flatten(), (1 - line.explained).sqrt().repeat_interleave(X.shape[1])

    def weaken(self, share: float) -> None:
        """Keep a share of what they say."""
        self.kept.mul_(share)

    def _look(self) -> None:
        self.columns = {c for c, k in self.number.items() if bool(self.active[k])}

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._look()
