"""Conditions and constraints as people write them -> what a row of one encoding must meet; whatever cannot be is
one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data import parts
from launderette.generators.data.schema import Composite, Identifier, Learned, Schema
from launderette.generators.derived.columns import Derived
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.encoder import fit
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.labels import Labels
from launderette.generators.errors import GeneratorError
from launderette.generators.formats.grid import to_grid, zone_shift
from launderette.generators.formulas.step_function import StepFunction
from launderette.generators.sampling import domains, grammar, guiding
from launderette.generators.sampling.constraints import RELATIVE_SLACK, Atom, Constraints, EncodedRule, Linear, Within
from launderette.generators.sampling.domains import Domain
from launderette.generators.sampling.grammar import Comparison

ROUNDING_SHARE = 1e-3  # of half a step: how far a sum of values on a grid may be rounded


def check(texts: Iterable[str], schema: Schema) -> None:
    """Raise ValueError for constraints that no table of this schema can have: grammar, names, kinds. Needs no model."""
    for text in texts:
        rule = grammar.parse(text, schema.flat.names)
        for comparison in (*rule.premises, *rule.claims):
            _check_kinds(comparison, schema)


def _check_kinds(comparison: Comparison, schema: Schema) -> None:
    columns = [schema.flat.column(name) for side in (comparison.left, comparison.right) for name, _ in side.terms]
    if not columns:
        raise GeneratorError(
            "expected a column in every comparison of a constraint, found two values; name a learned column"
        )
    for column in columns:
        if column.kind in ("identifier", "image"):
            raise GeneratorError(
                f"expected a constraint on learned columns, found one on the {column.kind} {column.name!r}; leave it "
                "out"
            )
    labels = [column for column in columns if column.kind in ("categorical", "boolean")]
    if labels and (len(columns) > 1 or comparison.operator not in ("==", "!=")):
        raise GeneratorError(
            f"expected orders and sums on numbers or dates, found the labels of column {labels[0].name!r}; labels "
            "take == and != with "
            "one value, and columns that go together are generator.options.combinations"
        )
    if len({column.kind for column in columns}) > 1:
        raise GeneratorError(
            "expected an order between two numbers or two dates, found one of each; leave that constraint out"
        )
    if columns[0].kind == "datetime":
        _check_dates(comparison)


def _check_dates(comparison: Comparison) -> None:
    weights = [w for _, w in comparison.left.terms] + [-w for _, w in comparison.right.terms]
    if sorted(weights) not in ([-1.0, 1.0], [1.0], [-1.0]):
        raise GeneratorError(
            "expected an order of two dates, or of a date and a value, found a sum of dates; leave that constraint out"
        )


def read(where: Mapping[str, Any] | None, texts: Iterable[str], encoding: Encoding) -> Constraints:
    """Read conditions and constraints; ValueError for one that no row can meet, alone or with the others."""
    found: dict[int, Domain] = {}
    for name, condition in (where or {}).items():
        column = encoding.column(name)
        found[encoding.index(name)] = domains.read(condition, column)
        for part in encoding.worded:
            if name == part.source and condition in part.words:
                found[encoding.index(part.name)] = domains.read(condition, encoding.column(part.name))
    found = _of_sources(_with_parts(found, encoding), encoding)
    rules, texts = [], list(texts)
    check(texts, encoding.schema)
    for text in texts:
        parsed = grammar.parse(text, encoding.schema.flat.names)
        premises = tuple(_atom(comparison, encoding) for comparison in parsed.premises)
        for claim in (_atom(comparison, encoding) for comparison in parsed.claims):
            if isinstance(claim, Within) and not premises:
                anyway = replace(claim.domain, missing=True)
                found[claim.k] = found[claim.k].both(anyway) if claim.k in found else anyway
                _check_domain(found[claim.k], alone=encoding.known[claim.k].name not in (where or {}))
            else:
                rules.append(EncodedRule(premises, (claim,)))
    read = Constraints(encoding, found, (*rules, *guiding.from_sums(found, rules, encoding)))
    _check_together(read)
    return read


def _with_parts(found: Mapping[int, Domain], encoding: Encoding) -> dict[int, Domain]:
    """Return conditions with those that ask for the other numbers of a text, where one of its numbers is asked for."""
    parts = [column.parts for column in encoding.schema.columns if isinstance(column, Composite)]
    places = [[encoding.index(part.name) for part in whole] for whole in parts]
    asked = [k for whole in places if any(k in found and not found[k].missing for k in whole) for k in whole]
    return {**{k: domains.present(encoding.known[k]) for k in asked}, **found}


def _of_sources(found: Mapping[int, Domain], encoding: Encoding) -> dict[int, Domain]:
    """Return conditions with those on what follows from one label, or from one number or date in steps, as conditions
    on that.
    """
    own = dict(found)
    for k in (k for k in found if k >= len(encoding.columns)):
        one = encoding.derived[k - len(encoding.columns)]
        place = encoding.index(one.formula.sources[0])
        source = encoding.known[place]
        if isinstance(source, Labels):
            held = _held(found[k], one, source.numbers)
            allowed = Domain(source, tuple((rank, rank) for rank in np.flatnonzero(held[:-1]).tolist()), bool(held[-1]))
        elif isinstance(one.formula, StepFunction) and one.formula.is_of_a_source:
            allowed = _of_steps(found[k], one, one.formula, source)
        else:
            continue
        own[place] = own[place].both(allowed) if place in own else allowed
    return own


def _held(domain: Domain, one: Derived, values: np.ndarray) -> np.ndarray:
    """Return for which values of its source a column that is worked out lies in a domain: bool [values]."""
    ticks, is_missing = one.ticks([values])
    return domain.holds(one.column.cells_at(ticks, is_missing), ticks)


def _of_steps(domain: Domain, one: Derived, formula: StepFunction, source: Cells) -> Domain:
    """Return the values of a number or date at which what follows from it in steps lies in a domain."""
    starts, unit = [start for start, _ in formula.steps], domains.per_unit(source)
    ticks = [math.ceil(round(start * unit, 6)) if source.scale else start for start in starts[1:]]
    ends = [tick - 1 if source.scale else math.nextafter(tick, -math.inf) for tick in ticks]
    pieces = zip([-math.inf, *ticks], [*ends, math.inf], strict=True)
    return Domain(source, tuple(compress(pieces, _held(domain, one, np.array(starts)))), domain.missing)


def meeting(frame: pd.DataFrame, schema: Schema, where: Mapping[str, Any]) -> np.ndarray:
    """Return which rows of a table meet every condition, as `sample` understands it: bool [rows]; ValueError for
    one that is none.
    """
    frame, found = parts.split(frame, schema), np.ones(len(frame), dtype=bool)
    for name, condition in where.items():
        asked = schema.flat.column(name)
        if not isinstance(asked, Learned | Identifier):
            raise GeneratorError(f"expected a condition on a column of values, found one on the image {name!r}")
        column = fit_column(frame[name], asked)
        cells = column.encode(frame[name])
        found &= domains.read(condition, column, possible=False).holds(cells, _ticks(frame, column, cells))
    return found


def obeying(frame: pd.DataFrame, schema: Schema, texts: Iterable[str]) -> np.ndarray:
    """Return which rows of a table keep every constraint, as `sample` understands it: bool [rows]; ValueError for one
    that is none, and where no row keeps them.
    """
    texts = tuple(texts)
    check(texts, schema)
    frame, encoding = parts.split(frame, schema), fit(frame, schema, derive=False)
    cells = [column.encode(frame[column.name]) for column in encoding.columns]
    ticks = {k: _ticks(frame, column, cells[k]) for k, column in enumerate(encoding.columns)}
    return read(None, texts, encoding).holds(cells, ticks)


def _ticks(frame: pd.DataFrame, column: Cells | Labels, cells: np.ndarray) -> np.ndarray:
    """Return the values of a column on its grid, 0 where missing: [rows]; of labels their cells."""
    if isinstance(column, Labels):
        return cells
    own, present = to_grid(frame[column.name], column.column, column.scale)
    ticks = np.zeros(len(frame), dtype=own.dtype)
    ticks[present] = own
    return ticks


def _check_domain(domain: Domain, *, alone: bool) -> None:
    if domain.share[:-1].any() or (not alone and domain.share.any()):
        return
    what = "bounds that some training row" if alone else "a condition and constraints that a row"
    raise GeneratorError(f"expected {what} of column {domain.column.name!r} meets, found none; change one of them")


def _check_together(read: Constraints) -> None:
    """ValueError where orders and sums leave no value to some column although none is missing."""
    if _circle(read):
        raise GeneratorError(
            "expected orders between columns without a circle, found one; leave one of the constraints out"
        )
    ranges = {}
    for k, (low, high) in read.cell_ranges.items():
        some = (low <= high)[:-1]
        if not some.any():
            return  # only a missing value is left, which breaks nothing
        ranges[k] = np.array([low[:-1][some].min()]), np.array([high[:-1][some].max()])
    sure = replace(read, rules=tuple(rule for rule in read.rules if not rule.premises))
    ranges = sure.narrow(ranges, {}, {})
    for k, (low, high) in ranges.items():
        if low[0] > high[0] + RELATIVE_SLACK * max(1.0, abs(high[0])) and not _may_be_missing(read, k):
            name = read.encoding.columns[k].name
            raise GeneratorError(
                f"expected constraints and conditions that a row can meet together, found none for {name!r}; change one"
            )


def _circle(read: Constraints) -> bool:
    """Whether orders that always hold lead round to x < x: a circle of negative length in a - b <= high (Bellman
    and Ford).
    """
    orders = []
    always = (claim for rule in read.rules for claim in rule.claims if not rule.premises)
    for one in always:
        if isinstance(one, Linear) and not one.negated and sorted(one.weights.values()) == [-1.0, 1.0]:
            up, down = sorted(one.weights, key=one.weights.__getitem__, reverse=True)
            orders += [(up, down, one.high), (down, up, -one.low)]
    longest, places = {k: 0.0 for order in orders for k in order[:2]}, range(len(read.encoding.known) + 1)
    for _ in places:
        before = dict(longest)
        for up, down, most in orders:
            longest[up] = min(longest[up], longest[down] + most)
    return bool(orders) and longest != before


def _may_be_missing(read: Constraints, k: int) -> bool:
    """Whether some column that is tied to column k may be missing, so that the tie does not bind."""
    tied = {j for one, _ in read.linear for j in one.columns}
    return any(read.encoding.columns[j].missing and (j not in read.domains or read.domains[j].missing) for j in tied)


def _atom(comparison: Comparison, encoding: Encoding) -> Atom:
    """Read one comparison: the values of one column, or a linear one of several."""
    left, right = comparison.left, comparison.right
    if not left.terms:
        return _atom(comparison.mirrored(), encoding)
    column = encoding.column(left.terms[0][0])
    if isinstance(column, Labels):
        return Within(encoding.index(column.name), _of_labels(comparison, column))
    if column.kind == "datetime" and not right.terms:
        value = domains.unit(right.value, column)
        return Within(encoding.index(column.name), domains.compare(comparison.operator, value, column))
    return _linear(comparison, encoding, column)


def _of_labels(comparison: Comparison, column: Labels) -> Domain:
    rank = domains.label_rank(comparison.right.value, column)
    own = Domain(column, () if rank is None else ((rank, rank),), False)
    return own if comparison.operator == "==" else domains.complement(own)


def _linear(comparison: Comparison, encoding: Encoding, column: Cells) -> Atom:
    left, right, operator = comparison.left, comparison.right, comparison.operator
    for side in (left, right):
        if not side.number:
            close = grammar.nearest(side.value or "", encoding.schema.flat.names)
            raise GeneratorError(
                f"expected a number or a column beside {column.name!r} in its constraint, found {side.value!r}{close}"
            )
    weights: dict[int, float] = {}
    for name, w in (*left.terms, *((name, -w) for name, w in right.terms)):
        k = encoding.index(name)
        weights[k] = weights.get(k, 0.0) + w
    weights, value = {k: w for k, w in weights.items() if w}, right.constant - left.constant
    if not weights:
        raise GeneratorError(
            "expected a constraint that says something of a column, found one that cancels out; leave it out"
        )
    if len(weights) == 1:
        ((k, w),) = weights.items()
        operator = operator if w > 0 else grammar.MIRRORED[operator]
        return Within(k, domains.compare(operator, value / w, encoding.ordered(k)))
    columns = [encoding.ordered(k) for k in weights]
    value += sum(w * zone_shift(column.column) for column, w in zip(columns, weights.values(), strict=True))
    return _bounded(weights, operator, value, columns)


def _bounded(weights: dict[int, float], operator: str, value: float, columns: list[Cells]) -> Linear:
    """Write sum operator value as low <= sum <= high: on a common grid strictness is half a step, and == means the same
    multiple of it.

    With a factor that is no whole number, sums lie between the grid's values: then == means equal after rounding to the
    coarsest column.
    """
    units = [1 / domains.per_unit(column) if column.scale else 0.0 for column in columns]
    whole, equal = all(w == int(w) for w in weights.values()), operator in ("==", "!=")
    half = (min(units) if whole else max(units) if equal else 0.0) / 2 if all(units) else 0.0
    slack, grain = 0.0 if half and whole else RELATIVE_SLACK, half * (ROUNDING_SHARE if whole else 1)
    if equal:
        return Linear(weights, value - grain, value + grain, operator == "!=", slack)
    if operator in ("<", ">"):
        edge = value + (half if operator == ">" else -half)
        edge = edge if half else math.nextafter(value, math.inf if operator == ">" else -math.inf)
        return Linear(weights, *((-math.inf, edge) if operator == "<" else (edge, math.inf)))
    return Linear(
        weights, *((-math.inf, value + grain) if operator == "<=" else (value - grain, math.inf)), slack=slack
    )
