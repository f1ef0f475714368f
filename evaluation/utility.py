"""Utility: does a model trained on the synthetic rows work on real ones it has not seen?"""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold

from evaluation import intervals, learners
from evaluation.samples import Obstacle, Reason, Samples, Score, unknown

ROWS = 15_000  # training rows of each model
TEST_ROWS = 5000
CLASSES = 20  # the most frequent ones of the training table

Guesses = dict[str, np.ndarray]  # by learner: [test rows, classes or 1]


def target(samples: Samples, *, seed: int = 0) -> Score:
    """Quality on the holdout of models trained on synthetic rows, divided by that of the same trained on real rows; higher better.

    Quality is AUC (mean over classes, one against the rest) or R2 for a number with more than ten values, averaged over
    boosted trees, a random forest and a linear model. Train on synthetic, test on real (Esteban et al. 2017). Ceiling: trained
    on the other half of the holdout. Cost: five fits per learner.
    """
    if obstacle := _obstacle(samples):
        return unknown(*obstacle)
    column = samples.target
    regression = samples.is_number(column) and samples.table("train")[column].nunique() > 10
    test = _labelled(samples, "holdout", samples.rows("holdout", TEST_ROWS, seed))
    truth = samples.table("holdout")[column].to_numpy()[test]
    classes = None if regression else _classes(samples, truth)
    if not regression and len(classes) == 0:
        return unknown(Reason.TARGET_CONSTANT, "the holdout does not hold two classes of the target")
    guesses = {r: _guess(samples, r, test, classes, seed) for r in ("train", "synthetic", "shuffled")}
    guesses["holdout"] = _crossed(samples, test, classes, seed)
    return _judged(guesses, truth, classes, seed)


def _judged(guesses: dict[str, Guesses], truth: np.ndarray, classes, seed: int) -> Score:
    once = np.ones((1, len(truth)))
    redrawn = intervals.weights(len(truth), seed)  # the same redrawn test rows judge every model
    quality = {role: {learner: _quality(truth, g, classes, once)[0] for learner, g in found.items()} for role, found in guesses.items()}
    mean = {role: float(np.mean(list(found.values()))) for role, found in quality.items()}
    name, guessing = ("R2", 0.0) if classes is None else ("AUC", 0.5)
    spread = {role: np.mean([_quality(truth, g, classes, redrawn) for g in found.values()], axis=0) for role, found in guesses.items()}
    if mean["train"] < guessing + 0.02 or np.quantile(spread["train"], 0.025) <= guessing:
        found = f"{name} {mean['train']:.2f}"
        return unknown(Reason.TARGET_UNPREDICTABLE, f"models trained on real rows do not predict the target either ({found})")
    ratio = {role: max(0.0, value / mean["train"]) for role, value in mean.items()}
    low, high = _interval(ratio["synthetic"], spread["synthetic"], spread["train"])
    detail = {"measure": name, "synthetic": quality["synthetic"], "real": quality["train"], "test_rows": len(truth),
              "ceiling_low": _interval(ratio["holdout"], spread["holdout"], spread["train"])[0]}
    return Score(ratio["synthetic"], low, high, ratio["holdout"], ratio["shuffled"], "higher", detail,
                 f"Three learners on up to {ROWS:,} rows, tested on {len(truth):,} holdout rows.")


def _obstacle(samples: Samples) -> Obstacle | None:
    column = samples.target
    if column is None:
        return Reason.NO_TARGET, "no target column is named"
    if column not in samples.known:
        return Reason.TARGET_NOT_COMPARED, "the target is not a compared column with values"
    if samples.holdout is None:
        return Reason.NO_HOLDOUT, "there is no holdout to test on"
    if len(samples.known) < 2:
        return Reason.ONE_COLUMN, "there is no column to predict the target from"
    if samples.table("train")[column].nunique() < 2:
        return Reason.TARGET_CONSTANT, "the target is constant"
    sizes = {role: len(_labelled(samples, role, np.arange(samples.size(role)))) for role in ("train", "holdout", "synthetic")}
    small = [f"{size} {role}" for role, size in sizes.items() if size < 20]
    return (Reason.TOO_FEW_ROWS, f"at least 20 rows with a target are needed, found {', '.join(small)}") if small else None


