"""When masked diffusion reveals each token of a row: in uniformly random order, fine tokens after all coarse ones; of
several in one step none that say much of each other, for they are drawn as if they did not.
"""

import torch
from torch import Tensor, nn

MOST_TOKEN_PAIRS = 2**24  # of tokens, times orders, that a batch compares at once
LITTLE = 0.02  # nats that tokens of one step may say of the next one
INFORMATION_ROWS = 5000  # at most, of which dependence is read off
INFORMATION_GROUPS = 8  # of a column's tokens
INFORMATION_CELLS = 4096  # groups of all columns together, unless they are many
COLUMNS_AT_ONCE = 64  # that are compared with all others


def random_orders(
    count: int, columns: int, width: int, stream: torch.Generator | None = None, device: torch.device | None = None
) -> Tensor:
    """Draw orders [count, width] of all tokens, uniformly but that the coarse ones, the first `columns`, come first."""
    return waiting_orders(torch.rand(count, width, generator=stream, device=device), columns)


def waiting_orders(u: Tensor, columns: int) -> Tensor:
    """Return the orders [B, L] in which tokens wait for u [B, L] in [0, 1], the first `columns` before all others."""
    return torch.cat([u[:, :columns], u[:, columns:] + 1], 1).argsort(1)


def orders_of_batch(rows: int, width: int) -> int:
    """Return how many orders a batch is trained in: one per row, fewer where there are many tokens; it divides the
    rows.
    """
    most = max(1, min(rows, MOST_TOKEN_PAIRS // width**2))
    return next(count for count in range(most, 0, -1) if rows % count == 0)


def moments(waiting: Tensor, known: Tensor, steps: int, dependence: Tensor) -> Tensor:
    """Return the step at which each token is revealed, int64 [B, L], 0 where it is known [B, L]; `waiting` [B, L] in
    [0, 1) gives the order.

    Coarse tokens, of which `dependence` [C, C] tells how much two say of each other, share all steps but what fine
    ones need; the tokens of a row are spread evenly over its steps.
    """
    columns = len(dependence)
    coarse, fine = waiting[:, :columns], waiting[:, columns:]
    of_coarse = min(columns, steps - 1) if fine.shape[1] else min(columns, steps)
    first = _spread(_apart(coarse, known[:, :columns], of_coarse, dependence), known[:, :columns], of_coarse)
    second = _spread(_places(fine, known[:, columns:]), known[:, columns:], max(1, steps - of_coarse))
    after = first.amax(1, keepdim=True)
    return torch.cat([first, torch.where(second > 0, second + after, 0)], 1)


def _places(waiting: Tensor, known: Tensor) -> Tensor:
    """Return the place of each token among the row's hidden ones, [B, L]."""
    return waiting.masked_fill(known, torch.inf).argsort(1).argsort(1)


def _apart(waiting: Tensor, known: Tensor, steps: int, dependence: Tensor) -> Tensor:
    """Return places [B, C] as _places does, but that the next token of a step is the first one that says at most
    LITTLE of those already in it, or the one that says least.
    """
    hidden, places = (~known).sum(1, keepdim=True), torch.zeros_like(known, dtype=torch.int64)
    if int(hidden.max()) <= steps:
        return _places(waiting, known)
    told, left = waiting.new_zeros(waiting.shape), ~known
    for place in range(int(hidden.max())):
        opens = (place * hidden.clamp(max=steps)) % hidden.clamp(min=1) < hidden.clamp(max=steps)
        told = torch.where(opens, 0, told)
        key = torch.where(told <= LITTLE, waiting, 1 + told).masked_fill(~left, torch.inf)
        token = key.argmin(1, keepdim=True)
        places.scatter_(1, token, torch.where(left.any(1, keepdim=True), place, places.gather(1, token)))
        left.scatter_(1, token, False)
        told = told + dependence[token[:, 0]]
    return places


def _spread(places: Tensor, known: Tensor, steps: int) -> Tensor:
    """Steps 1, 2, ... of the tokens that are not known, by their places: at most `steps` in each row."""
    hidden = (~known).sum(1, keepdim=True)
    return torch.where(known, 0, 1 + places * hidden.clamp(max=steps) // hidden.clamp(min=1))


def mutual_information(x: Tensor, columns: int) -> Tensor:
    """Return what the coarse tokens of two columns say of each other in x [N, L], in nats, less what chance does:
    float32 [columns, columns], each token one of at most a few groups of about as many rows.
    """
    x = x[:: max(1, len(x) // INFORMATION_ROWS), :columns]
    most = max(2, min(INFORMATION_GROUPS, INFORMATION_CELLS // columns))
    groups = torch.stack([_grouped(x[:, c], most) for c in range(columns)])  # [C, N]
    hot = nn.functional.one_hot(groups, most).float().transpose(1, 2)  # [C, G, N]
    shares = hot.mean(2)  # [C, G]
    freedom = (shares > 0).sum(1) - 1
    found = []
    for own, share in zip(hot.split(COLUMNS_AT_ONCE), shares.split(COLUMNS_AT_ONCE), strict=True):
        joint = (own.flatten(0, 1) @ hot.flatten(0, 1).t()).view(len(own), most, columns, most) / len(x)
        alone = share[:, :, None, None] * shares
        found.append(torch.special.xlogy(joint, joint / alone.clamp(min=1e-9)).sum((1, 3)))
    return (torch.cat(found) - freedom[:, None] * freedom / (2 * len(x))).clamp(min=0)


def _grouped(tokens: Tensor, most: int) -> Tensor:
    """Tokens [N] -> groups below `most` of neighbouring tokens, as equally shared as they can be."""
    counts = torch.bincount(tokens)
    before = counts.cumsum(0) - counts / 2
    return (before * most / len(tokens)).long().clamp(max=most - 1)[tokens]
