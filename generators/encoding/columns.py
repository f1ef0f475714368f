"""One column <-> cells: Cells for numbers and dates on a grid, Labels for categories. The coarse/fine split is the
same for both.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Datetime, Identifier, Learned, Numerical, column_of
from launderette.generators.encoding import spelled
from launderette.generators.encoding.centres import centres
from launderette.generators.encoding.intervals import Cut
from launderette.generators.encoding.lattices import Lattice, lattice_of
from launderette.generators.encoding.lists import cells_of_list
from launderette.generators.encoding.spelled import Spelled
from launderette.generators.formats import dtypes
from launderette.generators.formats.grid import from_grid, grid_of, to_grid
from launderette.generators.formats.scaled_format import ScaledFormat
from launderette.generators.formats.written import shares_of_words, texts_of, words_among

SINGLE_TOKEN_CELLS = 256  # more cells than this take two tokens
COARSE_CELLS = 96  # coarse cells of a two-token number


class _Split(ABC):
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


@dataclass(frozen=True)
class Cells(_Split):
    """Numbers or dates as sorted cells [low, high] of grid ticks: an atom where low == high, else an interval.

    `scale` is that of grid.py, `centres` are those of centres.py (none: all in the middle); `words` are the texts that
    missing values are written as (None for none), with their shares; in the cells `gaps` lies no training row;
    values are points of the `lattice`, where there is one; `spelled` are ticks and values of numbers of single
    precision that enough rows share, to the last bit, which readers of files round each in their own way.
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
        if not isinstance(form := self.column.format, ScaledFormat) or not self.scale:
            return ticks
        steps = np.maximum(form.steps(ticks / self.scale) * self.scale, 1)
        first, last = np.ceil(low / steps), np.floor(high / steps)
        rounded = (np.clip(np.rint(ticks / steps), first, last) * steps).astype("int64")
        return np.where(first <= last, rounded, ticks)


def _whole_between(inside: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return low.astype("int64") + np.floor(inside * (high - low + 1)).astype("int64")


@dataclass(frozen=True)
class Labels(_Split):
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
        values = dtypes.simple(values)
        ranks = plain(values).map(self._rank)
        unseen = max(self.size - 1, 0)
        return np.where(values.isna(), self.size, ranks.fillna(unseen)).astype("int64")

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


def fit_column(values: pd.Series, column: Learned | Identifier, every: pd.Series | None = None) -> Cells | Labels:
    """Choose the cells or labels of one column; `every` value, also those that are not to count, tells how often each
    word stands for a missing one.
    """
    if isinstance(column, Numerical | Datetime):
        return _fit_cells(values, column, values if every is None else every)
    ordered = column.dtype == "category[ordered]"
    simple = dtypes.simple(values)
    present = plain(simple.dropna()).rename("label")
    # ties by text, so that the order does not depend on the rows' order
    counts = present.value_counts().reset_index(name="n")
    counts["text"] = counts.iloc[:, 0].map(str)
    labels = counts.sort_values(["n", "text"], ascending=[False, True]).iloc[:, 0].tolist()
    bucket = 1 if len(labels) <= SINGLE_TOKEN_CELLS else int(np.ceil(np.sqrt(len(labels))))
    starts = list(range(0, len(labels), bucket))
    order = [label for label in plain(pd.Series(values.cat.categories)) if label in set(labels)] if ordered else []
    return Labels(column.name, column.dtype, labels, starts, bool(simple.isna().any() or not labels), order)


def _fit_cells(values: pd.Series, column: Numerical | Datetime, every: pd.Series) -> Cells:
    scale = grid_of(values, column)
    ticks, present = to_grid(values, column, scale)
    cut, lattice = _cut(ticks, on_grid=bool(scale))
    starts = list(range(len(cut.low))) if len(cut.low) <= SINGLE_TOKEN_CELLS else _coarse(cut)
    low, high, missing = cut.low.tolist(), cut.high.tolist(), bool(not present.all() or not len(cut.low))
    kept = words_among(texts_of(values[~present].dropna()) or {})
    words = shares_of_words(every[~to_grid(every, column, scale)[1]], kept) if kept else []
    middles = centres(ticks, cut.low, cut.high)
    gaps = np.flatnonzero(cut.gaps).tolist()
    own = spelled.of(values, ticks, present) if column.kind == "numerical" and column.single else []
    return Cells(column, scale, low, high, starts, missing, words, middles, gaps, lattice, own)


def _cut(ticks: np.ndarray, *, on_grid: bool) -> tuple[Cut, Lattice | None]:
    """Return the cells of ticks, and the lattice that these lie on: then both ends of every cell are points of it."""
    if (lattice := lattice_of(ticks, on_grid=on_grid)) is None:
        return cells_of_list(ticks, on_grid=on_grid), None
    cut = cells_of_list(lattice.numbers(ticks), on_grid=True)
    low, high = (lattice.as_written(ends, ticks) for ends in (cut.low, cut.high))
    return cut._replace(low=low, high=high), lattice


def _coarse(cut: Cut) -> list[int]:
    """Return the first cell of each coarse group: equal shares of the rows, a heavy atom and a gap without rows alone,
    at most SINGLE_TOKEN_CELLS cells in a group.
    """
    share = cut.rows.sum() / COARSE_CELLS
    alone = cut.gaps if cut.gaps.sum() <= COARSE_CELLS else np.zeros_like(cut.gaps)
    starts, filled, length = [], np.inf, 0
    for cell, count in enumerate(cut.rows.tolist()):
        if filled + count > share or length >= SINGLE_TOKEN_CELLS or alone[cell] or alone[max(cell - 1, 0)]:
            starts.append(cell)
            filled, length = 0, 0
        filled, length = filled + count, length + 1
    return starts


def restore_column(document: Mapping) -> Cells | Labels:
    """Read one column that Encoding.to_dict wrote."""
    entry = dict(document)
    if entry.pop("type") == "Labels":
        return Labels(**entry)
    entry["words"] = [(word, share) for word, share in entry["words"]]
    entry["spelled"] = [(tick, value) for tick, value in entry["spelled"]]
    entry["lattice"] = entry["lattice"] and Lattice(*entry["lattice"])
    return Cells(**entry | {"column": column_of(entry["column"])})
