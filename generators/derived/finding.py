"""Which columns of a table are worked out from others: sums, products, ratios, conversions, days between dates, steps.

Of formulas that hold (candidates/holding.py) the simplest is taken. Of three columns that hang together by a sum, two
are learnt and one is worked out: those two are chosen that say least of each other, which are easiest to learn.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.candidates import by_label, steps_by_label, sums, tried, triples, variants
from launderette.generators.candidates.holding import Holding, checked, holding
from launderette.generators.candidates.shapes import LEAST_COMPARED_ROWS, ColumnValues, TableValues, Tried
from launderette.generators.derived import choices, clocks, days_after, narrow, pairs, periods, scales, steps
from launderette.generators.derived.choices import Exclusive
from launderette.generators.derived.clocks import DatePart
from launderette.generators.derived.columns import Derived, in_order, values_of
from launderette.generators.derived.narrow import Narrow
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.formula import Formula

MOST_COMPARED_ROWS, MOST_COMPARED_COLUMNS = 20_000, 60  # that are looked at
RELATED_STEPS = 4  # of how much two sources say of each other, that are told apart
MOST_SIZE = 1e100  # of numbers that are looked at: their products and squares are numbers too


class DerivedColumns(NamedTuple):
    """Columns that others give, what is learnt in place of some of them, and the parts that dates are learnt by."""

    derived: tuple[Derived, ...] = ()
    nearly: tuple[Narrow | Exclusive, ...] = ()
    parts_of_dates: tuple[DatePart, ...] = ()


class _Table(NamedTuple):
    """A table in which formulas are sought: its rows and columns, the values of numbers and dates at the rows that are
    looked at, the columns that nothing may give, and the owner of each row, where rows have owners.
    """

    frame: pd.DataFrame
    columns: Sequence[Cells | Labels]
    seen: TableValues
    kept: Collection[str]
    owners: np.ndarray | None


def find(
    frame: pd.DataFrame,
    columns: Sequence[Cells | Labels],
    stated: Mapping[str, Formula],
    kept: Collection[str] = (),
    owners: np.ndarray | None = None,
) -> DerivedColumns:
    """Return the columns of a table that others give, each after those it is worked out from: what is stated, and what
    is found, none of `kept`; what is learnt in place of those among them that nearly follow from another, or exclude
    each other; and the dates that are learnt by their parts. GeneratorError where the rows contradict a statement.
    """
    table = _Table(frame, columns, _seen(frame, columns), kept, owners)
    chosen = {name: checked(name, formula, table.seen) for name, formula in stated.items()}
    _choose_exact(chosen, table.seen, kept)
    stepped = _choose_by_labels(chosen, table)
    nearly, parts = _choose_nearly(chosen, table)
    exclusive = choices.find(frame, columns, {*kept, *chosen})
    dates = clocks.find(frame, [column for column in columns if column.name not in stepped], {*kept, *chosen})
    by_name = {column.name: column for column in columns}
    derived = [Derived(by_name[name], formula) for name, formula in chosen.items()]
    derived += [one for own in exclusive for one in own.derived(by_name)] + [clock.derived for clock in dates]
    parts += [part for clock in dates for part in clock.parts]
    return DerivedColumns(in_order(derived), (*nearly, *exclusive), tuple(parts))


def _choose_exact(chosen: dict[str, Formula], seen: TableValues, kept: Collection[str]) -> None:
    """Add the formulas that give numbers and dates exactly, of few columns before those of many."""
    _choose(chosen, seen, tried(seen), kept)
    for of_left in (triples.tried, sums.tried):
        _choose(chosen, seen, of_left(seen, [name for name in seen if name not in chosen]), kept)
    _choose(chosen, seen, periods.tried(seen), kept)
    for of_variants in (variants.with_gaps, variants.limited):
        _choose(chosen, seen, of_variants(seen, chosen), kept)


def _choose_by_labels(chosen: dict[str, Formula], table: _Table) -> Collection[str]:
    """Add the numbers on lines by label, and the labels and shared numbers that follow from one or two columns in
    steps, or from a number by label; return those that step along one.
    """
    frame, columns, seen, kept, owners = table
    of_rows = np.arange(len(frame)) if owners is None else owners
    part, of_part = _looked_at(frame), of_rows[_looked_at_rows(len(frame))]
    chosen |= by_label.find(part, columns, seen, _sources(chosen), kept, of_part)
    targets = list(steps.targets_of(part, columns, seen))
    stepped = steps.find(targets, seen, _sources(chosen), kept)
    chosen |= stepped
    chosen |= pairs.find(targets, seen, _sources(chosen), kept)
    labels = steps_by_label.labels_of(part, columns)
    chosen |= steps_by_label.find(targets, labels, seen, _sources(chosen), kept, of_part)
    return stepped


def _choose_nearly(chosen: dict[str, Formula], table: _Table) -> tuple[list[Narrow], list[DatePart]]:
    """Add the columns that nearly follow from another one, and return what is learnt in place of them."""
    frame, columns, seen, kept, owners = table
    names = [column.name for column in columns]
    scaled = list(scales.find(frame, columns, _sources(chosen), kept, owners))
    chosen |= _formulas(scaled)
    months = list(periods.find(seen, _sources(chosen), kept, names))
    chosen |= _formulas(months)
    nearly = [*scaled, *months, *narrow.choose(seen, _sources(chosen), set(kept), names)]
    own_hours = days_after.find(frame, columns, nearly)
    nearly = [own_hours[one.target].narrow if one.target in own_hours else one for one in nearly]
    chosen |= _formulas(nearly)
    return nearly, [part for own in own_hours.values() for part in own.parts]


def _formulas(nearly: Sequence[Narrow]) -> dict[str, Formula]:
    return {one.target: one.formula for one in nearly}


def _choose(chosen: dict[str, Formula], seen: TableValues, candidates: Tried, kept: Collection[str]) -> None:
    """Add the best of the candidates that hold for each column that is neither chosen nor kept, nor would follow from
    itself.
    """
    found = [one for one in holding(seen, variants.or_zero(seen, candidates)) if one.target not in {*kept, *chosen}]
    found.sort(key=_complexity)
    for one in found:
        if one.target not in chosen and one.target not in narrow.origins(one.formula.sources, _sources(chosen)):
            chosen[one.target] = one.formula
    _sharpen(chosen, found)


def _complexity(one: Holding) -> tuple[float, ...]:
    """Return what decides which of two formulas is taken, the lower one; else the one that is tried first.

    Of price / area = rate, each rounded, the finest follows: that of another one would be off in the rounded values.
    """
    related = int(RELATED_STEPS * one.related)
    return one.excused, len(one.formula.sources), one.coarse, related, one.gridless, one.formula.has_factors


def _sharpen(chosen: dict[str, Formula], found: Sequence[Holding]) -> None:
    """Take a formula that rounds nothing in place of one that rounds, so that sums add up: net + tax, not
    net * (1 + rate).
    """
    rounding = {one.target for one in found if not one.exact and chosen.get(one.target) == one.formula}
    for one in found:
        if (
            one.exact
            and one.target in rounding
            and one.target not in narrow.origins(one.formula.sources, _sources(chosen))
        ):
            chosen[one.target] = one.formula
            rounding.remove(one.target)


def _sources(chosen: Mapping[str, Formula]) -> dict[str, tuple[str, ...]]:
    return {name: formula.sources for name, formula in chosen.items()}


def _seen(frame: pd.DataFrame, columns: Sequence[Cells | Labels]) -> dict[str, ColumnValues]:
    """Return the values of the first numbers and dates that vary, at the rows that are looked at."""
    part, found = _looked_at(frame), {}
    for column in [column for column in columns if isinstance(column, Cells) and column.size > 1][
        :MOST_COMPARED_COLUMNS
    ]:
        values = values_of(part[column.name], column)
        enough = np.isfinite(values).sum() >= LEAST_COMPARED_ROWS
        if enough and -MOST_SIZE < np.nanmin(values) < np.nanmax(values) < MOST_SIZE:
            found[column.name] = ColumnValues(column, values)
    return found


def _looked_at(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows spread over the table."""
    rows = _looked_at_rows(len(frame))
    return frame if len(rows) == len(frame) else frame.iloc[rows]


def _looked_at_rows(count: int) -> np.ndarray:
    """Return the numbers of rows spread over a table of so many."""
    return np.unique(np.linspace(0, max(count - 1, 0), MOST_COMPARED_ROWS).astype("int64"))[:count]
