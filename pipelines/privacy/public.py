"""Public knowledge: what a configuration states of each column, and rows read and brought into it, each by itself.

Nothing is found out from the rows: neither how the file is written, nor a type, a format, a bound or a category, but
for what `domain: learn` pays for. So one row more or less changes nothing of another.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import yaml

from launderette.generators import Privacy, Schema
from launderette.generators.data.values import names_of, single
from launderette.generators.privacy import formulas, learning
from launderette.generators.privacy.domain import OTHER_LABEL, PublicColumn
from launderette.generators.privacy.ledger import event_of
from launderette.generators.privacy.queries import NoisyQueries
from launderette.pipelines.config import OTHERS, RunConfig
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.config.run_config import PERSONAL_KINDS
from launderette.pipelines.config.sections import Resources
from launderette.pipelines.privacy import refusals, splitting
from launderette.pipelines.run.artifacts import LaunderError, restated
from launderette.pipelines.shards import preflight
from launderette.pipelines.sources.tables import LEFT_OUT, notes_of, read_table
from launderette.pipelines.stages import ingestion

PRIVATE_GENERATOR = "tabular.marginals"  # where none is named
PRIVATE_GENERATORS = (PRIVATE_GENERATOR, "tabular.autoregressive", "tabular.diffusion")
PRIVACY_KEYS = tuple(  # of the section privacy, what a result depends on: not what all runs together may spend
    f"privacy.{name}" for name in ("epsilon", "delta", "unit", "rows_per_entity", "domain")
)
NOTHING_STATED = "in a configuration that launder init --epsilon writes to fill in, or pay for it: privacy.domain=learn"
FITTING_SHARE = 0.001  # of mu^2, of the question whether all rows fit into a stated memory
LEARNT = "learnt"  # in a frame's attrs: columns as they were learnt, and the events of that


def check(config: RunConfig) -> None:
    """Raise LaunderError for what a configuration asks and no guarantee allows, or for a column it does not state."""
    refusals.check(refusals.of_every_run(config, PRIVATE_GENERATORS))
    refusals.check(_refused(config))
    if config.generator.name != PRIVATE_GENERATOR:
        refusals.check_installed()
    known = guarantee(config)
    if not learns(config):
        _check_asked(Schema(tuple(column.column for column in known.public(stated(config)))), config)


def _check_asked(schema: Schema, config: RunConfig) -> None:
    ingestion.check_mentioned([*schema.names, *_owner(config)], config)
    ingestion.check_constraints(schema, config)


def learns(config: RunConfig) -> bool:
    """Tell whether what is not stated of a column is learnt from rows, at a price."""
    return config.privacy is not None and config.privacy.domain == "learn"


def _refused(config: RunConfig) -> Iterator[tuple[bool, str]]:
    """Yield whether something is asked of a table that has no guarantee, and the sentence that says so."""
    yield from refusals.of_entities(config, "row")
    dropped = config.split.column in config.listed and ingestion.kind_of(config.listed[config.split.column]) == "drop"
    yield (
        dropped,
        f"the column of split.entity to be read, found columns: {{{config.split.column!r}: drop}}; remove that",
    )
    yield (
        config.columns.get(OTHERS) == "infer" and not learns(config),
        'every column stated under privacy.epsilon, found "*": infer, which looks at rows; write "*": drop, or '
        "privacy.domain: learn, which pays for it",
    )
    yield (
        config.source.rows is not None,
        "no source.rows under privacy.epsilon, found it; which rows it takes would depend on how "
        "many others there are: remove it",
    )
    yield (
        config.source.query is not None,
        "source.table under privacy.epsilon, found source.query, but which rows a query puts together, counts or "
        "leaves out, and which stop it, may depend on others; name a table, or a view of which each row is of one row "
        "alone",
    )
    people = [name for name, column in config.listed.items() if ingestion.kind_of(column) in PERSONAL_KINDS]
    yield (
        bool(people),
        "no column of personal data under privacy.epsilon, found one, whose form only the rows could tell; "
        "write drop for it",
    )
    several = [name for name, column in config.listed.items() if ingestion.kind_of(column) in ("numbers", "labels")]
    yield (
        bool(several),
        f"one number or label in each value under privacy.epsilon, found {several[:1]} stated as several, whose form "
        "only rows tell; give each a column of its own, or write drop",
    )


def by_entity(config: RunConfig) -> bool:
    """Tell whether what is protected is an entity of several rows."""
    return config.privacy is not None and config.privacy.unit == "entity"


def _owner(config: RunConfig) -> list[str]:
    """Return the column that says whose a row is, where it counts."""
    return [config.split.column] if by_entity(config) and config.split.column else []


def stated(config: RunConfig) -> list[str]:
    """Return the columns that are stated and not dropped; that of entities is no column of the release."""
    kept = [name for name, column in config.listed.items() if ingestion.kind_of(column) != "drop"]
    return [name for name in kept if name != config.split.column]


def guarantee(config: RunConfig, learnt: Mapping[str, Any] | None = None) -> Privacy:
    """Return the guarantee that a configuration asks for, with what was learnt of its columns; LaunderError for one
    that cannot be given.
    """
    asked, columns = config.privacy, {name: config.listed[name] for name in stated(config)}
    assert asked is not None  # who asks for no guarantee is no concern of this module
    with restated():
        found = Privacy(
            asked.epsilon, asked.delta, columns, asked.unit, rows_per_entity=asked.rows_per_entity, domain=asked.domain
        )
        found.public(columns if not learns(config) else [name for name in columns if not _is_derived(columns[name])])
        return found if learnt is None else _with_learnt(found, learnt)


def _is_derived(entry: str | Mapping[str, Any]) -> bool:
    """Tell whether an entry states a formula: of columns that may not be listed, where they are to be learnt."""
    return isinstance(entry, Mapping) and bool(entry.get("derived"))


def _with_learnt(privacy: Privacy, learnt: Mapping[str, Any]) -> Privacy:
    """Return a guarantee with the columns that were learnt, and what was asked for it."""
    events = tuple(event_of(entry) for entry in learnt["events"])
    return replace(privacy, columns=learnt["columns"], domain="public", events=events)


def read(config: RunConfig) -> tuple[pd.DataFrame, Schema, list[str]]:
    """Return the rows of a source in the stated or learnt domain, its schema, and sentences about it: how many values
    the stated domain changes, for whoever holds the rows, or what was learnt, which anybody may know. What was learnt
    is among the frame's attrs. LaunderError for a source whose columns are not those stated.
    """
    rows = _rows(config)
    raw, entities, notes = _of_entities(rows, config)
    privacy = guarantee(config)
    asked = _fitting(config.resources, raw, privacy)
    if not learns(config):
        conformed, schema = privacy.conform(raw)
        if asked:
            conformed.attrs[LEARNT] = {"columns": {name: config.listed[name] for name in raw.columns}, "events": asked}
        notes = notes_of(rows) + notes + _lost(raw, conformed, privacy)
        return _with_sides(conformed, raw, entities), schema, notes
    with restated():
        known = learning.learn(raw, privacy)
    conformed, schema = known.conform(raw)
    _check_asked(schema, config)
    columns = {name: known.columns[name] for name in raw.columns}
    conformed.attrs[LEARNT] = {"columns": columns, "events": asked + [asdict(event) for event in known.events]}
    told = [_told(column) for column in known.public(raw.columns) if column.learnt]
    return _with_sides(conformed, raw, entities), schema, told


def _of_entities(frame: pd.DataFrame, config: RunConfig) -> tuple[pd.DataFrame, pd.Series | None, list[str]]:
    """Return the rows that are used, whose they are, and how many are not, for inside only."""
    if not by_entity(config):
        return frame, None, []
    used = guarantee(config).limited(frame, frame[config.split.column])
    left = len(frame) - len(used)
    notes = [f"{left:,} rows beyond privacy.rows_per_entity are not used."] if left else []
    return used.drop(columns=config.split.column), names_of(used[config.split.column]), notes


def _with_sides(frame: pd.DataFrame, raw: pd.DataFrame, entities: pd.Series | None) -> pd.DataFrame:
    """Return rows with what their side of the split follows from, which is no column of the schema: whose they are, or
    their places by the values as they were read.
    """
    return splitting.placed(frame, raw) if entities is None else frame.assign(**{str(entities.name): entities})


def check_source(config: RunConfig) -> list[str]:
    """Read the source and return what becomes of values outside the stated domain, and whether noise is to drown so few
    rows; nothing is asked.
    """
    rows = _rows(config)
    (raw, _, notes), privacy = _of_entities(rows, config), guarantee(config)
    lost = [] if learns(config) else _lost(raw, privacy.conform(raw)[0], privacy)
    return notes_of(rows) + notes + lost + _drowned(raw, config, privacy)


def _drowned(raw: pd.DataFrame, config: RunConfig, privacy: Privacy) -> list[str]:
    """Return a sentence where the rows are too few for the budget, for inside only: nothing is spent yet."""
    from launderette.generators.tabular import marginals  # late: of the families, only this one is looked at

    kept, least = len(raw), learning.least_rows(privacy, raw.columns) if learns(config) else 0
    if not learns(config):
        kept, least = round((1 - config.split.share) * kept), marginals.least_rows(privacy, raw.columns)
    if kept > least:
        return []
    return [
        f"About {kept:,} rows are to be learned from, and noise drowns fewer than about {least:,} at privacy.epsilon "
        f"{privacy.epsilon:g}: a run would spend it and stop. Raise it, state more, drop columns, or bring more rows."
    ]


def _lost(raw: pd.DataFrame, conformed: pd.DataFrame, privacy: Privacy) -> list[str]:
    """Return what the stated domain changes of the rows, in counts for inside only."""
    changed = [note for column in privacy.public(raw.columns) for note in _changed(column, raw, conformed)]
    return changed + _off(conformed, privacy)


def _told(column: PublicColumn) -> str:
    own = ("learnt", "missing", "derived", "rows", "noise")
    stated = {key: value for key, value in column.entry.items() if key not in own}
    written = {"default_flow_style": True, "allow_unicode": True, "sort_keys": False, "width": math.inf}
    return (
        f"Column {column.name!r}: {' and '.join(column.learnt)} learnt from rows, with noise. So that further runs "
        f"spend nothing on it, state it, or what is publicly known in its place: "
        f"columns: {yaml.safe_dump({column.name: stated}, **written).strip()}"
    )


def _rows(config: RunConfig) -> pd.DataFrame:
    """Return the columns of a source that are stated, or to be learnt; LaunderError for others."""
    options, source = ingestion.reading(config), config.source
    written = {"delimiter": source.delimiter or ",", "header": source.header, "typed": False}
    frame = read_table(source.path, **(options | written))
    names = [str(name) for name in frame.columns]
    there = [*names, *frame.attrs[LEFT_OUT]]
    asked = [*config.listed, *_owner(config)]
    if missing := [name for name in asked if name not in there]:
        near = nearest(missing[0], there)
        raise LaunderError(f"expected the stated column {missing[0]!r} in {source.path}, found none{near}")
    if learns(config) and config.columns.get(OTHERS, "drop" if config.listed else "infer") == "infer":
        return frame[names]  # those that are dropped were not read
    kept = [*stated(config), *_owner(config)]
    if OTHERS not in config.columns and (more := [name for name in names if name not in kept]):
        how = f"or write columns: {{{more[0]!r}: drop}}" if kept else NOTHING_STATED
        if learns(config):
            how = f'or write columns: {{{more[0]!r}: drop}}, or {{"*": infer}}, which pays for it'
        joint = ", " if how.startswith("or") else " "
        raise LaunderError(
            f"expected only stated columns in {source.path}, found also {more[0]!r}; state what is publicly known of "
            f"it{joint}{how}"
        )
    return frame[[name for name in names if name in kept]]


def _off(conformed: pd.DataFrame, privacy: Privacy) -> list[str]:
    """Return in how many rows a column is not what its formula says, for inside only."""
    counts = formulas.off(conformed, privacy.public(conformed.columns))
    return [
        f"{count:,} values of column {name!r} are not what its formula says; those drawn all are."
        for name, count in counts.items()
        if count
    ]


def _fitting(resources: Resources, raw: pd.DataFrame, privacy: Privacy) -> list[dict[str, Any]]:
    """Ask whether the rows that are used fit into the memory that is stated, with noise, and return what that cost;
    LaunderError where they do not. Without such a bound nothing is asked.

    A part of the rows is not learned from: it would have to be drawn at a rate that somebody states, for no number of
    rows is public, and even then only whoever knows that number could tell whether the part fits.
    """
    if resources.memory is None:
        return []
    queries = NoisyQueries(privacy.squared, privacy.reach)
    rows = queries.table("how many rows there are for the memory", np.array([len(raw)]), FITTING_SHARE).values[0]
    if (held := preflight.held(len(raw.columns), resources.memory_bytes)) < rows:
        raise LaunderError(
            f"expected at most {max(0, int(held)):,} rows for resources.memory: {resources.memory} under "
            "privacy.epsilon, which cannot learn from some of them, as no number of rows is public, found more by a "
            "noisy count; allow more memory"
        )
    return [asdict(event) for event in queries.events]


def _changed(column: PublicColumn, raw: pd.DataFrame, conformed: pd.DataFrame) -> Iterator[str]:
    """Yield what was lost of a column by bringing it into its domain: counts of rows, for inside only."""
    before, after = raw[column.name], conformed[column.name]
    if unread := int(after.isna().sum() - before.isna().sum()):
        yield f"{unread:,} values of column {column.name!r} cannot be read as {column.kind} and count as missing."
    if others := int((after == OTHER_LABEL).sum()) if column.kind == "categorical" else 0:
        yield f"{others:,} values of column {column.name!r} are not among its categories and become {OTHER_LABEL}."
    if column.kind == "numerical":
        numbers, bounds = column.read_numbers(single(before)), column.bounds or (-math.inf, math.inf)
        if clipped := int(((numbers < bounds[0]) | (numbers > bounds[1])).sum()):
            yield f"{clipped:,} values of column {column.name!r} lie beyond its bounds and are clipped to them."
