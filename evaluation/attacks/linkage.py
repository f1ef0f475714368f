"""Attacks on columns that nobody named: which of them leak is found by how often members match released rows.

In each pair of a candidate and a released row every column matches or not: numbers equal, or near to each other by rank
or by size, labels that are equal, none of them common. A set of columns that was copied matches in more pairs with
members than with non-members. All sets are looked at: how many pairs match in at least those columns are sums over a
lattice (Yates 1937), and the pairs of the best set tell which other columns were copied with it, as in the linkage of
records (Fellegi and Sunter 1969). What is found on one half of the candidates is tried on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

from launderette.evaluation.attacks import blocks, column_matches
from launderette.evaluation.attacks.attacker import Attacker
from launderette.evaluation.attacks.column_matches import MATCHING_WITHIN, MatchingRanges
from launderette.evaluation.attacks.strength import strength
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

LEAST_TELLING = 0.2  # least share of training rows that hold less common values, in a column that is looked at
LATTICE_COLUMNS = 18  # columns of one lattice
MOST_LATTICES = 6  # looked at, where there are more columns
LEAST_LINKED = 3  # columns of a set
LATTICE_PAIRS = 2**22  # of candidates of one kind and released rows, in one lattice
MATCHED_AT_ONCE = 2**18  # compared at once: they stay in the cache
LOW_BITS = 14  # of a mask, that fit an int16
TRIED_SETS = 3  # sets of either view that are tried
PROMISING_SETS = 64  # sets whose rows are counted
UNEXPLAINED = 2.0  # pairs, or rows, beside those that chance explains
COPIED_TOGETHER = 0.25  # share of the pairs of a set that match in a column too which was copied with it
LINKAGE_ATTACKS = "nearest in columns found", "nearest by size in columns found"
CANDIDATE_HALVES = 0, 1

Columns = tuple[str, ...]
Sides = tuple[np.ndarray, np.ndarray]  # of members and of non-members


@dataclass(frozen=True)
class MatchingPairs:
    """Pairs of a candidate and another row that match in LEAST_LINKED columns or more."""

    masks: np.ndarray  # int32 [pairs]: a bit for each column that matches
    asked: np.ndarray  # int64 [pairs]: the candidate
    known: np.ndarray  # int64 [pairs]: the other row
    size: int  # pairs in all

    def rows(self, chosen: int) -> int:
        """How many candidates match another row in the chosen columns, or other rows where they are fewer."""
        hits = (self.masks & chosen) == chosen
        return min(len(np.unique(self.asked[hits])), len(np.unique(self.known[hits])))


def scores(attacker: Attacker) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of non-members by the columns that the other half of them showed to leak, if any did."""
    found, sides = linked(attacker), _sides(attacker)
    if not all(found):
        return {}, {}
    out: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = {}, {}
    for attack, encode in zip(LINKAGE_ATTACKS, (blocks.encoded, blocks.scaled), strict=True):
        values = np.zeros(len(attacker.members)), np.zeros(len(attacker.non_members))
        for columns, half in zip(found, reversed(CANDIDATE_HALVES), strict=True):
            points = encode(attacker.samples, columns)
            asked = sides[0] == half, sides[1] == half
            _fill(values, blocks.nearness(_only(attacker, asked), points, points), asked)
        out[0][attack], out[1][attack] = values
    return out


def _fill(values: Sides, found: Sides, asked: Sides) -> None:
    """Write ranks, in (0, 1], into the places of the candidates asked: halves have scales of their own."""
    ranks = rankdata(np.concatenate(found))
    parts = np.split(ranks / len(ranks), [len(found[0])])
    for side, chosen, part in zip(values, asked, parts, strict=True):
        side[chosen] = part


def found(attacker: Attacker) -> Columns:
    """The columns that both halves show to leak, or those that one of them does, in the order of the table."""
    first, second = map(set, linked(attacker))
    return tuple(name for name in attacker.samples.known if name in (first & second or first | second))


