"""How frequent the tokens of a column are, as far as the rows tell: counts, smoothed over neighbouring cells.

A number's cells hold about LEAST_ROWS_PER_VALUE rows each, so their counts are the rows themselves: on few rows a loss
by plain counts alone tells who was among them. Neighbouring cells share rows by a Gaussian kernel over their places,
whose width is chosen by the likelihood of each row under all others (leave-one-out; Habbema et al. 1974). Frequent
values, such as a zero that half of the rows have, and those that stand out among their neighbours keep their own
share; gaps, which no row lies in, stay all but empty. Labels and frequent values that are about as frequent as each
other, such as the countries and years of a panel, are drawn towards their mean by what chance sets them apart: where
each has as many rows, one with more of them in training has fewer elsewhere.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from launderette.generators.encoding.intervals import FREQUENT_ROWS, OUTSTANDING_ERRORS
from launderette.generators.encoding.layout import Layout

KERNEL_WIDTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # cells, standard deviations of the kernel
BLUR_STEPS, BLUR_CHANCE = 4, 0.7  # to a neighbouring cell, of a walk; of each step
ADDED_ROWS = 0.1  # that every token is given
GAP_ROWS = 1.0  # that all gaps of a column are given together, at most
KERNEL_REACH = 6.0  # standard deviations, beyond which its weights are below 1e-7 of the greatest
KEPT_KERNELS = 512  # numbers of cells, of which many columns have the same


def blurrable(layout: Layout) -> Tensor:
    """Tell which tokens are intervals of a number that has one token, bool [L, most values + 1]: no exact values, gaps
    or labels.
    """
    found = torch.zeros(layout.width, max(layout.sizes) + 1, dtype=torch.bool)
    split = {place for fine, (coarse, _) in layout.inner.items() for place in (fine, coarse)}
    for l in set(range(layout.width)) - split:
        fixed = {*layout.exact.get(l, ()), *layout.gaps.get(l, ())}
        found[l, [k for k in range(layout.ordered[l]) if k not in fixed]] = True
    return found


def blurred(x: Tensor, intervals: Tensor) -> Tensor:
    """Return tokens x [B, L] after a random walk among the neighbouring `intervals`, bool [L, values + 1]: a network
    that sees each row a little elsewhere each time learns how dense rows are about it, and not where it lies itself
    (Bishop 1995). The walk is symmetric, so that it leaves equal shares of the intervals as they are.
    """
    places = torch.arange(x.shape[1], device=x.device)
    for _ in range(BLUR_STEPS):
        way = (torch.rand(x.shape, device=x.device) < BLUR_CHANCE).to(x.dtype)
        there = x + torch.where(torch.rand(x.shape, device=x.device) < 0.5, way, -way)  # -1 is the last place: none
        x = torch.where(intervals[places, x] & intervals[places, there], there, x)
    return x


class Places(NamedTuple):
    """The first `ordered` tokens are in the order of numbers; of these, some hold an exact value, some are gaps."""

    ordered: int
    exact: Sequence[int] = ()
    gaps: Sequence[int] = ()

    @classmethod
    def of(cls, layout: Layout, l: int) -> "Places":
        """Return what is known of token l; where it is a fine one, each value is taken for exact."""
        ordered = layout.ordered[l]
        return cls(ordered, layout.exact.get(l, range(ordered)), layout.gaps.get(l, ()))

    def among(self, tokens: Sequence[int]) -> Tensor:
        """Tell which of the ordered tokens are among those given: bool [ordered]."""
        return torch.zeros(self.ordered, dtype=torch.bool).index_fill(0, torch.tensor(tokens, dtype=torch.int64), True)


def log_shares(tokens: Tensor, size: int, places: Places) -> Tensor:
    """Tokens [N] of a column -> log shares [size]."""
    counts = torch.bincount(tokens, minlength=size).double()
    gaps, exact = places.among(places.gaps), places.among(places.exact)
    rest = ~gaps & ~(exact & (counts[: places.ordered] >= FREQUENT_ROWS))
    rest &= ~(exact & _outstanding(counts[: places.ordered], rest))
    shared = torch.nonzero(rest)[:, 0]
    own = torch.nonzero((counts > 0).index_fill(0, shared, False))[:, 0]
    counts[shared], counts[own] = _smoothed(counts[shared]), _evened(counts[own])
    added = torch.full_like(counts, ADDED_ROWS)
    added[: places.ordered][gaps] = min(ADDED_ROWS, GAP_ROWS / max(len(places.gaps), 1))
    return torch.log(counts + added) - torch.log(counts.sum())


def _outstanding(counts: Tensor, shared: Tensor) -> Tensor:
    """Tell which of the `shared` cells, bool [K], have far more rows than cells around them: bool [K]."""
    usual = counts.clone()
    usual[shared] = _smoothed(counts[shared])
    return counts > usual + OUTSTANDING_ERRORS * usual.sqrt()


def _evened(counts: Tensor) -> Tensor:
    """Counts of labels or frequent values [K] -> the same number of rows, drawn to their mean as far as chance sets
    them apart (James-Stein; Hausser and Strimmer 2009).
    """
    if len(counts) < 2:
        return counts
    found = counts / counts.sum()
    apart = (counts.sum() - 1) * (found - found.mean()).square().sum()
    share = float(((1 - found.square().sum()) / apart).clamp(max=1))  # the variance of chance, of all variance
    return (1 - share) * counts + share * counts.mean()


def _smoothed(counts: Tensor) -> Tensor:
    """Counts of cells in order [K] -> the same number of rows, spread by the kernel that suits them best."""
    if len(counts) < 2 or counts.sum() <= 1:
        return counts
    best, found, rows = -np.inf, counts.numpy(), counts.numpy()
    for kernel in _kernels(len(rows)):
        spread = _spread(rows, kernel)
        others = (spread - _stays(kernel)).clip(min=0) + ADDED_ROWS  # of a row's cell, without the row
        likelihood = float((rows * np.log(others)).sum())
        if likelihood > best:
            best, found = likelihood, spread
    return torch.from_numpy(found)


@lru_cache(KEPT_KERNELS)
def _kernels(cells: int) -> list[np.ndarray]:
    """Return the kernels on a ring of the K cells and their mirror images, [2 K] each, summing to 1; the first leaves
    counts as they are.

    What lies beyond either end is reflected there (Schuster 1985): even counts stay even, where a kernel that is cut
    off would leave the outermost cells two thirds of theirs.
    """
    kernels = [np.eye(1, 2 * cells)[0]]
    for width in KERNEL_WIDTHS:
        turns = 1 + int(KERNEL_REACH * width / (2 * cells))
        apart = np.arange(2 * cells) + 2 * cells * np.arange(-turns, turns + 1)[:, None]
        weights = np.exp(-((apart / width) ** 2) / 2).sum(0)
        kernels.append(weights / weights.sum())
    return kernels


def _spread(rows: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return rows of cells [K] spread by a kernel on their ring, by Fourier's transform."""
    ring = np.concatenate([rows, rows[::-1]])
    return np.fft.irfft(np.fft.rfft(ring) * np.fft.rfft(kernel), len(ring))[: len(rows)].clip(min=0)


def _stays(kernel: np.ndarray) -> np.ndarray:
    """Return how much of a row of each cell a kernel leaves there, its mirror image's included: [K]."""
    return kernel[0] + kernel[1::2]
