"""Tables with one known flaw each: an evaluation that cannot name them cannot be trusted on unknown ones.

An exact copy, a collapse, lost relations between columns, leaked outliers, a half-copied table and planted rows, made
from real rows, beside an honest table: fresh rows of the same population.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation import samples
from launderette.evaluation.measures import neighbours
from launderette.evaluation.streams import RandomStream, generator

FLAWS = {  # which section has to name each of them; None: all sections have to be content
    "honest sample": None,
    "exact copy": "privacy",
    "300 rows repeated": "diversity",
    "shuffled columns": "fidelity",
    "outlier leak": "privacy",
    "70 % perturbed copy": "privacy",
    "5 % of training rows planted": "privacy",
}
OUTLIERS = 87 / 5000
MOVED_SHARE = 0.001  # of a value's size


def tables(
    train: pd.DataFrame, fresh: pd.DataFrame, *, kinds: dict[str, str] | None = None, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """A table with each flaw of FLAWS, as long as `fresh`: rows of the population that are neither in train nor in
    the holdout.
    """
    rng = generator(seed, RandomStream.FLAWS)
    size = len(fresh)
    found = {
        "honest sample": fresh,
        "exact copy": train.sample(size, replace=size > len(train), random_state=seed),
        "300 rows repeated": train.sample(300, random_state=seed).sample(size, replace=True, random_state=seed),
        "shuffled columns": pd.DataFrame({c: rng.permutation(train[c].to_numpy()) for c in train})[:size],
        "outlier leak": planted(fresh, moved(isolated(train, kinds), kinds, rng), rng),
        "70 % perturbed copy": perturbed(train, 0.7, rng)[:size],
        "5 % of training rows planted": planted(fresh, train.sample(frac=0.05, random_state=seed), rng),
    }
    return {name: table.reset_index(drop=True).astype(train.dtypes.to_dict()) for name, table in found.items()}


def isolated(train: pd.DataFrame, kinds: dict[str, str] | None = None, share: float = OUTLIERS) -> pd.DataFrame:
    """The rows farthest from their five nearest neighbours (Meeus et al. 2023)."""
    compared = samples.make(train, None, train, kinds=kinds)
    every = neighbours.Group("train", np.arange(len(train)))
    distance = neighbours.search(compared, every, every, 5)[0].mean(1)
    return train.iloc[np.sort(np.argsort(-distance, kind="stable")[: max(1, round(share * len(train)))])]


def moved(rows: pd.DataFrame, kinds: dict[str, str] | None, rng: np.random.Generator) -> pd.DataFrame:
    """The rows with every fractional number changed by up to 0.1 %; whole numbers and labels stay."""
    out = rows.copy()
    for column in rows:
        if pd.api.types.is_float_dtype(rows[column].dtype):
            out[column] = rows[column] * (1 + rng.uniform(-MOVED_SHARE, MOVED_SHARE, len(rows)))
    return out


def planted(table: pd.DataFrame, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The table with as many of its rows replaced."""
    kept = table.iloc[rng.permutation(len(table))[: max(0, len(table) - len(rows))]]
    return pd.concat([kept, rows]).sample(frac=1, random_state=int(rng.integers(2**31)))


def perturbed(train: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The table with `share` of the values in each column exchanged for those of other rows, and its rows in
    another order.
    """
    out = {}
    for column in train:
        values = train[column].to_numpy().copy()
        hit = rng.random(len(values)) < share
        values[hit] = rng.choice(values, int(hit.sum()))
        out[column] = values
    return pd.DataFrame(out).sample(frac=1, random_state=int(rng.integers(2**31)))
