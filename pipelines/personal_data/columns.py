"""Columns of personal data in a run: which are looked at, what becomes of them, and what is said of each.

What is stated under `columns` holds. Others are looked at unless they are to be predicted, drawn under a condition or
compared as quasi-identifiers: those somebody wants to be learned. Birth dates stay dates, which are learned; all other
kinds are identifiers to the generator: never learned. Coordinates of where people live, told by the names of their
columns, are kept to about a kilometre before anything looks at them: a home that several rows have would come back to
the last digit.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Datetime, Identifier, Numerical, Schema
from launderette.generators.formats import grid
from launderette.generators.identifiers.detection import words_of
from launderette.generators.identifiers.forms import text_of
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.config.run_config import LEARNED_PEOPLE, PERSONAL_KINDS
from launderette.pipelines.personal_data import KIND_PHRASES, Found, codes, detection, keys
from launderette.pipelines.personal_data.column_names import PEOPLE, plain
from launderette.pipelines.run.artifacts import chosen

KIND_OF = {kind: "datetime" if kind == "birth_date" else "identifier" for kind in PERSONAL_KINDS}  # in the schema
PSEUDONYMS = "as stated, learned under pseudonyms"
CODED = "its name, and codes with many rows each, learned under pseudonyms"
SHARED = ("first_name", "last_name", "text")  # that unrelated people have too, so that they name no entity
NUMBERED = ("codes", "numbers")  # as columns of numbers of people are called
KEPT_DECIMALS = 2  # of degrees
MOST_DEGREES = 180
COARSE = "coarse"  # among the attrs of a frame: columns that are kept coarsely
KEPT_DIGITS = 2  # of a number that is somebody's alone
YEAR, EXACT_DAY = "datetime64[Y]", "datetime64[us]"
PRECISE = re.compile(r"(?<![\d.])-?\d{1,3}\.\d{3,}(?![\d.])")
COORDINATES = frozenset(
    plain(
        """lat latitude lon lng long longitude latlon latlng latlong coord coords coordinate coordinates gps geo
        geopoint location position point koordinaten koordinate breitengrad langengrad laengengrad latitud longitud
        coordenadas coordonnees coordinaten wspolrzedne"""
    ).split()
)
HOMES = frozenset(
    plain(
        """home house residence residential domicile dwelling wohnort wohnung wohnsitz zuhause heim casa hogar domicilio
        residencia maison thuis woning dom hem hjem koti"""
    ).split()
) | {words[0] for words in PEOPLE if len(words) == 1}


def find(
    frame: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    known: Collection[str],
    profile: Mapping[str, pd.Series] | None = None,
    counts: Mapping[str, pd.Series | None] | None = None,
) -> dict[str, Found]:
    """Return what is stated of columns, and what is found in those whose kind is not `known`, in the schema's order;
    `profile` are the values of columns of which the frame has a part, `counts` how many rows have each text.
    """
    found = _stated(config)
    if config.personal.detect:
        wanted = {*known, *learned(config)} - ({config.split.column} - set(config.listed))
        part = Schema(tuple(column for column in schema.columns if column.name not in wanted))
        others = detection.find(chosen(frame, part.names), part, profile, counts)
        found |= {name: one for name, one in others.items() if name not in found}
    return {column.name: found[column.name] for column in schema.columns if column.name in found}


def pseudonymised(frame: pd.DataFrame, config: RunConfig, work: Path | None) -> pd.DataFrame:
    """Return the frame with pseudonyms in the columns of people that are stated to be learned."""
    listed = {name: column for name, column in config.listed.items() if name in frame.columns and is_learned(column)}
    asked = {name: column["kind"] for name, column in listed.items() if isinstance(column, Mapping)}
    if not asked:
        return frame
    key, named = keys.of(config, work), {name: kind for name, kind in asked.items() if kind != "identifier"}
    found = {name: keys.pseudonyms(frame[name], kind, key, config.personal.locale) for name, kind in named.items()}
    return frame.assign(**found, **keys.codes({name: frame[name] for name in asked if name not in named}, key))


def coded(
    frame: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    known: Collection[str],
    work: Path | None,
    profile: Mapping[str, pd.Series],
) -> dict[str, pd.Series]:
    """Return the columns that would be learned as they are and hold codes of people, whose kind is not `known`, with
    made-up codes; none where personal data are not looked for, or such codes are to be kept.
    """
    if not (config.personal.detect and config.personal.pseudonyms) or config.privacy:
        return {}
    asked = {*known, *learned(config)}
    all = {column.name: profile.get(column.name, frame[column.name]) for column in schema.columns}
    whole = {
        column.name: all[column.name]
        for column in schema.columns
        if column.name not in asked and column.kind in ("numerical", "categorical", "identifier")
    }
    named = [all[column.name] for column in schema.columns if column.kind == "identifier" or column.name in known]
    found = {
        column.name: frame[column.name]
        for column in schema.columns
        if column.name in whole and _is_of_labels(column, whole[column.name], named)
    }
    real = {text_of(value) for name in found for value in whole[name].dropna().unique()}
    return keys.codes(found, keys.of(config, work), real) if found else {}


def _is_of_labels(column: Column, values: pd.Series, named: Sequence[pd.Series]) -> bool:
    """Tell whether codes of people are labels of rows; of identifiers those that serve the others, `named`."""
    if column.kind == "identifier":
        return codes.serves(column.name, values, named)
    return codes.is_persons_code(column.name, values)


def is_learned(column: str | Mapping[str, Any]) -> bool:
    """Tell whether an entry under `columns` is of people who are to be learned, under pseudonyms."""
    return isinstance(column, Mapping) and bool(column.get("learn"))


def of_people(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> list[str]:
    """Return the columns of labels that are codes of people or pseudonyms, of which a part would name nobody."""
    labels = [column.name for column in schema.columns if column.kind == "categorical"]
    stated = {name for name, column in config.listed.items() if is_learned(column)}
    return [name for name in labels if name in stated or codes.is_persons_code(name, frame[name])]


def kind_in_schema(column: str | Mapping[str, Any]) -> str:
    """Return the kind that a stated column has in the schema."""
    kind = column if isinstance(column, str) else column["kind"]
    return "categorical" if is_learned(column) else KIND_OF.get(kind, kind)


def _stated(config: RunConfig) -> dict[str, Found]:
    found = {}
    for name, column in config.listed.items():
        kind = column if isinstance(column, str) else column["kind"]
        if kind in PERSONAL_KINDS or is_learned(column):
            kind = kind if kind in PERSONAL_KINDS else "national_id"
            found[name] = Found(kind, 1.0, PSEUDONYMS if is_learned(column) else "as stated")
    return found


def learned(config: RunConfig) -> set[str | None]:
    """Return the columns that the configuration asks something of that only learned ones can do."""
    return {config.score.target, *config.score.quasi_identifiers, *config.sample.where, *config.sample.weights}


def is_made_up(finding: Found) -> bool:
    """Tell whether a column is made up anew rather than learned."""
    return KIND_OF[finding.kind] == "identifier" and not is_disguised(finding.evidence)


def is_disguised(evidence: str) -> bool:
    """Tell whether what is said of a finding is that it is learned under pseudonyms."""
    return evidence in (PSEUDONYMS, CODED)


def marked(schema: Schema, found: Mapping[str, Found]) -> Schema:
    """Return the schema with the kind of personal data of each identifier; names that come again are of several people
    where every row has a person's number of its own.
    """
    alone = [column.name for column in schema.identifiers if not column.repeats]
    numbered = any(_kind(name, found) == "national_id" or codes.called_code(name) in NUMBERED for name in alone)
    shared = (*SHARED, "name") if numbered else SHARED
    return Schema(
        tuple(
            replace(column, personal=kind, repeats=column.repeats and kind not in shared)
            if isinstance(column, Identifier) and (kind := _kind(column.name, found))
            else column
            for column in schema.columns
        )
    )


def _kind(name: str, found: Mapping[str, Found]) -> str:
    return found[name].kind if name in found else ""


def sentence(name: str, finding: Found) -> str:
    """Say what a column holds, what becomes of it, and how to change that."""
    said = f"Column {name!r} holds {finding.sentence()}; "
    if finding.evidence == PSEUDONYMS:
        return said + "who is who, only the key tells; which rows somebody has is learned."
    if finding.evidence == CODED:
        return said + (
            "made-up codes stand for the real ones, and which rows somebody has is learned; to release real ones: "
            f"columns: {{{as_key(name)}: categorical}}, to learn nothing: identifier."
        )
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


def _is_of_homes(name: object) -> bool:
    """Tell whether a column's name speaks of the coordinates of homes or of people."""
    words = {plain(word) for word in words_of(name)}
    return bool(words & COORDINATES and words & HOMES)


