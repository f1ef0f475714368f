"""Attacks on a few columns that nobody named: rows made from training rows in some numbers or dates, a little moved.

A day's shift of two dates leaves each of them common and both together next to nobody else. Where both were moved by
one constant, as dates are to hide them, they are as far from each other as they were, and of all moves between equal
gaps that one stands out; it is undone. Of all pairs of columns of the most different values those by which most
candidates of one half are recognised are taken, and further columns with them for as long as more are (forward
selection); what is found is tried on the other half.

Where a little of everybody is told, others are as near to some released row as the one that it was made from, and the
nearest says little. How many released rows match in the columns, beside how many other candidates do, says more: a
ratio of densities (van Breugel et al. 2023) over windows as wide as values may have been moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from itertools import combinations
from operator import and_

import numpy as np
from scipy.spatial import cKDTree

from launderette.evaluation.attacks import column_matches, linkage
from launderette.evaluation.attacks.attacker import LEAST_GAP, Attacker
from launderette.evaluation.attacks.column_matches import MatchingRanges
from launderette.evaluation.attacks.strength import strength
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

MOST_DIFFERENT_COLUMNS = 8  # columns: those of the most different values
LEAST_DIFFERENT = 100  # values of such a column
WIDENED_PAIRS, MOST_TOGETHER = 3, 5  # pairs that further columns are taken to; columns in all
FEW_SEARCHED_ROWS = 50_000  # released rows searched: of more, as many as that are drawn
MOST_MOVES = 2**22  # pairs of rows with equal gaps, of which moves are counted
LEAST_MOVES, STANDS_OUT = 20, 3  # times that a move is made; that often as the next one
MOVE_DECIMALS = 6  # beyond which numbers are arithmetic
NEAREST_IN_FEW, MATCHES_IN_FEW = "nearest in a few columns", "matches in a few columns"
MATCHING_VIEWS = "ratio", "size", "value"  # how numbers match
MOST_MATCHED = 8  # columns: those whose matches tell most
CHOOSING_PAIRS = 2**21  # of candidates of one kind and released rows, by which columns are chosen
MATCHED_ROWS = 20_000  # released rows compared: of more, as many as that are drawn
MATCHED_AT_ONCE = 2**18  # pairs: they stay in the cache
PRIOR_RELEASED, PRIOR_REAL = 0.05, 0.5  # matches beside those that are counted: none at all has a ratio too

Pair = tuple[str, str]  # columns
Few = tuple[tuple[str, float], ...]  # columns, and how far candidates are moved in each
Sides = tuple[np.ndarray, np.ndarray]  # of members and of non-members; of all candidates and of released rows
Found = tuple[Sides, tuple[str, ...]]  # scores, and the columns that one half of the candidates showed


@dataclass(frozen=True)
class RowsMatched:
    """Which rows match each candidate in some columns, a bit for each: uint8 [candidates, rows / 8]."""

    released: np.ndarray
    real: np.ndarray

    def __and__(self, other: RowsMatched) -> RowsMatched:
        return RowsMatched(self.released & other.released, self.real & other.real)

    def log_ratio(self, released_per_real: float) -> np.ndarray:
        """Log of how many released rows match beside how many real ones do, the candidate itself left out."""
        released, real = (np.bitwise_count(bits).sum(1, dtype=np.int64) for bits in (self.released, self.real))
        usual = (np.maximum(real - 1, 0) + PRIOR_REAL) * released_per_real
        return np.log(released + PRIOR_RELEASED) - np.log(usual + PRIOR_RELEASED)


def scores(attacker: Attacker) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of non-members by the columns that the other half of all candidates showed to leak most."""
    tried = _tried(attacker)
    members, non_members = ({attack: sides[side] for attack, (sides, _) in tried.items()} for side in (0, 1))
    return members, non_members


def found(attacker: Attacker) -> dict[str, tuple[str, ...]]:
    """The columns by which most candidates of the first half are recognised, by attack."""
    return {attack: columns for attack, (_, columns) in _tried(attacker).items()}


def _tried(attacker: Attacker) -> dict[str, Found]:
    """What each attack finds; nothing where there are not two columns for it."""
    asked = attacker.samples, attacker.released, attacker.members, attacker.non_members, attacker.seed
    tried = {NEAREST_IN_FEW: _nearest(*asked), MATCHES_IN_FEW: _matching(*asked)}
    return {attack: found for attack, found in tried.items() if found is not None}


