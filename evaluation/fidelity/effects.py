"""Effects: what the mean of one quantity owes to the cells of another, or to all other columns in a subgroup, and how
much of it is left in other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from launderette.evaluation import chance
from launderette.evaluation.measures.intervals import placements
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

LEAST_EFFECT = 0.02  # share of a quantity's variance that cells have to explain
LEAST_EFFECT_ROWS = 50  # of each table
LEAST_FORETOLD = 0.1  # share of a quantity's variance that the other columns have to tell
LEAST_GROUP, LEAST_OF_BOTH = 100, 20  # rows of a subgroup, in both tables; of them with a label, and without it
LEAST_SHARING = 20  # rows that share what varies of what is told
MOST_BY_GROUP = 0.1  # share of a quantity's variance between subgroups: of what is told by them little is left inside
KNOWN_EFFECT = 4  # standard errors from nothing, that an effect in real rows has to be for anything to be lost
# least variance, of three quantities: a fifth of the rows have a mark and lack it
VARIED_MARK, VARIED_RANK = 0.16, 0.03
LEAST_OF_THREE = 0.1  # their squared mean product, each with mean 0 and variance 1
MOST_IN_THREES = 60  # quantities
LEAST_MEAN_SQUARE = 1e-9  # of what was said
SHRUNK = 0.02  # of a quantity's variance, added to it: ridge regression

Cells = np.ndarray  # int64 [rows], from 0
Quantity = np.ndarray  # float64 [rows]
Part = tuple[str, float, float]  # name, share lost, its standard error


@dataclass(frozen=True)
class Quantities:
    """Columns as quantities [rows, quantities]: ranks of numbers and their squares, a mark of each frequent label."""

    names: np.ndarray  # of the column of each quantity
    asked: np.ndarray  # bool [quantities]: ranks and marks, not squares
    marks: np.ndarray  # bool [quantities]: of labels, or of a missing number
    real: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class Foretold:
    """Rows, what linear models of real rows tell of some quantities [rows, quantities], and what these are."""

    said: np.ndarray
    true: np.ndarray


def lost(real: tuple[Cells, Quantity], other: tuple[Cells, Quantity], parts: int) -> tuple[float, float] | None:
    """Share lost of an effect, and its standard error; None where real rows show hardly any, or no more than the
    strongest of so many parts by chance.

    The effect of a cell is the mean of the quantity there, less the mean of all. What is left is the regression
    coefficient of other rows on the effects of real ones, the noise of these taken away: 0 where the quantity is dealt
    out anew, 1 in fresh real rows.
    """
    # the deviation of equal numbers is not always 0
    if min(len(real[0]), len(other[0])) < LEAST_EFFECT_ROWS or not np.ptp(real[1]):
        return None
    one, two = ((values - values.mean()) / real[1].std() for _, values in (real, other))
    width = 1 + max(int(real[0].max()), int(other[0].max()))
    cells = InCells(
        np.bincount(real[0], minlength=width),
        np.bincount(real[0], one, width),
        np.bincount(real[0], one**2, width),
        np.bincount(other[0], two, width),
        len(other[0]),
    )
    shown, share, error = lost_in(cells, parts, LEAST_EFFECT)
    return (float(share), float(error)) if shown else None


class InCells(NamedTuple):
    """Real rows by cell, the sums and sums of squares there of quantities of mean 0 and variance 1, and their sums in
    other rows, all float64 [..., cells], of so many other rows.
    """

    rows: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    others: np.ndarray
    size: int


def lost_in(
    found: InCells, parts: int, least: float, effect: float | np.ndarray = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether real rows show an effect, bool [...], the share of it that is lost and its standard error, as in `lost`.
    Means vary `effect` times as much as those of independent rows (design effect).
    """
    whole = found.rows.sum(-1)
    rows, size = whole / effect, found.size / effect
    means = found.sums / np.maximum(found.rows, 1)
    free = np.maximum(1, np.count_nonzero(found.rows, axis=-1) - 1)
    explained = (means * found.sums).sum(-1) / whole
    strength = explained - free / rows
    # few cells exceed a normal error far more often
    by_chance = chi2.isf(1 / (2 * chance.ONCE_IN * parts), free) - free
    shown = strength >= np.maximum(least, by_chance / rows)
    strength = np.where(shown, strength, 1.0)
    variance = (means**2 * found.squares).sum(-1) / whole - explained**2  # of what each row adds
    error = np.sqrt(np.maximum(variance, 0) * (1 / rows + 1 / size) + free / rows / size) / strength
    left = (means * found.others).sum(-1) / found.size / strength
    return shown, np.clip(1 - left, 0, 1), error


