"""The learners that metrics use, and the features they read."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import REAL_ROLES
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

TREES = 100
FOREST_SHARE = 0.4  # of the rows, that each of a forest's trees learns: it is as good as with all of them
BOOSTED_LEAVES = 15  # of a boosted tree: as good at telling flaws as 31 are, in three fifths of the time
MOST_CATEGORIES = 250  # scikit-learn's histogram trees take at most 255 categories
BINS_OF_FEW, MANY_COLUMNS, BINS_OF_MANY = 255, 300, 63  # of a number; trees of many columns take a time by their bins
PREDICTED_VALUES = 2**22  # at once: 32 MiB
FAMILIES = ("boosted trees", "forest", "linear")  # three families, so that no one of them decides what is useful


def features(samples: Samples, table: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Float features [rows, columns] with NaN for missing; labels become their rank by frequency among all real rows:
    by that among training rows a label that these lack would tell who was held out.
    """
    return np.stack(
        [
            table[c].to_numpy() if samples.is_number(c) else np.append(_ranks(samples, c), np.nan)[table[c].to_numpy()]
            for c in columns
        ],
        axis=1,
    ).astype(np.float64)


@once
def _ranks(samples: Samples, column: str) -> np.ndarray:
    """The rank of each label of a column: float64 [labels]."""
    real = np.concatenate([samples.table(role)[column].to_numpy() for role in REAL_ROLES if role in samples.frames])
    counts = np.bincount(real[real >= 0], minlength=len(samples.labels[column]))
    ranks = np.empty(len(counts), dtype=np.float64)
    ranks[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(counts)), MOST_CATEGORIES)
    return ranks


def trees(samples: Samples, columns: tuple[str, ...], seed: int, *, regression: bool = False, classes: int = 2) -> Any:
    """Unfitted gradient-boosted histogram trees that treat label columns as categories; every step grows a tree per
    class.
    """
    family = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    kinds = [not samples.is_number(c) for c in columns]
    steps = TREES if classes <= 3 else max(20, 3 * TREES // classes)
    return family(
        max_iter=steps,
        max_leaf_nodes=BOOSTED_LEAVES,
        max_bins=_bins(samples, columns),
        early_stopping=False,
        categorical_features=kinds if any(kinds) else None,
        random_state=seed,
    )


def _bins(samples: Samples, columns: tuple[str, ...]) -> int:
    """Return the bins of a column that is cut into most: a label has one for each rank."""
    if len(columns) <= MANY_COLUMNS:
        return BINS_OF_FEW
    ranks = (min(len(samples.labels[c]), MOST_CATEGORIES + 1) for c in columns if not samples.is_number(c))
    return max((BINS_OF_MANY, *ranks))


def tree(seed: int) -> DecisionTreeClassifier:
    """Unfitted tree of a forest, both classes weighing the same."""
    return DecisionTreeClassifier(max_features="sqrt", class_weight="balanced", random_state=seed)


def model(samples: Samples, columns: tuple[str, ...], learner: str, seed: int, *, classes: int | None) -> Any:
    """Unfitted model of one of FAMILIES that predicts a column of so many classes, or a number (None), from the
    others.
    """
    regression = classes is None
    if learner == "boosted trees":
        return trees(samples, columns, seed, regression=regression, classes=classes or 2)
    if learner == "forest":
        family = RandomForestRegressor if regression else RandomForestClassifier
        return family(50, min_samples_leaf=3, max_samples=FOREST_SHARE, random_state=seed)
    return Ridge(1.0) if regression else logistic(seed)


def inputs(samples: Samples, role: str, rows: np.ndarray, columns: tuple[str, ...], learner: str) -> np.ndarray:
    """What a learner of FAMILIES reads of some rows: points for the linear one, features for trees."""
    table = samples.table(role).iloc[rows]
    if learner != "linear":
        return features(samples, table, columns)
    return neighbours.encoder(samples, columns).encode(table).numpy()


def fitted(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    """The model after fitting. A linear one that stops at its limit of steps is good enough to compare tables with.

    A column without any value here, which trees cannot bin, is constant for the fit: nothing is learned from it.
    """
    x = np.where(np.isnan(x).all(axis=0), 0.0, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y)


def logistic(seed: int) -> LogisticRegression:
    """Unfitted logistic regression for encoded points."""
    return LogisticRegression(max_iter=100, random_state=seed)


def importances(model: Any, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """What a classifier's AUC on rows x [rows, columns] of classes y loses when one column is permuted: [columns].

    Many permuted tables are predicted at once: a call takes its time for each column, however few rows it has.
    """
    rows, columns = x.shape
    order, whole = np.arange(rows), roc_auc_score(y, model.decision_function(x))
    np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)).shuffle(order)
    areas, together = np.empty(columns), max(1, PREDICTED_VALUES // x.size)
    for start in range(0, columns, together):
        changed = np.arange(start, min(start + together, columns))
        tables = np.repeat(x[None], len(changed), 0)
        tables[np.arange(len(changed)), :, changed] = x[order][:, changed].T
        said = model.decision_function(tables.reshape(-1, columns)).reshape(len(changed), rows)
        areas[changed] = [roc_auc_score(y, one) for one in said]
    return whole - areas


def discriminate(
    make_model: Any,
    real: np.ndarray,
    other: np.ndarray,
    seed: int,
    *,
    importance: bool = False,
    owners: np.ndarray | None = None,
) -> Any:
    """Out-of-fold probabilities that a row is from `other`, over three folds: (real rows, other rows, AUC drop per
    column).

    Rows of one of the `owners` [real and other rows] are in one fold. The drop is what the first fold's AUC loses when
    one column of its test rows is permuted.
    """
    from launderette.evaluation.measures.intervals import auc

    x, y = np.concatenate([real, other]), np.repeat([0, 1], [len(real), len(other)])
    out, drops = np.zeros(len(x)), np.zeros(x.shape[1])
    of = StratifiedKFold if owners is None else StratifiedGroupKFold
    folds = of(3, shuffle=True, random_state=seed).split(x, y, owners)
    for number, (fit, test) in enumerate(folds):
        model = fitted(make_model(), x[fit], y[fit])
        out[test] = model.predict_proba(x[test])[:, 1]
        if importance and number == 0:
            rows = np.random.default_rng(seed).permutation(test)[:4000]  # a fold is in order of its classes
            drops = importances(model, x[rows], y[rows], seed)
    score = auc(out[y == 1], out[y == 0])
    return out[y == 0], out[y == 1], score, drops
