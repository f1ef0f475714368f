"""Formulas worth trying: sums, products, squares, ratios and conversions of numbers, times between dates, their parts.

Each of them gives most of some rows of a table; holding.py judges it on more.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

from launderette.generators.derived.columns import per_unit, slack_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import roundest
from launderette.generators.formulas.formula import Formula, quoted
from launderette.generators.formulas.polynomial import Monomial, Polynomial

LEAST_COMPARED_ROWS = 30  # in which all columns have a value
END_SHARE = 0.1  # of the rows at an end of a range: more of them are there by themselves
LEAST_LIMITED_VALUES = 6  # of a number that may stop at an end; fewer are a choice
SCREENED_ROWS, SCREENED_SHARE = 64, 0.8  # rows that a formula is tried on first, and how many of them it must give
LEAST_CORRELATION = 0.99  # of two columns of which one may be a conversion of the other
ROUNDED_SOURCES = 0.005  # of the deviation of results, that the rounding of their sources may make up
LEAST_EXCUSED = 0.1  # of half a tick of the column, below which nothing is excused
MOST_LOGARITHM = 30.0  # of a factor within a logarithm
SLOPE_HALVINGS = 60

TableValues = Mapping[str, "ColumnValues"]
Tried = Iterator[tuple[str, Formula]]  # a column and what may give it


class Shape(NamedTuple):
    """A form that formulas have; {} in `text` are its sources."""

    text: str
    terms: tuple[Monomial, ...]
    symmetric: bool = False


DIFFERENCE = (Monomial(1, (1, 0)), Monomial(-1, (0, 1)))
NUMBER_SHAPES = (
    Shape("{} + {}", (Monomial(1, (1, 0)), Monomial(1, (0, 1))), True),
    Shape("{} * {}", (Monomial(1, (1, 1)),), True),
    Shape("{} - {}", DIFFERENCE),
    Shape("{} / {}", (Monomial(1, (1, -1)),)),
    Shape("{} * {} / 100", (Monomial(0.01, (1, 1)),), True),
    Shape("100 * {} / {}", (Monomial(100, (1, -1)),)),
    Shape("{} * (1 + {})", (Monomial(1, (1, 0)), Monomial(1, (1, 1)))),
    Shape("{} * (1 - {})", (Monomial(1, (1, 0)), Monomial(-1, (1, 1)))),
    Shape("{} * (1 + {} / 100)", (Monomial(1, (1, 0)), Monomial(0.01, (1, 1)))),
    Shape("{} * (1 - {} / 100)", (Monomial(1, (1, 0)), Monomial(-0.01, (1, 1)))),
    Shape("{} / {} ^ 2", (Monomial(1, (1, -2)),)),
    Shape("10000 * {} / {} ^ 2", (Monomial(10_000, (1, -2)),)),
)
VALUE = Monomial(1, (1,))
FUNCTION_SHAPES = (  # of one number: text, terms, function
    ("{} ^ 2", (Monomial(1, (2,)),), ""),
    ("log({})", (VALUE,), "log"),
    ("log({} + 1)", (VALUE, Monomial(1, (0,))), "log"),
    ("log10({})", (VALUE,), "log10"),
    ("exp({})", (VALUE,), "exp"),
    ("sqrt({})", (VALUE,), "sqrt"),
)


@dataclass(frozen=True)
class ColumnValues:
    """A column's values [rows], as formulas take them."""

    column: Cells
    values: np.ndarray

    @cached_property
    def outward(self) -> np.ndarray:
        """Which values lie at an end of the range where so few do that protection may have moved them there: -1 at the
        least, 1 at the greatest, else 0.
        """
        found = np.zeros(len(self.values))
        for way, end in ((-1.0, np.nanmin(self.values)), (1.0, np.nanmax(self.values))):
            there = self.values == end
            found[there] = way * (there.mean() <= END_SHARE)
        return found

    @property
    def at_end(self) -> np.ndarray:
        return self.outward != 0

    @cached_property
    def limits(self) -> tuple[float | None, float | None]:
        """The least and the greatest of many values, each where so many rows share it that protection has not moved
        them there, None elsewhere.
        """
        if len(np.unique(self.values[np.isfinite(self.values)])) < LEAST_LIMITED_VALUES:
            return None, None
        ends = float(np.nanmin(self.values)), float(np.nanmax(self.values))
        low, high = (end if (self.values == end).mean() > END_SHARE else None for end in ends)
        return low, high

    def within_limits(self) -> "ColumnValues":
        """Return the column with a missing value wherever it lies at a limit."""
        there = np.isin(self.values, [end for end in self.limits if end is not None])
        return replace(self, values=np.where(there, np.nan, self.values))

    @cached_property
    def commonest(self) -> float:
        values, counts = np.unique(self.values[np.isfinite(self.values)], return_counts=True)
        return float(values[counts.argmax()])

    @property
    def dated(self) -> bool:
        return self.column.kind == "datetime"

    @property
    def half(self) -> float:
        """Half a tick of a number that lies on a grid, else 0."""
        return 0.5 / per_unit(self.column) if self.column.scale and not self.dated else 0.0

    @cached_property
    def excused(self) -> float:
        """How far a value may be off since what it was worked out from is rounded, 0 where its own tick hides that."""
        most = 0.0 if self.dated else ROUNDED_SOURCES * float(np.nanstd(self.values))
        return most if most >= LEAST_EXCUSED * self.half else 0.0


