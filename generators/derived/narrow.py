"""Columns that nearly follow from another one: delivered a few days after ordered, tax in two rates of net.

Then the difference or the ratio is learnt in place of the column, which is worked out from it and the other column:
the range of what lies between the two is that of the training rows, whatever a model draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators import formulas
from launderette.generators.candidates.shapes import LEAST_COMPARED_ROWS, ColumnValues, TableValues
from launderette.generators.data.schema import Numerical
from launderette.generators.derived.columns import per_unit
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE, roundest
from launderette.generators.formulas.formula import Formula, quoted
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.reading import LENGTHS

# of a column's own spread, that of a difference or of a ratio at most: wider ratios are learnt no better than columns
NARROW_DIFFERENCE, NARROW_RATIO = 0.25, 0.12
NARROW_DURATION = 0.75  # of a date that never lies before the other: no draw of the column itself keeps their order
RATIO_ERRORS = 1.5  # over the root of the rows: of more rows a model learns a narrow ratio by itself
LEAST_NARROWED_VALUES = 10  # of a column that is worked out
MOST_HEAPED = 0.05  # of the rows at one value: a ratio would not lead to it
DEALT, LEAST_LED = (1, 2, 3, 5, 8), 0.5  # differences dealt to other rows; the share of such a value that they lead to
MOST_TIED = 0.8  # rank correlation of a ratio with the other column: beyond it another formula ties the two
SPREAD = (0.1, 0.9)  # the quantiles that a spread lies between
EXPLAINED_SHARE = 0.98  # of the rows, that a few rates give
MOST_RATES, RATE_DECIMALS = 12, range(5)
LEAST_SAME_MEASURE = 0.999  # correlation of two columns of one measure
VALUES_PER_RATE = 4  # distinct values of a column for each of its rates
CLIPPED_DIVISOR, MOST_CLIPPED = 50, 10  # of n rows, min(n / 50, 10) at each end of what lies between, at least 5


@dataclass(frozen=True)
class Between:
    """What is learnt in place of a column: a formula of the column and the other one."""

    name: str
    formula: Formula

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return {"name": self.name, "formula": self.formula.to_dict()}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Between":
        """Read what to_dict wrote."""
        return cls(document["name"], formulas.from_dict(document["formula"]))

    @property
    def sources(self) -> tuple[str, ...]:
        return self.formula.sources

    def values(self, of: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return it for the values of the columns, each float64 [rows]."""
        return self.formula.value([of[name] for name in self.sources])


class Narrow(NamedTuple):
    """A column, what is learnt in its place, how it is worked out, and how much narrower that is: 0 to 1."""

    target: str
    between: Between
    formula: Formula
    decimals: int | None
    rates: tuple[float, ...]
    share: float

    def cells(self, values: np.ndarray) -> Cells:
        """Choose the cells of what is learnt, given its values [rows]: extremes of few rows are moved inwards."""
        known = values[np.isfinite(values)]
        if self.rates:
            rates = np.array(self.rates)
            moved = rates[np.abs(known[:, None] - rates).argmin(1)]
        else:
            moved = clipped(known)
        found = values.copy()
        found[np.isfinite(values)] = moved
        column = fit_column(pd.Series(found), Numerical(self.between.name, "float64", self.decimals))
        assert isinstance(column, Cells)
        return column


