"""What an attacker who has no model holds: the released rows and a sample of the population.

That sample are the candidates themselves, members and non-members alike, each left out where it is scored itself. No
attack may tell a candidate by the table it is from: what it says of a row would be the same were members and
non-members dealt out anew, so that chance alone exceeds the bounds as often as they say. Were the reference the
non-members only, rows that are alike by chance would stand for each other there, and all members would score against
the same few rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

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

    @property
    def candidates(self) -> tuple[Group, Group]:
        """Members and non-members, whose places are counted in this order."""
        return self.members, self.non_members

    def places(self, group: Group) -> np.ndarray:
        """The places of members, or of non-members, among all candidates: int64 [group]."""
        return np.arange(len(group)) + (len(self.members) if group == self.non_members else 0)

    def split(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is known of all candidates, of members and of non-members."""
        return values[: len(self.members)], values[len(self.members) :]

    def about(self, members: np.ndarray, non_members: np.ndarray) -> Attacker:
        """The attacker with some of the candidates: bool [members], bool [non-members]."""
        groups = zip(self.candidates, (members, non_members), strict=True)
        some, others = (Group(group.role, group.rows[chosen]) for group, chosen in groups)
        return replace(self, members=some, non_members=others)

    def halves(self) -> np.ndarray:
        """The half that each candidate is in, 0 or 1, drawn from all of them: int64 [candidates]."""
        size = len(self.members) + len(self.non_members)
        return generator(self.seed, RandomStream.CANDIDATE_HALVES).permutation(np.arange(size) % 2)

    def near(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the five released rows nearest to each row of the group."""
        return neighbours.search(self.samples, group, self.released, MEMBERSHIP_NEIGHBOURS)

    def usual(self, group: Group, k: int = MEMBERSHIP_NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the k candidates nearest to each row of the group, but itself."""
        found = [neighbours.search(self.samples, group, other, k) for other in self.candidates]
        distances = np.concatenate([part[0] for part in found], axis=1)
        places = np.concatenate([found[0][1], found[1][1] + len(self.members)], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(distances, order, axis=1), np.take_along_axis(places, order, axis=1)


def without(own: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which neighbours [candidates, ..., k] remain where each candidate is left out; the last goes where it is none of
    them.
    """
    kept = places != own.reshape(-1, *[1] * (places.ndim - 1))
    kept[..., -1] &= ~kept.all(-1)
    return kept
