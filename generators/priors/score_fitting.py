"""Fitting the regressions of numbers that are often missing (networks/regressions.py) to the rows that have them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from launderette.generators.networks.copula import Copula
from launderette.generators.networks.label_fitting import MOST_REGRESSORS, REGRESSION_ROWS
from launderette.generators.networks.regressions import Line, Moments
from launderette.generators.networks.ties import SHRINKAGE

LEAST_PRESENT_ROWS = 20  # that have a number; of fewer it is by itself

Parts = Sequence[tuple[Tensor, Tensor]]


@torch.no_grad()
def fit_scores(copula: Copula, x: Tensor, parts: Parts) -> Tensor:
    """Regress the often missing numbers of a copula, which is fitted to tokens x [N, L], on other columns where they
    are there, shrunk as suits other rows best: by parts, rows to fit to [n, L] and others [m, L].

    Return how much likelier the others' numbers become by the columns before them, in nats: [others, columns].
    """
    gains = copula.R.new_zeros(sum(len(other) for _, other in parts), copula.columns)
    for k, c in enumerate(copula.scores.column.tolist()):
        if copula.scores.active[k]:
            gains[:, c] = _fit(copula, k, c, x, parts)
    copula.forget()
    return gains


def _fit(copula: Copula, k: int, c: int, x: Tensor, parts: Parts) -> Tensor:
    """Regress number k, of column c, on the columns before it and return the gains of other rows [others]."""
    before = _features(copula, c)
    there = torch.cat([has(copula, c, other) for _, other in parts])
    sides = [(having(copula, c, own), other[has(copula, c, other)]) for own, other in parts]
    gains, chosen = copula.R.new_zeros(len(there)), 0.0
    if len(before) and min(len(own) for own, _ in sides) >= LEAST_PRESENT_ROWS:
        read = [(moments(copula, c, own, before), other, _read(copula, other, before)) for own, other in sides]
        for amount in SHRINKAGE:
            found = torch.cat([_gained(copula, c, other, X, _line(own, amount)) for own, other, X in read])
            if found.sum() > gains.sum():
                gains[there], chosen = found, amount
    if chosen:
        line = _line(moments(copula, c, having(copula, c, x), before), chosen)
        scores = copula.scores
        scores.slopes[k, before], scores.offset[k], scores.explained[k] = line
    return gains


def has(copula: Copula, c: int, x: Tensor) -> Tensor:
    """Tell which of tokens x [N, L] have number c: bool [N]."""
    return x[:, c] < copula.ordered[c]


def having(copula: Copula, c: int, x: Tensor) -> Tensor:
    """Return the rows of tokens x [N, L] that have number c, thinned out."""
    x = x[has(copula, c, x)]
    return x[:: max(1, len(x) // REGRESSION_ROWS)]


def moments(copula: Copula, c: int, x: Tensor, features: Tensor) -> Moments:
    """Return what regressions of number c on `features` [K] take, by tokens x [n, L] that all have it."""
    score = getattr(copula, f"scores_{c}")[x[:, c]] * copula.v[copula.feature[c]].sqrt()  # E[z | cell]
    return Moments.of(_read(copula, x, features), score, _variance(copula, c))


def _read(copula: Copula, x: Tensor, features: Tensor) -> Tensor:
    """Tokens x [N, L] -> those of their features [N, K], no other column being looked at."""
    return copula.features(x, copula.column[features].unique().tolist())[:, features]


def _variance(copula: Copula, c: int) -> Tensor:
    """Return the variance of E[z | cell] where number c is there."""
    shares, scores = torch.special.ndtr(getattr(copula, f"edges_{c}")).diff(), getattr(copula, f"scores_{c}")[:-1]
    return (shares * scores.square()).sum() * copula.v[copula.feature[c]]


def _features(copula: Copula, c: int) -> Tensor:
    """Return those features of columns before number c that hang together with it most, in order."""
    places = (copula.column < c).nonzero()[:, 0]
    ties = copula.R[copula.feature[c], places].square()
    return places[ties.topk(min(MOST_REGRESSORS, len(places))).indices.sort().values]


def _line(own: Moments, amount: float) -> Line:
    return own.shrunk(amount).line(torch.ones_like(own.r))


def _gained(copula: Copula, c: int, x: Tensor, X: Tensor, line: Line) -> Tensor:
    """Return how much likelier number c is by the line on features X [m, K], in each of the rows x [m, L] that have it,
    in nats: [m].
    """
    mu, s = X @ line.slopes + line.offset, (1 - line.explained).sqrt()
    return likelier(copula, c, x, mu, s.expand(len(x)))


def likelier(copula: Copula, c: int, x: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    """Return how much likelier scores of N(mu, s^2), both [m], make number c of the rows x [m, L] that have it, in
    nats: [m].
    """
    return copula.interval_term(c, x, mu, s[:, None]).gather(1, x[:, c : c + 1])[:, 0].double()
