"""Gaps in rows of which a derived value is known: of many candidates for them, those that come near to it weigh most.

The candidates that miss it by h weigh less by a normal kernel as wide as the fourth nearest of them misses it by
(approximate Bayesian computation by nearest neighbours; Biau, Cerou and Guyader 2015, doi:10.1214/13-AIHP590). What is
still missed is made up for by the last of the gaps (completion.py).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import Derived, values_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.encoding import Encoding

LEAST_CANDIDATES = 256  # for a row
AGREEING_CANDIDATES, MOST_WIDTHS = 4, 1e3  # that come nearest; of the kernel, by which a value is missed
LEAST_WEIGHT = 1e-300  # so that candidates that all miss it by far are still told apart


def bound_rows(frame: pd.DataFrame, encoding: Encoding) -> np.ndarray:
    """Return in which rows a derived value is known and one of its sources is not: bool [rows]."""
    found = np.zeros(len(frame), dtype=bool)
    for one in encoding.derived:
        found |= (frame[one.name].notna() & frame[list(one.formula.sources)].isna().any(axis=1)).to_numpy()
    return found


def agreeing(tokens: np.ndarray, weights: np.ndarray, frame: pd.DataFrame, encoding: Encoding) -> np.ndarray:
    """Return the weights [K, rows], whose sum is 1, of K candidates' tokens [K, rows, L] as far as they agree with the
    derived values of the frame's rows.
    """
    log_weights = np.log(np.maximum(weights, LEAST_WEIGHT))
    for _, known, found in _derived(tokens, frame, encoding):
        missed = np.abs(np.where(np.isnan(found), np.inf, found) - known)
        near = np.sort(missed, 0)[min(AGREEING_CANDIDATES, len(missed)) - 1]
        told = np.isfinite(near)  # else it is not known, or all candidates are without it
        width = np.maximum(near, np.finfo("float64").tiny)
        with np.errstate(over="ignore"):  # by far more than the nearest
            log_weights[:, told] -= np.square(np.minimum(missed / width, MOST_WIDTHS))[:, told] / 2
    found = np.exp(log_weights - log_weights.max(0))
    return found / found.sum(0)


def means(tokens: np.ndarray, weights: np.ndarray, frame: pd.DataFrame, encoding: Encoding) -> dict[str, np.ndarray]:
    """Return by the name of each derived column the mean, float64 [rows], of what candidates' tokens [K, rows, L] with
    weights [K, rows] give it; NaN where all are without it.
    """
    with np.errstate(invalid="ignore"):
        return {
            one.name: np.nansum(weights * found, 0) / (weights * ~np.isnan(found)).sum(0)
            for one, _, found in _derived(tokens, frame, encoding)
        }


def _derived(
    tokens: np.ndarray, frame: pd.DataFrame, encoding: Encoding
) -> Iterator[tuple[Derived, np.ndarray, np.ndarray]]:
    """Yield each derived column, its known values [rows], and those that candidates' tokens [K, rows, L] give it beside
    what is known of its sources [K, rows]; float64, NaN for none.
    """
    values = _values(tokens, frame, encoding)
    for one in encoding.derived:
        known = values_of(frame[one.name], one.column)
        found = one.formula.value([values[name] for name in one.formula.sources])
        yield one, known, found
        values[one.name] = np.where(np.isnan(known), found, known)


def _values(tokens: np.ndarray, frame: pd.DataFrame, encoding: Encoding) -> dict[str, np.ndarray]:
    """Return by name the value of each source of a derived column: what is known, else the middle of each candidate's
    cell, float64 [K, rows].
    """
    cells, shape = encoding.cells(tokens.reshape(-1, tokens.shape[2])), tokens.shape[:2]
    values = {}
    for k in encoding.sources:
        column = encoding.columns[k]
        middle = np.full(len(cells[k]), 0.5)
        ticks = {k: column.ticks(cells[k], middle)} if isinstance(column, Cells) else {}
        known, drawn = values_of(frame[column.name], column), encoding.values_at(k, cells, ticks).reshape(shape)
        values[column.name] = np.where(np.isnan(known), drawn, known)
    return values
