"""Formulas by which one column follows from others: price * quantity, net + tax, ordered + days, log(wage), age groups.

Values are numbers as they are and dates as microseconds since 1970; NaN where missing. Where a source is missing, so is
what follows from it, unless it counts as 0 then.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

# halves away from zero, halves to even, always down, to the nearest of the steps that the column's values lie in, or
# away and to an end of the range, if enough rows share it, where that is passed
Rounding = Literal["away", "even", "down", "steps", "ends"]
ROUNDING_SLACK = 1e-9  # relative, of a sum or product of floats: so near to a half it is one
UNQUOTED_NAME = re.compile(r"\w[\w.]*")
IS_ZERO = "is zero"  # 1 for 0 and 0 for all else: of the number of a choice less one of them, whether it is that one
Elementwise = Callable[[np.ndarray], np.ndarray]


def _part(read: Callable[[np.ndarray], np.ndarray]) -> tuple[Elementwise, Elementwise]:
    """A part of dates, given as datetime64[us], and what it says of a date by itself: nothing."""

    def of(values: np.ndarray) -> np.ndarray:
        known = np.isfinite(values)
        return np.where(known, read(np.where(known, values, 0).astype("datetime64[us]")), np.nan)

    return of, lambda values: np.full(values.shape, np.nan)


def _month(dates: np.ndarray) -> np.ndarray:
    return dates.astype("datetime64[M]").astype("int64") % 12 + 1


CALENDAR_UNITS = {"days": "D", "months": "M", "years": "Y"}  # that begin at midnight, on the first
PARTS_OF_DATES: dict[str, tuple[Elementwise, Elementwise]] = {
    "year of": _part(lambda dates: dates.astype("datetime64[Y]").astype("int64") + 1970),
    "quarter of": _part(lambda dates: (_month(dates) + 2) // 3),
    "month of": _part(_month),
    "day of month of": _part(lambda d: (d.astype("datetime64[D]") - d.astype("datetime64[M]")).astype("int64") + 1),
    "weekday of": _part(lambda dates: (dates.astype("datetime64[D]").astype("int64") + 3) % 7),  # Monday is 0
    "hour of": _part(lambda dates: dates.astype("datetime64[h]").astype("int64") % 24),
}
FUNCTIONS: dict[str, tuple[Elementwise, Elementwise]] = {  # with their inverses
    "": (np.asarray, np.asarray),
    "log": (np.log, np.exp),
    "log10": (np.log10, lambda values: 10.0**values),
    "exp": (np.exp, np.log),
    "sqrt": (np.sqrt, np.square),
    IS_ZERO: (
        lambda values: np.where(np.isnan(values), np.nan, values == 0),
        lambda values: np.where(values == 1, 0.0, np.nan),
    ),
    **PARTS_OF_DATES,
}


class Monomial(NamedTuple):
    """A product factor * source ** power * ..., one power for each source."""

    factor: float
    powers: tuple[int, ...]


class Curve(NamedTuple):
    """How places from 0 to 1 and numbers, or their logarithms, follow from each other in rows of a label, as it is in
    formulas, or of no label with a curve (None): lines between the two in ascending order, which go on beyond the ends.
    """

    label: float | None
    log: bool
    places: tuple[float, ...]
    numbers: tuple[float, ...]

    def numbers_at(self, places: np.ndarray) -> np.ndarray:
        """Return the numbers at places [rows]."""
        found = _along(places, np.array(self.places), np.array(self.numbers))
        return np.exp(found) if self.log else found

    def places_of(self, numbers: np.ndarray) -> np.ndarray:
        """Return the places of numbers [rows]; of one without a logarithm, that of one far below the others."""
        own = np.array(self.numbers)
        if self.log:
            numbers = np.log(np.maximum(numbers, np.exp(2 * own[0] - own[-1])))
        return _along(numbers, own, np.array(self.places))


def _along(x: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    k = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    return ys[k] + (x - xs[k]) * ((ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k]))


@dataclass(frozen=True)
class Formula:
    """A sum of products of powers of the sources, or a function of it, which is rounded to the grid of the column that
    it works out; where there are `steps`, (from which number on, result) in ascending order, the result of the last one
    at or below that; where there are `curves`, the number at that place by the curve of the last source, or the place
    of that number (`inverse`).

    `text` is how people write it, `function` one of FUNCTIONS; a missing value of the sources at the places `zero`
    counts as 0, as that of a discount or of shipping does; dates count by whole units of the `calendar`, if one is
    given, as nights in a hospital do.
    """

    sources: tuple[str, ...]
    terms: tuple[Monomial, ...]
    text: str
    rounding: Rounding = "away"
    function: str = ""
    steps: tuple[tuple[float, float], ...] = ()
    zero: tuple[int, ...] = ()
    calendar: str = ""
    curves: tuple[Curve, ...] = ()
    inverse: bool = False

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        values = self._counted(self._filled(values))
        with np.errstate(all="ignore"):
            total = sum((_product(term, values) for term in self.terms), np.zeros(values[0].shape))
            total = FUNCTIONS[self.function][0](total)
        if self.steps:
            starts, results = np.array(self.steps).T
            last = np.searchsorted(starts, total, side="right") - 1
            return np.where(np.isfinite(total), results[np.maximum(last, 0)], np.nan)
        if self.curves:
            total = self._by_curve(total, values[-1], self.inverse)
        return np.where(np.isfinite(total), total, np.nan)

    def _by_curve(self, total: np.ndarray, labels: np.ndarray, inverse: bool) -> np.ndarray:
        found, left = np.full(total.shape, np.nan), np.isfinite(total)
        for curve in self.curves:  # the last is that of all other labels
            rows = left & (True if curve.label is None else labels == curve.label)
            found[rows] = curve.places_of(total[rows]) if inverse else curve.numbers_at(total[rows])
            left &= ~rows
        return found

    def _filled(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.where(np.isnan(own), 0, own) if k in self.zero else own for k, own in enumerate(values)]

    def _counted(self, values: list[np.ndarray]) -> list[np.ndarray]:
        unit = CALENDAR_UNITS.get(self.calendar, "")
        return (
            [_part(lambda dates: dates.astype(f"datetime64[{unit}]").astype("int64"))[0](v) for v in values]
            if unit
            else values
        )

    def spread(self, values: Sequence[np.ndarray], halves: Sequence[float | np.ndarray]) -> np.ndarray:
        """Return by how much the result may be off where each source may be by its half of a tick: [rows]."""
        found = np.zeros(values[0].shape)
        for k, half in enumerate(halves):
            if np.any(half):
                more, less = (self.value([v + way * (i == k) for i, v in enumerate(values)]) for way in (half, -half))
                found = found + np.nan_to_num(np.abs(more - less)) / 2
        return found

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is."""
        if self.curves:
            return self._by_curve(result, values[-1], not self.inverse) if k == 0 else np.full(len(result), np.nan)
        powers, values = {term.powers[k] for term in self.terms} - {0}, self._filled(values)
        if len(powers) != 1 or self.steps or self.calendar:
            return np.full(len(result), np.nan)
        (power,), ones = powers, [np.ones(len(result)) if i == k else own for i, own in enumerate(values)]
        with np.errstate(all="ignore"):
            result = FUNCTIONS[self.function][1](result)
            bare, times = (
                sum((_product(t, ones) for t in self.terms if bool(t.powers[k]) == among), np.zeros(len(result)))
                for among in (False, True)
            )
            found = ((result - bare) / times) ** (1 / power)
        return np.where(np.isfinite(found), found, np.nan)

    def to_dict(self) -> dict:
        """Return the formula as JSON holds it."""
        terms = [[term.factor, list(term.powers)] for term in self.terms]
        known = {"sources": list(self.sources), "terms": terms, "text": self.text, "rounding": self.rounding}
        steps = [list(step) for step in self.steps]
        known |= {"function": self.function, "steps": steps, "zero": list(self.zero), "calendar": self.calendar}
        return known | {"curves": [list(curve) for curve in self.curves], "inverse": self.inverse}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Formula":
        """Read what to_dict wrote."""
        terms = tuple(Monomial(factor, tuple(powers)) for factor, powers in document["terms"])
        steps = tuple((start, result) for start, result in document["steps"])
        how = document["text"], document["rounding"], document["function"]
        curves = tuple(Curve(by, log, tuple(at), tuple(numbers)) for by, log, at, numbers in document["curves"])
        zero, calendar, inverse = tuple(document["zero"]), document["calendar"], document["inverse"]
        return cls(tuple(document["sources"]), terms, *how, steps, zero, calendar, curves, inverse)


def _product(term: Monomial, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return factor * source ** power * ..., by division where a power is negative: exact where that is."""
    found = np.full(values[0].shape, float(term.factor))
    for own, power in zip(values, term.powers, strict=True):
        for _ in range(abs(power)):
            found = found * own if power > 0 else found / own
    return found


def rounded(ticks: np.ndarray, rounding: Rounding) -> np.ndarray:
    """Round numbers of ticks to whole ones; what floats leave of a half, or of a whole number, is taken for one."""
    slack = ROUNDING_SLACK * np.maximum(1, np.abs(ticks))
    if rounding == "down":
        return np.floor(ticks + slack)
    if rounding in ("away", "ends"):
        return np.sign(ticks) * np.floor(np.abs(ticks) + 0.5 + slack)
    half = np.abs(ticks - np.floor(ticks) - 0.5) <= slack
    return np.rint(np.where(half, np.floor(ticks) + 0.5, ticks))


def quoted(name: str) -> str:
    """Return a column's name as a formula shows it."""
    return name if UNQUOTED_NAME.fullmatch(name) else f"`{name}`"
