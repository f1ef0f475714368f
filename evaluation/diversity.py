"""Diversity: do the synthetic rows reach everywhere the real ones are, or has the generator collapsed?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from evaluation import intervals, neighbours
from evaluation.samples import Samples, Score, unknown

ROWS = 4000
NEAREST = 5
RARE = 0.01  # a category is rare if it holds at most this share of the training rows
CELLS = 50


def coverage(samples: Samples, *, seed: int = 0) -> Score:
    """Share of training rows that have a synthetic row as near as their own 5th neighbour, in [0, 1], higher better.

    Naeem et al. 2020, k = 5, equal numbers of rows; about 0.97 for two samples of one distribution. Cost: four
    searches of ROWS x ROWS.
    """
    reason = _too_small(samples)
    if reason:
        return unknown(reason)
    sizes = [samples.size(r) for r in ("train", "synthetic", "holdout") if samples.size(r) >= 100 or r != "holdout"]
    size = min(*sizes, ROWS)
    train = "train", samples.rows("train", size, seed)
    radius = neighbours.search(samples, train, train, min(NEAREST, size - 1))[0][:, -1]
    covered = {}
    for name, role in samples.roles().items():
        other = role, samples.rows(role, size, seed)
        covered[name] = neighbours.search(samples, train, other, 1)[0][:, 0] <= radius
    value = float(covered["value"].mean())
    low, high = intervals.clopper_pearson(int(covered["value"].sum()), size)
    return Score(value, low, high, _mean(covered.get("ceiling")), _mean(covered["floor"]), "higher", {"rows": size},
                 f"{size:,} rows of each table.")


def _mean(values) -> float | None:
    return None if values is None else float(np.mean(values))


def _too_small(samples: Samples) -> str:
    if not samples.known:
        return "no column has a value to compare"
    size = min(samples.size("train"), samples.size("synthetic"))
    return f"neighbours need at least 4 rows of each table, found {size}" if size < 4 else ""


def row_hashes(table: pd.DataFrame) -> np.ndarray:
    """One 64-bit hash per row over all compared columns."""
    return pd.util.hash_pandas_object(table, index=False).to_numpy()


def distinct(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows left after removing repeats, in (0, 1], higher better.

    The ceiling is the share among as many real rows (training and holdout together). Cost: one hash per row.
    """
    if not samples.columns:
        return unknown("all columns are identifiers")
    hashes = row_hashes(samples.table("synthetic"))
    value, once = _distinct(hashes)
    low, high = intervals.around(value, once, seed)
    real = np.concatenate([row_hashes(samples.table(r)) for r in ("train", "holdout") if r in samples.frames])
    real = np.random.default_rng([seed, 5]).permutation(real)[:len(hashes)]
    floor = row_hashes(samples.table("shuffled"))[:len(hashes)]
    largest = int(np.unique(hashes, return_counts=True)[1].max())
    return Score(value, low, high, _distinct(real)[0], _distinct(floor)[0], "higher",
                 {"distinct_rows": round(value * len(hashes)), "rows": len(hashes), "most_repeated": largest},
                 "Compare with the ceiling: a table of few columns repeats itself by nature.")


def _distinct(hashes: np.ndarray) -> tuple[float, np.ndarray]:
    """The ratio, and 1 / multiplicity of each row, whose mean it is."""
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    once = 1 / counts[inverse]
    return float(once.mean()), once


