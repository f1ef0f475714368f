"""Formulas of three numbers worth trying: price * quantity * (1 - discount), price * quantity + shipping, a + b + c.

Each gives most of some rows of a table; holding.py judges it on more, as those of two numbers (shapes.py).
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from launderette.generators.candidates.shapes import (
    SCREENED_ROWS,
    SCREENED_SHARE,
    ColumnValues,
    TableValues,
    Tried,
    formula_of,
    reach_of,
)
from launderette.generators.derived.columns import slack_of
from launderette.generators.formulas.polynomial import Monomial, Polynomial

MOST_TRIPLED_COLUMNS = 30  # the first ones, which are looked at: the fourth power of their number is compared
LEAST_GIVEN_VALUES = 6  # of a column: fewer are met by chance by too many formulas
SIEVED_ROWS, SIEVED_SHARE = 8, 0.75  # on which the many are compared, and how many of these a formula must give


class TripleShape(NamedTuple):
    """A form of three sources, {} in `text`; those at the places `alike` may change theirs."""

    text: str
    terms: tuple[Monomial, ...]
    alike: tuple[int, ...] = ()


def _linear(*weights: float) -> tuple[Monomial, ...]:
    rows = np.eye(3, dtype=int).tolist()
    return tuple(Monomial(weight, tuple(own)) for weight, own in zip(weights, rows, strict=True))


_PRODUCT, _WHOLE = Monomial(1, (1, 1, 0)), (1, 1, 1)
SHAPES = (
    TripleShape("{} + {} + {}", _linear(1, 1, 1), (0, 1, 2)),
    TripleShape("{} + {} - {}", _linear(1, 1, -1), (0, 1)),
    TripleShape("{} - {} - {}", _linear(1, -1, -1), (1, 2)),
    TripleShape("({} + {} + {}) / 3", _linear(1 / 3, 1 / 3, 1 / 3), (0, 1, 2)),
    TripleShape("{} * {} * {}", (Monomial(1, _WHOLE),), (0, 1, 2)),
    TripleShape("{} * {} / {}", (Monomial(1, (1, 1, -1)),), (0, 1)),
    TripleShape("{} / {} / {}", (Monomial(1, (1, -1, -1)),), (1, 2)),
    TripleShape("{} * {} + {}", (_PRODUCT, Monomial(1, (0, 0, 1))), (0, 1)),
    TripleShape("{} * {} - {}", (_PRODUCT, Monomial(-1, (0, 0, 1))), (0, 1)),
    TripleShape("{} - {} * {}", (Monomial(1, (1, 0, 0)), Monomial(-1, (0, 1, 1))), (1, 2)),
    TripleShape("({} + {}) * {}", (Monomial(1, (1, 0, 1)), Monomial(1, (0, 1, 1))), (0, 1)),
    TripleShape("({} - {}) * {}", (Monomial(1, (1, 0, 1)), Monomial(-1, (0, 1, 1)))),
    TripleShape("({} + {}) / {}", (Monomial(1, (1, 0, -1)), Monomial(1, (0, 1, -1))), (0, 1)),
    TripleShape("({} - {}) / {}", (Monomial(1, (1, 0, -1)), Monomial(-1, (0, 1, -1)))),
    TripleShape("{} * {} * (1 + {})", (_PRODUCT, Monomial(1, _WHOLE)), (0, 1)),
    TripleShape("{} * {} * (1 - {})", (_PRODUCT, Monomial(-1, _WHOLE)), (0, 1)),
    TripleShape("{} * {} * (1 + {} / 100)", (_PRODUCT, Monomial(0.01, _WHOLE)), (0, 1)),
    TripleShape("{} * {} * (1 - {} / 100)", (_PRODUCT, Monomial(-0.01, _WHOLE)), (0, 1)),
)


def tried(seen: TableValues, names: Sequence[str]) -> Tried:
    """Yield what gives one of the numbers `names` by three others in most of the rows that say most."""
    values = {name: len(np.unique(seen[name].values[np.isfinite(seen[name].values)])) for name in names}
    names = [name for name in names if not seen[name].dated and values[name] > 2][:MOST_TRIPLED_COLUMNS]  # no flags
    if len(names) < 4:
        return
    columns = [seen[name] for name in names]
    orders = np.array(list(permutations(range(len(names)), 3)))
    table = np.stack([own.values[_telling_rows(columns)] for own in columns])  # [columns, rows]
    for shape in SHAPES:
        triples = orders[(np.diff(orders[:, list(shape.alike)], axis=1) > 0).all(1)]
        for target, triple in _screened(shape, triples, table, columns):
            if values[names[target]] >= LEAST_GIVEN_VALUES:
                yield names[target], formula_of(shape.text, shape.terms, *(names[k] for k in triple))


def _telling_rows(columns: Sequence[ColumnValues]) -> np.ndarray:
    """Return the rows in which most columns have a value that is not the commonest one nor at an end of the range."""
    told = sum(np.isfinite(own.values) & ~own.at_end & (own.values != own.commonest) for own in columns)
    return np.sort(np.argsort(-np.asarray(told), kind="stable")[:SCREENED_ROWS])


def _screened(
    shape: TripleShape, triples: np.ndarray, table: np.ndarray, columns: Sequence[ColumnValues]
) -> Iterator[tuple[int, list[int]]]:
    """Yield which columns are given by which of some triples [T, 3] in most rows of a table [columns, rows]."""
    sieve = np.unique(np.linspace(0, table.shape[1] - 1, SIEVED_ROWS).astype("int64"))
    results = _results(shape, triples, table[:, sieve])
    for target, column in enumerate(columns):
        near = _gives(results, table[target, sieve], column, SIEVED_SHARE)
        left = triples[near & (triples != target).all(1)]
        for triple in left[_gives(_results(shape, left, table), table[target], column, SCREENED_SHARE)].tolist():
            yield target, triple


def _results(shape: TripleShape, triples: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return what a form of the columns of some triples [T, 3] comes to in rows of a table: [T, rows]."""
    return Polynomial(("", "", ""), "", shape.terms).value([table[triples[:, k]] for k in range(3)])


def _gives(results: np.ndarray, values: np.ndarray, column: ColumnValues, share: float) -> np.ndarray:
    """Return which results [T, rows] are a column's values [rows] in a share of the rows at least, and in as many of
    those where it has not its commonest value, as 0 is of many: bool [T].
    """
    near = np.abs(results - values) <= reach_of(column.column) + slack_of(column.column) * np.abs(results)
    compared, telling = np.isfinite(results) & np.isfinite(values), values != column.commonest
    given = [near[:, of].sum(1) >= share * compared[:, of].sum(1) for of in (slice(None), telling)]
    return given[0] & given[1] & (compared[:, telling].sum(1) > 1)