@once
def _nearest(samples: Samples, released: Group, members: Group, non_members: Group, seed: int) -> Found | None:
    attacker, columns = Attacker(samples, released, members, non_members, seed), _columns(samples)
    values = {name: _values(attacker, name) for name in columns}
    pairs = [
        ((one, move), (two, move))
        for one, two in combinations(columns, 2)
        for move in (0.0, *_moves(samples, (one, two), values))
    ]
    if not pairs:
        return None
    places = cache(lambda name, move: _places(samples, name, values[name], move))
    nearness = cache(lambda some: attacker.split(_nearness([places(*one) for one in some])))
    halves, best = attacker.split(attacker.halves()), [np.zeros(len(group)) for group in attacker.candidates]
    for half in (1, 0):
        told = [side == half for side in halves]
        tried = _strongest(pairs, columns, partial(_told, nearness, told))
        for side, near, chosen in zip(best, nearness(tried), told, strict=True):
            side[~chosen] = near[~chosen]
    return (best[0], best[1]), tuple(name for name, _ in tried)


def _told(scored: Callable[[Few], Sides], told: Sequence[np.ndarray], some: Few) -> Sides:
    members, non_members = (side[rows] for side, rows in zip(scored(some), told, strict=True))
    return members, non_members


def _strongest(pairs: Sequence[Few], columns: Sequence[str], scored: Callable[[Few], Sides]) -> Few:
    """The columns by which most of the candidates that are told are recognised: the strongest pairs, each widened by
    the column that makes it strongest for as long as one does.
    """
    strong = cache(lambda some: strength(*scored(some)))
    found = sorted(pairs, key=strong, reverse=True)[:WIDENED_PAIRS]
    for place, some in enumerate(found):
        for _ in range(len(some), MOST_TOGETHER):
            free = [name for name in columns if name not in dict(some)]
            wider = [tuple(sorted((*some, (name, 0.0)))) for name in free]
            some = max((some, *wider), key=strong)
        found[place] = some
    return max(found, key=strong)


def _columns(samples: Samples) -> list[str]:
    """The numbers and dates of the most different values."""
    numbers = [c for c in samples.known if samples.kinds.get(c) in ("numerical", "datetime")]
    different = {c: n for c in numbers if (n := samples.table("train")[c].nunique()) >= LEAST_DIFFERENT}
    return sorted(different, key=lambda c: -different[c])[:MOST_DIFFERENT_COLUMNS]


def _values(attacker: Attacker, name: str) -> Sides:
    """Values of all candidates and of the released rows."""
    order = generator(attacker.seed, RandomStream.FEW_COLUMNS_SEARCHED).permutation(attacker.released.rows)
    groups = *attacker.candidates, Group(attacker.released.role, order[:FEW_SEARCHED_ROWS])
    *known, released = (attacker.samples.table(group.role)[name].to_numpy()[group.rows] for group in groups)
    return np.concatenate(known), released


def _places(samples: Samples, name: str, values: Sides, move: float) -> Sides:
    """Values by their rank among real ones, those of candidates moved first: float64; NaN where missing."""
    known, released = (column_matches.places(samples, name, "rank", side) for side in (values[0] + move, values[1]))
    return known, released


def _moves(samples: Samples, pair: Pair, values: Mapping[str, Sides]) -> list[float]:
    """The move of both columns from candidates to released rows that stands out among those that keep the gap between
    the two, if one does.
    """
    one, two = pair
    if samples.kinds[one] != samples.kinds[two] or samples.units[one] != samples.units[two]:
        return []
    known, released = (_with_gaps(*side) for side in zip(values[one], values[two], strict=True))
    first, last = (np.searchsorted(released[1], known[1], side) for side in ("left", "right"))
    kept = last - first
    if not LEAST_MOVES <= kept.sum() <= MOST_MOVES:
        return []
    rows = np.repeat(last - np.cumsum(kept), kept) + np.arange(kept.sum())
    moves, times = np.unique((released[0][rows] - np.repeat(known[0], kept)).round(MOVE_DECIMALS), return_counts=True)
    most, *others = np.argsort(-times, kind="stable")[:2]
    stands_out = times[most] >= max(LEAST_MOVES, STANDS_OUT * times[others].sum())
    return [float(moves[most])] if stands_out and moves[most] else []


def _with_gaps(one: np.ndarray, two: np.ndarray) -> Sides:
    """Values of one column and how far those of another lie above them, in the order of the latter."""
    gaps = (two - one).round(MOVE_DECIMALS)
    order = np.argsort(gaps, kind="stable")[: np.count_nonzero(~np.isnan(gaps))]  # missing ones come last
    return one[order], gaps[order]


