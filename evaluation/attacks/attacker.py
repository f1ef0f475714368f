"""What an attacker who has no model holds: the released rows and a sample of the population.

The non-members are the reference too, so that each of them is left out of it when it is scored itself. Every member is
compared without one of them, drawn by chance: whatever the attack, members and non-members are measured against equally
many rows of each kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.samples import Samples

MEMBERSHIP_NEIGHBOURS = 5
LEAST_GAP = 1e-4  # distances below it count as equal to it in a ratio; the unit is one differing label


@dataclass(frozen=True)
class Attacker:
    """What a no-box attacker holds, the released rows and a sample of the population, and the members it is tried
    on.
    """

    samples: Samples
    released: Group
    members: Group
    non_members: Group
    seed: int

    def left_out(self, group: Group) -> np.ndarray:
        """The place of the non-member without which each candidate is compared: int64 [candidates]."""
        if group == self.non_members:
            return np.arange(len(group))
        return np.random.default_rng([self.seed, 53]).integers(0, len(self.non_members), len(group))

    def near(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the five released rows nearest to each row of the group."""
        return neighbours.search(self.samples, group, self.released, MEMBERSHIP_NEIGHBOURS)

    def usual(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """The same among the non-members but the one left out."""
        if group == self.non_members:
            return neighbours.search(self.samples, group, self.non_members, MEMBERSHIP_NEIGHBOURS)
        distances, places = neighbours.search(self.samples, group, self.non_members, MEMBERSHIP_NEIGHBOURS + 1)
        kept = without(self.left_out(group), places)
        return distances[kept].reshape(len(group), -1), places[kept].reshape(len(group), -1)


def without(left_out: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which neighbours [candidates, ..., k] remain where one row is left out of the search; the last goes where
    that is none of them.
    """
    kept = places != left_out.reshape(-1, *[1] * (places.ndim - 1))
    kept[..., -1] &= ~kept.all(-1)
    return kept
