"""Sorted numbers -> cells that tile a column's range: values that enough rows share, and intervals between them.

Edges lie in the gaps between rows, away from the rows' values, so that a value beside one that a training row has is as
likely as that value itself. A gap wider than chance leaves between rows so dense is a cell without rows: unlikely, but
not impossible.

Cells that are as wide as it takes to hold five rows tell those rows from others: these lie in the narrow ones. So most
edges do not follow the rows: about as many rows as the square root of all, fewer at the ends of a range, make a block,
and the cells of a block are equally wide.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

LEAST_ROWS_PER_VALUE = 5  # rows that must share a number, or a combination, before it is kept as such
FREQUENT_ROWS = 30  # rows of a value whose share is known well enough by itself
OUTSTANDING_ERRORS = 3.0  # standard errors by which fewer rows of a value stand out among its neighbours
USUAL_WITHIN = 10  # values on either side, whose median tells how many rows a value usually has
MOST_SELECTED = 0.1  # of the rows that share values, how many a fresh table may lack
NONE_KNOWN = np.zeros(0)  # values that are known to be shared by enough rows, though few of those here have them
MOST_CELLS = 8192
FEW_CELLS, MOST_ROWS = 250, 40  # a cell takes more rows than five where they make more cells than this, up to so many
BEYOND_CHANCE = 3  # a gap that chance leaves is taken for one in no more than about e^-3 of all columns


class Cell(NamedTuple):
    """An atom, one value that rows share, or an interval of values, ends included."""

    low: float
    high: float
    rows: int

    @property
    def rare(self) -> bool:
        return self.rows < LEAST_ROWS_PER_VALUE

    @property
    def atom(self) -> bool:
        return self.low == self.high and not self.rare

    @property
    def known_gaps(self) -> int:
        """How many gaps between its rows tell how far apart these lie."""
        return 0 if self.atom or self.rare else self.rows - 1


class NumberLine(NamedTuple):
    """From a value to the next: one tick on a grid, else to the nearest other float."""

    on_grid: bool

    def above(self, value: float) -> float:
        return value + 1 if self.on_grid else math.nextafter(value, math.inf)

    def below(self, value: float) -> float:
        return value - 1 if self.on_grid else math.nextafter(value, -math.inf)

    def spacing(self, cell: Cell) -> float:
        """Return how far apart the rows of an interval lie: 0 for an atom, infinite for a few rows between atoms."""
        if not cell.known_gaps:
            return math.inf if cell.rare else 0.0
        return max((cell.high - cell.low) / cell.known_gaps, 1 if self.on_grid else math.ulp(cell.high))

    def edge(self, a: float, b: float) -> float:
        """Return where a cell begins that holds b and not a: the roundest value in the middle of what is between."""
        if self.on_grid:
            free = (b - a - 1) // 4
            return roundest(a + 1 + free, b - free)
        least, most = 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b
        return roundest(least, most) if a < least <= most < b else b


class Cut(NamedTuple):
    """Cells in ascending order [K]: their ends, rows, and which are gaps."""

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    gaps: np.ndarray


def enough(unique: np.ndarray, counts: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Tell which values [K] of so many rows each are kept as they are: shared by enough of these, or known to be."""
    return (counts >= LEAST_ROWS_PER_VALUE) | np.isin(unique, known)


def repeatable(counts: np.ndarray) -> np.ndarray:
    """Tell which of ascending values [K] without a grid, of so many rows each, may come back to the last bit: bool [K].

    What lies between such values comes back as numbers that nobody has. So where many values have about as many rows as
    it takes to be kept, a training row has a kept one more often than a fresh row: of as many fresh rows those are
    fewer by the values that have just enough (Good 1953). There only values that stand out among others are kept.
    """
    shared, chances = counts >= LEAST_ROWS_PER_VALUE, np.exp(-counts) * np.power(1.0 * counts, LEAST_ROWS_PER_VALUE)
    just_enough = chances.sum() / math.factorial(LEAST_ROWS_PER_VALUE)  # values, of Poisson counts about these
    if just_enough * LEAST_ROWS_PER_VALUE <= MOST_SELECTED * counts[shared].sum():
        return shared
    around = np.lib.stride_tricks.sliding_window_view(np.pad(counts, USUAL_WITHIN, "reflect"), 2 * USUAL_WITHIN + 1)
    usual = np.median(around, axis=1)
    return shared & ((counts >= FREQUENT_ROWS) | (counts > usual + OUTSTANDING_ERRORS * np.sqrt(usual)))


def cells_of(ticks: np.ndarray, *, on_grid: bool, known: np.ndarray = NONE_KNOWN, listed: bool = False) -> Cut:
    """Cut the range of the ticks into atoms, values of at least LEAST_ROWS_PER_VALUE rows or `known` ones, intervals of
    about as many rows, and gaps without rows. Where all cells are atoms, nothing lies between them. Without a grid,
    only values that are `repeatable` are atoms, but for those of a list.
    """
    unique, counts = np.unique(ticks, return_counts=True)
    kept = enough(unique, counts, known)
    counts = np.where(kept, counts.clip(min=LEAST_ROWS_PER_VALUE), counts)
    if not (on_grid or listed or kept.all()):
        counts = np.where(repeatable(counts), counts, counts.clip(max=LEAST_ROWS_PER_VALUE - 1))
    least = max(LEAST_ROWS_PER_VALUE, min(len(ticks) / FEW_CELLS, MOST_ROWS), len(ticks) / MOST_CELLS)
    cells, line = _absorbed(_runs(unique.tolist(), counts.tolist(), least)), NumberLine(on_grid)
    if not all(cell.atom for cell in cells):
        cells = _evened(_tiled(cells, line), math.sqrt(len(ticks)) / least, line)
    low, high = (np.array([cell[end] for cell in cells], unique.dtype) for end in (0, 1))
    gaps = np.array([cell.rows == 0 for cell in cells], bool)
    return Cut(low, high, np.bincount(np.searchsorted(high, ticks), minlength=len(cells)), gaps)


