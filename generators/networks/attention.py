"""Attention between few tokens: by content, with plain products of matrices where these beat the fused kernel, or by
place.

By place (Tay et al. 2021, arXiv 2005.00743), gates tell how much of what a token shows reaches each other token, for
groups of units: the one column that tells most is not drowned by twenty that tell nothing.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

GATE_GROUPS = 8  # of units, at most
MOST_GATED_TOKENS = 128  # of a row, beyond which all contributions are summed up alike
GATE_PACE = 15.0  # how much faster gates move than other weights
MOST_UNFUSED_TOKENS = 256  # tokens; more would fill memory with their weights


def attend(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    """Queries q [B, h, T, d], keys k and values v [B, h, S, d] -> softmax(q k^T / sqrt(d)) v, [B, h, T, d].

    In bfloat16 on a CPU the fused kernel takes six times as long as two products (49 tokens, torch 2.13).
    """
    (T, d), S = q.shape[-2:], k.shape[-2]
    if q.device.type != "cpu" or q.dtype != torch.bfloat16 or max(T, S) > MOST_UNFUSED_TOKENS:
        return scaled_dot_product_attention(q, k, v, is_causal=causal)
    a = q @ k.transpose(-2, -1) / math.sqrt(d)
    if causal:
        a = a.masked_fill(torch.ones(T, S, dtype=torch.bool).triu(1), -math.inf)
    return a.softmax(-1).to(v.dtype) @ v


def gate_weights(gate: Tensor) -> Tensor:
    """Parameters -> weights of contributions, at first 1: as far as decay pulls them, tokens see all others alike."""
    return 1 + GATE_PACE * gate


def gated(before: Tensor, shown: Tensor, gate: nn.Parameter) -> Tensor:
    """Add up what tokens show [L, B, h] to those after them, by who is before whom in the order [G, L, L] of B / G rows
    in turn, through gates [groups, L, L]: [L, B, h].
    """
    (L, B, _), G, R = shown.shape, len(before), len(gate)
    weights = before[:, None] * gate_weights(gate)  # [G, R, l, m]
    parts = shown.view(L, G, B // G, R, -1).permute(1, 3, 0, 2, 4).reshape(G * R, L, -1)
    sums = torch.bmm(weights.flatten(0, 1), parts).view(G, R, L, B // G, -1)
    return sums.permute(2, 0, 3, 1, 4).reshape(L, B, -1)


def ungated(place: Tensor, shown: Tensor) -> Tensor:
    """Add up what tokens show [L, B, h] to those after them, by the place [G, L] of each in the order of B / G rows in
    turn, all alike: [L, B, h], at a cost that is linear in L.
    """
    parts = shown.view(len(shown), len(place), -1)
    at = place.t()[:, :, None].expand_as(parts)
    told = parts.gather(0, place.argsort(1).t()[:, :, None].expand_as(parts)).cumsum(0)
    return nn.functional.pad(told[:-1], (0, 0, 0, 0, 1, 0)).gather(0, at).view(shown.shape)


def seen_through(gate: Tensor, shown: Tensor) -> Tensor:
    """The gates [groups, L] of a token, what each token shows by its embedding [L, e, h] -> how it sees the embeddings
    of all: [L e, h].
    """
    parts = shown.unflatten(2, (len(gate), -1)) * gate_weights(gate).t()[:, None, :, None]
    return parts.flatten(2).flatten(0, 1)
