"""Collapse detection of GANs: whether generated points reach all real ones (diversity), and only such (fidelity).

Coverage and precision look at the k nearest real neighbours of each real point (Naeem et al. 2020, arXiv 2002.09797;
Kynkäänniemi et al. 2019, arXiv 1904.06991); spread needs no real neighbour, so that it tells variety before likeness is
reached. Noise reaches far, so that a look at diversity alone takes it for variety.
"""

import math

import torch
from torch import Tensor

REAL_NEIGHBOURS = 5  # k
DISTANCE_ERROR = 2e-3  # error of distances that are computed by a product of matrices
LEAST_FIDELITY = 0.1  # noise among many coordinates has hardly a point inside; training that goes well has nearly all


def coverage(real: Tensor, fake: Tensor) -> float:
    """Return the share of real points [B, d] with a generated one no farther than their k-th nearest real one; 1
    where there are few.
    """
    if len(real) < 2 * REAL_NEIGHBOURS:
        return 1.0
    return float((torch.cdist(real, fake).amin(1) <= _radii(real)).float().mean())


def precision(real: Tensor, fake: Tensor) -> float:
    """Return the share of generated points [B, d] no farther from a real one than its k-th nearest real one; 1
    where there are few.
    """
    if len(real) < 2 * REAL_NEIGHBOURS:
        return 1.0
    return float((torch.cdist(fake, real) <= _radii(real)).any(1).float().mean())


def spread(real: Tensor, fake: Tensor) -> float:
    """Return how far generated points [B, d] are from their nearest like, relative to real ones: 1 as varied, 0 all the
    same.

    The median over points of the distance to the nearest other one; a ratio above 1 is noise, no variety, and counts as
    1.
    """
    if len(real) < 2 * REAL_NEIGHBOURS:
        return 1.0
    near = [torch.cdist(x, x).fill_diagonal_(math.inf).amin(1).median() for x in (fake, real)]
    return min(1.0, float(near[0] / near[1].clamp(min=1e-6)))


def _radii(real: Tensor) -> Tensor:
    """Return the distance of each real point [B, d] to its k-th nearest other one: [B]."""
    return torch.cdist(real, real).kthvalue(REAL_NEIGHBOURS + 1, 1).values + DISTANCE_ERROR