def quantities(
    samples: Samples, tables: tuple[pd.DataFrame, pd.DataFrame], codes: Mapping[str, list[Cells]]
) -> Quantities:
    """Turn columns into quantities of real rows and of others, given the cells of both."""
    found = [(c, *one) for c, cells in codes.items() for one in _of_column(samples, c, tables, cells)]
    names, sides, asked, marks = ([one[part] for one in found] for part in range(4))
    real, other = (np.stack(side, axis=1) for side in zip(*sides, strict=True)) if found else (np.zeros((0, 0)),) * 2
    return Quantities(np.array(names, dtype=object), np.array(asked, bool), np.array(marks, bool), real, other)


def in_subgroups(found: Quantities, codes: Mapping[str, list[Cells]], seed: int) -> Iterator[Part]:
    """Yield the share lost of what all other columns say about a column, in each subgroup: the rows of a cell of
    another one that itself says little about it, at least LEAST_GROUP of them in real and in other rows.

    What they say is linear in ranks and labels, learnt from one half of the real rows and asked of the other and of
    half of the other rows. What is left is its regression coefficient in the subgroup, over that in real rows.
    """
    if min(len(found.real), len(found.other)) < LEAST_GROUP or not found.asked.any():
        return
    real, other = _told(found, seed)
    varied = np.square(found.real - found.real.mean(0)).mean(0)
    left = 1 - np.square(real.true - real.said).mean(0) / np.maximum(varied, 1e-12)
    chosen = found.asked & (left >= LEAST_FORETOLD)
    real, other = (Foretold(told.said[:, chosen], told.true[:, chosen]) for told in (real, other))
    names, marks = found.names[chosen], found.marks[chosen]
    for group, cells in codes.items():
        apart = names != group
        usual, there = (Foretold(told.said[:, apart], told.true[:, apart]) for told in (real, other))
        yield from _by_cell(group, names[apart], marks[apart], (usual, there), cells)


def in_threes(found: Quantities) -> Iterator[Part]:
    """Yield the share lost of what three columns have to do with each other: of the mean product of a quantity of each,
    where real rows show one.
    """
    if min(len(found.real), len(found.other)) < LEAST_GROUP:
        return
    varied = found.real.var(0) >= np.where(found.marks, VARIED_MARK, VARIED_RANK)
    chosen = np.flatnonzero(found.asked & varied)[:MOST_IN_THREES]
    names, scale = found.names[chosen], found.real[:, chosen].std(0)
    real, other = ((side[:, chosen] - side[:, chosen].mean(0)) / scale for side in (found.real, found.other))
    for i in range(len(names)):
        (usual, spread), (there, wider) = (_products(side.astype(np.float32), i) for side in (real, other))
        own, wider = spread / len(real), np.maximum(spread, wider) / len(other)
        strong = np.square(usual) >= np.maximum(LEAST_OF_THREE, KNOWN_EFFECT**2 * own)
        for j, k in np.argwhere(np.triu(strong, 1)):
            three = names[[i, i + 1 + j, i + 1 + k]]
            if len(set(three)) == 3:
                lost, error = 1 - there[j, k] / usual[j, k], np.sqrt(own[j, k] + wider[j, k]) / abs(usual[j, k])
                yield " / ".join(three), float(np.clip(lost, 0, 1)), float(error)


def slope(said: np.ndarray, true: np.ndarray, *, centred: bool = True) -> tuple[float, float]:
    """Regression coefficient of what is true on what was said, both float64 [rows], with a constant where `centred`,
    and the deviation of a row's effect on it; 0 and infinite where nothing was said.
    """
    said, true = (said - said.mean(), true - true.mean()) if centred else (said, true)
    size = float(np.square(said).mean())
    if size < LEAST_MEAN_SQUARE:
        return 0.0, np.inf
    found = float((said * true).mean()) / size
    return found, float((said * (true - found * said)).std()) / size


