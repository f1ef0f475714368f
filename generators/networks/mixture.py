"""A mixture of Gaussians, fitted by expectation maximisation (Dempster, Laird & Rubin 1977): p(z) = sum_k pi_k N(z;
mu_k, Sigma_k).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

EM_ITERATIONS = 40
MIXTURE_ROWS = 20_000  # a random subset as large as this fits as well
LEAST_COMPONENT_ROWS = 50  # a component of fewer rows would describe these rows
RIDGE_SHARE = 1e-3  # share of the overall variance added to each component's


@dataclass(frozen=True)
class Mixture:
    """K components over d dimensions."""

    share: Tensor  # pi [K]
    mean: Tensor  # mu [K, d]
    factor: Tensor  # C [K, d, d], Sigma = C C'

    def draw(self, u: Tensor, e: Tensor) -> Tensor:
        """Uniforms u [B], which choose the component, and standard normals e [B, d] -> z [B, d]."""
        k = torch.searchsorted(self.share.cumsum(0), u, right=True).clamp(max=len(self.share) - 1)
        return self.mean[k] + (self.factor[k] @ e[:, :, None])[:, :, 0]

    def log_joint(self, z: Tensor) -> Tensor:
        """z [N, d] -> log pi_k + log N(z; mu_k, Sigma_k), [N, K]."""
        columns = []
        for pi, mu, C in zip(self.share, self.mean, self.factor, strict=True):
            e = torch.linalg.solve_triangular(C, (z - mu).t(), upper=False)
            columns.append(pi.log() - e.square().sum(0) / 2 - C.diagonal().log().sum())
        return torch.stack(columns, 1) - z.shape[1] / 2 * math.log(2 * math.pi)


def fit(z: Tensor, components: int, generator: torch.Generator) -> Mixture:
    """Fit at most `components` to z [N, d], float64; each keeps LEAST_COMPONENT_ROWS rows or more, as long as
    there are so many.
    """
    z = z[torch.randperm(len(z), generator=generator)[:MIXTURE_ROWS]]
    K = max(1, min(components, len(z) // LEAST_COMPONENT_ROWS))
    ridge = RIDGE_SHARE * z.var(0, correction=0).mean().clamp(min=1e-6) * torch.eye(z.shape[1]).to(z)
    weight = torch.softmax(-torch.cdist(z, z[_apart(z, K, generator)]).square() / (20 * ridge[0, 0]), 1)
    for _ in range(EM_ITERATIONS):
        mixture = _maximise(z, weight, ridge)
        weight = torch.softmax(mixture.log_joint(z), 1)
        weight = weight[:, _large(weight)]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
    return _maximise(z, weight, ridge)


def _apart(z: Tensor, K: int, generator: torch.Generator) -> list[int]:
    """Choose K rows far from one another, each with probability as its squared distance to those before (k-means++)."""
    chosen = [0]
    distance = torch.full((len(z),), math.inf).to(z)
    while len(chosen) < K:
        distance = torch.minimum(distance, (z - z[chosen[-1]]).square().sum(1))
        chosen.append(int(torch.multinomial(distance + 1e-12, 1, generator=generator)))
    return chosen


def _large(weight: Tensor) -> Tensor:
    rows = weight.sum(0)
    return (rows >= min(LEAST_COMPONENT_ROWS, float(rows.max()))).nonzero()[:, 0]


def _maximise(z: Tensor, weight: Tensor, ridge: Tensor) -> Mixture:
    """Rows z [N, d] and responsibilities [N, K] -> the mixture that they make most likely."""
    rows = weight.sum(0).clamp(min=1e-9)
    mean = weight.t() @ z / rows[:, None]
    spread = [(weight[:, k, None] * (z - mean[k])).t() @ (z - mean[k]) / rows[k] + ridge for k in range(len(rows))]
    return Mixture(rows / rows.sum(), mean, torch.linalg.cholesky(torch.stack(spread)))
