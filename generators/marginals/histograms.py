"""One column's histogram: exact over an encoding's cells, or noisy over a public grid that is cut where rows are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import torch

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import SINGLE_TOKEN_CELLS
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats import grid
from launderette.generators.marginals import densities
from launderette.generators.networks.frequencies import Places, log_shares
from launderette.generators.privacy.domain import PublicColumn
from launderette.generators.privacy.queries import Queries

MOST_SINGLE_TICKS = 256  # ticks that are counted one by one; more are counted in COARSE_INTERVALS of equal width
COARSE_INTERVALS = 128
INTERVAL_PARTS = 2048  # of an interval that is cut: the more, the fewer rounds that share the budget find a value
MOST_CUTTING_ROUNDS = 3  # of cutting, at most
HEAVY_DEVIATIONS = 5.0  # standard deviations of the noise, as the next two, that an interval to cut holds
OUTSTANDING_DEVIATIONS = 5.0  # by which a part holds more than its share: once in 3,000,000 parts by chance
MOST_SMOOTH_PARTS, SMOOTH_PART_SHARE = 8, 0.01  # that an interval is cut into at last, and of the rows in one of them
BEYOND_DEVIATIONS = 3.7  # below which a power of two beyond learnt bounds is empty: noise fills one of 8 once in 1,000
POWER_PARTS = 65_536  # that it is cut into where it is not: one number may hold all of its rows
LEAST_COUNT_DEVIATIONS = 3.0  # below which nobody is taken to miss a value, or to have an unlisted label
END_DEVIATIONS, END_WINDOWS = 3.0, (2, 4, 8, 16)  # by which ticks are told from empty ones; windows of some together
LISTED_DEVIATIONS = 2.0  # below which nobody is taken to have a label of a code list that rows have not told

Run = tuple[int, int]  # the first and the last of some ticks


@dataclass(frozen=True, eq=False)
class Histogram:
    """Rows in each cell of a column, the last for a missing value where it has one: [cells], with their variances."""

    column: Cells | Labels
    counts: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Interval:
    """Ticks low to high, how many rows they hold, and whether that is news to be looked into."""

    low: int
    high: int
    count: float
    variance: float
    fresh: bool = True
    parts: int = INTERVAL_PARTS  # that it is cut into


def cells_of(column: PublicColumn) -> int:
    """Return how many cells are counted at first."""
    if column.kind in ("categorical", "boolean"):
        return len(column.labels) + column.missing
    return sum(map(len, _grid(column))) + column.missing


def rounds_of(column: PublicColumn) -> int:
    """Return how many rounds of cutting follow the first count, at most: public, like the grid."""
    if column.kind in ("categorical", "boolean"):
        return 0
    (low, high), counted = column.ticks, len(_grid(column)[1])
    return min(MOST_CUTTING_ROUNDS, math.ceil(math.log((high - low + 1) / counted, INTERVAL_PARTS) - 1e-9))


def exact(column: Cells | Labels, values: pd.Series) -> Histogram:
    """Return the histogram of values over a fitted column's cells."""
    counts = np.bincount(column.encode(values), minlength=column.size + column.missing).astype("float64")
    return Histogram(column, counts, np.zeros_like(counts))


def likely(column: Cells | Labels, codes: np.ndarray) -> np.ndarray:
    """Return the rows that each cell is likely to have, by the cells of rows [rows]: near numbers share theirs."""
    size = column.size + column.missing
    if not isinstance(column, Cells) or column.fine_size > 1:
        return np.bincount(codes, minlength=size).astype("float64")
    places = Places(column.size, column.exact, column.empty)
    return log_shares(torch.from_numpy(codes), size, places).exp().numpy() * len(codes)


