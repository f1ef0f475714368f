"""Similarity of single columns in [0, 1]: the only file that imports sdmetrics.

sdmetrics leaves missing values out, so that a column's missing share is compared here and folded in. Labels, and pairs
of columns in pairs.py, are compared by the definitions of sdmetrics, whose own code takes the square of the labels.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from launderette.evaluation.samples import Samples


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
    size = max(real.max(), synthetic.max()) + 2
    counts = (np.bincount(codes + 1, minlength=size) / len(codes) for codes in (real, synthetic))
    return float(1 - np.abs(np.subtract(*counts)).sum() / 2)


def shape_effects(samples: Samples, column: str, role: str) -> np.ndarray:
    """Influence of each row of a role on the column's score: which side of the largest gap (or of its label) it is
    on.
    """
    real, other = samples.table("train")[column].to_numpy(), samples.table(role)[column].to_numpy()
    if not samples.is_number(column):
        size = len(samples.labels[column]) + 1
        gap = np.bincount(other + 1, minlength=size) / len(other) - np.bincount(real + 1, minlength=size) / len(real)
        return -0.5 * np.sign(gap)[other + 1]
    a, b = np.sort(real[~np.isnan(real)]), np.sort(other[~np.isnan(other)])
    if len(a) == 0 or len(b) == 0:
        return np.zeros(len(other))
    at = np.concatenate([a, b])
    gaps = np.searchsorted(b, at, "right") / len(b) - np.searchsorted(a, at, "right") / len(a)
    worst = int(np.abs(gaps).argmax())
    return -np.sign(gaps[worst]) * np.nan_to_num(other <= at[worst]).astype(float)


def ends(by_role: dict[str, dict]) -> tuple[float | None, float | None]:
    """Ceiling and floor: the means of what each column or pair has by the role that stands for them; None without."""

    def mean(name: str) -> float | None:
        return float(np.mean(list(by_role[name].values()))) if by_role.get(name) else None

    return mean("ceiling"), mean("floor")
