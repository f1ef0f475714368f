"""Multinomial logistic regression with a ridge, for few rows: p(k | x) is proportional to s_k exp(w_k x + b_k + o_k),
with s the shares of the levels and offsets o of each row.

Before any fit the information about the slopes W is S (x) R, with R the covariance of the features and S = diag(s) -
s s'. The ridge is lambda/2 tr(W S W') for each row, which shrinks as R + lambda I in place of R would, and that matrix
is the metric of the descent (L-BFGS), which then takes about ten steps. Along the principal axes of R it is diagonal.
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


def regression(rows: LabelRows, shares: Tensor, ridges: int) -> Coefficients:
    """Regress a label's levels, of which `shares` [K] are known, with so many of RIDGES in turn; nothing with none."""
    return next(islice(_path(rows, shares), ridges - 1, None)) if ridges else _nothing(rows, shares)


def helpful_ridges(folds: Sequence[tuple[LabelRows, LabelRows]], shares: Tensor, term: Term) -> tuple[int, Tensor]:
    """Return how many of RIDGES in turn make the other rows of the folds likeliest, 0 where none helps, and the gains
    of these rows beside their shares, in nats.
    """
    best = torch.cat([_gains(_nothing(other, shares), other, shares, term) for _, other in folds])
    ridges = 0
    for k, found in enumerate(zip(*(_path(fitted, shares) for fitted, _ in folds), strict=True)):
        others = zip(found, (other for _, other in folds), strict=True)
        gains = torch.cat([_gains(own, other, shares, term) for own, other in others])
        if gains.mean() <= best.mean():
            break
        best, ridges = gains, k + 1
    return ridges, best


def _gains(found: Coefficients, rows: LabelRows, shares: Tensor, term: Term) -> Tensor:
    return term(found.logits(rows), shares).gather(1, rows.y[:, None])[:, 0].double()


def _nothing(rows: LabelRows, shares: Tensor) -> Coefficients:
    return Coefficients(rows.X.new_zeros(rows.X.shape[1], len(shares)), torch.zeros_like(shares))


def _path(rows: LabelRows, shares: Tensor) -> Iterator[Coefficients]:
    """Yield the regression for each of RIDGES, started from the one before."""
    spread, axes = torch.linalg.eigh(rows.X.t() @ rows.X / len(rows.X))
    turned, V = _Turned.of(rows, axes, shares), rows.X.new_zeros(len(shares), len(axes) + 1)
    for ridge in RIDGES:
        metric = shares.clamp(min=LEAST_LEVEL_SHARE)[:, None] * torch.cat([spread + ridge, spread.new_ones(1)])
        V = _descended(turned, metric.sqrt(), ridge, V)
        yield Coefficients(axes @ V[:, :-1].t(), V[:, -1])


class _Turned(NamedTuple):
    """Rows as columns, along which exponentials of few levels are taken many at once: Z [D + 1, N], their features
    along the principal axes, where the metric is diagonal, and 1; whose level is which; logits beside those of Z.
    """

    Z: Tensor
    truth: Tensor  # of 0 and 1 [K, N]
    offsets: Tensor  # [K, N]
    S: Tensor  # [K, K]

    @classmethod
    def of(cls, rows: LabelRows, axes: Tensor, shares: Tensor) -> "_Turned":
        truth = rows.y == torch.arange(len(shares), device=rows.y.device)[:, None]
        offsets = rows.offsets.t() + shares.clamp(min=1e-9).log()[:, None]
        ones = rows.X.new_ones(1, len(rows.X))
        S = shares.diag() - torch.outer(shares, shares)
        return cls(torch.cat([axes.t() @ rows.X.t(), ones]), truth.to(rows.X), offsets.expand(truth.shape), S)


def _descended(rows: _Turned, scale: Tensor, ridge: float, start: Tensor) -> Tensor:
    """Descend from slopes and intercepts V [K, D + 1] to the least loss with its penalty, by steps of this scale."""
    count = rows.Z.shape[1]
    ridges = nn.functional.pad(scale.new_full((scale.shape[1] - 1,), ridge), (0, 1))  # none of intercepts

    def loss(free: Tensor) -> tuple[float, Tensor]:
        V = free / scale
        logs = torch.log_softmax(torch.addmm(rows.offsets, V, rows.Z), 0)
        likelihood = torch.dot(logs.view(-1), rows.truth.view(-1)) / count
        wrong = logs.exp_().sub_(rows.truth)  # of each row's logits: the gradient of its loss
        shrunk = (rows.S @ V) * ridges  # the gradient of the penalty
        slopes = torch.addmm(shrunk, wrong, rows.Z.t(), alpha=1 / count)
        return float(torch.dot(V.view(-1), shrunk.view(-1)) / 2 - likelihood), slopes / scale

    return minimised(loss, start * scale, MOST_STEPS, LEAST_STEP) / scale
