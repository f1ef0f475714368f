"""Groups of a column's cells: as few as pairs of columns can be counted in, of about equal shares."""

import numpy as np


def of_numbers(counts: np.ndarray, bins: int, least: float) -> np.ndarray:
    """Return the group of each of some ordered cells, int64: heavy cells alone, the others in runs of about as many
    rows each, 1 / `bins` of them but at least `least`.
    """
    heavy = counts >= counts.sum() / bins
    target, groups, group, filled = max(counts[~heavy].sum() / bins, least), [], 0, 0.0
    for count in counts.tolist():
        if filled and (filled + count / 2 > target or count >= target):
            group, filled = group + 1, 0.0
        groups.append(group)
        filled += count
    return np.array(groups, dtype="int64")


def of_labels(counts: np.ndarray, bins: int, least: float) -> np.ndarray:
    """Return the group of each label, int64: those of at least `least` rows alone, the most frequent first, the others
    together.
    """
    order = np.argsort(-counts, kind="stable")
    alone = order[: bins - 1][counts[order[: bins - 1]] >= least]
    rest = len(alone) - (counts.sum() <= counts[alone].sum() and len(alone) > 0)  # no group of nobody
    groups = np.full(len(counts), rest, dtype="int64")
    groups[alone] = np.arange(len(alone))
    return groups


def of_column(counts: np.ndarray, bins: int, least: float, *, ordered: bool, missing: bool) -> np.ndarray:
    """Return the group of each cell, the last of which stands for a missing value where `missing`."""
    own = counts[:-1] if missing else counts
    groups = (of_numbers if ordered else of_labels)(own, bins, least) if len(own) else np.zeros(0, dtype="int64")
    if not missing:
        return groups
    last = groups.max(initial=-1)
    return np.append(groups, last + 1 if counts[-1] > 0 or last < 0 else last)
