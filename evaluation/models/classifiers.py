"""Classifiers on raw frames, for cross-validation: what they know of ranges, labels and gaps comes from the rows
they are fitted on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from launderette.evaluation import units
from launderette.evaluation.samples import NUMBER_KINDS
from launderette.evaluation.scores import EvaluationError

LEARNERS = ("boosted trees", "logistic regression", "perceptron")
TREES = 100
# rows of a leaf; fewer where the rows would not fill so many, for a tree that cannot split says nothing
LEAF, LEAVES = 20, 8
MOST_LEVELS = 60  # labels of a column; the rest share one
PERCEPTRON_UPDATES = 1500  # of the perceptron, at most
Predict = Callable[[pd.DataFrame], np.ndarray]  # rows -> probabilities [rows, classes]
# learner(rows, class numbers [rows], weight=[rows] or None, seed=...) -> what predicts
Learner = Callable[..., Predict]


def learner(name: str, kinds: Mapping[str, str], classes: int) -> Learner:
    """A learner of LEARNERS for the columns in `kinds`, which the target is not one of."""

    def learn(rows: pd.DataFrame, labels: np.ndarray, *, weight: np.ndarray | None = None, seed: int = 0) -> Predict:
        model = fitted(name, rows, labels, kinds, weight=weight, seed=seed)
        return lambda asked: probabilities(model, asked, classes)

    return learn


def fitted(
    learner: str, rows: pd.DataFrame, labels: np.ndarray, kinds: Mapping[str, str], *, weight: Any = None, seed: int = 0
) -> Pipeline:
    """A learner of LEARNERS that predicts labels [rows] from the columns in `kinds` but identifiers; weight [rows]
    or None.
    """
    numbers = [column for column, kind in kinds.items() if kind in NUMBER_KINDS]
    names = [column for column, kind in kinds.items() if kind not in (*NUMBER_KINDS, "identifier")]
    classes, n = len(np.unique(labels)), len(rows)
    model = (
        _trees(names, numbers, classes, n, seed)
        if learner == LEARNERS[0]
        else _smooth(learner, names, numbers, n, seed)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # good enough to compare tables with
        return model.fit(rows, labels, **({} if weight is None else {"model__sample_weight": weight}))


def probabilities(model: Any, rows: Any, classes: int) -> np.ndarray:
    """Probability of each class [rows, classes]; 0 for a class that the model has not seen."""
    found = np.zeros((len(rows), classes))
    found[:, model.classes_] = model.predict_proba(rows)
    return found


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weights n / (K n_k) [rows] that give every class the same say (King and Zeng 2001)."""
    classes, at, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return (len(labels) / (len(classes) * counts))[at]


def _trees(names: list[str], numbers: list[str], classes: int, rows: int, seed: int) -> Pipeline:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan, max_categories=250
    )
    columns = ColumnTransformer([("numbers", _Floats(), numbers), ("labels", make_pipeline(_texts(), codes), names)])
    kinds = [False] * len(numbers) + [True] * len(names)
    steps = TREES if classes <= 3 else max(20, 3 * TREES // classes)
    leaf = int(np.clip(rows // LEAVES, 1, LEAF))
    model = HistGradientBoostingClassifier(
        max_iter=steps, early_stopping=False, min_samples_leaf=leaf, categorical_features=kinds, random_state=seed
    )
    return Pipeline([("columns", columns), ("model", model)])


def _smooth(learner: str, names: list[str], numbers: list[str], rows: int, seed: int) -> Pipeline:
    scaled = make_pipeline(
        _Floats(), SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_LEVELS, sparse_output=False)
    columns = ColumnTransformer([("numbers", scaled, numbers), ("labels", make_pipeline(_texts(), hot), names)])
    if learner == LEARNERS[1]:
        return Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=200, random_state=seed))])
    batch = min(rows, int(np.clip(rows // 10, 16, 256)))
    passes = int(np.clip(PERCEPTRON_UPDATES * batch / rows, 5, 60))
    model = MLPClassifier(
        (64,), alpha=1e-3, batch_size=batch, learning_rate_init=3e-3, max_iter=passes, random_state=seed
    )
    return Pipeline([("columns", columns), ("model", model)])


class _Floats(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Numbers and dates as float64 in units that learners can hold; what has no value while fitted is constant."""

    def fit(self, frame: pd.DataFrame, labels: np.ndarray | None = None) -> _Floats:
        floats = _as_floats(frame)
        self.feature_names_in_, self.n_features_in_ = np.asarray(frame.columns, dtype=object), frame.shape[1]
        self.units_ = {column: units.unit_of(floats[column].to_numpy()) for column in floats}
        self.empty_ = [column for column in floats if floats[column].isna().all()]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        floats = _as_floats(frame)
        scaled = {column: units.in_unit(floats[column].to_numpy(), unit) for column, unit in self.units_.items()}
        return pd.DataFrame(scaled | dict.fromkeys(self.empty_, 0.0), index=frame.index)


def _as_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers and dates as float64, what is not finite as missing."""
    found = {column: _numbers(frame[column]) for column in frame}
    return pd.DataFrame(found, index=frame.index, dtype="float64").replace([np.inf, -np.inf], np.nan)


def _numbers(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy("float64", na_value=np.nan)
    stamps = pd.to_datetime(values, errors="coerce", utc=True, format=None if values.dtype.kind == "M" else "mixed")
    if unread := int((stamps.isna() & values.notna()).sum()):
        raise EvaluationError(
            f"expected dates in column {str(values.name)!r}, found {unread:,} values that are none; "
            "state the column's kind"
        )
    if not len(values):
        return np.zeros(0)
    seconds = stamps.dt.tz_localize(None).to_numpy("datetime64[s]")
    return np.where(np.isnat(seconds), np.nan, seconds.astype("float64"))


def _texts() -> FunctionTransformer:
    return FunctionTransformer(_as_texts, feature_names_out="one-to-one")


def _as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Labels as texts, a missing one as a label of its own."""
    return frame.astype("object").where(frame.notna(), "").astype(str)