def linked(attacker: Attacker) -> tuple[Columns, Columns]:
    """The set of columns that either half of the candidates shows to leak more than any other; two empty ones where too
    few columns tell rows apart.
    """
    return _linked(attacker.samples, attacker.released, attacker.members, attacker.non_members, attacker.seed)


@once
def _linked(
    samples: Samples, released: Group, members: Group, non_members: Group, seed: int
) -> tuple[Columns, Columns]:
    attacker = Attacker(samples, released, members, non_members, seed)
    sides = _sides(attacker)
    first, second = (_strongest(_only(attacker, (sides[0] == half, sides[1] == half))) for half in CANDIDATE_HALVES)
    return first, second


def _only(attacker: Attacker, asked: Sides) -> Attacker:
    """The attacker with some of the candidates."""
    groups = zip((attacker.members, attacker.non_members), asked, strict=True)
    members, non_members = (Group(group.role, group.rows[chosen]) for group, chosen in groups)
    return replace(attacker, members=members, non_members=non_members)


def _strongest(attacker: Attacker) -> Columns:
    """Of the most surprising sets of columns, the one in which the nearest row tells these candidates best."""
    sets = [columns for view in MATCHING_WITHIN for _, columns in _surprising(attacker, view)[:TRIED_SETS]]
    points = {columns: blocks.scaled(attacker.samples, columns) for columns in dict.fromkeys(sets)}
    strengths = {columns: strength(*blocks.nearness(attacker, p, p)) for columns, p in points.items()}
    return max(strengths, key=lambda columns: strengths[columns], default=())


def _sides(attacker: Attacker) -> Sides:
    """The half that each member and each non-member is in."""
    rng = np.random.default_rng([attacker.seed, 101])
    members, non_members = (rng.permutation(np.arange(len(g)) % 2) for g in (attacker.members, attacker.non_members))
    return members, non_members


