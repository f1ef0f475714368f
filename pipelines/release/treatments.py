"""What became of each column on its way into a release, in the few words that a report counts."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from launderette.generators.data.schema import Column, Composite, Identifier, Image, Schema
from launderette.pipelines.personal_data.columns import is_disguised


class Treatment(StrEnum):
    """What became of a column, as it is said."""

    LEARNT = "learnt"
    GENERALISED = "learnt with rare labels generalised"
    DISGUISED = "learnt under pseudonyms"
    MADE_UP = "made up anew"
    WORKED_OUT = "worked out from others"


def of_columns(schema: Schema, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what became of each column, by name; none of images. `facts` are what the decision knows of the run."""
    if any(isinstance(column, Image) for column in schema.columns):
        return {}
    record = facts["protection"].get("columns", {})
    generalised = {name for name, one in record.items() if one.get("labels_generalised")}
    disguised = {name for name, one in (facts.get("personal") or {}).items() if is_disguised(one["evidence"])}
    worked_out = set(facts.get("worked_out", ()))
    return {column.name: str(_of(column, generalised, disguised, worked_out)) for column in schema.columns}


def _of(
    column: Column, generalised: Collection[str], disguised: Collection[str], worked_out: Collection[str]
) -> Treatment:
    names = [part.name for part in column.parts] if isinstance(column, Composite) else [column.name]
    if isinstance(column, Identifier):
        return Treatment.MADE_UP
    if all(name in worked_out for name in names):
        return Treatment.WORKED_OUT
    if column.name in disguised:
        return Treatment.DISGUISED
    return Treatment.GENERALISED if any(name in generalised for name in names) else Treatment.LEARNT
