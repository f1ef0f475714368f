"""Dates of which the hours or weekdays matter: office hours, weekends, a daily cycle of what is measured.

To a model a date is one number, whose time of day lies hidden in its last digits. Such a date is learnt by its parts:
the day (or the week and the weekday), the part of the day, and what is left of that; without times by the week and the
weekday. The date is their sum, so that
durations, orders and conditions mean what they mean of any date.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from launderette.generators.data.schema import Categorical, Numerical
from launderette.generators.derived.columns import Derived, per_unit, values_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats.timestamps import DAY
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.polynomial import Monomial, Polynomial

HOUR, WEEK = DAY / 24, 7.0 * DAY
WEEK_STARTS = tuple(k * DAY for k in range(7))
MOST_STARTS, ROWS_PER_START = 16, 15  # labels of parts of a day: as many tell of other columns before training
PART_HOURS = (1, 2, 3, 4, 6, 12)
LEAST_DAYS, LEAST_WEEKS = 4, 4  # that the dates span
MONDAY = 4 * DAY  # the first one since 1970
CYCLE_BY_CHANCE = 1e-4  # that a table without any cycle is taken for one that has one
LEAST_UNEVEN = 0.1  # of the rows, that would have to move for every part of a day or week to have as many
LEAST_OWED = 0.02  # of a column's variance, to the part of the day or week
ROWS_PER_WINDOW = 30  # of a moving average
LEAST_RANK_SPREAD = 1e-6  # of ranks, and of shares
SEEN_ROWS, SEEN_COLUMNS, SEEN_LABELS = 20_000, 60, 4  # that are looked at
Window = tuple[np.ndarray, np.ndarray]  # first row and the one after the last, of each row's


@dataclass(frozen=True)
class DatePart:
    """A number that is read off a date, in microseconds from `origin` on: how many whole periods; or the last of the
    `starts` in its period; or how many ticks, less than `longest`, lie after that.
    """

    name: str
    date: str
    origin: float
    period: float
    starts: tuple[float, ...] = ()
    tick: float = 0.0
    longest: float = 0.0

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self) | {"starts": list(self.starts)}

    @classmethod
    def from_dict(cls, document: Mapping) -> "DatePart":
        """Read what to_dict wrote."""
        return cls(**{**document, "starts": tuple(document["starts"])})

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.date,)

    def values(self, of: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return it for the dates, float64 [rows]."""
        passed = of[self.date] - self.origin
        if not self.starts:
            return np.floor(passed / self.period)
        phase = np.mod(passed, self.period)
        start = _start_before(phase, self.starts)
        if not self.tick:
            return start
        return np.floor(np.mod(phase - start, self.longest) / self.tick)

    def cells(self, values: np.ndarray) -> Cells | Labels:
        """Choose the cells or, of starts, the labels, given the values [rows]: labels that enough rows share."""
        if not self.starts or self.tick:
            return fit_column(pd.Series(values), Numerical(self.name, "float64", 0))
        known, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        shared = np.isin(values, known[counts >= LEAST_ROWS_PER_VALUE]) | np.isnan(values)
        return fit_column(pd.Series(values[shared]), Categorical(self.name, "float64"))


class Clock(NamedTuple):
    """A date and the parts that it is learnt by."""

    date: Cells
    parts: tuple[DatePart, ...]

    @property
    def derived(self) -> Derived:
        """Return how the date follows from its parts."""
        lengths = [own.tick or (1.0 if own.starts else own.period) for own in self.parts]
        powers = np.eye(len(self.parts), dtype=int).tolist()
        terms = [Monomial(length, tuple(own)) for length, own in zip(lengths, powers, strict=True)]
        constant = Monomial(self.parts[0].origin, (0,) * len(self.parts))
        day = "week, weekday" if self.parts[0].period == WEEK else "day"
        text = "its week and weekday" if self.parts[-1].period == WEEK else f"its {day} and time of day"
        names = tuple(own.name for own in self.parts)
        return Derived(self.date, Polynomial(names, text, (*terms, constant), rounding="ends"))