def _surprising(attacker: Attacker, view: str) -> list[tuple[float, Columns]]:
    """Sets of columns by their surprise in standard errors, the greatest first."""
    samples, released = attacker.samples, attacker.released
    members, others = (
        Group(g.role, g.rows[: max(100, LATTICE_PAIRS // len(released))])
        for g in (attacker.members, attacker.non_members)
    )
    asked = (members, released), (others, released), (members, members)
    ranges = {name: [column_matches.ranges(samples, *pair, name, view) for pair in asked] for name in samples.known}
    telling = tuple(name for name, (found, *_) in ranges.items() if found.some.mean() >= LEAST_TELLING)
    if len(telling) < LEAST_LINKED:
        return []
    found = [one for part in _parts(telling, attacker.seed) for one in _of_lattice(ranges, part)]
    return sorted(set(found), reverse=True)


def _parts(columns: Columns, seed: int) -> Iterator[Columns]:
    """All columns, or any two of the parts into which more than LATTICE_COLUMNS are dealt out."""
    if len(columns) <= LATTICE_COLUMNS:
        yield columns
        return
    order = np.random.default_rng([seed, 103]).permutation(len(columns))
    dealt = np.array_split(order, -(-len(columns) // (LATTICE_COLUMNS // 2)))
    for pair in list(combinations(dealt, 2))[:MOST_LATTICES]:
        yield tuple(columns[i] for i in np.sort(np.concatenate(pair)))


def _of_lattice(ranges: dict[str, list[MatchingRanges]], columns: Columns) -> list[tuple[float, Columns]]:
    """Surprising sets of these columns, with those copied with them, and their surprise in standard errors."""
    members, others, real = (_pairs([ranges[name][k] for name in columns], alone=k == 2) for k in range(3))
    counts = [_at_least(pairs.masks, len(columns)) for pairs in (members, others, real)]
    ratios = members.size / others.size, members.size / real.size
    sizes = np.array([n.bit_count() for n in range(2 ** len(columns))])
    surprise = np.where(sizes >= LEAST_LINKED, _errors(counts, ratios), -np.inf)
    promising = np.argpartition(-surprise, min(PROMISING_SETS, len(surprise) - 1))[:PROMISING_SETS]
    rows = [[pairs.rows(chosen) for pairs in (members, others, real)] for chosen in promising]
    excess, found = counts[0] - ratios[0] * counts[1], []
    for chosen, n in zip(promising, rows, strict=True):
        taken = _widened(excess, int(chosen), len(columns))
        found.append((float(_errors(n, ratios)), tuple(name for i, name in enumerate(columns) if taken >> i & 1)))
    return found


def _errors(counts: Sequence[Any], ratios: tuple[float, float]) -> Any:
    """How many standard errors more of the members there are than non-members, and real pairs, let expect."""
    members, others, real = counts
    usual = np.maximum(ratios[0] * others, ratios[1] * real)
    return (members - usual) / np.sqrt((1 + ratios[0]) * (usual + UNEXPLAINED))


def _widened(excess: np.ndarray, chosen: int, columns: int) -> int:
    """The chosen columns and all others in which most of the pairs match that chance does not explain."""
    for bit in (1 << column for column in range(columns)):
        if not chosen & bit and excess[chosen | bit] >= COPIED_TOGETHER * excess[chosen]:
            chosen |= bit
    return chosen


def _at_least(mask: np.ndarray, columns: int) -> np.ndarray:
    """How many pairs match in all columns of each set, and perhaps in others: int64 [2 ** columns]."""
    counts = np.bincount(mask.reshape(-1), minlength=2**columns).reshape((2,) * columns)
    for axis in range(columns):
        without, having = (np.moveaxis(counts, axis, 0)[side] for side in (0, 1))
        without += having
    return counts.reshape(-1)


def _pairs(columns: list[MatchingRanges], alone: bool) -> MatchingPairs:
    masks = _matches(columns)
    if alone:
        np.fill_diagonal(masks, 0)
    several = np.flatnonzero(np.bitwise_count(masks.reshape(-1)) >= LEAST_LINKED)
    asked, known = np.divmod(several, masks.shape[1])
    return MatchingPairs(masks.reshape(-1)[several], asked, known, masks.size)


def _matches(columns: list[MatchingRanges]) -> np.ndarray:
    """A bit for each column in which a candidate and a released row match: int32 [candidates, released rows].

    One comparison tells whether a <= x <= b: whether x - a, counted round the bits of its type from the least, is at
    most b - a.
    """
    kind = np.int16 if max(int(one.codes.max()) for one in columns) < 2**15 else np.int32
    least = np.iinfo(kind).min
    have = torch.from_numpy(np.stack([one.codes for one in columns]).astype(kind))
    start = torch.from_numpy(np.stack([one.first + least for one in columns]).astype(kind))
    width = torch.from_numpy(np.stack([one.last - one.first + least for one in columns]).astype(kind))
    bits = torch.from_numpy(np.stack([one.some * (1 << i % LOW_BITS) for i, one in enumerate(columns)]).astype(kind))
    total = torch.empty(start.shape[1], have.shape[1], dtype=torch.int32)
    step = max(1, MATCHED_AT_ONCE // have.shape[1])
    for at in range(0, len(total), step):
        part = (slice(None), slice(at, at + step), None)
        words = [torch.zeros(start[part].shape[1], have.shape[1], dtype=have.dtype) for _ in range(2)]
        near = torch.empty_like(words[0])
        for i, (known, a, b, bit) in enumerate(zip(have, start[part], width[part], bits[part], strict=True)):
            words[i // LOW_BITS].addcmul_(torch.sub(known, a, out=near).le_(b), bit)
        total[at : at + step] = words[0].int().add_(words[1].int(), alpha=1 << LOW_BITS)
    return total.numpy()
