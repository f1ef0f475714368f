"""What a metric draws from, whether rows or images: a training, a holdout and a synthetic side."""

import zlib
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from launderette.evaluation.scores import EvaluationError


class Sides(ABC):
    """The sides by role: train, holdout, synthetic, and "shuffled" for one whose columns or pixels are permuted.

    `members` [training units] is true for those that the generator learnt from and None where that is not known;
    `floor` is the role that is shuffled.
    """

    members: np.ndarray | None
    floor: str = "train"

    @abstractmethod
    def size(self, role: str) -> int:
        """Number of rows or images of a role; 0 for an absent holdout."""

    def roles(self) -> dict[str, str]:
        """Which side stands for the synthetic one in the value, ceiling and floor of a score."""
        roles = {"value": "synthetic", "floor": "shuffled"}
        return {**roles, "ceiling": "holdout"} if self.size("holdout") else roles

    def rows(self, role: str, limit: int, seed: int) -> np.ndarray:
        """At most `limit` numbers of a role's rows or images, drawn without replacement, the same for the same seed."""
        return np.sort(drawn(role, self.size(self.floor if role == "shuffled" else role), seed)[:limit])

    def member_rows(self, limit: int, seed: int) -> np.ndarray:
        """At most `limit` numbers of those that the generator learnt from, drawn as `rows` draws them."""
        return np.sort(self.drawn_members(seed)[:limit])

    def drawn_members(self, seed: int) -> np.ndarray:
        """All numbers of those that the generator learnt from, in an order drawn by the seed."""
        order = drawn("train", self.size("train"), seed)
        return order if self.members is None else order[self.members[order]]


def drawn(role: str, size: int, seed: int) -> np.ndarray:
    """All numbers of a role's rows or images in an order drawn by the seed, another for each role."""
    return np.random.default_rng([seed, zlib.crc32(role.encode())]).permutation(size)


def checked(members: Any, rows: int) -> np.ndarray | None:
    """The mask of members as bool [rows], None where it is not known which they are; EvaluationError for one of
    another size.
    """
    if members is None:
        return None
    mask = np.asarray(members)
    if mask.dtype != bool or mask.shape != (rows,):
        raise EvaluationError(
            f"expected members as one bool for each of the {rows:,} training rows, "
            f"found {mask.dtype} of shape {mask.shape}; leave them out where they are not known"
        )
    return mask