def find(frame: pd.DataFrame, columns: Sequence[Cells | Labels], taken: Iterable[str]) -> list[Clock]:
    """Return the dates, none of them `taken`, whose times or weekdays are uneven or tell of other columns."""
    rows = np.unique(np.linspace(0, max(len(frame) - 1, 0), SEEN_ROWS).astype("int64"))
    names = {column.name for column in columns}
    found = []
    for column in columns:
        if isinstance(column, Cells) and column.kind == "datetime" and column.name not in {*taken}:
            clock = _clock(column, values_of(frame[column.name].iloc[rows], column), frame.iloc[rows], columns)
            found += [clock] if clock and names.isdisjoint(own.name for own in clock.parts) else []
    return found


def _clock(column: Cells, dates: np.ndarray, frame: pd.DataFrame, columns: Sequence[Cells | Labels]) -> Clock | None:
    """Return the parts of a date [rows], None where one number serves as well."""
    known, tick = dates[np.isfinite(dates)], 1 / per_unit(column)
    if tick == DAY and column.lattice is None and len(known) >= 2 * ROWS_PER_START:
        first = np.unique(dates, return_index=True)[1]  # what happened at once is one event
        return _calendar(column, dates, dates[first], list(_quantities(frame.iloc[first], columns)))
    if tick >= DAY or len(known) < 2 * ROWS_PER_START or np.ptp(known) < LEAST_DAYS * DAY:
        return None
    origin = math.floor(known.min() / DAY) * DAY
    starts, longest = _starts(np.mod(known - origin, DAY))
    others = list(_quantities(frame, columns)) if len(starts) > 1 else []
    if len(starts) < 2 or not _tells(dates - origin, DAY, starts, others):
        return None
    weekly = np.ptp(known) >= LEAST_WEEKS * WEEK and _tells(dates - origin, WEEK, WEEK_STARTS, others)
    name = quoted(column.name)
    days = [DatePart(f"day of {name}", column.name, origin, DAY)]
    if weekly:
        weekday = DatePart(f"weekday of {name}", column.name, origin, WEEK, WEEK_STARTS)
        days = [DatePart(f"week of {name}", column.name, origin, WEEK), weekday]
    part = DatePart(f"part of day of {name}", column.name, origin, DAY, starts)
    rest = [DatePart(f"time in part of day of {name}", column.name, origin, DAY, starts, tick, longest)]
    return Clock(column, (*days, part, *(rest if longest > tick else ())))


def _calendar(column: Cells, dates: np.ndarray, days: np.ndarray, others: Sequence[np.ndarray]) -> Clock | None:
    """Return the week and weekday of a date without time [rows], None where one number serves as well; given also
    different days, and other columns at these.
    """
    known, name = dates[np.isfinite(dates)], quoted(column.name)
    first = math.floor((known.min() - MONDAY) / WEEK) * WEEK + MONDAY
    level = CYCLE_BY_CHANCE / (1 + len(others))
    if np.ptp(known) < LEAST_WEEKS * WEEK or not (
        _uneven_days(known - first, level) or _tells(days - first, WEEK, WEEK_STARTS, others, shares=False)
    ):
        return None
    weekday = DatePart(f"weekday of {name}", column.name, first, WEEK, WEEK_STARTS)
    return Clock(column, (DatePart(f"week of {name}", column.name, first, WEEK), weekday))


def _uneven_days(passed: np.ndarray, level: float) -> bool:
    """Tell whether weekdays are uneven among the days that dates [rows] name, or hold other numbers of rows."""
    days, counts = np.unique(np.floor(passed / DAY).astype("int64"), return_counts=True)
    if _uneven(days % 7, WEEK_STARTS, WEEK, days * DAY, level):
        return True
    on = np.zeros(min(days[-1] + 1, SEEN_ROWS))
    on[days[days < len(on)]] = counts[days < len(on)]
    return _differs(pd.Series(on).rank().to_numpy(), np.arange(len(on)) % 7, level)


def _starts(times: np.ndarray) -> tuple[tuple[float, ...], float]:
    """Return where the parts of a day begin, given times of day [rows], and how long they are: 0 for times that are all
    the times there are.
    """
    own, counts = np.unique(times, return_counts=True)
    if len(own) <= MOST_STARTS:
        return tuple(own[counts >= LEAST_ROWS_PER_VALUE].tolist()), 0.0
    for hours in PART_HOURS:
        own, counts = np.unique(np.floor(times / (hours * HOUR)), return_counts=True)
        own = own[counts >= LEAST_ROWS_PER_VALUE]
        if len(own) <= min(MOST_STARTS, len(times) / ROWS_PER_START):
            break
    return tuple((own * hours * HOUR).tolist()), hours * HOUR


