"""The network of tabular.autoregressive: every factor p(x_l | x_<l, x_C) of the chain rule, trained at once.

With the rows' tokens embedded as E [B, L, e], factor l sees the sum of what the tokens before it contribute (NADE, Larochelle and
Murray 2011: a token contributes the same to all later factors, so that the cost is linear in L), and another sum over the known
tokens after it. Then it has residual layers and an output layer of its own, batched over l. The logits may start from a Gaussian
copula (copula.py).
"""

import math
from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from generators.copula import SHRINKAGE, WORTH, Copula
from generators.encoding import Layout

WAVES = 12  # cosines of a number's place in its column
INDEPENDENT = 1.0  # the shrinkage that leaves no correlation
MASKED = -1e9  # logit of a token that cannot follow

Allowed = Callable[[int, Tensor], Tensor | None]


def anything(l: int, x: Tensor) -> None:
    """Allow every token."""


class Model(nn.Module):
    """The factors p(x_l | x_<l, x_C) of L tokens; forward returns -log p per row."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int, conditional: float) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.L, self.h, self.e, self.conditional = L, h, e, conditional
        self.groups, self.sizes = _groups(layout), layout.sizes
        self.order = [l for group in self.groups for l in group]  # factors stand in this order in `hidden` and `out`
        widest = [max(layout.sizes[l] for l in group) for group in self.groups]
        self.embed = nn.Parameter(torch.randn(sum(layout.sizes), e))
        self.before = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.after = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))
        self.out = nn.ParameterList(torch.zeros(len(g), h, K) for g, K in zip(self.groups, widest, strict=True))
        self.out_bias = nn.ParameterList(torch.zeros(len(g), 1, K) for g, K in zip(self.groups, widest, strict=True))
        self.smooth = nn.ParameterList(torch.zeros(len(g), h, WAVES) for g in self.groups)
        self._constant(offsets=torch.tensor([0, *np.cumsum(layout.sizes)[:-1]]), member=_member(layout))
        self._constant(waves=torch.cat([_waves(*token, e) for token in zip(layout.ordered, layout.sizes, strict=True)]))
        for k, (group, K) in enumerate(zip(self.groups, widest, strict=True)):
            self._constant(**{f"waves_{k}": torch.stack([_waves(layout.ordered[l], K, WAVES).t() for l in group])})
        self._limits(layout)
        self.copula = Copula(layout)

    def _constant(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)

    def _limits(self, layout: Layout) -> None:
        """Keep which tokens each factor has: as a term of its logits, or by the coarse token for a fine one."""
        sizes = torch.tensor(layout.sizes)
        for k, (group, bias) in enumerate(zip(self.groups, self.out_bias, strict=True)):
            absent = torch.arange(bias.shape[-1]) >= sizes[group][:, None, None]
            self._constant(**{f"absent_{k}": absent * MASKED})
        self.inner = {fine: coarse for fine, (coarse, _) in layout.inner.items()}
        for fine, (_, allowed) in layout.inner.items():
            self._constant(**{f"allowed_{fine}": torch.from_numpy(allowed)})

    def start_from_marginals(self, x: Tensor) -> None:
        """Set the output biases to the log frequencies of tokens x [N, L]: the untrained model draws independent columns."""
        with torch.no_grad():
            for group, bias in zip(self.groups, self.out_bias, strict=True):
                for row, l in enumerate(group):
                    counts = torch.bincount(x[:, l], minlength=bias.shape[-1])
                    bias[row, 0] = torch.log(counts + 0.1) - math.log(len(x))

    @torch.no_grad()
    def start_from_copula(self, x: Tensor, held: Tensor) -> None:
        """Fit the copula to tokens x [N, L], shrunk as suits the held-out rows [M, L] best; use none where it helps little."""
        R, losses = self.copula.fit(x), {}
        self.eval()
        for amount in (*SHRINKAGE, INDEPENDENT):
            self.copula.shrink(R, amount)
            losses[amount] = float(sum(self(chunk).double().sum() for chunk in held.split(4096)) / len(held))
        best = min(losses, key=losses.get)
        saved = losses[INDEPENDENT] - losses[best]  # nats per row
        self.copula.shrink(R, best if saved > WORTH * len(self.member) else INDEPENDENT)

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x) of tokens x [B, L] in nats, [B]; while training, some rows are conditioned on random columns."""
        rows = round(self.conditional * len(x)) if self.training else 0
        columns = self._random_columns() if rows else []
        known = self.member[columns].sum(0)  # [L]
        h = self._first_layer(self._embedded(x), rows, known)
        nll = self._nll(h, x, self.copula.terms(x, rows, columns))
        return torch.cat([(nll[:rows] * (1 - known)).sum(1), nll[rows:].sum(1)])

    def _embedded(self, x: Tensor) -> Tensor:
        """Tokens [B, L] -> [L, B, e]."""
        return nn.functional.embedding(x + self.offsets, self.embed + self.waves).transpose(0, 1)

    def _random_columns(self) -> list[int]:
        """Return the columns that are known: one in half of the steps, any number of them in the others."""
        columns = len(self.member)
        count = 1 if torch.rand(()) < 0.5 else int(torch.randint(1, max(columns, 2), ()))
        return torch.randperm(columns)[:count].tolist()

    def _first_layer(self, E: Tensor, rows: int, known: Tensor) -> Tensor:
        """Embedded rows E [L, B, e], the first `rows` of which show their `known` tokens [L] to all -> sums [L, B, h] in `order`."""
        earlier = torch.bmm(E[:-1], self.before[:-1]).cumsum(0)
        sums = nn.functional.pad(earlier, (0, 0, 0, 0, 1, 0)) + self.first_bias[:, None]
        if rows:
            shown = torch.bmm(E[:, :rows] * known[:, None, None], self.after)
            sums = torch.cat([sums[:, :rows] + shown.flip(0).cumsum(0).flip(0), sums[:, rows:]], 1)
        return sums[self.order]

    def _nll(self, h: Tensor, x: Tensor, terms: dict[int, Tensor]) -> Tensor:
        """First-layer sums h [L, B, h] and the copula's terms -> -log p(x_l | ...) of every token, [B, L]."""
        parts = self._residual(h, slice(None)).split([len(group) for group in self.groups])
        nll = [self._group_nll(k, part, x, terms) for k, part in enumerate(parts)]
        return torch.cat(nll)[self._places].t()

    def _group_nll(self, k: int, h: Tensor, x: Tensor, terms: dict[int, Tensor]) -> Tensor:
        logits = self._logits(k, slice(None), h)
        if self.groups[k][0] in terms:
            widest = logits.shape[-1]
            logits = logits + torch.stack([nn.functional.pad(terms[l], (0, widest - terms[l].shape[1])) for l in self.groups[k]])
        logits = self._possible(logits, self.groups[k], x)
        own = x[:, self.groups[k]].t()[..., None]
        return logits.logsumexp(-1) - logits.gather(-1, own)[..., 0]

    @cached_property
    def _places(self) -> list[int]:
        return [self.order.index(l) for l in range(self.L)]

    def _residual(self, h: Tensor, factors: slice) -> Tensor:
        """The factors' own layers on [factors, B, h]."""
        h = nn.functional.silu(h)
        for W, b in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + nn.functional.silu(torch.baddbmm(b[factors], h, W[factors]))
        return h

    def _logits(self, k: int, rows: slice, h: Tensor) -> Tensor:
        """Group k's logits [factors, B, K] of h [factors, B, h], those of tokens that a factor does not have at -inf (nearly)."""
        bias = self.out_bias[k][rows] + getattr(self, f"absent_{k}")[rows]
        weight = self.out[k][rows] + self.smooth[k][rows] @ getattr(self, f"waves_{k}")[rows]
        return torch.baddbmm(bias, h, weight)

    def _possible(self, logits: Tensor, group: list[int], x: Tensor) -> Tensor:
        """Mask the logits [g, B, K] of fine tokens that their coarse one does not have."""
        if group[0] not in self.inner:
            return logits
        limit = torch.stack([getattr(self, f"allowed_{fine}")[x[:, self.inner[fine]]] for fine in group])  # [g, B]
        return logits.masked_fill(torch.arange(logits.shape[-1], device=x.device) >= limit[..., None], MASKED)

    @torch.no_grad()
    def draw(self, u: Tensor, x: Tensor, known: list[int], allowed: Allowed = anything) -> tuple[Tensor, Tensor]:
        """Invert each conditional CDF at u [B, L]: tokens [B, L], those at the places `known` as in x, and log q of the others [B].

        `allowed(l, x)` masks the tokens that factor l may take, [B, K], given those drawn so far; None allows all.
        """
        x, log_q = x.clone(), torch.zeros(len(u), dtype=torch.float64, device=u.device)
        for l, logits in self._walk(x, known):
            mask = allowed(l, x)
            logits = logits if mask is None else logits.masked_fill(~mask, MASKED)
            cdf, last = logits.softmax(-1).cumsum(-1), logits.shape[1] - 1 - (logits > MASKED / 2).int().flip(1).argmax(1)
            x[:, l] = torch.minimum(torch.searchsorted(cdf, u[:, l : l + 1].double().contiguous(), right=True)[:, 0], last)
            log_q += logits.log_softmax(-1).gather(1, x[:, l : l + 1])[:, 0]
        return x, log_q

    @torch.no_grad()
    def uniforms(self, x: Tensor, v: Tensor) -> Tensor:
        """The inverse of `draw`: u_l = F(x_l - 1) + v_l p(x_l) for tokens x and v in [0, 1), both [B, L] (Rosenblatt 1952)."""
        u = torch.zeros(x.shape, dtype=torch.float64, device=x.device)
        for l, logits in self._walk(x, []):
            p = logits.softmax(-1)
            own = x[:, l : l + 1]
            u[:, l] = (p.cumsum(-1).gather(1, own) - (1 - v[:, l : l + 1]) * p.gather(1, own))[:, 0]
        return u

    def _walk(self, x: Tensor, known: list[int]) -> Iterator[tuple[int, Tensor]]:
        """Yield each factor that is not known and its logits [B, K], given the tokens x as they are when it is its turn."""
        given = self.copula.conditionals([c for c in range(len(self.member)) if c in known]) if self.copula.used else None
        X = self.copula.features(x) if given else None
        shown = {l: self._contribution(l, x, self.after) for l in known}
        h = sum(shown.values(), self.first_bias.new_zeros(len(x), self.h))
        for l in range(self.L):
            if l in shown:
                h = h - shown[l] + self._contribution(l, x, self.before)
                continue
            logits = self._factor(l, h + self.first_bias[l], x)
            if given and l in self.copula.factors:
                logits = logits + self.copula.term(l, x, X, given)
            yield l, logits.double()
            if given and l < self.copula.columns:
                self.copula.read(l, x, X)
            h = h + self._contribution(l, x, self.before)

    def _contribution(self, l: int, x: Tensor, weights: Tensor) -> Tensor:
        """What token l of the rows x [B, L] adds to the first layer of other factors, [B, h]."""
        at = x[:, l] + self.offsets[l]
        return (self.embed[at] + self.waves[at]) @ weights[l]

    def _factor(self, l: int, h: Tensor, x: Tensor) -> Tensor:
        """First-layer sums h [B, h] of factor l -> its logits [B, its own tokens]."""
        at = self._places[l]
        k = next(k for k, group in enumerate(self.groups) if l in group)
        row = self.groups[k].index(l)
        logits = self._logits(k, slice(row, row + 1), self._residual(h[None], slice(at, at + 1)))
        return self._possible(logits, [l], x)[0, :, : self.sizes[l]]


