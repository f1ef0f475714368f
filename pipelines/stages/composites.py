"""Columns of several parts in one text: labels and units of a few rows are no part of the schema, which is public."""

from dataclasses import replace

import pandas as pd

from launderette.generators.data.schema import Categorical, Column, Composite, Schema
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.formats.unit_format import UnitFormat
from launderette.pipelines.stages.protection import owners_of


def without_rare(frame: pd.DataFrame, schema: Schema, *, rare: int, entity: str | None) -> Schema:
    """Return the schema without the labels of sets, and the units of numbers, that fewer than `rare` rows or entities
    have; a column that has no others is categorical.
    """
    return Schema(tuple(_without_rare(frame, column, rare, entity) for column in schema.columns))


def _without_rare(frame: pd.DataFrame, column: Column, rare: int, entity: str | None) -> Column:
    if not isinstance(column, Composite) or not isinstance(form := column.format, SetFormat | UnitFormat):
        return column
    named = frame[column.name].map(lambda text: form.names(str(text)), na_action="ignore").explode()
    holders = owners_of(frame, entity)[named.index].groupby(named.to_numpy()).nunique()
    few = {name for name in form.known if holders.get(name, 0) < rare}
    if len(few) == len(form.known):
        return Categorical(column.name, column.dtype)
    if not isinstance(form, SetFormat):
        return replace(column, format=form.without(few))
    parts = (part for part, label in zip(column.parts, form.known, strict=True) if label not in few)
    return replace(column, format=form.without(few), parts=tuple(parts))