def coarse_homes(frame: pd.DataFrame, config: RunConfig) -> tuple[pd.DataFrame, list[str]]:
    """Return the frame with coordinates of homes kept to a neighbourhood, and what they are called; columns that are
    stated stay as they are.
    """
    if not config.personal.detect or config.privacy:
        return frame, []
    named = [name for name in frame.columns if not _is_stated(name, config) and _is_of_homes(name)]
    kept = {name: _kept(frame[name]) for name in named}
    changed = {name: values for name, values in kept.items() if not values.equals(frame[name])}
    return _changed(frame, changed), list(changed)


def _is_stated(name: str, config: RunConfig) -> bool:
    return config.listed.get(name, "infer") != "infer" or name in learned(config)


def coarse_belongings(
    frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found], config: RunConfig, entity: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Return the frame with numbers kept to KEPT_DIGITS digits and dates to their year where each of the people with
    several rows has one of its own, and what they are called; of the entity that rows are counted by, and of columns
    that are stated, they stay as they are: who has many rows would have all that is said of them in every one.
    """
    if not config.personal.detect or config.privacy:
        return frame, []
    many = codes.with_many_rows(frame, {name: one.kind for name, one in found.items() if name != entity})
    changed = {
        column.name: _coarse(frame[column.name], column)
        for column in schema.columns
        if isinstance(column, Numerical | Datetime) and not _is_stated(column.name, config)
        if any(codes.is_own(frame[column.name], frame[who]) for who in many)
    }
    return _changed(frame, changed), list(changed)


def _changed(frame: pd.DataFrame, columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return the frame with other columns: itself for none, for pandas copies all values even then."""
    return frame.assign(**columns) if columns else frame


