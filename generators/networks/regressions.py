"""Regressions of features on others, from their correlations, and those of numbers that are often missing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from launderette.generators.devices.device import accelerated
from launderette.generators.networks.normal_scores import LEAST_VARIANCE

SOURCES = 3.0  # columns of which each explains as much of a number


def on_earlier(R: Tensor) -> tuple[Tensor, Tensor]:
    """Regress each feature on those before it by correlations R [P, D, D], of Cholesky factor C: slopes [P, D, D], with
    -1 on the diagonal, and the variances that are left [P, D].
    """
    C = _checked(torch.linalg.cholesky_ex, R)
    eye = torch.eye(C.shape[-1], dtype=C.dtype, device=C.device)
    whiten = torch.linalg.solve_triangular(C, eye.expand_as(C), upper=False)  # C^-1
    d = C.diagonal(dim1=1, dim2=2)
    return -(whiten * d[:, :, None]), d.square()


def on_others(R: Tensor, columns: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Regress the first feature of some columns on those of all others by correlations R [P, D, D]: slopes [P, D, D]
    and the variances that are left [P, D], those of other features 0 and 1. Each column is the places of its features.
    """
    precision = _checked(torch.linalg.inv_ex, R)
    A, variance = torch.zeros_like(R), torch.ones_like(R[..., 0])
    for own in columns:
        block = torch.linalg.inv(precision[:, own][:, :, own])  # covariance given the others
        A[:, own[0]], variance[:, own[0]] = -(block @ precision[:, own])[:, 0], block[:, 0, 0]
        A[:, own[0], own] = 0.0
    return A, variance


def believed(A: Tensor, variance: Tensor, rows: Tensor) -> Tensor:
    """Slopes A [..., D, D] of features on others, the variances that are left [..., D], and how many rows have each
    feature [D] -> the slopes of which a label keeps n / (n + k), as random effects are predicted (Robinson 1991): k is
    the variance that is left over that of a label's effects, what each of SOURCES columns alike explains.

    A single row is all that a regression knows of its label, and would have the row's number for the label's own.
    """
    left = variance.clamp(LEAST_VARIANCE, 1 - LEAST_VARIANCE)
    k = SOURCES * left / (1 - left)
    return A / (1 + k[..., :, None] / rows.clamp(min=LEAST_VARIANCE))


class Line(NamedTuple):
    """Slopes [..., K] and offset [...] of a score z on features, and the share of its variance that they explain."""

    slopes: Tensor
    offset: Tensor
    explained: Tensor

    def weakened(self, share: float | Tensor) -> "Line":
        """Return a share of what it says."""
        return Line(self.slopes * share, self.offset * share, self.explained * (1 - (1 - share) ** 2))


class Moments(NamedTuple):
    """What regressions of a number's score on any of K features take, by the rows that have the number."""

    centre: Tensor  # [K], of features
    scale: Tensor  # [K], one over their deviation; 0 of constant ones
    R: Tensor  # [K, K], their correlations
    r: Tensor  # [K], covariances of E[z | cell] and the scaled features
    mean: Tensor  # [], of E[z | cell]
    v: Tensor  # [], its variance

    @classmethod
    def of(cls, X: Tensor, score: Tensor, v: Tensor) -> "Moments":
        """Read them off features X [n, K] and E[z | cell] [n], of variance v among all rows that have the number."""
        centre, spread = X.mean(0), X.std(0, correction=0)
        scale = torch.where(spread > 1e-6, 1 / spread.clamp(min=1e-6), 0.0)
        X = (X - centre) * scale
        return cls(centre, scale, X.t() @ X / len(X), X.t() @ score / len(X), score.mean(), v)

    def shrunk(self, amount: float) -> "Moments":
        """Return them shrunk towards independence by lambda in [0, 1]."""
        eye = torch.eye(len(self.R)).to(self.R)
        return self._replace(R=(1 - amount) * self.R + amount * eye, r=(1 - amount) * self.r)

    def line(self, seen: Tensor) -> Line:
        """Regress the score on the features `seen`, of 0 and 1 [..., K]; cells take as much off the slopes as off the
        variance.
        """
        r = self.r * seen
        R = self.R * seen[..., :, None] * seen[..., None, :] + torch.diag_embed(1 - seen)
        w = _checked(torch.linalg.solve_ex, R, r[..., None])[..., 0]
        slopes = w * self.scale / self.v
        explained = ((r * w).sum(-1) / self.v.square()).clamp(max=1 - LEAST_VARIANCE)
        return Line(slopes, self.mean / self.v - slopes @ self.centre, explained)


class ScoreRegressions(nn.Module):
    """Regressions of the scores z of N numbers on features of columns before them by the rows in which they are there,
    z | x ~ N(A x + b, s^2).

    A missing score is 0 as a feature, so that correlations over all rows are too small by the share of rows that have
    one, but only where it has nothing to do with other features which rows these are. A number that is there only where
    a label says so, or another number is, would be seen to depend on these by far too much.
    """

    feature: Tensor  # [N], of each number's score
    column: Tensor  # [N]
    active: Tensor  # bool [N]; the others follow the correlations
    slopes: Tensor  # [N, D]
    offset: Tensor  # [N]
    explained: Tensor  # [N], share of the variance of z

    def __init__(self, numbers: dict[int, int], features: int) -> None:
        """Of numbers, column -> its feature; nothing is regressed yet."""
        super().__init__()
        for name, own in {"column": list(numbers), "feature": list(numbers.values())}.items():
            self.register_buffer(name, torch.tensor(own, dtype=torch.int64), persistent=False)
        self.register_buffer("active", torch.zeros(len(numbers), dtype=torch.bool))
        for name, shape in {"slopes": (features,), "offset": (), "explained": ()}.items():
            self.register_buffer(name, torch.zeros(len(numbers), *shape, dtype=torch.float64))

    def forget(self) -> None:
        """Regress no number any more."""
        for own in (self.active, self.slopes, self.offset, self.explained):
            own.zero_()

    def weaken(self, share: float) -> None:
        """Keep a share of what the regressions say."""
        said = self.slopes, self.offset, self.explained
        for own, left in zip(said, Line(*said).weakened(share), strict=True):
            own.copy_(left)

    def leave(self, A: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes A [..., D, D] and deviations s [..., D] of scores, as if each of these numbers were alone."""
        j = self.feature
        A[..., j, :] = torch.where(self.active[:, None], 0.0, A[..., j, :])
        s[..., j] = torch.where(self.active, 1.0, s[..., j])
        return A, s

    def put(self, A: Tensor, s: Tensor, known: Tensor) -> Tensor:
        """Write the regressions into slopes A [P, D, D] and deviations s [P, D] of the scores of features and return
        their offsets [P, D], for the patterns of `known` columns, bool [P, columns], that name none after the number.
        """
        j, b = self.feature, torch.zeros_like(s)
        after = torch.arange(known.shape[1], device=known.device) > self.column[:, None]  # [N, columns]
        others = (known[:, None] & after).any(2) | ~self.active  # [P, N], by the correlations
        A[:, j] = torch.where(others[:, :, None], A[:, j], self.slopes)
        s[:, j] = torch.where(others, s[:, j], (1 - self.explained).sqrt())
        b[:, j] = torch.where(others, 0.0, self.offset)
        return b


def _checked(solve: Callable[..., Any], *matrices: Tensor) -> Tensor:
    """Return what one of torch's solvers finds; it looks for singular matrices on a CPU alone, for a GPU would wait."""
    return solve(*matrices, check_errors=not accelerated(matrices[0].device))[0]
