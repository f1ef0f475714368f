"""How much a match in each column speaks for a released row having been made from a real one: the linkage of records.

A pair that belongs together matches in a column with probability m, any other with u, the share of real rows that match
the value. log(m / u) speaks for the pair where the column matches, log((1 - m) / (1 - u)) against it where it does not
(Fellegi and Sunter 1969): a match on a rare value says most. m is estimated from the likeliest pairs (Winkler 1988),
that of each column from pairs that were found without it, so that a column which was not copied finds no support.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from launderette.evaluation.attacks import matching
from launderette.evaluation.attacks.column_matches import MatchingRanges

SUPPOSED, SUREST = 0.9, 0.95  # m as it is supposed at first, and at most
LARGEST_SHARE = 0.99  # u at most
ESTIMATES = 3  # of estimating m
TOP_PAIRS = 32  # of each candidate
LINKED_AT = 0.1  # share of non-members whose likeliest pair is taken for one that belongs together
FEWEST_LINKED = 4.0  # members beyond these false ones, below which a column keeps its m
TELLING = 2.0  # standard errors by which members match more often than non-members do

Matches = Mapping[str, MatchingRanges]  # of some candidates and all released rows, by column
MatchWeights = dict[str, float]  # m by column


@dataclass(frozen=True)
class LikelyPairs:
    """The likeliest released rows of each candidate of a group, and the log likelihood ratios of these pairs."""

    matches: Matches
    places: np.ndarray  # int64 [candidates, pairs]
    totals: np.ndarray  # float64 [candidates, pairs]

    def without(self, column: str, weights: MatchWeights) -> tuple[np.ndarray, np.ndarray]:
        """The ratio of each candidate's likeliest pair by the other columns, and whether it matches in this one."""
        one = self.matches[column]
        codes = one.codes[self.places]
        matched = one.some[:, None] & (codes >= one.first[:, None]) & (codes <= one.last[:, None])
        totals = self.totals
        if column in weights:
            agree, differ = _ratios(one.share, weights[column])
            totals = totals - np.where(matched, agree[:, None], differ[:, None])
        best = totals.argmax(1)[:, None]
        return np.take_along_axis(totals, best, 1)[:, 0], np.take_along_axis(matched, best, 1)[:, 0]


def supposed(columns: Iterable[str]) -> MatchWeights:
    """m before anything is known of it."""
    return dict.fromkeys(columns, SUPPOSED)


def estimated(members: Matches, non_members: Matches, start: Iterable[str], least: int) -> MatchWeights:
    """m of the columns that belong together with those of `start`; of fewer than `least` columns no round is made."""
    found = supposed(start)
    for _ in range(ESTIMATES):
        inside, outside = (_likely_pairs(matches, found) for matches in (members, non_members))
        agreed = {column: _agreement(column, inside, outside, found) for column in members}
        telling = {column: m for column, m in agreed.items() if m is not None}
        if len(telling) < least:
            break
        found = telling
    return found


def likelihood(matches: Matches, weights: MatchWeights) -> np.ndarray:
    """The greatest log likelihood ratio of a pair of each candidate: float64 [candidates]."""
    base, scale, parts = _parts(matches, weights)
    best = torch.cat([total.amax(1) for total in matching.sums(*parts)])
    return base + best.numpy() / scale


def _likely_pairs(matches: Matches, weights: MatchWeights) -> LikelyPairs:
    base, scale, parts = _parts(matches, weights)
    most = min(TOP_PAIRS, parts[-1].shape[1])
    found = [torch.topk(total.int(), most, dim=1, sorted=False) for total in matching.sums(*parts)]
    totals, places = (torch.cat(side).numpy() for side in zip(*found, strict=True))
    return LikelyPairs(matches, places, base[:, None] + totals / scale)


def _agreement(column: str, inside: LikelyPairs, outside: LikelyPairs, weights: MatchWeights) -> float | None:
    """m of one column, from the members whose likeliest pairs by the others are likelier than those of non-members;
    None where they match in it no more often than non-members do.
    """
    (scores, matched), (usual, by_chance) = (side.without(column, weights) for side in (inside, outside))
    rank = max(1, int(LINKED_AT * (len(usual) + 1)))
    linked = scores > np.sort(usual)[-rank]
    false = len(scores) * rank / (len(usual) + 1)
    if linked.sum() - false < FEWEST_LINKED:
        return weights.get(column)
    present = linked & ~np.isnan(inside.matches[column].share)
    share, chance = (float(m.mean()) if len(m) else 0.0 for m in (matched[present], by_chance))
    pooled = (share * linked.sum() + chance * len(usual)) / (linked.sum() + len(usual))
    error = np.sqrt(max(pooled * (1 - pooled), 1e-3) * (1 / linked.sum() + 1 / len(usual)))
    if share - chance < TELLING * error:
        return None
    return min(SUREST, float((share * linked.sum() - chance * false) / (linked.sum() - false)))


def _parts(matches: Matches, weights: MatchWeights) -> tuple[np.ndarray, float, tuple[np.ndarray, ...]]:
    """What a pair without a match has, how much a unit of the sums is, and the parts of matching.sums."""
    chosen = [(matches[column], *_ratios(matches[column].share, m)) for column, m in weights.items()]
    gains = np.stack([agree - differ for _, agree, differ in chosen])
    scale = matching.LARGEST_SUM / max(1e-9, float(gains.max(1).sum()))
    first, last, codes = (np.stack([getattr(one, part) for one, *_ in chosen]) for part in ("first", "last", "codes"))
    units = np.floor(gains * scale) * np.stack([one.some for one, *_ in chosen])
    return np.sum([differ for *_, differ in chosen], axis=0), scale, (first, last, units, codes)


def _ratios(share: np.ndarray, m: float) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood ratios of a match and of none, for each candidate: 0 where its value is missing."""
    u = np.nan_to_num(np.minimum(share, LARGEST_SHARE), nan=m)
    return np.maximum(np.log(m / u), 0.0), np.minimum(np.log((1 - m) / (1 - u)), 0.0)
