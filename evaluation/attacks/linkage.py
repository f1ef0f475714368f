"""Attacks on columns that nobody named: which of them leak is found by how often members match released rows.

In each pair of a candidate and a released row every column matches or not: numbers equal, or near to each other by rank
or by size, labels that are equal, but for values so common that a match says too little. A set of columns that was
copied matches in more pairs with members than with non-members. All sets are looked at: how many pairs match in at
least those columns are sums over a lattice (Yates 1937). The set by which pairs are told best starts the estimate of
how much a match in each column weighs (match_weights.py). What is found on one half of the candidates is tried on the
other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

from launderette.evaluation.attacks import blocks, column_matches, match_weights, matching
from launderette.evaluation.attacks.attacker import Attacker
from launderette.evaluation.attacks.column_matches import MatchingRanges
from launderette.evaluation.attacks.match_weights import Matches, MatchWeights
from launderette.evaluation.attacks.strength import strength
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

LEAST_TELLING = 1.3  # of a column that is looked at: 1 says nothing
FEWEST_NON_MEMBERS = 40  # of fewer, a half shows what chance made of it
LATTICE_COLUMNS = 18  # columns of one lattice
MOST_LATTICES = 6  # looked at, where there are more columns
LEAST_LINKED, LEAST_WEIGHED = 3, 2  # columns of a set, and of those whose matches are weighed
LATTICE_PAIRS = 2**21  # of candidates of one kind and released rows, in one lattice
HELD_PAIRS = 2**23  # of them in memory, where as few as 100 candidates have more pairs: 32 MiB
MATCHED_AT_ONCE = 2**18  # compared at once: they stay in the cache
LOW_BITS = 14  # of a mask, that fit an int16
TRIED_SETS = 4  # sets of each view that are tried
LATTICE_VIEWS = "rank", "size", "value"  # how numbers match in a lattice
WEIGHED_BY = "size"  # how numbers match where matches are weighed
PROMISING_SETS = 24  # sets whose rows are counted, a bit of 32 each
UNEXPLAINED = 2.0  # pairs, or rows, beside those that chance explains
COPIED_TOGETHER = 0.25  # share of the pairs of a set that match in a column too which was copied with it
LINKAGE_ATTACKS = "likeliest match in columns found", "nearest by size in columns found"
CANDIDATE_HALVES = 0, 1

Columns = tuple[str, ...]
Sides = tuple[np.ndarray, np.ndarray]  # of members and of non-members


@dataclass(frozen=True)
class MatchingBlock:
    """Pairs of some candidates, those from `first` on, and all other rows."""

    first: int
    masks: np.ndarray  # int32 [candidates, other rows]: a bit for each column that matches


@dataclass(frozen=True)
class MatchingPairs:
    """Pairs of a candidate and another row, `size` in all: a block of them in memory at a time, made anew whenever it
    is looked at where they are more than HELD_PAIRS.
    """

    blocks: Callable[[], Iterable[MatchingBlock]]
    shape: tuple[int, int]  # candidates, other rows

    @property
    def size(self) -> int:
        """All pairs, matching or not."""
        return math.prod(self.shape)

    def at_least(self, columns: int) -> np.ndarray:
        """How many pairs match in all columns of each set, and perhaps in others: int64 [2 ** columns]."""
        counts = np.zeros(2**columns, np.int64)
        for block in self.blocks():
            counts += np.bincount(block.masks.reshape(-1), minlength=2**columns)
        return _at_least(counts, columns)

    def rows(self, sets: Sequence[int], columns: int) -> list[int]:
        """How many candidates match another row in the columns of each set, or other rows where they are fewer."""
        asked, known, within = (np.zeros(size, np.uint32) for size in (*self.shape, 2**columns))  # a bit for each set
        for bit, chosen in enumerate(sets):
            within |= (np.arange(2**columns) & chosen == chosen).astype(np.uint32) << bit
        for block in self.blocks():
            matched = within[block.masks]
            asked[block.first : block.first + len(matched)] = np.bitwise_or.reduce(matched, axis=1)
            known |= np.bitwise_or.reduce(matched, axis=0)
        return [int(min(np.count_nonzero(side >> bit & 1) for side in (asked, known))) for bit in range(len(sets))]


def scores(attacker: Attacker) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of non-members by the columns that the other half of them showed to leak, if any did."""
    found, sides = linked(attacker), _sides(attacker)
    if not all(found):
        return {}, {}
    out: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = {}, {}
    for attack, score in zip(LINKAGE_ATTACKS, (_likelihood, _nearness), strict=True):
        values = np.zeros(len(attacker.members)), np.zeros(len(attacker.non_members))
        for weights, half in zip(found, reversed(CANDIDATE_HALVES), strict=True):
            asked = sides[0] == half, sides[1] == half
            fill(values, score(attacker.about(*asked), weights), asked)
        out[0][attack], out[1][attack] = values
    return out


