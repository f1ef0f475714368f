"""Normal scores: cells of a number as intervals of the normal distribution, and how much likelier a conditional makes
them, or a label, than their shares.
"""

import math

import torch
from torch import Tensor

MARGINAL_SHARE = 0.01  # share of rows drawn from the marginal instead, so that nothing is impossible
MOST_SCORE = 4.0  # standard deviations, of an interval without rows
LEAST_PRESENT = 0.5  # share of present numbers by which their variance is taken down
LEAST_VARIANCE = 1e-3  # of a score given others
LEAST_INTERVAL, LEAST_LEVEL = 1e-7, 1e-9  # shares up to which nothing is told of a cell, of a label


def tiles(counts: Tensor) -> Tensor:
    """Counts of cells [K] -> the ends of their intervals of normal scores [K + 1]."""
    share = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).double() / counts.sum().clamp(min=1)
    return torch.special.ndtri(share)


def scores_of(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Ends of intervals [K + 1] -> E[z | interval] [K], of one without rows its place, and the variance of these."""
    P, p = torch.special.ndtr(edges).diff(), torch.exp(-edges.square() / 2) / math.sqrt(2 * math.pi)
    place = edges[:-1].clamp(-MOST_SCORE, MOST_SCORE)
    scores = torch.where(P > 0, -p.diff() / P.clamp(min=1e-12), place)
    return scores, (P * scores.square()).sum().clamp(min=1e-6)


def squares_of(scores: Tensor, x: Tensor) -> Tensor:
    """Scores of a number's cells, and of none [K + 1], tokens x [N] -> their squares, of mean 0 and variance 1."""
    squares, present = scores.square(), x < len(scores) - 1
    usual = squares[x[present]]
    spread = usual.std(correction=0) * present.double().mean().clamp(min=LEAST_PRESENT).sqrt()
    found = torch.nan_to_num((squares - usual.mean()) / spread.clamp(min=1e-6))
    found[-1] = 0.0
    return found


def interval_term(edges: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    """log p(I | mu, s) / p(I) of the intervals between edges [..., K + 1] for mu [B]: float32 [B, K]."""
    P = torch.special.ndtr(edges).float().diff()
    conditional = torch.special.ndtr(((edges.to(mu) - mu[:, None]) / s).float()).diff()
    return _log_ratio(conditional, P, LEAST_INTERVAL)


def label_term(logits: Tensor, shares: Tensor) -> Tensor:
    """log p(level | logits [B, K] beside log shares) / share: float32 [B, K]."""
    return _log_ratio((logits + shares.to(logits).log()).softmax(1).float(), shares.float(), LEAST_LEVEL)


def _log_ratio(conditional: Tensor, marginal: Tensor, least: float) -> Tensor:
    """Return log conditional / marginal, some rows being drawn from the marginal; 0 where that is `least` at most."""
    weight, floor = weights_of(marginal, least)
    return torch.addcmul(floor, conditional, weight).log()


def weights_of(marginal: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Return w and f of the ratio f + w conditional / marginal, some rows being drawn from the marginal; 1 where that
    is `least` at most.
    """
    seen = marginal > least
    weight = torch.where(seen, (1 - MARGINAL_SHARE) / marginal.clamp(min=least), 0.0)
    return weight, torch.where(seen, MARGINAL_SHARE, 1.0)