def _groups(layout: Layout) -> list[list[int]]:
    """Return the tokens in groups of like size (each at most twice its smallest), so that padding to the widest costs little.

    Fine tokens stand apart from the others, because only they are masked row by row, and ordered ones from labels.
    """
    groups: list[list[int]] = []
    for l in sorted(range(layout.width), key=lambda l: (*_sort(layout, l), layout.sizes[l])):
        first = groups[-1][0] if groups else None
        if first is not None and _sort(layout, first) == _sort(layout, l) and layout.sizes[l] <= max(16, 2 * layout.sizes[first]):
            groups[-1].append(l)
        else:
            groups.append([l])
    return groups


def _sort(layout: Layout, l: int) -> tuple[bool, bool]:
    return l in layout.inner, layout.ordered[l] > 0


def _waves(ordered: int, size: int, count: int) -> Tensor:
    """Cosines over the ordered tokens, zero for the others: [size, count]. What neighbouring numbers share is learned once for all."""
    place = (torch.arange(ordered)[:, None] + 0.5) / max(ordered, 1)
    waves = torch.zeros(size, count)
    waves[:ordered] = torch.cos(math.pi * place * torch.arange(1, count + 1))
    return waves


def _member(layout: Layout) -> Tensor:
    """Return which tokens belong to which column: [columns, L] of 0 and 1."""
    member = torch.zeros(len(layout.places), layout.width)
    for column, places in enumerate(layout.places):
        member[column, list(places)] = 1
    return member
