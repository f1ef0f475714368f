"""Where the rows of an interval lie within it on average: near its lower end in the tail of incomes."""

import numpy as np

LEAST_ROWS = 5  # that share a centre
DISTINCT_PLACES = 20  # centres are told in twentieths of their interval
UNREMARKABLE = 0.15  # distance from the middle that a handful of rows has by chance


def centres(ticks: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[float]:
    """Return the mean place in (0, 1) of the rows of each interval [low, high], by `ticks` [rows]; of few or evenly
    spread rows .5. Nothing where that is so of all intervals.
    """
    if not len(low):
        return []
    cells = np.clip(np.searchsorted(low, ticks, side="right") - 1, 0, len(low) - 1)
    rows, width = np.bincount(cells, minlength=len(low)), (high - low).astype("float64")
    places = np.where(width[cells] > 0, (ticks - low[cells]) / np.where(width[cells] > 0, width[cells], 1), 0.5)
    means = np.bincount(cells, weights=places, minlength=len(low)) / np.maximum(rows, 1)
    found = np.clip(np.round(means * DISTINCT_PLACES) / DISTINCT_PLACES, 1 / DISTINCT_PLACES, 1 - 1 / DISTINCT_PLACES)
    plain = (rows < LEAST_ROWS) | (width == 0) | (np.abs(found - 0.5) <= UNREMARKABLE)
    return [] if plain.all() else np.where(plain, 0.5, found).tolist()
