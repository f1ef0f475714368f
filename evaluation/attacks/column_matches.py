"""Where a released value matches that of a candidate, column by column: near by rank, near by size, or equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launderette.evaluation.copies import likeness
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

MATCHING_WITHIN = {"rank": 0.05, "size": 0.12, "value": 0.0}  # numbers that are nearer match: in ranks, deviations
COMMON_VALUE = 0.12  # share of real rows near to a value above which it matches nothing


@dataclass(frozen=True)
class MatchingRanges:
    """Released values of one column by their place in order, and which of them match each candidate, if any do."""

    codes: np.ndarray  # int64 [released rows]
    first: np.ndarray  # int64 [candidates]
    last: np.ndarray
    some: np.ndarray  # bool [candidates]


def ranges(samples: Samples, group: Group, other: Group, name: str, view: str) -> MatchingRanges:
    """Which rows of another group match each row of a group in one column; none those whose values are common."""
    asked, others = (places(samples, name, view, g.role)[g.rows] for g in (group, other))
    real, room = real_places(samples, name, view), MATCHING_WITHIN[view] if samples.is_number(name) else 0.0
    known, codes = np.unique(others, return_inverse=True)
    (first, last), (low, high) = (
        (np.searchsorted(order, asked - room, "left"), np.searchsorted(order, asked + room, "right"))
        for order in (known, real)
    )
    some = ~np.isnan(asked) & (last > first) & (high - low <= COMMON_VALUE * len(real))
    return MatchingRanges(codes, first * some, (last - 1) * some, some)


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