def _runs(values: list, counts: list[int], least: float) -> list[Cell]:
    """Cut sorted values into atoms and runs of at least `least` rows, or fewer before an atom and at the end."""
    cells: list[Cell] = []
    filled = 0
    for value, count in zip(values, counts, strict=True):
        atom = count >= LEAST_ROWS_PER_VALUE
        if atom or not cells or filled == 0 or filled >= least:
            cells.append(Cell(value, value, count))
            filled = 0 if atom else count
        else:
            cells[-1] = Cell(cells[-1].low, value, cells[-1].rows + count)
            filled += count
    return cells


def _absorbed(cells: Iterable[Cell]) -> list[Cell]:
    """Merge an interval of fewer than LEAST_ROWS_PER_VALUE rows into the interval before it, where there is one."""
    merged: list[Cell] = []
    for cell in cells:
        if cell.rare and merged and merged[-1].low != merged[-1].high:
            merged[-1] = Cell(merged[-1].low, cell.high, merged[-1].rows + cell.rows)
        else:
            merged.append(cell)
    return merged


def _tiled(cells: list[Cell], line: NumberLine) -> list[Cell]:
    """Move the ends of intervals into the gaps beside them, and make a cell of each gap that chance does not leave."""
    tiled, low = [], cells[0].low
    for a, b in pairwise(cells):
        end, begin = _ends(a, b, _widest(len(cells), a.known_gaps + b.known_gaps), line)
        tiled.append(Cell(low, line.below(end), a.rows))
        if end < begin:
            tiled.append(Cell(end, line.below(begin), 0))
        low = begin
    return [*tiled, Cell(low, cells[-1].high, cells[-1].rows)]


def _widest(cells: int, known: int) -> float:
    """Return the widest gap between cells that chance leaves, in spacings that so many `known` gaps tell: exponential
    gaps over the mean of k others exceed t with the chance (1 + t / k)^-k.
    """
    beyond = math.log(cells) + BEYOND_CHANCE
    return known * math.expm1(beyond / known) if known else beyond


def _ends(a: Cell, b: Cell, widest: float, line: NumberLine) -> tuple[float, float]:
    """Return the first values above cell a and of cell b; what is between them is in neither."""
    spacing = line.spacing(a), line.spacing(b)
    if b.low - a.high <= widest * max(spacing):
        edge = line.above(a.high) if a.atom else b.low if b.atom else line.edge(a.high, b.low)
        return edge, edge
    reach = [math.ceil(2 * own) if line.on_grid else 2 * own for own in spacing]
    end = line.above(a.high) if a.atom else line.edge(a.high, min(a.high + reach[0], b.low))
    return end, b.low if b.atom else max(end, line.edge(max(b.low - reach[1], a.high), b.low))


def _evened(cells: list[Cell], most: float, line: NumberLine) -> list[Cell]:
    """Give the intervals that follow one another, in blocks of at most `most`, the same width within a block."""
    found: list[Cell] = []
    for fixed, group in groupby(cells, lambda cell: cell.atom or cell.rows == 0):
        own = list(group)
        blocks = [[cell] for cell in own] if fixed else _blocks(own, most)
        found += [part for block in blocks for part in _parts(block, line)]
    return found


def _blocks(cells: list[Cell], most: float) -> Iterator[list[Cell]]:
    """Cut intervals into blocks of at most `most`, and of half as many as lie between them and the nearer end."""
    start = 0
    while start < len(cells):
        length = max(1, min(int(most), start // 2, (len(cells) - start) // 3))
        yield cells[start : start + length]
        start += length


def _parts(block: list[Cell], line: NumberLine) -> list[Cell]:
    """Cut a block into as many cells of the same width, fewer where it has fewer values."""
    low, high, rows = block[0].low, block[-1].high, sum(cell.rows for cell in block)
    shares = [Fraction(k, len(block)) for k in range(1, len(block))]
    if line.on_grid:
        inner = [low + math.ceil(share * (high - low + 1)) for share in shares]
    else:
        inner = [float(low * (1 - share) + high * share) for share in map(float, shares)]
    edges = [low, *(edge for edge in dict.fromkeys(inner) if low < edge <= high)]
    return [Cell(a, b, rows) for a, b in zip(edges, [*map(line.below, edges[1:]), high], strict=True)]


def roundest(least: float, most: float) -> float:
    """Return the number in [least, most] with the most trailing zeros, an int between ints; `least` of ends that
    cross.
    """
    kind = int if isinstance(least, int) else float
    if least <= 0 <= most:
        return kind(0)
    if not least < most:
        return kind(least)
    power = math.floor(math.log10(most - least))  # a multiple of this lies between, or nearly
    while _multiple(least, power) > most:
        power -= 1
    while _multiple(least, power + 1) <= most:
        power += 1
    return kind(_multiple(least, power))


def _multiple(least: float, power: int) -> Fraction | int:
    """Return the least multiple of 10 ** power from `least` on, without an error."""
    if isinstance(least, int) and power >= 0:
        return -(-least // 10**power) * 10**power
    unit = Fraction(10) ** power
    return math.ceil(Fraction(least) / unit) * unit
