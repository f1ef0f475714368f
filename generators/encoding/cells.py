"""The cells of a column of numbers or dates on a grid: what each holds, and how values are drawn inside it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Datetime, Numerical
from launderette.generators.encoding import spelled
from launderette.generators.encoding.lattices import Lattice, digit_steps
from launderette.generators.encoding.spelled import Spelled
from launderette.generators.encoding.tokens import Tokenized
from launderette.generators.formats.grid import from_grid, to_grid
from launderette.generators.formats.scaled_format import ScaledFormat


@dataclass(frozen=True)
class Cells(Tokenized):
    """Numbers or dates as sorted cells [low, high] of grid ticks: an atom where low == high, else an interval.

    `scale` is that of grid.py, `centres` are those of centres.py (none: all in the middle); `words` are the texts that
    missing values are written as (None for none), with their shares; in the cells `gaps` lies no training row;
    values are points of the `lattice`, where there is one; `spelled` are ticks and values of numbers of single
    precision that enough rows share, to the last bit, which readers of files round each in their own way; all have at
    most so many significant `digits`, where that says something.
    """

    column: Numerical | Datetime
    scale: float
    low: list[float]
    high: list[float]
    starts: list[int]
    missing: bool
    words: list[tuple[str | None, float]] = field(default_factory=list)
    centres: list[float] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    lattice: Lattice | None = None
    spelled: Spelled = field(default_factory=list)
    digits: int | None = None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def kind(self) -> str:
        return self.column.kind

    @property
    def dtype(self) -> str:
        return self.column.dtype

    @property
    def size(self) -> int:
        return len(self.low)

    @property
    def empty(self) -> tuple[int, ...]:
        """The coarse values that are a gap without training rows each."""
        first = {start: k for k, start in enumerate(self.starts)}
        sizes = self.fine_sizes()
        return tuple(first[gap] for gap in self.gaps if gap in first and sizes[first[gap]] == 1)

    @property
    def exact(self) -> tuple[int, ...]:
        """The coarse values that hold a value of its own."""
        alone = np.flatnonzero(np.equal(self.low, self.high))
        return tuple(np.unique(np.searchsorted(self._starts, alone, side="right") - 1).tolist())

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        kind = "int64" if self.scale else "float64"
        return np.asarray(self.low, dtype=kind), np.asarray(self.high, dtype=kind)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Return the cell of each value, the nearest one where it lies in none: int64 [rows]."""
        ticks, present = to_grid(values, self.column, self.scale)
        cells = np.full(len(values), self.size, dtype="int64")
        cells[present] = self._nearest(ticks)
        return cells

    def _nearest(self, ticks: np.ndarray) -> np.ndarray:
        low, high = self._bounds
        if not self.size:
            return np.full(len(ticks), self.size)
        above = np.clip(np.searchsorted(high, ticks), 0, self.size - 1)  # the first cell that ends at or after the tick
        below = np.clip(above - 1, 0, None)
        closer = (ticks < low[above]) & (ticks - high[below] < low[above] - ticks)
        return np.where(closer, below, above)

    @property
    def missing_words(self) -> list[str]:
        """The texts that a missing value may be written as."""
        return [word for word, _ in self.words if word is not None]

    def decode(
        self, cells: np.ndarray, inside: np.ndarray, limits: tuple[np.ndarray, np.ndarray] | None = None
    ) -> pd.Series:
        """Return the values of the cells; inside [rows] in [0, 1) is the position within an interval, or within
        `limits` (ticks).
        """
        return self.written(self.ticks(cells, inside, limits), cells >= self.size, inside)

    def ticks(
        self, cells: np.ndarray, inside: np.ndarray, limits: tuple[np.ndarray, np.ndarray] | None = None
    ) -> np.ndarray:
        """Return the ticks of the values of the cells, any for a missing one: [rows]; as `decode`."""
        if not self.size:
            return np.zeros(len(cells), dtype="int64")
        at = np.where(cells >= self.size, 0, cells)
        return self.between(inside, *(limits or (ends[at] for ends in self._bounds)))

    def written(self, ticks: np.ndarray, is_missing: np.ndarray, inside: np.ndarray) -> pd.Series:
        """Write ticks as values of the column; `inside` chooses the word for a missing one."""
        values = spelled.respelled(from_grid(ticks, is_missing, self.column, self.scale), ticks, self.spelled)
        return self._worded(values, is_missing, inside)

    def cells_at(self, ticks: np.ndarray, is_missing: np.ndarray) -> np.ndarray:
        """Return the cell of each tick, the nearest one where it lies in none: int64 [rows]."""
        return np.where(is_missing, self.size, self._nearest(ticks))

    def _worded(self, values: pd.Series, is_missing: np.ndarray, inside: np.ndarray) -> pd.Series:
        """Write missing values as the words that stood for them, chosen by `inside`, which they need for nothing
        else.
        """
        if not self.missing_words or not is_missing.any():
            return values
        shares = np.cumsum([share for _, share in self.words])
        chosen = np.minimum(np.searchsorted(shares, inside[is_missing], side="right"), len(shares) - 1)
        written = values.astype("object")
        written[is_missing] = np.array([word for word, _ in self.words], dtype=object)[chosen]
        return written

    def between(self, inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the ticks at the places `inside` of intervals [low, high]."""
        if not self.scale and not self.lattice:
            return low + inside * (high - low)
        whole = self.lattice.between if self.lattice else _whole_between
        return self._of_few_digits(whole(inside, low, high), low, high)

    def near_shared(self, numbers: np.ndarray, error: float) -> np.ndarray:
        """Return numbers [rows] without a grid, at a value of its own cell where they lie within a relative error."""
        return spelled.near(numbers, np.array([a for a, b in zip(self.low, self.high, strict=True) if a == b]), error)

    def on_steps(self, ticks: np.ndarray) -> np.ndarray:
        """Return the ticks nearest to real numbers [rows] of them that lie in the steps of the column's values."""
        whole = self.lattice.points(self.lattice.numbers(ticks)) if self.lattice else np.rint(ticks).astype("int64")
        anywhere = np.full(len(ticks), np.inf)
        return self._of_few_digits(whole, -anywhere, anywhere)

    def _of_few_digits(self, ticks: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return ticks of as many digits as real numbers have, where they lie in [low, high]: $1.2M, not $1.23M."""
        if (steps := self._digit_steps(ticks)) is None:
            return ticks
        first, last = np.ceil(low / steps), np.floor(high / steps)
        rounded = (np.clip(np.rint(ticks / steps), first, last) * steps).astype("int64")
        return np.where(first <= last, rounded, ticks)

    def _digit_steps(self, ticks: np.ndarray) -> np.ndarray | None:
        """Return what each tick has to be a multiple of to have no more digits than real numbers; None for no limit."""
        if isinstance(form := self.column.format, ScaledFormat) and self.scale:
            return np.maximum(form.steps(ticks / self.scale) * self.scale, 1)
        return None if self.digits is None else digit_steps(ticks, self.digits)


def _whole_between(inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return low.astype("int64") + np.floor(inside * (high - low + 1)).astype("int64")
