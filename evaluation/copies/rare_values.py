"""Values that one real row alone has, and that stand in the release: rare labels, texts, numbers of accounts, extremes.

Where all rows are draws of one population, it is chance which rows have a value: of the t rows that have it, one is a
training row and the others are released ones with probability t (m / M) (n / M)^(t - 1), for m training, n released and
M rows in all. Which real row has it is chance whatever the release is: of what one real row alone and released rows
have, a training row has it with probability m / (m + h), for h holdout rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy.stats import binom, norm

from launderette.evaluation.canonical import label
from launderette.evaluation.chance import ONCE_IN
from launderette.evaluation.copies.exchange import Count
from launderette.evaluation.measures import reuse
from launderette.evaluation.samples import Samples

ROLES = ("train", "holdout", "synthetic")
SIDES = ("training", "holdout")
FEW = 20  # rows that have a rare value, at most
OUTER = 50  # of all rows, at either end of a column of numbers: its extremes
NAMING, SPAN = 0.99, 100  # share of different values of a number that names somebody, and how sparse its values are
DECIMALS, SECONDS_A_DAY = 6, 86_400.0  # in which a number may be written; seconds
PAIRED = 12  # columns of the most different values, of which two together may name somebody
TOLD_APART = 0.95  # share of real rows that differ in them
BY_INDEPENDENCE = 0.05  # real rows that one would equal if the two were independent, at most
TEXTS, TEXT_SHARE = 5000, 0.05  # rows of each table whose texts are read; share of different ones in a column of texts
ERRORS = 0.8, 0.1, 0.1  # shares of the error: of values, of parts of texts, of two columns together
EXACT = 5000  # rare values; the count of more is normal
NOTHING = np.zeros((0, 4), dtype=np.int64)

Column = np.ndarray  # float64 [all rows]: training, holdout and released ones; NaN where a row has no value
Rare = np.ndarray  # int64 [values, 4]: training, holdout and released rows with each rare value, and who they are


@dataclass(frozen=True)
class RareValues:
    """Rare values of one kind, and the rows of each table among which they were looked for.

    `alone`: each stands in one real row and released rows alone, so that no more than whose it is is chance.
    """

    where: str
    rare: Rare
    sizes: np.ndarray  # int64 [3]
    alone: bool = False

    def hits(self, side: int) -> int:
        """Values that one row of a side has, and otherwise released rows alone."""
        return int(((self.rare[:, side] == 1) & (self.rare[:, 1 - side] == 0) & (self.rare[:, 2] > 0)).sum())

    def chances(self, side: int) -> np.ndarray:
        """How probable that is of each value where rows may change places: float64 [values]."""
        if self.alone:
            return np.full(len(self.rare), self.sizes[side] / self.sizes[:2].sum())
        total, share = self.rare[:, :3].sum(1), self.sizes / self.sizes.sum()
        return total * share[side] * share[2] ** (total - 1)

    def least(self, side: int) -> float:
        """The probability of all values being hits: no count of so few values is less probable."""
        return float(np.exp(np.log(self.chances(side)).sum()))

    def count(self, side: int, tests: float) -> Count:
        """The count of a side, one of so many that share an error."""
        words = f"rare values {self.where} stand in one {SIDES[side]} row and otherwise in released rows alone"
        if self.alone:
            words = f"rare {self.where} that one real row and released rows alone have are {SIDES[side]} rows'"
        chances = self.chances(side)
        allowed = _most(chances, 1 / (ONCE_IN * tests))
        return Count(words, self.hits(side), len(self.rare), float(chances.sum()), allowed)


def counted(samples: Samples) -> list[Count]:
    """Count rare values of one training row, and of one holdout row, that released rows have: of each column of labels,
    of all of them, of numbers that name somebody, of two columns that do so together (the worst of these), of
    quasi-identifiers, of the extremes of all numbers, and of parts of texts.
    """
    sizes = np.array([samples.size(role) for role in ROLES])
    families = _groups(samples, sizes), _fragments(samples), _pairs(samples, sizes)
    found = []
    for side in range(2 if sizes[1] else 1):
        counts = []
        for family, part in zip(families, ERRORS, strict=True):
            tests = _tests([group.least(side) for group in family]) / part * sizes[:2].sum() / sizes[side]
            counts.append([group.count(side, tests) for group in family])
        *others, pairs = counts
        worst = sorted(pairs, key=lambda count: (count.hits - count.allowed, count.hits))[-1:]
        found += [*chain(*others), *worst]
    return found


def _tests(least: list[float]) -> int:
    """Counts that share one error: those of too few values to be beyond chance take none of it (Tarone 1990)."""
    enough = (k for k in range(1, len(least)) if sum(p <= 1 / (ONCE_IN * k) for p in least) <= k)
    return next(enough, max(1, len(least)))


def _groups(samples: Samples, sizes: np.ndarray) -> list[RareValues]:
    """Rare values by where they stand, without those of two columns together and of parts of texts."""
    labels = {c: _rare(_labels(samples, c), sizes) for c in samples.known if not samples.is_number(c)}
    numbers = {c: _column(samples, c) for c in samples.known if samples.is_number(c)}
    naming = {c: _rare(values, sizes) for c, values in numbers.items() if _names(samples, c, values)}
    found = {f"in {column}": rare for column, rare in (labels | naming).items()}
    if sum(len(rare) > 0 for rare in labels.values()) > 1:
        found["in columns of labels"] = _apart([*labels.values()])
    if samples.quasi_identifiers:
        found["of the quasi-identifiers"] = _rare(_combined(samples), sizes)
    found["at the ends of columns of numbers"] = _apart([_extremes(values, sizes) for values in numbers.values()])
    return [RareValues(where, rare, sizes) for where, rare in found.items() if len(rare)]


def _pairs(samples: Samples, sizes: np.ndarray) -> list[RareValues]:
    """Rare values of two columns that together name somebody, as a day of birth and a town do: nearly all real rows
    differ in them, and hardly any would be equal if the columns were independent.
    """
    real, columns = int(sizes[:2].sum()), {}
    for name in samples.known:
        column = _column(samples, name) if samples.is_number(name) else _labels(samples, name)
        if not (samples.is_number(name) and _names(samples, name, column)):
            values, counts = np.unique(column[:real], return_counts=True)
            columns[name] = column, len(values), float(np.square(counts / real).sum())
    chosen = sorted(columns, key=lambda name: -columns[name][1])[:PAIRED]
    found = []
    for one, other in combinations(chosen, 2):
        if real * columns[one][2] * columns[other][2] < BY_INDEPENDENCE:
            both = _joined(np.column_stack([columns[one][0], columns[other][0]]))
            if len(np.unique(both[:real])) > TOLD_APART * real:
                found.append(RareValues(f"of {one} and {other} together", _rare(both, sizes), sizes))
    return [group for group in found if len(group.rare)]


def _fragments(samples: Samples) -> list[RareValues]:
    """Rare parts of texts by column and kind: what a copied text keeps that was written otherwise, or changed a
    little.
    """
    if samples.holdout is None:
        return []
    asked = {role: samples.rows(role, TEXTS, 0) for role in ROLES}
    sizes, found = np.array([len(asked[role]) for role in ROLES]), []
    for column in samples.train.columns:
        if samples.is_number(column):
            continue
        texts = [samples.frames[r][column].iloc[asked[r]].map(label, na_action="ignore") for r in ROLES]
        if texts[0].nunique() > max(FEW, TEXT_SHARE * sizes[0]):
            for kind, places in _written(texts).items():
                found.append(RareValues(f"{kind} in {column}", _alone(_tally(*places, sizes, FEW)), sizes, alone=True))
    return [group for group in found if len(group.rare)]


def _written(texts: list[pd.Series]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Codes of the parts of texts and the rows that they stand in, by kind of part: int64 [parts in rows], twice."""
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    places: dict[str, dict[tuple[int, int], None]] = defaultdict(dict)  # of a part in a row, once each
    for row, text in enumerate(pd.concat(texts, ignore_index=True)):
        if pd.notna(text):
            for kind, part in reuse.fragments(text):
                places[kind][codes[kind].setdefault(part, len(codes[kind])), row] = None
    return {kind: (*np.array([*found], dtype=np.int64).reshape(-1, 2).T,) for kind, found in places.items()}


