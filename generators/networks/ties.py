"""Which columns hang together beyond chance: of many columns most correlations of few rows are noise, which hides the
few that are not, and is remembered.

With n rows, n r^2 of two features that have nothing to do with each other is about a chi-squared variable, and the
largest of k^2 such about 2 log k^2 more. So columns whose strongest correlation r stands out by n r^2 = t keep the
share (1 - chance / t)_+ of all that ties them (the positive part of Breiman's garrote, 1995): noise goes, and what is
strong stays nearly whole.
"""

import torch
from torch import Tensor

FLOOR_OF_EIGENVALUES = 1e-4  # of correlations whose weak ones are gone


def beyond(R: Tensor, column: Tensor, rows: int, chance: float) -> Tensor:
    """Correlations R [D, D] of features, each of a `column` [D], in so many rows -> those that are left: R itself where
    chance is 0.
    """
    if not chance:
        return R
    return _definite((R * shares(R, column, rows, chance)).fill_diagonal_(1.0))


def shares(R: Tensor, column: Tensor, rows: int, chance: float) -> Tensor:
    """Return the share that each correlation keeps [D, D]: the same for all features of two columns, 1 within one."""
    columns = int(column.max()) + 1
    strongest = _by_column(_by_column(R.square(), column, columns).t(), column, columns)  # [columns, columns]
    sizes = torch.bincount(column, minlength=columns).to(R)
    expected = 2 * torch.log(sizes[:, None] * sizes)
    kept = (1 - chance / (rows * strongest - expected).clamp(min=1e-9)).clamp(min=0)
    return kept.fill_diagonal_(1.0)[column][:, column]


def _definite(R: Tensor) -> Tensor:
    """Return the positive definite matrix next to R [D, D] with 1 on its diagonal; R itself where it is one."""
    if not int(torch.linalg.cholesky_ex(R - FLOOR_OF_EIGENVALUES * torch.eye(len(R)).to(R)).info):
        return R
    values, vectors = torch.linalg.eigh(R)
    found = (vectors * values.clamp(min=FLOOR_OF_EIGENVALUES)) @ vectors.t()
    spread = found.diagonal().sqrt()
    return found / (spread[:, None] * spread)


def _by_column(values: Tensor, column: Tensor, columns: int) -> Tensor:
    """Return the largest of values [D, K] of each column's features: [columns, K]."""
    at = column[:, None].expand_as(values)
    return values.new_zeros(columns, values.shape[1]).scatter_reduce(0, at, values, "amax")
