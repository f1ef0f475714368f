"""Values of a number or date column <-> ticks on its grid, whatever type or format they are written in.

The `scale` of a grid is its ticks per unit for numbers (seconds for durations), microseconds per tick for dates, 0 for
numbers without one.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Datetime, Numerical
from launderette.generators.formats import date_format, dtypes, timestamps
from launderette.generators.formats.compound_format import CompoundFormat
from launderette.generators.formats.date_format import ahead_of_utc
from launderette.generators.formats.decimals import EXACT_INTEGERS, in_digits

MICROSECONDS = 1e6  # per second, the unit of durations
ALL_DIGITS = Context(prec=100)  # digits, more than any type of decimals has
MOST_POWER = EXACT_INTEGERS.bit_length() - 1  # of two, between which ticks may lie
WINTER = datetime(2024, 1, 1)  # by whose clocks the dates of a place lie on a grid
DECIMAL_TYPE = re.compile(r"decimal\d*\((\d+), (-?\d+)\)")  # its digits in all, and those after the point


def grid_of(values: pd.Series, column: Numerical | Datetime) -> float:
    """Return the scale of a column's grid, the coarsest that holds all its values."""
    values = dtypes.simple(values)
    if column.kind == "datetime":
        return float(timestamps.unit_of(to_grid(values, column, 1)[0]))
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return MICROSECONDS / timestamps.unit_of(_microseconds(values.dropna()))
    return 0.0 if column.decimals is None else 10.0**column.decimals


def on_grid(values: pd.Series, column: Numerical | Datetime) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the scale of a column's grid with what `to_grid` finds on it, each value read once."""
    if column.kind == "datetime":
        ticks, present = to_grid(values, column, 1)
        scale = float(timestamps.unit_of(ticks))
        return scale, ticks // int(scale), present
    scale = grid_of(values, column)
    return scale, *to_grid(values, column, scale)


def powers(ticks: np.ndarray) -> np.ndarray:
    """Return between which powers of two, of either sign, ticks lie: 0 for 0, p for 2^(p-1) to 2^p - 1, int64."""
    return np.sign(ticks).astype("int64") * np.ceil(np.log2(np.abs(ticks.astype("float64")) + 1)).astype("int64")


def lowest(power: int) -> int:
    """Return the lowest tick of a power of two: -(2^p - 1) for -p, 2^(p-1) for p."""
    return -(2**-power - 1) if power < 0 else 2**power // 2


def further(tick: int, count: int) -> int:
    """Return the lowest tick of the power of two that lies `count` powers below that of a tick; 0 is not passed."""
    power = int(powers(np.array(tick)))
    return lowest(max(power - count, -MOST_POWER) if power < 0 else max(power - count, 0))


def zone_shift(column: Numerical | Datetime) -> int:
    """Return the microseconds by which a date's grid lies ahead of UTC: midnight is one where it is written +01:00."""
    if column.kind != "datetime" or not ("z" in column.format or "%Z" in column.format):
        return 0
    return ahead_of_utc(column.offset, WINTER) // date_format.MICROSECOND


