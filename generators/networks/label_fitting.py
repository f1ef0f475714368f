"""Fitting what a copula says of labels: their regressions on the columns before them, and what columns after them add
where they are known.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from launderette.generators.networks.copula import Copula
from launderette.generators.networks.logistic import LabelRows, helpful_ridges, regression
from launderette.generators.networks.normal_scores import label_term

REGRESSION_ROWS = 5000  # that a label is regressed on
MOST_REGRESSIONS = (
    100  # that are regressed: of more, those that hang together most with others; the rest keep their shares
)
MOST_REGRESSORS = 300  # that a label is regressed on: those that it hangs together with most
FEWER_REGRESSORS = 1, 4  # that are tried in their place
PATTERNS = 4  # of known columns that each row is seen with, where so many rows make no more


class Seen(NamedTuple):
    """Tokens x [N, L], their features X [N, D], and which columns are known where each row is seen some times, of 0 and
    1 [times * N, columns].
    """

    x: Tensor
    X: Tensor
    known: Tensor

    @classmethod
    def of(cls, copula: Copula, x: Tensor) -> "Seen":
        times = max(1, min(PATTERNS, REGRESSION_ROWS // len(x)))
        X = copula.features(x)
        return cls(x, X, _known(times * len(x), copula.columns).to(X))


Parts = Sequence[tuple[Tensor, Tensor]]
Sides = Sequence[tuple[Seen, Seen]]


@torch.no_grad()
def fit_labels(copula: Copula, x: Tensor, parts: Parts) -> Tensor:
    """Regress the labels of a copula, which is fitted to tokens x [N, L], on other columns, with ridges that suit other
    rows best: by parts, rows to fit to [n, L] and others [m, L].

    Return how much likelier the others' labels become by the columns before them, in nats: [others, columns].
    """
    sides = [(Seen.of(copula, _thinned(part)), Seen.of(copula, other)) for part, other in parts]
    gains = torch.zeros(sum(len(other) for _, other in parts), copula.columns, dtype=copula.R.dtype)
    seen = Seen.of(copula, _thinned(x))
    for c in _regressed(copula):
        gains[:, c] = _fit_before(copula, c, seen, sides)
        _fit_after(copula, c, seen, sides)
    copula.forget()
    return gains


def _thinned(x: Tensor) -> Tensor:
    return x[:: max(1, len(x) // REGRESSION_ROWS)]


def _fit_before(copula: Copula, c: int, seen: Seen, sides: Sides) -> Tensor:
    """Regress label c on the columns before it and return the gains of other rows [others]."""
    own = _features(copula, c, copula.column < c)
    if not len(own):
        return seen.X.new_zeros(1)
    tried = []
    for places in _choices(copula, c, own):
        folds = [(_before(copula, c, places, part), _before(copula, c, places, other)) for part, other in sides]
        tried.append((places, *helpful_ridges(folds, copula.shares(c), label_term)))
    own, ridges, gains = max(tried, key=lambda one: float(one[2].mean()))
    found = regression(_before(copula, c, own, seen), copula.shares(c), ridges)
    getattr(copula, f"slopes_{c}")[own] = found.W
    getattr(copula, f"intercepts_{c}").copy_(found.b)
    return gains


def _choices(copula: Copula, c: int, own: Tensor) -> list[Tensor]:
    """Return features to regress label c on: all of `own`, and the few of them that it hangs together with most, for a
    ridge by which many say nothing that is not there keeps one from deciding.
    """
    return [own, *(_tied(copula, c, own, count) for count in FEWER_REGRESSORS if count < len(own))]


def _before(copula: Copula, c: int, own: Tensor, seen: Seen) -> LabelRows:
    """Return what label c is regressed on by features `own`."""
    return LabelRows(seen.X[:, own], copula.rank(c, seen.x), seen.X.new_zeros(len(seen.x), 1))


def _fit_after(copula: Copula, c: int, seen: Seen, sides: Sides) -> None:
    """Regress what the columns before label c leave over on those after it, of which each row knows some at random:
    their features, and which they are.
    """
    own = _features(copula, c, copula.column > c)
    columns = copula.column[own].unique()
    if not len(own):
        return

    def rows(seen: Seen) -> LabelRows:
        offsets = seen.X @ getattr(copula, f"slopes_{c}") + getattr(copula, f"intercepts_{c}")
        times = len(seen.known) // len(seen.x)
        features = seen.X[:, own].repeat(times, 1) * seen.known[:, copula.column[own]]
        ranks = copula.rank(c, seen.x).repeat(times)
        return LabelRows(torch.cat([features, seen.known[:, columns]], 1), ranks, offsets.repeat(times, 1))

    folds = [(rows(part), rows(other)) for part, other in sides]
    ridges, _ = helpful_ridges(folds, copula.shares(c), label_term)
    found = regression(rows(seen), copula.shares(c), ridges)
    getattr(copula, f"slopes_{c}")[own] = found.W[: len(own)]
    getattr(copula, f"known_{c}")[columns] = found.W[len(own) :]


def _features(copula: Copula, c: int, own: Tensor) -> Tensor:
    """Return of features `own`, bool [D], those that hang together with label c most, in order."""
    return _tied(copula, c, own.nonzero()[:, 0], MOST_REGRESSORS)


def _tied(copula: Copula, c: int, places: Tensor, most: int) -> Tensor:
    return places[_ties(copula, c)[places].topk(min(most, len(places))).indices.sort().values]


def _ties(copula: Copula, c: int) -> Tensor:
    """Return how much each feature hangs together with label c, [D]: 0 for its own."""
    return copula.R[copula.indicators(c)].square().sum(0) * (copula.column != c)


def _regressed(copula: Copula) -> list[int]:
    return sorted(copula.levels, key=lambda c: -float(_ties(copula, c).sum()))[:MOST_REGRESSIONS]


def _known(rows: int, columns: int) -> Tensor:
    """Return which columns are known, bool [rows, columns]: one or any number of all, in turn."""
    stream = torch.Generator().manual_seed(0)
    places = torch.rand(rows, columns, generator=stream).argsort(1).argsort(1)
    counts = 1 + (torch.rand(rows, 1, generator=stream) * columns).long()
    counts[::2] = 1
    return places < counts
