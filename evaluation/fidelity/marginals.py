"""Marginals: is each column by itself as in the real table, its values, its gaps and how they are written?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, rankdata

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss, Owners
from launderette.evaluation.fidelity.missing_values import total_variation
from launderette.evaluation.measures import cells, intervals, similarity
from launderette.evaluation.measures import formats as formats_
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, count, unknown
from launderette.evaluation.unseen import unseen

WITHHELD = "(other)"  # what protection writes in place of rare labels
MOSTLY_WITHHELD = 0.5  # of a column's rows
COLUMN_ROWS = 50_000
COLUMN_LABELS = 50  # most frequent ones, and one for all others


def shape(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of single columns, in [0, 1], higher better: 1 - KS distance (numbers) or 1 - total variation
    (labels) from rows that were not trained on.

    Source: sdmetrics KSComplement and TVComplement, with missing values counted. Where most of a column is "(other)",
    that both tables say so counts for nothing. Cost: a sort per column.
    """
    judged = unseen(samples, seed)
    if not judged.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    roles = judged.roles()
    by_role = {name: {c: _shape(judged, c, role) for c in judged.known} for name, role in roles.items()}
    ends = {name: _shape_interval(judged, role, by_role[name], seed) for name, role in roles.items() if name != "floor"}
    detail = {
        "columns": by_role["value"],
        "columns_ceiling": by_role.get("ceiling", {}),
        "ceiling_low": ends.get("ceiling", (None,))[0],
    }
    value = float(np.mean(list(by_role["value"].values())))
    return Score(value, *ends["value"], *similarity.ends(by_role), "higher", detail, _left_out(judged))


def _shape_interval(samples: Samples, role: str, columns: dict[str, float], seed: int) -> tuple[float, float]:
    effects = np.mean([similarity.shape_effects(samples, c, role) for c in columns], axis=0)
    return intervals.around(float(np.mean(list(columns.values()))), effects, seed)


def _shape(samples: Samples, column: str, role: str) -> float:
    real, other = samples.table("train")[column].to_numpy(), samples.table(role)[column].to_numpy()
    if samples.is_number(column):
        return similarity.number_shape(real, other)
    return similarity.label_shape(real, other) - _withheld(samples, column, real, other)


def _withheld(samples: Samples, column: str, real: np.ndarray, other: np.ndarray) -> float:
    """Share on which two columns agree by the label that stands for withheld ones alone, where it is most of the
    column.
    """
    places = np.flatnonzero(samples.labels[column] == WITHHELD)
    shares = [float(np.mean(np.isin(codes, places))) for codes in (real, other)]
    return min(shares) if shares[0] > MOSTLY_WITHHELD else 0.0


def _left_out(samples: Samples) -> str:
    empty = count(set(samples.columns) - set(samples.known), samples.metadata.parts)
    dropped = sum(kind == "identifier" for kind in samples.kinds.values())
    parts = [
        f"{empty} column(s) without any value to compare with" if empty else "",
        f"{dropped} identifier column(s)" if dropped else "",
    ]
    return f"Left out: {' and '.join(p for p in parts if p)}." if empty or dropped else ""


def formats(samples: Samples, *, seed: int = 0) -> Score:
    """Whether values are written as in the training column: 1 - the share that are not, beyond chance, of the worst
    column; in [0, 1], higher better.

    Numbers have no more decimals, dates can be read and are as coarse, identifiers have a known pattern. Identifiers
    that a run makes up in a form of their own (mail addresses, free text) are left out.
    """
    made_up = samples.metadata.made_up
    judged = [c for c in samples.identifiers if c not in made_up]

    def measure(role: str) -> list[Loss]:
        columns = [*samples.known, *(judged if role != "shuffled" else ())]
        fits = {c: formats_.fitting(samples, c, role, seed) for c in columns}
        return [_misfit(samples, c, fit, seed, len(fits)) for c, fit in fits.items() if len(fit)]

    absent = Reason.NO_VALUES, "no column has a value to compare"
    left = f" Not {', '.join(map(str, made_up))}: made up in a form of their own." if made_up else ""
    return chance.kept(samples, measure, absent, f"Up to {formats_.FORMAT_ROWS:,} rows of each table.{left}")


def _misfit(samples: Samples, column: str, fit: np.ndarray, seed: int, parts: int) -> Loss:
    """Real values that fit by themselves alone, such as the only identifier of its pattern, are those that chance
    brings.
    """
    alone, known, shared = formats_.alone(samples, column, seed)
    rows = max(1, round(len(fit) / shared))
    return Loss(str(column), float(1 - fit.mean()), chance.most(alone, known, rows, parts))


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
