"""Regressions of features on others, from their correlations."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from launderette.generators.devices.device import accelerated


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


def _checked(solve: Callable[..., Any], *matrices: Tensor) -> Tensor:
    """Return what one of torch's solvers finds; it looks for singular matrices on a CPU alone, for a GPU would wait."""
    return solve(*matrices, check_errors=not accelerated(matrices[0].device))[0]
