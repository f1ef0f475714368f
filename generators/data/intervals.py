"""Sorted numbers -> cells: values that enough rows share for themselves, intervals between them."""

import math
from fractions import Fraction

import numpy as np

LEAST_ROWS_PER_VALUE = 5  # rows that must share a number, or a combination, before it is kept as such
MOST_CELLS = 8192


def cells_of(ticks: np.ndarray, *, on_grid: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return low, high and rows of the cells that cover the ticks: atoms of at least LEAST_ROWS_PER_VALUE
    rows, intervals of about as many between.
    """
    unique, counts = np.unique(ticks, return_counts=True)
    least = max(LEAST_ROWS_PER_VALUE, len(ticks) / MOST_CELLS)
    low: list[float] = []
    high: list[float] = []
    rows: list[int] = []
    filled = 0
    for value, count in zip(unique.tolist(), counts.tolist(), strict=True):
        atom = count >= LEAST_ROWS_PER_VALUE
        if atom or not low or filled == 0 or filled >= least:
            low.append(value)
            high.append(value)
            rows.append(count)
            filled = 0 if atom else count
        else:
            high[-1], rows[-1], filled = value, rows[-1] + count, filled + count
    low, high, rows = _absorb(low, high, rows)
    return _widen(np.array(low), np.array(high), np.array(rows), 1 if on_grid else 0)


def _absorb(low: list, high: list, rows: list) -> tuple[list, list, list]:
    """Merge an interval of fewer than LEAST_ROWS_PER_VALUE rows into the interval before it, where there is one."""
    merged: tuple[list, list, list] = ([], [], [])
    for a, b, n in zip(low, high, rows, strict=True):
        before_is_interval = merged[0] and merged[0][-1] != merged[1][-1]
        if n < LEAST_ROWS_PER_VALUE and before_is_interval:
            merged[1][-1], merged[2][-1] = b, merged[2][-1] + n
        else:
            for column, value in zip(merged, (a, b, n), strict=True):
                column.append(value)
    return merged


def _widen(low: np.ndarray, high: np.ndarray, rows: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move the ends of intervals off the rows' values: to a round number in the gap beside them.

    The gap that is used is no wider than the interval's own spacing, and the whole gap for a few rows between atoms.
    """
    interval, rare = (rows < LEAST_ROWS_PER_VALUE) | (low != high), rows < LEAST_ROWS_PER_VALUE
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
    """Return the number in [least, most] with the most trailing zeros, as `otherwise` is typed; `otherwise` where
    there is none.
    """
    if least > most:
        return otherwise
    power = math.frexp(max(abs(least), abs(most)))[1] // 3 + 1  # 10**power is above both
    while True:
        unit = Fraction(10) ** power
        found = math.ceil(Fraction(least) / unit) * unit
        if found <= most:
            return type(otherwise)(found)
        power -= 1
