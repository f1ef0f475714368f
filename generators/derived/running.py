"""Running totals: columns by which one row of an entity follows from the one before it, such as a balance from the
amount of a booking, or counts on, such as the lines of an invoice.

What is learnt in place of such a column is where it stands before the first row of its entity, which all of its rows
share; the total is worked out again from the drawn rows in their order. A start from which some row would leave the
range of the real totals is moved as little as brings all rows of the entity into it, or to its middle where nothing
does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, combinations, islice, product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.data.groups import numbered
from launderette.generators.data.schema import Learned, Numerical, Schema
from launderette.generators.errors import GeneratorError
from launderette.generators.formulas.formula import quoted
from launderette.generators.identifiers import entities
from launderette.generators.identifiers.entities import Grouping
from launderette.generators.identifiers.panels import in_turn

FOLLOWING_SHARE = 0.95  # of the steps from row to row; protection moves extremes, after which a step is off
LEAST_STEPS_SEEN = 60  # from a row of an entity to the next
FIRST_STEPS = 1000  # that most formulas are refused by
LEAST_MOVED = 0.3  # of them, that change the column
TICKS_OF_STEPS = 50  # of usual steps, beside which a tick more or less is one of rounding
MOST_SOURCES = 8  # numbers that may add up to the step


@dataclass(frozen=True)
class Running:
    """A column and what it adds up within each value of an identifier column `unit`: numbers and their signs, and the
    same `step` from each row to the next; `later` where a row's own amount counts from the next row on.
    """

    name: str
    unit: str
    sources: tuple[str, ...]
    signs: tuple[int, ...]
    later: bool = False
    decimals: int | None = None
    range: tuple[float, float] = (-np.inf, np.inf)  # of the totals
    step: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @property
    def start(self) -> str:
        """The name of the column that is learnt in its place."""
        return f"{self.name} before the first row"

    @property
    def text(self) -> str:
        """The formula as people read it."""
        terms = [f"{'+' if sign > 0 else '-'} {quoted(name)}" for name, sign in self._terms]
        of = " of that row" if self.later else ""
        terms += [f"{'+' if self.step > 0 else '-'} {abs(self.step):g}"] if self.step else []
        return f"{quoted(self.name)} of the row before {' '.join(terms)}{of}"

    @property
    def _terms(self) -> list[tuple[str, int]]:
        return list(zip(self.sources, self.signs, strict=True))

    def amounts(self, sources: Sequence[np.ndarray], rows: int) -> np.ndarray:
        """Return what each row adds, by the numbers of its sources, float64 [rows] each: float64 [rows]."""
        return sum((sign * own for sign, own in zip(self.signs, sources, strict=True)), np.full(rows, self.step))

    def added(self, values: Mapping[str, pd.Series], units: np.ndarray) -> np.ndarray:
        """Return what the rows of each of the `units` [rows], in their order, have added up, missing values nothing:
        float64 [rows].
        """
        amounts = pd.Series(self.amounts([_floats(values[name]) for name in self.sources], len(units)))
        sums = amounts.groupby(units).cumsum()
        return (sums - amounts if self.later else sums).to_numpy()

    def starts(self, values: Mapping[str, pd.Series], units: np.ndarray) -> np.ndarray:
        """Return where the column stands before the first row of each row's unit: float64 [rows]."""
        before = pd.Series(values[self.name].to_numpy("float64") - self.added(values, units))
        return self.rounded(before.groupby(units).transform("first").to_numpy())

    def totals(self, values: Mapping[str, pd.Series], units: np.ndarray) -> pd.Series:
        """Return the column of rows whose units, [rows], start where the first row of each says, or nearby."""
        first = pd.Series(_floats(values[self.start])).groupby(units).transform("first").to_numpy()
        added = self.added(values, units)
        by_unit = pd.Series(added).groupby(units)
        low, high = self.range[0] - by_unit.transform("min"), self.range[1] - by_unit.transform("max")
        start = np.where(low <= high, np.clip(first, low, np.maximum(low, high)), (low + high) / 2)
        found = self.rounded(self.rounded(start) + added)
        return pd.Series(found, values[self.start].index).astype(values[self.start].dtype)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Return totals with the decimals of the column."""
        return values if self.decimals is None else np.round(values, self.decimals)


def _floats(values: pd.Series) -> np.ndarray:
    return values.to_numpy("float64", na_value=0.0)


def find(frame: pd.DataFrame, schema: Schema, units: Sequence[str]) -> tuple[Running, ...]:
    """Return the running totals within each value of the identifier columns `units`: numbers that are no texts, each
    by the first formula that gives it.
    """
    names = [name for name in units if name in frame and not frame[name].isna().any()]
    numbers = [c for c in schema.columns if isinstance(c, Numerical) and c.name in frame]  # no part of a text
    numbers = [c for c in numbers if pd.api.types.is_numeric_dtype(frame[c.name])]
    steps = {name: _steps(frame, [c.name for c in numbers], numbered(frame[name], len(frame))) for name in names}
    found: list[Running] = []
    for column in (c for c in numbers if not frame[c.name].isna().any() and c.derived is None):
        others = [c.name for c in numbers if c is not column and c.name not in {one.name for one in found}]
        ends = float(frame[column.name].min()), float(frame[column.name].max())
        moving = [name for name in names if _moves(steps[name][column.name].moved)]
        adding = (replace(one, range=ends) for one in _tried(column, moving, others[:MOST_SOURCES]))
        counted = [name for name in moving if _begins_anew(frame[column.name], frame[name])]
        tried = chain(_counters(column, counted, steps), adding)
        found += list(islice((one for one in tried if _follows(one, steps[one.unit])), 1))
    return tuple(found)


class RowSteps(NamedTuple):
    """Of a number, from each row of a unit to the next, float64 [steps]: how far it moves, what the row and the next
    one have, 0 where it is missing.
    """

    moved: np.ndarray
    earlier: np.ndarray
    later: np.ndarray


def _steps(frame: pd.DataFrame, names: Sequence[str], units: np.ndarray) -> dict[str, RowSteps]:
    order = np.argsort(units, kind="stable")
    together = np.diff(units[order]) == 0
    values = {name: _floats(frame[name])[order] for name in names}
    return {
        name: RowSteps(np.diff(own)[together], own[:-1][together], own[1:][together]) for name, own in values.items()
    }


def _moves(moved: np.ndarray) -> bool:
    return len(moved) >= LEAST_STEPS_SEEN and bool((moved != 0).mean() >= LEAST_MOVED)


def _counters(
    column: Numerical, units: Sequence[str], steps: Mapping[str, Mapping[str, RowSteps]]
) -> Iterator[Running]:
    """Yield how a column may count on in rows of a unit: by as much as it usually moves."""
    for unit in units:
        usual = float(np.median(steps[unit][column.name].moved))
        if usual:
            yield Running(column.name, unit, (), (), decimals=column.decimals, step=usual)


def _begins_anew(values: pd.Series, units: pd.Series) -> bool:
    """Whether nearly all units begin with one value, and have different numbers of rows: of years that a panel has in
    common, others depend on the year itself.
    """
    by_unit = values.groupby(units)
    begun = by_unit.first().value_counts(normalize=True)
    return bool(begun.iloc[0] >= FOLLOWING_SHARE) and by_unit.size().nunique() > 1


def _tried(column: Numerical, units: Sequence[str], others: Sequence[str]) -> Iterator[Running]:
    """Yield what a column may add up: one number or two."""
    for unit in units:
        for count in (1, 2):
            for sources in combinations(others, count):
                for signs, later in product(product((1, -1), repeat=count), (False, True)):
                    yield Running(column.name, unit, sources, signs, later, column.decimals)


def _follows(one: Running, steps: Mapping[str, RowSteps]) -> bool:
    """Tell whether nearly every row of a unit follows from the one before it, as the first steps tell already; but for
    totals at either end of their range, where protection has moved those of whole units.
    """
    total = steps[one.name]
    inside = np.flatnonzero(np.all([(own > one.range[0]) & (own < one.range[1]) for own in total[1:]], axis=0))
    for part in (inside[:FIRST_STEPS], inside):
        moved = total.moved[part]
        own = [steps[name].earlier if one.later else steps[name].later for name in one.sources]
        added = one.amounts([values[part] for values in own], len(part))
        close = np.abs(moved - added) <= _reach(one, total)
        if len(part) < LEAST_STEPS_SEEN or close.mean() < FOLLOWING_SHARE:
            return False
    return True


def _reach(one: Running, steps: RowSteps) -> float:
    """Return how far a step may lie from what is added: less than a tick, or what rounding the total in both rows and
    each number takes where steps are much longer than that, as of meters that count on.
    """
    if one.decimals is None:
        return 1e-9 * float(np.abs(steps.later).max())
    tick = 10.0**-one.decimals
    usual = float(np.median(np.abs(steps.moved[steps.moved != 0])))
    return tick * (1.01 + 0.5 * len(one.sources) if usual >= TICKS_OF_STEPS * tick else 0.51)


def learned(schema: Schema, found: Sequence[Running]) -> list[Learned]:
    """Return the columns of a schema that are learnt, with what starts each running total in its place."""
    starts = {one.name: one.start for one in found}
    return [
        replace(column, name=starts[column.name], shared=())
        if isinstance(column, Numerical) and column.name in starts
        else column
        for column in schema.learned
    ]


def read(frame: pd.DataFrame, found: Sequence[Running]) -> pd.DataFrame:
    """Return the frame with a column of starts for each total; rows without the identifier column are by themselves."""
    rows = len(frame)
    if not (new := [one for one in found if one.start not in frame]):
        return frame  # pandas copies all values even for none
    units = {one.unit: numbered(frame.get(one.unit), rows) for one in new}
    starts = {one.start: pd.Series(one.starts(frame, units[one.unit]), frame.index) for one in new}
    return frame.assign(**{one.start: starts[one.start].astype(frame[one.name].dtype) for one in new})


def restore(entries: Sequence[Mapping[str, Any]]) -> tuple[Running, ...]:
    """Read what `to_dict` wrote."""
    lists = ("sources", "signs", "range")
    return tuple(Running(**{**entry, **{name: tuple(entry[name]) for name in lists}}) for entry in entries)


def totalled(
    values: dict[str, pd.Series], found: Sequence[Running], groups: Sequence[Grouping], seed: int, first: int = 0
) -> dict[str, pd.Series]:
    """Return columns of a sample's rows from row `first` on with the totals that follow from where these start: right
    for rows of whose unit all rows are there.
    """
    if not found:
        return values
    rows = len(values[found[0].start])
    units = entities.numbers(groups, first + rows, seed)
    return {**values, **{one.name: one.totals(values, in_turn(units[one.unit])[first:]) for one in found}}


def check_learnt(name: str, found: Sequence[Running]) -> None:
    """Raise GeneratorError for a column that is a running total, which no condition on a row reaches."""
    for one in (one for one in found if one.name == name):
        others = f"ask for {' or '.join(map(repr, one.sources))} instead, or " if one.sources else ""
        raise GeneratorError(
            f"expected a condition on a learned column, found one on the running total {name!r}; {others}learn it: "
            f"columns: {{{name}: {{derived: false}}}}"
        )


def filled(frame: pd.DataFrame, found: Sequence[Running]) -> pd.DataFrame:
    """Return the frame with missing totals worked out from those that others of their entity have."""
    for one in (one for one in found if one.unit in frame and frame[one.name].isna().any()):
        units = numbered(frame[one.unit], len(frame))
        added = pd.Series(one.added(frame, units), frame.index)
        starts = (frame[one.name].astype("float64") - added).groupby(units).transform("median")
        values = pd.Series(one.rounded((starts + added).to_numpy()), frame.index)
        frame = frame.assign(**{one.name: frame[one.name].where(frame[one.name].notna(), values)})
    return frame
