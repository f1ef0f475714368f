"""Sets of 0/1 columns of which one at most is 1 in a row, such as regions or the answers to one question, written as
one column for each: they are learnt as one label, which says the column that is 1, or none.

Any rare events exclude each other now and then. So each column of a set must exclude the others together more surely
than chance would have it, were the column independent of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Categorical
from launderette.generators.derived.columns import Derived, values_of
from launderette.generators.derived.narrow import Between
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.functions import IS_ZERO
from launderette.generators.formulas.polynomial import Monomial, Polynomial

SET_BY_CHANCE = 1e-3  # that a table of independent columns has such a set at all
SHOWN_OF_A_SET = 4  # columns in the name of a set


@dataclass(frozen=True)
class Exclusive:
    """Columns of which one at most is 1, and the number of that one (from 1; 0 for none), which is learnt."""

    names: tuple[str, ...]

    @property
    def between(self) -> Between:
        """The number of the column that is 1, in a row."""
        shown = ", ".join(map(quoted, self.names[:SHOWN_OF_A_SET])) + ", ..." * (len(self.names) > SHOWN_OF_A_SET)
        numbers = np.eye(len(self.names), dtype=int)
        terms = tuple(Monomial(k, tuple(own.tolist())) for k, own in enumerate(numbers, 1))
        return Between(f"which of {shown}", Polynomial(self.names, "", terms))

    def derived(self, columns: Mapping[str, Cells | Labels]) -> list[Derived]:
        """Return how each column follows from the number: 1 where it is its own."""
        name = self.between.name
        own = [(Monomial(1, (1,)), Monomial(-k, (0,))) for k in range(1, len(self.names) + 1)]
        return [
            Derived(columns[one], Polynomial((name,), f"1 by {name}", terms, IS_ZERO))
            for one, terms in zip(self.names, own, strict=True)
        ]

    def cells(self, values: np.ndarray) -> Labels:
        """Choose the labels, given the numbers [rows]: those that enough rows share."""
        known, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        shared = np.isin(values, known[counts >= LEAST_ROWS_PER_VALUE]) | np.isnan(values)
        column = fit_column(pd.Series(values[shared]), Categorical(self.between.name, "float64"))
        assert isinstance(column, Labels)
        return column


def find(frame: pd.DataFrame, columns: Sequence[Cells | Labels], taken: Iterable[str]) -> list[Exclusive]:
    """Return the sets of columns, none of them `taken`, of which one at most is 1 in every row."""
    free = [column for column in columns if column.name not in set(taken) and _is_flag(column)]
    by_missing: dict[bytes, dict[str, np.ndarray]] = {}
    for column in free:
        values = values_of(frame[column.name], column)
        missing = np.isnan(values)
        if LEAST_ROWS_PER_VALUE <= (values == 1).sum() <= (~missing).sum() - LEAST_ROWS_PER_VALUE:
            by_missing.setdefault(missing.tobytes(), {})[column.name] = values[~missing] == 1
    names = {column.name for column in columns}
    found = [Exclusive(own) for flags in by_missing.values() for own in _sets(flags)]
    return [one for one in found if one.between.name not in names]


def _is_flag(column: Cells | Labels) -> bool:
    """Whether a column's values are 0 and 1, or false and true."""
    if isinstance(column, Labels):
        return set(column.labels) == {False, True} and not column.order and all(type(v) is bool for v in column.labels)
    return column.kind == "numerical" and column.scale == 1 and column.low == column.high == [0, 1]


def _sets(flags: Mapping[str, np.ndarray]) -> list[tuple[str, ...]]:
    """Return sets of columns that exclude each other, as they stand in the table, the largest columns' first."""
    left = sorted(flags, key=lambda name: -int(flags[name].sum()))
    level, found = np.log(SET_BY_CHANCE / max(len(left), 1)), []
    while left:
        own = _surely_apart(_grown(left[0], left[1:], flags), flags, level)
        found += [tuple(name for name in flags if name in own)] if _tells(own, flags) else []
        left = [name for name in left[1:] if not (_tells(own, flags) and name in own)]
    return found


def _grown(first: str, others: Sequence[str], flags: Mapping[str, np.ndarray]) -> list[str]:
    """Return a set from one column on: at each step the column is added that is least likely to be apart by chance."""
    own, union = [first], flags[first]
    while more := [name for name in others if name not in own and not (flags[name] & union).any()]:
        own.append(min(more, key=lambda name: _apart(flags[name], union)))
        union = union | flags[own[-1]]
    return own


def _surely_apart(own: list[str], flags: Mapping[str, np.ndarray], level: float) -> list[str]:
    """Return the set without the columns that may exclude the others by chance."""
    while len(own) > 1:
        rest = {name: np.any([flags[one] for one in own if one != name], axis=0) for name in own}
        chances = {name: _apart(flags[name], rest[name]) for name in own}
        weakest = max(own, key=chances.__getitem__)
        if chances[weakest] <= level:
            break
        own = [name for name in own if name != weakest]
    return own


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the logarithm of the chance that independent flags [rows] are never 1 together, given how often each is
    (hypergeometric).
    """
    n, a, b = len(one), int(one.sum()), int(other.sum())
    if a + b > n:
        return -np.inf
    kept, lost = ((n - a, n - b), (n - a - b, n))
    return sum(math.lgamma(k + 1) for k in kept) - sum(math.lgamma(k + 1) for k in lost)


def _tells(own: Sequence[str], flags: Mapping[str, np.ndarray]) -> bool:
    """Whether a set has three labels of enough rows: of two, one column gives the other."""
    none = (~np.any([flags[name] for name in own], axis=0)).sum()
    return len(own) + int(none >= LEAST_ROWS_PER_VALUE) > 2
