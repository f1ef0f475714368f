"""The Vendi score of a set of rows (Friedman and Dieng 2023): how many distinct rows it is worth."""

from __future__ import annotations

import numpy as np
import torch

TINY = 1e-12


def log_score(points: torch.Tensor, width: float) -> tuple[float, np.ndarray]:
    """Entropy of the eigenvalues of K / n with K_ij = exp(-|x_i - x_j|^2 / (2 h^2)), and what each row adds to it.

    The entropy is -tr(rho log rho) of rho = sum_i phi_i phi_i' / n, whose derivative in the weight of row i is
    -phi_i' log(rho) phi_i = -n * sum_j lambda_j v_ij^2 log(lambda_j).
    """
    points = points.double()
    kernel = torch.exp(-torch.cdist(points, points).square() / (2 * width**2))
    values, vectors = torch.linalg.eigh(kernel / len(points))
    values = values.clamp_min(TINY)
    terms = values * values.log()
    entropy = -float(terms.sum())
    return entropy, (-len(points) * vectors.square() @ terms).numpy() - entropy
