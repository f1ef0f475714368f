"""Numbers that are a list, such as sizes, grades and rates: most rows share a few values, and what lies between those
is hardly ever taken.

An interval between two of them would be drawn evenly, at values that nobody has. So the few rows between go to the
nearest shared value, as rare categories are merged, but where many rows lie between two of them. Amounts that are
rounded now and then are no list: what lies between their round values is new in nearly every row.

What no row of a list has lies in no cell, but for tails beyond its shared values.
"""

import numpy as np

from launderette.generators.encoding.intervals import NONE_KNOWN, Cut, cells_of, enough

SHARED_ROWS = 0.7  # share of the rows whose values are shared, in a list
NEW_OF_DRAWN = 0.5  # how new real values between shared ones may be, beside evenly drawn ones, in a list


def cells_of_list(ticks: np.ndarray, *, on_grid: bool, known: np.ndarray = NONE_KNOWN) -> Cut:
    """Return the cells of ticks; of a list, those of its values. `known` ones are shared, though few rows have them."""
    listed = onto_shared(ticks, on_grid=on_grid, known=known)
    moved = listed is not ticks
    return _without_gaps(cells_of(listed, on_grid=on_grid, known=known, listed=moved), on_grid=on_grid, moved=moved)


def onto_shared(ticks: np.ndarray, *, on_grid: bool, known: np.ndarray = NONE_KNOWN) -> np.ndarray:
    """Return the ticks of a list with those between shared values at the nearest of these; others as they are."""
    unique, counts = np.unique(ticks, return_counts=True)
    kept = enough(unique, counts, known)
    shared = unique[kept]
    if not len(shared) or counts[kept].sum() < SHARED_ROWS * len(ticks):
        return ticks
    between = ~kept & (unique > shared[0]) & (unique < shared[-1])
    between &= _few_in_gap(unique, counts, shared, between)
    if not between.any() or not _hardly_new(counts[between], _drawn_new(shared, int(between.sum()), on_grid)):
        return ticks
    moved = unique.copy()
    moved[between] = _nearest(shared, unique[between])
    return moved[np.searchsorted(unique, ticks)]


def _few_in_gap(unique: np.ndarray, counts: np.ndarray, shared: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Tell of each value whether no more rows lie between its two shared neighbours than at both of them: a tail is
    none of a list, though protection made its end a shared value.
    """
    above = np.searchsorted(shared, unique).clip(1, len(shared) - 1)
    inside = np.bincount(above, counts * between, len(shared))
    at = counts[np.searchsorted(unique, shared)]
    return inside[above] <= at[above - 1] + at[above]


def _without_gaps(cut: Cut, *, on_grid: bool, moved: bool) -> Cut:
    """Return the cells of a list without those of no rows between shared values: where rows were `moved` to these, or
    none lie between them although most of the grid there is free.
    """
    atoms = np.flatnonzero((cut.low == cut.high) & ~cut.gaps)
    if len(atoms) < 2:
        return cut
    inner, shared = slice(atoms[0], atoms[-1]), cut.low[atoms]
    heavy = cut.rows[atoms].sum() >= SHARED_ROWS * cut.rows.sum()
    free = not on_grid or shared[-1] - shared[0] + 1 >= 2 * len(shared)
    taken = cut.rows[inner][cut.low[inner] < cut.high[inner]].any()
    if not moved and not (heavy and free and not taken):
        return cut
    kept = ~cut.gaps
    kept[: atoms[0]], kept[atoms[-1] :] = True, True
    return Cut(*(own[kept] for own in cut))


def _hardly_new(counts: np.ndarray, drawn: float) -> bool:
    """Tell whether values of so many rows each are new less often than evenly drawn ones, which are `drawn` times out
    of one, and so much less that they may be a list's: fresh rows have none of those counted as often as one row has
    them (Good 1953), give or take a standard error.
    """
    single, rows = int((counts == 1).sum()), int(counts.sum())
    new, error = single / rows, np.sqrt(single * (1 - single / rows)) / rows
    return bool(new <= drawn and new - error <= NEW_OF_DRAWN * drawn)


def _drawn_new(shared: np.ndarray, taken: int, on_grid: bool) -> float:
    """How many of values that are drawn evenly between the shared ones are none of the `taken` ones."""
    return 1 - taken / float(shared[-1] - shared[0] + 1 - len(shared)) if on_grid else 1.0


def _nearest(shared: np.ndarray, values: np.ndarray) -> np.ndarray:
    above = np.searchsorted(shared, values)
    return np.where(values - shared[above - 1] < shared[above] - values, shared[above - 1], shared[above])
