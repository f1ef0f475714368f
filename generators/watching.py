"""What is watched while a game is played: does the generator reach all real points (diversity), and only such (fidelity)?

Both look at the k nearest real neighbours of each real point (Kynkäänniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv
2002.09797). Noise reaches far, so that a look at diversity alone takes it for variety.
"""

import torch
from torch import Tensor

NEAREST = 5  # k
ROUGH = 2e-3  # error of distances that are computed by a product of matrices
LEAST_FIDELITY = 0.1  # noise among many coordinates has hardly a point inside; a game that goes well has nearly all


def coverage(real: Tensor, fake: Tensor) -> float:
    """Return the share of real points [B, d] with a generated one no farther than their k-th nearest real one; 1 where there are few."""
    if len(real) < 2 * NEAREST:
        return 1.0
    return float((torch.cdist(real, fake).amin(1) <= _radii(real)).float().mean())


def precision(real: Tensor, fake: Tensor) -> float:
    """Return the share of generated points [B, d] no farther from a real one than its k-th nearest real one; 1 where there are few."""
    if len(real) < 2 * NEAREST:
        return 1.0
    return float((torch.cdist(fake, real) <= _radii(real)).any(1).float().mean())


def _radii(real: Tensor) -> Tensor:
    """Return the distance of each real point [B, d] to its k-th nearest other one: [B]."""
    return torch.cdist(real, real).kthvalue(NEAREST + 1, 1).values + ROUGH
