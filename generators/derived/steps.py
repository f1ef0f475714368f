"""Columns that follow from one number or date, or from a part of a date, in steps: an age group, the block of a plot,
the name of a month, a quarter.

How many step functions there are is known, and so the chance that one of them gives a column that has nothing to do
with the number: only what is no chance is taken. A step is of enough rows and, but for parts of dates, of several
values, so that it says nothing of one row, or of one entity by its number.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.candidates.shapes import LEAST_COMPARED_ROWS, VALUE, ColumnValues, TableValues
from launderette.generators.derived.columns import values_of
from launderette.generators.derived.narrow import origins
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE, roundest
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.functions import PARTS_OF_DATES
from launderette.generators.formulas.polynomial import Polynomial
from launderette.generators.formulas.step_function import StepFunction

STEPS_BY_CHANCE = 1e-6  # that any column of a table of independent ones follows from another in steps
LONGEST_STAIR, STEPS_PER_LABEL, VALUES_PER_STEP = 40, 2, 2
GIVEN_SHARE = 0.99  # of the rows, that steps must give
ROWS_ALONG, MOST_CHANGES = 500, 0.04  # of the label along the source, as a share of these rows, beside its steps
BESIDE, MOST_GAP = 5, 5.0  # how many gaps between values on each side, beside which that at a step is how much larger
StepEdge = Callable[[float, float], float]  # the beginning of a step, between two values


class SteppedTarget(NamedTuple):
    """A column of few labels or values, its values [rows] as formulas take them, and the different ones."""

    column: Cells | Labels
    values: np.ndarray
    known: np.ndarray


class Stepped(NamedTuple):
    """A formula, and by what it is chosen: rows that it does not give, steps, and values of its source."""

    formula: StepFunction
    cost: tuple[int, int, int]

    @property
    def off(self) -> int:
        return self.cost[0]


def find(
    targets: Sequence[SteppedTarget], seen: TableValues, taken: Mapping[str, Sequence[str]], kept: Collection[str]
) -> dict[str, StepFunction]:
    """Return the formulas of those targets, none of them `taken` (with what those follow from) or `kept`, that follow
    from one column of which the values are `seen`.
    """
    targets = [target for target in targets if target.column.name not in {*taken, *kept}]
    level = math.log(STEPS_BY_CHANCE / max(1, len(targets) * len(seen) * len(PARTS_OF_DATES)))
    sources, found = dict(taken), {}
    for target in sorted(targets, key=lambda one: -len(one.known)):
        name = target.column.name
        free = [s for s in seen.values() if s.column.name != name and name not in origins([s.column.name], sources)]
        if chosen := min((f for s in free for f in _of_source(target, s, level)), key=lambda f: f.cost, default=None):
            found[name], sources[name] = chosen.formula, chosen.formula.sources
    return found


def targets_of(frame: pd.DataFrame, columns: Sequence[Cells | Labels], seen: TableValues) -> Iterator[SteppedTarget]:
    """Yield the columns of few labels, or of numbers and dates that are all shared."""
    for column in columns:
        if isinstance(column, Labels):
            values = values_of(frame[column.name], column)
        elif column.name in seen and column.low == column.high:
            values = seen[column.name].values
        else:
            continue
        known = np.unique(values[np.isfinite(values)])
        if 2 <= len(known) <= LONGEST_STAIR:
            yield SteppedTarget(column, values, known)


def _of_source(target: SteppedTarget, source: ColumnValues, level: float) -> Iterator[Stepped]:
    """Yield how a column may follow from a number or a date."""
    y, x = target.values, source.values
    if (np.isnan(y) != np.isnan(x)).mean() > 1 - GIVEN_SHARE or (np.isnan(x).any() and not target.column.missing):
        return
    both = np.isfinite(x) & np.isfinite(y)
    y, x, clear = y[both], x[both], ~source.at_end[both]
    if clear.sum() < LEAST_COMPARED_ROWS:
        return
    name = source.column.name
    for part in PARTS_OF_DATES if source.dated else ():
        formula = Polynomial((name,), f"{part} {quoted(name)}", (VALUE,), part)
        if found := stepped(formula, y, formula.value([x]), clear, level):
            yield found
    if len(np.unique(x)) >= VALUES_PER_STEP * len(target.known):
        formula = Polynomial((name,), f"{quoted(name)} in steps", (VALUE,))
        apart = source.dated or source.column.low == source.column.high  # nothing lies between values, as of codes
        edge = _date_between if source.dated else roundest
        if (found := stepped(formula, y, x, clear, level, edge)) and (apart or are_dense(found, x)):
            yield found


def stepped(
    formula: Polynomial, y: np.ndarray, x: np.ndarray, clear: np.ndarray, level: float, edge: StepEdge = roundest
) -> Stepped | None:
    """Return a formula with the steps by which y follows from x [rows], None where it does not; `clear` are the rows
    that count against it.
    """
    known, codes = np.unique(y, return_inverse=True)
    if not _changes_seldom(codes, x, len(known)):
        return None
    places, at = np.unique(x, return_inverse=True)
    counts = _counts(at, codes)
    starts, labels = _runs(counts)
    if len(starts) < 2:
        return None
    given = _given(starts, labels, at, codes)
    off, n = int((~given & clear).sum()), len(y)
    orderly = bool(formula.function) or len(places) >= VALUES_PER_STEP * len(starts)
    all_there = (np.bincount(codes[given], minlength=len(known)) >= LEAST_ROWS_PER_VALUE).all()
    if not orderly or not all_there or len(starts) > min(LONGEST_STAIR, STEPS_PER_LABEL * len(known)):
        return None
    if off > (1 - GIVEN_SHARE) * clear.sum() or _by_chance(counts, len(starts), n - int(given.sum())) > level:
        return None
    cost = off, len(starts), len(places)
    edges = [edge(math.nextafter(places[k - 1], math.inf), places[k]) for k in starts[1:]]
    edges = [edges[0] - 1, *edges]  # what lies below is of the first step, too
    steps = tuple(zip(edges, known[labels].tolist(), strict=True))
    return Stepped(StepFunction(formula.sources, formula.text, formula, steps), cost)


def share_given(y: np.ndarray, x: np.ndarray) -> float:
    """Return the share of rows of which the label y [rows] is the commonest one of its step along x [rows]."""
    codes, at = (np.unique(values, return_inverse=True)[1] for values in (y, x))
    starts, labels = _runs(_counts(at, codes))
    if not len(starts):
        return 0.0
    return float(_given(starts, labels, at, codes).mean())


def _given(starts: np.ndarray, labels: np.ndarray, at: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return which rows have the label of their step, given the places of their values and labels: bool [rows]."""
    return labels[np.searchsorted(starts, at, side="right") - 1] == codes


