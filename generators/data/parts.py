"""Columns of several numbers in one text, of numbers in several units, or of sets of labels <-> a column for each of
their parts.

A value of another form, such as a word for a missing one, stands in the first part alone; among sets it is missing.
Where the empty set is written as nothing, a missing value is that.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Boolean, Categorical, Composite, Numerical, Schema
from launderette.generators.formats import dtypes, grid
from launderette.generators.formats.unit_format import UnitFormat


def split(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the frame with the columns of `schema.flat` in place of its own; one that has these already as it is."""
    whole = [column for column in schema.columns if isinstance(column, Composite) and column.name in frame]
    if not whole:
        return frame
    found = {name: frame[name] for name in frame.columns}
    for column in whole:
        found |= _split(found.pop(column.name), column)
    order = {name: place for place, name in enumerate(schema.flat.names)}
    names = sorted(found, key=lambda name: order.get(name, len(order)))
    return pd.DataFrame({name: found[name] for name in names}, index=frame.index)


def _split(values: pd.Series, column: Composite) -> dict[str, pd.Series]:
    codes, texts = pd.factorize(values)  # missing ones are -1, the last
    parts = np.full((len(texts) + 1, len(column.parts)), None, dtype=object)
    parts[:] = column.format.split("")
    for row, text in enumerate(texts):
        if (found := column.format.split(str(text))) is not None:
            parts[row] = found
        elif column.kind == "numbers":
            parts[row, 0] = text
    return {
        part.name: pd.Series(parts[codes, place], index=values.index, dtype="object")
        for place, part in enumerate(column.parts)
    }


def joined(found: Mapping[str, pd.Series], schema: Schema) -> dict[str, pd.Series]:
    """Return the columns of a schema but its identifiers, of columns that hold the parts of composites."""
    return {
        column.name: _joined([found[part.name] for part in column.parts], column)
        if isinstance(column, Composite)
        else found[column.name]
        for column in schema.columns
        if column.kind != "identifier"
    }


def _joined(parts: list[pd.Series], column: Composite) -> pd.Series:
    """Return the texts of parts; what is no number in the first one as it is, and none where a part is missing."""
    first, there = parts[0], np.stack([_read(*pair, column) for pair in zip(parts, column.parts, strict=True)])
    texts = first.where(first.notna() & ~there[0], None).to_numpy("object", copy=True)
    rows = np.flatnonzero(there.all(0))
    found = zip(*(part.to_numpy()[rows] for part in parts), strict=True)
    texts[rows] = [column.format.join(row) or None for row in found]
    return dtypes.cast(pd.Series(texts, index=first.index, dtype="object"), column.dtype)


def _read(values: pd.Series, part: Numerical | Categorical | Boolean, column: Composite) -> np.ndarray:
    """Tell which texts are numbers, units of the column, or true or false: bool [rows]."""
    if isinstance(part, Numerical):
        return grid.to_grid(values, part, 0)[1]
    if isinstance(part, Boolean):
        return values.notna().to_numpy()
    assert isinstance(column.format, UnitFormat)  # no other has parts that are labels
    return values.isin(column.format.units).to_numpy()
