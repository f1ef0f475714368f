"""Fidelity: do the synthetic rows look like real ones, column by column, pair by pair, and to a classifier?"""

from __future__ import annotations

import numpy as np

from evaluation import intervals, learners, neighbours, pairs, similarity
from evaluation.samples import Samples, Score, unknown

DETECTION_ROWS = 8000
LOGISTIC_ROWS = 4000


def shape(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of single columns, in [0, 1], higher better: 1 - KS distance (numbers) or 1 - total variation (labels).

    Source: sdmetrics KSComplement and TVComplement, with missing values counted. Cost: a sort per column.
    """
    if not samples.known:
        return unknown("no column has a value to compare")
    by_role = {name: {c: _shape(samples, c, role) for c in samples.known} for name, role in samples.roles().items()}
    ends = {name: _shape_interval(samples, role, by_role[name], seed) for name, role in samples.roles().items() if name != "floor"}
    detail = {"columns": by_role["value"], "columns_ceiling": by_role.get("ceiling", {}), "ceiling_low": ends.get("ceiling", (None,))[0]}
    return Score(float(np.mean(list(by_role["value"].values()))), *ends["value"], *_ends(by_role), "higher", detail, _left_out(samples))


def _shape_interval(samples: Samples, role: str, columns: dict[str, float], seed: int) -> tuple[float, float]:
    effects = np.mean([_shape_effects(samples, c, role) for c in columns], axis=0)
    return intervals.around(float(np.mean(list(columns.values()))), effects, seed)


def _shape(samples: Samples, column: str, role: str) -> float:
    real, other = samples.table("train")[column].to_numpy(), samples.table(role)[column].to_numpy()
    return (similarity.number_shape if samples.is_number(column) else similarity.label_shape)(real, other)


def _ends(by_role: dict[str, dict]) -> tuple[float | None, float | None]:
    def mean(name: str) -> float | None:
        return float(np.mean(list(by_role[name].values()))) if by_role.get(name) else None
    return mean("ceiling"), mean("floor")


def _left_out(samples: Samples) -> str:
    empty = len(samples.columns) - len(samples.known)
    dropped = sum(kind == "identifier" for kind in samples.kinds.values())
    parts = [f"{empty} column(s) without any value" if empty else "", f"{dropped} identifier column(s)" if dropped else ""]
    return f"Left out: {' and '.join(p for p in parts if p)}." if empty or dropped else ""


def _shape_effects(samples: Samples, column: str, role: str) -> np.ndarray:
    """Influence of each row of a role on the column's score: which side of the largest gap (or of its label) it is on."""
    real, other = samples.table("train")[column].to_numpy(), samples.table(role)[column].to_numpy()
    if not samples.is_number(column):
        size = len(samples.labels[column]) + 1
        gap = np.bincount(other + 1, minlength=size) / len(other) - np.bincount(real + 1, minlength=size) / len(real)
        return -0.5 * np.sign(gap)[other + 1]
    a, b = np.sort(real[~np.isnan(real)]), np.sort(other[~np.isnan(other)])
    if len(a) == 0 or len(b) == 0:
        return np.zeros(len(other))
    at = np.concatenate([a, b])
    gaps = np.searchsorted(b, at, "right") / len(b) - np.searchsorted(a, at, "right") / len(a)
    worst = int(np.abs(gaps).argmax())
    return -np.sign(gaps[worst]) * np.nan_to_num(other <= at[worst]).astype(float)


def trend(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of column pairs, in [0, 1], higher better.

    Two numbers: 1 - |difference of Pearson correlations| / 2. Otherwise, or where a synthetic column does not vary: 1 - total
    variation distance of the contingency tables, numbers in ten cells. As in the quality report of sdmetrics. Cost: one count
    per pair, at most 5,000 pairs and 200,000 rows.
    """
    if len(samples.known) < 2:
        return unknown("a trend needs two columns with values")
    found = pairs.build(samples, seed)
    if not found.chosen:
        return unknown("no two columns vary together in the training table")
    by_role = {name: {label: found.similarity(i, j, role) for label, i, j in found.by_name()}
               for name, role in samples.roles().items()}
    value = float(np.mean(list(by_role["value"].values())))
    low, high = intervals.around(value, pairs.influence(found), seed)
    worst = dict(sorted(by_role["value"].items(), key=lambda item: (item[1], item[0]))[:20])
    return Score(value, low, high, *_ends(by_role), "higher", {"worst_pairs": worst, "pairs": len(found.chosen)}, _drawn(samples, found))


def _drawn(samples: Samples, found: pairs.Pairs) -> str:
    parts = [f"{len(found.chosen):,} of {found.possible:,} pairs compared." if len(found.chosen) < found.possible else "",
             f"{pairs.ROWS:,} rows of each larger table." if max(map(len, samples.frames.values())) > pairs.ROWS else ""]
    return " ".join(p for p in parts if p)


def detection(samples: Samples, *, seed: int = 0) -> Score:
    """1 - (2 max(AUC, 0.5) - 1) of boosted trees telling synthetic from training rows, in [0, 1], higher better.

    Classifier two-sample test (Lopez-Paz and Oquab 2017), 3 folds. Cost: three fits per table compared.
    """
    def build():
        return learners.trees(samples, samples.known, seed)

    def read(role: str, rows: np.ndarray) -> np.ndarray:
        return learners.features(samples, samples.table(role).iloc[rows], samples.known)
    return _detect(samples, build, read, DETECTION_ROWS, seed, trees=True)


def detection_logistic(samples: Samples, *, seed: int = 0) -> Score:
    """As `detection`, by logistic regression on encoded rows: it sees single columns only, so it is the easier test."""
    def read(role: str, rows: np.ndarray) -> np.ndarray:
        return neighbours.points(samples, role)[rows].numpy()
    return _detect(samples, lambda: learners.logistic(seed), read, LOGISTIC_ROWS, seed, trees=False)


def _detect(samples: Samples, build, read, limit: int, seed: int, *, trees: bool) -> Score:
    size = min(samples.size("train"), samples.size("synthetic"), limit)
    if not samples.known:
        return unknown("no column has a value to compare")
    if size < 20:
        return unknown(f"a classifier needs 20 rows of each kind, found {size}")
    found, areas, giveaway = {}, {}, {}
    for name, role in samples.roles().items():
        rows = samples.rows(role, size, seed)
        if len(rows) < 20:
            continue
        train = samples.rows("train", len(rows), seed + 1)
        real, other, areas[name], gains = learners.discriminate(build, read("train", train), read(role, rows), seed,
                                                                importance=trees and name == "value")
        found[name] = 2 - 2 * max(areas[name], 0.5)
        if name == "value":
            _, low, high = intervals.auc_interval(other, real, seed)
            giveaway = _giveaway(samples, gains) if low > 0.5 else {}  # below that the trees see nothing
    detail = {"auc": areas["value"]}
    if trees:
        detail["giveaway_columns"] = giveaway
    return Score(found["value"], 2 - 2 * max(high, 0.5), 2 - 2 * max(low, 0.5), found.get("ceiling"), found["floor"], "higher",
                 detail, f"{size:,} rows of each table, three folds.")


def _giveaway(samples: Samples, drops: np.ndarray) -> dict[str, float]:
    return {samples.known[i]: float(drops[i]) for i in np.argsort(-drops)[:10] if drops[i] > 0.001}