def _nearness(places: list[Sides]) -> np.ndarray:
    """Nearness of the nearest released row beside that of the nearest other candidate: float64 [candidates]; the least
    there is where a value is missing.
    """
    asked, released = (np.stack(side, axis=1) for side in zip(*places, strict=True))
    have, known = ~np.isnan(asked).any(1), ~np.isnan(released).any(1)
    found = np.full(len(asked), -np.inf)
    if have.sum() > 1 and known.any():
        near = cKDTree(released[known]).query(asked[have])[0]
        usual = cKDTree(asked[have]).query(asked[have], 2)[0][:, 1]
        found[have] = np.log(usual + LEAST_GAP) - np.log(near + LEAST_GAP)
    return np.where(have, found, found[have].min(initial=0.0) - 1)


@once
def _matching(samples: Samples, released: Group, members: Group, non_members: Group, seed: int) -> Found | None:
    if len(non_members) < linkage.FEWEST_NON_MEMBERS:
        return None
    order = generator(seed, RandomStream.FEW_COLUMNS_SEARCHED).permutation(released.rows)
    attacker = Attacker(samples, Group(released.role, order[:MATCHED_ROWS]), members, non_members, seed)
    halves = attacker.split(attacker.halves())
    best = np.zeros(len(members)), np.zeros(len(non_members))
    names: tuple[str, ...] = ()
    for half in (1, 0):
        told, others = ((halves[0] == one, halves[1] == one) for one in (half, 1 - half))
        view, names = _most_matching(attacker, _fewer(attacker.about(*told)))
        if not names:
            return None
        asked = attacker.about(*others)
        matched = reduce(and_, (_matched(attacker, asked, name, view) for name in names))
        linkage.fill(best, asked.split(matched.log_ratio(_released_per_real(attacker))), others)
    return best, names


def _fewer(attacker: Attacker) -> Attacker:
    """The attacker with some candidates of each kind, so that columns are chosen by CHOOSING_PAIRS pairs at most."""
    most = max(100, CHOOSING_PAIRS // len(attacker.released))
    members, non_members = (np.arange(len(g)) % -(-len(g) // most) == 0 for g in attacker.candidates)
    return attacker.about(members, non_members)


def _most_matching(attacker: Attacker, told: Attacker) -> tuple[str, tuple[str, ...]]:
    """How numbers match, and in which columns, where most of the candidates told are recognised; none of fewer than
    two columns.
    """
    found: list[tuple[float, str, tuple[str, ...]]] = []
    for view in MATCHING_VIEWS:
        matched = {name: _matched(attacker, told, name, view) for name in _telling(told, view)}
        if len(matched) > 1:
            pairs = [((one, 0.0), (two, 0.0)) for one, two in combinations(matched, 2)]
            scored = partial(_scored, told, matched, _released_per_real(attacker))
            some = _strongest(pairs, tuple(matched), scored)
            found.append((strength(*scored(some)), view, tuple(name for name, _ in some)))
    _, view, names = max(found, default=(0.0, "", ()))
    return view, names


def _scored(told: Attacker, matched: Mapping[str, RowsMatched], released_per_real: float, some: Few) -> Sides:
    return told.split(reduce(and_, (matched[name] for name, _ in some)).log_ratio(released_per_real))


def _released_per_real(attacker: Attacker) -> float:
    return len(attacker.released) / (len(attacker.members) + len(attacker.non_members) - 1)


def _telling(attacker: Attacker, view: str) -> list[str]:
    """The columns whose matches tell most."""
    samples, telling = attacker.samples, {}
    for name in samples.known:
        values = column_matches.ordered(samples, attacker.members, name)
        telling[name] = column_matches.ranges(samples, attacker.members, values, name, view).telling()[1]
    return sorted((c for c in telling if telling[c] >= linkage.LEAST_TELLING), key=lambda c: -telling[c])[:MOST_MATCHED]


def _matched(attacker: Attacker, asked: Attacker, name: str, view: str) -> RowsMatched:
    """Which released rows, and which candidates of all there are, match each candidate asked about in one column."""
    samples, groups = attacker.samples, (attacker.released, *attacker.candidates)
    values = [column_matches.ordered(samples, group, name) for group in groups]
    bits = [
        np.concatenate([_bits(column_matches.ranges(samples, group, of, name, view)) for group in asked.candidates])
        for of in values
    ]
    return RowsMatched(bits[0], np.concatenate(bits[1:], axis=1))


def _bits(ranges: MatchingRanges) -> np.ndarray:
    """A bit for each row that matches each candidate: uint8 [candidates, rows / 8]."""
    first, width = ranges.first.astype(np.int32)[:, None], (ranges.last - ranges.first).astype(np.uint32)[:, None]
    step, bits = max(1, MATCHED_AT_ONCE // len(ranges.codes)), []
    for part in (slice(at, at + step) for at in range(0, len(first), step)):
        near = (ranges.codes - first[part]).view(np.uint32) <= width[part]  # first <= code <= last
        bits.append(np.packbits(near & ranges.some[part, None], axis=1))
    return np.concatenate(bits)
