"""What every kind of formula offers: its result for values of its sources, and what a source has to be for a result.

Values are numbers as they are and dates as microseconds since 1970; NaN where missing. Where a source is missing, so is
what follows from it, unless the kind says otherwise.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

import numpy as np

from launderette.generators.formulas.rounding import Rounding

UNQUOTED_NAME = re.compile(r"\w[\w.]*")


@dataclass(frozen=True)
class Formula(ABC):
    """How a column follows from its `sources`; `text` is how people write it."""

    sources: tuple[str, ...]
    text: str
    rounding: Rounding = field(default="away", kw_only=True)

    @abstractmethod
    def value(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return the result for values of the sources, each float64 [rows]; NaN where it is no number."""

    def solved(self, k: int, values: Sequence[np.ndarray], result: np.ndarray) -> np.ndarray:
        """Return what source k has to be for a result, given the other sources [rows]; NaN where nothing is."""
        return np.full(len(result), np.nan)

    @property
    def has_factors(self) -> bool:
        """Whether its products have factors other than 1 and -1, as a conversion of units has."""
        return False

    def spread(self, values: Sequence[np.ndarray], halves: Sequence[float | np.ndarray]) -> np.ndarray:
        """Return by how much the result may be off where each source may be by its half of a tick: [rows]."""
        found = np.zeros(values[0].shape)
        for k, half in enumerate(halves):
            if np.any(half):
                more, less = (self.value([v + way * (i == k) for i, v in enumerate(values)]) for way in (half, -half))
                found = found + np.nan_to_num(np.abs(more - less)) / 2
        return found

    def to_dict(self) -> dict:
        """Return the formula as JSON holds it, with the name of its kind."""
        return {"kind": type(self).__name__, **asdict(self)}

    @classmethod
    def from_dict(cls, document: Mapping) -> Self:
        """Read what to_dict wrote of this kind; one with fields that JSON holds otherwise reads these first."""
        fields = {name: value for name, value in document.items() if name != "kind"}
        return cls(**{**fields, "sources": tuple(document["sources"])})


def quoted(name: str) -> str:
    """Return a column's name as a formula shows it."""
    return name if UNQUOTED_NAME.fullmatch(name) else f"`{name}`"
