"""How well a classifier tells other rows from rows that were not trained on, by cross-validation, and by which
columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from launderette.evaluation import entities
from launderette.evaluation.measures import intervals
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.unseen import seen, unseen

LEAST_DETECTION_ROWS = 20  # of each kind

Build = Callable[[Samples], Any]  # -> unfitted classifier
Read = Callable[[Samples, str, np.ndarray], np.ndarray]  # of a role's rows -> float [rows, features]


@dataclass(frozen=True)
class Told:
    """How well one table is told from real rows: 2 - 2 max(AUC, 0.5) with its interval, and AUC lost by column."""

    area: float
    value: float
    low: float
    high: float
    drops: np.ndarray


def detect(samples: Samples, build: Build, read: Read, limit: int, seed: int, *, trees: bool) -> Score:
    """Return 2 - 2 max(AUC, .5) of a classifier of rows that were not trained on and each other table, what gives
    rows away, and what is memory of training rows.
    """
    judged = unseen(samples, seed)
    size, real = min(len(judged.synthetic), limit), min(len(judged.train), limit)
    if not judged.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    if min(size, real) < LEAST_DETECTION_ROWS:
        text = f"a classifier needs {LEAST_DETECTION_ROWS} rows of each kind, found {min(size, real)}"
        return unknown(Reason.TOO_FEW_ROWS, text)
    roles = judged.roles()
    found = {
        name: _told(judged, role, build, read, limit, seed, trees and name == "value") for name, role in roles.items()
    }
    value = found["value"]
    detail: dict[str, Any] = {"auc": value.area}
    note = f"{size:,} rows of each table against {real:,} real ones, three folds."
    if trees:
        # where an area may be one half the trees see nothing
        detail["giveaway_columns"] = _giveaway(judged, value.drops) if value.high < 1 else {}
    if trees and samples.holdout is not None:
        known = _told(seen(samples, seed), "synthetic", build, read, limit, seed, False)
        memory = known.value - value.value if known.low > value.high else 0.0
        detail |= {"auc_training": known.area, "memory": memory}
        note += f" {memory:.2f} more against as many training rows: memory of them." if memory else ""
    ceiling = found["ceiling"].value if "ceiling" in found else None
    return Score(value.value, value.low, value.high, ceiling, found["floor"].value, "higher", detail, note)


def _told(samples: Samples, role: str, build: Build, read: Read, limit: int, seed: int, importance: bool) -> Told:
    real, other = samples.rows("train", limit, seed + 1), samples.rows(role, limit, seed)
    sides, owners = (read(samples, "train", real), read(samples, role, other)), _owners(samples, role, real, other)
    one, two, area, drops = learners.discriminate(
        lambda: build(samples), *sides, seed, importance=importance, owners=owners
    )
    _, low, high = intervals.auc_interval(two, one, seed)
    return Told(area, _hidden(area), _hidden(high), _hidden(low), drops)


def _owners(samples: Samples, role: str, real: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Whom real and other rows belong to, where rows of an entity are recognised together: one seen in training would
    tell the others of it.
    """
    if samples.recognised is None or role not in samples.frames:
        return None
    sides = (samples.frames[side][samples.recognised].iloc[rows] for side, rows in (("train", real), (role, other)))
    one, two = map(entities.owners_of, sides)
    return np.concatenate([one, one.max() + 1 + two])


def _hidden(area: float) -> float:
    return 2 - 2 * max(area, 0.5)


def _giveaway(samples: Samples, drops: np.ndarray) -> dict[str, float]:
    return {samples.known[i]: float(drops[i]) for i in np.argsort(-drops)[:10] if drops[i] > 0.001}
