"""Which columns hang together beyond chance: of many columns most correlations of few rows are noise, which hides the
few that are not, and is remembered.

With n rows, n r^2 of two features that have nothing to do with each other is about a chi-squared variable, and the
largest of k^2 such about 2 log k^2 more. So columns whose strongest correlation r stands out by n r^2 = t keep the
share (1 - chance / t)_+ of all that ties them (the positive part of Breiman's garrote, 1995): noise goes, and what is
strong stays nearly whole.

Columns that hang together mostly share something, such as size, skill or age (Spearman 1904; shrinkage towards one
factor: Ledoit and Wolf 2003). With k common factors a column has k loadings in place of a correlation with each other
column, whereas shrinking towards independence takes from strong correlations as much as from noise. Features of one
column keep what they have with each other.

What is solved for all features together takes time that grows with their number cubed. Of MANY_FEATURES so few
shrinkages are tried, on one part of the rows; beyond MOST_SOLVED_FEATURES columns start alone.
"""

import torch
from torch import Tensor

SHRINKAGE = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # lambda: R = (1 - lambda) R_rows + lambda I
MANY_FEATURES, MOST_SOLVED_FEATURES = 300, 4000
SHRINKAGE_OF_MANY = (0.01, 0.1, 0.3)
NUMBERS_OF_FACTORS = 1, 2, 3
TOWARDS_FACTORS = 0.5, 1.0  # of the way towards the factors
SHRINKAGE_OF_FACTORS = 0.003, 0.1
STANDING_OUT = 8.0  # of ties, where weak ones are left out
FACTOR_ROUNDS = 10  # of principal factors, each with the communalities of the round before
MOST_COMMON = 0.98  # of a feature's variance that factors may explain
FLOOR_OF_EIGENVALUES = 1e-4  # of correlations whose weak ones are gone, or that factors leave


def candidates(R: Tensor, column: Tensor, rows: int, *, few: bool) -> list[Tensor]:
    """Correlations R [D, D] of features, each of a `column` [D], in so many rows -> those that may be true: shrunk,
    without weak ties and, where rows are `few`, as factors leave them.
    """
    found = [shrunk(R, amount) for amount in shrinkages(R)]
    if is_wide(R):
        return found
    found += [shrunk(beyond(R, column, rows, STANDING_OUT), amount) for amount in SHRINKAGE[1::2]]
    for factors in NUMBERS_OF_FACTORS if few else ():
        common = of_factors(R, column, factors)
        drawn = [torch.lerp(R, common, share) for share in TOWARDS_FACTORS]
        found += [shrunk(one, amount) for one in drawn for amount in SHRINKAGE_OF_FACTORS]
    return found


def is_wide(R: Tensor) -> bool:
    """Tell whether correlations R [D, D] are of so many features that little is tried."""
    return len(R) > MANY_FEATURES


def shrinkages(R: Tensor) -> tuple[float, ...]:
    """Return how much correlations R [D, D] may be shrunk."""
    return SHRINKAGE_OF_MANY if is_wide(R) else SHRINKAGE


def shrunk(R: Tensor, amount: float) -> Tensor:
    """Return a correlation matrix shrunk towards independence by lambda in [0, 1]."""
    return ((1 - amount) * R).fill_diagonal_(1.0)


def of_factors(R: Tensor, column: Tensor, factors: int) -> Tensor:
    """Correlations R [D, D] of features, each of a `column` [D] -> those that so many common factors leave."""
    apart = column[:, None] != column
    whole, common = R, R
    for _ in range(FACTOR_ROUNDS):
        values, vectors = torch.linalg.eigh(whole)
        loadings = vectors[:, -factors:] * values[-factors:].clamp(min=0).sqrt()
        common = loadings @ loadings.t()
        whole = torch.where(apart, R, common)
        whole.diagonal().clamp_(max=MOST_COMMON)
    return _definite(torch.where(apart, common, R).fill_diagonal_(1.0))


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
