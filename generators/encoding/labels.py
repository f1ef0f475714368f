"""The labels of a column of categories, the most frequent first."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from launderette.generators.encoding.tokens import Tokenized
from launderette.generators.formats import dtypes


@dataclass(frozen=True)
class Labels(Tokenized):
    """Categories, the most frequent first."""

    name: str
    dtype: str
    labels: list[Any]
    starts: list[int]
    missing: bool
    order: list[Any] = field(default_factory=list)  # the labels from the lowest to the highest, of an ordered category
    kind: ClassVar[str] = "categorical"
    scale: ClassVar[float] = 1.0  # of `numbers`

    @property
    def size(self) -> int:
        return len(self.labels)

    @cached_property
    def _rank(self) -> dict[Any, int]:
        return {label: rank for rank, label in enumerate(self.labels)}

    @cached_property
    def numbers(self) -> np.ndarray:
        """The labels, or their ranks where one is no whole number, NaN for a missing value: float64 [labels + 1]."""
        whole = all(isinstance(v, bool | int | float) and v % 1 == 0 and abs(v) < 2**53 for v in self.labels)
        return np.array([*map(float, self.labels if whole else range(self.size)), np.nan])

    def cells_at(self, numbers: np.ndarray, is_missing: np.ndarray) -> np.ndarray:
        """Return the rank of the label nearest to each number: int64 [rows]."""
        return np.where(is_missing, self.size, np.abs(numbers[:, None] - self.numbers[:-1]).argmin(1))

    def encode(self, values: pd.Series) -> np.ndarray:
        """Return the rank of each label, the last rank for a label never seen: int64 [rows]."""
        ranks = self._ranks(values).to_numpy("float64", copy=True)
        unknown = np.flatnonzero(np.isnan(ranks))
        ranks[unknown] = np.where(values.iloc[unknown].isna(), self.size, max(self.size - 1, 0))
        return ranks.astype("int64")

    def unseen(self, values: pd.Series) -> np.ndarray:
        """Return which values are labels that no training row has: bool [rows]."""
        return (self._ranks(values).isna() & values.notna()).to_numpy()

    def _ranks(self, values: pd.Series) -> pd.Series:
        return (values if dtypes.is_text(values) else plain(dtypes.simple(values))).map(self._rank)

    def decode(self, cells: np.ndarray, inside: np.ndarray, limits: None = None) -> pd.Series:
        """Return the labels of the ranks."""
        table = np.empty(self.size + 1, dtype=object)
        table[: self.size] = self.labels
        values = pd.Series(table[cells], dtype="object")
        return dtypes.cast(values, self.dtype, self.order)


def plain(values: pd.Series) -> pd.Series:
    """Return the values as Python objects that JSON can hold: numbers and booleans stay, anything else becomes text."""
    objects = values.astype("object")
    if dtypes.is_text(objects):
        return objects
    return objects.where(
        values.isna() | objects.map(lambda v: isinstance(v, (str, bool, int, float))), objects.map(str)
    )
