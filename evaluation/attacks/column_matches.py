"""Where a released value matches that of a candidate, column by column: near by rank, by size or by ratio, or equal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from launderette.evaluation.copies import likeness
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

# numbers that are nearer match: in ranks, in deviations, equal ones, within a share of their size
MATCHING_WITHIN = {"rank": 0.05, "size": 0.12, "value": 0.0, "ratio": 0.05}


@dataclass(frozen=True)
class OrderedValues:
    """Distinct values of a column in chosen rows, ascending, a missing one (NaN) last, and each row's place in them."""

    values: np.ndarray  # float64 [distinct values]
    codes: np.ndarray  # int32 [rows]


@dataclass(frozen=True)
class MatchingRanges:
    """Released values of one column by their place in order, and which of them match each candidate, if any do."""

    codes: np.ndarray  # int32 [released rows], the same array for all candidates
    first: np.ndarray  # int64 [candidates]
    last: np.ndarray
    some: np.ndarray  # bool [candidates]
    share: np.ndarray  # float64 [candidates], of real rows that match the value; NaN where it is missing

    def uncommon(self, most: float) -> MatchingRanges:
        """The same without matches on values that a larger share of real rows match."""
        return replace(self, some=self.some & (np.nan_to_num(self.share, nan=1.0) <= most))

    def telling(self) -> tuple[float, float]:
        """The share above which a match says too little to be counted, and how telling the counted matches are: the
        square of the candidates that have them over the matches by chance, the greatest there is.
        """
        known = np.sort(self.share[~np.isnan(self.share)])
        if not len(known):
            return 0.0, 0.0
        counted, by_chance = np.arange(1, len(known) + 1) / len(self.share), np.cumsum(known) / len(self.share)
        told = np.where(np.append(known[1:] > known[:-1], True), counted**2 / by_chance, 0.0)  # equal shares together
        best = int(told.argmax())
        return float(known[best]), float(told[best])


def ordered(samples: Samples, group: Group, name: str) -> OrderedValues:
    """The values of one column in the rows of a group."""
    values = samples.table(group.role)[name].to_numpy()[group.rows]
    known, codes = np.unique(np.where(samples.is_present(name, values), values, np.nan), return_inverse=True)
    return OrderedValues(known, codes.astype(np.int32))


def ranges(samples: Samples, group: Group, others: OrderedValues, name: str, view: str) -> MatchingRanges:
    """Which values of other rows match each row of a group in one column."""
    asked = places(samples, name, view, samples.table(group.role)[name].to_numpy()[group.rows])
    room, known = MATCHING_WITHIN[view] if samples.is_number(name) else 0.0, likeness.columns(samples)[name]
    first, last = _between(places(samples, name, view, others.values), asked, room)
    low, high = _between(places(samples, name, view, known.values), asked, room)
    some, rows = ~np.isnan(asked) & (last > first), np.append(0, np.cumsum(known.counts))
    share = np.where(np.isnan(asked), np.nan, (rows[high] - rows[low]) / (rows[-1] + known.missing))
    return MatchingRanges(others.codes, first * some, (last - 1) * some, some, share)


def _between(places: np.ndarray, asked: np.ndarray, room: float) -> tuple[np.ndarray, np.ndarray]:
    """The first of ascending places that is near to each one asked, and the first beyond that is not."""
    return np.searchsorted(places, asked - room, "left"), np.searchsorted(places, asked + room, "right")


def places(samples: Samples, name: str, view: str, values: np.ndarray) -> np.ndarray:
    """Numbers by their rank among real rows, their size in deviations or its logarithm, labels as they are; NaN where
    missing.
    """
    if samples.is_number(name) and view == "size":
        return values / _deviation(samples, name)
    if samples.is_number(name) and view == "ratio":
        least = _least_size(samples, name)
        return np.sign(values) * (1 + np.log(np.maximum(np.abs(values), least) / least))
    ordered = likeness.columns(samples)[name].places(values) / 2 if samples.is_number(name) else values
    return np.where(samples.is_present(name, values), ordered, np.nan)


@once
def _least_size(samples: Samples, name: str) -> float:
    """The least size of a real number that is not zero: below it there are no ratios."""
    sizes = np.abs(likeness.columns(samples)[name].values)
    return float(sizes[sizes > 0].min(initial=np.inf)) if (sizes > 0).any() else 1.0


@once
def _deviation(samples: Samples, name: str) -> float:
    return float(np.nanstd(samples.table("train")[name].to_numpy())) or 1.0
