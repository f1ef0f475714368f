"""Orders, sums, products and proportions: does what nearly always holds between numbers, or dates, hold here too?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from launderette.evaluation import chance
from launderette.evaluation.chance import Counted, Loss
from launderette.evaluation.measures import formats
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

ORDER_ROWS = 20_000
MOST_ORDERED, MOST_ADDED = 60, 25  # columns compared; sums grow with the third power
LEAST_KEEPING = 0.99  # share of the training rows that have to keep a rule, or lie in a range
LEAST_SHUFFLED = 20  # shuffled rows, or 1 % of them, and five times as many as training rows, have to break a rule
LEAST_SHUFFLED_RANGE = 0.1  # of shuffled rows have to lie outside a range
FIRST_ROWS = 500  # that a rule is tried on before all
MOST_BROKEN_FIRST = 5 * (1 - LEAST_KEEPING)  # share of them that may break it
ROWS_PER_WEIGHT = 3  # training rows
LEFT_BY_ROUNDING, NEAR_HALF = (
    0.3,
    0.05,
)  # of a tick: the deviation of what is left, 0.29 by rounding; beyond half of one
SUMMED_ROWS, LEAST_TOTALS = 2000, 6  # of a regression; different values of a total
FLOAT_ERROR = 1e-9  # relative error of a product of numbers as computers hold them

Columns = tuple[str, ...]
Broken = Callable[..., np.ndarray]  # values of the columns -> bool [rows]


@dataclass(frozen=True)
class Kept:
    """What nearly all training rows keep: its words, its columns, and which values break it."""

    words: str
    columns: Columns
    broken: Broken


def orders(samples: Samples, *, seed: int = 0) -> Score:
    """Whether rows keep an order, an equality, a sum or a product of two which at least 99 % of the training rows keep:
    1 - the share that break it, beyond chance, of the worst one; in [0, 1], higher better.

    Any two numbers, or two dates, and any three numbers are compared, and each number with the sum that a regression on
    all others finds: parts of a whole, a conversion. A product (an amount) may differ by the rounding of its factors,
    so that a ratio (a price) is found too. Chance is how often real rows break the rule. Cost: one comparison per pair,
    and per three of at most 25 columns.
    """
    return _score(samples, _rules(samples, seed), "an order, a sum or a product", seed)


def proportions(samples: Samples, *, seed: int = 0) -> Score:
    """Whether ratios and differences of two columns lie where real ones do: 1 - the share of rows with one that only 1
    % of training rows have, beyond chance, of the worst pair; in [0, 1], higher better.

    Ratios of two positive numbers, differences of others and of dates; of a pair that is judged, a tenth of the
    shuffled rows lie there. Cost: one sort per pair.
    """
    return _score(samples, _ranges(samples, seed), "a range of ratios or differences", seed)


def _score(samples: Samples, found: tuple[tuple[Kept, ...], int], what: str, seed: int) -> Score:
    kept, tried = found

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), _rows(samples, role, seed)
        return [loss for rule in kept if (loss := _loss(samples, rule, real, other, tried)) is not None]

    absent = Reason.NO_RULES, f"{what} holds in no 99 % of the training rows that would not hold by chance"
    return chance.kept(samples, measure, absent, f"{len(kept)} found on up to {ORDER_ROWS:,} rows.")


def _rows(samples: Samples, role: str, seed: int) -> pd.DataFrame:
    return samples.table(role).iloc[samples.rows(role, ORDER_ROWS, seed)]


def _loss(samples: Samples, rule: Kept, real: pd.DataFrame, other: pd.DataFrame, tried: int) -> Loss | None:
    one, two = (rule.broken(*_known(samples, table, rule.columns)) for table in (real, other))
    if not len(one) or not len(two):
        return None
    hits, usual = int(two.sum()), chance.usual(one.mean() * len(two))
    said = f"{rule.words} in {hits:,} of {len(two):,} released rows; of as many real rows, in {usual}."
    return Counted(rule.words, hits / len(two), chance.most(int(one.sum()), len(one), len(two), tried), said)


def _known(samples: Samples, table: pd.DataFrame, columns: Columns, first: int | None = None) -> tuple[np.ndarray, ...]:
    """Values, as they were given, of the (first) rows that lack none of them: float64 [rows] by column."""
    values = np.array([table[c].to_numpy()[:first] * samples.units[c] for c in columns])
    return tuple(values[:, ~np.isnan(values).any(0)])


@once
def _rules(samples: Samples, seed: int) -> tuple[tuple[Kept, ...], int]:
    """Orders, equalities, sums and products that nearly all training rows keep, and how many were tried."""
    train, loose = (_rows(samples, role, seed) for role in ("train", "shuffled"))
    products, multiplied = _products(samples, train)
    candidates = [*_orders(samples), *_sums(samples), *_totals(samples, train)]
    kept = [rule for rule in (*candidates, *products) if _says(samples, rule, train, loose)]
    return tuple(kept), len(candidates) + multiplied


def _says(samples: Samples, rule: Kept, train: pd.DataFrame, loose: pd.DataFrame) -> bool:
    first = rule.broken(*_known(samples, train, rule.columns, FIRST_ROWS))
    if first.size and first.mean() > MOST_BROKEN_FIRST:
        return False
    broken, usual = (rule.broken(*_known(samples, table, rule.columns)) for table in (train, loose))
    if not len(broken) or broken.mean() > 1 - LEAST_KEEPING:
        return False
    return bool(usual.sum() >= max(LEAST_SHUFFLED, 0.01 * len(usual), 5 * broken.mean() * len(usual)))


def _comparable(samples: Samples) -> list[str]:
    return [c for c in samples.known if samples.kinds[c] in ("numerical", "datetime")][:MOST_ORDERED]


def _orders(samples: Samples) -> Iterator[Kept]:
    for one, two in permutations(_comparable(samples), 2):
        if samples.kinds[one] == samples.kinds[two]:
            yield Kept(f"{one!r} is above {two!r}", (one, two), np.greater)
            if one < two:
                yield Kept(f"{one!r} is not {two!r}", (one, two), np.not_equal)


def _sums(samples: Samples) -> Iterator[Kept]:
    decimals = _decimals(samples)
    for total in decimals:
        for one, two in combinations([c for c in decimals if c != total], 2):
            half = 0.5 * 10.0 ** -max(decimals[c] for c in (one, two, total))
            yield Kept(f"{one!r} and {two!r} are not {total!r} in sum", (one, two, total), _unequal(half))


def _decimals(samples: Samples) -> dict[str, int]:
    """The numbers that may add up, and the decimals in which they are written."""
    numbers = [c for c in _comparable(samples) if samples.kinds[c] == "numerical"][:MOST_ADDED]
    found = {c: formats.decimals(samples, c) for c in numbers}
    return {c: places for c, places in found.items() if places is not None}


def _unequal(half: float) -> Broken:
    return lambda a, b, total: np.abs(a + b - total) >= half


def _totals(samples: Samples, train: pd.DataFrame) -> Iterator[Kept]:
    """Yield the sums of numbers that others are but for rounding, such as a mean of many marks: of the same numbers the
    one with the fewest negative weights.
    """
    decimals = _decimals(samples)
    known = _known(samples, train, tuple(decimals), SUMMED_ROWS) if len(decimals) > 1 else ()
    if not known or len(known[0]) < ROWS_PER_WEIGHT * len(known):
        return
    values = dict(zip(decimals, known, strict=True))
    sums = [found for c in values if (found := _total(c, values, 10.0 ** -decimals[c])) is not None]
    by_columns = {told: kept for _, told, kept in sorted(sums, key=lambda found: -found[0])}
    yield from by_columns.values()


def _total(total: str, values: Mapping[str, np.ndarray], tick: float) -> tuple[int, frozenset[str], Kept] | None:
    """Return the sum of other numbers, with the weights of a regression, that leaves no more of one than rounding does,
    how many weights are negative, and which numbers count; None where there is none. Where numbers follow from each
    other, as parts of it do, it is one of the sums that are the same.
    """
    y, others = values[total], {c: own for c, own in values.items() if c != total}
    x = np.array([*others.values(), np.ones(len(y))])
    weights = np.linalg.lstsq(x.T, y)[0]
    told = {c: w for c, own, w in zip(others, x, weights, strict=False) if abs(w) * own.std() > NEAR_HALF * tick}
    rounded_only = (y - weights @ x).std() <= LEFT_BY_ROUNDING * tick
    if len(np.unique(y)) < LEAST_TOTALS or not told or not rounded_only:
        return None
    words = f"{total!r} is not the sum that {', '.join(map(repr, told))} lead to"
    kept = Kept(words, (*others, total), _unlike_sum(weights, tick))
    return sum(w < 0 for w in told.values()), frozenset({total, *told}), kept


def _unlike_sum(weights: np.ndarray, tick: float) -> Broken:
    """Whether a weighted sum, and a constant, differ from the last column by more than rounding."""
    return lambda *own: np.abs(weights[:-1] @ np.array(own[:-1]) + weights[-1] - own[-1]) > (0.5 + NEAR_HALF) * tick


def _products(samples: Samples, train: pd.DataFrame) -> tuple[list[Kept], int]:
    """Products that the first training rows nearly keep, and how many were tried."""
    decimals = _decimals(samples)
    first = {c: train[c].to_numpy()[:FIRST_ROWS] * samples.units[c] for c in decimals}
    tried = [rule for one, two in combinations(decimals, 2) for rule in _multiplied(one, two, decimals)]
    kept = [rule for rule in tried if _nearly(rule.broken, *(first[c] for c in rule.columns))]
    return kept, len(tried)


def _multiplied(one: str, two: str, decimals: Mapping[str, int]) -> Iterator[Kept]:
    """Products of two numbers that may be any other: exactly, or but for the rounding of those with decimals."""
    halves = {c: 0.5 * 10.0**-places if places else 0.0 for c, places in decimals.items()}
    for total in (c for c in decimals if c not in (one, two)):
        words, least = f"{one!r} times {two!r} is not {total!r}", 0.5 * 10.0 ** -decimals[total]
        yield Kept(words, (one, two, total), _unlike(least, 0.0, 0.0))
        if halves[one] or halves[two]:
            yield Kept(f"{words}, but for rounding", (one, two, total), _unlike(least, halves[one], halves[two]))


def _unlike(half: float, of_one: float, of_two: float) -> Broken:
    """Whether a product differs from its total by more than half a last digit of it, and of its factors."""

    def broken(a: np.ndarray, b: np.ndarray, total: np.ndarray) -> np.ndarray:
        slack = half + of_one * np.abs(b) + of_two * np.abs(a) + FLOAT_ERROR * np.abs(total)
        return np.abs(a * b - total) > slack

    return broken


def _nearly(broken: Broken, *values: np.ndarray) -> bool:
    """Whether nearly all rows that lack no value keep a rule."""
    known = ~np.isnan(values).any(0)
    return bool(known.any()) and float(broken(*(v[known] for v in values)).mean()) <= MOST_BROKEN_FIRST


@once
def _ranges(samples: Samples, seed: int) -> tuple[tuple[Kept, ...], int]:
    """Ranges of ratios and differences of nearly all training rows, and how many were tried."""
    train, loose = (_rows(samples, role, seed) for role in ("train", "shuffled"))
    kept, tried = [], 0
    for one, two in combinations(_comparable(samples), 2):
        values = _known(samples, train, (one, two))
        if samples.kinds[one] != samples.kinds[two] or not len(values[0]):
            continue
        tried += 1
        rule = _range(one, two, *values, dates=samples.kinds[one] == "datetime")
        usual = rule.broken(*_known(samples, loose, rule.columns))
        if len(usual) and usual.mean() >= LEAST_SHUFFLED_RANGE:
            kept.append(rule)
    return tuple(kept), tried


def _range(one: str, two: str, a: np.ndarray, b: np.ndarray, *, dates: bool) -> Kept:
    """The range of the ratio of numbers where all are positive, else of the difference; of the inner training rows."""
    ratio = not dates and bool(min(a.min(), b.min()) > 0)
    values = a / b if ratio else a - b
    low, high = np.quantile(values, [(1 - LEAST_KEEPING) / 2, (1 + LEAST_KEEPING) / 2])
    what = "time between" if dates else "ratio of" if ratio else "difference of"
    return Kept(f"The {what} {one!r} and {two!r} is unusual", (one, two), _outside(float(low), float(high), ratio))


def _outside(low: float, high: float, ratio: bool) -> Broken:
    def broken(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = a / b if ratio else a - b
        return ~((values >= low) & (values <= high))

    return broken
