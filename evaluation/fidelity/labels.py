"""Labels: does each stand in as many rows as among real ones?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from launderette.evaluation import chance
from launderette.evaluation.chance import Counted, Loss
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

SHARE_ROWS = 50_000
LEAST_LABEL_SHARE = 0.05  # a smaller share is compared as if it were this one
ADDED = 3 / 8  # rows with and without a label, to the counts of either
MOST_LABELS = 50  # of a column, the most frequent ones of real and released rows together


def label_shares(samples: Samples, *, seed: int = 0) -> Score:
    """1 - change of the share of a label, divided by the larger of both shares, of the label that changed most, beyond
    chance; in [0, 1], higher better.

    One half where a label stands twice or half as often. Numbers that stand in as many rows of both tables as 5 % of
    the real ones count as labels. `worst_column` weighs a label by its rows, so that it sees little of this. A change
    beyond chance counts by the low end of its 95 % interval. Cost: one count per column.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, SHARE_ROWS, seed)]
        counts = [one for c in samples.known for one in _counts(samples, c, real, other)]
        return [_changed(*one, len(counts)) for one in counts]

    absent = Reason.NO_VALUES, "no column has labels, or a number that many rows have"
    return chance.kept(samples, measure, absent, f"Up to {SHARE_ROWS:,} rows of each table.", sure=True)


def _counts(
    samples: Samples, column: str, real: pd.DataFrame, other: pd.DataFrame
) -> Iterator[tuple[str, int, int, int, int]]:
    """Rows of each label and known values, of real and of other rows."""
    known, values = (table[column].to_numpy() for table in (real, other))
    known, values = (v[~np.isnan(v)] if samples.is_number(column) else v[v >= 0] for v in (known, values))
    if not len(known) or not len(values):
        return
    names, counts = np.unique(known, return_counts=True)
    at = np.searchsorted(names, values).clip(max=len(names) - 1)
    there = np.bincount(at[names[at] == values], minlength=len(names))
    both = counts + there  # chosen by these: labels frequent among real rows alone would be rarer in any fresh ones
    frequent = np.argsort(-both, kind="stable")[:MOST_LABELS]
    least = LEAST_LABEL_SHARE * len(known) if samples.is_number(column) else 0
    for place in frequent[(both[frequent] >= least) & (counts[frequent] < len(known))]:
        yield str(column), int(counts[place]), len(known), int(there[place]), len(values)


def _changed(column: str, count: int, rows: int, there: int, size: int, parts: int) -> Loss:
    """The change of one label's share, and how far on its side chance takes it."""
    one, two = count / rows, there / size
    larger, limit = max(one, two, LEAST_LABEL_SHARE), _limit(count, rows, size, parts, more=two > one)
    said = (
        f"A value of {column!r} stands in {there:,} of {size:,} released rows; of as many real rows, {one * size:,.0f}."
    )
    return Counted(column, abs(one - two) / larger, abs(limit - one) / larger, said)


def _limit(count: int, rows: int, size: int, parts: int, *, more: bool) -> float:
    """The share of `size` fresh rows that a label reaches at most, or at least, where `count` of `rows` real rows have
    it.

    Of arcsines of the square roots of shares, whose errors hardly depend on the shares (Anscombe 1948): by a normal
    error of the shares themselves, few rows have more of a rare label than it allows three times too often.
    """
    angle = np.arcsin(np.sqrt((count + ADDED) / (rows + 2 * ADDED)))
    error = chance.deviations(parts) * np.sqrt(1 / (rows + 0.5) + 1 / (size + 0.5)) / 2
    share = np.sin(np.clip(angle + (error if more else -error), 0, np.pi / 2)) ** 2
    return float(np.clip(share * (1 + 2 * ADDED / size) - ADDED / size, 0, 1))
