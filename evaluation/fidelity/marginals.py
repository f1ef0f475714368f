"""Marginals: is each column by itself as in the real table, its values, its gaps and how they are written?"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.measures import formats as formats_
from launderette.evaluation.measures import intervals, similarity
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown

WITHHELD = "(other)"  # what protection writes in place of rare labels
MOSTLY = 0.5  # of a column's rows


def shape(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of single columns, in [0, 1], higher better: 1 - KS distance (numbers) or 1 - total variation
    (labels).

    Source: sdmetrics KSComplement and TVComplement, with missing values counted. Where most of a column is "(other)",
    that both tables say so counts for nothing. Cost: a sort per column.
    """
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    by_role = {name: {c: _shape(samples, c, role) for c in samples.known} for name, role in samples.roles().items()}
    ends = {
        name: _shape_interval(samples, role, by_role[name], seed)
        for name, role in samples.roles().items()
        if name != "floor"
    }
    detail = {
        "columns": by_role["value"],
        "columns_ceiling": by_role.get("ceiling", {}),
        "ceiling_low": ends.get("ceiling", (None,))[0],
    }
    return Score(
        float(np.mean(list(by_role["value"].values()))),
        *ends["value"],
        *similarity.ends(by_role),
        "higher",
        detail,
        _left_out(samples),
    )


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
    return min(shares) if shares[0] > MOSTLY else 0.0


def _left_out(samples: Samples) -> str:
    empty = len(samples.columns) - len(samples.known)
    dropped = sum(kind == "identifier" for kind in samples.kinds.values())
    parts = [
        f"{empty} column(s) without any value" if empty else "",
        f"{dropped} identifier column(s)" if dropped else "",
    ]
    return f"Left out: {' and '.join(p for p in parts if p)}." if empty or dropped else ""


def missingness(samples: Samples, *, seed: int = 0) -> Score:
    """1 - total variation distance of the patterns of missing values across columns, in [0, 1], higher better.

    A pattern is the set of columns in which a row has no value: shares that are right column by column can still be
    wrong together.
    """
    absent = {role: _absent(samples, role) for role in ("train", *samples.roles().values())}
    if not any(a.any() for role, a in absent.items() if role != "shuffled"):
        return unknown(Reason.NO_MISSING_VALUES, "no table has a missing value in a compared column")
    _, codes = np.unique(np.concatenate(list(absent.values())), axis=0, return_inverse=True)
    parts = dict(zip(absent, np.split(codes.ravel(), np.cumsum([len(a) for a in absent.values()])[:-1]), strict=True))
    shares = {role: np.bincount(c, minlength=codes.max() + 1) / len(c) for role, c in parts.items()}
    found = {
        name: float(1 - np.abs(shares[role] - shares["train"]).sum() / 2) for name, role in samples.roles().items()
    }
    effects = -0.5 * np.sign(shares["synthetic"] - shares["train"])[parts["synthetic"]]
    low, high = intervals.around(found["value"], effects, seed)
    return Score(
        found["value"],
        low,
        high,
        found.get("ceiling"),
        found["floor"],
        "higher",
        {"patterns": int((shares["train"] > 0).sum())},
    )


def _absent(samples: Samples, role: str) -> np.ndarray:
    table = samples.table(role)
    columns = [
        np.isnan(table[c].to_numpy()) if samples.is_number(c) else table[c].to_numpy() < 0 for c in samples.columns
    ]
    return np.packbits(np.stack(columns, axis=1), axis=1) if columns else np.zeros((len(table), 1), np.uint8)


def formats(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over columns of the share of synthetic values in the training column's form, in [0, 1], higher better.

    Form: numbers with no more decimals, dates that can be read and are as coarse, known labels, identifiers of a known
    pattern.
    """
    columns = [*samples.known, *(c for c in samples.train.columns if samples.kinds[c] == "identifier")]
    fits = {c: formats_.fitting(samples, c, "synthetic", seed) for c in columns}
    fits = {c: fit for c, fit in fits.items() if len(fit)}
    if not fits:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    shares = {str(c): float(fit.mean()) for c, fit in fits.items()}
    value = float(np.mean(list(shares.values())))
    spread = np.sqrt(
        sum(share * (1 - share) / len(fit) for share, fit in zip(shares.values(), fits.values(), strict=True))
    ) / len(fits)
    others = {
        name: [fit.mean() for c in fits if c in samples.known and len(fit := formats_.fitting(samples, c, role, seed))]
        for name, role in samples.roles().items()
        if name != "value"
    }
    ends = [float(np.mean(others[name])) if others.get(name) else None for name in ("ceiling", "floor")]
    worst = dict(sorted(((c, s) for c, s in shares.items() if s < 1), key=lambda item: (item[1], item[0]))[:20])
    return Score(
        value,
        max(0.0, value - 1.96 * spread),
        min(1.0, value + 1.96 * spread),
        *ends,
        "higher",
        {"worst_columns": worst},
        f"Up to {formats_.FORMAT_ROWS:,} rows of each table.",
    )
