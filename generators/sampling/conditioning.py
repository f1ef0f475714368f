"""Rows of which some cells are given: one of several candidates is kept by its importance."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from launderette.generators.data.encoding import Encoding
from launderette.generators.sampling.constraints import Constraints

CHUNK_ROWS = 2048  # rows drawn at once; fixed, so that a row's arithmetic never changes
LEAST_LOG_WEIGHT = -1e4  # log of nothing, so that weights of rows that all fail are still numbers
CANDIDATES_PER_ROW = 16  # rows drawn for each row of which some cells are given

Allowed = Callable[
    [int, Tensor], Tensor | None
]  # place l, tokens x [B, L] -> which tokens may be drawn there, bool [B, K]; None: all


def anything(l: int, x: Tensor) -> None:
    """Allow every token."""


def randoms(encoding: Encoding, given: bool) -> int:
    """Return how many random numbers a row takes: its places within intervals, a choice, and L for each candidate."""
    return len(encoding.columns) + 1 + (CANDIDATES_PER_ROW if given else 1) * encoding.layout.width


def given(fixed: Mapping[int, int], width: int) -> Tensor:
    """Return tokens [CHUNK_ROWS, width] that are as {place: token} says, and 0 elsewhere."""
    x = torch.zeros(CHUNK_ROWS, width, dtype=torch.int64)
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
