"""Which rows are alike and whose they are: what an attack that compares losses of rows goes by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

MOST_ALIKE = 5  # rows by whose losses it is told how hard a row like them is

Sides: TypeAlias = tuple[np.ndarray, np.ndarray]  # of N training and of M validation rows
Coordinates: TypeAlias = Callable[[Tensor], Tensor]  # rows [N, ...] -> [N, D], by which distances are measured


@dataclass(frozen=True)
class Neighbourhood:
    """Of N training and M validation rows together: the numbers of the rows most like each, int [N + M, k], and how
    much each counts, so that every owner of rows counts once, float64 [N + M].
    """

    near: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, coordinates: Tensor, owners: np.ndarray) -> "Neighbourhood":
        """Return the neighbours of rows at `coordinates` [N + M, D], of which those of one of the `owners` [N + M] say
        nothing of each other.
        """
        _, owned, counts = np.unique(owners, return_inverse=True, return_counts=True)
        numbers, others = torch.from_numpy(owned), len(owned) - int(counts.max())
        apart = torch.cdist(coordinates, coordinates)
        apart[numbers[:, None] == numbers] = torch.inf
        near = apart.topk(min(MOST_ALIKE, others), largest=False).indices
        return cls(near.numpy(), 1 / counts[owned])

    def calibrated(self, inside: np.ndarray, outside: np.ndarray) -> Sides:
        """Return losses of both sides less the mean loss of the rows most like each; as they are where no other is."""
        losses = np.concatenate([inside, outside])
        less = losses[self.near].mean(1) if self.near.size else 0.0
        inside, outside = np.split(losses - less, [len(inside)])
        return inside, outside
