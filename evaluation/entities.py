"""Entities of several rows, such as patients with their visits: whether what is known of one row is known of all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation.streams import RandomStream, generator

KEPT_BY_OWNERS = 0.95  # share of two rows of an entity that agree in a column, from which on it is the entity's own
SHARED_BY_CHANCE = 0.05  # share of any two rows that agree in all such columns, beyond which these name nobody
MOST_OWNERS = 0.9  # of the rows: identifiers of more values name rows
NEAR_OWNERS = 0.5  # intraclass correlation of a number's ranks, from which on an entity's rows lie near each other


def owners_of(named: pd.Series) -> np.ndarray:
    """Number the entity that each row names, itself where it names none: int64 [rows]."""
    codes = pd.factorize(named)[0]
    return np.where(codes < 0, len(codes) + np.arange(len(codes)), codes)


def repeated(named: pd.DataFrame) -> list[str]:
    """Return the columns that name owners of several rows each, that of the fewest owners first."""
    owners = named.nunique()
    return [c for c in owners.index[np.argsort(owners, kind="stable")] if 0 < owners[c] < MOST_OWNERS * len(named)]


def first_rows(named: pd.Series) -> np.ndarray:
    """Tell which rows are the first of the entity that they name; those that name none are: bool [rows]."""
    return (~named.duplicated() | named.isna()).to_numpy()


def design_effect(values: np.ndarray, owners: np.ndarray | None) -> float:
    """Return how many times a mean of numbers [rows] varies as much as one of independent rows would, at least 1, since
    rows of one of the `owners` [rows] come together (Kish 1965).
    """
    if owners is None or not len(values):
        return 1.0
    centred = values - values.mean()
    alone = float((centred**2).sum())
    return max(1.0, float((np.bincount(owners, centred) ** 2).sum()) / alone) if alone > 0 else 1.0


def label_effect(codes: np.ndarray, owners: np.ndarray | None) -> float:
    """Return the design effect of the shares of labels together, given which one each row has: int64 [rows]."""
    if owners is None or not len(codes):
        return 1.0
    of_owner, of_label = np.bincount(owners), np.bincount(codes)
    pairs, both = np.unique(owners * len(of_label) + codes, return_counts=True)
    shares, owner, label = of_label / len(codes), *np.divmod(pairs, len(of_label))
    clustered = float((both**2).sum() - 2 * (both * of_owner[owner] * shares[label]).sum())
    clustered += float((of_owner**2).sum() * (shares**2).sum())
    alone = len(codes) * float((shares * (1 - shares)).sum())
    return max(1.0, clustered / alone) if alone > 0 else 1.0


def are_alike(table: pd.DataFrame, owners: np.ndarray) -> bool:
    """Tell whether rows of an entity agree in columns in which few rows of others do, as visits of a patient agree in
    the day of birth, or lie near each other in one, as an account's balances do: they are then recognised together.

    `owners` numbers the entity of each row: int64 [rows]. Cost: a sort.
    """
    order = np.argsort(owners, kind="stable")
    values, owned = table.fillna(-np.inf).to_numpy()[order], owners[order]
    together = owned[1:] == owned[:-1]
    if not together.any():
        return False
    own = (values[1:] == values[:-1])[together].mean(0) >= KEPT_BY_OWNERS
    equal = values == values[generator(0, RandomStream.ROWS_COMPARED).permutation(len(values))]
    if own.any() and equal[:, own].all(1).mean() < SHARED_BY_CHANCE:
        return True
    return any(lie_near(values[:, c], owned) for c in np.flatnonzero(equal.mean(0) < SHARED_BY_CHANCE))


def lie_near(values: np.ndarray, owners: np.ndarray) -> bool:
    """Tell whether values [rows] of one of the owners, int64 [rows], lie near each other, as an account's balances."""
    return _nearness(values, owners) >= NEAR_OWNERS


def _nearness(values: np.ndarray, owners: np.ndarray) -> float:
    """Return the intraclass correlation of ranks (Fisher 1925), of values [rows] and owners [rows]."""
    ranks, codes = pd.Series(values).rank().to_numpy(), np.unique(owners, return_inverse=True)[1]
    sizes = np.bincount(codes)
    rows, groups = len(ranks), len(sizes)
    means = np.bincount(codes, ranks) / sizes
    between = float((sizes * (means - ranks.mean()) ** 2).sum()) / max(groups - 1, 1)
    within = float(((ranks - means[codes]) ** 2).sum()) / max(rows - groups, 1)
    usual = (rows - (sizes**2).sum() / rows) / max(groups - 1, 1)
    spread = between + (usual - 1) * within
    return (between - within) / spread if spread > 0 else 0.0
