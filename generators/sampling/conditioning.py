"""Rows of which some cells are given: one of several candidates is kept by its importance."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from launderette.generators.devices.device import accelerated
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.layout import Layout
from launderette.generators.sampling.constraints import Constraints

CHUNK_ROWS = 2048  # rows drawn at once; fixed, so that a row's arithmetic never changes
MOST_TOKENS_AT_ONCE = 2**20  # of rows drawn at once on a CPU
MOST_CHUNKS_AT_ONCE = 16  # on a GPU, a power of two
MOST_VALUES_AT_ONCE, MOST_WIDTH_AT_ONCE = 2048, 64  # of a token, and tokens of a row, of which so many are
LEAST_LOG_WEIGHT = -1e4  # log of nothing, so that weights of rows that all fail are still numbers
CANDIDATES_PER_ROW = 16  # rows drawn for each row of which some cells are given

# place l, tokens x [B, L] -> which tokens may be drawn there, bool [B, K]; None: all
Allowed = Callable[[int, Tensor], Tensor | None]


def anything(l: int, x: Tensor) -> None:
    """Allow every token."""


def forced(tokens: Mapping[int, Tensor], sizes: Sequence[int], allowed: Allowed) -> Allowed:
    """Allow at some places the tokens [B] of each row alone, at others what is `allowed`."""

    def of_row(l: int, x: Tensor) -> Tensor | None:
        return one_hot(tokens[l].to(x.device), sizes[l]).bool() if l in tokens else allowed(l, x)

    return of_row


def randoms(encoding: Encoding, given: bool) -> int:
    """Return how many random numbers a row takes: its places within intervals, a choice, and L for each candidate."""
    return len(encoding.columns) + 1 + (CANDIDATES_PER_ROW if given else 1) * encoding.layout.width


def chunk_rows(layout: Layout, device: torch.device) -> int:
    """Return how many rows of a table are drawn at once: CHUNK_ROWS on a CPU, of wide ones fewer; more on a GPU, whose
    kernels take no longer for many rows; fewer where a row has many tokens or a token many values, which take memory.
    """
    if not accelerated(device):
        halvings = math.ceil(math.log2(max(1.0, CHUNK_ROWS * layout.width / MOST_TOKENS_AT_ONCE)))
        return max(1, CHUNK_ROWS >> halvings)
    excess = max(1.0, max(layout.sizes) / MOST_VALUES_AT_ONCE, layout.width / MOST_WIDTH_AT_ONCE)
    return CHUNK_ROWS * max(1, MOST_CHUNKS_AT_ONCE >> math.ceil(math.log2(excess)))


def given(fixed: Mapping[int, int], width: int, rows: int) -> Tensor:
    """Return tokens [rows, width] that are as {place: token} says, and 0 elsewhere."""
    x = torch.zeros(rows, width, dtype=torch.int64)
    x[:, list(fixed)] = torch.tensor(list(fixed.values()), dtype=torch.int64)
    return x


def log_share(tokens: Tensor, encoding: Encoding, held: Constraints) -> Tensor:
    """Return the log of how much of the rows' cells the constraints leave: tokens [B, L] -> [B]; 0 for a row
    without any.
    """
    found = held.log_share(encoding.cells(tokens.cpu().numpy()))
    return torch.from_numpy(np.maximum(found, LEAST_LOG_WEIGHT))


def resampled(drawn: list[tuple[Tensor, Tensor]], log_p: Callable[[Tensor], Tensor], u: Tensor) -> Tensor:
    """K candidates' tokens [B, L] with log q [B], and u [B] -> for each row the candidate that u chooses, by p / q
    (Rubin 1987).
    """
    if len(drawn) == 1:
        return drawn[0][0]
    weights = torch.stack([log_p(x) - log_q for x, log_q in drawn]).softmax(0)
    return chosen(torch.stack([x for x, _ in drawn]), weights, u)


def chosen(tokens: Tensor, weights: Tensor, u: Tensor) -> Tensor:
    """Return for each row of K candidates [K, B, L] the one that u [B] chooses by its weights [K, B]: [B, L]."""
    at = (weights.cumsum(0) <= u).sum(0).clamp(max=len(tokens) - 1)
    return tokens[at, torch.arange(len(u), device=u.device)]
