"""Weighted sums of several numbers worth trying: the score of a questionnaire, a mean of marks, what is left of 100.

Regression on all other numbers tells their weights where a column is such a sum (Gauss 1809): but for rounding nothing
is left over, and weights that are round numbers give the column to its last tick.
"""

from collections.abc import Sequence

import numpy as np

from launderette.generators.candidates.shapes import (
    SCREENED_SHARE,
    ColumnValues,
    TableValues,
    Tried,
    reach_of,
)
from launderette.generators.derived.columns import per_unit, slack_of
from launderette.generators.encoding.intervals import roundest
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.polynomial import Monomial, Polynomial

ROWS_PER_COLUMN, LEAST_SUMMED_VALUES = 3, 6  # rows of the regression, and different values of a sum
RIDGE = 1e-10  # of correlations, so that those of a sum and its parts have an inverse
MOST_LEFT = 0.5  # of a tick, the deviation of what a regression leaves of a sum, 0.29 by rounding alone
LEAST_LEFT = 1e-4  # of the column's own deviation: less is nothing, for RIDGE
STANDARD_ERRORS = 5  # standard errors of a weight, within which it may be a rounder number, or nothing


def tried(seen: TableValues, names: Sequence[str]) -> Tried:
    """Yield what gives one of the numbers `names` by weights of two or more others in most rows; first what adds up."""
    columns = [own for name, own in seen.items() if name in names and not own.dated and np.nanstd(own.values) > 0]
    if len(columns) < 3:
        return
    table = np.stack([own.values for own in columns], axis=1)
    whole = np.isfinite(table).all(1)
    inner = whole & ~np.any([own.at_end for own in columns], axis=0)
    table = table[inner if inner.sum() >= ROWS_PER_COLUMN * len(columns) else whole]
    if len(table) < ROWS_PER_COLUMN * len(columns) or not table.std(0).all():
        return
    related = np.corrcoef(table.T)
    found = [one for k in _without_rest(table, related, columns) if (one := _summed(table, related, columns, k))]
    yield from sorted(found, key=lambda one: sum(term.factor < 0 for term in one[1].terms))


def _without_rest(table: np.ndarray, related: np.ndarray, columns: Sequence[ColumnValues]) -> list[int]:
    """Return the columns of a table [rows, columns] of which a regression on the others leaves no more than rounding
    does, by the inverse of their correlations; those of few values are no sums.
    """
    left = table.std(0) / np.sqrt(np.maximum(np.diag(np.linalg.inv(related + RIDGE * np.eye(len(columns)))), 1))
    most = [_most_left(own, column) for own, column in zip(table.T, columns, strict=True)]
    several = [len(np.unique(own)) >= LEAST_SUMMED_VALUES for own in table.T]
    return np.flatnonzero((left <= most) & several).tolist()


def _most_left(values: np.ndarray, own: ColumnValues) -> float:
    """Return the deviation of what a regression may leave of a sum's values [rows]."""
    return max(MOST_LEFT / per_unit(own.column) if own.column.scale else 0.0, LEAST_LEFT * float(values.std()))


def _summed(
    table: np.ndarray, related: np.ndarray, columns: Sequence[ColumnValues], k: int
) -> tuple[str, Polynomial] | None:
    """Return the sum of others that gives column k in most rows of a table [rows, columns], None where none does."""
    y, others = (
        table[:, k],
        _parts(related, k, (_most_left(table[:, k], columns[k]) / table[:, k].std()) ** 2, len(table)),
    )
    for _ in range(2):  # once with those alone that count, whose weights are known better then
        x = table[:, others] - table[:, others].mean(0)
        weights = np.linalg.lstsq(x, y - y.mean())[0]
        left = y - y.mean() - x @ weights
        errors = STANDARD_ERRORS * max(left.std(), reach_of(columns[k].column) / 2) / (x.std(0) * np.sqrt(len(y)))
        counts = np.flatnonzero(np.abs(weights) > errors)
        if len(counts) < 2:
            return None
        others, weights, errors = ([own[j] for j in counts] for own in (others, weights, errors))
    rounder = _common(weights, errors) or [roundest(w - e, w + e) for w, e in zip(weights, errors, strict=True)]
    rest = y - table[:, others] @ rounder
    reach = reach_of(columns[k].column) + slack_of(columns[k].column) * np.abs(y).max()
    constant = roundest(np.median(rest) - reach, np.median(rest) + reach)
    met = (np.abs(rest - constant) <= reach).mean() >= SCREENED_SHARE
    names = [columns[j].column.name for j in others]
    return (columns[k].column.name, _formula(names, rounder, constant)) if met else None


def _parts(related: np.ndarray, k: int, most: float, rows: int) -> list[int]:
    """Return columns that leave at most a share `most` of the variance of column k, and no other one that tells more of
    it beyond chance: one after the other, that which tells most (forward selection, Efroymson 1960).
    """
    chosen: list[int] = []
    rest, left = 1.0, np.where(np.arange(len(related)) == k, 0.0, related[k])
    while len(chosen) < len(related) - 1 and rest > RIDGE:
        best = int(np.abs(left).argmax())
        if rest <= most and left[best] ** 2 <= STANDARD_ERRORS**2 / rows * rest:
            break
        chosen.append(best)
        among = related[np.ix_(chosen, chosen)] + RIDGE * np.eye(len(chosen))
        weights = np.linalg.solve(among, related[chosen, k])
        rest = float(1 - related[k, chosen] @ weights)
        left = related[k] - related[:, chosen] @ weights
        left[[k, *chosen]] = 0.0
    return sorted(chosen)


def _common(weights: Sequence[float], errors: Sequence[float]) -> list[float]:
    """Return weights that are alike but for their signs, as of a sum or a mean: 1, or one by their number."""
    for weight in (1.0, 1 / len(weights)):
        if all(abs(abs(own) - weight) <= error for own, error in zip(weights, errors, strict=True)):
            return [float(np.copysign(weight, own)) for own in weights]
    return []


def _formula(names: Sequence[str], weights: Sequence[float], constant: float) -> Polynomial:
    """Return constant + weight * name + ... as people write it."""
    by = len(names) if {abs(weight) for weight in weights} == {1 / len(names)} else 1
    signs = ["-" if weight < 0 else "+" for weight in weights]
    factors = ["" if abs(weight * by) == 1 else f"{abs(weight):.12g} * " for weight in weights]
    parts = [f"{sign} {own}{quoted(name)}" for sign, own, name in zip(signs, factors, names, strict=True)]
    text = " ".join(parts).removeprefix("+ ")
    text = f"({text}) / {by}" if by > 1 else text
    text = f"{constant:.12g} {text if text[0] == '-' else f'+ {text}'}" if constant else text
    powers = np.eye(len(names), dtype=int).tolist()
    terms = [Monomial(weight, tuple(own)) for weight, own in zip(weights, powers, strict=True)]
    return Polynomial(tuple(names), text, (*terms, *[Monomial(constant, (0,) * len(names))] * bool(constant)))
