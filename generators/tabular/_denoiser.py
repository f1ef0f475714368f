"""The network of tabular.diffusion: every token predicted from the tokens it sees, by a small network of its own, all at once."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from generators.encoding import Layout
from generators.layers import Embedding, Heads


class Denoiser(nn.Module):
    """p(x_l | the tokens that l sees) for all l, each by a network of its own; the networks stand in the order of the heads."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.embed, self.heads = Embedding(layout, e), Heads(layout, h)
        self.first = nn.Parameter(torch.randn(L, L * e, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, 1, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))

    def forward(self, x: Tensor, seen: Tensor, terms: Mapping[int, Tensor]) -> Tensor:
        """Tokens x [B, L], and seen [B, L, L], true where l (second) sees j (third) -> log p(x_l | seen) [B, L].

        `terms` [B, tokens] are added to the logits of the tokens that have one.
        """
        seen = seen[:, self.heads.order].transpose(0, 1)  # [L, B, L]
        inputs = (self.embed(x) * seen[..., None]).flatten(2)  # [L, B, L*e]
        return self.heads.log_prob(self._hidden(inputs, slice(None)), x, terms)

    def logits(self, l: int, x: Tensor, seen: Tensor) -> Tensor:
        """Tokens x [B, L], and seen [B, L] what token l sees of them -> its logits [B, K]."""
        row = self.heads.place[l]
        inputs = (self.embed(x) * seen[..., None]).flatten(1)
        return self.heads.logits(l, self._hidden(inputs[None], slice(row, row + 1))[0], x)

    def _hidden(self, inputs: Tensor, rows: slice) -> Tensor:
        h = nn.functional.silu(torch.baddbmm(self.first_bias[rows], inputs, self.first[rows]))
        for W, b in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + nn.functional.silu(torch.baddbmm(b[rows], h, W[rows]))
        return h
