"""How well a classifier tells other rows from training rows, by cross-validation, and by which columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from launderette.evaluation.measures import intervals
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown


def detect(samples: Samples, build: Any, read: Any, limit: int, seed: int, *, trees: bool) -> Score:
    """Return 2 - 2 max(AUC, .5) of a classifier of training rows and each other table, and what gives rows away."""
    size = min(samples.size("train"), samples.size("synthetic"), limit)
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    if size < 20:
        return unknown(Reason.TOO_FEW_ROWS, f"a classifier needs 20 rows of each kind, found {size}")
    found, areas, giveaway = {}, {}, {}
    for name, role in samples.roles().items():
        rows = samples.rows(role, size, seed)
        if len(rows) < 20:
            continue
        train = samples.rows("train", len(rows), seed + 1)
        real, other, areas[name], gains = learners.discriminate(
            build, read("train", train), read(role, rows), seed, importance=trees and name == "value"
        )
        found[name] = 2 - 2 * max(areas[name], 0.5)
        if name == "value":
            _, low, high = intervals.auc_interval(other, real, seed)
            giveaway = _giveaway(samples, gains) if low > 0.5 else {}  # below that the trees see nothing
    detail = {"auc": areas["value"]}
    if trees:
        detail["giveaway_columns"] = giveaway
    return Score(
        found["value"],
        2 - 2 * max(high, 0.5),
        2 - 2 * max(low, 0.5),
        found.get("ceiling"),
        found["floor"],
        "higher",
        detail,
        f"{size:,} rows of each table, three folds.",
    )


def _giveaway(samples: Samples, drops: np.ndarray) -> dict[str, float]:
    return {samples.known[i]: float(drops[i]) for i in np.argsort(-drops)[:10] if drops[i] > 0.001}
