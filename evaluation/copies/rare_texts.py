"""Rare parts of texts: what a copied text keeps that was written otherwise, or changed a little."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.copies.rare_counts import FEW, ROLES, RareValues, alone, tally
from launderette.evaluation.measures import reuse
from launderette.evaluation.samples import Samples

TEXTS, TEXT_SHARE = 5000, 0.05  # rows of each table whose texts are read; share of different ones in a column of texts


def fragments(samples: Samples) -> list[RareValues]:
    """Rare parts of texts by column and kind: what a copied text keeps that was written otherwise, or changed a
    little.
    """
    if samples.holdout is None:
        return []
    asked = {role: samples.rows(role, TEXTS, 0) for role in ROLES}
    sizes, found = np.array([len(asked[role]) for role in ROLES]), []
    for column in samples.train.columns:
        if samples.is_number(column):
            continue
        texts = [samples.frames[r][column].iloc[asked[r]].map(label, na_action="ignore") for r in ROLES]
        if texts[0].nunique() > max(FEW, TEXT_SHARE * sizes[0]):
            for kind, places in _written(texts).items():
                found.append(RareValues(f"{kind} in {column}", alone(tally(*places, sizes, FEW)), sizes, alone=True))
    return [group for group in found if len(group.rare)]


def _written(texts: list[pd.Series]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Codes of the parts of texts and the rows that they stand in, by kind of part: int64 [parts in rows], twice."""
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    places: dict[str, dict[tuple[int, int], None]] = defaultdict(dict)  # of a part in a row, once each
    for row, text in enumerate(pd.concat(texts, ignore_index=True)):
        if pd.notna(text):
            for kind, part in reuse.fragments(text):
                places[kind][codes[kind].setdefault(part, len(codes[kind])), row] = None
    return {kind: (*np.array([*found], dtype=np.int64).reshape(-1, 2).T,) for kind, found in places.items()}
