"""How much likelier a copula makes the numbers of rows, by each of several correlations that it may take."""

import math

import torch
from torch import Tensor

from launderette.generators.networks.copula import Copula
from launderette.generators.networks.layers import Heads

COMPARED_ROWS = 512  # at once, for all correlations


def number_gains(copula: Copula, heads: Heads, R: Tensor, x: Tensor) -> Tensor:
    """Return how much likelier each of the correlations R [C, D, D] makes the numbers of tokens x [M, L] than their
    shares do, in nats: float64 [M, C]. An untrained network says nothing beside them.
    """
    X, gains = copula.features(x), R.new_zeros(len(x), len(R))
    earlier, others = copula.by_earlier(R), copula.by_all_others(R) if copula.fine else None
    for l in (*copula.ordered, *copula.fine):
        A, s = others if others and l in copula.fine else earlier
        j = copula.feature[copula.fine.get(l, l)]
        mu, s = X @ A[:, j].t(), s[:, j].expand(len(x), -1)  # [M, C]
        for rows in torch.arange(len(x), device=x.device).split(COMPARED_ROWS):
            gains[rows] += _gains(copula, heads, l, x[rows], mu[rows], s[rows])
    return torch.nan_to_num(gains, nan=-math.inf)


def _gains(copula: Copula, heads: Heads, l: int, x: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    """Return what scores of N(mu, s^2), both [M, C], make of the tokens at place l of x [M, L]: float64 [M, C]."""
    C = mu.shape[1]
    term = copula.interval_term(l, x.repeat_interleave(C, 0), mu.flatten(), s.flatten()[:, None]).unflatten(0, (-1, C))
    own = x[:, l, None, None].expand(-1, C, 1)
    return (term.gather(2, own)[:, :, 0] - (heads.log_shares(l, x)[:, None] + term).logsumexp(2)).double()