def tried(seen: TableValues, numbers: Sequence[str]) -> Tried:
    """Yield what gives a number by one or two others in most of some rows."""
    yield from _conversions(seen, numbers)
    yield from _functions(seen, numbers)
    yield from _shaped(seen, numbers)


def _shaped(seen: TableValues, names: Sequence[str]) -> Tried:
    """Yield sums, products and the like of two numbers that give a third one in the first rows."""
    if len(names) < 3:
        return
    rows = tried_rows(seen, names)
    table = np.stack([seen[name].values[rows] for name in names])  # [columns, rows]
    reach, slack = ([of(seen[name].column) for name in names] for of in (reach_of, slack_of))
    pairs, halves = np.array(list(permutations(range(len(names)), 2))), np.array([seen[name].half for name in names])
    for shape in NUMBER_SHAPES:
        own = pairs[pairs[:, 0] < pairs[:, 1]] if shape.symmetric else pairs
        formula, values = Polynomial(("", ""), "", shape.terms), [table[own[:, 0]], table[own[:, 1]]]
        results = formula.value(values)  # [pairs, rows]
        spread = formula.spread(values, [halves[own[:, k], None] for k in range(2)])
        for k, target in enumerate(names):
            excused = np.minimum(spread, seen[target].excused)
            near = np.abs(results - table[k]) <= reach[k] + slack[k] * np.abs(results) + excused
            compared = np.maximum((np.isfinite(results) & np.isfinite(table[k])).sum(1), 1)
            kept = (near.sum(1) >= SCREENED_SHARE * compared) & (compared > 1) & (own != k).all(1)
            for i, j in own[kept].tolist():
                yield target, formula_of(shape.text, shape.terms, names[i], names[j])


def formula_of(text: str, terms: tuple[Monomial, ...], *sources: str) -> Polynomial:
    """Return the formula of a form, {} in `text`, and its sources."""
    return Polynomial(sources, text.format(*map(quoted, sources)), terms)


def tried_rows(seen: TableValues, names: Sequence[str]) -> np.ndarray:
    """Return rows spread over the table, those with most values where some are missing."""
    present = np.sum([np.isfinite(seen[name].values) & ~seen[name].at_end for name in names], axis=0)
    best = np.argsort(-present, kind="stable")[: max(SCREENED_ROWS, int((present == present.max()).sum()))]
    return np.sort(best)[np.unique(np.linspace(0, len(best) - 1, SCREENED_ROWS).astype("int64"))]


def reach_of(column: Cells) -> float:
    """Return how far a result may lie from the value it is rounded to: most of a tick, as also for rounding down."""
    return 0.5 * (1 + 1e-6) / per_unit(column) if column.scale else 0.0


def _conversions(seen: TableValues, names: Sequence[str]) -> Tried:
    """Yield factor * source + constant for pairs of numbers on a line."""
    for one, two in combinations(names, 2):
        present = np.isfinite(seen[one].values) & np.isfinite(seen[two].values)
        if not _aligned(seen[one].values[present], seen[two].values[present]):
            continue
        for source, target in ((one, two), (two, one)):
            if (line := _line(seen[source], seen[target], present)) is not None:
                yield target, line


def _functions(seen: TableValues, names: Sequence[str]) -> Tried:
    """Yield squares, logarithms and the like of a number that give another one in the first rows."""
    rows = {pair: tried_rows(seen, pair) for pair in combinations(names, 2)}
    for source in names:
        others = [name for name in names if name != source]
        if not others:
            return
        places = [rows.get((source, name), rows.get((name, source))) for name in others]
        values = np.stack([seen[source].values[own] for own in places])  # [targets, rows]
        results = np.stack([seen[name].values[own] for name, own in zip(others, places, strict=True)])
        given = [
            _given(Polynomial((source,), "", terms, function), values, results, seen[source], [seen[n] for n in others])
            for _, terms, function in FUNCTION_SHAPES
        ]
        for k, target in enumerate(others):
            for (text, terms, function), gives in zip(FUNCTION_SHAPES, given, strict=True):
                if gives[k]:
                    yield target, Polynomial((source,), text.format(quoted(source)), terms, function)
            reach, slack = reach_of(seen[target].column), slack_of(seen[target].column)
            if (scaled := _scaled_logarithm(values[k], results[k], reach, slack)) is not None:
                text = f"log({scaled:.12g} * {quoted(source)})"
                yield target, Polynomial((source,), text, (Monomial(scaled, (1,)),), "log")


