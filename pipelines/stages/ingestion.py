"""Ingestion: from a source and its configuration to a frame and the schema that everything after it goes by."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from launderette.generators.data import parts
from launderette.generators.data.inference import infer
from launderette.generators.data.schema import KINDS, Column, Schema, check_columns
from launderette.generators.devices.memory import free
from launderette.generators.formats import dtypes
from launderette.generators.formats.decimals import precision_of
from launderette.generators.identifiers import numbered, placeholders, references
from launderette.generators.sampling import reading as conditions
from launderette.pipelines.config import OTHERS, RunConfig
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.large_tables.drawing import Draw, TableRead
from launderette.pipelines.personal_data import LIKELY, Found, columns
from launderette.pipelines.run.artifacts import LaunderError, chosen, restated
from launderette.pipelines.shards import preflight
from launderette.pipelines.sources import tables
from launderette.pipelines.sources.tables import LEFT_OUT, NOTES
from launderette.pipelines.stages import announcing, composites, protection, splitting, values
from launderette.pipelines.stages.protection import settle

# among the attrs of a frame: what is found in its columns; how many rows the source has, where these are not all
PERSONAL, OF = "personal", "of"
LEAST_TABLE_ROWS = 3  # two to learn from and one to hold out


def ingest(config: RunConfig, work: Path | None = None) -> tuple[pd.DataFrame, Schema]:
    """Read the source and settle the kind of every column; LaunderError for a table that cannot be laundered.

    Infinite numbers and values that cannot be read become missing; how many is said among the notes of the frame's
    attrs. The entity column is always an identifier: it names someone, so it is never learned. `work` is the folder
    that the key of pseudonyms is kept in. Of a table that is larger than source.rows or resources.memory allows, the
    frame is a part that is drawn at random, in whole entities; kinds and formats are those of all rows.
    """
    drawn = _drawn(config, config.split.column)
    frame, schema = _settled(drawn, config, work)
    if drawn.profile is None:
        return frame, schema
    rows, entity = drawn.rows, splitting.entity_of(config, schema)
    if entity != config.split.column:  # found in all rows: drawn anew, in whole entities
        del drawn, frame  # before as many rows take their room
        frame, schema = _settled(_drawn(config, entity), config, work)
    frame.attrs[OF] = rows
    frame.attrs[NOTES].append(announcing.of_draw(config, len(frame), rows, entity))
    return frame, schema


def _drawn(config: RunConfig, entity: str | None) -> TableRead:
    asked, memory = config.source.rows, config.resources.memory_bytes
    whole = asked is None and math.isinf(memory)

    def most(rows: int, columns: int, row_bytes: float) -> int:
        if whole:
            preflight.check_free(rows, columns, free(torch.device("cpu")), row_bytes)
        return preflight.learned(rows if asked is None else min(asked, rows), columns, memory, row_bytes)

    return tables.draw_table(config.source.path, Draw(most, config.seed, entity, whole=whole), **reading(config))


def _settled(drawn: TableRead, config: RunConfig, work: Path | None) -> tuple[pd.DataFrame, Schema]:
    """Return the rows that are learned from and their schema, as `ingest` does."""
    frame, place = drawn.frame, config.source.path
    kept = _kept(list(frame.columns), frame.attrs[LEFT_OUT], config)
    frame, sums = chosen(frame, kept), list[str]()
    if drawn.profile is None:  # all rows are here, and the last ones last
        frame, sums = values.without_sums(frame)
    if len(frame) < LEAST_TABLE_ROWS:
        raise LaunderError(
            f"expected at least {LEAST_TABLE_ROWS} rows in {place}, found {len(frame)}; give a larger table"
        )
    if not any(frame[name].notna().any() for name in frame.columns):
        raise LaunderError(f"expected values in {place}, found none in any row; give a table that holds some")
    frame, infinite = _finite(frame)
    frame, near = columns.coarse_homes(columns.pseudonymised(frame, config, work), config)
    profile = {name: all for name, all in (drawn.profile or {}).items() if name not in near}
    frame, schema, found = _schema(frame, config, profile, work)
    rare, _ = protection.settle(config.protect.rare, None, len(frame))
    entity = splitting.entity_of(config, schema)
    schema = composites.without_rare(frame, schema, rare=rare, entity=entity)
    check_mentioned(schema.flat.names, config)
    frame, notes = values.read(frame, schema)
    frame, own = columns.coarse_belongings(frame, schema, found, config, entity)
    frame.attrs[columns.COARSE] = near + own
    frame.attrs[PERSONAL] = found
    frame.attrs[NOTES] += sums + infinite + notes + [columns.home_sentence(name) for name in near]
    frame.attrs[NOTES] += [columns.belonging_sentence(name) for name in own]
    _check_target(frame, schema, config)
    check_constraints(schema, config)
    return chosen(frame, schema.names), schema


def identifiers(config: RunConfig, schema: Schema, like: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Read the identifiers of all rows, a part of them at a time, in the types of a frame of some of the rows."""
    types = {column.name: like[column.name].dtype for column in schema.identifiers}
    types = {name: object if isinstance(type_, pd.CategoricalDtype) else type_ for name, type_ in types.items()}
    for part in tables.frames(config.source.path, list(types), **reading(config)):
        yield part.astype(types).apply(placeholders.without)  # the labels of some rows are not those of all