def _alone(rare: Rare) -> Rare:
    """Those that one real row alone has; what the same rows have in common counts once."""
    return _apart([rare[(rare[:, :2].sum(1) == 1) & (rare[:, 2] > 0)]])


def _most(chances: np.ndarray, level: float) -> int:
    """The number of events with these chances that is exceeded with probability `level`."""
    if len(chances) > EXACT:
        return int(np.ceil(chances.sum() + norm.isf(level) * np.sqrt((chances * (1 - chances)).sum())))
    sums = np.ones(1)
    for chance, events in zip(*np.unique(chances, return_counts=True), strict=True):
        sums = np.convolve(sums, binom.pmf(np.arange(events + 1), events, chance))
    return min(len(chances), int(np.searchsorted(np.cumsum(sums), 1 - level)))


def _rare(column: Column, sizes: np.ndarray, most: int = FEW) -> Rare:
    """The values of a column that two to `most` rows have."""
    rows = np.flatnonzero(~np.isnan(column))
    codes = np.unique(column[rows], return_inverse=True)[1]
    return _tally(codes, rows, sizes, most)


def _tally(codes: np.ndarray, rows: np.ndarray, sizes: np.ndarray, most: int) -> Rare:
    """The same of codes from 0 up and the rows that have them."""
    if not len(rows):
        return NOTHING
    roles = np.repeat(np.arange(3), sizes)[rows]
    counts = np.bincount(codes * 3 + roles, minlength=3 * (codes.max() + 1)).reshape(-1, 3)
    names = np.random.default_rng(0).integers(0, 2**62, int(sizes.sum()))[rows]
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
    return _joined(np.column_stack(parts))


