"""Numbers on lines by label: a share, a rate or a fee of another number that a label decides.

Each line is that of rows of enough owners, its rate and constant the roundest numbers that give their values.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from launderette.generators.candidates.holding import leads_to_values
from launderette.generators.candidates.shapes import ColumnValues, TableValues
from launderette.generators.derived.columns import Derived, per_unit, values_of
from launderette.generators.derived.narrow import origins
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import roundest
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.by_label import LabelLine, LinearByLabel
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.rounding import Rounding

MOST_LINES, LEAST_LINE_ROWS, LEAST_LINE_OWNERS = 30, 10, 5  # labels, and rows and owners of each with a line
LEAST_ON_LINES = 0.99  # of the rows, whose numbers lie on the line of their label
SCREENED_GROUPS, SCREENED_GROUP_ROWS = 3, 1000  # the largest groups of a label, of which one must show a line
MOST_COLUMNS_OF_LABELS = 20  # columns of labels that are looked at
LEAST_OF_LINE = 0.995  # correlation within such a group
LEAST_OTHERWISE = 0.02  # of the rows, that the commonest line does not give
LEAST_LINE_VALUES = 20  # of numbers on lines; fewer are a list, of which each is learnt
LEAST_SPREAD_STEPS = 4.0  # of the standard deviation of numbers on a line that rises


def find(
    frame: pd.DataFrame,
    columns: Sequence[Cells | Labels],
    seen: TableValues,
    taken: Mapping[str, Sequence[str]],
    kept: Collection[str],
    owners: np.ndarray,
) -> dict[str, LinearByLabel]:
    """Return the formulas of numbers, none of them `taken` (with what those follow from) or `kept`, that lie on lines
    of another one by a label; `owners` are those of the rows [rows] of which values are `seen`.
    """
    sources, found = dict(taken), dict[str, LinearByLabel]()
    for column in list(filter(_may_decide, columns))[:MOST_COLUMNS_OF_LABELS]:
        labels = values_of(frame[column.name], column)
        for pair in _screened(seen, labels):
            both = [(x, y) for x, y in (pair, pair[::-1]) if y not in {*sources, *kept} and column.name not in pair]
            free = [(x, y) for x, y in both if y not in origins([x, column.name], sources)]
            tried = {y: _formula(seen, x, y, column.name, labels, owners) for x, y in free}
            known = {y: formula for y, formula in tried.items() if formula}
            if y := min(known, key=lambda name: _digits(known[name]), default=None):
                found[y], sources[y] = known[y], known[y].sources
    return found


def _may_decide(column: Cells | Labels) -> bool:
    """Whether a column has few labels, or few numbers that are all shared."""
    single = isinstance(column, Labels) or (column.kind == "numerical" and column.low == column.high)
    return single and 2 <= column.size <= MOST_LINES


def _screened(seen: TableValues, labels: np.ndarray) -> Iterator[tuple[str, str]]:
    """Yield pairs of numbers that lie on a line in a large group of rows of one label."""
    names = [name for name, own in seen.items() if not own.dated and len(np.unique(own.values)) >= LEAST_LINE_VALUES]
    if len(names) < 2:
        return
    groups, counts = np.unique(labels[np.isfinite(labels)], return_counts=True)
    lines = np.zeros((len(names), len(names)), dtype=bool)
    for group in groups[np.argsort(-counts, kind="stable")][:SCREENED_GROUPS]:
        rows = np.flatnonzero(labels == group)[:SCREENED_GROUP_ROWS]
        values = np.stack([np.where(seen[name].at_end, np.nan, seen[name].values)[rows] for name in names])
        with np.errstate(invalid="ignore", divide="ignore"):
            lines |= np.abs(pd.DataFrame(values.T).corr(min_periods=LEAST_LINE_ROWS).to_numpy()) >= LEAST_OF_LINE
    yield from ((names[i], names[k]) for i, k in combinations(range(len(names)), 2) if lines[i, k])


def _digits(formula: LinearByLabel) -> int:
    """Return how many digits it takes to write the lines: few where people thought of them."""
    return sum(len(f"{number:.15g}") for line in formula.lines for number in line[1:])


def _formula(
    seen: TableValues, x: str, y: str, by: str, labels: np.ndarray, owners: np.ndarray
) -> LinearByLabel | None:
    """Return the lines of y along x by labels [rows]; None where too few rows lie on them, or one would do."""
    lines, own, of = list[LabelLine](), seen[y], seen[x]
    clear = np.isfinite(own.values) & np.isfinite(of.values) & np.isfinite(labels)
    inner = clear & ~own.at_end & ~of.at_end
    step = _step(own)
    for label in np.unique(labels[clear]).tolist():
        rows = inner & (labels == label)
        rows = rows if rows.sum() >= LEAST_LINE_ROWS else clear & (labels == label)  # all of them may have no bonus
        if rows.sum() >= LEAST_LINE_ROWS and len(np.unique(owners[rows])) >= LEAST_LINE_OWNERS:
            line = _line(of.values[rows], own.values[rows], label, step / 2)
            lines += [line] if line else []
    if len({line[1:] for line in lines}) < 2:
        return None
    said = f"a rate by {quoted(by)} of {quoted(x)}"
    formula = LinearByLabel((x, by), said, tuple(lines))
    exact = formula.value([of.values, labels])
    undefined, on = np.isnan(exact), _near(exact, own.values, step / 2)
    judged = inner | (clear & on)
    lacking = (undefined != np.isnan(own.values)).mean() > 1 - LEAST_ON_LINES
    if lacking or not judged.any() or on[judged].mean() < LEAST_ON_LINES:
        return None
    common = max(float((labels[judged] == line.label).mean()) for line in lines)
    if 1 - common < LEAST_OTHERWISE or not leads_to_values(own, [of.values, labels], formula):
        return None
    coarse = own.column.scale and step > 1 / per_unit(own.column)
    return replace(formula, step=step) if coarse else _rounded(formula, own, [of.values, labels])


def _rounded(formula: LinearByLabel, own: ColumnValues, values: Sequence[np.ndarray]) -> LinearByLabel:
    """Return a formula with the way to round that gives most values of a column."""
    ways: tuple[Rounding, ...] = ("away", "even")
    tried = [replace(formula, rounding=way) for way in ways]
    given = [Derived(own.column, one).ticks(values)[0] / per_unit(own.column) for one in tried]
    return tried[int(np.argmax([_near(own_given, own.values, 0.0).sum() for own_given in given]))]


def _near(results: np.ndarray, values: np.ndarray, half: float) -> np.ndarray:
    """Return which results lie within half a step of values, a half itself either way: bool [rows]."""
    return np.abs(results - values) <= half * (1 + 1e-6) + 1e-9 * np.abs(values)


def _step(own: ColumnValues) -> float:
    """Return the distance of which those between values of a column are multiples, but for ends of its range where
    protection may have moved some; 0 for floats.
    """
    if not own.column.scale:
        return 0.0
    inner = own.values[np.isfinite(own.values) & ~own.at_end]
    ticks = np.unique(np.rint(inner * per_unit(own.column))).astype("int64")
    return int(np.gcd.reduce(np.diff(ticks))) / per_unit(own.column) if len(ticks) > 1 else 1 / per_unit(own.column)


def _line(x: np.ndarray, y: np.ndarray, label: float, half: float) -> LabelLine | None:
    """Return the roundest line through nearly all points [rows], without a constant where that does; None for none, and
    for numbers that differ by hardly more than a step.
    """
    if not np.ptp(y):
        return LabelLine(label, 0.0, float(y[0]))
    if np.std(y) < LEAST_SPREAD_STEPS * 2 * half:
        return None
    far = np.abs(x) >= np.median(np.abs(x))
    if not np.abs(x[far]).min() > 0:
        return None
    rate, reach = float(np.median(y[far] / x[far])), half / float(np.quantile(np.abs(x), 0.9))
    tried = [(roundest(rate - reach, rate + reach), 0.0), (rate, 0.0)]
    if (width := float(np.ptp(np.quantile(x, [0.05, 0.95])))) > 0:
        slope = float(np.polyfit(x - x.mean(), y, 1)[0])
        for steep in (roundest(slope - 2 * half / width, slope + 2 * half / width), slope):
            middle = float(np.median(y - steep * x))
            tried.append((steep, roundest(middle - half, middle + half)))
    for rate, constant in tried:
        if _near(rate * x + constant, y, half).mean() >= LEAST_ON_LINES:
            return LabelLine(label, float(rate), float(constant))
    return None
