"""Fitting the regressions of numbers that are often missing (networks/regressions.py) to the rows that have them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from launderette.generators.networks.copula import LEAST_VARIANCE, Copula
from launderette.generators.networks.label_fitting import MOST_REGRESSORS, REGRESSION_ROWS
from launderette.generators.networks.ties import SHRINKAGE

LEAST_PRESENT_ROWS = 20  # that have a number; of fewer it is by itself

Parts = Sequence[tuple[Tensor, Tensor]]


class Line(NamedTuple):
    """Slopes [D] and offset of a score z on features, and the share of its variance that they explain."""

    slopes: Tensor
    offset: Tensor
    explained: Tensor


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
    there = torch.cat([_has(copula, c, other) for _, other in parts])
    sides = [(_having(copula, c, own), other[_has(copula, c, other)]) for own, other in parts]
    gains, chosen = copula.R.new_zeros(len(there)), 0.0
    for amount in SHRINKAGE if len(before) and min(len(own) for own, _ in sides) >= LEAST_PRESENT_ROWS else ():
        lines = [_line(copula, c, copula.features(own)[:, before], _score(copula, c, own), amount) for own, _ in sides]
        gained = [_gained(copula, c, other, before, line) for line, (_, other) in zip(lines, sides, strict=True)]
        if (found := torch.cat(gained)).sum() > gains.sum():
            gains[there], chosen = found, amount
    if chosen:
        own, scores = _having(copula, c, x), copula.scores
        line = _line(copula, c, copula.features(own)[:, before], _score(copula, c, own), chosen)
        scores.slopes[k, before], scores.offset[k], scores.explained[k] = line
    return gains


def _has(copula: Copula, c: int, x: Tensor) -> Tensor:
    return x[:, c] < copula.ordered[c]


def _having(copula: Copula, c: int, x: Tensor) -> Tensor:
    """Return the rows of tokens x [N, L] that have number c, thinned out."""
    x = x[_has(copula, c, x)]
    return x[:: max(1, len(x) // REGRESSION_ROWS)]


def _score(copula: Copula, c: int, x: Tensor) -> Tensor:
    """Return E[z | cell] of number c in tokens x [N, L]: [N]."""
    return getattr(copula, f"scores_{c}")[x[:, c]] * copula.v[copula.feature[c]].sqrt()


def _variance(copula: Copula, c: int) -> Tensor:
    """Return the variance of E[z | cell] where number c is there."""
    shares, scores = torch.special.ndtr(getattr(copula, f"edges_{c}")).diff(), getattr(copula, f"scores_{c}")[:-1]
    return (shares * scores.square()).sum() * copula.v[copula.feature[c]]


def _features(copula: Copula, c: int) -> Tensor:
    """Return those features of columns before number c that hang together with it most, in order."""
    places = (copula.column < c).nonzero()[:, 0]
    ties = copula.R[copula.feature[c], places].square()
    return places[ties.topk(min(MOST_REGRESSORS, len(places))).indices.sort().values]


def _line(copula: Copula, c: int, X: Tensor, score: Tensor, amount: float) -> Line:
    """Regress number c, of which E[z | cell] is known [n], on features X [n, D] by their correlations, shrunk towards
    independence by `amount`; cells take as much off the slopes as off the variance.
    """
    centre, spread, v = X.mean(0), X.std(0, correction=0), _variance(copula, c)
    scale = torch.where(spread > 1e-6, 1 / spread.clamp(min=1e-6), 0.0)
    X = (X - centre) * scale
    R, r = (1 - amount) * (X.t() @ X) / len(X), (1 - amount) * (X.t() @ score) / len(X)
    w = torch.linalg.solve(R + amount * torch.eye(len(R)).to(R), r)
    slopes = w * scale / v
    explained = (r @ w / v.square()).clamp(max=1 - LEAST_VARIANCE)
    return Line(slopes, score.mean() / v - centre @ slopes, explained)


def _gained(copula: Copula, c: int, x: Tensor, before: Tensor, line: Line) -> Tensor:
    """Return how much likelier number c is by the line, in each of the rows x [m, L] that have it, in nats: [m]."""
    mu, s = copula.features(x)[:, before] @ line.slopes + line.offset, (1 - line.explained).sqrt()
    term = copula.interval_term(c, x, mu, s.expand(len(x))[:, None])
    return term.gather(1, x[:, c : c + 1])[:, 0].double()