def learn(values: pd.Series, column: PublicColumn, queries: Queries, share: float) -> Histogram:
    """Count conformed values by what is publicly known, for a share of the budget."""
    if column.kind in ("numerical", "datetime"):
        return _of_numbers(values, column, queries, share)
    labels, start = column.labels, []
    bucket = 1 if len(labels) <= SINGLE_TOKEN_CELLS else math.isqrt(len(labels)) + 1
    start = list(range(0, len(labels), bucket))
    found = Labels(column.name, column.column.dtype, labels, start, column.missing)
    codes = np.minimum(found.encode(values), len(labels) - 1 + column.missing)
    answer = queries.table(column.name, np.bincount(codes, minlength=cells_of(column)), share)
    counts = answer.values.copy()
    for cell in range(len(labels) - (column.kind == "categorical"), cells_of(column)):
        counts[cell] = _if_any(counts[cell], answer.variance)
    if column.rows:
        listed = counts[len(column.rows) : len(labels) - 1]
        listed[listed < LISTED_DEVIATIONS * math.sqrt(answer.variance)] = 0
    return Histogram(found, counts, np.full(len(counts), answer.variance))


def _if_any(count: float, variance: float) -> float:
    return count if count > LEAST_COUNT_DEVIATIONS * math.sqrt(variance) else 0.0


def _of_numbers(values: pd.Series, column: PublicColumn, queries: Queries, share: float) -> Histogram:
    (below, within, above), rounds, (ticks, missing) = _grid(column), rounds_of(column), _ticks(values, column)
    cuts, share = [*below, *within, *above], share / (rounds + 1)
    counted = np.append(_counted(ticks, cuts), [missing] * column.missing)
    answer = queries.table(column.name, counted, share)
    own = [Interval(*cut, n, answer.variance) for cut, n in zip(cuts, answer.values.tolist(), strict=False)]
    first, last = len(below), len(below) + len(within)
    intervals = [*_held(own[:first]), *own[first:last], *_held(own[last:])]
    for _ in range(rounds):
        intervals = _refined(intervals, ticks, column.name, queries, share)
    rest = [_if_any(float(answer.values[-1]), answer.variance)] if column.missing else []
    intervals = _without_ends(intervals) if "bounds" in column.learnt and not rounds else _smoothed(intervals)
    return _histogram(intervals, column, rest, answer.variance)


def _ticks(values: pd.Series, column: PublicColumn) -> tuple[np.ndarray, int]:
    """Return the ticks of values, and how many are missing; where none may be, these have that of the upper bound."""
    ticks, present = grid.to_grid(values, column.column, column.scale)
    ticks, missing = np.clip(ticks, *column.widest), int((~present).sum())
    return (ticks, missing) if column.missing else (np.append(ticks, np.full(missing, column.ticks[1])), 0)


def _grid(column: PublicColumn) -> tuple[list[Run], list[Run], list[Run]]:
    """Return the runs of ticks that are counted below a column's bounds, within them, and above."""
    (low, high), (lowest, highest) = column.ticks, column.widest
    within = _cut(low, high, high - low + 1 if high - low < MOST_SINGLE_TICKS else COARSE_INTERVALS)
    return _by_powers(lowest, low - 1), within, _by_powers(high + 1, highest)


def _by_powers(low: int, high: int) -> list[Run]:
    """Cut low..high, which may be empty, where powers of two begin."""
    first, last = grid.powers(np.array([low, high])).tolist()
    inside = range(first, last + 1) if low <= high else ()
    return [(max(low, grid.lowest(power)), min(high, -grid.lowest(-power))) for power in inside]


def _held(powers: list[Interval]) -> list[Interval]:
    """Return the powers of two beyond the bounds of which more rows are told than noise makes."""
    held = [one for one in powers if one.count > BEYOND_DEVIATIONS * math.sqrt(one.variance)]
    return [replace(one, parts=POWER_PARTS) for one in held]


