"""How much of one table lies in the dense part of another: the curves behind alpha-precision and beta-recall.

A row's depth in a table is the share of that table's rows that lie nearer to its centre. Alaa et al. (2022) train an
embedding first; here the encoded rows are used as they are, which is reproducible.
"""

from __future__ import annotations

import numpy as np
import torch

from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.samples import Samples

SUPPORT_SHARES = np.linspace(0, 1, 101)
SUPPORT_NEIGHBOURS = 5


def precise(samples: Samples, role: str, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Depth of each row of the role in the training table: uniform where the role has the same distribution."""
    real, other = neighbours.points(samples, "train", train), neighbours.points(samples, role, rows)
    return _depth(real, other)


def recalled(samples: Samples, role: str, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Depth in the role of its row nearest to each training row, infinite where that is farther than the fifth
    training row.
    """
    every = neighbours.Group("train", train)
    radius = neighbours.search(samples, every, every, min(SUPPORT_NEIGHBOURS, len(train) - 1))[0][:, -1]
    distance, nearest = neighbours.search(samples, every, neighbours.Group(role, rows), 1)
    other = neighbours.points(samples, role, rows)
    return np.where(distance[:, 0] <= radius, _depth(other, other)[nearest[:, 0]], np.inf)


def flat(samples: Samples, rows: np.ndarray) -> bool:
    """Whether all these training rows are equally deep: then depth says nothing."""
    points = neighbours.points(samples, "train", rows).double()
    return float(np.ptp((points - points.mean(0)).norm(dim=1).numpy())) < 1e-6


def _depth(reference: torch.Tensor, rows: torch.Tensor) -> np.ndarray:
    centre = reference.double().mean(0)
    radii, asked = ((points.double() - centre).norm(dim=1).numpy() for points in (reference, rows))
    return np.searchsorted(np.sort(radii), asked, "left") / len(radii)


def integrated(depths: np.ndarray, seed: int) -> tuple[float, float, float]:
    """1 - 2 * integral of |share of rows at most alpha deep - alpha|, with its interval."""
    inside = depths[:, None] <= SUPPORT_SHARES  # [rows, steps]
    gaps = inside.mean(0) - SUPPORT_SHARES
    value = float(1 - 2 * np.trapezoid(np.abs(gaps), SUPPORT_SHARES))
    effects = -2 * np.trapezoid(np.sign(gaps) * inside, SUPPORT_SHARES, axis=1)
    return value, *intervals.around(value, effects, seed)
