"""Columns in a few cells each: numbers by the quantiles of real rows, labels by frequency, missing in a cell of its
own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation.samples import Samples

CELLS_PER_COLUMN = 8


def codes(
    samples: Samples, column: str, real: pd.DataFrame, table: pd.DataFrame, parts: int = CELLS_PER_COLUMN
) -> np.ndarray:
    """Cell of each row of a table, 0 where missing; the cells are those of real rows, `parts` and one for all other
    labels: int64 [rows].
    """
    known, values = real[column].to_numpy(), table[column].to_numpy()
    if samples.is_number(column):
        edges = np.unique(np.nanquantile(known, np.linspace(0, 1, parts + 1)[1:-1]))
        return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, "left"))
    frequent = np.argsort(-np.bincount(known[known >= 0], minlength=len(samples.labels[column])), kind="stable")
    place = np.full(len(samples.labels[column]) + 1, 1 + parts)  # one cell for all other labels
    place[frequent[:parts]] = 1 + np.arange(min(parts, len(frequent)))
    place[-1] = 0
    return place[values]
