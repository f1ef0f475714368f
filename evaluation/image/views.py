"""Pairs of views by which an image is found again that was moved, turned, mirrored, cropped, enlarged or lit anew.

Both sides of a pair show the same part of a picture, so that what a shift or a crop has cut off is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, affine_grid, grid_sample, interpolate

VIEW_SIDE = 12  # pixels of a side of views
TILTS = (-20, -10, 10, 20)  # degrees
CROPS = (1 / 8, 1 / 4)  # of a side that is cut off
DARK = 2 / 255  # deviation of pixels under which an image counts as blank
VIEWS = 170  # pairs, about

Pair = tuple[Tensor, Tensor]  # float32 [n, 1, h, w] and [m, 1, h, w]


def grey(pixels: np.ndarray) -> Tensor:
    """Images uint8 [n, H, W, C] in grey, at most VIEW_SIDE pixels a side: float32 [n, 1, h, w] in [0, 1]."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    size = min(VIEW_SIDE, x.shape[2]), min(VIEW_SIDE, x.shape[3])
    return torch.cat([adaptive_avg_pool2d(part.float().mean(1, keepdim=True), size) for part in x.split(2000)]) / 255


def pairs(images: Tensor, others: Tensor) -> Iterator[Pair]:
    """Views of images beside views of others: shifts of every turn and mirror image, tilts, crops and enlargements."""
    for turned in _turns(images):
        for shift in product((-1, 0, 1), repeat=2):
            yield _overlap(turned, others, shift)
    for shift in product((-2, -1, 0, 1, 2), repeat=2):
        if 2 in np.abs(shift):
            yield _overlap(images, others, shift)
    for tilt in TILTS:
        yield _inner(_tilted(images, tilt)), _inner(others)
    for share in CROPS:
        yield from _cropped(images, others, share)


def parts(images: Tensor, others: Tensor) -> Iterator[Pair]:
    """The same part of both, about half of it or more: halves, middles, what is left around them, all but a corner, and
    every other row or column. Something of an image is in one of them, whatever half of it is covered or exchanged.
    """
    for mask in _masks(*images.shape[2:]):
        yield images[:, :, mask], others[:, :, mask]


def described(views: Tensor) -> Tensor:
    """Unit vectors [n, d] whose products do not change with brightness or contrast; a blank image is a point of its
    own.
    """
    x = views.flatten(1)
    x = (x - x.mean(1, keepdim=True)) / x.shape[1] ** 0.5
    x = torch.cat([x, torch.full((len(x), 1), DARK)], 1)
    return x / x.norm(dim=1, keepdim=True)


def _turns(x: Tensor) -> Iterator[Tensor]:
    """The images and their mirror images, turned by each quarter (each half where they are not square)."""
    for quarter in range(4) if x.shape[2] == x.shape[3] else (0, 2):
        turned = torch.rot90(x, quarter, (2, 3))
        yield turned
        yield turned.flip(3)


def _masks(height: int, width: int) -> Iterator[Tensor]:
    """The parts: bool [height, width]."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    sides = ((rows, height), (columns, width))
    (top, tall), (left, wide) = ((x < side / 2, (x >= side / 4) & (x < side * 3 / 4)) for x, side in sides)
    yield from (top, ~top, left, ~left, tall, ~tall, wide, ~wide, ~(tall & wide))
    yield from (~(one & two) for one in (top, ~top) for two in (left, ~left))
    yield from (x % 2 == rest for x, _ in sides for rest in (0, 1))


def _overlap(x: Tensor, y: Tensor, shift: tuple[int, ...]) -> Pair:
    """What both show where one is moved by so many pixels down and to the right."""
    return _moved(x, shift), _moved(y, tuple(-by for by in shift))


def _moved(x: Tensor, shift: tuple[int, ...]) -> Tensor:
    rows, columns = (slice(max(0, by), side + min(0, by)) for by, side in zip(shift, x.shape[2:], strict=True))
    return x[:, :, rows, columns]


def _tilted(x: Tensor, degrees: float) -> Tensor:
    angle, (height, width) = np.deg2rad(degrees), x.shape[2:]
    c, s = np.cos(angle), np.sin(angle)
    turn = torch.tensor([[c, -s * height / width, 0], [s * width / height, c, 0]], dtype=torch.float32)
    grid = affine_grid(turn.expand(len(x), 2, 3), list(x.shape), align_corners=False)
    return grid_sample(x, grid, padding_mode="border", align_corners=False)


def _inner(x: Tensor) -> Tensor:
    return x[:, :, 1:-1, 1:-1]


def _cropped(x: Tensor, y: Tensor, share: float) -> Iterator[Pair]:
    """Each side as a part of the other, enlarged: the corners and, of the larger crop, what lies between them."""
    size = list(x.shape[2:])
    cut = [max(1, round(side * share)) for side in size]
    for place in product((0, 1) if min(cut) < 2 else (0, 0.5, 1), repeat=2):
        starts = [round(most * at) for most, at in zip(cut, place, strict=True)]
        rows, columns = (slice(a, a + side - most) for a, side, most in zip(starts, size, cut, strict=True))
        part, other = x[:, :, rows, columns], y[:, :, rows, columns]
        for way in ("bilinear", "nearest-exact"):  # few pixels make the two unlike each other
            yield x, interpolate(other, size, mode=way)
            yield interpolate(part, size, mode=way), y
        yield interpolate(x, list(part.shape[2:]), mode="bilinear"), other
