"""Ratios that are 0 where nothing is divided by nothing, as the rate of somebody who has not tried is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formulas.formula import Formula, quoted
from launderette.generators.formulas.polynomial import Polynomial


@dataclass(frozen=True)
class RatioOrZero(Formula):
    """A polynomial with a ratio that is 0 where both sides of it are."""

    of: Polynomial

    @classmethod
    def over(cls, of: Polynomial) -> "RatioOrZero":
        """Return it with what people read of it."""
        return cls(of.sources, f"{of.text}, 0 where {quoted(of.sources[-1])} is", of)

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        nothing = self.of.is_undefined(values) & ~np.isnan(values).any(0)
        return np.where(nothing, 0.0, self.of.value(values))

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is."""
        return self.of.solved(k, values, result)

    @property
    def has_factors(self) -> bool:
        return self.of.has_factors

    @classmethod
    def from_dict(cls, document: Mapping) -> "RatioOrZero":
        """Read what to_dict wrote."""
        return super().from_dict({**document, "of": Polynomial.from_dict(document["of"])})
