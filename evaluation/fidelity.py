"""Fidelity: do the synthetic rows look like real ones, column by column, pair by pair, and to a classifier?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from evaluation import intervals, learners, neighbours, similarity
from evaluation.samples import Samples, Score, unknown

PAIRS = 400  # pairs compared at most; a wider table has that many drawn by the seed
LEVELS = 200  # labels beyond this many are pooled before two columns are compared
DETECTION_ROWS = 8000
LOGISTIC_ROWS = 4000


def shape(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of single columns, in [0, 1], higher better: 1 - KS distance (numbers) or 1 - total variation (labels).

    Source: sdmetrics KSComplement and TVComplement, with missing values counted. Cost: a sort per column.
    """
    if not samples.known:
        return unknown("no column has a value to compare")
    by_role = {name: {c: _shape(samples, c, role) for c in samples.known} for name, role in samples.roles().items()}
    value = float(np.mean(list(by_role["value"].values())))
    effects = np.mean([_shape_effects(samples, c) for c in samples.known], axis=0)
    low, high = intervals.around(value, effects, seed)
    return Score(value, low, high, *_ends(by_role), "higher",
                 {"columns": by_role["value"], "columns_ceiling": by_role.get("ceiling", {})}, _left_out(samples))


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


def _shape_effects(samples: Samples, column: str) -> np.ndarray:
    """Influence of each synthetic row on the column's score: which side of the largest gap (or of its label) it is on."""
    real, other = samples.table("train")[column].to_numpy(), samples.table("synthetic")[column].to_numpy()
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

    Two numbers: 1 - |difference of Pearson correlations| / 2. Otherwise: 1 - total variation distance of the contingency
    tables, numbers in ten cells. Source: sdmetrics CorrelationSimilarity and ContingencySimilarity. Cost: one count per pair.
    """
    if len(samples.known) < 2:
        return unknown("a trend needs two columns with values")
    pairs = list(combinations(samples.known, 2))
    chosen = pairs
    if len(pairs) > PAIRS:
        picks = np.random.default_rng([seed, 3]).choice(len(pairs), PAIRS, replace=False)
        chosen = [pairs[i] for i in sorted(picks)]
    by_role: dict[str, dict] = {name: {} for name in samples.roles()}
    effects, counted = np.zeros(samples.size("synthetic")), 0
    codes = _pair_codes(samples)
    for one, two in chosen:
        results = {n: _trend(samples, codes, one, two, r) for n, r in samples.roles().items()}
        for name, result in results.items():
            if np.isfinite(result):
                by_role[name][f"{one} / {two}"] = result
        if np.isfinite(results["value"]):
            effects += _trend_effects(samples, codes, one, two)
            counted += 1
    if not counted:
        return unknown("no two columns vary together in both tables")
    value = float(np.mean(list(by_role["value"].values())))
    low, high = intervals.around(value, effects / counted, seed)
    worst = dict(sorted(by_role["value"].items(), key=lambda item: item[1])[:20])
    note = f"{counted} of {len(pairs)} pairs compared." if counted < len(pairs) else ""
    return Score(value, low, high, *_ends(by_role), "higher", {"worst_pairs": worst, "pairs": counted}, note)


def _pair_codes(samples: Samples) -> dict[str, dict[str, np.ndarray]]:
    """Codes of every column and role for contingency tables: numbers in ten cells, at most LEVELS labels."""
    roles, codes = ["train", *samples.roles().values()], {role: {} for role in ["train", *samples.roles().values()]}
    for column in samples.known:
        values = [samples.table(role)[column].to_numpy() for role in roles]
        cells = similarity.bins(*values) if samples.is_number(column) else [_pooled(v, values[0]) for v in values]
        for role, cell in zip(roles, cells, strict=True):
            codes[role][column] = cell
    return codes


def _pooled(codes: np.ndarray, train: np.ndarray) -> np.ndarray:
    counts = np.bincount(train[train >= 0], minlength=max(codes.max(initial=0), train.max(initial=0)) + 1)
    if len(counts) <= LEVELS:
        return codes
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(counts)), LEVELS)
    return np.append(rank, -1)[codes]


def _trend(samples: Samples, codes: dict, one: str, two: str, role: str) -> float:
    if samples.is_number(one) and samples.is_number(two):
        return similarity.number_pair(samples.table("train")[[one, two]].to_numpy(), samples.table(role)[[one, two]].to_numpy())
    return similarity.label_pair(*(np.stack([codes[r][one], codes[r][two]], 1) for r in ("train", role)))


def _trend_effects(samples: Samples, codes: dict, one: str, two: str) -> np.ndarray:
    """Influence of each synthetic row on a pair's score (influence function of the correlation, or sign of its cell's gap)."""
    if samples.is_number(one) and samples.is_number(two):
        real, other = (_standard(samples.table(r)[[one, two]].to_numpy()) for r in ("train", "synthetic"))
        r_real, r = np.nanmean(real.prod(1)), np.nanmean(other.prod(1))
        return np.nan_to_num(-0.5 * np.sign(r - r_real) * (other.prod(1) - r * (other**2).sum(1) / 2))
    width = max(int(codes[r][two].max(initial=0)) for r in ("train", "synthetic")) + 2
    real, other = ((codes[r][one] + 1) * width + codes[r][two] + 1 for r in ("train", "synthetic"))
    size = int(max(real.max(), other.max())) + 1
    gap = np.bincount(other, minlength=size) / len(other) - np.bincount(real, minlength=size) / len(real)
    return -0.5 * np.sign(gap)[other]


def _standard(table: np.ndarray) -> np.ndarray:
    table = np.where(np.isnan(table).any(1, keepdims=True), np.nan, table)
    return (table - np.nanmean(table, 0)) / np.maximum(np.nanstd(table, 0), 1e-300)


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
    found, areas, drops = {}, {}, np.zeros(0)
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
            drops = gains
    detail = {"auc": areas["value"]}
    if trees:
        order = np.argsort(-drops)[:10]
        detail["giveaway_columns"] = {samples.known[i]: float(drops[i]) for i in order if drops[i] > 0.001}
    return Score(found["value"], 2 - 2 * max(high, 0.5), 2 - 2 * max(low, 0.5), found.get("ceiling"), found["floor"], "higher",
                 detail, f"{size:,} rows of each table, three folds.")