def _labelled(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
    values = samples.table(role)[samples.target].to_numpy()[rows]
    return rows[~np.isnan(values) if samples.is_number(samples.target) else values >= 0]


def _classes(samples: Samples, truth: np.ndarray) -> np.ndarray:
    """Classes that can be ranked: the most frequent in training which the holdout both has and lacks."""
    values = samples.table("train")[samples.target].dropna().to_numpy()
    names, counts = np.unique(values[values >= 0] if not samples.is_number(samples.target) else values, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")][:CLASSES]
    return np.sort([c for c in frequent if 0 < (truth == c).sum() < len(truth)])


def _guess(samples: Samples, role: str, test: np.ndarray, classes, seed: int) -> Guesses:
    return _fit_and_guess(samples, role, _labelled(samples, role, samples.rows(role, ROWS, seed)), test, classes, seed)


def _crossed(samples: Samples, test: np.ndarray, classes, seed: int) -> Guesses:
    """Guesses for holdout rows by models trained on the other half of the holdout."""
    guesses = {learner: np.zeros((len(test), 1 if classes is None else len(classes))) for learner in learners.TASTES}
    for fit, rest in KFold(2, shuffle=True, random_state=seed).split(test):
        for learner, found in _fit_and_guess(samples, "holdout", test[fit], test[rest], classes, seed).items():
            guesses[learner][rest] = found
    return guesses


def _fit_and_guess(samples: Samples, role: str, fit: np.ndarray, test: np.ndarray, classes, seed: int) -> Guesses:
    """Predictions of each learner; a class that the training rows lack gets probability 0."""
    inputs = tuple(c for c in samples.known if c != samples.target)
    y = samples.table(role)[samples.target].to_numpy()[fit]
    wanted = np.ones(len(y), dtype=bool) if classes is None else np.isin(y, classes)
    if len(np.unique(y[wanted])) < 2:  # nothing to learn from: every row ranks alike, AUC 0.5
        return {learner: np.full((len(test), 1 if classes is None else len(classes)), y.mean()) for learner in learners.TASTES}
    y = y[wanted] if classes is None else np.searchsorted(classes, y[wanted])
    guesses, kinds = {}, None if classes is None else len(classes)
    for learner in learners.TASTES:
        x, asked = (learners.inputs(samples, r, rows, inputs, learner) for r, rows in ((role, fit[wanted]), ("holdout", test)))
        model = learners.fitted(learners.model(samples, inputs, learner, seed, classes=kinds), x, y)
        guesses[learner] = model.predict(asked)[:, None] if classes is None else _spread_out(model, asked, len(classes))
    return guesses


def _spread_out(model, asked: np.ndarray, size: int) -> np.ndarray:
    guesses = np.zeros((len(asked), size))
    guesses[:, model.classes_] = model.predict_proba(asked)
    return guesses


def _quality(truth: np.ndarray, guesses: np.ndarray, classes, weights: np.ndarray) -> np.ndarray:
    """R2 or mean AUC under each row of weights [repeats, test rows]."""
    if classes is None:
        mean = (weights @ truth) / weights.sum(1)
        spread = weights @ np.square(truth) - weights.sum(1) * np.square(mean)
        return 1 - (weights @ np.square(truth - guesses[:, 0])) / np.maximum(spread, 1e-300)
    return np.mean([intervals.weighted_auc(guesses[:, i], truth == c, weights) for i, c in enumerate(classes)], axis=0)


def _interval(value: float, synthetic: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    ratios = np.maximum(0.0, synthetic[real > 0] / real[real > 0])
    low, high = np.quantile(ratios, [0.025, 0.975]) if len(ratios) else (value, value)
    return float(min(low, value)), float(max(high, value))
