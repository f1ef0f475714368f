"""Numbers by their place among those of a label, and that place by the number: a quantile function for each label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from launderette.generators.formulas.formula import Formula


class Curve(NamedTuple):
    """How places from 0 to 1 and numbers, or their logarithms, follow from each other in rows of a label, as it is in
    formulas, or of no label with a curve (None): lines between the two in ascending order, which go on beyond the ends.
    """

    label: float | None
    log: bool
    places: tuple[float, ...]
    numbers: tuple[float, ...]

    def numbers_at(self, places: np.ndarray) -> np.ndarray:
        """Return the numbers at places [rows]."""
        found = _along(places, np.array(self.places), np.array(self.numbers))
        return np.exp(found) if self.log else found

    def places_of(self, numbers: np.ndarray) -> np.ndarray:
        """Return the places of numbers [rows]; of one without a logarithm, that of one far below the others."""
        own = np.array(self.numbers)
        if self.log:
            numbers = np.log(np.maximum(numbers, np.exp(2 * own[0] - own[-1])))
        return _along(numbers, own, np.array(self.places))


def _along(x: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    k = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    return ys[k] + (x - xs[k]) * ((ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k]))


@dataclass(frozen=True)
class ConditionalQuantile(Formula):
    """The number at a place, the first source, by the curve of a label, the second; or the place of a number
    (`inverse`). The last curve is that of all labels without one of their own.
    """

    curves: tuple[Curve, ...]
    inverse: bool = False

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the numbers, or the places, each float64 [rows]; NaN where the first source is no number."""
        return self._by_curve(*values, inverse=self.inverse)

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return the place, or the number, for a result and its label [rows]; nothing tells the label."""
        if k:
            return super().solved(k, values, result)
        return self._by_curve(result, values[1], inverse=not self.inverse)

    def _by_curve(self, x: np.ndarray, labels: np.ndarray, *, inverse: bool) -> np.ndarray:
        found, left = np.full(x.shape, np.nan), np.isfinite(x)
        for curve in self.curves:
            rows = left & (True if curve.label is None else labels == curve.label)
            found[rows] = curve.places_of(x[rows]) if inverse else curve.numbers_at(x[rows])
            left &= ~rows
        return np.where(np.isfinite(found), found, np.nan)

    @classmethod
    def from_dict(cls, document: Mapping) -> "ConditionalQuantile":
        """Read what to_dict wrote."""
        curves = tuple(Curve(by, log, tuple(at), tuple(numbers)) for by, log, at, numbers in document["curves"])
        return super().from_dict({**document, "curves": curves})