def _likelihood(attacker: Attacker, weights: MatchWeights) -> Sides:
    members, non_members = (match_weights.likelihood(side, weights) for side in _matched(attacker, weights))
    return members, non_members


def _nearness(attacker: Attacker, weights: MatchWeights) -> Sides:
    points = blocks.scaled(attacker.samples, tuple(weights))
    return blocks.nearness(attacker, points, points)


def _matched(attacker: Attacker, columns: Iterable[str]) -> list[Matches]:
    """How members and non-members match the released rows in some columns."""
    samples, released = attacker.samples, matching.searched(attacker)
    have = {name: column_matches.ordered(samples, released, name) for name in columns}
    return [
        {name: column_matches.ranges(samples, group, values, name, WEIGHED_BY) for name, values in have.items()}
        for group in (attacker.members, attacker.non_members)
    ]


def fill(values: Sides, found: Sides, asked: Sides) -> None:
    """Write ranks, in (0, 1], into the places of the candidates asked: halves have scales of their own."""
    ranks = rankdata(np.concatenate(found))
    parts = np.split(ranks / len(ranks), [len(found[0])])
    for side, chosen, part in zip(values, asked, parts, strict=True):
        side[chosen] = part


def found(attacker: Attacker) -> Columns:
    """The columns that both halves show to leak, or those that one of them does, in the order of the table."""
    first, second = map(set, linked(attacker))
    return tuple(name for name in attacker.samples.known if name in (first & second or first | second))


def linked(attacker: Attacker) -> tuple[MatchWeights, MatchWeights]:
    """The columns that either half of the candidates shows to leak, and how likely each matches in a pair that belongs
    together; none where too few columns tell rows apart, or there are too few non-members.
    """
    return _linked(attacker.samples, attacker.released, attacker.members, attacker.non_members, attacker.seed)


@once
def _linked(
    samples: Samples, released: Group, members: Group, non_members: Group, seed: int
) -> tuple[MatchWeights, MatchWeights]:
    if len(non_members) < FEWEST_NON_MEMBERS:
        return {}, {}
    attacker = Attacker(samples, released, members, non_members, seed)
    sides = _sides(attacker)
    first, second = (_strongest(attacker.about(*(side == half for side in sides))) for half in CANDIDATE_HALVES)
    return first, second


def _strongest(attacker: Attacker) -> MatchWeights:
    """The weights that start from that of the most surprising sets of columns whose matches tell these candidates
    best.
    """
    attacker = _counted(attacker)
    found = _surprising(attacker, LATTICE_VIEWS)
    sets = dict.fromkeys(columns for surprising in found for _, columns in surprising[:TRIED_SETS])
    if not sets:
        return {}
    sides = _matched(attacker, attacker.samples.known)
    members, non_members = sides
    start = max(sets, key=lambda s: strength(*(match_weights.likelihood(m, match_weights.supposed(s)) for m in sides)))
    return match_weights.estimated(members, non_members, start, LEAST_WEIGHED)


