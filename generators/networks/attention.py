"""Attention between few tokens, by plain products of matrices where these beat the fused kernel."""

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

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
