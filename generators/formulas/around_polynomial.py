"""Formulas that do something around a polynomial, which solves for their sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.polynomial import Polynomial


@dataclass(frozen=True)
class AroundPolynomial(Formula):
    """A formula whose results are those of a polynomial, but where its kind says otherwise."""

    of: Polynomial

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is."""
        return self.of.solved(k, values, result)

    @property
    def has_factors(self) -> bool:
        return self.of.has_factors

    @classmethod
    def from_dict(cls, document: Mapping) -> Self:
        """Read what to_dict wrote."""
        return super().from_dict({**document, "of": Polynomial.from_dict(document["of"])})