def _given(
    formula: Polynomial, values: np.ndarray, results: np.ndarray, source: ColumnValues, targets: Sequence[ColumnValues]
) -> np.ndarray:
    """Tell which targets' results [targets, rows] a function of values [targets, rows] mostly gives, bool [targets]."""
    reach, slack, excused = (
        np.array([[of(target)] for target in targets])
        for of in (lambda t: reach_of(t.column), lambda t: slack_of(t.column), lambda t: t.excused)
    )
    found = formula.value([values])
    if excused.any():
        excused = np.minimum(formula.spread([values], [source.half]), excused)
    near = np.abs(found - results) <= reach + slack * np.abs(found) + excused
    compared = (np.isfinite(found) & np.isfinite(results)).sum(1)
    return (compared > 1) & (near.sum(1) >= SCREENED_SHARE * compared)


def _scaled_logarithm(x: np.ndarray, y: np.ndarray, reach: float, slack: float) -> float | None:
    """Return the roundest factor by which y is log(factor * x) in all rows of positive numbers, None where none is."""
    usable = np.isfinite(x) & np.isfinite(y) & (np.nan_to_num(x) > 0)
    if usable.sum() < LEAST_COMPARED_ROWS:
        return None
    apart, error = y[usable] - np.log(x[usable]), reach + slack * np.maximum(1, np.abs(y[usable]))
    low, high = (apart - error).max(), (apart + error).min()
    if low > high or not -MOST_LOGARITHM < low < MOST_LOGARITHM:
        return None
    factor = roundest(math.exp(low), math.exp(high))
    return None if factor in (0, 1) else factor


def _aligned(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether points lie near a line."""
    if len(a) < LEAST_COMPARED_ROWS:
        return False
    spread = a.std() * b.std()
    return bool(spread > 0 and abs(((a - a.mean()) * (b - b.mean())).mean()) >= LEAST_CORRELATION * spread)


def _line(source: ColumnValues, target: ColumnValues, present: np.ndarray) -> Polynomial | None:
    """Return the roundest factor, and constant if it takes one, that give nearly all rows within the ends."""
    inner = present & ~source.at_end & ~target.at_end
    if inner.sum() < LEAST_COMPARED_ROWS:
        return None
    x, y = source.values[inner], target.values[inner]
    reach = reach_of(target.column) or slack_of(target.column) * np.abs(y).max()
    x, y = _near(x, y, reach)
    if len(y) < SCREENED_SHARE * inner.sum() or x.min() == x.max():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        least, most = (np.sort([(y - reach) / x, (y + reach) / x], axis=0)[k][x != 0] for k in (0, 1))
    if least.max() <= most.min():
        return _linear(source.column.name, roundest(least.max(), most.min()), 0.0)
    if (slopes := _slopes(x, y, 2 * reach)) is None:
        return None
    rest = y - (factor := roundest(*slopes)) * x
    return _linear(source.column.name, factor, roundest(rest.max() - reach, rest.min() + reach))


def _near(x: np.ndarray, y: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Leave out points that lie off the line that the others make."""
    for _ in range(3):
        if x.min() == x.max():
            break
        factor, constant = np.polyfit(x - x.mean(), y, 1)
        off = np.abs(y - constant - factor * (x - x.mean()))
        kept = off <= max(4 * float(np.median(off)), 2 * reach)
        x, y = x[kept], y[kept]
    return x, y


def _slopes(x: np.ndarray, y: np.ndarray, width: float) -> tuple[float, float] | None:
    """Return between which slopes a line passes all points within a strip of this width, None where none does: how wide
    the strip has to be is convex in the slope.
    """

    def over(slope: float) -> float:
        return float(np.ptp(y - slope * x)) - width

    middle = float(np.polyfit(x - x.mean(), y, 1)[0])
    step = 4 * width / float(np.ptp(x))
    low, high = middle - step, middle + step
    for _ in range(SLOPE_HALVINGS):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if over(a) < over(b) else (a, high)
    if over(best := (low + high) / 2) > 0:
        return None
    ends = []
    for outside in (middle - step, middle + step):
        inside = best
        for _ in range(SLOPE_HALVINGS):
            between = (inside + outside) / 2
            inside, outside = (between, outside) if over(between) <= 0 else (inside, between)
        ends.append(inside)
    return ends[0], ends[1]


def _linear(source: str, factor: float, constant: float) -> Polynomial:
    terms = [Monomial(factor, (1,))] + [Monomial(constant, (0,))] * bool(constant)
    scaled = quoted(source) if factor == 1 else f"{factor:.12g} * {quoted(source)}"
    text = f"{scaled} {'-' if constant < 0 else '+'} {abs(constant):.12g}" if constant else scaled
    return Polynomial((source,), text, tuple(terms))
