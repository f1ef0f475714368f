"""Columns whose formula is stated: publicly known, so nothing is asked of their rows, and no budget goes to them.

How such a column is written follows from its formula and from what is known of the columns that it names.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import Derived, in_order
from launderette.generators.encoding.cells import Cells
from launderette.generators.errors import GeneratorError
from launderette.generators.formats import grid
from launderette.generators.formats.decimals import EXACT_INTEGERS
from launderette.generators.formulas import reading
from launderette.generators.formulas.functions import FUNCTIONS
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.rounding import rounded
from launderette.generators.privacy.domain import MOST_DECIMALS, PublicColumn, private_field

Range = tuple[float, float]  # of values as formulas take them
LEAST_ARGUMENTS = {"log": 1e-12, "log10": 1e-12, "sqrt": 0.0}  # below, there is no result; sums on grids are no smaller
NEAR_TICKS = 0.5 + 1e-6  # by which a value may differ from a result that was rounded


def read(columns: Sequence[PublicColumn]) -> dict[str, Polynomial]:
    """Return the formula of each column that states one, each after those that it names; GeneratorError for one that
    cannot be read, or of columns that follow from each other in a circle.
    """
    ordered = [column.name for column in columns if column.kind in ("numerical", "datetime", "")]  # or to be learnt
    found = {column.name: reading.read(column.derived, column.name, ordered) for column in columns if column.derived}
    chain = in_order([Derived(_cells(c, (0, 0)), found[c.name]) for c in columns if c.derived])
    return {one.name: found[one.name] for one in chain}


def settled(columns: Sequence[PublicColumn]) -> tuple[PublicColumn, ...]:
    """Return columns with decimals and missing values of those that others give; errors as in `read`, and for decimals
    that do not follow.
    """
    known = {column.name: column for column in columns}
    for name, formula in read(columns).items():
        sources = [known[source] for source in formula.sources]
        divides = any(power < 0 for term in formula.terms for power in term.powers)
        may_lack = divides or bool(formula.function) or any(source.missing for source in sources)
        column = replace(known[name], missing=may_lack)
        if column.kind == "numerical" and column.decimals is None and all(_is_known(source) for source in sources):
            column = replace(column, decimals=_decimals(column, formula, sources))
        known[name] = column
    return tuple(known.values())


def _is_known(column: PublicColumn) -> bool:
    return column.kind == "datetime" or column.decimals is not None


def _decimals(column: PublicColumn, formula: Polynomial, sources: Sequence[PublicColumn]) -> int:
    """Return as many decimals as hold every result."""
    if formula.function:
        raise private_field(column.name, f"the decimals (its formula is a {formula.function} of others)", "numerical")
    most = 0
    for term in formula.terms:
        if any(source.kind == "datetime" for source in sources) or min(term.powers) < 0:
            raise private_field(column.name, "the decimals (its formula divides, or is of dates)", "numerical")
        own = [power * (source.decimals or 0) for power, source in zip(term.powers, sources, strict=True)]
        most = max(most, sum(own) + max(0, -int(Decimal(repr(term.factor)).normalize().as_tuple().exponent)))
    return min(most, MOST_DECIMALS)


def derived(columns: Sequence[PublicColumn]) -> tuple[Derived, ...]:
    """Return how the columns that others give are worked out, given all that is known of a table's columns."""
    by_name, ranges, found = {column.name: column for column in columns}, dict[str, Range](), []
    for column in columns:
        if column.kind in ("numerical", "datetime") and not column.derived:
            first, last = (tick * _unit(column) for tick in column.widest)
            ranges[column.name] = first, last
    for name, formula in read(columns).items():
        column = by_name[name]
        ranges[name] = low, high = _range(formula, by_name, ranges)
        ticks = math.floor(low / _unit(column)), math.ceil(high / _unit(column))
        if max(map(abs, ticks)) > EXACT_INTEGERS * (8 if column.kind == "datetime" else 1):
            raise GeneratorError(
                f"expected a formula of column {name!r} whose results 64-bit numbers of its decimals hold, found one "
                "that goes beyond them; state fewer decimals, or narrower bounds of the columns that it names"
            )
        found.append(Derived(_cells(column, ticks), formula))
    return tuple(found)


def _unit(column: PublicColumn) -> float:
    """Return what a tick is, as formulas take values."""
    return column.scale if column.kind == "datetime" else 1 / column.scale


def _cells(column: PublicColumn, ticks: tuple[int, int]) -> Cells:
    return Cells(column.column, column.scale, [ticks[0]], [ticks[1]], [0], column.missing)


def _range(formula: Polynomial, columns: Mapping[str, PublicColumn], ranges: Mapping[str, Range]) -> Range:
    """Return bounds of a formula's results: of each product its least and its greatest."""
    ends = [_product(term, formula.sources, columns, ranges) for term in formula.terms]
    least = LEAST_ARGUMENTS.get(formula.function, -np.inf)
    sums = np.array([max(sum(own), least) for own in zip(*ends, strict=True)])
    with np.errstate(over="ignore"):
        low, high = np.nan_to_num(FUNCTIONS[formula.function][0](sums)).tolist()  # all of them grow
    return low, high


def _product(
    term: Monomial, sources: Sequence[str], columns: Mapping[str, PublicColumn], ranges: Mapping[str, Range]
) -> Range:
    low = high = float(term.factor)
    for name, power in zip(sources, term.powers, strict=True):
        ends = ranges[name] if power > 0 else _inverse(*ranges[name], _unit(columns[name]))
        for _ in range(abs(power)):
            low, high = min(corners := [a * b for a in (low, high) for b in ends]), max(corners)
    return low, high


def _inverse(low: float, high: float, least: float) -> Range:
    """Return bounds of one divided by a number that is `least` at least, of either sign."""
    if low > 0 or high < 0:
        return 1 / high, 1 / low
    return (-1 / least if low < 0 else 0.0), (1 / least if high > 0 else 0.0)


def off(frame: pd.DataFrame, columns: Sequence[PublicColumn]) -> dict[str, int]:
    """Return in how many rows each column that others give is not what its formula says: for inside only."""
    by_name, found = {column.name: column for column in columns}, {}
    for name, formula in read(columns).items():
        own, *sources = (_values(frame[one], by_name[one]) for one in (name, *formula.sources))
        ticks, exact = own / _unit(by_name[name]), formula.value(sources) / _unit(by_name[name])
        near = np.abs(ticks - (rounded(exact, "down") if formula.rounding == "down" else exact)) <= NEAR_TICKS
        found[name] = int((~near & ~(np.isnan(ticks) & np.isnan(exact))).sum())
    return found


def _values(values: pd.Series, column: PublicColumn) -> np.ndarray:
    ticks, present = grid.to_grid(values, column.column, column.scale)
    found = np.full(len(values), np.nan)
    found[present] = ticks * _unit(column)
    return found
