"""Rows around real ones, for few rows: a copy of a real row, of which the model redraws about half of the cells given
the others.

From a few dozen rows no model learns how the columns of a small class hang together, and rows that are drawn whole blur
the classes. What is kept of a real row keeps this for them, as SMOTE's neighbours do, and the model fills in the rest.
"""

from collections.abc import Hashable

import pandas as pd

from launderette.generators.contract import Imputer
from launderette.generators.training import randomness

LARGE_TRAINING_SET = 200  # of a training set, below which its synthetic rows are drawn around real ones
REDRAWN_SHARE = 0.5  # share of the cells
REDRAWN_PATTERNS = 6  # sets of columns that are redrawn together
WITH_GAPS = {"i": "Int64", "u": "UInt64", "b": "boolean"}  # kind of a dtype -> the dtype that holds missing values too


def around(model: Imputer, rows: pd.DataFrame, target: str, label: Hashable, count: int, seed: int) -> pd.DataFrame:
    """Return `count` rows of one class, each made of one of `rows`, whose gaps it keeps; identifiers are fresh."""
    stream, kinds = randomness.generator(seed, "anchors"), model.schema.kinds()
    names = [name for name, kind in kinds.items() if name != target and kind != "identifier"]
    base = rows.iloc[stream.integers(0, len(rows), count)].reset_index(drop=True)[model.schema.names]
    # numpy's integers and booleans have no gaps
    base = base.astype({name: WITH_GAPS[dtype.kind] for name, dtype in base.dtypes.items() if dtype.kind in WITH_GAPS})
    patterns = stream.random((REDRAWN_PATTERNS, len(names))) < REDRAWN_SHARE
    redrawn = patterns[stream.integers(0, REDRAWN_PATTERNS, count)]  # [count, names]
    asked = base.assign(**{name: base[name].mask(redrawn[:, k]) for k, name in enumerate(names)})
    filled = model.impute(asked, seed=seed).mask(base.isna())
    if fresh := [name for name, kind in kinds.items() if kind == "identifier" and name != target]:
        filled[fresh] = model.sample(count, seed=seed, where={target: label})[fresh]
    return filled
