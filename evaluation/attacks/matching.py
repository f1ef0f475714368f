"""Values that a candidate shares with a released row, weighed by how surprising each of them is.

After Narayanan and Shmatikov 2008: a value weighs -log of its share in the reference, the half of the candidates that a
candidate is not in. The attack sees released rows that are training rows in some columns only, whichever these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

import numpy as np
import torch

from launderette.evaluation.attacks.attacker import Attacker
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.streams import RandomStream, generator

COMPARISONS = 10_000_000_000  # of single values in the search for matching rows, for the larger group of candidates
BLOCK_SUMS = 2**18  # sums of weights held at once: they stay in the cache
LARGEST_SUM = 2**15 - 1  # in int16, in which weights are counted
WITHIN = 0.02  # of a number's own size
WITHIN_DEVIATION = 0.1  # of a column's standard deviation
MISSING_AT = 1e9  # deviations: farther out than any number

Tolerance = Callable[[np.ndarray, float], np.ndarray]  # of values [rows], from them and their column's deviation
Values = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # asked, released, reference, and tolerance of the asked
Column = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # first and last matching code, weight; codes released
Ranges = tuple[torch.Tensor, torch.Tensor | None]  # of matching codes, as `_match` reads them: [some asked, 1]


def matching_values(attacker: Attacker, group: Group) -> np.ndarray:
    """Surprise of the values that the best matching released row shares with the candidate, exactly.

    Members and non-members are looked for among the same released rows: of more, the best matches better.
    """
    return _best_matches(attacker, group, _exact)


def near_values(attacker: Attacker, group: Group) -> np.ndarray:
    """The same where numbers match that differ by at most 2 %: copies that were moved a little in proportion."""
    return _nearly(attacker, group, lambda values, deviation: WITHIN * np.abs(values))


def values_within_a_deviation(attacker: Attacker, group: Group) -> np.ndarray:
    """The same where numbers match that differ by at most a tenth of their column's deviation: copies under noise."""
    return _nearly(attacker, group, lambda values, deviation: np.full(len(values), WITHIN_DEVIATION * deviation))


def _nearly(attacker: Attacker, group: Group, tolerance: Tolerance) -> np.ndarray:
    samples = attacker.samples
    if not any(samples.kinds.get(c) in ("numerical", "datetime") for c in samples.known):
        return np.zeros(len(group))  # exact matching says all there is

    def read(number: bool, *values: np.ndarray) -> Values:
        return _within(tolerance, *values) if number else _exact(number, *values)

    return _best_matches(attacker, group, read)


def _best_matches(attacker: Attacker, group: Group, read: Callable[..., Values]) -> np.ndarray:
    """Largest sum over the columns of the surprise of values that match: float64 [candidates]."""
    halves = attacker.halves()
    found, own = np.zeros(len(group)), halves[attacker.places(group)]
    for half in (0, 1):
        asked = np.flatnonzero(own == half)
        found[asked] = _against(attacker, (group, asked), attacker.split(halves != half), read)
    return found


def _against(
    attacker: Attacker,
    candidates: tuple[Group, np.ndarray],
    reference: tuple[np.ndarray, np.ndarray],
    read: Callable[..., Values],
) -> np.ndarray:
    """Largest sums for some candidates of a group, by the shares of values among those marked: bool [candidates]."""
    samples, (group, asked), rows, columns = attacker.samples, candidates, searched(attacker), []
    others = [(g.role, g.rows[marked]) for g, marked in zip(attacker.candidates, reference, strict=True)]
    for column in samples.known:
        parts = (group.role, group.rows[asked]), (rows.role, rows.rows), *others
        query, answer, *usual = (samples.table(role)[column].to_numpy()[chosen] for role, chosen in parts)
        columns.append(_column(*read(samples.is_number(column), query, answer, np.concatenate(usual))))
    first, last, weights, codes = (np.stack(part) for part in zip(*columns, strict=True))
    size = len(attacker.members) + len(attacker.non_members)
    scale = LARGEST_SUM / (len(columns) * np.log(size + 1))  # the same for both groups
    return _best_match(first, last, np.floor(weights * scale), codes) / scale


