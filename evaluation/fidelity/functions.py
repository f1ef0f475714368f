"""Functions: is a number that follows from other columns, in steps or up to an end, still what they say?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeRegressor

from launderette.evaluation import chance, entities, panels
from launderette.evaluation.chance import Counted, Owners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator

FUNCTION_ROWS, FIRST_FUNCTION_ROWS = 6000, 1000  # of each table; that say first whether a number follows
MOST_FOLLOWING, DATES_IN_PAIRS, MOST_IN_PAIRS = 30, 4, 3  # numbers; dates, and numbers that say most, taken two by two
NEARNESS = 1e-6, 0.01, 0.02, 0.05  # of a number's deviation, that it may be off
LEAST_FOLLOWING, LEAST_FOLLOWING_FIRST = 0.9, 0.5  # of real rows are near, beyond those near by chance
FEWEST_NUMBERS = 3  # different ones: of a flag, `decided` asks
MOST_WAYS = 3  # in which a number is told, each without the columns that told most before
LEAST_APART = 50  # real rows, and as many expected of others, that are not near by chance

Values = np.ndarray  # float64 [rows], of real rows or of others
TwoSided = tuple[Values, Values]
Key = tuple[str, ...]  # a column, or two dates


@dataclass(frozen=True)
class Following:
    """A number, or a time between two dates, what may tell it, float64 [rows, columns], and the half of the real rows
    that each is in.
    """

    words: str
    numbers: TwoSided
    points: tuple[np.ndarray, ...]
    half: np.ndarray
    owners: Owners

    def of(self, real: np.ndarray | slice, other: np.ndarray | slice) -> Following:
        """The same of some rows of each side."""
        numbers, points = ((own[0][real], own[1][other]) for own in (self.numbers, self.points))
        owners = None if self.owners is None else self.owners[real]
        return replace(self, numbers=numbers, points=points, half=self.half[real], owners=owners)


@dataclass(frozen=True)
class Foretelling:
    """Which numbers are off, bool [rows] of real rows and of others, the share of real ones that are near where they
    are dealt out anew, and the column that says most.
    """

    off: tuple[np.ndarray, np.ndarray]
    by_chance: float
    most: int


def functions(samples: Samples, *, seed: int = 0) -> Score:
    """Whether a number that other columns tell nearly exactly is what they tell: 1 - the share of rows in which it is
    not, beyond chance, of the worst number; in [0, 1], higher better.

    Numbers of one or two values are left to `decided`. A regression tree of the other columns, of times between dates
    and of differences, products and ratios of the three numbers most like it in rank, learnt from real rows, has to
    come within 5 % of the deviation (nearer where it can) of 90 % of other real rows, beyond those which it comes near
    to where numbers are dealt out anew (kappa, Cohen 1960): a fee that stops at an end, a tariff by zone and weight, a
    term by kind of loan. Then it is asked again without the column that told most, up to three times: days overdue
    follow from a fee, and from dates. Cost: two small trees per number or time, of at most 30, and up to ten more of
    those that follow.
    """

    def measure(role: str) -> list[Counted]:
        asked = list(_asked(samples, role, seed))
        return [loss for one in asked for loss in _lost(one, MOST_WAYS * len(asked), seed)]

    absent = Reason.NO_ASSOCIATION, "no number follows from other columns"
    if len(samples.known) < 2:
        return unknown(*absent)
    return chance.kept(samples, measure, absent, f"Up to {FUNCTION_ROWS:,} rows of each table.")


def _asked(samples: Samples, role: str, seed: int) -> Iterator[Following]:
    """Each number, and each time between two dates, of real rows and of those of a role."""
    real, owners = chance.real(samples, role), panels.owners(samples, role)
    rng = generator(seed, RandomStream.FUNCTION_ROWS)
    chosen = rng.permutation(len(real))[:FUNCTION_ROWS]
    owners = None if owners is None else np.unique(owners[chosen], return_inverse=True)[1]
    whose = np.arange(len(chosen)) if owners is None else owners
    half = rng.permutation(whose.max() + 1)[whose] % 2  # rows of one owner lie in one: the others would tell of them
    tables = real.iloc[chosen], samples.table(role).iloc[samples.rows(role, FUNCTION_ROWS, seed)]
    columns: dict[Key, TwoSided] = {(c,): _values(samples, c, tables) for c in samples.known}
    dates = [c for c in samples.known if samples.kinds[c] == "datetime"]
    pairs = combinations(dates[:DATES_IN_PAIRS], 2)
    columns |= {pair: _of_two(np.subtract, *(columns[(c,)] for c in pair)) for pair in pairs}
    numbers = [(c,) for c in samples.known if samples.is_number(c) and c not in dates]
    for own in [*numbers, *(key for key in columns if len(key) == 2)][:MOST_FOLLOWING]:
        words = repr(own[0]) if len(own) == 1 else f"the time between {own[0]!r} and {own[1]!r}"
        telling = [both for key, both in columns.items() if not {*key} <= {*own}]
        telling += _joined(columns[own], [columns[key] for key in numbers if key != own])
        placed = zip(*(_placed(*both) for both in telling), strict=True)
        yield Following(words, columns[own], tuple(np.stack(side, axis=1) for side in placed), half, owners)


def _values(samples: Samples, column: str, tables: tuple[pd.DataFrame, pd.DataFrame]) -> TwoSided:
    """Numbers and dates as they are, labels by their frequency among real rows; NaN where missing."""
    real, other = (table[column].to_numpy() for table in tables)
    if samples.is_number(column):
        return real, other
    counts = np.bincount(real[real >= 0], minlength=len(samples.labels[column]))
    place = np.append(np.argsort(np.argsort(-counts, kind="stable")).astype(float), np.nan)
    return place[real], place[other]


def _of_two(how: Callable[..., Values], one: TwoSided, two: TwoSided) -> TwoSided:
    with np.errstate(all="ignore"):
        real, other = (how(*pair) for pair in zip(one, two, strict=True))
    return np.where(np.isfinite(real), real, np.nan), np.where(np.isfinite(other), other, np.nan)


def _joined(number: TwoSided, others: list[TwoSided]) -> list[TwoSided]:
    """Differences, products and ratios of the numbers that are most like one in rank among real rows."""
    alike = [-abs(_correlation(number[0], both[0])) for both in others]
    most = [others[k] for k in np.argsort(alike, kind="stable")[:MOST_IN_PAIRS]]
    hows = np.subtract, np.multiply, np.divide
    return [_of_two(how, *pair) for pair in combinations(most, 2) for how in hows]


def _correlation(one: Values, two: Values) -> float:
    """Rank correlation (Spearman 1904) of rows that lack neither."""
    known = ~np.isnan(one) & ~np.isnan(two)
    ranks = [rankdata(side[known]) for side in (one, two)]
    return float(np.corrcoef(*ranks)[0, 1]) if known.any() and all(map(np.ptp, ranks)) else 0.0


def _placed(real: Values, other: Values) -> TwoSided:
    """The places of values among those of real rows: single precision holds them."""
    known = np.unique(real[~np.isnan(real)])
    placed = (np.where(np.isnan(side), np.nan, np.searchsorted(known, side)) for side in (real, other))
    return next(placed), next(placed)


def _lost(asked: Following, parts: int, seed: int) -> Iterator[Counted]:
    """How much oftener a number is off in other rows than in real ones, by each way in which it follows there."""
    asked = asked.of(*(~np.isnan(side) for side in asked.numbers))
    if not len(asked.numbers[1]):
        return
    if len(np.unique(asked.numbers[0])) < FEWEST_NUMBERS:
        return
    for _ in range(MOST_WAYS):
        first = asked.of(slice(FIRST_FUNCTION_ROWS), slice(0))
        if not first.points[0].size or _told(first, LEAST_FOLLOWING_FIRST, seed) is None:
            return
        if (told := _told(asked, LEAST_FOLLOWING, seed)) is None:
            return
        if (1 - told.by_chance) * min(map(len, told.off)) >= LEAST_APART:
            yield _counted(asked, told, parts)
        asked = replace(asked, points=tuple(np.delete(side, told.most, axis=1) for side in asked.points))


def _counted(asked: Following, told: Foretelling, parts: int) -> Counted:
    rows, size = map(len, told.off)
    usual, there = (float(side.mean()) for side in told.off)
    own = rows / entities.design_effect(told.off[0].astype(float), asked.owners)
    most = chance.most(round(usual * own), max(1, round(own)), size, parts)
    said = (
        f"Other columns tell {asked.words} nearly exactly in {1 - usual:.0%} of {rows:,} real rows; "
        f"in {1 - there:.0%} of {size:,} released ones."
    )
    lost, allowed = (max(0.0, share - usual) / (1 - told.by_chance) for share in (there, most))
    return Counted(asked.words, min(1.0, lost), allowed, said)


def _told(asked: Following, least: float, seed: int) -> Foretelling | None:
    """What is told by the strictest measure by which so many real numbers follow; None where none does."""
    *said, most = _said(asked, seed)
    real = asked.numbers[0]
    for share in NEARNESS:
        near = share * float(real.std())
        off = tuple(np.abs(true - told) > near for true, told in zip(asked.numbers, said, strict=True))
        by_chance = float((np.abs(np.roll(real, len(real) // 2) - said[0]) <= near).mean())
        if 1 - off[0].mean() - by_chance >= least * (1 - by_chance) > 0:
            return Foretelling((off[0], off[1]), by_chance, most)
    return None


def _said(asked: Following, seed: int) -> tuple[Values, Values, int]:
    """What a tree of the other half of the real rows says of each row, of other rows that of either half, and the
    column by which most was told.
    """
    weight = np.zeros(asked.points[0].shape[1])
    said = [np.full(len(side), np.nan) for side in asked.numbers]
    halves = asked.half, np.arange(len(said[1])) % 2
    for half in (0, 1):
        learnt = asked.half != half
        if not learnt.any():
            continue
        tree = DecisionTreeRegressor(random_state=seed).fit(asked.points[0][learnt], asked.numbers[0][learnt])
        weight += tree.feature_importances_
        for told, points, which in zip(said, asked.points, halves, strict=True):
            if (rows := which == half).any():
                told[rows] = tree.predict(points[rows])
    return said[0], said[1], int(weight.argmax())
