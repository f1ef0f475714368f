"""Rare labels in groups that the configuration states: Kiel and Husum become North where enough owners have either.

Groups may lie in larger ones; the smallest that enough owners share is taken.
"""

import pandas as pd

from launderette.pipelines.config.groups import Groups, above


def grouped(labels: pd.Series, owners: pd.Series, rare: int, *, groups: Groups) -> pd.Series:
    """Return the smallest stated group of each label that at least `rare` owners share, missing where there is none."""
    chains = {label: list(above(str(label), groups)) for label in labels.unique() if isinstance(label, str)}
    found = pd.Series(None, index=labels.index, dtype="object")
    for level in range(max(map(len, chains.values()), default=0)):
        left = labels[found.isna()]
        names = left.map({label: chain[level] for label, chain in chains.items() if len(chain) > level}).dropna()
        holders = owners[names.index].groupby(names).nunique()
        kept = names[names.isin(holders.index[holders >= rare])]
        found[kept.index] = kept
    return found
