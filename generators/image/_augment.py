"""Geometric augmentation that does not leak: the network is told what was done, or it is done to real and generated
images alike.

Flips, scale, rotation, stretch and shift, each with probability p (Karras et al. 2022, arXiv 2206.00364, appendix F;
Karras et al. 2020, arXiv 2006.06676, show why p below 0.8 does not leak into what is generated).
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

AUGMENTATION_NUMBERS = 9  # numbers that say what was done
SCALE, SHIFT = 0.2, 0.125  # of log2 and of the image's side, standard deviations


def warp(x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """Images x [B, C, H, W] -> warped ones, and what was done to each, [B, AUGMENTATION_NUMBERS]; zeros say nothing."""
    B, device = len(x), x.device
    flip_x, flip_y = (_some(B, p, device) for _ in range(2))
    scale, stretch = (torch.randn(B, device=device) * _some(B, p, device) for _ in range(2))
    angle, along = ((2 * torch.rand(B, device=device) - 1) * math.pi * _some(B, p, device) for _ in range(2))
    shift = SHIFT * torch.randn(2, B, device=device) * _some(B, p, device)
    matrix = (
        _rotation(angle)
        @ _rotation(along)
        @ _diagonal(2 ** (SCALE * stretch), 2 ** (-SCALE * stretch))
        @ _rotation(-along)
    )
    matrix = matrix @ _diagonal(2 ** (SCALE * scale) * (1 - 2 * flip_x), 2 ** (SCALE * scale) * (1 - 2 * flip_y))
    grid = affine_grid(torch.cat([matrix, 2 * shift.t()[:, :, None]], 2), list(x.shape), align_corners=False)
    done = [
        flip_x,
        flip_y,
        scale,
        angle.cos() - 1,
        angle.sin(),
        stretch * along.cos(),
        stretch * along.sin(),
        *(shift / SHIFT),
    ]
    return grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False), torch.stack(done, 1)


def nudge(x: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """Images x [B, C, H, W] -> moved by one pixel at most, across and along, with probability p, their edges repeated,
    and what was done to each, [B, AUGMENTATION_NUMBERS].
    """
    B, device, (H, W) = len(x), x.device, x.shape[2:]
    pixels = torch.randint(-1, 2, (B, 2), device=device) * _some(B, p, device)[:, None]
    by = torch.stack([pixels[:, 0] / W, pixels[:, 1] / H], 1)
    matrix = torch.cat([torch.eye(2, device=device).expand(B, 2, 2), 2 * by[:, :, None]], 2)
    grid = affine_grid(matrix, list(x.shape), align_corners=False)
    moved = grid_sample(x, grid, mode="nearest", padding_mode="border", align_corners=False)
    return moved, torch.cat([x.new_zeros(B, AUGMENTATION_NUMBERS - 2), by / SHIFT], 1)


def _some(rows: int, p: float, device: torch.device) -> Tensor:
    return (torch.rand(rows, device=device) < p).float()


def _rotation(angle: Tensor) -> Tensor:
    """Angles [B] -> matrices [B, 2, 2]."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)


def _diagonal(a: Tensor, b: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([a, b], 1))
