"""Utility: does a model trained on the synthetic rows work on real ones it has not seen?"""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold

from evaluation import intervals, learners
from evaluation.samples import Samples, Score, unknown

ROWS = 15_000  # training rows of each model
TEST_ROWS = 5000
CLASSES = 20  # the most frequent ones of the training table


def target(samples: Samples, *, seed: int = 0) -> Score:
    """Quality on the holdout of trees trained on synthetic rows, divided by that of trees trained on real rows; higher better.

    Quality is AUC (mean over classes, one against the rest) or R2 for a number with more than ten values. Train on
    synthetic, test on real (Esteban et al. 2017). Ceiling: trained on the other half of the holdout. Cost: five fits.
    """
    reason = _obstacle(samples)
    if reason:
        return unknown(reason)
    column = samples.target
    regression = samples.is_number(column) and samples.table("train")[column].nunique() > 10
    test = _labelled(samples, "holdout", samples.rows("holdout", TEST_ROWS, seed))
    truth = samples.table("holdout")[column].to_numpy()[test]
    classes = None if regression else _classes(samples, truth)
    if not regression and len(classes) == 0:
        return unknown("the holdout does not hold two classes of the target")
    guesses = {r: _guess(samples, r, test, classes, seed) for r in ("train", "synthetic", "shuffled")}
    guesses["holdout"] = _crossed(samples, test, classes, seed)
    quality = {r: _quality(truth, g, classes) for r, g in guesses.items()}
    if quality["train"] < (0.02 if regression else 0.52):
        return unknown(f"trees trained on real rows do not predict the target either "
                       f"({'R2' if regression else 'AUC'} {quality['train']:.2f})")
    ratio = {r: max(0.0, q / quality["train"]) for r, q in quality.items()}
    low, high = _interval(truth, guesses, classes, ratio["synthetic"], seed)
    name = "r2" if regression else "auc"
    detail = {f"{name}_synthetic": quality["synthetic"], f"{name}_real": quality["train"], "test_rows": len(test)}
    return Score(ratio["synthetic"], low, high, ratio["holdout"], ratio["shuffled"], "higher", detail,
                 f"Gradient-boosted trees on up to {ROWS:,} rows, tested on {len(test):,} holdout rows.")


def _obstacle(samples: Samples) -> str:
    column = samples.target
    if column is None:
        return "no target column is named"
    if column not in samples.known:
        return "the target is not a compared column with values"
    if samples.holdout is None:
        return "there is no holdout to test on"
    if len(samples.known) < 2:
        return "there is no column to predict the target from"
    if samples.table("train")[column].nunique() < 2:
        return "the target is constant"
    sizes = {role: len(_labelled(samples, role, np.arange(samples.size(role)))) for role in ("train", "holdout", "synthetic")}
    small = [f"{size} {role}" for role, size in sizes.items() if size < 20]
    return f"at least 20 rows with a target are needed, found {', '.join(small)}" if small else ""


def _labelled(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
    values = samples.table(role)[samples.target].to_numpy()[rows]
    return rows[~np.isnan(values) if samples.is_number(samples.target) else values >= 0]


def _classes(samples: Samples, truth: np.ndarray) -> np.ndarray:
    """Classes that can be ranked: the most frequent in training which the holdout both has and lacks."""
    values = samples.table("train")[samples.target].dropna().to_numpy()
    names, counts = np.unique(values[values >= 0] if not samples.is_number(samples.target) else values, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")][:CLASSES]
    return np.sort([c for c in frequent if 0 < (truth == c).sum() < len(truth)])


def _guess(samples: Samples, role: str, test: np.ndarray, classes, seed: int) -> np.ndarray:
    return _fit_and_guess(samples, role, _labelled(samples, role, samples.rows(role, ROWS, seed)), test, classes, seed)


def _crossed(samples: Samples, test: np.ndarray, classes, seed: int) -> np.ndarray:
    """Guesses for holdout rows by models trained on the other half of the holdout."""
    guesses = np.zeros((len(test), 1 if classes is None else len(classes)))
    for fit, rest in KFold(2, shuffle=True, random_state=seed).split(test):
        guesses[rest] = _fit_and_guess(samples, "holdout", test[fit], test[rest], classes, seed)
    return guesses


def _fit_and_guess(samples: Samples, role: str, fit: np.ndarray, test: np.ndarray, classes, seed: int) -> np.ndarray:
    """Predictions [test rows, classes or 1]; a class that the training rows lack gets probability 0."""
    inputs = tuple(c for c in samples.known if c != samples.target)
    x = learners.features(samples, samples.table(role).iloc[fit], inputs)
    y = samples.table(role)[samples.target].to_numpy()[fit]
    tested = learners.features(samples, samples.table("holdout").iloc[test], inputs)
    if classes is None:
        return learners.trees(samples, inputs, seed, regression=True).fit(x, y).predict(tested)[:, None]
    wanted = np.isin(y, classes)
    if len(np.unique(y[wanted])) < 2:
        return np.zeros((len(test), len(classes)))  # nothing to learn from: every row ranks alike, AUC 0.5
    model = learners.trees(samples, inputs, seed).fit(x[wanted], np.searchsorted(classes, y[wanted]))
    guesses = np.zeros((len(test), len(classes)))
    guesses[:, model.classes_] = model.predict_proba(tested)
    return guesses


def _quality(truth: np.ndarray, guesses: np.ndarray, classes) -> float:
    if classes is None:
        return float(1 - ((truth - guesses[:, 0]) ** 2).sum() / max(((truth - truth.mean()) ** 2).sum(), 1e-300))
    areas = [intervals.auc(guesses[truth == c, i], guesses[truth != c, i]) for i, c in enumerate(classes)
             if 0 < (truth == c).sum() < len(truth)]
    return float(np.mean(areas)) if areas else 0.5


def _interval(truth: np.ndarray, guesses: dict, classes, value: float, seed: int) -> tuple[float, float]:
    """Both models judged on the same redrawn test rows."""
    rng, ratios = np.random.default_rng([seed, 7]), []
    for _ in range(intervals.REPEATS):
        rows = rng.integers(0, len(truth), len(truth))
        real = _quality(truth[rows], guesses["train"][rows], classes)
        if real > 0:
            ratios.append(max(0.0, _quality(truth[rows], guesses["synthetic"][rows], classes) / real))
    low, high = np.quantile(ratios, [0.025, 0.975]) if ratios else (value, value)
    return float(min(low, value)), float(max(high, value))
