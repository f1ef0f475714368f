"""Questions to rows: counts and scores, exact, or with noise that a budget of mu^2 pays for."""

import math
from dataclasses import dataclass, field

import numpy as np

from launderette.generators.privacy import entropy, noise
from launderette.generators.privacy.ledger import DiscreteGaussian, gaussian


@dataclass(frozen=True, eq=False)
class Answer:
    """Numbers [...] and the variance of the noise on each of them, 0 for exact ones."""

    values: np.ndarray
    variance: float


class ExactQueries:
    """Answers without noise: no guarantee."""

    private = False
    events: tuple[DiscreteGaussian, ...] = ()

    def table(self, what: str, counts: np.ndarray, share: float) -> Answer:
        """Return counts as they are; every row is in one cell."""
        return Answer(counts.astype("float64"), 0.0)

    scores = table

    def sums(self, what: str, values: np.ndarray, share: float, squared: int) -> Answer:
        """Return sums as they are."""
        return Answer(values.astype("float64"), 0.0)

    def variance(self, share: float, squared: int) -> float:
        """Return the variance of the noise on such sums."""
        return 0.0

    def left(self) -> float:
        """Return the share of the budget that is not spent."""
        return 1.0

    def sigma(self, share: float) -> float:
        """Return the standard deviation of the noise that a share of the budget buys."""
        return 0.0


@dataclass
class NoisyQueries:
    """Answers with discrete Gaussian noise; `squared` is the whole budget, mu^2, of which each question takes a share.

    A row is in one cell of a table, so it changes one count by 1, whatever the number of cells. A unit is up to `reach`
    rows.
    """

    squared: float
    reach: int = 1
    events: list[DiscreteGaussian] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list, repr=False)  # all that was ever told
    private = True

    def table(self, what: str, counts: np.ndarray, share: float) -> Answer:
        """Return noisy counts of a table that each row adds 1 to one cell of."""
        return self._ask(what, counts, share, 1)

    def scores(self, what: str, values: np.ndarray, share: float) -> Answer:
        """Return noisy whole numbers, each of which a row changes by at most 1."""
        return self._ask(what, values, share, max(values.size, 1))

    def sums(self, what: str, values: np.ndarray, share: float, squared: int) -> Answer:
        """Return noisy sums of vectors of whole numbers, whose squared length is at most `squared` for each row."""
        return self._ask(what, values, share, squared)

    def variance(self, share: float, squared: int) -> float:
        """Return the variance of the noise on such sums."""
        return float(noise.variance_for(math.sqrt(share * self.squared / squared) / self.reach))

    def labels(self, what: str, counts: np.ndarray, share: float, least: int, delta: float) -> tuple[np.ndarray, int]:
        """Return noisy counts of those labels that at least `least` rows have, and the threshold from which on they may
        be told: a label that one row more has made one of these passes it with a probability of `delta`.

        How many are asked for, only what passes may tell.
        """
        variance = noise.variance_for(math.sqrt(share * self.squared) / self.reach)
        self.events.append(gaussian(what, variance, delta=delta, reach=self.reach))
        entropy.tell()
        most = least - 1 + self.reach  # rows of a label that without the unit had too few to be told
        return noise.noisy(counts, variance), noise.threshold_for(most, variance, delta / self.reach)

    def left(self) -> float:
        """Return the share of the budget that is not spent."""
        return 1 - sum(event.squared for event in self.events) / self.squared

    def sigma(self, share: float) -> float:
        """Return the standard deviation of the noise that a share of the budget buys."""
        return math.sqrt(noise.variance_for(math.sqrt(share * self.squared) / self.reach))

    def _ask(self, what: str, values: np.ndarray, share: float, count: int) -> Answer:
        variance = noise.variance_for(math.sqrt(share * self.squared / count) / self.reach)
        self.events.append(gaussian(what, variance, count, reach=self.reach))
        entropy.tell()
        answer = Answer(noise.noisy(values, variance).astype("float64"), float(variance))
        self.answers.append(answer)
        return answer


Queries = ExactQueries | NoisyQueries