def _coarse(values: pd.Series, column: Numerical | Datetime) -> pd.Series:
    """Write numbers with KEPT_DIGITS digits that count, dates and times as the first of their year, in their form."""
    scale, ticks, present = grid.on_grid(values, column)
    if column.kind == "datetime":
        years = (ticks * int(scale)).astype(EXACT_DAY).astype(YEAR)
        kept = years.astype(EXACT_DAY).astype("int64") // int(scale)
    else:
        places = np.floor(np.log10(np.maximum(np.abs(ticks.astype("float64")), 1e-300))) - (KEPT_DIGITS - 1)
        step = 10.0 ** np.maximum(places, 0 if scale else -300)
        kept = np.round(ticks / step) * step
        kept = kept.astype("int64") if scale else kept
    whole = np.zeros(len(values), kept.dtype)
    whole[present] = kept
    coarse = grid.from_grid(whole, ~present, column, scale)
    return coarse.set_axis(values.index)


def _kept(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values.dtype):
        return values.round(KEPT_DECIMALS) if bool((values.abs() <= MOST_DEGREES)[values.notna()].all()) else values
    if pd.api.types.is_numeric_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype):
        return values if not isinstance(values.dtype, pd.CategoricalDtype) else _kept(values.astype(object))
    return values.map(_shortened, na_action="ignore").astype(values.dtype)


def _shortened(value: object) -> object:
    """Write the coordinates in a text with fewer decimals."""
    return PRECISE.sub(lambda found: f"{float(found[0]):.{KEPT_DECIMALS}f}", value) if isinstance(value, str) else value


def belonging_sentence(name: str) -> str:
    """Say what became of a column whose values are each somebody's alone, and how to change that."""
    return (
        f"Column {name!r} holds one value for each of the people who have many rows: numbers are kept to {KEPT_DIGITS} "
        f"digits, dates to their year; to learn them as they are, state its kind under columns."
    )


def home_sentence(name: str) -> str:
    """Say what became of a column, and how to change that."""
    return (
        f"Column {name!r} holds where people live: kept to {KEPT_DECIMALS} decimals of a degree, about a kilometre; to "
        "learn more of it, state its kind under columns."
    )
