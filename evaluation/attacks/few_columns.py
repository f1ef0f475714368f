"""Attacks on a few columns that nobody named: rows made from training rows in some numbers or dates, a little moved.

A day's shift of two dates leaves each of them common and both together next to nobody else. Where both were moved by
one constant, as dates are to hide them, they are as far from each other as they were, and of all moves between equal
gaps that one stands out; it is undone. Of all pairs of columns of the most different values those by which most
candidates of one half are recognised are taken, and further columns with them for as long as more are (forward
selection); what is found is tried on the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

from launderette.evaluation.attacks import column_matches
from launderette.evaluation.attacks.attacker import LEAST_GAP, Attacker
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
NEAREST_IN_FEW = "nearest in a few columns"

Pair = tuple[str, str]  # columns
Few = tuple[tuple[str, float], ...]  # columns, and how far candidates are moved in each
Sides = tuple[np.ndarray, np.ndarray]  # of members and of non-members; of all candidates and of released rows


def scores(attacker: Attacker) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of non-members by the columns that the other half of all candidates showed to leak most."""
    found = _tried(attacker)
    return ({}, {}) if found is None else ({NEAREST_IN_FEW: found[0][0]}, {NEAREST_IN_FEW: found[0][1]})


def found(attacker: Attacker) -> tuple[str, ...]:
    """The columns by which most candidates of the first half are recognised; none where there are not two."""
    found = _tried(attacker)
    return () if found is None else found[1]


def _tried(attacker: Attacker) -> tuple[Sides, tuple[str, ...]] | None:
    return _by_halves(attacker.samples, attacker.released, attacker.members, attacker.non_members, attacker.seed)


@once
def _by_halves(
    samples: Samples, released: Group, members: Group, non_members: Group, seed: int
) -> tuple[Sides, tuple[str, ...]] | None:
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
        tried = _strongest(pairs, columns, nearness, told)
        for side, near, chosen in zip(best, nearness(tried), told, strict=True):
            side[~chosen] = near[~chosen]
    return (best[0], best[1]), tuple(name for name, _ in tried)


def _strongest(
    pairs: Sequence[Few], columns: Sequence[str], nearness: Callable[[Few], Sides], told: Sequence[np.ndarray]
) -> Few:
    """The columns by which most of the candidates that are told are recognised: the strongest pairs, each widened by
    the column that makes it strongest for as long as one does.
    """
    strong = cache(lambda some: strength(*(side[rows] for side, rows in zip(nearness(some), told, strict=True))))
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
