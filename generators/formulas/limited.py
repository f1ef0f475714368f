"""Formulas that stop at an end, as days overdue do at 0, what an insurer pays, or a fine at the most that is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formulas.around_polynomial import AroundPolynomial
from launderette.generators.formulas.polynomial import Polynomial


@dataclass(frozen=True)
class Limited(AroundPolynomial):
    """A polynomial whose results are at least `least` and at most `most`, where these are given."""

    least: float | None
    most: float | None

    @classmethod
    def to(cls, of: Polynomial, least: float | None, most: float | None) -> "Limited":
        """Return it with what people read of it."""
        text = of.text if least is None else f"max({least:.12g}, {of.text})"
        return cls(of.sources, text if most is None else f"min({most:.12g}, {text})", of, least, most)

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        found = self.of.value(values)
        return found if self.least is self.most is None else np.clip(found, self.least, self.most)