def _joined(rows: np.ndarray) -> Column:
    """Rows of values [all rows, columns] as one number each; none where a value is missing."""
    codes = np.unique(rows, axis=0, return_inverse=True)[1].astype(np.float64).reshape(-1)
    return np.where(np.isnan(rows).any(axis=1), np.nan, codes)


def _names(samples: Samples, name: str, column: Column) -> bool:
    """Whether a number or a date is a name: nearly always another, and written in far more digits than rows would take.

    A release may repeat the value of each real row, so half as many different ones suffice.
    """
    values = column[~np.isnan(column)]
    if samples.kinds[name] not in ("numerical", "datetime") or len(values) < OUTER:
        return False
    step = _step(values * samples.units[name], samples.kinds[name]) / samples.units[name]
    different = len(np.unique(values))
    return bool(np.ptp(values) > SPAN * len(values) * step and different > NAMING * len(values) / 2)


def _step(values: np.ndarray, kind: str) -> float:
    """The least difference that the way in which values are written allows: a power of ten, a day or a second."""
    if kind == "datetime":
        return SECONDS_A_DAY if np.array_equal(values % SECONDS_A_DAY, np.zeros(len(values))) else 1.0
    written = (d for d in range(DECIMALS + 1) if np.array_equal(np.round(values, d), values))
    return 10.0 ** -next(written, DECIMALS)


def _extremes(column: Column, sizes: np.ndarray) -> Rare:
    """The values at either end that two rows have, but for the ends of the release: protection clips to those."""
    values, released = np.sort(column[~np.isnan(column)]), column[-sizes[2] :]
    if len(values) < 4 * OUTER or np.isnan(released).all():
        return NOTHING
    outer = (column <= values[OUTER - 1]) | (column >= values[-OUTER])
    inside = (column != np.nanmin(released)) & (column != np.nanmax(released))
    return _rare(np.where(outer & inside, column, np.nan), sizes, 2)
