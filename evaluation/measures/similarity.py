"""Similarity of single columns in [0, 1]: the only file that imports sdmetrics.

sdmetrics leaves missing values out, so that a column's missing share is compared here and folded in. Pairs of columns
are in pairs.py, by the definitions of sdmetrics.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd


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
