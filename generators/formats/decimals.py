"""How many decimal places the numbers of a column have."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd

# as in the hexadecimal 12e4030201, at which pandas' reader of numbers reads memory anywhere, or stops
LONG_EXPONENT = re.compile(r"[eE][+-]?\d{6}")
MAX_DECIMALS = 12
# share of a column's values, from so many on, that may have more decimals than the column: one of them at least
LONGER_WRITTEN_SHARE, LONGER_WRITTEN_FROM = 0.001, 100
LARGEST_TICK = 2**62  # so that differences of ticks fit int64
EXACT_INTEGERS = 2**53  # float64 holds every integer up to here
SINGLE_DIGITS = (17, 10, 9, 8)  # that files show of numbers of single precision
SINGLE_ERROR, LARGEST_SINGLE = 1e-7, 1e38
READING_ERROR = 1e-14  # relative: some files show 15 digits, and fast readers of CSV miss the last bit
TOLD_BY_FEW = 100  # numbers looked at first
NOISE_TICKS = 0.01  # of a grid, the most that sums and products of its numbers leave beside it
MOST_FLOAT32_TICKS = 2**21  # of numbers in float32, which hardly tells finer ones apart


def _has_long_exponent(value: object) -> bool:
    return isinstance(value, str) and LONG_EXPONENT.search(value) is not None


def numbers_of(values: pd.Series) -> np.ndarray:
    """Return values as float64 [rows], NaN for what is no number."""
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        values = values.mask(values.map(_has_long_exponent).astype("bool"))
    return pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=np.nan)


def precision_of(present: pd.Series) -> tuple[int | None, int]:
    """Return the decimals of `decimals_of`, and with how many significant digits a column of double precision holds
    numbers of single precision (3.1 as 3.0999999046325684, as in files of Stata), 0 where it does not. Then the
    decimals are those that the numbers had before.
    """
    decimals = decimals_of(present)
    if str(present.dtype).lower() != "float64" or decimals == 0:
        return decimals, 0
    numbers = np.unique(pd.to_numeric(present).to_numpy("float64", na_value=np.nan))
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers) or np.abs(numbers).max() > LARGEST_SINGLE:
        return decimals, 0
    narrow = numbers.astype("float32")
    held = (digits for digits in SINGLE_DIGITS if _is_read_in(digits, narrow, numbers))
    if not _alike(narrow, numbers, SINGLE_ERROR) or not (digits := next(held, 0)):
        return decimals, 0
    before = decimals_of(pd.Series(present[np.isfinite(present)].to_numpy("float64").astype("float32")))
    fewer = decimals is None or (before is not None and before < decimals)
    return (before, digits) if fewer else (decimals, 0)


def _alike(a: np.ndarray, b: np.ndarray, error: float) -> bool:
    return bool(np.allclose(a, b, rtol=error, atol=0))


def _is_read_in(digits: int, narrow: np.ndarray, numbers: np.ndarray) -> bool:
    """Tell whether all numbers are those of single precision in so many digits; a few of them mostly tell that not."""
    parts = slice(TOLD_BY_FEW), slice(TOLD_BY_FEW, None)
    return all(_alike(in_digits(narrow[part], digits), numbers[part], READING_ERROR) for part in parts)


def in_digits(narrow: np.ndarray, digits: int) -> np.ndarray:
    """Return numbers of single precision as so many significant digits of each are read: float64."""
    return np.array([float(f"{number:.{digits}g}") for number in narrow.astype("float64").tolist()], dtype="float64")


def decimals_of(present: pd.Series) -> int | None:
    """Return the fewest decimal places that write nearly every value exactly, None where more than 12 or its own
    precision cannot tell.

    One value in a thousand may have more, and a single one of a hundred: it is rounded, for a grid that it alone has
    would say how all others are written.
    """
    if pd.api.types.is_integer_dtype(present.dtype):
        return 0 if present.empty or int(present.max()) <= LARGEST_TICK else None
    if pd.api.types.is_timedelta64_dtype(present.dtype):
        present = present.dt.total_seconds()
    if len(present) and present.dtype == object and present.map(type).eq(Decimal).all():
        return _places(present)
    numbers = numbers_of(present)
    numbers, rows = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    most = EXACT_INTEGERS
    if present.dtype == "float32":  # 2.2 is 2.200000047683716
        numbers, most = numbers.astype("float32").astype("str").astype("float64"), MOST_FLOAT32_TICKS
    largest, known = np.abs(numbers).max(initial=0.0), int(rows.sum())
    longer = max(1, LONGER_WRITTEN_SHARE * known) if known >= LONGER_WRITTEN_FROM else 0
    for decimals in range(MAX_DECIMALS + 1):
        if largest * 10.0**decimals >= (most if decimals else EXACT_INTEGERS):
            return None
        if rows[np.round(numbers, decimals) != without_noise(numbers, decimals)].sum() <= longer:
            return decimals
    return None


def without_noise(numbers: np.ndarray, decimals: int) -> np.ndarray:
    """Return numbers with so many decimals where they differ from that by the noise of floating point alone, as
    0.30000000000000004 does; others as they are.
    """
    plain = np.round(numbers, decimals)
    noise = np.minimum(READING_ERROR * np.abs(numbers), NOISE_TICKS * 10.0**-decimals)
    with np.errstate(invalid="ignore"):  # infinite ones
        return np.where(np.abs(plain - numbers) <= noise, plain, numbers)


def _places(present: pd.Series) -> int | None:
    """Return the decimals of the Decimals, None where their ticks would not fit 64 bits."""
    finite = [number.normalize() for number in present.unique() if number.is_finite()]
    places = max((max(0, -number.as_tuple().exponent) for number in finite), default=0)
    largest = max((abs(number) for number in finite), default=0)
    return places if places <= MAX_DECIMALS and largest * 10**places <= LARGEST_TICK else None
