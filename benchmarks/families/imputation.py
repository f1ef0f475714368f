"""Gaps of unseen rows, filled by a model and by what others use: an iterative imputer, boosted trees by column."""

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.preprocessing import OrdinalEncoder

from generators.contract import Imputer

PEERS = "scikit-learn"
GAPS = 0.3  # share of the cells that are taken away
DRAWS = 10
ROWS = 1000  # unseen rows whose gaps are filled


def of_model(model: Imputer, train: pd.DataFrame, unseen: pd.DataFrame, seed: int) -> dict[str, float]:
    """Fill the gaps by the mean, for labels the most frequent, of ten draws."""
    whole, gaps = _gapped(unseen, seed)
    return _errors(train, whole, model.impute(whole.mask(gaps), seed=seed, draws=DRAWS, rounded=False), gaps)


def of_peers(train: pd.DataFrame, unseen: pd.DataFrame, seed: int) -> dict[str, float]:
    """Fill the gaps of numbers by scikit-learn's iterative imputer, and those of labels by boosted trees."""
    whole, gaps = _gapped(unseen, seed)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    labels = [name for name in whole if not _is_number(whole[name])]
    X, X_new = train.copy(), whole.copy()
    X[labels], X_new[labels] = encoder.fit_transform(train[labels]), encoder.transform(whole[labels])
    X_new = X_new.astype(float).mask(gaps)
    imputer = IterativeImputer(random_state=seed).fit(X)
    filled = pd.DataFrame(imputer.transform(X_new), columns=X.columns)
    for name in labels:
        filled[name] = _by_trees(train[name], X.drop(columns=name), X_new.drop(columns=name), seed)
    return _errors(train, whole, filled, gaps)


def _by_trees(y: pd.Series, X: pd.DataFrame, X_new: pd.DataFrame, seed: int) -> np.ndarray:
    """Predict labels from rows with gaps, by trees that have learnt from rows with as many."""
    X, known = X.astype(float).mask(np.random.default_rng(seed + 1).random(X.shape) < GAPS), y.notna()
    trees = HistGradientBoostingClassifier(random_state=seed, early_stopping=False)
    return trees.fit(X[known], y[known]).predict(X_new)


def _gapped(unseen: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    whole = unseen[:ROWS].reset_index(drop=True)
    return whole, np.random.default_rng(seed).random(whole.shape) < GAPS


def _errors(train: pd.DataFrame, whole: pd.DataFrame, filled: pd.DataFrame, gaps: np.ndarray) -> dict[str, float]:
    """Mean over the columns: error of numbers over that of the column's mean, likewise `rounded` where the column's are
    whole, and share of labels that are right, where the truth is known.
    """
    numbers, rounded, labels = [], [], []
    for k, name in enumerate(whole):
        asked = gaps[:, k] & whole[name].notna()
        true, found = whole.loc[asked, name], filled.loc[asked, name]
        if _is_number(true):
            found, scale = found.astype(float), ((train[name].mean() - true) ** 2).mean()
            is_whole = (train[name].dropna() % 1 == 0).all()
            numbers.append(np.sqrt(((found - true) ** 2).mean() / scale))
            rounded.append(np.sqrt((((found.round() if is_whole else found) - true) ** 2).mean() / scale))
        else:
            labels.append((found == true).mean())
    return {
        "numbers": float(np.mean(numbers)),
        "rounded": float(np.mean(rounded)),
        "labels": float(np.mean(labels)) if labels else np.nan,
    }


def _is_number(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values))
