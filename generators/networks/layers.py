"""Layers over tokens: their embedding, and one categorical head per token, heads of like size in one batched matmul.

Numbers stand in an order, so embeddings and output layers hold cosines of a number's place beside the free weights:
what neighbouring numbers share is learned once for all of them.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.encoding.layout import Layout
from launderette.generators.gradients.per_row import UNTAPED, Bias, Lookup, Product, Tape, Use
from launderette.generators.networks.frequencies import Places, log_shares

HEAD_COSINES = 12  # cosines of a number's place in its column
IMPOSSIBLE = -1e9  # logit of a token that cannot occur


class TokenEmbedding(nn.Module):
    """Tokens [B, L] -> [B, L, e]."""

    waves: Tensor  # [tokens, e]
    offsets: Tensor  # [L], the place of each token's first row in the weight

    def __init__(self, layout: Layout, e: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(sum(layout.sizes), e))
        waves = [_waves(*token, e) for token in zip(layout.ordered, layout.sizes, strict=True)]
        self.register_buffer("waves", torch.cat(waves), persistent=False)
        self.first = [0, *np.cumsum(layout.sizes).tolist()]  # by place the first row of its token in the weight
        self.register_buffer("offsets", torch.tensor(self.first[:-1]), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.embedding(x + self.offsets, self.weight + self.waves)

    def taped(self, x: Tensor, name: str, tape: Tape) -> Tensor:
        """Tokens [B, L] -> [L, B, e], as the parameter of this name."""
        at = (x + self.offsets).t()
        return tape.note(nn.functional.embedding(at, self.weight + self.waves), Lookup((f"{name}.weight", None), at))

    def token(self, l: int, x: Tensor) -> Tensor:
        """Tokens [B, L] -> the embedding of token l, [B, e]."""
        return nn.functional.embedding(x[:, l], self.table(l))

    def table(self, l: int) -> Tensor:
        """Return the embedding of each value of token l: [values, e]."""
        own = slice(self.first[l], self.first[l + 1])
        return self.weight[own] + self.waves[own]


class Heads(nn.Module):
    """Categorical distributions of L tokens from hidden units h; the heads stand in `order`, groups of like size
    together.
    """

    order: Tensor  # int64 [L], the token of each head
    rank: Tensor  # int64 [L], the head of each token

    def __init__(self, layout: Layout, h: int) -> None:
        super().__init__()
        self.groups, self.sizes, self.layout = _groups(layout), layout.sizes, layout
        order = [l for group in self.groups for l in group]
        self.place = {l: row for row, l in enumerate(order)}
        self._places = {l: (k, row) for k, group in enumerate(self.groups) for row, l in enumerate(group)}
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("rank", torch.tensor(order).argsort(), persistent=False)
        self.inner = {fine: coarse for fine, (coarse, _) in layout.inner.items()}
        widest = [max(layout.sizes[l] for l in group) for group in self.groups]
        shapes = [(len(group), K) for group, K in zip(self.groups, widest, strict=True)]
        self.out = nn.ParameterList(torch.zeros(g, h, K) for g, K in shapes)
        self.out_bias = nn.ParameterList(torch.zeros(g, 1, K) for g, K in shapes)
        self.smooth = nn.ParameterList(torch.zeros(g, h, HEAD_COSINES) for g, _ in shapes)
        self._constants(layout, widest)

    def _constants(self, layout: Layout, widest: list[int]) -> None:
        """Keep the waves, and which tokens there are: as a term of the logits, or by the coarse token for a fine
        one.
        """
        sizes, constants = torch.tensor(layout.sizes), {}
        for k, (group, K) in enumerate(zip(self.groups, widest, strict=True)):
            constants[f"waves_{k}"] = torch.stack([_waves(layout.ordered[l], K, HEAD_COSINES).t() for l in group])
            constants[f"tokens_{k}"] = torch.tensor(group)
            constants[f"absent_{k}"] = (torch.arange(K) >= sizes[group][:, None, None]) * IMPOSSIBLE
        for fine, (_, allowed) in layout.inner.items():
            constants[f"allowed_{fine}"] = torch.from_numpy(allowed)
        for name, tensor in constants.items():
            self.register_buffer(name, tensor, persistent=False)

    @torch.no_grad()
    def start_from_marginals(self, x: Tensor) -> None:
        """Set the output biases to the smoothed log shares of tokens x [N, L]: as yet, no column depends on another."""
        for group, bias in zip(self.groups, self.out_bias, strict=True):
            for row, l in enumerate(group):
                bias[row, 0] = log_shares(x[:, l], bias.shape[-1], Places.of(self.layout, l))

    def own(self, l: int) -> list[Tensor]:
        """Return the parameters of the head of token l."""
        k, row = self._place_of(l)
        return [part[k][row] for part in (self.out, self.smooth, self.out_bias)]

    def log_prob(self, h: Tensor, x: Tensor, terms: Mapping[int, Tensor], tape: Tape = UNTAPED) -> Tensor:
        """Hidden units h [L, B, h] in `order` -> log p(x_l) of the tokens x [B, L] themselves: [B, L].

        `terms` [B, tokens] are added to the logits of the tokens that have one. The tape is told of parameters of a
        module called heads.
        """
        parts = h.split([len(group) for group in self.groups])
        of_groups = [self._group_log_prob(k, part, x, terms, tape) for k, part in enumerate(parts)]
        return torch.cat(of_groups)[self.rank].t()

    def _group_log_prob(self, k: int, h: Tensor, x: Tensor, terms: Mapping[int, Tensor], tape: Tape) -> Tensor:
        logits = tape.note(self._logits(k, slice(None), h), *self._uses(k, h))
        logits = logits.float()  # probabilities are added up in float32 whatever h is in
        if any(l in terms for l in self.groups[k]):
            none = logits.new_zeros(len(x), 0)
            own_terms = [terms.get(l, none) for l in self.groups[k]]
            logits = logits + torch.stack(
                [nn.functional.pad(term, (0, logits.shape[-1] - term.shape[1])) for term in own_terms]
            )
        logits = self._possible(logits, self.groups[k], x)
        own = x[:, getattr(self, f"tokens_{k}")].t()[..., None]
        return logits.gather(-1, own)[..., 0] - logits.logsumexp(-1)

    def logits(self, l: int, h: Tensor, x: Tensor) -> Tensor:
        """Hidden units h [B, h] of token l -> its logits [B, K], those of impossible tokens at IMPOSSIBLE or below."""
        k, row = self._place_of(l)
        return self._possible(self._logits(k, slice(row, row + 1), h[None]), [l], x)[0]

    def log_shares(self, l: int, x: Tensor) -> Tensor:
        """Return log p of each token l by the biases alone: [1, K], or [B, K] where other tokens of x [B, L] matter."""
        k, row = self._place_of(l)
        return self.possible(l, self.out_bias[k][row, :, : self.sizes[l]], x).log_softmax(1)

    def constants(self, l: int) -> tuple[Tensor, Tensor]:
        """Return weight [h, K] and bias [1, K] of the logits of token l alone."""
        k, row = self._place_of(l)
        weight, bias = (own[0, :, : self.sizes[l]] for own in self._weights(k, slice(row, row + 1)))
        return weight.contiguous(), bias

    def possible(self, l: int, logits: Tensor, x: Tensor) -> Tensor:
        """Mask logits [B, K] of token l that the other tokens of x [B, L] leave no room for."""
        return self._possible(logits[None], [l], x)[0]

    def _place_of(self, l: int) -> tuple[int, int]:
        """Return the group of the head of token l, and its row there."""
        return self._places[l]

    def _logits(self, k: int, rows: slice, h: Tensor) -> Tensor:
        weight, bias = self._weights(k, rows)
        return torch.baddbmm(bias, h, weight)

    def _weights(self, k: int, rows: slice) -> tuple[Tensor, Tensor]:
        weight = self.out[k][rows] + self.smooth[k][rows] @ getattr(self, f"waves_{k}")[rows]
        return weight, self.out_bias[k][rows] + getattr(self, f"absent_{k}")[rows]

    def _uses(self, k: int, h: Tensor) -> list[Use]:
        out, smooth, bias = ((f"heads.{name}.{k}", None) for name in ("out", "smooth", "out_bias"))
        return [Product(out, h), Product(smooth, h, getattr(self, f"waves_{k}")), Bias(bias)]

    def _possible(self, logits: Tensor, group: list[int], x: Tensor) -> Tensor:
        """Mask the logits [g, B, K] of fine tokens that their coarse one does not have."""
        if group[0] not in self.inner:
            return logits
        limit = torch.stack([getattr(self, f"allowed_{fine}")[x[:, self.inner[fine]]] for fine in group])  # [g, B]
        return logits.masked_fill(torch.arange(logits.shape[-1], device=x.device) >= limit[..., None], IMPOSSIBLE)


def _groups(layout: Layout) -> list[list[int]]:
    """Return the tokens in groups of like size (each at most twice its smallest), so that padding to the widest costs
    little.

    Fine tokens stand apart from the others, because only they are masked row by row, and ordered ones from labels.
    """
    groups: list[list[int]] = []
    for l in sorted(range(layout.width), key=lambda l: (*_sort(layout, l), layout.sizes[l])):
        first = groups[-1][0] if groups else None
        if (
            first is not None
            and _sort(layout, first) == _sort(layout, l)
            and layout.sizes[l] <= max(16, 2 * layout.sizes[first])
        ):
            groups[-1].append(l)
        else:
            groups.append([l])
    return groups


def _sort(layout: Layout, l: int) -> tuple[bool, bool]:
    return l in layout.inner, layout.ordered[l] > 0


def _waves(ordered: int, size: int, count: int) -> Tensor:
    """Cosines over the ordered tokens, zero for the others: [size, count]."""
    place = (torch.arange(ordered)[:, None] + 0.5) / max(ordered, 1)
    waves = torch.zeros(size, count)
    waves[:ordered] = torch.cos(math.pi * place * torch.arange(1, count + 1))
    return waves