def searched(attacker: Attacker) -> Group:
    """Released rows among which all candidates are looked for."""
    most = max(len(attacker.members), len(attacker.non_members))
    limit = max(100, COMPARISONS // (most * len(attacker.samples.known)))
    order = generator(attacker.seed, RandomStream.ROWS_SEARCHED).permutation(attacker.released.rows)
    return Group(attacker.released.role, np.sort(order[:limit]))


def _exact(number: bool, asked: np.ndarray, released: np.ndarray, known: np.ndarray) -> Values:
    """Values as codes, a missing one as a value of its own, without tolerance."""
    codes = np.unique(np.concatenate([asked, released, known]), return_inverse=True)[1].astype(np.float64)
    query, answer, usual = np.split(codes, np.cumsum([len(asked), len(released)]))
    return query, answer, usual, np.zeros(len(query))


def _within(tolerance: Tolerance, asked: np.ndarray, released: np.ndarray, known: np.ndarray) -> Values:
    """Numbers in deviations from the middle, and how far from each of those asked another may be."""
    deviation = float(np.nanstd(known)) if not np.isnan(known).all() else 0.0
    middle, unit = (float(np.nanmedian(known)), deviation) if deviation else (0.0, 1.0)
    room = np.nan_to_num(tolerance(asked, deviation)) * (1 + 1e-9) / unit
    query, answer, usual = (np.nan_to_num((v - middle) / unit, nan=MISSING_AT) for v in (asked, released, known))
    return query, answer, usual, room


def _column(query: np.ndarray, answer: np.ndarray, known: np.ndarray, room: np.ndarray) -> Column:
    """Released values by their rank, the ranks that match each value asked, and how surprising these are."""
    order, (places, codes) = np.sort(known), np.unique(answer, return_inverse=True)
    counts = np.searchsorted(order, query + room, "right") - np.searchsorted(order, query - room, "left")
    first = np.searchsorted(places, query - room, "left")
    last = np.searchsorted(places, query + room, "right") - 1
    some = last >= first
    return first * some, last * some, -np.log((counts + 1) / (len(known) + 1)) * some, codes


def _best_match(first: np.ndarray, last: np.ndarray, weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Largest sum of the weights of values that match over the released rows: float64 [asked]."""
    best = [total.amax(1) for total in sums(first, last, weights, codes)]
    return torch.cat(best).numpy().astype(np.float64)


def sums(first: np.ndarray, last: np.ndarray, weights: np.ndarray, codes: np.ndarray) -> Iterator[torch.Tensor]:
    """Yield sums of the weights [columns, asked] of codes from first to last, integers [some asked, released rows], one
    block after the other; codes are [columns, released rows].
    Two bytes hold the codes between which 2**15 asked rows tell, in a quarter of the time of four.
    """
    first, last, codes = (np.stack(part) for part in zip(*map(_told_apart, first, last, codes), strict=True))
    kind = np.int16 if codes.max(initial=0) < 2**16 else np.int32
    have, weigh = (torch.from_numpy(part.astype(kind)) for part in (codes, weights))
    step = max(1, BLOCK_SUMS // have.shape[1])
    ranges = zip(*(_ranges(*ends, kind, step) for ends in zip(first, last, strict=True)), strict=True)
    for block, weights_of in zip(ranges, weigh[:, :, None].split(step, 1), strict=True):
        total = torch.zeros(weights_of.shape[1], have.shape[1], dtype=have.dtype)
        found = torch.empty_like(total)
        for column, known, weight in zip(have, block, weights_of, strict=True):
            total.addcmul_(_match(column, known, found), weight)
        yield total


def _ranges(first: np.ndarray, last: np.ndarray, kind: type[np.signedinteger], step: int) -> Iterator[Ranges]:
    """Yield the ranges [asked] of one column, of `step` rows at a time; where each is one code, that code alone."""

    def blocks(part: np.ndarray) -> Sequence[torch.Tensor]:
        return torch.from_numpy(part.astype(kind)[:, None]).split(step)

    least = np.iinfo(kind).min
    if (first == last).all():
        return zip(blocks(first), repeat(None))
    return zip(blocks(first + least), blocks(last - first + least), strict=True)


def _match(codes: torch.Tensor, ranges: Ranges, out: torch.Tensor) -> torch.Tensor:
    """Write into `out` 1 where a code matches, else 0: [some asked, released rows].

    One comparison tells whether a <= x <= b: whether x - a, counted round the bits of its type from the least, is at
    most b - a.
    """
    first, width = ranges
    if width is None:
        return torch.eq(codes, first, out=out)
    return torch.sub(codes, first, out=out).le_(width)


def _told_apart(first: np.ndarray, last: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same ranges [asked] and codes [released rows] of one column, codes that no range tells apart made one."""
    starts = np.zeros(codes.max(initial=0) + 2, np.int64)
    starts[first], starts[last + 1] = 1, 1
    places = np.cumsum(starts)
    return places[first], places[last], places[codes]
