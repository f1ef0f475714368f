"""Ratios that are 0 where nothing is divided by nothing, as the rate of somebody who has not tried is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formulas.around_polynomial import AroundPolynomial
from launderette.generators.formulas.formula import quoted
from launderette.generators.formulas.polynomial import Polynomial


@dataclass(frozen=True)
class RatioOrZero(AroundPolynomial):
    """A polynomial with a ratio that is 0 where both sides of it are."""

    @classmethod
    def over(cls, of: Polynomial) -> "RatioOrZero":
        """Return it with what people read of it."""
        return cls(of.sources, f"{of.text}, 0 where {quoted(of.sources[-1])} is", of)

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        nothing = self.of.is_undefined(values) & ~np.isnan(values).any(0)
        return np.where(nothing, 0.0, self.of.value(values))