def _cut(low: int, high: int, parts: int) -> list[Run]:
    """Cut low..high into runs of ticks as equal as can be."""
    parts = min(parts, high - low + 1)
    starts = [low + k * (high - low + 1) // parts for k in range(parts + 1)]
    return [(a, b - 1) for a, b in pairwise(starts)]


def _counted(ticks: np.ndarray, cuts: list[Run]) -> np.ndarray:
    """Return how many ticks lie in each of some disjoint ascending runs."""
    low, high = np.array(cuts).T
    at = np.searchsorted(low, ticks, side="right") - 1
    inside = (at >= 0) & (ticks <= high[at])
    return np.bincount(at[inside], minlength=len(cuts))


def _refined(intervals: list[Interval], ticks: np.ndarray, name: str, queries: Queries, share: float) -> list[Interval]:
    """Cut the intervals that hold rows, and keep the parts that hold far more than their share (PrivTree's idea)."""
    heavy = [i for i in intervals if i.fresh and i.high > i.low and i.count > HEAVY_DEVIATIONS * math.sqrt(i.variance)]
    if not heavy:
        return intervals
    parts = {one: _cut(one.low, one.high, one.parts) for one in heavy}
    cuts = [cut for one in heavy for cut in parts[one]]
    answer = queries.table(f"{name}, within its heavy intervals", _counted(ticks, cuts), share)
    told, found = iter(answer.values.tolist()), []
    for one in intervals:
        own = [Interval(*cut, next(told), answer.variance) for cut in parts.get(one, ())]
        found += _pieces(one, own) if own else [one]
    return found


def _pieces(one: Interval, parts: list[Interval]) -> list[Interval]:
    """Return the parts that stand out, and what is left between them at the rest of the interval's count."""
    out = [p for p in parts if p.count > one.count / len(parts) + OUTSTANDING_DEVIATIONS * math.sqrt(p.variance)]
    ends = [one.low - 1, *(end for p in out for end in (p.low, p.high)), one.high + 1]
    gaps = [(a + 1, b - 1) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a > 1]
    ticks, rest = sum(b - a + 1 for a, b in gaps), max(0.0, one.count - sum(p.count for p in out))
    if not out:
        return [Interval(one.low, one.high, one.count, one.variance, fresh=False)]
    between = [Interval(a, b, rest * (b - a + 1) / ticks, one.variance / len(gaps), fresh=False) for a, b in gaps]
    return sorted([*out, *between], key=lambda i: i.low)


def _without_ends(ticks: list[Interval]) -> list[Interval]:
    """Return single ticks of which those at either end are empty that hold no more than noise makes, by themselves and
    in windows.
    """
    counts, noise = np.array([(one.count, one.variance) for one in ticks]).T
    held = counts > END_DEVIATIONS * np.sqrt(noise)
    rest = np.where(held, 0, counts)
    for width in END_WINDOWS:
        own, variance = (np.convolve(x, np.ones(width), "valid") for x in (rest, noise))
        for start in np.flatnonzero(own > END_DEVIATIONS * np.sqrt(variance)):
            held[start : start + width] = True
    ends = np.flatnonzero(held)[[0, -1]] if held.any() else [0, len(ticks)]
    return [one if ends[0] <= k <= ends[1] else replace(one, count=0.0) for k, one in enumerate(ticks)]


def _smoothed(intervals: list[Interval]) -> list[Interval]:
    """Return intervals with their rows as a smooth density has them, those of many rows cut; single ticks stay."""
    wide = [one for one in intervals if one.high > one.low]
    if not wide:
        return intervals
    counts, variance, width = np.array([(one.count, one.variance, one.high - one.low + 1) for one in wide]).T
    below, ends = densities.rows_below(counts, variance, width), np.append(0, width.cumsum())
    most = SMOOTH_PART_SHARE * max(1.0, sum(max(one.count, 0) for one in intervals))
    found = [one for one in intervals if one.high == one.low]
    for one, start, rows in zip(wide, ends.tolist(), np.diff(below(ends)).tolist(), strict=False):
        cuts = _cut(one.low, one.high, int(np.clip(math.ceil(rows / most), 1, MOST_SMOOTH_PARTS)))
        parts = np.diff(below(np.array([start, *(start + high + 1 - one.low for _, high in cuts)])))
        found += [Interval(*cut, n, one.variance / len(cuts)) for cut, n in zip(cuts, parts.tolist(), strict=True)]
    return sorted(found, key=lambda one: one.low)


def _histogram(intervals: list[Interval], column: PublicColumn, rest: list[float], variance: float) -> Histogram:
    size = len(intervals)
    bucket = 1 if size <= SINGLE_TOKEN_CELLS else math.isqrt(size) + 1
    low: list[float] = [i.low for i in intervals]
    high: list[float] = [i.high for i in intervals]
    cells = Cells(column.column, column.scale, low, high, list(range(0, size, bucket)), column.missing)
    counts = np.array([*(i.count for i in intervals), *rest])
    return Histogram(cells, counts, np.array([*(i.variance for i in intervals), *([variance] * len(rest))]))
