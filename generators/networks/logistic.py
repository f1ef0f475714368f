"""Multinomial logistic regression with a ridge, for few rows: p(k | x) is proportional to s_k exp(w_k x + b_k + o_k),
with s the shares of the levels and offsets o of each row.

Before any fit the information about the slopes W is S (x) R, with R the covariance of the features and S = diag(s) -
s s'. The ridge is lambda/2 tr(W S W') for each row, which shrinks as R + lambda I in place of R would, and that matrix
is the metric of the descent (L-BFGS), which then takes about ten steps.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from launderette.generators.optimizers.lbfgs import minimised

RIDGES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)  # lambda, from the strongest
MOST_STEPS = 30  # of the descent, for one of RIDGES
LEAST_STEP = 1e-5  # in nats per row, before the descent ends
LEAST_LEVEL_SHARE = 1e-4  # of a level, in the metric

Term = Callable[[Tensor, Tensor], Tensor]  # logits beside log shares [B, K] and these shares [K] -> gains [B, K], nats


class LabelRows(NamedTuple):
    """Features X [N, D] of mean 0, the level y [N] of a label, and offsets [N, K] of the logits."""

    X: Tensor
    y: Tensor
    offsets: Tensor


class Coefficients(NamedTuple):
    """Slopes W [D, K] and intercepts b [K] of the logits beside the log shares."""

    W: Tensor
    b: Tensor

    def logits(self, rows: LabelRows) -> Tensor:
        return rows.X @ self.W + self.b + rows.offsets


def regression(
    rows: LabelRows, folds: Sequence[tuple[LabelRows, LabelRows]], shares: Tensor, term: Term
) -> tuple[Coefficients, Tensor]:
    """Regress a label's levels, of which `shares` [K] are known, with the ridge that makes the other rows of the folds
    likeliest. Return the gains of these rows beside their shares, in nats; nothing is learnt where no ridge helps.
    """
    best = torch.cat([_gains(_nothing(other, shares), other, shares, term) for _, other in folds])
    steps = 0
    for k, found in enumerate(zip(*(_path(fitted, shares) for fitted, _ in folds), strict=True)):
        others = zip(found, (other for _, other in folds), strict=True)
        gains = torch.cat([_gains(own, other, shares, term) for own, other in others])
        if gains.mean() <= best.mean():
            break
        best, steps = gains, k + 1
    return next(islice(_path(rows, shares), steps - 1, None)) if steps else _nothing(rows, shares), best


def _gains(found: Coefficients, rows: LabelRows, shares: Tensor, term: Term) -> Tensor:
    return term(found.logits(rows), shares).gather(1, rows.y[:, None])[:, 0].double()


def _nothing(rows: LabelRows, shares: Tensor) -> Coefficients:
    return Coefficients(rows.X.new_zeros(rows.X.shape[1], len(shares)), torch.zeros_like(shares))


def _path(rows: LabelRows, shares: Tensor) -> Iterator[Coefficients]:
    """Yield the regression for each of RIDGES, started from the one before."""
    R, found = rows.X.t() @ rows.X / len(rows.X), _nothing(rows, shares)
    for ridge in RIDGES:
        found = _descended(rows, R, shares, ridge, found)
        yield found


def _descended(rows: LabelRows, R: Tensor, shares: Tensor, ridge: float, start: Coefficients) -> Coefficients:
    """Descend from `start` to the least loss with its penalty."""
    scale, log_shares = shares.clamp(min=LEAST_LEVEL_SHARE).sqrt(), shares.clamp(min=1e-9).log()
    factor = torch.linalg.cholesky(R + ridge * torch.eye(len(R), dtype=R.dtype)).t()
    truth, offsets = nn.functional.one_hot(rows.y, len(shares)).to(rows.X), rows.offsets + log_shares

    def coefficients(free: Tensor) -> Coefficients:
        own = free / scale
        return Coefficients(torch.linalg.solve_triangular(factor, own[:-1], upper=True), own[-1])

    def loss(free: Tensor) -> tuple[float, Tensor]:
        W, b = coefficients(free)
        logs = torch.log_softmax((rows.X @ W).add_(b).add_(offsets), 1)
        likelihood = logs.gather(1, rows.y[:, None]).mean()
        wrong = logs.exp_().sub_(truth).div_(len(truth))  # of each row's logits: the gradient of their mean loss
        WS = (W - (W @ shares)[:, None]) * shares
        slopes = torch.linalg.solve_triangular(factor.t(), rows.X.t() @ wrong + ridge * WS, upper=False)
        value = (W * WS).sum() * ridge / 2 - likelihood
        return float(value), torch.cat([slopes, wrong.sum(0)[None]]) / scale

    start_at = torch.cat([factor @ start.W, start.b[None]]) * scale  # [D + 1, K]
    return coefficients(minimised(loss, start_at, MOST_STEPS, LEAST_STEP))
