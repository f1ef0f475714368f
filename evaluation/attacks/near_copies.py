"""Near copies: which rows are looked at, and how near they come to training rows."""

from __future__ import annotations

import numpy as np

from launderette.evaluation.attacks import exchange
from launderette.evaluation.measures import neighbours
from launderette.evaluation.samples import Samples

SYNTHETIC_ROWS = 5000
NEAR_PAIRS = 1_000_000_000  # of a synthetic and a training row
LEAST_SYNTHETIC = 1000  # synthetic rows, among as many training rows as can be


def looked_at(samples: Samples, seed: int) -> tuple[neighbours.Group, int]:
    """Training rows among which near copies are searched, and how many synthetic rows are asked about."""
    train = samples.rows("train", NEAR_PAIRS // LEAST_SYNTHETIC, seed)
    return neighbours.Group("train", train), min(SYNTHETIC_ROWS, NEAR_PAIRS // len(train))


def distances(samples: Samples, group: neighbours.Group, train: neighbours.Group) -> np.ndarray:
    """Return the distance of each row of a group to its nearest training row: [rows]."""
    return neighbours.search(samples, group, train, 1, ("train",))[0][:, 0]


def nearer(
    samples: Samples, queries: neighbours.Group, train: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, float]:
    """1 where the training rows are nearer, 0 where the holdout rows are, 0.5 where both are equally near: [queries];
    and how far its mean is from a half by chance (one standard deviation).
    """
    (to_train, at), (to_held, other) = (
        (found[:, 0] for found in neighbours.search(samples, queries, neighbours.Group(role, rows), 1))
        for role, rows in (("train", train), ("holdout", held))
    )
    places = np.where(to_train <= to_held, at, len(train) + other)
    share = (to_train < to_held) + 0.5 * (to_train == to_held)
    return share, exchange.deviation(places, len(train) + len(held))
