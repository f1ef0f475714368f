"""Entities of several rows, such as patients with their visits: whether what is known of one row is known of all."""

from __future__ import annotations

import numpy as np
import pandas as pd

KEPT_BY_OWNERS = 0.95  # share of two rows of an entity that agree in a column, from which on it is the entity's own
SHARED_BY_CHANCE = 0.05  # share of any two rows that agree in all such columns, beyond which these name nobody


def owners_of(named: pd.Series) -> np.ndarray:
    """Number the entity that each row names, itself where it names none: int64 [rows]."""
    codes = pd.factorize(named)[0]
    return np.where(codes < 0, len(codes) + np.arange(len(codes)), codes)


def are_alike(table: pd.DataFrame, owners: np.ndarray, seed: int = 0) -> bool:
    """Tell whether rows of an entity agree in columns in which few rows of others do, as visits of a patient agree in
    the day of birth: they are then recognised together.

    `owners` numbers the entity of each row: int64 [rows]. Cost: a sort.
    """
    order = np.argsort(owners, kind="stable")
    values, owned = table.fillna(-np.inf).to_numpy()[order], owners[order]
    together = owned[1:] == owned[:-1]
    if not together.any():
        return False
    own = (values[1:] == values[:-1])[together].mean(0) >= KEPT_BY_OWNERS
    others = np.random.default_rng([seed, 97]).permutation(len(values))
    return bool(own.any() and (values == values[others])[:, own].all(1).mean() < SHARED_BY_CHANCE)
