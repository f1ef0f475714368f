"""The unit in which a column of very large or very small numbers is compared, so that 32-bit learners can hold them."""

from __future__ import annotations

import numpy as np

WIDEST = 100  # binary digits before or after the point: float32 holds 127, and squares in float64 stay finite
FAR_OUT = 2.0**120  # units: what lies farther out than any training value could, in another table


def unit_of(training: np.ndarray) -> float:
    """The power of two that brings training values [rows] into range, 1 for usual ones.

    Division by it is exact but for values some 300 decades below the largest, which lose digits or become 0.
    """
    largest = float(np.nanmax(np.abs(training), initial=0.0, where=~np.isnan(training)))
    digits = int(np.frexp(largest)[1])
    if largest == 0 or abs(digits) <= WIDEST:
        return 1.0
    return float(2.0 ** (digits - (WIDEST if digits > 0 else 0)))


def in_unit(values: np.ndarray, unit: float) -> np.ndarray:
    """Values [rows] in the unit; those of another table that lie beyond all training values end at FAR_OUT."""
    with np.errstate(over="ignore"):
        return np.clip(values / unit, -FAR_OUT, FAR_OUT)
