"""What one column may be: ranges and points of numbers and dates on the column's grid, labels, a missing value.

A condition is a value itself or a text: `30`, `>=30`, `30..40`, `30|40..50`, `!=30`; an empty alternative is a missing
value, a list holds alternatives, `Every` conditions that hold together. A label that is written so is meant literally.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import per_unit
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.errors import GeneratorError
from launderette.generators.formats.grid import number_of, to_grid

COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*(.*)", re.DOTALL)
ROUNDING_TICKS = 1e-9  # of a tick
BOOLEAN_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Every:
    """Conditions on one column that hold together."""

    conditions: tuple[Any, ...]


@dataclass(frozen=True)
class Domain:
    """The values that a row may have in a column: closed pieces [low, high] of ticks, or labels by rank, and
    perhaps a missing one.
    """

    column: Cells | Labels = field(repr=False)
    pieces: tuple[tuple[float, float], ...]  # ascending and disjoint; of a label (rank, rank)
    missing: bool

    @cached_property
    def share(self) -> np.ndarray:
        """Return which part of each cell lies inside, and last of a missing value: float64 [cells + 1]."""
        size = self.column.size
        low, high = ends(self.column)
        inside = _measure(low, high, self.pieces, self.step).sum(0) if self.pieces else np.zeros(size)
        whole = _measure(low, high, ((-math.inf, math.inf),), self.step)[0]
        return np.append(
            np.where(whole > 0, inside / np.where(whole > 0, whole, 1), 0), float(self.missing and self.column.missing)
        )

    @property
    def step(self) -> int:
        """1 where values lie on a grid of integer ticks, 0 for numbers without one."""
        return int(isinstance(self.column, Labels) or bool(self.column.scale))

    def both(self, other: Domain) -> Domain:
        """Return the values that lie in both."""
        pieces = [(max(a, c), min(b, d)) for a, b in self.pieces for c, d in other.pieces]
        return Domain(self.column, tuple(sorted((a, b) for a, b in pieces if a <= b)), self.missing and other.missing)

    def either(self, other: Domain) -> Domain:
        """Return the values that lie in one of the two."""
        merged: list[tuple[float, float]] = []
        for low, high in sorted(self.pieces + other.pieces):
            touching = merged and low <= merged[-1][1] + (self.step if math.isfinite(merged[-1][1]) else 0)
            merged[-1:] = [(merged[-1][0], max(high, merged[-1][1]))] if touching else [*merged[-1:], (low, high)]
        return Domain(self.column, tuple(merged), self.missing or other.missing)

    def holds(self, cells: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Return which values lie inside: cells and ticks [rows] -> bool [rows]."""
        is_missing, at = cells >= self.column.size, cells if isinstance(self.column, Labels) else ticks
        found = np.zeros(len(cells), dtype=bool)
        for low, high in self.pieces:
            found |= (low <= at) & (at <= high)
        return np.where(is_missing, self.missing, found)

    def place(self, inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return ticks at the places `inside` [rows] in [0, 1) of what [low, high] and the domain share; `low`
        where that is nothing.
        """
        sizes = _measure(low, high, self.pieces, self.step)  # [pieces, rows]
        total, passed, found = sizes.sum(0), np.zeros(len(inside)), low.copy()
        for (least, most), size in zip(self.pieces, sizes, strict=True):
            start = np.maximum(low, least).astype(low.dtype) if math.isfinite(least) else low
            end = np.minimum(high, most).astype(low.dtype) if math.isfinite(most) else high
            at = inside * total - passed
            chosen = (at >= 0) & (at < size)
            spot = start + np.floor(at).astype(low.dtype) if self.step else np.minimum(start + at, end)
            found = np.where(chosen, spot, found)
            passed = passed + size
        return found


def _measure(low: np.ndarray, high: np.ndarray, pieces: Iterable[tuple[float, float]], step: int) -> np.ndarray:
    """Count the ticks that each piece shares with [low, high], [pieces, rows]; of numbers without a grid the
    length, 1 for a lone point.
    """
    found = []
    for least, most in pieces:
        a, b = np.maximum(low, least).astype("float64"), np.minimum(high, most).astype("float64")
        length = b - a + step
        lone = (length == 0) & ((low == high) | (least == most))
        found.append(np.where(a > b, 0.0, np.where(lone, 1.0, length)))
    return np.array(found).reshape(-1, len(np.atleast_1d(low)))


def ends(column: Cells | Labels) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last tick of every cell: int64 on a grid, else float64; of a label its rank."""
    if isinstance(column, Labels):
        return np.arange(column.size), np.arange(column.size)
    kind = "int64" if column.scale else "float64"
    return np.asarray(column.low, dtype=kind), np.asarray(column.high, dtype=kind)


def numbers(column: Cells | Labels) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last value of every cell in units of comparison, of labels as formulas take them."""
    if isinstance(column, Labels):
        return column.numbers[:-1], column.numbers[:-1]
    low, high = ends(column)
    return low / per_unit(column), high / per_unit(column)


def everything(column: Cells | Labels) -> Domain:
    """Return the domain of every value of a column."""
    return Domain(column, ((-math.inf, math.inf),), True)


def read(condition: Any, column: Cells | Labels, *, possible: bool = True) -> Domain:
    """Return the values that a condition admits; ValueError where it is none, or (`possible`) no row could meet it."""
    if isinstance(condition, Every):
        found = everything(column)
        for one in condition.conditions:
            found = found.both(read(one, column, possible=possible))
        if possible and not found.share.any():
            name = column.name
            raise GeneratorError(
                f"expected conditions on column {name!r} that a row can meet together, found none; change one of them"
            )
        return found
    found = _any_of(condition, column, possible)
    if possible and not found.share.any():
        raise GeneratorError(_unmet(condition, column))
    return found


def _unmet(condition: Any, column: Cells | Labels) -> str:
    if _absent(condition) or condition == "":
        return f"expected a value for column {column.name!r}, found a missing one, which its training rows never had"
    if isinstance(column, Labels):
        return (
            f"expected a category that column {column.name!r} has, found one that it does not have or that is protected"
        )
    return f"expected a value of column {column.name!r} that its training rows could hold, found one they do not"


def _any_of(condition: Any, column: Cells | Labels, possible: bool) -> Domain:
    nothing = Domain(column, (), False)
    if isinstance(condition, Collection) and not isinstance(condition, (str, bytes)):
        for one in condition:
            nothing = nothing.either(read(one, column, possible=possible))
        return nothing
    if _absent(condition) or (
        isinstance(column, Cells) and isinstance(condition, str) and condition in column.missing_words
    ):
        return Domain(column, (), True)
    return _labels(condition, column, possible) if isinstance(column, Labels) else _ordered(condition, column, possible)


def _absent(condition: Any) -> bool:
    return (
        condition is None
        or condition is pd.NA
        or condition is pd.NaT
        or (isinstance(condition, float) and math.isnan(condition))
    )


def _labels(condition: Any, column: Labels, possible: bool) -> Domain:
    rank = label_rank(condition, column)
    if rank is not None:
        return Domain(column, ((rank, rank),), False)
    if not isinstance(condition, str):
        return Domain(column, (), False)
    compared = COMPARISON.fullmatch(condition.strip())
    if compared and compared[1] in ("==", "!="):
        found = read(compared[2], column, possible=possible)
        return found if compared[1] == "==" else complement(found)
    if "|" not in condition:
        return Domain(column, (), not condition and column.missing)
    return _alternatives(condition, column, possible)


def _alternatives(condition: str, column: Cells | Labels, possible: bool) -> Domain:
    found = Domain(column, (), False)
    for part in condition.split("|"):
        found = found.either(read(part.strip() or None, column, possible=possible))
    return found


def label_rank(value: Any, column: Labels) -> int | None:
    """Return the rank of a label that is given as itself or as text; true and false in any case, as files write
    them.
    """
    own = {label: rank for rank, label in enumerate(column.labels)}
    if not isinstance(value, str) and value in own:
        return own[value]
    texts = {str(label): rank for label, rank in own.items()}
    if str(value) in texts:
        return texts[str(value)]
    word = BOOLEAN_WORDS.get(str(value).strip().lower())
    return own.get(word) if word is not None and any(isinstance(label, bool) for label in column.labels) else None


def complement(domain: Domain) -> Domain:
    """Return the present values outside a domain."""
    edges, low = [], -math.inf
    for a, b in domain.pieces:
        edges.append((low, a - domain.step if domain.step else math.nextafter(a, -math.inf)))
        low = b + domain.step if domain.step else math.nextafter(b, math.inf)
    return Domain(domain.column, tuple((a, b) for a, b in [*edges, (low, math.inf)] if a <= b), False)


def _ordered(condition: Any, column: Cells, possible: bool) -> Domain:
    if not isinstance(condition, str):
        return compare("==", unit(condition, column), column)
    text = condition.strip()
    if not text:
        return Domain(column, (), True)
    if "|" in text:
        return _alternatives(text, column, possible)
    if compared := COMPARISON.fullmatch(text):
        return compare(compared[1], unit(compared[2], column), column)
    low, found, high = text.partition("..")
    if not found:
        return compare("==", unit(text, column), column)
    above = compare(">=", unit(low.strip(), column), column) if low.strip() else present(column)
    return above.both(compare("<=", unit(high.strip(), column), column) if high.strip() else present(column))


def present(column: Cells | Labels) -> Domain:
    """Return the domain of every value but a missing one."""
    return Domain(column, ((-math.inf, math.inf),), False)


def compare(operator: str, value: float, column: Cells) -> Domain:
    """Return the present values v with v operator value; value in units of comparison (see `unit`)."""
    at = value if per_unit(column) == 1 else value * per_unit(column)
    on_grid = not column.scale or abs(at - round(at)) <= ROUNDING_TICKS * max(1, abs(at))
    at = round(at) if column.scale and on_grid else at
    if operator in ("==", "!="):
        point = Domain(column, ((at, at),) if on_grid else (), False)
        return point if operator == "==" else complement(point)
    low = at if operator in (">", ">=") else -math.inf
    high = at if operator in ("<", "<=") else math.inf
    if not column.scale:
        low = math.nextafter(low, math.inf) if operator == ">" else low
        high = math.nextafter(high, -math.inf) if operator == "<" else high
    elif on_grid:
        low, high = low + (operator == ">"), high - (operator == "<")
    else:
        low, high = (math.ceil(low) if math.isfinite(low) else low), (math.floor(high) if math.isfinite(high) else high)
    return Domain(column, ((low, high),), False)


def unit(value: Any, column: Cells) -> float:
    """Return a number as itself, a date as microseconds since 1970; ValueError where the column's values are not
    written so.
    """
    try:
        if column.column.kind == "datetime":
            return _microseconds(value, column)
        written = number_of(value, column.column) if isinstance(value, str) else None
        number = float(value if written is None else written)
        if math.isfinite(number):
            return int(value) if isinstance(value, int) and not isinstance(value, bool) else number
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    what = "a date in its own format" if column.kind == "datetime" else "a number"
    raise GeneratorError(
        f"expected {what} beside column {column.name!r}, found neither that nor a column; correct it"
    ) from None


def _microseconds(value: Any, column: Cells) -> float:
    """Read a date as the column writes it, else as ISO 8601 writes it."""
    if column.column.format:
        found, read = to_grid(pd.Series([value], dtype="object"), column.column, 1)
        if read.all():
            return float(found[0])
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    zone = (
        getattr(pd.api.types.pandas_dtype(column.dtype), "tz", None) if column.dtype.startswith("datetime64") else None
    )
    stamp = pd.Timestamp(value)
    stamp = stamp.tz_localize(zone) if zone is not None and stamp.tz is None else stamp
    return float(to_grid(pd.Series([stamp]), column.column, 1)[0][0])