def _products(side: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the products of a quantity with each two of those after it: float32 [later, later]."""
    later, one = side[:, i + 1 :], side[:, i : i + 1]
    mean = (later * one).T @ later / len(side)
    return mean, np.square(later * one).T @ np.square(later) / len(side) - np.square(mean)


def _of_column(
    samples: Samples, column: str, tables: tuple[pd.DataFrame, pd.DataFrame], cells: list[Cells]
) -> Iterator[tuple[list[np.ndarray], bool, bool]]:
    """Yield quantities of both tables, whether they are asked, and whether they are marks."""
    kinds = np.unique(cells[0])
    if samples.is_number(column):
        known = np.sort(tables[0][column].dropna().to_numpy())
        ranks = [_ranks(table[column].to_numpy(), known) for table in tables]
        yield ranks, True, False
        yield [np.square(rank - 0.5) for rank in ranks], False, False
        kinds = kinds[kinds == 0]
    for kind in kinds:
        yield [(cell == kind).astype(float) for cell in cells], True, True


def _ranks(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Ranks among known values, in [0, 1]; one half where missing."""
    return np.where(np.isnan(values), 0.5, placements(values, known))


def _told(found: Quantities, seed: int) -> tuple[Foretold, Foretold]:
    """What the quantities of other columns say about each one, of real rows by models that did not learn from them."""
    rng = generator(seed, RandomStream.EFFECT_HALVES)
    tables = found.real, found.other
    halves = [rng.permutation(np.arange(len(table)) % 2) for table in tables]
    said = [np.zeros_like(table) for table in tables]
    for half in (0, 1):
        learnt = found.real[halves[0] != half]
        middle = learnt.mean(0)
        moments = (learnt - middle).T @ (learnt - middle) / len(learnt)
        moments += np.diag(SHRUNK * np.diag(moments) + 1e-9)
        slopes = _regressions(moments, found.names)
        for table, side, where in zip(tables, said, halves, strict=True):
            side[where == half] = middle + (table[where == half] - middle) @ slopes
    real, other = (Foretold(*pair) for pair in zip(said, tables, strict=True))
    return real, other


def _regressions(moments: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Second moments of quantities -> the slopes of each on those of all other columns: float64 [quantities,
    quantities]. Those of a column's block b are -P[:, b] P[b, b]^-1, with P the inverse of all moments.
    """
    P, slopes = np.linalg.inv(moments), np.zeros_like(moments)
    for column in np.unique(names):
        b = np.flatnonzero(names == column)
        slopes[:, b] = -P[:, b] @ np.linalg.inv(P[np.ix_(b, b)])
        slopes[np.ix_(b, b)] = 0
    return slopes


def _by_cell(
    group: str, names: np.ndarray, marks: np.ndarray, tables: tuple[Foretold, Foretold], cells: list[Cells]
) -> Iterator[Part]:
    """The parts of the subgroups by one column, of all quantities."""
    width = 1 + max(int(cell.max()) for cell in cells)
    (usual, spread, rows, sure), (left, wider, size, _) = (
        _slopes(told, cell, width, marks) for told, cell in zip(tables, cells, strict=True)
    )
    apart = _between(tables[0].true, cells[0], width) <= MOST_BY_GROUP
    enough = apart & sure & (np.minimum(rows, size) >= LEAST_GROUP)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        known = spread / np.sqrt(rows)[:, None]
        error = np.hypot(known, np.maximum(spread, wider) / np.sqrt(size)[:, None]) / usual
        for cell, k in zip(*np.nonzero(enough & (usual > KNOWN_EFFECT * known)), strict=True):
            lost = float(np.clip(1 - left[cell, k] / usual[cell, k], 0, 1))
            yield f"{names[k]} / all others, by {group}", lost, float(error[cell, k])


def _between(values: np.ndarray, cells: Cells, width: int) -> np.ndarray:
    """The share of the variance of quantities that lies between subgroups: float64 [quantities]."""
    inside = np.zeros((width, len(cells)))
    inside[cells, np.arange(len(cells))] = 1
    rows, middle = inside.sum(1), values.mean(0)
    means = inside @ values / np.maximum(rows, 1)[:, None]
    return (rows @ np.square(means - middle)) / np.maximum(len(cells) * values.var(0), 1e-12)


def _slopes(told: Foretold, cells: Cells, width: int, marks: np.ndarray) -> tuple[np.ndarray, ...]:
    """By cell and quantity the regression coefficient of what is true on what was said and the deviation of a row's
    effect on it, float64 [cells, quantities]; the rows of each cell; and where both are enough to tell.
    """
    inside = np.zeros((width, len(cells)))
    inside[cells, np.arange(len(cells))] = 1
    rows = inside.sum(1)
    per = np.maximum(rows, 1)[:, None]
    said, true = (values - (inside @ values / per)[cells] for values in (told.said, told.true))
    squares = inside @ np.square(said)
    slopes = inside @ (said * true) / np.maximum(squares, 1e-12)
    left = said * (true - slopes[cells] * said)
    spread = np.sqrt(inside @ np.square(left) / per) * per / np.maximum(squares, 1e-12)
    have = inside @ told.true
    both = ~marks | (np.minimum(have, per - have) >= LEAST_OF_BOTH)
    shared = np.square(squares) >= LEAST_SHARING * (inside @ np.square(np.square(said)))
    return slopes, spread, rows, both & shared & (squares > 1e-9 * per)
