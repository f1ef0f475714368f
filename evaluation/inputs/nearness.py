"""Nearness of two real tables: held-out rows that come nearer to training rows than these come to each other, and a
classifier that tells one table from the other.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from launderette.evaluation import entities
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

ASKED_ROWS, DISTANCES = 3000, 1_000_000_000
DISTANCE_QUANTILES = 0.01, 0.05, 0.2, 0.5  # of the distances between training rows
NEARNESS_SIGMAS = 4.5
SURE = 5  # standard errors: areas of honest splits vary by 1.3 to 1.5 of them, because folds share rows
LEAST_NEARNESS_ROWS = 20  # rows of each table
DRIFT_ROWS, DRIFT_TREES = 2000, 30  # of each table; trees
ROWS_PER_ENTITY = 1.5  # rows of each value of an identifier, where it names entities


def excess(samples: Samples, seed: int) -> tuple[float, float]:
    """How many more held-out than training rows have another training row within some distance, as a share, and how
    many more chance explains.

    The distances are quantiles of those between a training row and the nearest other one; the one with the largest
    excess over chance is returned. Two shares of about m held-out and n / 2 training rows (neighbours are mutual).
    """
    train = Group("train", samples.rows("train", DISTANCES // ASKED_ROWS, seed))
    queries = [Group(role, samples.rows(role, ASKED_ROWS, seed)) for role in ("train", "holdout")]
    own, held = neighbours.search(samples, queries[0], train, 2)[0], neighbours.search(samples, queries[1], train, 1)[0]
    among, beside = (own[:, -1] if len(queries[0]) < len(train) else _others(samples, train)), held[:, 0]
    found = [_shares(among, beside, float(np.quantile(among, q))) for q in DISTANCE_QUANTILES]
    return max(found, key=lambda pair: pair[0] / max(pair[1], 1e-9))


def _others(samples: Samples, train: Group) -> np.ndarray:
    return neighbours.search(samples, train, train, 1)[0][:, 0]


def _shares(among: np.ndarray, beside: np.ndarray, radius: float) -> tuple[float, float]:
    usual, found = float((among <= radius).mean()), float((beside <= radius).mean())
    pooled = (usual * len(among) + found * len(beside)) / (len(among) + len(beside))
    error = np.sqrt(max(usual, pooled) * (1 - pooled) * (1 / len(beside) + 2 / len(among)))
    return found - usual, float(NEARNESS_SIGMAS * error + 2 / len(beside))


def told_apart(samples: Samples, seed: int) -> tuple[float, float, int]:
    """AUC of cross-fitted boosted trees that tell held-out from training rows, its low end (5 standard errors), and
    rows of each.
    """
    chosen = [
        _one_each(samples, role, samples.rows(role, samples.size(role), seed + 1)) for role in ("train", "holdout")
    ]
    size = min(*map(len, chosen), DRIFT_ROWS)
    drawn = [generator(seed, RandomStream.DRIFT_ROWS).permutation(rows)[:size] for rows in chosen]
    sides = [
        learners.features(samples, samples.table(role).iloc[rows], samples.known)
        for role, rows in zip(("train", "holdout"), drawn, strict=True)
    ]
    labels = [not samples.is_number(c) for c in samples.known]

    def build() -> HistGradientBoostingClassifier:
        kinds = labels if any(labels) else None
        return HistGradientBoostingClassifier(
            max_iter=DRIFT_TREES, early_stopping=False, categorical_features=kinds, random_state=seed
        )

    real, other, area, _ = learners.discriminate(build, sides[0], sides[1], seed)
    _, low, _ = intervals.auc_interval(other, real, seed)
    return area, area - (area - low) / 1.96 * SURE, size


def _one_each(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
    """One row of each person: a split keeps the rows of one together, by which trees would tell its sides apart.

    Where some identifier names all rows, those that name some alone are not asked, such as users of visits to a site.
    """
    named = [samples.frames[role][c].iloc[rows] for c in samples.identifiers]
    named = [values for values in named if not values.isna().any()] or named
    firsts = [entities.first_rows(values) for values in named if values.nunique()]
    repeated = [first for first in firsts if first.sum() <= len(rows) / ROWS_PER_ENTITY]
    return rows[max(repeated, key=np.sum)] if repeated else rows
