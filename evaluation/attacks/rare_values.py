"""Values that one real row alone has, and that stand in the release: rare labels, texts, numbers of accounts, extremes.

Where all rows are draws of one population, it is chance which rows have a value: of the t rows that have it, one is a
training row and the others are released ones with probability t (m / M) (n / M)^(t - 1), for m training, n released and
M rows in all.
"""

from __future__ import annotations

import re

import numpy as np
from scipy.stats import binom, norm

from launderette.evaluation.attacks.exchange import Count
from launderette.evaluation.chance import ONCE_IN
from launderette.evaluation.samples import Samples

ROLES = ("train", "holdout", "synthetic")
SIDES = ("training", "holdout")
FEW = 20  # rows that have a rare value, at most
OUTER = 50  # of all rows, at either end of a column of numbers: its extremes
NAMING, SPAN = 0.99, 100  # share of different values of a number that names somebody, and how sparse its values are
EXACT = 5000  # rare values; the count of more is normal
NOTHING = np.zeros((0, 4), dtype=np.int64)

Column = np.ndarray  # float64 [all rows]: training, holdout and released ones; NaN where a row has no value
Rare = np.ndarray  # int64 [values, 4]: training, holdout and released rows with each rare value, and who they are


def counted(samples: Samples) -> list[Count]:
    """Count rare values of one training row, and of one holdout row, that released rows have: of each column of labels,
    of all of them, of numbers that name somebody, of quasi-identifiers, and of the extremes of all numbers.
    """
    sizes = np.array([samples.size(role) for role in ROLES])
    labels = {c: _rare(_labels(samples, c), sizes) for c in samples.known if not samples.is_number(c)}
    numbers = {c: _column(samples, c) for c in samples.known if samples.is_number(c)}
    naming = {c: _rare(values, sizes) for c, values in numbers.items() if _names(samples, c, values)}
    groups = {f"in {column}": rare for column, rare in (labels | naming).items() if len(rare)}
    if len(groups) > 1:
        groups["in columns of labels"] = _apart([*labels.values()])
    if samples.quasi_identifiers:
        groups["of the quasi-identifiers"] = _rare(_combined(samples), sizes)
    groups["at the ends of columns of numbers"] = _apart([_extremes(values, sizes) for values in numbers.values()])
    found = {where: rare for where, rare in groups.items() if len(rare)}
    sides = range(2 if sizes[1] else 1)
    tests = len(found) * len(sides)
    return [_count(rare, where, side, sizes, tests) for where, rare in found.items() for side in sides]


def _count(rare: Rare, where: str, side: int, sizes: np.ndarray, tests: int) -> Count:
    """Count the rare values that one row of a side has, and otherwise released rows alone."""
    total, share = rare[:, :3].sum(1), sizes / sizes.sum()
    hits = int(((rare[:, side] == 1) & (rare[:, 2] == total - 1)).sum())
    chances = total * share[side] * share[2] ** (total - 1)
    words = f"rare values {where} stand in one {SIDES[side]} row and otherwise in released rows alone"
    return Count(words, hits, len(rare), float(chances.sum()), _most(total, chances, 1 / (ONCE_IN * tests)))


def _most(total: np.ndarray, chances: np.ndarray, level: float) -> int:
    """The number of events with these chances that is exceeded with probability `level`; equal totals have equal
    chances.
    """
    if len(chances) > EXACT:
        return int(np.ceil(chances.sum() + norm.isf(level) * np.sqrt((chances * (1 - chances)).sum())))
    sums = np.ones(1)
    for t in np.unique(total):
        same = chances[total == t]
        sums = np.convolve(sums, binom.pmf(np.arange(len(same) + 1), len(same), same[0]))
    return min(len(chances), int(np.searchsorted(np.cumsum(sums), 1 - level)))


def _rare(column: Column, sizes: np.ndarray, most: int = FEW) -> Rare:
    """The values of a column that two to `most` rows have."""
    rows = np.flatnonzero(~np.isnan(column))
    if not len(rows):
        return NOTHING
    codes = np.unique(column[rows], return_inverse=True)[1]
    roles = np.repeat(np.arange(3), sizes)[rows]
    counts = np.bincount(codes * 3 + roles, minlength=3 * (codes.max() + 1)).reshape(-1, 3)
    names = np.random.default_rng(0).integers(0, 2**62, len(column))[rows]
    who = np.zeros(len(counts), dtype=np.int64)
    np.add.at(who, codes, names)  # wraps around, and is as good as a hash of the rows
    total = counts.sum(1)
    return np.column_stack([counts, who])[(total >= 2) & (total <= most)]


def _apart(parts: list[Rare]) -> Rare:
    """The rare values of several columns; what the same rows have in two of them counts once: it is no chance of its
    own.
    """
    joined = np.concatenate([NOTHING, *parts])
    return joined[np.unique(joined[:, 3], return_index=True)[1]]


def _column(samples: Samples, name: str) -> Column:
    return np.concatenate([samples.table(role)[name].to_numpy() for role in ROLES if samples.size(role)])


def _labels(samples: Samples, name: str) -> Column:
    """Labels as numbers: those alike but for case, spaces and punctuation are one."""
    plain = [re.sub(r"\W+", " ", str(label).casefold()).strip() or str(label) for label in samples.labels[name]]
    codes = np.append(np.unique(plain, return_inverse=True)[1].astype(np.float64), np.nan)
    return codes[_column(samples, name)]  # -1, which is missing, reads the last


def _combined(samples: Samples) -> Column:
    """Each row's values in all quasi-identifiers as one number; none where a row lacks one of them."""
    parts = [_column(samples, c) if samples.is_number(c) else _labels(samples, c) for c in samples.quasi_identifiers]
    rows = np.column_stack(parts)
    codes = np.unique(rows, axis=0, return_inverse=True)[1].astype(np.float64).reshape(-1)
    return np.where(np.isnan(rows).any(axis=1), np.nan, codes)


def _names(samples: Samples, name: str, column: Column) -> bool:
    """Whether a number is a name: whole, no date, nearly always another, and of far more digits than rows would take.

    A release may repeat the value of each real row, so half as many different ones suffice.
    """
    values = column[~np.isnan(column)]
    if samples.kinds[name] != "numerical" or len(values) < OUTER or not np.array_equal(values, np.round(values)):
        return False
    different = len(np.unique(values))
    return bool(np.ptp(values) > SPAN * len(values) and different > NAMING * len(values) / 2)


def _extremes(column: Column, sizes: np.ndarray) -> Rare:
    """The values at either end that two rows have, but for the ends of the release: protection clips to those."""
    values, released = np.sort(column[~np.isnan(column)]), column[-sizes[2] :]
    if len(values) < 4 * OUTER or np.isnan(released).all():
        return NOTHING
    outer = (column <= values[OUTER - 1]) | (column >= values[-OUTER])
    inside = (column != np.nanmin(released)) & (column != np.nanmax(released))
    return _rare(np.where(outer & inside, column, np.nan), sizes, 2)
