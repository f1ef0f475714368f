"""Combinations of two to five values that one real row alone has: people singled out by what is common of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from launderette.evaluation.copies.rare_counts import Column, Sharing, sharing

FEW_VALUES, REPEATED_VALUES = (3, 4, 5), (2, 3, 4, 5)  # values of a combination, of columns of either kind
COMBINABLE = 10  # columns: those of the most different values
COMBINED_VALUES, VALUES_SHARE = 50, 0.02  # different values of a column of few at most, or so many of all rows
REPEATED_SHARE = 0.5  # the same of a column whose values repeat, such as an age or an income in hundreds
COMBINATIONS = 4  # of columns of each kind, whose rows are counted
RANKED_ROWS = 20_000  # by which these are chosen

CodedColumn = tuple[np.ndarray, int]  # codes from 0 up of the values of a column: int32 [all rows]; how many there are


def combined(columns: Mapping[str, Column], sizes: np.ndarray) -> tuple[list[Sharing], list[Sharing]]:
    """Count rows by what they alone have in a few combinations of columns of few values, and in others of columns whose
    values repeat: in those in which most real rows stand alone that released rows repeat.

    Which combinations these are says nothing of whose the rows are, so that no more than those few share an error.
    """
    if not sizes[1]:
        return [], []
    labels, rows = {name: _coded(column) for name, column in columns.items()}, int(sizes.sum())
    few, repeated = (
        _telling(labels, most, lengths, sizes)
        for most, lengths in (
            (max(COMBINED_VALUES, VALUES_SHARE * rows), FEW_VALUES),
            (REPEATED_SHARE * rows, REPEATED_VALUES),
        )
    )
    return _shared(labels, few, sizes), _shared(labels, [names for names in repeated if names not in few], sizes)


def _telling(
    labels: Mapping[str, CodedColumn], most: float, lengths: Sequence[int], sizes: np.ndarray
) -> list[tuple[str, ...]]:
    """The combinations of columns of so many values at most in which most real rows stand alone that released rows
    repeat.
    """
    chosen = sorted((n for n in labels if 1 < labels[n][1] <= most), key=lambda n: -labels[n][1])[:COMBINABLE]
    sets = [names for length in lengths for names in combinations(chosen, length)]
    some = np.random.default_rng(0).permutation(int(sizes.sum()))[:RANKED_ROWS]
    looked, real = {n: (labels[n][0][some], labels[n][1]) for n in chosen}, some < sizes[:2].sum()
    return sorted(sets, key=lambda names: -repeated(_joined([looked[n] for n in names]), real))[:COMBINATIONS]


def _shared(labels: Mapping[str, CodedColumn], sets: list[tuple[str, ...]], sizes: np.ndarray) -> list[Sharing]:
    rows = np.arange(sizes.sum())
    found = (sharing(_told(names), _joined([labels[n] for n in names]), rows, sizes) for names in sets)
    return [one for one in found if one.rows.any()]


def _coded(column: Column) -> CodedColumn:
    values, codes = np.unique(column, return_inverse=True)
    return codes.reshape(-1).astype(np.int32), len(values)


def _told(names: tuple[str, ...]) -> str:
    return f"their combination of {', '.join(names[:-1])} and {names[-1]}"


def _joined(labels: list[CodedColumn]) -> np.ndarray:
    """One number for the values of each row in these columns: int64 [all rows]."""
    joined = np.zeros(len(labels[0][0]), dtype=np.int64)
    for codes, values in labels:
        joined *= values
        joined += codes
    return joined


def repeated(joined: np.ndarray, real: np.ndarray) -> float:
    """How many values one real row and otherwise released rows alone have, beyond what chance would let them, in
    standard deviations.
    """
    codes = pd.factorize(joined)[0]
    rows, copies = (np.bincount(codes[part], minlength=codes.max() + 1) for part in (real, ~real))
    total, share = rows + copies, real.mean()
    total = total[total > 1]
    chances = total * share * (1 - share) ** (total - 1)
    found = int(((rows == 1) & (copies > 0)).sum())
    return float((found - chances.sum()) / np.sqrt(1 + (chances * (1 - chances)).sum()))
