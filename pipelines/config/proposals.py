"""Rules that a table keeps, for `launder init` to propose: orders, sums, labels that decide others. Only names of
columns are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from launderette.generators import Schema
from launderette.generators.formats import grid
from launderette.generators.sampling.grammar import parse

COMPARED_NUMBERS = 40  # columns compared at most: the number of sums grows with their third power
COMPARED_LABELS = 40
LIKELY_SHARE = 0.99  # share of the rows that keep a rule which is proposed as a comment
LEAST_PROFILED = 30  # rows without missing values below which nothing is concluded
LEAST_BREAKING_ROWS = 20  # rows of the shuffled columns, or 1 % of them, have to break a rule for it to say anything
LEAST_COMBINATION_ROWS = 10  # in nine rows of ten; combinations of fewer are not kept (generators/sampling)
TRIED_ROWS = 500  # rows that a sum is tried on before all


@dataclass(frozen=True)
class Proposals:
    """Constraints that every row keeps, those that nearly every row keeps, and columns that go together."""

    certain: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    combinations: tuple[str, ...] = ()


def find(frame: pd.DataFrame, schema: Schema, seed: int = 0) -> Proposals:
    """Look for orders between two numbers or dates, sums of two numbers, and labels that decide others."""
    values = _values(frame, schema)
    rules = {**_orders(values, schema, np.random.default_rng(seed)), **_sums(values, schema)}
    certain = _reduced([text for text, share in rules.items() if share == 1], schema)
    likely = [text for text, share in rules.items() if share < 1]
    return Proposals(tuple(certain), tuple(likely), tuple(_together(frame, schema)))


def _values(frame: pd.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """Numbers as themselves, dates as microseconds since 1970, NaN where missing: float64 by column."""
    found = {}
    for column in schema.columns:
        if column.kind in ("numerical", "datetime"):
            ticks, read = grid.to_grid(frame[column.name], column, int(column.kind == "datetime"))
            found[column.name] = np.full(len(frame), np.nan)
            found[column.name][read] = ticks
    return {
        name: own for name, own in list(found.items())[:COMPARED_NUMBERS] if len(np.unique(own[np.isfinite(own)])) > 1
    }


def _orders(values: dict[str, np.ndarray], schema: Schema, rng: np.random.Generator) -> dict[str, float]:
    """Orders by their share of kept rows; one that shuffled columns hardly break says nothing."""
    kinds, found = schema.kinds(), {}
    for one, two in permutations(values, 2):
        a, b = _both(values[one], values[two])
        if kinds[one] != kinds[two] or len(a) < LEAST_PROFILED or (a == b).all():
            continue
        share = float((a <= b).mean())
        if share >= LIKELY_SHARE and (a > rng.permutation(b)).sum() >= max(LEAST_BREAKING_ROWS, 0.01 * len(a)):
            found[f"{_name(one, schema)} <= {_name(two, schema)}"] = share
    return found


def _sums(values: dict[str, np.ndarray], schema: Schema) -> dict[str, float]:
    """Sums a + b == total of numbers by their share of kept rows."""
    found, decimals = {}, {c.name: c.decimals for c in schema.columns if c.kind == "numerical"}
    numbers = [name for name in values if decimals.get(name) is not None]
    for total in numbers:
        for one, two in combinations([name for name in numbers if name != total], 2):
            half = 10.0 ** -max(decimals[name] for name in (one, two, total)) / 2
            if _kept([values[name][:TRIED_ROWS] for name in (one, two, total)], half) < LIKELY_SHARE - 0.02:
                continue
            a, b, c = _both(values[one], values[two], values[total])
            share = _kept([a, b, c], half) if len(a) >= LEAST_PROFILED else 0.0
            if share >= LIKELY_SHARE and (np.abs(a + b - np.roll(c, 1)) >= half).sum() >= LEAST_BREAKING_ROWS:
                found[f"{_name(one, schema)} + {_name(two, schema)} == {_name(total, schema)}"] = share
    return found


def _kept(columns: list[np.ndarray], half: float) -> float:
    """Share of the rows without missing values in which the first two columns sum to the third."""
    a, b, c = _both(*columns)
    return float((np.abs(a + b - c) < half).mean()) if len(a) else 0.0


def _both(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The rows in which no value is missing."""
    present = np.isfinite(columns).all(0)
    return tuple(column[present] for column in columns)


def _reduced(rules: list[str], schema: Schema) -> list[str]:
    """Leave out an order that two others imply."""
    claims = {text: parse(text, schema.names).claims[0] for text in rules}
    orders = {text: (c.left.terms[0][0], c.right.terms[0][0]) for text, c in claims.items() if c.operator == "<="}
    pairs = set(orders.values())
    implied = {(a, d) for a, b in pairs for c, d in pairs if b == c and (d, a) not in pairs}
    return [text for text in rules if orders.get(text) not in implied]


def _together(frame: pd.DataFrame, schema: Schema) -> Iterator[str]:
    """Pairs of label columns of which one decides the other, as generator.options.combinations names them."""
    labels = [
        c.name for c in schema.columns if c.kind == "categorical" and "," not in c.name and c.name == c.name.strip()
    ]
    codes = {name: pd.factorize(frame[name], use_na_sentinel=False)[0] for name in labels[:COMPARED_LABELS]}
    codes = {name: own for name, own in codes.items() if own.max(initial=0) > 0}
    for one, two in permutations(codes, 2):
        joint = codes[one].astype("int64") * (codes[two].max() + 1) + codes[two]
        distinct, sizes = np.unique(joint, return_counts=True)
        decided = len(distinct) == codes[one].max() + 1 and codes[one].max() >= codes[two].max()
        kept = sizes[sizes >= LEAST_COMBINATION_ROWS].sum() >= 0.9 * len(frame)
        twin = len(distinct) == codes[two].max() + 1  # each decides the other: told once
        if decided and kept and not (twin and one > two):
            yield f"{one}, {two}"


def _name(name: str, schema: Schema) -> str:
    """Write a column's name so that the grammar reads it: in backquotes where it would be read as something else."""
    try:
        (claim,) = parse(f"{name} <= {name}", schema.names).claims
        if claim.left.terms == claim.right.terms == ((name, 1.0),):
            return name
    except ValueError:
        pass
    return f"`{name}`"
