"""Labels: does each stand in as many rows as among real ones?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted, Loss, Owners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

SHARE_ROWS = 50_000
LEAST_LABEL_SHARE = 0.05  # a smaller share is compared as if it were this one
ADDED = 3 / 8  # rows with and without a label, to the counts of either
MOST_LABELS = 50  # of a column, the most frequent ones of real and released rows together
RARE_SHARE = 0.01  # of both tables together; rarer labels of a column also count together


@dataclass(frozen=True)
class Standing:
    """In how many real rows and in how many others a label, or rare ones together, stand; of how many; and how many
    times real shares vary as much as those of independent rows.
    """

    column: str
    what: str
    count: int
    rows: int
    there: int
    size: int
    effect: float = 1.0


def label_shares(samples: Samples, *, seed: int = 0) -> Score:
    """1 - the change of a label's share beyond chance, divided by the larger share, of the label that changed most; in
    [0, 1], higher better.

    One half where a label is twice or half as frequent. Labels that at most 1 % of the rows of both tables have are
    also counted together, and numbers that stand in as many rows of both tables as 5 % of the real ones count as
    labels. `worst_column` sees little of this, for it weighs a label by its rows. Chance takes more where rows of one
    entity share a label. The change beyond chance is the low end of its 95 % interval. Cost: one count per column.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, SHARE_ROWS, seed)]
        owners = chance.owners(samples, role)
        found = [one for c in samples.known for one in _standing(samples, c, real, other, owners)]
        return [_changed(one, len(found)) for one in found]

    absent = Reason.NO_VALUES, "no column has labels, or a number that many rows have"
    return chance.kept(samples, measure, absent, f"Up to {SHARE_ROWS:,} rows of each table.", sure=True)


def _standing(
    samples: Samples, column: str, real: pd.DataFrame, other: pd.DataFrame, owners: Owners
) -> Iterator[Standing]:
    """The labels of a column, chosen by real and other rows together: those frequent, or rare, among real rows alone
    would be less so in any fresh ones.
    """
    known, values = (table[column].to_numpy() for table in (real, other))
    owners = None if owners is None else owners[samples.is_present(column, known)]
    known, values = (v[samples.is_present(column, v)] for v in (known, values))
    if not len(known) or not len(values):
        return
    names, codes = np.unique(np.concatenate([known, values]), return_inverse=True)
    counts, there = (np.bincount(side, minlength=len(names)) for side in np.split(codes, [len(known)]))
    both = counts + there

    def standing(what: str, chosen: np.ndarray) -> Standing:
        sides = int(counts[chosen].sum()), len(known), int(there[chosen].sum()), len(values)
        effect = 1.0 if owners is None else entities.label_effect(1 * np.isin(codes[: len(known)], chosen), owners)
        return Standing(column, what, *sides, max(effect, least_effect))

    # by few owners alone would hardly be told how their rows come together
    least_effect = entities.label_effect(codes[: len(known)], owners)
    rare = np.flatnonzero(both <= RARE_SHARE * both.sum())
    if not samples.is_number(column) and 1 < len(rare) < len(names):
        yield standing("A rare value", rare)
    least = LEAST_LABEL_SHARE * len(known) if samples.is_number(column) else 0
    asked = (counts > 0) & (counts < len(known)) & (both >= least)
    for place in np.argsort(-np.where(asked, both, 0), kind="stable")[: min(MOST_LABELS, asked.sum())]:
        yield standing("A value", place)


def _changed(one: Standing, parts: int) -> Loss:
    """The change of one share, and how far on its side chance takes it."""
    usual, found = one.count / one.rows, one.there / one.size
    sides = one.count / one.effect, one.rows / one.effect, one.size / one.effect
    larger, limit = max(usual, found, LEAST_LABEL_SHARE), _limit(*sides, parts, found > usual)
    said = (
        f"{one.what} of {one.column!r} stands in {one.there:,} of {one.size:,} released rows; of as many real rows, "
        f"{usual * one.size:,.0f}."
    )
    return Counted(str(one.column), abs(usual - found) / larger, abs(limit - usual) / larger, said)


def _limit(count: float, rows: float, size: float, parts: int, more: bool) -> float:
    """The share of `size` fresh rows that a label reaches at most, or at least, where `count` of `rows` real rows have
    it.

    Of arcsines of the square roots of shares, whose errors hardly depend on the shares (Anscombe 1948): by a normal
    error of the shares themselves, few rows have more of a rare label than it allows three times too often.
    """
    angle = np.arcsin(np.sqrt((count + ADDED) / (rows + 2 * ADDED)))
    error = chance.deviations(parts) * np.sqrt(1 / (rows + 0.5) + 1 / (size + 0.5)) / 2
    share = np.sin(np.clip(angle + (error if more else -error), 0, np.pi / 2)) ** 2
    return float(np.clip(share * (1 + 2 * ADDED / size) - ADDED / size, 0, 1))