def rare(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over rare categories of min(1, synthetic share / training share), in [0, 1], higher better.

    Rare: at most 1 % of the training rows. Even an honest sample loses categories of one or two rows: see the ceiling.
    """
    kept: dict[str, list] = {name: [] for name in samples.roles()}
    counts: list[int] = []
    for column in samples.known:
        if not samples.is_number(column):
            number, ratios = _retention(samples, column)
            counts.extend(number)
            for name, ratio in ratios.items():
                kept[name].extend(ratio)
    if not counts:
        return unknown("no label column has a category with at most 1 % of the training rows")
    ratios = np.array(kept["value"])
    value = float(ratios.mean())
    low, high = intervals.around(value, ratios, seed)
    return Score(value, low, high, _mean(kept.get("ceiling")), _mean(kept["floor"]), "higher",
                 {"rare_categories": len(ratios), "absent": int((ratios == 0).sum()), "by_training_rows": _by_count(counts, ratios)},
                 f"{len(ratios)} rare categories; they are counted, never named.")


def _retention(samples: Samples, column: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    size = len(samples.labels[column])

    def counts(role: str) -> np.ndarray:
        codes = samples.table(role)[column].to_numpy()
        return np.bincount(codes[codes >= 0], minlength=size)
    train = counts("train")
    wanted = (train > 0) & (train <= RARE * samples.size("train"))
    share = train[wanted] / samples.size("train")
    return train[wanted], {name: np.minimum(1, counts(role)[wanted] / len(samples.table(role)) / share)
                           for name, role in samples.roles().items()}


def _by_count(counts: list[int], ratios: np.ndarray) -> dict[str, dict]:
    bounds, counts = {"1-5": (1, 5), "6-20": (6, 20), "21-100": (21, 100), "over 100": (101, np.inf)}, np.array(counts)
    inside = {name: ratios[(counts >= a) & (counts <= b)] for name, (a, b) in bounds.items()}
    return {name: {"categories": len(r), "retained": float(r.mean())} for name, r in inside.items() if len(r)}


def modes(samples: Samples, *, seed: int = 0) -> Score:
    """Share of k-means cells of the training rows neither dropped (< 0.1 of their share) nor over-filled (> 10 times); higher better.

    `detail` adds the share of cells whose proportions differ significantly (NDB, Richardson and Weiss 2018, Bonferroni).
    """
    from sklearn.cluster import MiniBatchKMeans
    size = min(samples.size("train"), samples.size("synthetic"), 3 * ROWS)
    cells = min(CELLS, size // 20)
    if not samples.known or cells < 2:
        return unknown(f"cells need 40 rows of each table, found {size}")
    train = neighbours.points(samples, "train")[samples.rows("train", size, seed)].numpy()
    means = MiniBatchKMeans(cells, random_state=seed, n_init=1, batch_size=2048).fit(train)
    real = np.bincount(means.predict(train), minlength=cells)
    found, ratios, differ = {}, {}, {}
    for name, role in samples.roles().items():
        rows = neighbours.points(samples, role)[samples.rows(role, size, seed)].numpy()
        counts = np.bincount(means.predict(rows), minlength=cells)
        ratios[name] = (counts / len(rows)) / np.maximum(real / len(train), 1e-12)
        differ[name] = _significant(counts, len(rows), real, len(train))
        found[name] = ((ratios[name] >= 0.1) & (ratios[name] <= 10))[real > 0]
    low, high = intervals.clopper_pearson(int(found["value"].sum()), len(found["value"]))
    order = np.argsort(-real)
    detail = {"cells": len(found["value"]), "dropped": int((ratios["value"][real > 0] < 0.1).sum()),
              "overfilled": int((ratios["value"][real > 0] > 10).sum()), "differing_share": float(differ["value"]),
              "differing_share_ceiling": _mean(differ.get("ceiling")),
              "cell_ratio": [float(r) for r in ratios["value"][order]], "cell_share": [float(c / len(train)) for c in real[order]]}
    return Score(float(found["value"].mean()), low, high, _mean(found.get("ceiling")), _mean(found["floor"]), "higher", detail,
                 f"{detail['cells']} cells of {size:,} training rows.")


def _significant(a: np.ndarray, n: int, b: np.ndarray, m: int) -> float:
    pooled = (a + b) / (n + m)
    z = (a / n - b / m) / np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / n + 1 / m), 1e-300))
    return float((np.abs(z) > norm.isf(0.025 / len(a))).mean())