def clipped(values: np.ndarray) -> np.ndarray:
    """Move values beyond the k-th ones of each end to the middle between these and the next."""
    k = max(LEAST_ROWS_PER_VALUE, min(MOST_CLIPPED, len(values) // CLIPPED_DIVISOR))
    if len(values) <= 2 * k:
        return np.full(len(values), np.median(values)) if len(values) else values
    ordered = np.sort(values)
    return np.clip(values, ordered[k - 1 : k + 1].mean(), ordered[-k - 1 : len(ordered) - k + 1].mean())


def candidates(seen: TableValues) -> list[Narrow]:
    """Return differences and ratios of pairs of columns that are much narrower than the columns, narrowest first."""
    found = list(_of_durations(seen))
    found += [one for pair in permutations(seen, 2) for one in _of_pair(seen[pair[0]], seen[pair[1]])]
    return sorted(found, key=lambda one: round(one.share, 1))  # of equal ones that from the column before


def _of_pair(source: ColumnValues, target: ColumnValues) -> Iterator[Narrow]:
    s, t = source.values, target.values
    both = np.isfinite(s) & np.isfinite(t)
    untold = (np.isfinite(t) & ~np.isfinite(s)).any() or source.dated != target.dated
    if untold or both.sum() < LEAST_COMPARED_ROWS or not target.column.scale:
        return
    inner = both & ~source.at_end & ~target.at_end
    positive = not source.dated and bool((s[both] > 0).all() and (t[both] > 0).all())
    if positive and (rates := _rates(s[inner], t[inner], 0.5 / target.column.scale)) is not None:
        yield _ratio(source, target, *rates, share=0.0)
    if line := _line(s[inner], t[inner], source, target):
        yield _conversion(source, target, *line)
    s, t = s[both], t[both]
    if positive:
        share = _share(np.log(t / s), np.log(s), np.log(t))
        narrow = share <= min(NARROW_RATIO, RATIO_ERRORS / np.sqrt(len(t)))
        if narrow and _largest_share(t) <= MOST_HEAPED and not _tied(t / s, s):
            yield _ratio(source, target, None, (), share=share)
    if source.column.scale == target.column.scale and target.column.lattice is None:
        fewer = len(np.unique(np.round((t - s) * per_unit(target.column)))) <= len(np.unique(t)) / 2
        if _is_heaped(s, t):
            return
        share = _share(t - s, s, t)
        if share <= (NARROW_DURATION if source.dated and outlasts(s, t) else NARROW_DIFFERENCE) and (
            fewer or not positive
        ):
            yield _difference(source, target, share)


def _of_durations(seen: TableValues) -> Iterator[Narrow]:
    """Yield dates that lie as long after another one as a number says, which is rounded more coarsely than dates are:
    what lies between is learnt.
    """
    numbers = [own for own in seen.values() if own.half and len(np.unique(own.values)) >= LEAST_NARROWED_VALUES]
    dates = [own for own in seen.values() if own.dated]
    for later, earlier in permutations(dates, 2):
        passed = later.values - earlier.values
        for number, unit in product(numbers if np.nanmedian(passed) > 0 else (), LENGTHS.values()):
            off, half, tick = passed - unit * number.values, unit * number.half, 1 / per_unit(later.column)
            inner = np.isfinite(off) & ~later.at_end & ~earlier.at_end & ~number.at_end
            enough = inner.sum() >= LEAST_COMPARED_ROWS and half > tick
            if enough and (np.abs(off[inner]) <= half + tick).mean() >= EXPLAINED_SHARE:
                yield _duration(later, earlier, number, unit)


def _duration(later: ColumnValues, earlier: ColumnValues, number: ColumnValues, unit: float) -> Narrow:
    a, b, d = (own.column.name for own in (later, earlier, number))
    tick = 1 / per_unit(later.column)
    apart = (Monomial(1 / tick, (1, 0, 0)), Monomial(-1 / tick, (0, 1, 0)), Monomial(-unit / tick, (0, 0, 1)))
    between = Between(f"{quoted(a)} - {quoted(b)} beyond {quoted(d)}", Polynomial((a, b, d), "", apart))
    terms = (Monomial(tick, (1, 0, 0)), Monomial(1, (0, 1, 0)), Monomial(unit, (0, 0, 1)))
    said = f"{quoted(b)} + {quoted(d)}, as it is rounded"
    return Narrow(a, between, Polynomial((between.name, b, d), said, terms, rounding="ends"), 0, (), 0.0)


def outlasts(source: np.ndarray, target: np.ndarray) -> bool:
    """Tell whether no date lies before another one [rows], and its days are not those that many rows share by
    themselves.
    """
    return bool((target >= source).all()) and not _is_heaped(source, target)


def _tied(ratio: np.ndarray, source: np.ndarray) -> bool:
    """Tell whether a ratio rises or falls with the column that it is to."""
    ranks = pd.DataFrame({"ratio": ratio, "source": source}).rank().to_numpy()
    return bool(np.ptp(ranks, 0).min() > 0 and abs(np.corrcoef(ranks.T)[0, 1]) > MOST_TIED)


def _is_heaped(source: np.ndarray, target: np.ndarray) -> bool:
    """Tell whether many rows share a value of a column to which the differences of other rows would not lead, as all
    that ended on one day.
    """
    values, counts = np.unique(target, return_counts=True)
    led = sum(int((source + np.roll(target - source, k) == values[counts.argmax()]).sum()) for k in DEALT) / len(DEALT)
    return counts.max() > MOST_HEAPED * len(target) and led < LEAST_LED * counts.max()


def _largest_share(values: np.ndarray) -> float:
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


def _share(between: np.ndarray, source: np.ndarray, target: np.ndarray) -> float:
    """Return how widely what lies between two columns spreads, as a share of how widely both do; 1 for few values, and
    for what lies beyond a yes or no.
    """
    own, *whole = (float(np.ptp(np.quantile(clipped(one), SPREAD))) for one in (between, source, target))
    few = len(np.unique(target)) < LEAST_NARROWED_VALUES or len(np.unique(source)) <= 2
    return 1.0 if few or not min(whole) else own / min(whole)


def _rates(s: np.ndarray, t: np.ndarray, half: float) -> tuple[int, tuple[float, ...]] | None:
    """Return the decimals and the few rates by which nearly all values t follow from s, None where there are none."""
    if len(s) < LEAST_COMPARED_ROWS:
        return None
    for decimals in RATE_DECIMALS:
        rates, counts = np.unique(np.round(t / s, decimals), return_counts=True)
        common = rates[(counts >= max(LEAST_ROWS_PER_VALUE, 0.01 * len(t))) & (rates > 0)]
        if not 1 < len(common) <= MOST_RATES or len(np.unique(t)) < VALUES_PER_RATE * len(common):
            continue
        explained = (np.abs(s[:, None] * common - t[:, None]) <= half * (1 + 1e-6)).any(1)
        if explained.mean() >= EXPLAINED_SHARE:
            return decimals, tuple(common.tolist())
    return None


def _ratio(
    source: ColumnValues, target: ColumnValues, decimals: int | None, rates: tuple[float, ...], *, share: float
) -> Narrow:
    a, b = target.column.name, source.column.name
    between = Between(f"{quoted(a)} / {quoted(b)}", Polynomial((a, b), "", (Monomial(1, (1, -1)),)))
    formula = Polynomial((between.name, b), f"{quoted(b)} * their ratio", (Monomial(1, (1, 1)),), rounding="steps")
    return Narrow(a, between, formula, decimals, rates, share)


def _line(s: np.ndarray, t: np.ndarray, source: ColumnValues, target: ColumnValues) -> tuple[float, float] | None:
    """Return the roundest rate and constant by which values t [rows] of one measure follow from s in another unit, each
    rounded for itself; None where they do not.
    """
    few = min(len(np.unique(s)), len(np.unique(t))) < LEAST_NARROWED_VALUES
    if source.dated or few or len(s) < LEAST_COMPARED_ROWS or abs(np.corrcoef(s, t)[0, 1]) < LEAST_SAME_MEASURE:
        return None
    rate = float(np.polyfit(s - s.mean(), t, 1)[0])
    error = 3 * float(np.std(t - rate * s)) / np.sqrt(len(s))
    rate = roundest(rate - error / s.std(), rate + error / s.std())
    middle = float(np.mean(t - rate * s))
    constant = roundest(middle - error, middle + error)
    most = target.half + abs(rate) * source.half
    off = np.abs(t - rate * s - constant) <= most * (1 + 1e-6)
    return (rate, constant) if rate and off.mean() >= EXPLAINED_SHARE else None


def _conversion(source: ColumnValues, target: ColumnValues, rate: float, constant: float) -> Narrow:
    """Return what is learnt of two units of one measure: what rounding both leaves between them, in ticks."""
    a, b = target.column.name, source.column.name
    tick = 1 / per_unit(target.column)
    apart = (Monomial(1 / tick, (1, 0)), Monomial(-rate / tick, (0, 1)), Monomial(-constant / tick, (0, 0)))
    between = Between(f"{quoted(a)} - {quoted(b)} in its unit", Polynomial((a, b), "", apart))
    terms = (Monomial(tick, (1, 0)), Monomial(rate, (0, 1)), Monomial(constant, (0, 0)))
    said = f"{rate:.12g} * {quoted(b)} {'-' if constant < 0 else '+'} {abs(constant):.12g}, each rounded"
    return Narrow(a, between, Polynomial((between.name, b), said, terms, rounding="ends"), None, (), 0.0)


def _difference(source: ColumnValues, target: ColumnValues, share: float) -> Narrow:
    a, b = target.column.name, source.column.name
    tick = 1 / per_unit(target.column)
    apart = Polynomial((a, b), "", (Monomial(1 / tick, (1, 0)), Monomial(-1 / tick, (0, 1))))
    between = Between(f"{quoted(a)} - {quoted(b)}", apart)
    terms = (Monomial(tick, (1, 0)), Monomial(1, (0, 1)))
    formula = Polynomial((between.name, b), f"{quoted(b)} + their difference", terms, rounding="ends")
    return Narrow(a, between, formula, 0, (), share)


def choose(seen: TableValues, taken: Mapping[str, Sequence[str]], kept: set[str], names: Sequence[str]) -> list[Narrow]:
    """Return which columns are learnt by what lies between them and another one, none of them `taken` (with what those
    follow from) or `kept`, nor so that they would follow from themselves.
    """
    sources, chosen = dict(taken), []
    for one in candidates(seen):
        own = one.formula.sources[1:]
        if one.target in {*sources, *kept} or one.target in origins(own, sources) or one.between.name in names:
            continue
        sources[one.target] = own
        chosen.append(one)
    return chosen


def origins(names: Sequence[str], sources: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the columns and all that they are worked out from."""
    return set(names).union(*(origins(sources[name], sources) for name in names if name in sources))
