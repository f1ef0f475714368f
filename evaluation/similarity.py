"""Column and column-pair similarity in [0, 1]: the only file that imports sdmetrics.

KSComplement and TVComplement for one column; CorrelationSimilarity and ContingencySimilarity for two. sdmetrics leaves
missing values out, so that a column's missing share is compared here and folded in.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

BINS = 10  # as in the quality report of sdmetrics, for a number paired with a label


def number_shape(real: np.ndarray, synthetic: np.ndarray) -> float:
    """1 - (difference of missing shares + KS distance of the values weighted by the share that has them)."""
    from sdmetrics.single_column import KSComplement
    missing = np.isnan(real).mean(), np.isnan(synthetic).mean()
    if max(missing) == 1:
        return float(1 - abs(missing[0] - missing[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = KSComplement.compute(pd.Series(real).dropna(), pd.Series(synthetic).dropna())
    return float(1 - abs(missing[0] - missing[1]) - (1 - max(missing)) * (1 - kept))


def label_shape(real: np.ndarray, synthetic: np.ndarray) -> float:
    """1 - total variation distance of the codes; missing (-1) is a category of its own."""
    from sdmetrics.single_column import TVComplement
    return float(TVComplement.compute(pd.Series(real), pd.Series(synthetic)))


def number_pair(real: np.ndarray, synthetic: np.ndarray) -> float:
    """1 - |difference of Pearson correlations| / 2 of two columns [rows, 2]; NaN where a column does not vary."""
    from sdmetrics.column_pairs import CorrelationSimilarity
    frames = [pd.DataFrame(t[~np.isnan(t).any(1)], columns=["a", "b"]) for t in (real, synthetic)]
    if any(len(f) < 3 or (f.nunique() < 2).any() for f in frames):
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(CorrelationSimilarity.compute(*frames, coefficient="Pearson"))


def label_pair(real: np.ndarray, synthetic: np.ndarray) -> float:
    """1 - total variation distance of the contingency tables of two columns of codes [rows, 2]."""
    from sdmetrics.column_pairs import ContingencySimilarity
    frames = [pd.DataFrame(t, columns=["a", "b"]) for t in (real, synthetic)]
    return float(ContingencySimilarity.compute(*frames))


def bins(real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Codes of ten equal-width cells over the real range for every array given, missing as -1."""
    low, high = (np.nanmin(real), np.nanmax(real)) if (~np.isnan(real)).any() else (0.0, 1.0)
    edges = np.linspace(low, high, BINS + 1)[1:-1]
    return [np.where(np.isnan(v), -1, np.searchsorted(edges, v, "right")) for v in (real, *others)]