def _counted(attacker: Attacker) -> Attacker:
    """The attacker with so many candidates as are compared in all columns with all released rows."""
    most = max(100, LATTICE_PAIRS // len(attacker.released))
    groups = (Group(group.role, group.rows[:most]) for group in (attacker.members, attacker.non_members))
    members, non_members = groups
    return replace(attacker, members=members, non_members=non_members)


def _sides(attacker: Attacker) -> Sides:
    """The half that each member and each non-member is in."""
    rng = generator(attacker.seed, RandomStream.LINKED_HALVES)
    members, non_members = (rng.permutation(np.arange(len(g)) % 2) for g in (attacker.members, attacker.non_members))
    return members, non_members


def _surprising(attacker: Attacker, views: Iterable[str]) -> list[list[tuple[float, Columns]]]:
    """Sets of columns by their surprise in standard errors, the greatest first, by each way in which numbers match."""
    samples, members, released = attacker.samples, attacker.members, attacker.released
    have = {name: [column_matches.ordered(samples, g, name) for g in (released, members)] for name in samples.known}
    found = []
    for view in views:
        ranges = {}
        for name, (drawn, real) in have.items():
            asked = (members, drawn), (attacker.non_members, drawn), (members, real)
            columns = [column_matches.ranges(samples, *pair, name, view) for pair in asked]
            most, telling = columns[0].telling()
            if telling >= LEAST_TELLING:
                ranges[name] = [column.uncommon(most) for column in columns]
        parts = _parts(tuple(ranges), attacker.seed) if len(ranges) >= LEAST_LINKED else ()
        found.append(sorted({one for part in parts for one in _of_lattice(ranges, part)}, reverse=True))
    return found


def _parts(columns: Columns, seed: int) -> Iterator[Columns]:
    """All columns, or any two of the parts into which more than LATTICE_COLUMNS are dealt out."""
    if len(columns) <= LATTICE_COLUMNS:
        yield columns
        return
    order = generator(seed, RandomStream.LINKED_COLUMNS).permutation(len(columns))
    dealt = np.array_split(order, -(-len(columns) // (LATTICE_COLUMNS // 2)))
    for pair in list(combinations(dealt, 2))[:MOST_LATTICES]:
        yield tuple(columns[i] for i in np.sort(np.concatenate(pair)))


def _of_lattice(ranges: dict[str, list[MatchingRanges]], columns: Columns) -> list[tuple[float, Columns]]:
    """Surprising sets of these columns, with those copied with them, and their surprise in standard errors."""
    members, others, real = (_pairs([ranges[name][k] for name in columns], alone=k == 2) for k in range(3))
    counts = [pairs.at_least(len(columns)) for pairs in (members, others, real)]
    ratios = members.size / others.size, members.size / real.size
    sizes = np.bitwise_count(np.arange(2 ** len(columns)))
    surprise = np.where(sizes >= LEAST_LINKED, _errors(counts, ratios), -np.inf)
    promising = np.argpartition(-surprise, min(PROMISING_SETS, len(surprise) - 1))[:PROMISING_SETS]
    promising = promising[np.isfinite(surprise[promising])]  # of few columns there are no more sets of so many
    rows = [pairs.rows(promising.tolist(), len(columns)) for pairs in (members, others, real)]
    excess, found = counts[0] - ratios[0] * counts[1], []
    for chosen, n in zip(promising, zip(*rows, strict=True), strict=True):
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


def _at_least(counts: np.ndarray, columns: int) -> np.ndarray:
    """Of how many pairs match in exactly the columns of each set, how many match in them and perhaps in others."""
    counts = counts.reshape((2,) * columns)
    for axis in range(columns):
        without, having = (np.moveaxis(counts, axis, 0)[side] for side in (0, 1))
        without += having
    return counts.reshape(-1)


def _pairs(columns: list[MatchingRanges], alone: bool) -> MatchingPairs:
    """Pairs by the columns in which they match; `alone` leaves out those of a row with itself."""
    shape = len(columns[0].first), len(columns[0].codes)
    step = max(1, LATTICE_PAIRS // shape[1])

    def blocks() -> Iterator[MatchingBlock]:
        return (_block(masks, at, alone) for at, masks in _matches(columns, step))

    if shape[0] * shape[1] > max(HELD_PAIRS, step * shape[1]):
        return MatchingPairs(blocks, shape)
    held = list(blocks())
    return MatchingPairs(lambda: held, shape)


def _block(masks: np.ndarray, first: int, alone: bool) -> MatchingBlock:
    """The pairs of masks [some candidates, other rows], none of a row with itself where they are to be `alone`."""
    if alone:
        masks[np.arange(len(masks)), first + np.arange(len(masks))] = 0
    return MatchingBlock(first, masks)


def _matches(columns: list[MatchingRanges], step: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield a bit for each column in which a candidate and a released row match, `step` candidates at a time: the first
    of these, and int32 [candidates, released rows].

    One comparison tells whether a <= x <= b: whether x - a, counted round the bits of its type from the least, is at
    most b - a.
    """
    kind = np.int16 if max(int(one.codes.max()) for one in columns) < 2**15 else np.int32
    least = np.iinfo(kind).min
    have = torch.from_numpy(np.stack([one.codes for one in columns]).astype(kind))
    start = torch.from_numpy(np.stack([one.first + least for one in columns]).astype(kind))
    width = torch.from_numpy(np.stack([one.last - one.first + least for one in columns]).astype(kind))
    bits = torch.from_numpy(np.stack([one.some * (1 << i % LOW_BITS) for i, one in enumerate(columns)]).astype(kind))
    at_once = max(1, MATCHED_AT_ONCE // have.shape[1])
    for first in range(0, start.shape[1], step):
        total = torch.empty(min(step, start.shape[1] - first), have.shape[1], dtype=torch.int32)
        for at in range(0, len(total), at_once):
            part = (slice(None), slice(first + at, first + min(at + at_once, len(total))), None)
            words = [torch.zeros(start[part].shape[1], have.shape[1], dtype=have.dtype) for _ in range(2)]
            near = torch.empty_like(words[0])
            for i, (known, a, b, bit) in enumerate(zip(have, start[part], width[part], bits[part], strict=True)):
                words[i // LOW_BITS].addcmul_(torch.sub(known, a, out=near).le_(b), bit)
            total[at : at + at_once] = words[0].int().add_(words[1].int(), alpha=1 << LOW_BITS)
        yield first, total.numpy()
