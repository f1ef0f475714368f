"""Columns of personal data in a run: which are looked at, what becomes of them, and what is said of each.

What is stated under `columns` holds. Others are looked at unless they are to be predicted, drawn under a condition or
compared as quasi-identifiers: those somebody wants to be learned. Birth dates stay dates, which are learned; all other
kinds are identifiers to the generator: never learned.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from launderette.generators.data.schema import Identifier, Schema
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.config.run_config import LEARNED_PEOPLE, PERSONAL_KINDS
from launderette.pipelines.personal_data import detection, keys
from launderette.pipelines.personal_data.findings import KIND_PHRASES, Found
from launderette.pipelines.run.artifacts import chosen

KIND_OF = {kind: "datetime" if kind == "birth_date" else "identifier" for kind in PERSONAL_KINDS}  # in the schema
PSEUDONYMS = "as stated, learned under pseudonyms"
SHARED = ("first_name", "last_name", "text")  # that unrelated people have too, so that they name no entity


def find(
    frame: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    known: Collection[str],
    profile: Mapping[str, pd.Series] | None = None,
) -> dict[str, Found]:
    """Return what is stated of columns, and what is found in those whose kind is not `known`, in the schema's order;
    `profile` are the values of columns of which the frame has a part.
    """
    found = _stated(config)
    if config.personal.detect:
        wanted = {*known, *_learned(config)} - ({config.split.column} - set(config.listed))
        part = Schema(tuple(column for column in schema.columns if column.name not in wanted))
        others = detection.find(chosen(frame, part.names), part, profile)
        found |= {name: one for name, one in others.items() if name not in found}
    return {column.name: found[column.name] for column in schema.columns if column.name in found}


def pseudonymised(frame: pd.DataFrame, config: RunConfig, work: Path | None) -> pd.DataFrame:
    """Return the frame with pseudonyms in the columns of people that are stated to be learned."""
    listed = {name: column for name, column in config.listed.items() if name in frame.columns and is_learned(column)}
    asked = {name: column["kind"] for name, column in listed.items() if isinstance(column, Mapping)}
    if not asked:
        return frame
    key = keys.of(config, work)
    found = {name: keys.pseudonyms(frame[name], kind, key, config.personal.locale) for name, kind in asked.items()}
    return frame.assign(**found)


def is_learned(column: str | Mapping[str, Any]) -> bool:
    """Tell whether an entry under `columns` is of people who are to be learned, under pseudonyms."""
    return isinstance(column, Mapping) and bool(column.get("learn"))


def kind_in_schema(column: str | Mapping[str, Any]) -> str:
    """Return the kind that a stated column has in the schema."""
    kind = column if isinstance(column, str) else column["kind"]
    return "categorical" if is_learned(column) else KIND_OF.get(kind, kind)


def _stated(config: RunConfig) -> dict[str, Found]:
    found = {}
    for name, column in config.listed.items():
        kind = column if isinstance(column, str) else column["kind"]
        if kind in PERSONAL_KINDS:
            found[name] = Found(kind, 1.0, PSEUDONYMS if is_learned(column) else "as stated")
    return found


def _learned(config: RunConfig) -> set[str | None]:
    """Return the columns that the configuration asks something of that only learned ones can do."""
    return {config.score.target, *config.score.quasi_identifiers, *config.sample.where, *config.sample.weights}


def is_made_up(finding: Found) -> bool:
    """Tell whether a column is made up anew rather than learned."""
    return KIND_OF[finding.kind] == "identifier" and finding.evidence != PSEUDONYMS


def marked(schema: Schema, found: Mapping[str, Found]) -> Schema:
    """Return the schema with the kind of personal data of each identifier."""
    return Schema(
        tuple(
            replace(column, personal=kind, repeats=column.repeats and kind not in SHARED)
            if isinstance(column, Identifier) and (kind := found[column.name].kind if column.name in found else "")
            else column
            for column in schema.columns
        )
    )


def sentence(name: str, finding: Found) -> str:
    """Say what a column holds, what becomes of it, and how to change that."""
    said = f"Column {name!r} holds {finding.sentence()}; "
    if finding.evidence == PSEUDONYMS:
        return said + "who is who, only the key tells; which rows somebody has is learned."
    if finding.kind == "birth_date":
        return said + (
            "it stays a date and is learned, but with other columns it names people to whoever knows them: score: "
            f"{{quasi_identifiers: [{as_key(name)}, another]}}."
        )
    key = as_key(name)
    who = f"to learn who is who: columns: {{{key}: {{kind: {finding.kind}, learn: true}}}}; "
    return said + (
        f"nothing learns it, its values are made up anew; {who if finding.kind in LEARNED_PEOPLE else ''}"
        f"to learn it: columns: {{{key}: categorical}}, to leave it out: drop."
    )


def described(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what a report's data card says of all columns of personal data; "" for none."""
    return "; ".join(f"{name}: {KIND_PHRASES[one['kind']]} ({one['confidence']:.2f})" for name, one in found.items())
