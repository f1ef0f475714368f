"""A derived column: a formula, and the grid, type and range of the values that it works out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Numerical
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.errors import GeneratorError
from launderette.generators.formats.grid import to_grid
from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.rounding import ROUNDING_SLACK, rounded

SINGLE_SLACK = 1e-6  # relative, of numbers of single precision


def slack_of(column: Cells | Labels) -> float:
    """Return how far from its exact value a number of a column may lie, relative to it."""
    single = isinstance(column, Cells) and isinstance(column.column, Numerical) and column.column.single
    return SINGLE_SLACK if single or "32" in column.dtype else ROUNDING_SLACK


def per_unit(column: Cells | Labels) -> float:
    """Return ticks per unit of value: of a number's 1, of a date's microsecond."""
    return 1 / column.scale if column.kind == "datetime" else column.scale or 1.0


def values_of(values: pd.Series, column: Cells | Labels) -> np.ndarray:
    """Return a column's values as formulas take them: float64 [rows], NaN where missing."""
    if isinstance(column, Labels):
        return column.numbers[column.encode(values)]
    ticks, present = to_grid(values, column.column, column.scale)
    found = np.full(len(values), np.nan)
    found[present] = ticks / per_unit(column)
    return found


@dataclass(frozen=True)
class Derived:
    """A column that a formula works out; its `column` knows the grid, the type and the range of its training rows."""

    column: Cells | Labels = field(repr=False)
    formula: Formula

    @property
    def name(self) -> str:
        return self.column.name

    def ticks(self, values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the ticks for values of the sources [rows], and which of them are missing: bool [rows]."""
        exact = self.formula.value(values) * per_unit(self.column)
        is_missing = np.isnan(exact)
        ticks = np.where(is_missing, 0, exact)
        if isinstance(self.column, Cells) and not self.column.scale:
            return self.column.near_shared(ticks, slack_of(self.column)), is_missing
        if self.formula.rounding == "steps" and isinstance(self.column, Cells):
            return self.column.on_steps(ticks), is_missing
        ticks = rounded(ticks, self.formula.rounding).astype("int64")
        if self.formula.rounding == "ends" and isinstance(self.column, Cells):
            ticks = _onto_ends(ticks, self.column)
        return ticks, is_missing

    def far_beyond(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return for which values of the sources [rows] the result lies beyond what protection has moved to an end of
        the range: farther outside than the outermost interval of rows reaches inside, bool [rows].
        """
        if isinstance(self.column, Labels):
            return np.zeros(len(values[0]), dtype=bool)
        exact, (low, high) = self.formula.value(values) * per_unit(self.column), _reach(self.column)
        return (exact < low) | (exact > high)


def _reach(column: Cells) -> tuple[float, float]:
    """Return how low and how high extremes were that lie at an end which rows share, about; no end elsewhere."""
    filled = np.setdiff1d(np.arange(column.size), column.gaps)
    low, high = (np.asarray(ends, dtype="float64")[filled] for ends in (column.low, column.high))
    several = len(filled) > 1
    lowest = 2 * low[0] - high[1] if several and low[0] == high[0] else -np.inf
    highest = 2 * high[-1] - low[-2] if several and low[-1] == high[-1] else np.inf
    return lowest, highest


def _onto_ends(ticks: np.ndarray, column: Cells) -> np.ndarray:
    """Return ticks [rows] beyond an end of a column's range at that end, where enough rows share it: protection has
    moved extremes there.
    """
    if column.size and column.low[0] == column.high[0]:
        ticks = np.maximum(ticks, int(column.low[0]))
    if column.size and column.low[-1] == column.high[-1]:
        ticks = np.minimum(ticks, int(column.high[-1]))
    return ticks


def in_order(found: Sequence[Derived]) -> tuple[Derived, ...]:
    """Return derived columns so that none comes before one that it is worked out from; GeneratorError where some follow
    from each other in a circle.
    """
    names = {one.name for one in found}
    ordered: list[Derived] = []
    while len(ordered) < len(found):
        known = {one.name for one in ordered}
        more = [
            one for one in found if one.name not in known and known.issuperset(names.intersection(one.formula.sources))
        ]
        if not more:
            circle = ", ".join(repr(one.name) for one in found if one.name not in known)
            raise GeneratorError(
                f"expected formulas of columns that are learnt, found {circle} to follow from each other; leave "
                "derived out of one of them"
            )
        ordered += more
    return tuple(ordered)
