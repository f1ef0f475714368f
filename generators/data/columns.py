"""One column <-> cells: Cells for numbers and dates on a grid, Labels for categories. The coarse/fine split is the same for both."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from generators.data import timestamps
from generators.data.schema import Boolean, Categorical, Datetime, Numerical

SINGLE = 256  # more cells than this take two tokens
SHARED = 5  # rows that must share a number before it is kept as such
COARSE = 96  # coarse cells of a two-token number
MOST_CELLS = 8192


class _Split:
    """Cells numbered 0..size-1 <-> (coarse, fine); `starts` holds the first cell of each coarse group; missing is cell `size`."""

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.asarray(self.starts, dtype="int64")

    @property
    def coarse_size(self) -> int:
        return len(self.starts) + self.missing

    @property
    def fine_size(self) -> int:
        return int(self.fine_sizes().max(initial=1))

    def fine_sizes(self) -> np.ndarray:
        """Return the number of cells of each coarse value, 1 for a missing one: int64 [coarse_size]."""
        sizes = np.diff(np.append(self._starts, self.size))
        return np.append(sizes, np.ones(int(self.missing), dtype="int64"))

    def split(self, cells: np.ndarray) -> list[np.ndarray]:
        """Return the tokens of the cells: the coarse one and, where the column has two, the fine one."""
        if not len(self._starts):
            return [np.zeros(len(cells), dtype="int64")]
        gone = cells >= self.size
        coarse = np.searchsorted(self._starts, np.where(gone, 0, cells), side="right") - 1
        fine = np.where(gone, 0, cells - self._starts[coarse])
        tokens = [np.where(gone, len(self._starts), coarse), fine]
        return tokens if self.fine_size > 1 else tokens[:1]

    def join(self, tokens: np.ndarray) -> np.ndarray:
        """Return the cells of tokens [rows, 1 or 2]."""
        coarse = tokens[:, 0]
        gone = coarse >= len(self._starts)
        first = np.append(self._starts, self.size)[np.where(gone, len(self._starts), coarse)]
        return first if tokens.shape[1] == 1 else np.where(gone, self.size, first + tokens[:, 1])


@dataclass(frozen=True)
class Cells(_Split):
    """Numbers or dates as sorted cells [low, high] of grid ticks: an atom where low == high, else an interval."""

    name: str
    kind: str
    dtype: str
    format: str
    scale: float  # ticks per unit for numbers, microseconds per tick for dates; 0 for numbers without a grid
    low: list[float]
    high: list[float]
    starts: list[int]
    missing: bool

    @property
    def size(self) -> int:
        return len(self.low)

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        kind = "int64" if self.scale else "float64"
        return np.asarray(self.low, dtype=kind), np.asarray(self.high, dtype=kind)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Return the cell of each value, the nearest one where it lies in none: int64 [rows]."""
        ticks, present = to_grid(values, self.kind, self.format, self.scale)
        cells = np.full(len(values), self.size, dtype="int64")
        cells[present] = self._nearest(ticks)
        return cells

    def _nearest(self, ticks: np.ndarray) -> np.ndarray:
        low, high = self._bounds
        if not self.size:
            return np.full(len(ticks), self.size)
        above = np.clip(np.searchsorted(high, ticks), 0, self.size - 1)  # the first cell that ends at or after the tick
        below = np.clip(above - 1, 0, None)
        closer = (ticks < low[above]) & (ticks - high[below] < low[above] - ticks)
        return np.where(closer, below, above)

    def decode(self, cells: np.ndarray, inside: np.ndarray, limits: tuple[np.ndarray, np.ndarray] | None = None) -> pd.Series:
        """Return the values of the cells; inside [rows] in [0, 1) is the position within an interval, or within `limits` (ticks)."""
        gone = cells >= self.size
        if not self.size:
            return from_grid(np.zeros(len(cells), dtype="int64"), gone, self)
        at = np.where(gone, 0, cells)
        return from_grid(self.between(inside, *(limits or (ends[at] for ends in self._bounds))), gone, self)

    def between(self, inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the ticks at the places `inside` of intervals [low, high]."""
        if self.scale:
            return low.astype("int64") + np.floor(inside * (high - low + 1)).astype("int64")
        return low + inside * (high - low)


def to_grid(values: pd.Series, kind: str, format: str, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ticks of the values that are present (finite), and the mask of these."""
    if kind == "datetime":
        present = values.notna().to_numpy()
        return timestamps.to_ticks(values[present], format) // int(scale), present
    if pd.api.types.is_integer_dtype(values.dtype) and scale == 1:
        present = values.notna().to_numpy()
        return values[present].to_numpy("int64"), present  # beyond 2**53, where float64 would round
    numbers = pd.to_numeric(values).to_numpy("float64", na_value=np.nan)
    present = np.isfinite(numbers)
    return (np.round(numbers[present] * scale).astype("int64") if scale else numbers[present]), present


def from_grid(ticks: np.ndarray, gone: np.ndarray, column: Cells) -> pd.Series:
    """Write ticks as values of the column's own type, missing where `gone`."""
    if column.kind == "datetime":
        values = timestamps.from_ticks(ticks * int(column.scale), column.format, column.dtype)
        return values.astype("object").where(~gone, None) if values.dtype == object else values.mask(gone)
    if column.scale == 1 and "int" in column.dtype.lower():
        whole = pd.Series(ticks, dtype="int64")
        return (whole.astype("Int64").mask(gone) if gone.any() else whole).astype(column.dtype)
    numbers = ticks / column.scale if column.scale else ticks
    return pd.Series(np.where(gone, np.nan, numbers)).astype(column.dtype)


@dataclass(frozen=True)
class Labels(_Split):
    """Categories, the most frequent first."""

    name: str
    dtype: str
    labels: list[Any]
    starts: list[int]
    missing: bool

    @property
    def size(self) -> int:
        return len(self.labels)

    @cached_property
    def _rank(self) -> dict[Any, int]:
        return {label: rank for rank, label in enumerate(self.labels)}

    def encode(self, values: pd.Series) -> np.ndarray:
        """Return the rank of each label, the last rank for a label never seen: int64 [rows]."""
        ranks = plain(values).map(self._rank)
        unseen = max(self.size - 1, 0)
        return np.where(values.isna(), self.size, ranks.fillna(unseen)).astype("int64")

    def decode(self, cells: np.ndarray, inside: np.ndarray, limits: None = None) -> pd.Series:
        """Return the labels of the ranks."""
        table = np.empty(self.size + 1, dtype=object)
        table[: self.size] = self.labels
        values = pd.Series(table[cells], dtype="object")
        return values.astype(self.dtype) if self.dtype != "object" else values


def plain(values: pd.Series) -> pd.Series:
    """Return the values as Python objects that JSON can hold: numbers and booleans stay, anything else becomes text."""
    objects = values.astype("object")
    return objects.where(values.isna() | objects.map(lambda v: isinstance(v, (str, bool, int, float))), objects.map(str))


def fit_column(values: pd.Series, column: Numerical | Datetime | Categorical | Boolean) -> Cells | Labels:
    """Choose the cells or labels of one column."""
    if isinstance(column, Numerical | Datetime):
        return _fit_cells(values, column)
    present = plain(values.dropna())
    # ties by text, so that the order does not depend on the rows' order
    counts = present.value_counts().reset_index(name="n")
    counts["text"] = counts.iloc[:, 0].map(str)
    labels = counts.sort_values(["n", "text"], ascending=[False, True]).iloc[:, 0].tolist()
    bucket = 1 if len(labels) <= SINGLE else int(np.ceil(np.sqrt(len(labels))))
    starts = list(range(0, len(labels), bucket))
    return Labels(column.name, column.dtype, labels, starts, bool(values.isna().any() or not labels))


def _fit_cells(values: pd.Series, column: Numerical | Datetime) -> Cells:
    format, scale = _grid(values, column)
    ticks, present = to_grid(values, column.kind, format, scale)
    low, high, rows = cells_of(ticks, on_grid=bool(scale))
    starts = list(range(len(low))) if len(low) <= SINGLE else _coarse(rows)
    missing = bool(not present.all() or not len(low))
    return Cells(column.name, column.kind, column.dtype, format, scale, low.tolist(), high.tolist(), starts, missing)


def _grid(values: pd.Series, column: Numerical | Datetime) -> tuple[str, float]:
    if column.kind == "numerical":
        return "", 0.0 if column.decimals is None else 10.0**column.decimals
    ticks, _ = to_grid(values, "datetime", column.format, 1)
    return column.format, float(timestamps.unit_of(ticks))


def cells_of(ticks: np.ndarray, *, on_grid: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return low, high and rows of the cells that cover the ticks: atoms of at least SHARED rows, intervals of about as many between."""
    unique, counts = np.unique(ticks, return_counts=True)
    least = max(SHARED, len(ticks) / MOST_CELLS)
    low, high, rows, filled = [], [], [], 0
    for value, count in zip(unique.tolist(), counts.tolist(), strict=True):
        atom = count >= SHARED
        if atom or not low or filled == 0 or filled >= least:
            low.append(value), high.append(value), rows.append(count)
            filled = 0 if atom else count
        else:
            high[-1], rows[-1], filled = value, rows[-1] + count, filled + count
    low, high, rows = _absorb(low, high, rows)
    return _widen(np.array(low), np.array(high), np.array(rows), 1 if on_grid else 0)


def _absorb(low: list, high: list, rows: list) -> tuple[list, list, list]:
    """Merge an interval of fewer than SHARED rows into the interval before it, where there is one."""
    merged: tuple[list, list, list] = ([], [], [])
    for a, b, n in zip(low, high, rows, strict=True):
        before_is_interval = merged[0] and merged[0][-1] != merged[1][-1]
        if n < SHARED and before_is_interval:
            merged[1][-1], merged[2][-1] = b, merged[2][-1] + n
        else:
            for column, value in zip(merged, (a, b, n), strict=True):
                column.append(value)
    return merged


def _widen(low: np.ndarray, high: np.ndarray, rows: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move the ends of intervals off the rows' values: to a round number in the gap beside them.

    The gap that is used is no wider than the interval's own spacing, and the whole gap for a few rows between atoms.
    """
    interval, rare = (rows < SHARED) | (low != high), rows < SHARED
    spacing = np.where(rare, np.inf, (high - low) / np.maximum(rows - 1, 1))
    wide_low, wide_high = low.tolist(), high.tolist()
    for i in np.flatnonzero(interval).tolist():
        if i > 0:
            least = max(wide_high[i - 1] + step, wide_low[i] - spacing[i])
            wide_low[i] = least if rare[i] else _roundest(least, wide_low[i] - step, wide_low[i])
        if i < len(low) - 1:
            most = min(wide_low[i + 1] - step, wide_high[i] + spacing[i])
            wide_high[i] = most if rare[i] else _roundest(wide_high[i] + step, most, wide_high[i])
    return np.array(wide_low, dtype=low.dtype), np.array(wide_high, dtype=low.dtype), rows


def _roundest(least: float, most: float, otherwise: float) -> float:
    """Return the number in [least, most] with the most trailing zeros, as `otherwise` is typed; `otherwise` where there is none."""
    if least > most:
        return otherwise
    power = math.frexp(max(abs(least), abs(most)))[1] // 3 + 1  # 10**power is above both
    while True:
        unit = Fraction(10) ** power
        found = math.ceil(Fraction(least) / unit) * unit
        if found <= most:
            return type(otherwise)(found)
        power -= 1


def _coarse(rows: np.ndarray) -> list[int]:
    """Return the first cell of each coarse group: equal shares of the rows, a heavy atom alone, at most SINGLE cells in a group."""
    share = rows.sum() / COARSE
    starts, filled, length = [], np.inf, 0
    for cell, count in enumerate(rows.tolist()):
        if filled + count > share or length >= SINGLE:
            starts.append(cell)
            filled, length = 0, 0
        filled, length = filled + count, length + 1
    return starts


def restore_column(document: Mapping) -> Cells | Labels:
    """Read one column that Encoding.to_dict wrote."""
    entry = dict(document)
    return {"Cells": Cells, "Labels": Labels}[entry.pop("type")](**entry)
