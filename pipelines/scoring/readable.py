"""Values as metrics and learners take them: numbers and dates as such, whatever they are written as."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.generators import Schema
from launderette.generators.data import parts
from launderette.generators.data.schema import Composite, Datetime, Numerical
from launderette.generators.derived import presence, words
from launderette.generators.derived.presence import Presence
from launderette.generators.derived.words import WordPart
from launderette.generators.formats import dtypes, grid, timestamps
from launderette.generators.formats.decimals import without_noise


def readable(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Write numbers and dates as such, read by the schema's own formats so that nobody guesses them, several numbers in
    one text as columns of their own (`schema.flat`), and anything else as labels. Floats lose the noise beside their
    column's decimals, so that equal numbers are equal.
    """
    frame = parts.split(frame.copy(deep=False), schema)
    for column in schema.flat.columns:
        own = frame[column.name]
        values = dtypes.simple(own)
        if column.kind == "datetime" and not pd.api.types.is_datetime64_any_dtype(values.dtype):
            values = _stamps(values, column)
        elif column.kind == "numerical" and not pd.api.types.is_numeric_dtype(values.dtype):
            values = _numbers(values, column)
        elif str(values.dtype) == "float64" and column.kind == "numerical" and column.decimals:
            values = pd.Series(without_noise(values.to_numpy(), column.decimals), own.index)
        if values is not own:  # which would be copied
            frame[column.name] = values
    return frame


@dataclass(frozen=True)
class Comparable:
    """How tables of one schema are read to be compared: as `readable`, beside words that stand for missing numbers, and
    which rows have an identifier.
    """

    schema: Schema
    worded: tuple[WordPart, ...]
    present: tuple[Presence, ...] = ()

    @classmethod
    def of(cls, train: pd.DataFrame, schema: Schema) -> "Comparable":
        """Look for words in a table of training rows."""
        worded = words.of_table(parts.split(train, schema), schema.flat.columns)
        return cls(schema, worded, presence.find(train, schema))

    def read(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table as metrics take it."""
        split = parts.split(presence.read(frame, self.present), self.schema)
        return readable(words.read(split, self.worded), self.schema)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column."""
        flags = {part.name: "boolean" for part in self.present}
        return self.schema.flat.kinds() | {part.name: "categorical" for part in self.worded} | flags

    @property
    def parts(self) -> dict[str, str]:
        """The columns that are parts of one, with its name."""
        whole = (column for column in self.schema.columns if isinstance(column, Composite))
        of = {part.name: column.name for column in whole for part in column.parts}
        of |= {part.name: of.get(part.source, part.source) for part in self.worded}
        return of | {part.name: part.source for part in self.present}


def _stamps(values: pd.Series, column: Datetime) -> np.ndarray:
    ticks, present = timestamps.to_ticks(values, column)
    stamps = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    stamps[present] = ticks.view("datetime64[us]")
    return stamps


def _numbers(values: pd.Series, column: Numerical) -> np.ndarray:
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return values.dt.total_seconds().to_numpy("float64")
    found, present = grid.to_grid(values, column, 0)
    numbers = np.full(len(values), np.nan)
    numbers[present] = found
    return numbers
