"""Times between dates, dates some time after others, and parts of dates worth trying."""

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations, product

import numpy as np

from launderette.generators.candidates.shapes import SCREENED_SHARE, VALUE, TableValues, Tried, formula_of, tried_rows
from launderette.generators.derived.columns import per_unit
from launderette.generators.formats.date_format import EPOCH, MICROSECOND
from launderette.generators.formats.timestamps import DAY
from launderette.generators.formulas.calendar_difference import CALENDAR_UNITS, CalendarDifference
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.functions import PARTS_OF_DATES
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.reading import LENGTHS

NO_DATE = float((datetime(1900, 1, 1) - EPOCH) // MICROSECOND)  # of times of day, which strptime reads as of this day
UNITS_AFTER = ("day", "hour", "minute", "second", "week")  # by which a date is counted from another


def tried(seen: TableValues, numbers: Sequence[str], dates: Sequence[str]) -> Tried:
    """Yield what gives a date by another one, or a number by one or two of them, in most of some rows."""
    yield from _between(seen, numbers, dates)
    yield from _lasting(seen, dates)
    yield from _parts(seen, numbers, dates)


def _between(seen: TableValues, numbers: Sequence[str], dates: Sequence[str]) -> Tried:
    """Yield the time between two dates, in units of a number, and dates a number or a constant time after others."""
    yield from _calendar(seen, numbers, dates)
    for two, one in permutations(dates, 2):
        apart = seen[one].values - seen[two].values
        if not np.isfinite(apart).any():
            continue
        middle = float(np.nanmedian(apart))
        if (np.abs(apart - middle) <= 1)[np.isfinite(apart)].mean() >= SCREENED_SHARE:
            yield one, Polynomial((two,), _shifted(two, middle), (VALUE, Monomial(middle, (0,))))
        for number in numbers:
            for unit, length in LENGTHS.items():
                off = np.abs(apart / length - seen[number].values)
                if (off <= max(1 / per_unit(seen[number].column), 1e-9))[np.isfinite(off)].mean() < SCREENED_SHARE:
                    continue
                across = (Monomial(1 / length, (1, 0)), Monomial(-1 / length, (0, 1)))
                yield number, formula_of(f"({{}} - {{}}) / {unit}", across, one, two)
                if unit in UNITS_AFTER:
                    later = (Monomial(1, (1, 0)), Monomial(length, (0, 1)))
                    sooner = (Monomial(1, (1, 0)), Monomial(-length, (0, 1)))
                    yield one, formula_of(f"{{}} + {{}} * {unit}", later, two, number)
                    yield two, formula_of(f"{{}} - {{}} * {unit}", sooner, one, number)


def _lasting(seen: TableValues, dates: Sequence[str]) -> Tried:
    """Yield dates some time after others that a column says as a time of day, as 00:02:14 of a call does, and such
    lengths of less than a day.
    """
    lengths = [name for name in dates if np.nanmax(np.abs(seen[name].values - NO_DATE - DAY / 2), initial=0) <= DAY / 2]
    for length, (two, one) in product(lengths, permutations([name for name in dates if name not in lengths], 2)):
        off = np.abs(seen[one].values - seen[two].values + NO_DATE - seen[length].values)
        near = off <= 1 / per_unit(seen[length].column)
        if near.any() and near[np.isfinite(off)].mean() >= SCREENED_SHARE:
            after = (Monomial(1, (1, 0)), Monomial(1, (0, 1)), Monomial(-NO_DATE, (0, 0)))
            across = (Monomial(1, (1, 0)), Monomial(-1, (0, 1)), Monomial(NO_DATE, (0, 0)))
            yield one, formula_of("{} + {}", after, two, length)
            yield length, formula_of("{} - {}", across, one, two)


def _calendar(seen: TableValues, numbers: Sequence[str], dates: Sequence[str]) -> Tried:
    """Yield how many midnights, first days of months and new years lie between two dates with times, as nights do."""
    for (two, one), number, unit in product(permutations(dates, 2), numbers, CALENDAR_UNITS):
        rows = tried_rows(seen, (one, two, number))
        own = seen[number].values[rows]
        text = f"calendar {unit} from {quoted(two)} to {quoted(one)}"
        formula = CalendarDifference((one, two), text, unit)
        given = formula.value([seen[one].values[rows], seen[two].values[rows]]) == own
        if given.sum() >= SCREENED_SHARE * max(1, np.isfinite(own).sum()):
            yield number, formula


def _parts(seen: TableValues, numbers: Sequence[str], dates: Sequence[str]) -> Tried:
    """Yield the year, month and the like of a date that a number says in the first rows."""
    for date, number in product(dates, numbers):
        rows = tried_rows(seen, (date, number))
        values, own = seen[date].values[rows], seen[number].values[rows]
        for part in PARTS_OF_DATES:
            formula = Polynomial((date,), f"{part} {quoted(date)}", (VALUE,), part)
            if (formula.value([values]) == own).sum() >= SCREENED_SHARE * max(1, np.isfinite(own).sum()):
                yield number, formula


def _shifted(source: str, microseconds: float) -> str:
    if not microseconds:
        return quoted(source)
    unit = next((unit for unit in UNITS_AFTER[:3] if microseconds % LENGTHS[unit] == 0), "second")
    return f"{quoted(source)} {'-' if microseconds < 0 else '+'} {abs(microseconds) / LENGTHS[unit]:.12g} * {unit}"
