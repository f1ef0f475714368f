"""Where a released value matches that of a candidate, column by column: near by rank, near by size, or equal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from launderette.evaluation.copies import likeness
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

MATCHING_WITHIN = {"rank": 0.05, "size": 0.12, "value": 0.0}  # numbers that are nearer match: in ranks, deviations


@dataclass(frozen=True)
class MatchingRanges:
    """Released values of one column by their place in order, and which of them match each candidate, if any do."""

    codes: np.ndarray  # int64 [released rows]
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


def ranges(samples: Samples, group: Group, other: Group, name: str, view: str) -> MatchingRanges:
    """Which rows of another group match each row of a group in one column."""
    asked, others = (places(samples, name, view, g.role)[g.rows] for g in (group, other))
    real, room = real_places(samples, name, view), MATCHING_WITHIN[view] if samples.is_number(name) else 0.0
    known, codes = np.unique(others, return_inverse=True)
    (first, last), (low, high) = (
        (np.searchsorted(order, asked - room, "left"), np.searchsorted(order, asked + room, "right"))
        for order in (known, real)
    )
    some = ~np.isnan(asked) & (last > first)
    share = np.where(np.isnan(asked), np.nan, (high - low) / len(real))
    return MatchingRanges(codes, first * some, (last - 1) * some, some, share)


@once
def real_places(samples: Samples, name: str, view: str) -> np.ndarray:
    """Places of all real rows, ascending."""
    return np.sort(np.concatenate([places(samples, name, view, r) for r in ("train", "holdout") if samples.size(r)]))


def places(samples: Samples, name: str, view: str, role: str) -> np.ndarray:
    """Numbers by their rank among real rows or their size in deviations, labels as they are; NaN where missing."""
    values = samples.table(role)[name].to_numpy()
    if samples.is_number(name) and view == "size":
        return values / (np.nanstd(samples.table("train")[name].to_numpy()) or 1.0)
    ordered = likeness.columns(samples)[name].places(values) / 2 if samples.is_number(name) else values
    return np.where(samples.is_present(name, values), ordered, np.nan)
