"""Sums of products of powers, and functions of them: price * quantity, net + tax, ordered + days, log(wage)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.functions import FUNCTIONS


class Monomial(NamedTuple):
    """A product factor * source ** power * ..., one power for each source."""

    factor: float
    powers: tuple[int, ...]

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the product [rows], by division where a power is negative: exact where that is."""
        found = np.full(values[0].shape, float(self.factor))
        for own, power in zip(values, self.powers, strict=True):
            for _ in range(abs(power)):
                found = found * own if power > 0 else found / own
        return found


@dataclass(frozen=True)
class Polynomial(Formula):
    """A sum of monomials, whose powers may be negative, or the function of it that FUNCTIONS names."""

    terms: tuple[Monomial, ...]
    function: str = ""

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        with np.errstate(all="ignore"):
            found = FUNCTIONS[self.function][0](_sum(self.terms, values))
        return np.where(np.isfinite(found), found, np.nan)

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is, or where
        it has several powers.
        """
        powers = {term.powers[k] for term in self.terms} - {0}
        if len(powers) != 1:
            return super().solved(k, values, result)
        (power,), ones = powers, [np.ones(len(result)) if i == k else own for i, own in enumerate(values)]
        with np.errstate(all="ignore"):
            result = FUNCTIONS[self.function][1](result)
            rest = _sum([term for term in self.terms if not term.powers[k]], ones)
            times = _sum([term for term in self.terms if term.powers[k]], ones)
            found = ((result - rest) / times) ** (1 / power)
        return np.where(np.isfinite(found), found, np.nan)

    def is_undefined(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Tell where 0 is divided by 0, or a source is missing: bool [rows]."""
        with np.errstate(all="ignore"):
            return np.isnan(_sum(self.terms, values))

    @property
    def has_factors(self) -> bool:
        return any(abs(term.factor) != 1 for term in self.terms)

    @property
    def divides(self) -> bool:
        """Whether one of its powers is negative."""
        return any(power < 0 for term in self.terms for power in term.powers)

    @classmethod
    def from_dict(cls, document: Mapping) -> "Polynomial":
        """Read what to_dict wrote."""
        terms = tuple(Monomial(factor, tuple(powers)) for factor, powers in document["terms"])
        return super().from_dict({**document, "terms": terms})


def _sum(terms: Sequence[Monomial], values: Sequence[np.ndarray]) -> np.ndarray:
    return sum((term.value(values) for term in terms), np.zeros(values[0].shape))
