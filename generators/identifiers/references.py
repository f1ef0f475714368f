"""Columns that name other rows: an employee's manager, a comment that another answers, a part's whole.

Their values are those of an identifier that names each row. Learnt as labels, the ones that many rows share would leave
as they are. So they are made up anew as identifiers are, and taken from the made-up values of the column they refer to,
of a row before: so that nobody is his manager's manager.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Categorical, Column, Identifier, Schema
from launderette.generators.identifiers.detection import LEAST_IDENTIFIERS, MATCHING, UNIQUE_SHARE
from launderette.generators.identifiers.forms import form_of, text_of, typed

FIRST_VALUES = 100  # of a column, that are looked up before all are
ROW_TRIES = 8  # draws of a row that no other entity is drawn as
COPIED_SHARE = 0.5  # of its rows, from which on a column that says what another one says in the same row is its copy


def marked(frame: pd.DataFrame, columns: Sequence[Column], learned: Collection[str | None] = ()) -> tuple[Column, ...]:
    """Return the columns of a frame with those as identifiers that refer to one that names each row, but for those that
    are to be learned.
    """
    named = {column.name: set(frame[column.name].dropna()) for column in columns if _names_rows(column, frame)}
    found: dict[str, Identifier] = {}
    for column in columns if named else ():
        if column.name not in learned and isinstance(column, Categorical | Identifier):
            others = [name for name in named if name != column.name and name not in found]
            values = frame[column.name]
            target = next((name for name in others if _refers(values, frame[name], named[name])), None)
            found |= {} if target is None else {column.name: _reference(column, target, values)}
    return tuple(found.get(column.name, column) for column in columns)


def _names_rows(column: Column, frame: pd.DataFrame) -> bool:
    values = frame[column.name]
    return isinstance(column, Identifier) and values.nunique() > UNIQUE_SHARE * max(1, len(values))


def _refers(values: pd.Series, other: pd.Series, named: Collection[object]) -> bool:
    """Tell whether nearly all of a column's values are `named` by another one, in other rows."""
    distinct = values.drop_duplicates().dropna()
    for some in (distinct.head(FIRST_VALUES), distinct):
        if len(some) < LEAST_IDENTIFIERS or some.isin(named).mean() < MATCHING:
            return False
    same = values.astype("object") == other.astype("object")  # categories of two columns cannot be compared
    return bool(same.sum() < COPIED_SHARE * values.notna().sum())


def _reference(column: Categorical | Identifier, name: str, values: pd.Series) -> Identifier:
    if isinstance(column, Identifier):
        return replace(column, repeats=False, refers=name)
    form = form_of(values.dropna())
    return Identifier(column.name, column.dtype, form.pattern, form.check, refers=name)


def drawn(codes: np.ndarray, referred: pd.Series, stream: np.random.Generator) -> pd.Series:
    """Return for the number of the entity that each row refers to, int [n], -1 for none, the text of the `referred`
    value of a row before its first, None for none; of more rows the first are the same.
    """
    present = np.flatnonzero(codes >= 0)
    starts = present[np.unique(codes[present], return_index=True)[1]]
    rows = [*_apart((stream.random((len(starts), ROW_TRIES)) * starts[:, None]).astype(int).tolist()), 0]
    return _texts(referred).iloc[np.array(rows)[codes]].where(codes >= 0, None).reset_index(drop=True)


def _apart(tries: Sequence[Sequence[int]]) -> list[int]:
    """Return the first of each entity's tries that none before it has, else the very first."""
    found, taken = [], set[int]()
    for rows in tries:
        found.append(next((row for row in rows if row not in taken), rows[0]))
        taken.add(found[-1])
    return found


def followed(before: pd.DataFrame, after: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the frame `after`, in which identifiers have other values than `before`, with what refers to them."""
    for column in (column for column in schema.identifiers if column.refers):
        names = dict(zip(_texts(before[column.refers]), _texts(after[column.refers]), strict=True))
        values = _texts(before[column.name]).map(lambda text, names=names: names.get(text))
        after[column.name] = typed(values, column.dtype).set_axis(after.index)
    return after


def _texts(values: pd.Series) -> pd.Series:
    """Return the values as texts, None for a missing one."""
    texts = values.astype("object").map(text_of, na_action="ignore")
    return texts.where(texts.notna(), None)
