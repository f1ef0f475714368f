"""Public knowledge: what a configuration states of each column, and rows read and brought into it, each by itself.

Nothing is found out from the rows: neither how the file is written, nor a type, a format, a bound or a category. So one
row more or less changes nothing of another.
"""

from collections.abc import Iterator

import pandas as pd

from launderette.generators import GeneratorError, Privacy, Schema
from launderette.generators.privacy.domain import OTHER_LABEL, PublicColumn
from launderette.pipelines.config import OTHERS, RunConfig
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources.tables import LEFT_OUT, read_table
from launderette.pipelines.stages import ingestion

PRIVATE_GENERATOR = "tabular.marginals"
SPENT = "privacy.epsilon"  # the one score about training rows: what the ledger says


def check(config: RunConfig) -> None:
    """Raise LaunderError for what a configuration asks and no guarantee allows, or for a column it does not state."""
    for found, what in _refused(config):
        if found:
            raise LaunderError(f"expected {what}")
    schema = Schema(tuple(column.column for column in guarantee(config).public(stated(config))))
    ingestion.check_mentioned(schema.names, config)
    ingestion.check_constraints(schema, config)


def _refused(config: RunConfig) -> Iterator[tuple[bool, str]]:
    """Yield whether something is asked that has no guarantee, and the sentence that says so."""
    name = config.generator.name
    yield (
        name != PRIVATE_GENERATOR,
        f"generator {PRIVATE_GENERATOR} under privacy.epsilon, found {name}, whose training gives no guarantee; leave "
        "generator.name out",
    )
    yield (
        config.split.column is not None,
        "no split.entity under privacy.epsilon, found one, but what is protected is one row; give one row per person",
    )
    yield (
        config.columns.get(OTHERS) == "infer",
        'every column stated under privacy.epsilon, found "*": infer, which looks at rows; write "*": drop',
    )
    yield (
        bool(config.protect.rare or config.protect.extremes),
        "no protect under privacy.epsilon, found it, but it counts rows; remove it, for bounds and categories are "
        "stated",
    )
    asked = [*(config.score.metrics or ()), *config.gate.rules]
    yield (
        any(metric.startswith("privacy.") for metric in asked) or bool(config.score.quasi_identifiers),
        "no metric of privacy under privacy.epsilon, found one, but it looks at training rows, of which the ledger "
        "alone may tell; remove it",
    )


def stated(config: RunConfig) -> list[str]:
    """Return the columns that are stated and not dropped."""
    return [name for name, column in config.listed.items() if ingestion.kind_of(column) != "drop"]


def guarantee(config: RunConfig) -> Privacy:
    """Return the guarantee that a configuration asks for; LaunderError for one that cannot be given."""
    asked, columns = config.privacy, {name: config.listed[name] for name in stated(config)}
    assert asked is not None  # who asks for no guarantee is no concern of this module
    try:
        found = Privacy(asked.epsilon, asked.delta, columns, unit=asked.unit)
        found.public(columns)
    except GeneratorError as error:
        raise LaunderError(str(error)) from None
    return found


def read(config: RunConfig) -> tuple[pd.DataFrame, Schema, list[str]]:
    """Return the rows of a source in the stated domain, its schema, and what that changed, in sentences for whoever
    holds the rows. LaunderError for a source whose columns are not those stated.
    """
    options, source = ingestion.reading(config), config.source
    written = {"delimiter": source.delimiter or ",", "header": source.header is not False, "typed": False}
    frame = read_table(source.path, **(options | written))
    kept, names = stated(config), [str(name) for name in frame.columns]
    there = [*names, *frame.attrs[LEFT_OUT]]
    if missing := [name for name in config.listed if name not in there]:
        near = nearest(missing[0], there)
        raise LaunderError(f"expected the stated column {missing[0]!r} in {source.path}, found none{near}")
    if OTHERS not in config.columns and (more := [name for name in names if name not in kept]):
        raise LaunderError(
            f"expected only stated columns in {source.path}, found also {more[0]!r}; state what is publicly known of "
            f"it, or write columns: {{{more[0]!r}: drop}}"
        )
    raw = frame[[name for name in names if name in kept]]
    conformed, schema = guarantee(config).conform(raw)
    notes = [note for column in guarantee(config).public(raw.columns) for note in _changed(column, raw, conformed)]
    return conformed, schema, notes


def _changed(column: PublicColumn, raw: pd.DataFrame, conformed: pd.DataFrame) -> Iterator[str]:
    """Yield what was lost of a column by bringing it into its domain: counts of rows, for inside only."""
    before, after = raw[column.name], conformed[column.name]
    if unread := int(after.isna().sum() - before.isna().sum()):
        yield f"{unread:,} values of column {column.name!r} cannot be read as {column.kind} and count as missing."
    if others := int((after == OTHER_LABEL).sum()) if column.kind == "categorical" else 0:
        yield f"{others:,} values of column {column.name!r} are not among its categories and become {OTHER_LABEL}."
    if column.kind == "numerical":
        numbers = pd.to_numeric(before.astype("object"), errors="coerce")
        if clipped := int((numbers.notna() & (numbers != after)).sum()):
            yield f"{clipped:,} values of column {column.name!r} lie beyond its bounds and are clipped to them."
