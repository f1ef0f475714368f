"""Lines and steps by label: a bonus is a share of the pay that a rating decides, a price steps with weight by zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.rounding import rounded


class LabelLine(NamedTuple):
    """A constant and as much of a number as a rate says, in rows of a label as it is in formulas."""

    label: float
    rate: float
    constant: float


@dataclass(frozen=True)
class LinearByLabel(Formula):
    """A number, the first source, on the line of a label, the second, rounded to whole steps; 0: not rounded."""

    lines: tuple[LabelLine, ...]
    step: float = 0.0

    def _of(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rates and constants [rows], NaN for a label without a line."""
        known, rates, constants = np.array(sorted(self.lines), dtype="float64").T
        at = np.searchsorted(known, labels).clip(max=len(known) - 1)
        has = known[at] == labels
        return np.where(has, rates[at], np.nan), np.where(has, constants[at], np.nan)

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the results, float64 [rows]; NaN where the number is missing, or its label has no line."""
        rates, constants = self._of(values[1])
        found = rates * values[0] + constants
        return rounded(found / self.step, "away") * self.step if self.step else found

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return the number for a result and its label [rows]; nothing tells the label."""
        if k:
            return super().solved(k, values, result)
        rates, constants = self._of(values[1])
        return (result - constants) / np.where(rates == 0, np.nan, rates)

    @classmethod
    def from_dict(cls, document: Mapping) -> "LinearByLabel":
        """Read what to_dict wrote."""
        return super().from_dict({**document, "lines": tuple(LabelLine(*line) for line in document["lines"])})


class LabelSteps(NamedTuple):
    """From which number on which result comes, ascending, in rows of a label as it is in formulas."""

    label: float
    steps: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class StepsByLabel(Formula):
    """The result of the last step of a label, the second source, at or below a number, the first; what lies below the
    first one has its result, too.
    """

    stairs: tuple[LabelSteps, ...]

    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the results, float64 [rows]; NaN where the number is missing, or its label has no steps."""
        found = np.full(values[0].shape, np.nan)
        for label, steps in self.stairs:
            rows = (values[1] == label) & np.isfinite(values[0])
            starts, results = np.array(steps).T
            last = np.searchsorted(starts, values[0][rows], side="right") - 1
            found[rows] = results[np.maximum(last, 0)]
        return found

    @classmethod
    def from_dict(cls, document: Mapping) -> "StepsByLabel":
        """Read what to_dict wrote."""
        stairs = [LabelSteps(label, tuple(map(tuple, steps))) for label, steps in document["stairs"]]
        return super().from_dict({**document, "stairs": tuple(stairs)})
