"""Variants of formulas worth trying: in which a missing value counts as 0, nothing divided by nothing is 0,
or results stop at an end.

holding.py judges them on more rows, as it does the formulas themselves.
"""

from collections.abc import Collection
from dataclasses import replace
from itertools import chain

import numpy as np

from launderette.generators.candidates import tried, triples
from launderette.generators.candidates.shapes import TableValues, Tried
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.limited import Limited
from launderette.generators.formulas.missing_as_zero import MissingAsZero
from launderette.generators.formulas.polynomial import Polynomial
from launderette.generators.formulas.ratio_or_zero import RatioOrZero

LEAST_GAPS = 0.02  # share of missing values, and of others, from which a missing one may count as 0


def or_zero(seen: TableValues, candidates: Tried) -> Tried:
    """Yield the candidates, a ratio that divides 0 by 0 in some rows as one that is 0 there, where all of these are."""
    for target, formula in candidates:
        if isinstance(formula, Polynomial) and formula.divides:
            values = [seen[name].values for name in formula.sources]
            nothing = formula.is_undefined(values) & ~np.isnan(values).any(0)
            if nothing.any() and (seen[target].values[nothing] == 0).all():
                formula = RatioOrZero.over(formula)
        yield target, formula


def with_gaps(seen: TableValues, chosen: Collection[str]) -> Tried:
    """Yield what may give a column where a missing value of another one counts as 0, as that of a discount does."""
    left = {name: own for name, own in seen.items() if name not in chosen and not own.dated}
    gaps = {name for name, own in left.items() if LEAST_GAPS <= np.isnan(own.values).mean() <= 1 - LEAST_GAPS}
    filled = {
        name: replace(own, values=np.nan_to_num(own.values)) if name in gaps else own for name, own in left.items()
    }
    for target, formula in chain(tried(filled), triples.tried(filled, list(filled))) if gaps else ():
        assert isinstance(formula, Polynomial)  # no dates are among them
        zero = tuple(k for k, name in enumerate(formula.sources) if name in gaps)
        if zero and target not in gaps:
            said = ", ".join(f"{quoted(formula.sources[k])} 0 where missing" for k in zero)
            yield target, MissingAsZero(formula.sources, f"{formula.text}, {said}", formula, zero)


def limited(seen: TableValues, chosen: Collection[str]) -> Tried:
    """Yield what may give a number that stops at an end of its range where that would pass it, as days overdue at 0: by
    the rows that do not lie at the end.
    """
    left = {name: own for name, own in seen.items() if name not in chosen and not own.dated}
    ends = {name: own.limits for name, own in left.items() if own.limits != (None, None)}
    inside = {name: own.within_limits() if name in ends else own for name, own in seen.items()}
    for target, formula in chain(tried(inside), triples.tried(inside, list(left))) if ends else ():
        if target in ends and isinstance(formula, Polynomial):
            yield target, Limited.to(formula, *ends[target])
