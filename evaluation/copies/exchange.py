"""What an honest table shows by chance: where real and released rows are draws of one population, they may change
places.

How often a fresh row would equal a real one, or come as near to it, is how often real rows do so among each other. All
counts here are compared with what an honest table exceeds once in a thousand.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import betabinom

from launderette.evaluation.chance import ONCE_IN


@dataclass(frozen=True)
class Count:
    """Released rows that show something, of how many, beside what an honest table shows: usually, and at most."""

    counted: str  # what follows the numbers: "released rows are identical to training rows"
    hits: int
    of: int
    expected: float
    allowed: int

    def sentence(self) -> str:
        """The count in words."""
        usual = f"{self.expected:,.0f}" if self.expected >= 1 or self.expected == 0 else "fewer than 1"
        return (
            f"{self.hits:,} of {self.of:,} {self.counted}; non-members would have {usual}, "
            f"and chance allows {self.allowed:,}."
        )

    def detail(self) -> dict:
        """The count as a report holds it."""
        return asdict(self) | {"sentence": self.sentence()}


def as_real_rows(
    counted: str, hits: int, rows: int, like: float, real_rows: int, tests: int, unlearnt: tuple[int, float] = (0, 0)
) -> Count:
    """A count beside the `like` of `real_rows` real rows that show the same among each other.

    Real rows come in pairs that are near to each other, so as many of them are known half as well. The share of fresh
    rows is Beta(like / 2 + 1/2, rest / 2 + 1/2) (Jeffreys), their number among `rows` beta-binomial; `tests` such
    counts share one error (Bonferroni). `unlearnt` are drawn rows that show the same beside real rows that their
    generator has not seen, and all such, which are known as they are.
    """
    shown, looked_at = unlearnt
    alike, others = like / 2 + shown, (real_rows - like) / 2 + max(0.0, looked_at - shown)
    chances = betabinom.pmf(np.arange(rows + 1), rows, alike + 0.5, others + 0.5)
    allowed = int(np.searchsorted(np.cumsum(chances), 1 - 1 / (ONCE_IN * tests)))
    return Count(counted, hits, rows, like / max(1, real_rows) * rows, min(allowed, rows))


def deviation(places: np.ndarray, real_rows: int) -> float:
    """Standard deviation of the share of released rows nearest to one half of the real rows, if halves are drawn by
    chance.

    `places` [released rows] is the number of each one's nearest real row; rows that many are nearest to weigh more:
    with w_i the share of released rows at real row i of N, it is sqrt((sum w_i^2 - 1 / N) / 4 * N / (N - 1)).
    """
    weights = np.bincount(places, minlength=real_rows) / len(places)
    spread = max(0.0, float(np.square(weights).sum()) - 1 / real_rows)
    return float(np.sqrt(spread / 4 * real_rows / (real_rows - 1)))
