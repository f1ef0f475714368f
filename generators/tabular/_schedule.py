"""When masked diffusion reveals each token of a row: in uniformly random order, fine tokens after all coarse ones."""

import torch
from torch import Tensor

MOST_TOKEN_PAIRS = 2**24  # of tokens, times orders, that a batch compares at once


def random_orders(
    count: int,
    columns: int,
    width: int,
    stream: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Draw orders [count, width] of all tokens, uniformly but that the coarse ones, the first `columns`, come first."""
    waiting = torch.rand(count, width, generator=stream, device=device)
    waiting[:, columns:] += 1
    return waiting.argsort(1)


def orders_of_batch(rows: int, width: int) -> int:
    """Return how many orders a batch is trained in: one per row, fewer where there are many tokens; it divides the
    rows.
    """
    most = max(1, min(rows, MOST_TOKEN_PAIRS // width**2))
    return next(count for count in range(most, 0, -1) if rows % count == 0)


def moments(waiting: Tensor, known: Tensor, columns: int, steps: int) -> Tensor:
    """Return the step at which each token is revealed, int64 [B, L], 0 where it is known [B, L]; `waiting` [B, L] gives
    the order.

    Coarse tokens share all steps but what fine ones need; the tokens of a row are spread evenly over its steps.
    """
    coarse, fine = waiting[:, :columns], waiting[:, columns:]
    of_coarse = min(columns, steps - 1) if fine.shape[1] else min(columns, steps)
    first = _spread(coarse, known[:, :columns], of_coarse)
    second = _spread(fine, known[:, columns:], max(1, steps - of_coarse))
    after = first.amax(1, keepdim=True)
    return torch.cat([first, torch.where(second > 0, second + after, 0)], 1)


def _spread(waiting: Tensor, known: Tensor, steps: int) -> Tensor:
    """Steps 1, 2, ... of the tokens that are not known, by their order: at most `steps` in each row."""
    place = waiting.masked_fill(known, torch.inf).argsort(1).argsort(1)  # among the row's hidden tokens
    hidden = (~known).sum(1, keepdim=True)
    return torch.where(known, 0, 1 + place * hidden.clamp(max=steps) // hidden.clamp(min=1))
