"""Columns: is the one that differs most from its real values still like them?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, rankdata

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss, Owners
from launderette.evaluation.fidelity.missing_values import total_variation
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

COLUMN_ROWS = 50_000
COLUMN_LABELS = 50  # most frequent ones, and one for all others


def worst_column(samples: Samples, *, seed: int = 0) -> Score:
    """1 - the distance of known values from real ones beyond chance, of the column that differs most; in [0, 1], higher
    better.

    Numbers and dates: the Kolmogorov-Smirnov distance. Labels: the total variation distance, with all but the 50 most
    frequent as one. One wrong column of twenty hardly moves `shape`, which is a mean. Chance takes more where rows of
    one entity come together. Cost: a sort per column.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, COLUMN_ROWS, seed)]
        owners = chance.owners(samples, role)
        found = [_distance(samples, column, real, other, owners) for column in samples.known]
        return [loss for loss in found if loss is not None]

    return chance.kept(samples, measure, (Reason.NO_VALUES, "no column has a value to compare"))


def _distance(samples: Samples, column: str, real: pd.DataFrame, other: pd.DataFrame, owners: Owners) -> Loss | None:
    parts = len(samples.known)
    owners = None if owners is None else owners[samples.is_present(column, real[column].to_numpy())]
    if not samples.is_number(column):
        # labels that real rows have, by both: those frequent among these alone would be rarer in any fresh rows
        both = pd.concat([real[[column]], other.loc[other[column].isin(real[column]), [column]]])
        usual, found = (_labelled(samples, column, both, table) for table in (real, other))
        return _of_labels(column, usual, found, parts, owners)
    known, values = (table[column].dropna().to_numpy() for table in (real, other))
    if not len(values):
        return None
    effect = entities.design_effect(rankdata(known), owners)
    by_chance = np.sqrt(np.log(2 * chance.ONCE_IN * parts) / 2 * effect * (1 / len(known) + 1 / len(values)))
    return Loss(str(column), float(ks_2samp(known, values, method="asymp").statistic), float(by_chance))


def _labelled(samples: Samples, column: str, both: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """The label of each known row, by frequency in real and other rows together, 50 for all others: int64 [rows]."""
    codes = cells.codes(samples, column, both, table, COLUMN_LABELS)
    return codes[codes > 0] - 1


def _of_labels(column: str, real: np.ndarray, other: np.ndarray, parts: int, owners: Owners) -> Loss | None:
    one, two = len(real), len(other)
    if not two:
        return None
    counts, there = (np.bincount(codes, minlength=COLUMN_LABELS + 1) for codes in (real, other))
    effect = entities.label_effect(real, owners)
    by_chance = total_variation((counts + there) / (one + two), one / effect, two / effect, parts)
    return Loss(str(column), float(np.abs(counts / one - there / two).sum() / 2), float(by_chance))
