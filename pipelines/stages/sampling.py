"""Sampling: exactly the rows that the configuration asks for."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from launderette.generators import Schema, Synthesizer
from launderette.generators.contract import DrawsEvenly
from launderette.generators.identifiers import forms
from launderette.generators.identifiers.forms import IdentifierForm, anew, text_of
from launderette.generators.training import randomness
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run.artifacts import LaunderError, restated

EVEN_UNDER = 300  # of a release, whose shares the noise of independent draws would move

Data = TypeVar("Data")


def under(rules: Sequence[str], draw: Callable[[tuple[str, ...]], Data]) -> tuple[Data, tuple[str, ...]]:
    """Draw under constraints that were found, and return them; where a model can hardly meet them, under the orders
    among them alone, else under none.

    LaunderError where the draw fails without any.
    """
    for kept in filter(None, dict.fromkeys((tuple(rules), tuple(rule for rule in rules if "==" not in rule)))):
        try:
            return draw(kept), kept
        except LaunderError:  # as where hardly a row of the model meets them; without them another one comes again
            continue
    return draw(()), ()


def sample(model: Synthesizer, config: RunConfig, rows_default: int) -> pd.DataFrame:
    """Draw sample.rows rows (else `rows_default`) under sample.where and sample.constraints, in the shares of
    sample.weights where given.

    LaunderError for a condition that no row can meet, and where fewer rows or other columns come out than were asked
    for.
    """
    rows, where = config.sample.rows or rows_default, dict(config.sample.where)
    with restated():
        asked: dict[str, Any] = {"constraints": config.sample.constraints} if config.sample.constraints else {}
        draw: Callable[..., pd.DataFrame] = functools.partial(_drawer(model, rows), **asked)
        drawn = (
            _weighted(draw, config, rows, where) if config.sample.weights else draw(rows, seed=config.seed, where=where)
        )
    if len(drawn) != rows or list(drawn.columns) != model.schema.names:
        raise LaunderError(
            f"expected {rows} synthetic rows with the columns of the schema, found otherwise; train the model again"
        )
    return drawn.reset_index(drop=True)


def _drawer(model: Synthesizer, rows: int) -> Callable[..., pd.DataFrame]:
    return model.sample_evenly if rows < EVEN_UNDER and isinstance(model, DrawsEvenly) else model.sample


def renew(drawn: pd.DataFrame, schema: Schema, real: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Put a fresh value in place of each identifier that chance made a real one: the same one in all of its rows; what
    refers to another column stays.
    """
    drawn = drawn.copy()
    for column in (column for column in schema.identifiers if not column.refers):
        texts, known = drawn[column.name].map(text_of, na_action="ignore"), set(real[column.name].dropna().map(text_of))
        if not (hit := texts[texts.isin(known)].unique().tolist()):
            continue
        used, stream = known.union(texts.dropna()), randomness.generator(seed, "renew", column.name)
        fresh = forms.texts(IdentifierForm(column.pattern, column.check), len(hit), stream, used.__contains__)
        texts = anew(texts, dict(zip(hit, fresh, strict=True))).astype("object")
        drawn[column.name] = forms.typed(texts.where(texts.notna(), None), column.dtype)
    return drawn


def _weighted(draw: Callable[..., pd.DataFrame], config: RunConfig, rows: int, where: dict[str, Any]) -> pd.DataFrame:
    """Draw each value's share under its own condition, then mix the rows: the parts must not stand in blocks."""
    ((column, shares),) = config.sample.weights.items()
    if column in where:
        raise LaunderError(
            f"expected the column {column!r} under sample.where or sample.weights, found it under both; keep one"
        )
    parts = []
    for k, (value, count) in enumerate(apportion(shares, rows).items()):
        drawn = draw(count, seed=randomness.key(config.seed, "weights", k), where=where | {column: value})
        parts.append(drawn)
    order = randomness.generator(config.seed, "mix").permutation(rows)
    return pd.concat(parts, ignore_index=True).iloc[order]


def apportion(shares: Mapping[Any, float], rows: int) -> dict[Any, int]:
    """Return whole rows for each share, summing to `rows`, by largest remainders; LaunderError where all shares are
    0.
    """
    total = sum(shares.values())
    if not total > 0:
        raise LaunderError("expected at least one share above 0 under sample.weights, found none; give one")
    exact = {value: rows * share / total for value, share in shares.items()}
    counts = {value: math.floor(quota) for value, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda value: counts[value] - exact[value])
    for value in by_remainder[: rows - sum(counts.values())]:
        counts[value] += 1
    return counts
