"""Points in time <-> integer ticks: microseconds since 1970 in UTC, so that year 1 and year 9999 fit and formats
are kept.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from launderette.generators.formats.date_format import EPOCH, MICROSECOND, digits_of, read, write

# coarsest first: ticks are stored in the largest unit that divides them all
UNITS = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
DAY = UNITS["day"]


class Dated(Protocol):
    """How a column writes its dates: a format (empty for pandas' or Python's own values), zone, language and dtype."""

    @property
    def format(self) -> str: ...
    @property
    def offset(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def dtype(self) -> str: ...


def to_ticks(values: pd.Series, column: Dated) -> tuple[np.ndarray, np.ndarray]:
    """Return microseconds since 1970 (UTC), int64, of the values that can be read, and the mask of these: bool
    [rows].
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(values.dt, "tz", None) else values
        present = values.notna().to_numpy()
        return plain[present].to_numpy("datetime64[us]").astype("int64"), present
    unique = values.dropna().unique()
    digits = digits_of(column.format)
    known = digits.read(value for value in unique if isinstance(value, str)) if digits else {}
    others = {value: _tick(value, column) for value in unique if value not in known}
    known |= {value: tick for value, tick in others.items() if tick is not None}
    present = values.isin(list(known)).to_numpy()
    return np.fromiter((known[value] for value in values[present]), "int64", int(present.sum())), present


def _tick(value: object, column: Dated) -> int | None:
    try:
        moment = moment_of(value, column)
    except (ValueError, OverflowError):
        return None
    return (moment - EPOCH) // MICROSECOND


def moment_of(value: object, column: Dated) -> datetime:
    """Return the moment that a value of the column stands for, in UTC and without a zone; ValueError or OverflowError
    where it is none.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, time):
        return datetime.combine(EPOCH, value.replace(tzinfo=None))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)  # a missing value beside it made it a fraction
    if not column.format:
        return (
            datetime.fromisoformat(str(value))
            if not _of_day(column.dtype)
            else datetime.combine(EPOCH, time.fromisoformat(str(value)))
        )
    return read(str(value), column.format, column.language)


def _of_day(dtype: str) -> bool:
    return dtype.startswith(("time32", "time64")) or dtype == "object[time]"


def from_ticks(ticks: np.ndarray, column: Dated) -> pd.Series:
    """Write microseconds since 1970 (UTC) as text in the column's format, or as timestamps, dates or times of day
    that `cast` takes.
    """
    if not column.format and not _of_day(column.dtype):
        return pd.Series(np.asarray(ticks, "int64").view("datetime64[us]"))
    unique, inverse = np.unique(ticks, return_inverse=True)
    digits = digits_of(column.format)
    texts = digits.write(unique) if digits else [_written(int(tick), column) for tick in unique]
    written = np.array(texts, dtype=object)
    return pd.Series(written[inverse] if len(written) else [], dtype="object")


def _written(tick: int, column: Dated) -> object:
    if not column.format:
        return (EPOCH + timedelta(microseconds=tick % DAY)).time()
    return write(EPOCH + timedelta(microseconds=tick), column.format, column.offset, column.language)


def unit_of(ticks: np.ndarray) -> int:
    """Return the largest unit, in microseconds, that divides every tick."""
    return next(size for size in UNITS.values() if not np.any(ticks % size))
