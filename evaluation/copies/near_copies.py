"""Near copies: released rows more like one real row than real rows are like each other, and who is nearest to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launderette.evaluation.copies import exchange, likeness
from launderette.evaluation.copies.exchange import Count
from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.samples import Samples

SYNTHETIC_ROWS = 5000
NEAR_PAIRS = 1_000_000_000  # of a synthetic and a training row
LEAST_SYNTHETIC = 1000  # synthetic rows, among as many training rows as can be
VALUES = 400_000_000  # compared in one search for the row most alike
REFERENCES, REAL = 100_000, 2000  # rows of a real table among which is searched, and real rows asked about
LEAST, LEAST_REAL = 300, 20  # released rows looked at, and real ones without which nothing is said
NEAR_COPY_QUANTILE = 0.01  # of real rows are as much like another as a near copy is
SIDE_NAMES = {"train": "training", "holdout": "holdout"}


@dataclass(frozen=True)
class Search:
    """The likeness of rows to the row of one real table most like it: real rows, which copied nobody, and released."""

    side: str
    real: np.ndarray  # float32 [real rows]
    released: np.ndarray  # float32 [released rows]
    held: np.ndarray  # of the real rows, those of the holdout
    shuffled: np.ndarray

    def least(self, rank: int) -> float:
        """The likeness that so many real rows reach."""
        return float(np.sort(self.real)[-rank])

    def count(self, rank: int, words: str, tests: int) -> Count:
        """Released rows as much like a row of this table as `rank` real rows are, or more that are equally so."""
        least = self.least(rank)
        like, hits = (int((rows >= least).sum()) for rows in (self.real, self.released))
        counted = f"released rows are as much like a {SIDE_NAMES[self.side]} row as {words} like another"
        return exchange.as_real_rows(counted, hits, len(self.released), like, len(self.real), tests)


def searches(samples: Samples, seed: int) -> list[Search]:
    """Search the rows of each real table for those most like released ones, and like real ones, themselves left out."""
    sides = [role for role in SIDE_NAMES if samples.size(role)]
    real = sum(samples.size(role) for role in sides)
    asked = [Group(r, samples.rows(r, -(-REAL * samples.size(r) // max(REAL, real)), seed)) for r in sides]
    found = []
    for side in sides:
        among = Group(side, samples.rows(side, REFERENCES, seed))
        limit = max(LEAST, VALUES // (len(among) * len(samples.known)))
        groups = [
            *asked,
            *(Group(r, samples.rows(r, n, seed)) for r, n in (("synthetic", limit), ("shuffled", REAL // 4))),
        ]
        *known, released, shuffled = (likeness.greatest(samples, group, among) for group in groups)
        found.append(Search(side, np.concatenate(known), released, known[-1], shuffled))
    return found


def counted(found: list[Search]) -> list[Count]:
    """Count, by table, the released rows as much like a row of it as 1 % and as one of the real rows are like
    another.
    """
    size = len(found[0].real)
    ranks = (
        (hundredth(size), f"only {100 * NEAR_COPY_QUANTILE:g} % of real rows are"),
        (1, f"only one of {size:,} real rows is"),
    )
    return [search.count(rank, words, len(found) * len(ranks)) for search in found for rank, words in ranks]


def hundredth(size: int) -> int:
    """How many of so many real rows are as much like another as a near copy is."""
    return max(1, int(NEAR_COPY_QUANTILE * size))


def looked_at(samples: Samples, seed: int) -> tuple[Group, int]:
    """Training rows among which near copies are searched, and how many synthetic rows are asked about."""
    train = samples.rows("train", NEAR_PAIRS // LEAST_SYNTHETIC, seed)
    return Group("train", train), min(SYNTHETIC_ROWS, NEAR_PAIRS // len(train))


def nearer(samples: Samples, queries: Group, train: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, float]:
    """1 where the training rows are nearer, 0 where the holdout rows are, 0.5 where both are equally near: [queries];
    and how far its mean is from a half by chance (one standard deviation).
    """
    (to_train, at), (to_held, other) = (
        (found[:, 0] for found in neighbours.search(samples, queries, Group(role, rows), 1))
        for role, rows in (("train", train), ("holdout", held))
    )
    places = np.where(to_train <= to_held, at, len(train) + other)
    share = (to_train < to_held) + 0.5 * (to_train == to_held)
    return share, exchange.deviation(places, len(train) + len(held))
