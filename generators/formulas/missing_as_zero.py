"""Sums and products in which a missing value counts as 0, as that of a discount or of shipping does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formulas.around_polynomial import AroundPolynomial


@dataclass(frozen=True)
class MissingAsZero(AroundPolynomial):
    """A polynomial in which missing values of the sources at the places `zero` count as 0."""

    zero: tuple[int, ...]

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""
        return self.of.value(self._filled(values))

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is."""
        return super().solved(k, self._filled(values), result)

    def _filled(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.where(np.isnan(own), 0, own) if k in self.zero else own for k, own in enumerate(values)]

    @classmethod
    def from_dict(cls, document: Mapping) -> "MissingAsZero":
        """Read what to_dict wrote."""
        return super().from_dict({**document, "zero": tuple(document["zero"])})
