"""The network of tabular.diffusion: it sees the visible tokens of a row and how many are visible, and predicts every
hidden one.

What the visible tokens contribute is summed up (order-agnostic NADE, Uria et al. 2014, arXiv 1310.1757), so that one
pass gives the prediction of each token at a noise level of its own: that at which the row's order reveals it. Gates
tell how much of a token's contribution reaches each other token (networks/attention.py). Of few rows a prior is read
first (priors/any_order.py), and the network adds what it leaves over.
Layers shared by all tokens are followed by layers of each token's own.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from launderette.generators.encoding.layout import Layout
from launderette.generators.gradients.per_row import UNTAPED, Bias, Gated, Lookup, Product, SharedProduct, Tape
from launderette.generators.networks.attention import (
    GATE_GROUPS,
    GATE_PACE,
    MOST_GATED_TOKENS,
    gated,
    seen_through,
    ungated,
)
from launderette.generators.networks.layers import Heads, TokenEmbedding
from launderette.generators.priors.any_order import AnyOrderPrior


class Denoiser(nn.Module):
    """p(x_l | visible tokens) for all l; hidden units [L, B, h] stand in the order of the heads."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.embed, self.heads, self.prior = TokenEmbedding(layout, e), Heads(layout, h), AnyOrderPrior(layout)
        self.shown = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.groups = math.gcd(h, GATE_GROUPS) if L <= MOST_GATED_TOKENS else 1
        self.gate = nn.Parameter(torch.zeros(self.groups, L, L)) if L <= MOST_GATED_TOKENS else None
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.level = nn.Parameter(torch.zeros(L, h))  # by the number of visible tokens
        self.shared = nn.Parameter(torch.randn(depth, h, h) * (0.5 / h**0.5))
        self.shared_bias = nn.Parameter(torch.zeros(depth, h))
        self.own = nn.Parameter(torch.randn(L, h, h) * (0.5 / h**0.5))
        self.own_bias = nn.Parameter(torch.zeros(L, 1, h))

    def forward(self, x: Tensor, orders: Tensor) -> Tensor:
        """Tokens x [B, L], of which B / G rows in turn are revealed in each of the orders [G, L] -> log p(x_l | those
        before l) [B, L].
        """
        return self.prepared(x, orders)()

    def prepared(self, x: Tensor, orders: Tensor) -> Callable[[], Tensor]:
        """Return what gives the same by the heads as they are when it is called."""
        (B, L), G = x.shape, len(orders)
        place = orders.argsort(1)  # [G, L], of each token in its order, so also how many are visible before it
        shown = torch.bmm(self.embed(x).transpose(0, 1), self.shown)  # [L, B, h]
        sums = self._seen(place, shown).view(L, G, B // G, -1) + self.level[place.t()][:, :, None]
        h = self._layers((sums.flatten(1, 2) + self.first_bias[:, None])[self.heads.order], slice(None))
        return partial(self.heads.log_prob, h, x, self.prior.terms(x, place))

    def _seen(self, place: Tensor, shown: Tensor) -> Tensor:
        """What tokens show [L, B, h], and the place [G, L] of each in the order of B / G rows in turn -> what each of
        them sees [L, B, h].
        """
        return ungated(place, shown) if self.gate is None else gated(_before(place, shown), shown, self.gate)

    def row_log_prob(self, x: Tensor, place: Tensor, tape: Tape) -> Tensor:
        """Return log p(x_l | those before l) of tokens x [B, L], each row in the order of its own that `place` [B, L]
        tells: [B, L].
        """
        E, at = self.embed.taped(x, "embed", tape), place.t()
        shown = tape.note(torch.bmm(E, self.shown), Product(("shown", None), E))  # [L, B, h]
        sums = self._seen(place, shown) + self.level[at] + self.first_bias[:, None]
        gates = []
        if self.gate is not None:
            gates = [Gated(("gate", None), _before(place, shown), shown, GATE_PACE, self.groups)]
        sums = tape.note(sums, Lookup(("level", None), at), Bias(("first_bias", None)), *gates)
        return self.heads.log_prob(self._layers(sums[self.heads.order], slice(None), tape), x, {}, tape)

    def shown_by(self, x: Tensor, visible: Tensor) -> Tensor:
        """What the visible [B, L] tokens of x [B, L] show: their embeddings [B, L e], 0 for the others; where there are
        no gates what they contribute, summed up [B, h].
        """
        E = (self.embed(x) * visible[:, :, None]).flatten(1)
        return E @ self.shown.flatten(0, 1) if self.gate is None else E

    def show(self, l: int, shown: Tensor, x: Tensor, rows: Tensor) -> None:
        """Add token l of some rows [N] of x [B, L] to what is shown by the visible ones."""
        E = self.embed.token(l, x[rows])
        if self.gate is None:
            shown[rows] += E @ self.shown[l]
        else:
            shown.unflatten(1, (-1, E.shape[1]))[rows, l] = E

    def logits(self, l: int, shown: Tensor, visible: Tensor, x: Tensor, told: Tensor | None) -> Tensor:
        """What the `visible` [B, L] tokens of x [B, L] show, and what the prior has `told` of token l [B, its tokens]
        -> its logits [B, K].
        """
        row = self.heads.place[l]
        sums = shown if self.gate is None else shown @ seen_through(self.gate[:, l], self.shown)
        h = self._layers((sums + self.level[visible.sum(1)] + self.first_bias[l])[None], slice(row, row + 1))
        logits = self.heads.logits(l, h[0], x)
        return logits if told is None else logits + nn.functional.pad(told, (0, logits.shape[1] - told.shape[1]))

    def _layers(self, sums: Tensor, tokens: slice, tape: Tape = UNTAPED) -> Tensor:
        h = nn.functional.silu(sums)
        for k, (W, b) in enumerate(zip(self.shared, self.shared_bias, strict=True)):
            uses = SharedProduct(("shared", k), h), Bias(("shared_bias", k), shared=True)
            h = h + nn.functional.silu(tape.note(h @ W + b, *uses))
        y = torch.baddbmm(self.own_bias[tokens], h, self.own[tokens])
        return h + nn.functional.silu(tape.note(y, Product(("own", None), h), Bias(("own_bias", None))))


def _before(place: Tensor, like: Tensor) -> Tensor:
    """Places [G, L] of tokens in orders -> whether m is visible before l, of 0 and 1 [G, l, m]."""
    return (place[:, None, :] < place[:, :, None]).to(like.dtype)
