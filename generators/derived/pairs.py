"""Labels that follow in steps from two numbers or two dates: who lost ten points, whether more was paid than was owed,
overweight from weight and height, what was delivered late.

As with one source (steps.py), only what is no chance among all pairs is taken; a pair gives every row, and neither of
the two gives nearly all of them by itself.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from launderette.generators.candidates.shapes import DIFFERENCE, NUMBER_SHAPES, Shape, TableValues, formula_of
from launderette.generators.derived.narrow import origins
from launderette.generators.derived.steps import (
    STEPS_BY_CHANCE,
    STEPS_PER_LABEL,
    Stepped,
    SteppedTarget,
    are_dense,
    share_given,
    stepped,
)
from launderette.generators.encoding.intervals import roundest
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.reading import LENGTHS
from launderette.generators.formulas.step_function import StepFunction

MOST_PAIRED_COLUMNS = 40  # the first ones, which are looked at
SPREAD_ROWS = 300  # on which all pairs are compared
LEAST_PAIRED_ROWS = 150  # that count against a pair: of fewer, some pair parts groups such as species
MOST_BY_ONE = 0.98  # of the rows, that one of the two sources may give in steps
MOST_OFF = 0.001  # of these rows: floats put a result that equals the beginning of a step on either side of it
MOST_PAIRED_GAP = 10.0  # between values at a step, in those beside it: by chance in one step of 2,000
EDGE_NOISE = 1e-3  # of the gap between two results, that the beginning of a step keeps from either: floats differ

ALSO_PAIRED = ("{} + {}", "{} * {}", "{} / {}", "{} / {} ^ 2")
OF_NUMBERS = (Shape("{} - {}", DIFFERENCE, True), *(shape for shape in NUMBER_SHAPES if shape.text in ALSO_PAIRED))
_OF_A_DAY = tuple(Monomial(term.factor / LENGTHS["day"], term.powers) for term in DIFFERENCE)
OF_DATES = (Shape("days from {1} to {0}", _OF_A_DAY, True),)


class _Sieve(NamedTuple):
    """Formulas of one shape, and the order [formulas, rows] of their results in the sieved rows, missing ones last;
    `told` says which results are there.
    """

    formulas: list[Polynomial]
    order: np.ndarray
    told: np.ndarray

    def passing(self, codes: np.ndarray) -> list[Polynomial]:
        """Return the formulas along which labels [rows], -1 where missing, change as seldom as in steps."""
        along = codes[self.order]  # [formulas, rows]
        seen = self.told & (along >= 0)
        changes = ((along[:, 1:] != along[:, :-1]) & seen[:, 1:] & seen[:, :-1]).sum(1)
        few = changes < STEPS_PER_LABEL * (codes.max() + 1)
        return [self.formulas[k] for k in np.flatnonzero(few & (changes > 0))]


def find(
    targets: Sequence[SteppedTarget], seen: TableValues, taken: Mapping[str, Sequence[str]], kept: Collection[str]
) -> dict[str, StepFunction]:
    """Return the formulas of those labels, none of them `taken` (with what those follow from) or `kept`, that two
    numbers or dates give together.
    """
    free = [one for one in targets if one.column.name not in {*taken, *kept}]
    if not free or len(seen) < 2:
        return {}
    rows = np.unique(np.linspace(0, len(free[0].values) - 1, SPREAD_ROWS).astype("int64"))
    sieves = list(_sieves(seen, rows))
    tried = len(free) * sum(len(sieve.formulas) for sieve in sieves)
    level, sources, found = math.log(STEPS_BY_CHANCE / max(1, tried)), dict(taken), {}
    for target in free:
        name = target.column.name
        passing = [one for sieve in sieves for one in sieve.passing(_codes(target, rows))]
        usable = (one for one in passing if name not in {*one.sources, *origins(one.sources, sources)})
        holding = (own for one in usable if (own := _holding(target, one, seen, level)))
        if chosen := min(holding, key=lambda own: own.cost, default=None):
            found[name], sources[name] = chosen.formula, chosen.formula.sources
    return found


def _sieves(seen: TableValues, rows: np.ndarray) -> Iterator[_Sieve]:
    """Yield the formulas of every shape with their results' order in some rows."""
    for dated, shapes in ((False, OF_NUMBERS), (True, OF_DATES)):
        names = [name for name, own in seen.items() if own.dated == dated][:MOST_PAIRED_COLUMNS]
        for shape in shapes if len(names) > 1 else ():
            pairs = [
                (a, b) for a, b in permutations(names, 2) if not shape.symmetric or names.index(a) < names.index(b)
            ]
            first, second = (np.stack([seen[pair[k]].values[rows] for pair in pairs]) for k in range(2))
            results = Polynomial(("", ""), "", shape.terms).value([first, second])  # [pairs, rows]
            order = np.argsort(results, 1, kind="stable")
            told = np.isfinite(np.take_along_axis(results, order, 1))
            yield _Sieve([formula_of(f"{shape.text} in steps", shape.terms, *pair) for pair in pairs], order, told)


def _codes(target: SteppedTarget, rows: np.ndarray) -> np.ndarray:
    """Return the places of a target's values among those it knows, -1 where missing: [rows]."""
    values = target.values[rows]
    return np.where(np.isfinite(values), np.searchsorted(target.known, values), -1)


def _holding(target: SteppedTarget, formula: Polynomial, seen: TableValues, level: float) -> Stepped | None:
    """Return a formula with its steps where it gives every row that counts, and neither source does alone."""
    own = [seen[name] for name in formula.sources]
    x, y = formula.value([one.values for one in own]), target.values
    both = np.isfinite(x) & np.isfinite(y)
    if (np.isnan(y) != np.isnan(x)).any() or (np.isnan(x).any() and not target.column.missing):
        return None
    clear = ~(own[0].at_end | own[1].at_end)[both]
    x, y = x[both], y[both]
    if clear.sum() < LEAST_PAIRED_ROWS:
        return None
    found = stepped(formula, y, x, clear, level, _edge)
    if found is None or found.off > max(1, MOST_OFF * clear.sum()) or not are_dense(found, x, MOST_PAIRED_GAP):
        return None
    alone = max(share_given(y, one.values[both]) for one in own)
    return found if alone <= MOST_BY_ONE else None


def _edge(least: float, most: float) -> float:
    """Return the shortest number that lies between two results but for the noise of floats."""
    noise = EDGE_NOISE * (most - least)
    return roundest(least + noise, most - noise)
