"""The network of tabular.diffusion: every token predicted from those revealed before it, by layers of its own, all at
once.

A token contributes the same to the first layer of all tokens revealed after it (order-agnostic NADE, Uria et al. 2014,
arXiv 1310.1757): with the contributions summed up in the order of revelation, the cost is linear in the number of
tokens.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from launderette.generators.data.encoding import Layout
from launderette.generators.networks.layers import Embedding, Heads


class Denoiser(nn.Module):
    """p(x_l | the tokens revealed before l) for all l; the tokens' own layers stand in the order of the heads."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.embed, self.heads = Embedding(layout, e), Heads(layout, h)
        self.shown = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))

    def forward(self, parts: Sequence[Tensor], orders: Tensor, terms: Mapping[int, Tensor]) -> Tensor:
        """Tokens x [B, L] in parts, each revealed in an order of its own [parts, L] -> log p(x_l | those before l) [B,
        L].

        `terms` [B, tokens] are added to the logits of the tokens that have one.
        """
        x = torch.cat(list(parts))
        shown = torch.bmm(self.embed(x).transpose(0, 1), self.shown)  # [L, B, h]
        sizes = [len(part) for part in parts]
        sums = torch.cat([_before(part, order) for part, order in zip(shown.split(sizes, 1), orders, strict=True)], 1)
        return self.heads.log_prob(
            self._own((sums + self.first_bias[:, None])[self.heads.order], slice(None)), x, terms
        )

    def logits(self, l: int, sums: Tensor, x: Tensor) -> Tensor:
        """What the revealed tokens of x [B, L] contribute, summed up [B, h] -> the logits of token l [B, K]."""
        row = self.heads.place[l]
        return self.heads.logits(l, self._own((sums + self.first_bias[l])[None], slice(row, row + 1))[0], x)

    def contribution(self, l: int, x: Tensor) -> Tensor:
        """What token l of x [B, L] adds to the first layer of the tokens revealed after it, [B, h]."""
        return self.embed.token(l, x) @ self.shown[l]

    def _own(self, sums: Tensor, rows: slice) -> Tensor:
        h = nn.functional.silu(sums)
        for W, b in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + nn.functional.silu(torch.baddbmm(b[rows], h, W[rows]))
        return h


def _before(shown: Tensor, order: Tensor) -> Tensor:
    """Contributions [L, B, h] and an order [L] -> for each token the sum over those before it, [L, B, h]."""
    inclusive = shown[order[:-1]].cumsum(0)
    return nn.functional.pad(inclusive, (0, 0, 0, 0, 1, 0))[order.argsort()]
