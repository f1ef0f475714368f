"""Rules that a table keeps, which `launder init` proposes and a run that states none follows: orders, sums, labels that
decide others. Only names of columns are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from launderette.generators import GeneratorError, Schema
from launderette.generators.encoding import encoder
from launderette.generators.formats import grid
from launderette.generators.sampling.combinations import agreeing
from launderette.generators.sampling.grammar import parse
from launderette.generators.sampling.reading import check

COMPARED_NUMBERS = 40  # columns compared at most: the number of sums grows with their third power
COMPARED_LABELS = 40
LIKELY_SHARE = 0.99  # share of the rows that keep a rule which is proposed as a comment
LEAST_PROFILED = 30  # rows without missing values below which nothing is concluded
DEALT_ROWS = 100_000  # rows, evenly over all, of which the columns are dealt anew
LEAST_BREAKING_ROWS = 20  # of shuffled columns, or 1 %, for a rule to say anything; as many more by each row broken
LEAST_COMBINATION_ROWS = 8  # combinations of under 5 are not kept (generators/sampling); training holds rows back
LEAST_RECURRING = 0.9  # share of the rows that have such a combination; eight in ten have to
LEAST_ASKED = 0.98  # likewise where a label only decides whether another one is missing
MOST_JOINED = 2000  # combinations that agree with several pairs of columns
FEW_NUMBERS, LISTED_NUMBERS = 50, 1000  # distinct values of a number that may decide labels, and be decided by them
COUNTED_ROWS = 1 << 16  # rows, at a time, that a rule is counted on: in the processor's cache
TRIED_ROWS = 500  # rows that a rule is tried on before all
TRIED_SHARE = 0.95  # of them have to keep it

Columns = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Proposals:
    """Constraints that every row keeps, or all but a few, those that nearly every row keeps, and columns that go
    together.
    """

    certain: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    combinations: tuple[str, ...] = ()


def find(frame: pd.DataFrame, schema: Schema, allowed: int = 0) -> Proposals:
    """Look for orders between two numbers or dates, sums of two numbers, and labels that decide others.

    Up to `allowed` rows, and 1 % of them, may break a rule that counts as certain: whether so few do is not to be told.
    """
    values = _values(frame, schema)
    rules = {**_orders(values, schema, np.random.default_rng(0)), **_sums(values, schema)}
    rules = {text: broken for text, broken in rules.items() if _is_read(text, schema)}
    certain = _reduced([text for text, broken in rules.items() if broken <= allowed], schema)
    likely = [text for text, broken in rules.items() if broken > allowed]
    return Proposals(tuple(certain), tuple(likely), tuple(_together(frame, schema)))


def _is_read(text: str, schema: Schema) -> bool:
    """Whether a constraint is one that rows can be drawn under: no name is told from the language by any quotes."""
    try:
        check([text], schema)
    except GeneratorError:
        return False
    return True


def _values(frame: pd.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """Numbers as themselves, dates as microseconds since 1970, NaN where missing: float64 by column."""
    found = {}
    for column in schema.columns:
        if column.kind in ("numerical", "datetime"):
            ticks, read = grid.to_grid(frame[column.name], column, int(column.kind == "datetime"))
            found[column.name] = np.full(len(frame), np.nan)
            found[column.name][read] = ticks
    return {name: own for name, own in list(found.items())[:COMPARED_NUMBERS] if _differ(own[np.isfinite(own)])}


def _differ(values: np.ndarray) -> bool:
    return bool(len(values)) and bool(values.min() < values.max())


def _orders(values: dict[str, np.ndarray], schema: Schema, rng: np.random.Generator) -> dict[str, int]:
    """Orders, and columns that are equal, by the number of rows that break them."""
    kinds, found = schema.kinds(), {}
    for one, two in permutations(values, 2):
        if kinds[one] != kinds[two] or not _worth_trying(_up_to, values[one], values[two]):
            continue
        pair = values[one], values[two]
        sign = "==" if _is_likely(*_counted(_equal, pair)) else "<="
        broken = _broken(_equal if sign == "==" else _up_to, pair, lambda a, b: (a, rng.permutation(b)))
        if broken is not None and (sign == "<=" or one < two):
            found[f"{_name(one, schema)} {sign} {_name(two, schema)}"] = broken
    return found


def _sums(values: dict[str, np.ndarray], schema: Schema) -> dict[str, int]:
    """Sums a + b == total of numbers by the number of rows that break them."""
    found: dict[str, int] = {}
    stated = {c.name: c.decimals for c in schema.columns if c.kind == "numerical"}
    decimals = {name: places for name, places in stated.items() if name in values and places is not None}
    numbers = [name for name in values if name in decimals]
    for total in numbers:
        for one, two in combinations([name for name in numbers if name != total], 2):
            adds_up = partial(_adds_up, half=10.0 ** -max(decimals[name] for name in (one, two, total)) / 2)
            columns = values[one], values[two], values[total]
            if not _worth_trying(adds_up, *columns):
                continue
            broken = _broken(adds_up, columns, lambda a, b, c: (a, b, np.roll(c, 1)))
            if broken is not None:
                found[f"{_name(one, schema)} + {_name(two, schema)} == {_name(total, schema)}"] = broken
    return found


def _broken(rule: Callable[..., np.ndarray], columns: Columns, deal: Callable[..., Columns]) -> int | None:
    """Rows that break a rule; None where they are too many, or where columns that `deal` deals anew hardly break it
    more.
    """
    rows, broken = _counted(rule, columns)
    if rows < LEAST_PROFILED or not _is_likely(rows, broken):
        return None
    step = max(1, rows // DEALT_ROWS)
    anew = step * (~rule(*deal(*(column[::step] for column in _both(*columns))))).sum()
    says = anew >= max(LEAST_BREAKING_ROWS * (1 + broken), (1 - LIKELY_SHARE) * rows)
    return broken if says else None


def _counted(rule: Callable[..., np.ndarray], columns: Columns) -> tuple[int, int]:
    """Rows without a missing value, and those of them that break a rule; as far as more break it than may of all."""
    rows = broken = 0
    for first in range(0, len(columns[0]), COUNTED_ROWS):
        part = _both(*(column[first : first + COUNTED_ROWS] for column in columns))
        rows, broken = rows + len(part[0]), broken + int((~rule(*part)).sum())
        if not _is_likely(len(columns[0]), broken):
            break
    return rows, broken


def _is_likely(rows: int, broken: int) -> bool:
    return broken <= (1 - LIKELY_SHARE) * rows


def _equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a == b


def _up_to(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a <= b


def _adds_up(a: np.ndarray, b: np.ndarray, total: np.ndarray, *, half: float) -> np.ndarray:
    return np.abs(a + b - total) < half


def _worth_trying(rule: Callable[..., np.ndarray], *columns: np.ndarray) -> bool:
    """Whether the first rows keep a rule, nearly."""
    first = _both(*(column[:TRIED_ROWS] for column in columns))
    return not len(first[0]) or bool(rule(*first).mean() >= TRIED_SHARE)


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
    """Pairs of columns of few values of which one decides the other, as generator.options.combinations names them."""
    labels = [
        column.name
        for column in schema.columns
        if column.kind in ("categorical", "boolean") or (column.kind == "numerical" and _has_few(frame[column.name]))
    ]
    labels = [name for name in labels if "," not in name and name == name.strip()]
    codes = {name: pd.factorize(frame[name], use_na_sentinel=False)[0] for name in labels[:COMPARED_LABELS]}
    codes = {name: own for name, own in codes.items() if own.max(initial=0) > 0}
    for name in _worked_out(frame, schema, codes):
        del codes[name]
    numbers = {column.name for column in schema.columns if column.kind == "numerical"}
    listed = {name for name in numbers & codes.keys() if codes[name].max() >= FEW_NUMBERS}  # such as prices
    absent = {name: frame[name].isna().to_numpy().astype("int64") for name in codes}
    groups = {name: {name} for name in codes}  # columns that go together, directly or by others
    found = list[tuple[str, str]]()
    for one, two in permutations(codes, 2):
        if one in listed or (two, one) in found or not _go_together(codes[one], codes[two], absent[one], absent[two]):
            continue
        group = groups[one] | groups[two]
        held = [pair for pair in found if group.issuperset(pair)] + [(one, two)]
        if _recurs([codes[name] for name in sorted(group)]) or _may_be_joined(held, codes):
            groups |= dict.fromkeys(group, group)
            found.append((one, two))
            yield f"{one}, {two}"


def _go_together(one: np.ndarray, two: np.ndarray, without_one: np.ndarray, without_two: np.ndarray) -> bool:
    """Whether a label decides another one, or whether that is missing: a question that only some of those who answer
    the first one are asked.
    """
    if one.max() >= two.max() and _decides(one, two):
        return True
    asked = without_two[without_one == 0]
    return bool(0 < asked.sum() < len(asked)) and _decides(one, without_two) and _recurs([one, two], LEAST_ASKED)


def _may_be_joined(pairs: list[tuple[str, str]], codes: Mapping[str, np.ndarray]) -> bool:
    """Whether each of some pairs of columns recurs by itself, and few enough combinations agree with all of them."""
    tables = [pd.DataFrame({name: codes[name] for name in pair}).drop_duplicates() for pair in pairs]
    if not all(_recurs([codes[a], codes[b]]) for a, b in pairs):
        return False
    joined = agreeing(tables)
    return joined is not None and len(joined) <= MOST_JOINED


def _worked_out(frame: pd.DataFrame, schema: Schema, codes: Mapping[str, np.ndarray]) -> set[str]:
    """Numbers that are formulas of one other, each of which decides the other: the model need not learn them."""
    found, numbers = set[str](), {column.name: column for column in schema.columns if column.kind == "numerical"}
    for one, two in combinations([name for name in codes if name in numbers], 2):
        twin = codes[one].max() == codes[two].max() and not {one, two} & found and _decides(codes[one], codes[two])
        if twin and _decides(codes[two], codes[one]):
            pair = encoder.fit(frame[[one, two]], Schema((numbers[one], numbers[two])))
            found |= {derived.name for derived in pair.derived}
    return found


def _has_few(numbers: pd.Series) -> bool:
    """Whether there are few distinct values: the first rows tell it of most columns."""
    return numbers.iloc[:DEALT_ROWS].nunique() <= LISTED_NUMBERS and numbers.nunique() <= LISTED_NUMBERS


def _decides(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether rows of one code have one other code, [rows] each: the first rows tell it of most pairs."""
    for rows in (TRIED_ROWS, None):
        other = np.zeros(one.max() + 1, dtype=two.dtype)
        other[one[:rows]] = two[:rows]  # of one of its rows
        if (other[one[:rows]] != two[:rows]).any():
            return False
    return True


def _recurs(codes: list[np.ndarray], share: float = LEAST_RECURRING) -> bool:
    """Whether nearly all rows have a combination of labels that enough others have."""
    sizes = pd.DataFrame(dict(enumerate(codes))).value_counts().to_numpy()
    return bool(sizes[sizes >= LEAST_COMBINATION_ROWS].sum() >= share * sizes.sum())


def _name(name: str, schema: Schema) -> str:
    """Write a column's name so that the grammar reads it: in backquotes where it would be read as something else."""
    try:
        (claim,) = parse(f"{name} <= {name}", schema.names).claims
        if claim.left.terms == claim.right.terms == ((name, 1.0),):
            return name
    except ValueError:
        pass
    return f"`{name}`"
