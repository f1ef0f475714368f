"""Values that one real row alone has, and that stand in the release: rare labels, texts, numbers of accounts, extremes.

Where all rows are draws of one population, it is chance which rows have a value: of the t rows that have it, one is a
training row and the others are released ones with probability t (m / M) (n / M)^(t - 1), for m training, n released and
M rows in all. Which real row has it is chance whatever the release is: of what one real row alone and released rows
have, a training row has it with probability m / (m + h), for h holdout rows. That alone is asked of numbers that take
turns on a grid, such as the times of a clock or the years of a series, of their ends, and of pairs with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations

import numpy as np

from launderette.evaluation.copies import rare_combinations, rare_ratios, rare_sums, rare_texts
from launderette.evaluation.copies.exchange import Count
from launderette.evaluation.copies.rare_counts import (
    NOTHING,
    ROLES,
    Column,
    Rare,
    RareValues,
    Sharing,
    apart,
    rare_in,
    shared_tests,
    spaced,
)
from launderette.evaluation.samples import Samples

OUTER = 50  # of all rows, at either end of a column of numbers: its extremes
NAMING, SPAN = 0.99, 100  # share of different values of a number that names somebody, and how sparse its values are
DECIMALS, SECONDS_A_DAY = 6, 86_400.0  # in which a number may be written; seconds
PAIRED = 12  # columns of the most different values, of which two together may name somebody
TOLD_APART = 0.95  # share of real rows that differ in them
BY_INDEPENDENCE = 0.05  # real rows that one would equal if the two were independent, at most
# shares of the error: of values, parts of texts, few values together, repeated ones together, ratios, two columns
ERRORS = 0.5, 0.1, 0.1, 0.1, 0.1, 0.1


class Columns(Mapping[str, Column]):
    """Columns of all rows, each put together when it is asked for: all of them are as large as the tables again."""

    def __init__(self, samples: Samples, names: Iterable[str]) -> None:
        self.samples, self.names = samples, tuple(names)

    def __getitem__(self, name: str) -> Column:
        return _column(self.samples, name) if self.samples.is_number(name) else _labels(self.samples, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def only(self, names: Iterable[str]) -> Columns:
        """Return those that are named."""
        return Columns(self.samples, names)


def counted(samples: Samples) -> list[Count]:
    """Count rare values of one training row, and of one holdout row, that released rows have: of each column of labels,
    of all of them, of numbers that name somebody, of two columns that do so together (the worst of these), of
    quasi-identifiers, of the extremes of all numbers, of parts of texts, of combinations of values and of ratios.
    """
    sizes = np.array([samples.size(role) for role in ROLES])
    columns = Columns(samples, samples.known)
    naming = [c for c in columns if _names(samples, c, columns)]  # in their order, which a set has not
    numbers = columns.only(c for c in columns if samples.kinds[c] == "numerical")
    steps = {c: _step(samples, c, values[~np.isnan(values)]) for c, values in numbers.items()}
    given = {c: values * samples.units[c] for c, values in numbers.items()}
    as_given = {c: step * samples.units[c] for c, step in steps.items()}
    families: tuple[Sequence[RareValues | Sharing], ...] = (
        _groups(samples, columns, naming, sizes),
        rare_texts.fragments(samples, [c for c in naming if c in steps and steps[c] * samples.units[c] >= 1]),
        *rare_combinations.combined(columns, sizes),
        [*rare_ratios.ratios(numbers, steps, sizes), *rare_sums.sums(given, as_given, sizes)],
        _pairs(columns.only(c for c in columns if c not in naming), sizes),
    )
    found = []
    for side in range(2 if sizes[1] else 1):
        counts = []
        for family, part in zip(families, ERRORS, strict=True):
            tests = shared_tests([group.least(side) for group in family]) / part * sizes[:2].sum() / sizes[side]
            counts.append([group.count(side, tests) for group in family])
        *others, pairs = counts
        worst = sorted(pairs, key=lambda count: (count.hits - count.allowed, count.hits))[-1:]
        found += [*chain(*others), *worst]
    return found


def _groups(samples: Samples, columns: Columns, naming: Sequence[str], sizes: np.ndarray) -> list[RareValues]:
    """Rare values by where they stand, without those of several columns together and of parts of texts."""
    numbers = [c for c in columns if samples.is_number(c)]
    labels = {c: rare_in(columns[c], sizes) for c in columns if c not in numbers}
    found = {
        f"in {c}": rare
        for c, rare in (
            labels | {c: rare_in(_inside(columns[c], sizes), sizes, len(columns[c])) for c in naming}
        ).items()
    }
    if sum(len(rare) > 0 for rare in labels.values()) > 1:
        found["in columns of labels"] = apart([*labels.values()])
    if asked := [columns[c] for c in samples.metadata.quasi_identifiers if c in samples.known]:
        found["of the quasi-identifiers"] = rare_in(_joined(asked), sizes)
    turning = {c for c in numbers if spaced(columns[c], sizes)}
    ends = {"at the ends of columns of numbers": set(numbers) - turning, "at the ends of columns in turns": turning}
    found |= {w: apart([_extremes(columns[c], sizes) for c in numbers if c in of]) for w, of in ends.items() if of}
    turns = {*(f"in {c}" for c in naming if c in turning), "at the ends of columns in turns"}
    return [RareValues(where, rare, sizes, where in turns) for where, rare in found.items() if len(rare)]


def _pairs(columns: Columns, sizes: np.ndarray) -> list[RareValues]:
    """Rare values of two columns that together name somebody, as a day of birth and a town do: nearly all real rows
    differ in them, and hardly any would be equal if the columns were independent.
    """
    real, spread = int(sizes[:2].sum()), {}
    for name, column in columns.items():
        counts = np.unique(column[:real], return_counts=True)[1]
        spread[name] = len(counts), float(np.square(counts / real).sum())
    chosen = sorted(columns, key=lambda name: -spread[name][0])[:PAIRED]
    found = []
    for one, other in combinations(chosen, 2):
        if real * spread[one][1] * spread[other][1] < BY_INDEPENDENCE:
            both = _joined([columns[one], columns[other]])
            if len(np.unique(both[:real])) > TOLD_APART * real:
                turns = spaced(columns[one], sizes) or spaced(columns[other], sizes)
                found.append(RareValues(f"of {one} and {other} together", rare_in(both, sizes), sizes, turns))
    return [group for group in found if len(group.rare)]


def _column(samples: Samples, name: str) -> Column:
    return np.concatenate([samples.table(role)[name].to_numpy() for role in ROLES if samples.size(role)])


def _labels(samples: Samples, name: str) -> Column:
    """Labels as numbers: those alike but for case, spaces and punctuation are one."""
    plain = [re.sub(r"\W+", " ", str(label).casefold()).strip() or str(label) for label in samples.labels[name]]
    codes = np.append(np.unique(plain, return_inverse=True)[1].astype(np.float64), np.nan)
    return codes[_column(samples, name)]  # -1, which is missing, reads the last


def _joined(columns: Sequence[Column]) -> Column:
    """Each row's values in several columns as one number; none where one is missing."""
    joined = np.zeros(len(columns[0]))
    for column in columns:
        values, codes = np.unique(column, return_inverse=True)
        joined = np.unique(joined * len(values) + codes, return_inverse=True)[1].astype(np.float64)
    return np.where(np.isnan(np.stack(columns)).any(axis=0), np.nan, joined)


