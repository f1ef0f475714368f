"""What follows in steps: an age group from an age, a quarter from a date, late or not from two dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.polynomial import Polynomial


@dataclass(frozen=True)
class StepFunction(Formula):
    """The result of the last step at or below a polynomial: `steps` are (from which number on, result), ascending; what
    lies below the first one has its result, too.
    """

    of: Polynomial
    steps: tuple[tuple[float, float], ...]

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where the polynomial is no number."""
        (starts, results), at = np.array(self.steps).T, self.of.value(values)
        last = np.searchsorted(starts, at, side="right") - 1
        return np.where(np.isfinite(at), results[np.maximum(last, 0)], np.nan)

    @property
    def is_of_a_source(self) -> bool:
        """Whether it steps along the values of one source, rather than along what is worked out from sources."""
        return len(self.sources) == 1 and not self.of.function

    @classmethod
    def from_dict(cls, document: Mapping) -> "StepFunction":
        """Read what to_dict wrote."""
        of, steps = Polynomial.from_dict(document["of"]), tuple((start, result) for start, result in document["steps"])
        return super().from_dict({**document, "of": of, "steps": steps})
