"""What was settled about a table without being told: sentences for the terminal and the report, each with the line
that changes it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from launderette.generators.data.schema import Composite, Identifier, Schema
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.formats.unit_format import UnitFormat
from launderette.generators.identifiers import detection
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.personal_data import Found, columns
from launderette.pipelines.sources.tables import notes_of
from launderette.pipelines.stages import splitting

# shares of a column's rows from which it is told that labels were generalised, and lost
GENERALISED_SHARE, LOST_SHARE = 0.5, 0.05
GENERALISED_WORDS = {
    "rows_grouped": "became the group that is stated for them",
    "rows_shortened": "kept the beginning of their label",
    "rows_alike": "became the label most like theirs by the other columns",
}


def of_draw(config: RunConfig, learned: int, rows: int, entity: str | None) -> str:
    """Say of how many rows a run learns, where these are not all."""
    entities = f" in whole entities of {entity!r}" if entity else ""
    memory = f"resources.memory: {config.resources.memory} holds"
    why = memory if config.source.rows is None else "source.rows says"
    return (
        f"learned from {learned:,} of {rows:,} rows, drawn at random{entities}, as many as {why}; kinds and formats "
        "are those of all rows"
    )


def of_schema(
    config: RunConfig, schema: Schema, frame: pd.DataFrame, personal: Mapping[str, Found] | None = None
) -> list[str]:
    """Return a sentence for what was guessed in reading, each column of personal data or taken as an identifier, and
    the entity that rows belong to.
    """
    personal = personal or {}
    stated = {*config.listed, config.split.column, *personal}
    found = [column for column in schema.columns if isinstance(column, Identifier) and column.name not in stated]
    notes = notes_of(frame) + [columns.sentence(name, finding) for name, finding in personal.items()]
    notes += [_identifier(column, frame[column.name]) for column in found]
    notes += [
        _learned(column.name, frame[column.name])
        for column in schema.columns
        if column.kind in ("categorical", "numerical") and column.name not in stated
        if detection.is_called_code(column.name, frame[column.name]) and frame[column.name].nunique() > 1
    ]
    notes += [_several(column) for column in schema.columns if isinstance(column, Composite)]
    return notes + list(_of_entity(config, schema))


def _of_entity(config: RunConfig, schema: Schema) -> Iterator[str]:
    entity = splitting.entity_of(config, schema)
    if entity and not config.split.entity:
        yield (
            f"Rows that share a value of {entity!r} are taken as one entity: they stay on one side of the split and "
            "are counted once; "
            "to change it: split: {entity: another column}, or {entity: none} where it names none."
        )
    if config.split.alone and (repeated := splitting.repeated(schema)):
        yield (
            f"Rows that share a value of {repeated!r} are no entity, as split.entity: none states: they may stand on "
            "both sides of the split, and protection and attacks count rows. Where they do belong to one person, state "
            f"split: {{entity: {as_key(repeated)}}}."
        )


def _identifier(column: Identifier, values: pd.Series) -> str:
    kind = "numerical" if pd.api.types.is_numeric_dtype(values.dtype) else "categorical"
    what, become = "was taken as an identifier", "are made up anew"
    if column.refers:
        what, become = f"names rows by their {column.refers!r}", "are taken from those made up for that, of any row"
    return (
        f"Column {column.name!r} {what}: nothing learns it, its values {become}; to learn it: columns: "
        f"{{{as_key(column.name)}: {kind}}}."
    )


def _learned(name: str, values: pd.Series) -> str:
    count, rows = values.nunique(), values.count() / values.nunique()
    return (
        f"Column {name!r} is called an identifier, but tells groups: its {count} values stand in {rows:.0f} rows each, "
        "so that they are learned, and real ones are released; where they name people, have them made up anew: "
        f"columns: {{{as_key(name)}: identifier}}."
    )


def _several(column: Composite) -> str:
    form, named = column.format, f"{column.parts[0].name!r} to {column.parts[-1].name!r}"
    what = f"{len(column.parts)} numbers in one text, each of which is learned by itself, as {named}"
    if isinstance(form, UnitFormat):
        what = f"numbers in {len(form.units)} units ({', '.join(form.units)}), learned beside them"
    if isinstance(form, SetFormat):
        what = f"sets of {len(column.parts)} labels, each of which is learned by itself, as {named}"
    return (
        f"Column {column.name!r} holds {what}, and written back; to learn whole texts: columns: "
        f"{{{as_key(column.name)}: categorical}}."
    )


def of_protection(record: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each column of which protection changed many rows, or guessed what labels are like."""
    notes = [_changed(name, column, record["rows"], record["rare"]) for name, column in record["columns"].items()]
    return [note for note in notes if note]


def _changed(name: str, column: Mapping[str, Any], rows: int, rare: int) -> str:
    generalised, removed = (column.get(key, 0) / max(1, rows) for key in ("rows_generalised", "rows_removed"))
    kept = {words: share for key, words in GENERALISED_WORDS.items() if (share := column.get(key, 0) / max(1, rows))}
    lost = generalised - sum(kept.values())
    if generalised > GENERALISED_SHARE or lost > LOST_SHARE or "rows_alike" in column:
        shares = {'became "(other)" or missing': lost, **kept}
        became = ", ".join(f"{share:.1%} {words}" for words, share in shares.items())
        return (
            f"Column {name!r}: of its rows {became}, because fewer than {rare} share a label; to keep more: "
            f"protect: {{rare: {max(1, rare // 2)}}}, or columns: {{{as_key(name)}: {{kind: categorical, "
            "groups: {a group: [a label, another]}}}."
        )
    if removed > 0:
        return (
            f"Column {name!r} lost its values, because fewer than {rare} rows have one; to keep them: protect: "
            f"{{rare: 1}}."
        )
    return ""