def check_all(read: int, rows: int) -> None:
    """Raise LaunderError where not all rows of a table that is to be enlarged were read."""
    if read < rows:
        raise LaunderError(
            f"expected all {rows:,} rows to enlarge a table, found {read:,} allowed by source.rows or "
            "resources.memory; allow more"
        )


def reading(config: RunConfig) -> dict[str, Any]:
    """Return the options by which the tables of a configuration are read."""
    source, words = config.source, {name: kind_of(column) for name, column in config.listed.items()}
    dropped = [name for name, word in words.items() if word == "drop"]
    written = {
        "delimiter": source.delimiter,
        "header": source.header,
        "encoding": source.encoding,
        "missing": source.missing,
    }
    return {**written, "sheet": source.sheet, "without": dropped}


def kind_of(column: str | Mapping[str, Any]) -> str:
    """Return the word that an entry under `columns` states: a kind, infer or drop."""
    return column if isinstance(column, str) else column["kind"]


def _kept(names: list[str], left_out: list[str], config: RunConfig) -> list[str]:
    """Return the columns to read; LaunderError for one that the data lack or the configuration does not list."""
    listed = {name: kind_of(column) for name, column in config.listed.items()}
    for name in listed:
        if name not in [*names, *left_out]:
            near = nearest(name, [*names, *left_out])
            raise LaunderError(f"expected the column {name!r} of the configuration in the data, found none{near}")
    others = config.columns.get(OTHERS, "infer" if not listed else "")
    unlisted = [name for name in names if name not in listed]
    if unlisted and not others:
        raise LaunderError(
            f"expected only columns that the configuration lists, found also {_quoted(unlisted)}; "
            'list them under columns, or set "*" there to infer or drop'
        )
    dropped = {name for name in names if listed.get(name, others) == "drop"}
    if not (kept := [name for name in names if name not in dropped]):
        raise LaunderError(
            "expected at least one column to keep, found that all are dropped; list another under columns"
        )
    return kept