def to_grid(values: pd.Series, column: Numerical | Datetime, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ticks of the values that can be read (and are finite), and the mask of these: bool [rows]."""
    values = dtypes.simple(values)
    if column.kind == "datetime":
        ticks, present = timestamps.to_ticks(values, column)
        return (ticks + zone_shift(column)) // int(scale), present
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        present = values.notna().to_numpy()
        ticks = _microseconds(values[present])
        return (ticks // int(MICROSECONDS / scale) if scale else ticks / MICROSECONDS), present
    if pd.api.types.is_integer_dtype(values.dtype) and scale == 1:
        present = values.notna().to_numpy()
        return values[present].to_numpy("int64"), present  # beyond 2**53, where float64 would round
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        return _written_numbers(values, column, scale)
    numbers = pd.to_numeric(values).to_numpy("float64", na_value=np.nan)
    present = np.isfinite(numbers)
    return (np.round(numbers[present] * scale).astype("int64") if scale else numbers[present]), present


def _microseconds(present: pd.Series) -> np.ndarray:
    return present.to_numpy("timedelta64[us]").astype("int64")


def _written_numbers(values: pd.Series, column: Numerical, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers from text or from Python's Decimal, exactly."""
    found = {value: number_of(value, column) for value in values.dropna().unique()}
    known = {value: number for value, number in found.items() if number is not None and number.is_finite()}
    present = values.isin(list(known)).to_numpy()
    if scale:
        ticks = {value: int((number * int(scale)).to_integral_value()) for value, number in known.items()}
        return np.fromiter((ticks[value] for value in values[present]), "int64", int(present.sum())), present
    return np.fromiter((float(known[value]) for value in values[present]), "float64", int(present.sum())), present


def number_of(value: object, column: Numerical) -> Decimal | None:
    """Return the number that one value stands for, None where it stands for none."""
    if isinstance(value, str) and column.format is not None and (number := column.format.parse(value)) is not None:
        return number
    if isinstance(column.format, CompoundFormat):
        return None  # 7 among 7:21 may be hours or minutes
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


def from_grid(ticks: np.ndarray, is_missing: np.ndarray, column: Numerical | Datetime, scale: float) -> pd.Series:
    """Write ticks as values of the column's own type and format, missing where `is_missing`."""
    if column.kind == "datetime":
        values = timestamps.from_ticks(ticks * int(scale) - zone_shift(column), column)
    elif is_duration(column):
        values = pd.Series((ticks * int(MICROSECONDS / scale)).astype("timedelta64[us]"))
    elif (form := column.format) is not None:
        values = _mapped(ticks, lambda tick: form.write(_decimal(tick, column, scale)))
    elif "ecimal" in column.dtype:
        values = _mapped(ticks, lambda tick: _decimal(tick, column, scale))
    else:
        return _plain_numbers(ticks, is_missing, column, scale)
    values = values.where(~is_missing, None) if values.dtype == object else values.mask(is_missing)
    return dtypes.cast(values, column.dtype)


def is_duration(column: Numerical) -> bool:
    """Tell whether a number is stored as a length of time."""
    return column.dtype.startswith(("timedelta64", "duration", "object[timedelta"))


def _mapped(ticks: np.ndarray, write: Callable[[float], object]) -> pd.Series:
    unique, inverse = np.unique(ticks, return_inverse=True)
    written = np.empty(len(unique), dtype=object)
    written[:] = [write(tick) for tick in unique.tolist()]
    return pd.Series(written[inverse], dtype="object")


def _decimal(tick: float, column: Numerical, scale: float) -> Decimal:
    number = Decimal(tick).scaleb(-(column.decimals or 0), ALL_DIGITS) if scale else Decimal(repr(float(tick)))
    if (stated := DECIMAL_TYPE.match(column.dtype)) is None:
        return number
    digits, places = map(int, stated.groups())
    most = Decimal(10**digits - 1).scaleb(-places, ALL_DIGITS)  # which a number of 53 bits may exceed
    return max(-most, min(most, number)).quantize(Decimal(1).scaleb(-places, ALL_DIGITS), context=ALL_DIGITS)


def _plain_numbers(ticks: np.ndarray, is_missing: np.ndarray, column: Numerical, scale: float) -> pd.Series:
    whole = "int" in column.dtype.lower()
    if whole and scale == 1:
        values = pd.Series(ticks, dtype="int64")
        return dtypes.cast(values.astype("Int64").mask(is_missing) if is_missing.any() else values, column.dtype)
    numbers = ticks / scale if scale else ticks
    if column.single:
        numbers = in_digits(numbers.astype("float32"), column.single)
    values = pd.Series(np.where(is_missing, np.nan, _whole(numbers, column.dtype) if whole else numbers))
    return dtypes.cast(values, column.dtype)


def _whole(numbers: np.ndarray, dtype: str) -> np.ndarray:
    """Return whole numbers that the type holds: float64 rounds the largest of 64 bits up to one that it does not."""
    name = dtype.lower().removesuffix(dtypes.ARROW_SUFFIX)
    if not re.fullmatch(r"u?int\d+", name):
        return np.round(numbers)
    ends = np.iinfo(name)
    return np.clip(np.round(numbers), ends.min, np.nextafter(float(ends.max), 0) if ends.bits == 64 else ends.max)