def _names(samples: Samples, name: str, columns: Columns) -> bool:
    """Whether a number or a date is a name: nearly always another, and written in far more digits than rows would take.

    A release may repeat the value of each real row, so half as many different ones suffice.
    """
    if samples.kinds[name] not in ("numerical", "datetime"):
        return False
    values = columns[name]
    values = values[~np.isnan(values)]
    if len(values) < OUTER:
        return False
    different = len(np.unique(values))
    return bool(
        np.ptp(values) > SPAN * len(values) * _step(samples, name, values) and different > NAMING * len(values) / 2
    )


def _step(samples: Samples, name: str, values: np.ndarray) -> float:
    """The least difference that the way in which values are written allows: a power of ten, a day or a second."""
    unit = samples.units[name]
    written = values * unit
    if samples.kinds[name] == "datetime":
        return (SECONDS_A_DAY if np.array_equal(written % SECONDS_A_DAY, np.zeros(len(written))) else 1.0) / unit
    decimals = (d for d in range(DECIMALS + 1) if np.array_equal(np.round(written, d), written))
    return 10.0 ** -next(decimals, DECIMALS) / unit


def _extremes(column: Column, sizes: np.ndarray) -> Rare:
    """The values at either end that two rows have, but for the ends of the release: protection clips to those."""
    values, released = np.sort(column[~np.isnan(column)]), column[-sizes[2] :]
    if len(values) < 4 * OUTER or np.isnan(released).all():
        return NOTHING
    outer = (column <= values[OUTER - 1]) | (column >= values[-OUTER])
    return rare_in(np.where(outer, _inside(column, sizes), np.nan), sizes, 2)


def _inside(column: Column, sizes: np.ndarray) -> Column:
    """The values but for the ends of the release."""
    released = column[-sizes[2] :]
    if np.isnan(released).all():
        return column
    return np.where((column == np.nanmin(released)) | (column == np.nanmax(released)), np.nan, column)