def _quoted(names: Iterable[str]) -> str:
    shown = [repr(str(name)) for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def check_mentioned(names: list[str], config: RunConfig) -> None:
    """Raise LaunderError for a column that the configuration asks something of and that is not among `names`."""
    mentioned = [("score.target", config.score.target), ("split.entity", config.split.column)]
    mentioned += [("score.quasi_identifiers", name) for name in config.score.quasi_identifiers]
    mentioned += [("sample.where", name) for name in config.sample.where]
    mentioned += [("sample.weights", name) for name in config.sample.weights]
    for key, name in mentioned:
        if name is not None and name not in names:
            raise LaunderError(f"expected a column of the data for {key}, found {name!r}{nearest(name, names)}")


def _finite(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Make infinite numbers missing, and return how many of each column."""
    frame, notes = frame.copy(deep=False), []  # a column that changes is another one: the others take no room
    for name in frame.columns:
        if not pd.api.types.is_float_dtype(frame[name].dtype):
            continue
        infinite = np.isinf(frame[name].to_numpy("float64", na_value=math.nan))
        if infinite.any():
            frame[name] = frame[name].mask(infinite)
            count = values.counted(int(infinite.sum()), "infinite number")
            notes.append(f"{count} of column {name!r} became missing")
    return frame, notes


def _schema(
    frame: pd.DataFrame, config: RunConfig, profile: Mapping[str, pd.Series], work: Path | None
) -> tuple[pd.DataFrame, Schema, dict[str, Found]]:
    """Return the frame, the schema: stated columns as they are stated, stated kinds with the rest read off, other
    columns inferred; and which columns hold personal data. `profile` are the values of columns of which the frame has
    a part.
    """
    kinds, pseudonyms = _stated_kinds(frame, config), _pseudonyms(config)
    profile = {name: all for name, all in profile.items() if name in frame.columns and name not in pseudonyms}
    if types := {name: all.dtype for name, all in profile.items() if _is_nullable(all)}:
        frame = frame.astype(types)
    known = {name: profile.get(name, frame[name]) for name in frame.columns}
    counts = {name: dtypes.text_counts(values) for name, values in known.items()}
    schema = _inferred(known, kinds, counts)
    found = columns.find(frame, schema, config, known=set(kinds), profile=profile, counts=counts)
    never = {name: "identifier" for name, one in found.items() if columns.is_made_up(one)}
    kinds |= never
    coded = columns.coded(frame, schema, config, {*kinds, *found}, work, profile)
    labels = dict.fromkeys(coded, "categorical")
    frame, known, kinds = frame.assign(**coded) if coded else frame, {**known, **coded}, kinds | labels
    found |= {name: Found("national_id", LIKELY, columns.CODED) for name in coded}
    better = {**never, **labels}
    schema = _with_column(schema, _inferred({name: known[name] for name in better}, better))
    schema = _with_whole_identifiers(frame, schema, known)
    schema = _checked(_as_stated(schema, config, kinds), frame, set(kinds))
    schema = Schema(tuple(_with_common_decimals(column, frame[column.name], config) for column in schema.columns))
    schema = columns.marked(schema, found)
    learned = {name for name, kind in kinds.items() if kind != "identifier"} | columns.learned(config)
    owned = schema.columns if config.split.entity else numbered.marked(frame, schema.columns, learned)
    return frame, Schema(references.marked(frame, owned, learned)), found


def _stated_kinds(frame: pd.DataFrame, config: RunConfig) -> dict[str, str]:
    """Return the kinds that the configuration states, by column; that of entities is an identifier."""
    kinds = {name: columns.kind_in_schema(column) for name, column in config.listed.items() if name in frame.columns}
    kinds = {name: kind for name, kind in kinds.items() if kind in KINDS}
    return kinds | ({config.split.column: "identifier"} if config.split.column else {})


def _pseudonyms(config: RunConfig) -> set[str]:
    """Return the columns of personal data that are stated to be learnt, by their pseudonyms."""
    return {name for name, column in config.listed.items() if columns.is_learned(column)}


def _with_whole_identifiers(frame: pd.DataFrame, schema: Schema, known: Mapping[str, pd.Series]) -> Schema:
    """Make whole the numbers of persons that a missing one made fractions, in the frame and in the schema."""
    for column in schema.columns:
        if column.kind == "identifier" and _is_whole(known[column.name]):
            frame[column.name] = frame[column.name].astype("Int64")
            whole = {column.name: known[column.name].astype("Int64")}
            schema = _with_column(schema, _inferred(whole, {column.name: "identifier"}))
    return schema


def _as_stated(schema: Schema, config: RunConfig, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the entries of a schema with what the configuration states of them."""
    entries = {entry["name"]: entry for entry in schema.to_dict()["columns"]}
    for name, listed in config.listed.items():
        if isinstance(listed, Mapping) and name in entries and name != config.split.column:
            stated = {key: value for key, value in listed.items() if key not in ("groups", "kind", "learn")}
            entries[name] |= stated | {"kind": kinds.get(name, entries[name]["kind"]), "name": name}
    return list(entries.values())


def _checked(entries: Iterable[Mapping[str, Any]], frame: pd.DataFrame, stated: set[str]) -> Schema:
    """Return the schema of entries, whose columns the frame's values can be; those of `stated` names are told so."""
    with restated():
        schema = Schema.from_dict({"columns": [values.zoned(entry, frame) for entry in entries]})
        values.check(frame, schema, stated=stated)
        check_columns(frame, schema)
    return schema


def _inferred(
    columns: Mapping[str, pd.Series], kinds: Mapping[str, str], counts: Mapping[str, pd.Series | None] | None = None
) -> Schema:
    """Infer each column by itself: of some of the rows, columns have other lengths."""
    with restated():
        found = [infer(values.to_frame(name), _kind_of(name, kinds), counts) for name, values in columns.items()]
    return Schema(tuple(one.columns[0] for one in found))


def _kind_of(name: str, kinds: Mapping[str, str]) -> dict[str, str]:
    return {name: kinds[name]} if name in kinds else {}


def _with_column(schema: Schema, known: Schema) -> Schema:
    """Return the schema with the columns that are known better in place of its own."""
    better = {column.name: column for column in known.columns}
    return Schema(tuple(better.get(column.name, column) for column in schema.columns))


def _is_nullable(values: pd.Series) -> bool:
    """Tell whether a type is one of those that whole numbers and truths take where one is missing."""
    return pd.api.types.is_extension_array_dtype(values.dtype) and str(values.dtype).startswith(
        ("Int", "UInt", "boolean")
    )


def _is_whole(values: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(values.dtype) and bool((values.dropna() % 1 == 0).all())


def _with_common_decimals(column: Column, present: pd.Series, config: RunConfig) -> Column:
    """Return a number's column with the decimals of the values that protection keeps: one extreme must not decide
    for all.
    """
    stated = isinstance(config.listed.get(column.name), Mapping)
    if column.kind != "numerical" or stated or pd.api.types.is_integer_dtype(present.dtype):
        return column
    _, k = settle(0, config.protect.extremes, len(present))
    inner = values.numbers(present, column)
    inner = pd.Series(np.sort(inner.to_numpy())) if inner.dtype == "float64" else inner.sort_values()
    inner = inner.iloc[k : len(inner) - k]
    if inner.empty:
        return column
    decimals, single = precision_of(inner)
    return replace(column, decimals=decimals, single=single)


def check_constraints(schema: Schema, config: RunConfig) -> None:
    """LaunderError for constraints that no table of this schema can have, before anything is trained."""
    with restated():
        conditions.check(config.sample.constraints or (), schema)


def _check_target(frame: pd.DataFrame, schema: Schema, config: RunConfig) -> None:
    target = config.score.target
    if target is None:
        return
    frame, column = parts.split(frame, schema), schema.flat.column(target)
    if column.kind == "identifier":
        raise LaunderError(
            f"expected a target that can be learned, found that {target!r} is an identifier; name another"
        )
    distinct = frame[target].nunique()
    if distinct < 2:
        found = "one value in all rows" if distinct else "no value"
        raise LaunderError(
            f"expected a target with at least two values, found {found} in column {target!r}; name another"
        )
    rare, _ = settle(config.protect.rare, config.protect.extremes, len(frame))
    common = int((frame[target].value_counts() >= rare).sum())
    if column.kind in ("categorical", "boolean") and common < 2:
        raise LaunderError(
            f"expected two labels of at least {rare} rows in the target {target!r}, found {common}, so that "
            "protection leaves "
            "nothing to predict; name another target, or lower protect.rare"
        )