def _counts(at: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the rows of each value and label, given the places of both [rows]: [values, labels]."""
    counts = np.zeros((at.max() + 1, codes.max() + 1), dtype="int64")
    np.add.at(counts, (at, codes), 1)
    return counts


def _date_between(least: float, most: float) -> float:
    """Return the beginning of a year, else of a month, a day or a minute in [least, most], else the middle."""
    for unit in "YMDm":
        begun = (np.datetime64(math.ceil(least) - 1, "us").astype(f"datetime64[{unit}]") + 1).astype("datetime64[us]")
        if begun.astype("int64") <= most:
            return float(begun.astype("int64"))
    return (least + most) / 2


def _changes_seldom(codes: np.ndarray, x: np.ndarray, labels: int) -> bool:
    """Whether the label changes seldom along the source, in rows spread over the table."""
    rows = np.unique(np.linspace(0, len(x) - 1, ROWS_ALONG).astype("int64"))
    along = codes[rows][np.lexsort((codes[rows], x[rows]))]
    return bool((np.diff(along) != 0).sum() <= 2 * STEPS_PER_LABEL * labels + MOST_CHANGES * len(rows))


def _runs(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of values with the same commonest label begin, and these labels, of counts [values, labels]:
    runs of too few rows go to the one before, or at the beginning to the one after.
    """
    best = counts.argmax(1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    rows = np.add.reduceat(counts[np.arange(len(best)), best], starts)
    kept = starts[rows >= LEAST_ROWS_PER_VALUE]
    labels = best[kept]
    first = np.diff(labels, prepend=-1) != 0
    starts, labels = kept[first], labels[first]
    if len(starts):
        starts[0] = 0
    return starts, labels


def _by_chance(counts: np.ndarray, steps: int, off: int) -> float:
    """Return a bound of the logarithm of the chance that labels dealt anew follow in so many steps but for `off` rows:
    how many such functions there are, and how likely each of them is.
    """
    (values, labels), n = counts.shape, int(counts.sum())
    functions = _log_choices(values - 1, steps - 1) + math.log(labels) + (steps - 1) * math.log(max(labels - 1, 1))
    others = _log_choices(n, off) + off * math.log(max(labels - 1, 1))
    return functions + others + sum(map(math.lgamma, counts.sum(0) + 1.0)) - math.lgamma(n + 1)


def are_dense(found: Stepped, x: np.ndarray, most: float = MOST_GAP) -> bool:
    """Whether values [rows] lie as near to each other at the beginnings of most steps as beside them: between groups
    of like rows, such as species, nothing says where one begins.
    """
    places = np.unique(x)
    gaps, at = np.diff(places), np.searchsorted(places, [start for start, _ in found.formula.steps[1:]]) - 1
    beside = [np.delete(gaps[max(k - BESIDE, 0) : k + 1 + BESIDE], min(k, BESIDE)).mean() for k in at]
    return bool(np.median(gaps[at] / beside) <= most)


def _log_choices(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
