"""Cells of a column <-> one token or two: the coarse one, and the fine one inside it."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np


class Tokenized(ABC):
    """Cells numbered 0..size-1 <-> (coarse, fine); `starts` holds the first cell of each coarse group; missing is
    cell `size`.
    """

    starts: list[int]
    missing: bool

    @property
    @abstractmethod
    def size(self) -> int:
        """How many cells there are, but for a missing value."""

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.asarray(self.starts, dtype="int64")

    @property
    def coarse_size(self) -> int:
        return len(self.starts) + self.missing

    @property
    def fine_size(self) -> int:
        return int(self.fine_sizes().max(initial=1))

    def fine_sizes(self) -> np.ndarray:
        """Return the number of cells of each coarse value, 1 for a missing one: int64 [coarse_size]."""
        sizes = np.diff(np.append(self._starts, self.size))
        return np.append(sizes, np.ones(int(self.missing), dtype="int64"))

    def split(self, cells: np.ndarray) -> list[np.ndarray]:
        """Return the tokens of the cells: the coarse one and, where the column has two, the fine one."""
        if not len(self._starts):
            return [np.zeros(len(cells), dtype="int64")]
        is_missing = cells >= self.size
        coarse = np.searchsorted(self._starts, np.where(is_missing, 0, cells), side="right") - 1
        fine = np.where(is_missing, 0, cells - self._starts[coarse])
        tokens = [np.where(is_missing, len(self._starts), coarse), fine]
        return tokens if self.fine_size > 1 else tokens[:1]

    def join(self, tokens: np.ndarray) -> np.ndarray:
        """Return the cells of tokens [rows, 1 or 2]."""
        coarse = tokens[:, 0]
        is_missing = coarse >= len(self._starts)
        first = np.append(self._starts, self.size)[np.where(is_missing, len(self._starts), coarse)]
        return first if tokens.shape[1] == 1 else np.where(is_missing, self.size, first + tokens[:, 1])
