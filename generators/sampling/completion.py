"""Gaps that follow from the rest of a row by the formulas of its derived columns: filled before and after a draw."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import Derived, per_unit, slack_of, values_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.labels import Labels


def certain(frame: pd.DataFrame, encoding: Encoding) -> pd.DataFrame:
    """Return the frame with every gap filled that follows from what is known."""
    return worked_out(solved(worked_out(frame, encoding), encoding), encoding)


def worked_out(frame: pd.DataFrame, encoding: Encoding) -> pd.DataFrame:
    """Return the frame with each derived value that is missing worked out, where its sources are there."""
    for one in _known(frame, encoding):
        if (gaps := frame[one.name].isna().to_numpy()).any():
            ticks, is_missing = one.ticks(_values(frame, encoding, one))
            frame = _filled(frame, one.name, one.column, ticks, gaps & ~is_missing)
    return frame


def solved(frame: pd.DataFrame, encoding: Encoding, drawn: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the frame with a source filled where it alone is missing and the derived value and the others give it.

    `drawn` are the values known before a draw [rows]: then a source that was drawn is solved for, of several the last
    that can make up for the others. Only what lies within the range of the source's training rows and gives the derived
    value again is taken.
    """
    for one in reversed(_known(frame, encoding)):
        before = frame if drawn is None else drawn
        values, result = _values(frame, encoding, one), values_of(frame[one.name], one.column)
        open_ = np.array([np.isnan(own) for own in _values(before, encoding, one)])  # [sources, rows]
        asked = (open_.sum(0) == 1) | (drawn is not None)
        for k, name in reversed([*enumerate(one.formula.sources)]):
            column = encoding.column(name)
            found = one.formula.solved(k, values, result)
            ticks = np.nan_to_num(np.rint(found * per_unit(column)) if column.scale else found * 1.0)
            again = [ticks / per_unit(column) if i == k else own for i, own in enumerate(values)]
            gives = np.isclose(one.ticks(again)[0] / per_unit(one.column), result, rtol=slack_of(one.column), atol=0)
            taken = asked & open_[k] & ~np.isnan(found) & gives & _possible(column, ticks)
            frame = _filled(frame, name, column, ticks.astype("int64") if column.scale else ticks, taken)
            values, asked = _values(frame, encoding, one), asked & ~taken
    return frame


def _known(frame: pd.DataFrame, encoding: Encoding) -> list[Derived]:
    """Return the derived columns but those of what lies between two columns, where the frame does not tell that."""
    return [one for one in encoding.derived if set(one.formula.sources) <= set(frame)]


def _values(frame: pd.DataFrame, encoding: Encoding, one: Derived) -> Sequence[np.ndarray]:
    return [values_of(frame[name], encoding.column(name)) for name in one.formula.sources]


def _possible(column: Cells | Labels, ticks: np.ndarray) -> np.ndarray:
    """Return which ticks lie in the range of a column, or are one of its labels: bool [rows]."""
    if isinstance(column, Labels):
        return np.isin(ticks, column.numbers)
    return (ticks >= column.low[0]) & (ticks <= column.high[-1]) if column.size else np.zeros(len(ticks), dtype=bool)


def _written(column: Cells | Labels, ticks: np.ndarray) -> pd.Series:
    none, place = np.zeros(len(ticks), dtype=bool), np.zeros(len(ticks))
    if isinstance(column, Labels):
        return column.decode(column.cells_at(ticks, none), place)
    return column.written(ticks, none, place)


def _filled(
    frame: pd.DataFrame, name: str, column: Cells | Labels, ticks: np.ndarray, taken: np.ndarray
) -> pd.DataFrame:
    """Return the frame with the values of ticks [rows] where they are taken. The others are written as if they were one
    of those, for a column of whole numbers may hold no missing value.
    """
    if not taken.any():
        return frame
    values = _written(column, np.where(taken, ticks, ticks[taken.argmax()]))
    return frame.assign(**{name: frame[name].where(~taken, values.set_axis(frame.index))})