def _start_before(phase: np.ndarray, starts: Sequence[float]) -> np.ndarray:
    """Return the last start at or before each time of a period, the first one for what lies before it."""
    at = np.searchsorted(starts, phase, "right") - 1
    return np.where(np.isnan(phase), np.nan, np.array(starts)[np.maximum(at, 0)])


def _tells(
    passed: np.ndarray, period: float, starts: Sequence[float], others: Sequence[np.ndarray], *, shares: bool = True
) -> bool:
    """Tell whether the parts of a period hold other values of other columns, or (`shares`) other shares of the rows
    than they would evenly, beyond chance.
    """
    order = np.argsort(passed, kind="stable")
    order = order[: int(np.isfinite(passed).sum())]
    passed = passed[order]
    part = np.searchsorted(starts, _start_before(np.mod(passed, period), starts))
    level = CYCLE_BY_CHANCE / (1 + len(others))
    if shares and _uneven(part, starts, period, passed, level):
        return True
    windows = _windows(passed, period)
    return any(_owes(values[order], part, windows, level) for values in others)


def _uneven(part: np.ndarray, starts: Sequence[float], period: float, passed: np.ndarray, level: float) -> bool:
    """Tell whether whole periods have uneven parts."""
    whole = passed < np.floor(passed[-1] / period) * period
    counts = np.bincount(part[whole], minlength=len(starts)) * 1.0
    expected = counts.sum() * np.diff([0, *starts[1:], period]) / period
    moved = np.abs(counts - expected).sum() / 2 / max(counts.sum(), 1)
    return bool(moved >= LEAST_UNEVEN) and _by_chance(((counts - expected) ** 2 / expected).sum(), len(starts)) < level


def _windows(passed: np.ndarray, period: float) -> tuple[Window, Window]:
    """Return by first and last row the window around each of ascending times and the block that it lies in: of as many
    periods as hold ROWS_PER_WINDOW rows.
    """
    length = period * math.ceil(ROWS_PER_WINDOW / max(len(passed) * period / np.ptp(passed), 1e-9))
    begins = passed - length / 2, np.floor(passed / length) * length
    around, within = (tuple(np.searchsorted(passed, (begin, begin + length))) for begin in begins)
    return around, within


def _owes(values: np.ndarray, part: np.ndarray, windows: tuple[Window, Window], level: float) -> bool:
    """Tell whether means differ between parts, of what departs from a moving average (classical decomposition), in
    which no straight trend is left, and from the mean of whole periods, in which no steps from one to the next are.
    """
    return all(_differs(values - _mean(values, *window), part, level) for window in windows)


def _mean(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    sums, counts = (np.append(0, own.cumsum()) for own in (np.nan_to_num(values), np.isfinite(values)))
    return (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)


def _differs(values: np.ndarray, part: np.ndarray, level: float) -> bool:
    part, values = part[np.isfinite(values)], values[np.isfinite(values)]
    rows = len(values)
    if rows < 2 * ROWS_PER_START or values.std() < LEAST_RANK_SPREAD:
        return False
    sizes = np.bincount(part)
    sums = np.bincount(part, (values - values.mean()) / values.std())
    strength, parts = float((sums**2 / np.maximum(sizes, 1)).sum()), int((sizes > 0).sum())
    return (strength - parts + 1) / rows >= LEAST_OWED and _by_chance(strength, parts) < level


def _by_chance(strength: float, parts: int) -> float:
    """Return how likely parts alike differ so much (chi-squared)."""
    half = torch.tensor([max(parts - 1, 1) / 2, strength / 2], dtype=torch.float64)
    return float(torch.special.gammaincc(half[0], half[1]))


def _quantities(frame: pd.DataFrame, columns: Sequence[Cells | Labels]) -> Iterator[np.ndarray]:
    """Yield ranks of numbers, and whether a row has each of the most frequent labels: float64 [rows]."""
    for column in [column for column in columns if column.kind != "datetime"][:SEEN_COLUMNS]:
        if isinstance(column, Cells):
            yield pd.Series(values_of(frame[column.name], column)).rank(pct=True).to_numpy()
        else:
            ranks = column.encode(frame[column.name])
            yield from ((ranks == k).astype("float64") for k in range(min(column.size, SEEN_LABELS)))
