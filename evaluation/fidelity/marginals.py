"""Marginals: is each column by itself as in the real table, its values, its gaps and how they are written?"""

from __future__ import annotations

import numpy as np

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures import formats as formats_
from launderette.evaluation.measures import intervals, similarity
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, count, unknown
from launderette.evaluation.unseen import unseen

WITHHELD = "(other)"  # what protection writes in place of rare labels
MOSTLY_WITHHELD = 0.5  # of a column's rows


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
