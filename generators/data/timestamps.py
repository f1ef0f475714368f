"""Points in time <-> integer ticks: microseconds since 1970 in UTC, so that year 1 and year 9999 fit and formats are kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
DATES = ["%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y%m%d", "%Y.%m.%d", "%d %b %Y", "%b %d, %Y"]
UNPADDED = ["%-d/%-m/%Y", "%-m/%-d/%Y", "%-d.%-m.%Y"]
CLOCKS = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]
ZONED = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]
FORMATS = (
    DATES
    + UNPADDED
    + [f"{day}{between}{clock}" for clock in CLOCKS for between in (" ", "T") for day in DATES[:6] + UNPADDED]
    + ZONED
    + CLOCKS
)
# coarsest first: ticks are stored in the largest unit that divides them all
UNITS = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}


def format_of(unique: Iterable[object]) -> str | None:
    """Return the format that reads every text and writes it back unchanged, None where there is none."""
    texts = list(unique)
    if not texts or not all(isinstance(text, str) for text in texts):
        return None
    return next((f for f in FORMATS if _round_trips(f, texts[:1]) and _round_trips(f, texts)), None)


def _round_trips(format: str, texts: list[str]) -> bool:
    try:
        return all(_write(format, _read(format, text)) == text for text in texts)
    except ValueError:
        return False


def _read(format: str, text: str) -> datetime:
    return datetime.strptime(text, format.replace("%-", "%"))


def _write(format: str, moment: datetime) -> str:
    # strftime of the C library writes year 33 without zeros; strptime wants four digits
    return moment.strftime(format.replace("%Y", f"{moment.year:04d}"))


def to_ticks(values: pd.Series, format: str) -> np.ndarray:
    """Return microseconds since 1970 (UTC), int64, of values without missing ones; ValueError where one is not in the format."""
    if format == "" and pd.api.types.is_datetime64_any_dtype(values.dtype):
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(values.dt, "tz", None) else values
        return plain.to_numpy("datetime64[us]").astype("int64")
    unique = values.unique()
    ticks = [_tick(value, format) for value in unique]
    return values.map(dict(zip(unique, ticks, strict=True))).to_numpy("int64")


def _tick(value: object, format: str) -> int:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        moment = _read(format, str(value))
    return (moment - EPOCH) // MICROSECOND


def from_ticks(ticks: np.ndarray, format: str, dtype: str) -> pd.Series:
    """Write microseconds since 1970 (UTC) as values of the column: texts or integers in its format, dates, or pandas timestamps."""
    if format == "":
        moments = pd.Series(np.asarray(ticks, "int64").view("datetime64[us]"))
        zone = pd.api.types.pandas_dtype(dtype)
        tz = getattr(zone, "tz", None)
        return (moments.dt.tz_localize("UTC").dt.tz_convert(tz) if tz else moments).astype(dtype)
    unique, inverse = np.unique(ticks, return_inverse=True)
    moments = [EPOCH + timedelta(microseconds=int(tick)) for tick in unique]
    written = [moment.date() if format == "date" else _write(format, moment) for moment in moments]
    texts = pd.Series(np.array(written, dtype=object)[inverse] if len(written) else [], dtype="object")
    return texts.astype("int64") if "int" in dtype.lower() else texts


def unit_of(ticks: np.ndarray) -> int:
    """Return the largest unit, in microseconds, that divides every tick."""
    return next(size for size in UNITS.values() if not np.any(ticks % size))
