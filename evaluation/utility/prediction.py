"""The target: is it predicted as well by what synthetic rows teach as by what real ones do?"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold

from launderette.evaluation.measures import intervals
from launderette.evaluation.measures.once import once
from launderette.evaluation.models import classifiers, learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator
from launderette.evaluation.utility import targets
from launderette.evaluation.utility.targets import FREQUENT_CLASSES

UTILITY_ROWS = 15_000  # training rows of each model at most
TEST_ROWS = 5000

Guesses = dict[str, np.ndarray]  # by learner: [test rows, classes or 1]


@dataclass(frozen=True, eq=False)
class Trained:
    """What models trained on rows of each role guess of the holdout rows that are tested."""

    test: np.ndarray  # numbers of holdout rows
    truth: np.ndarray  # their targets
    classes: np.ndarray | None  # None for a number
    rows: dict[str, int]  # that each model of the value and of the ceiling is trained on
    guesses: dict[str, Guesses]  # by role; "fewer": of as many training rows as the holdout's models have


def target(samples: Samples, *, seed: int = 0) -> Score:
    """Quality on the holdout of models trained on synthetic rows, divided by that of the same trained on real rows;
    higher better.

    Quality is AUC (mean over classes, one against the rest) or R2 for a number with more than ten values, averaged over
    boosted trees, a random forest and a linear model. Train on synthetic, test on real (Esteban et al. 2017). Both
    sides of a ratio train on equally many rows. Ceiling: trained on holdout rows that are not tested, against as many
    training rows. Cost: six fits per learner.
    """
    found = trained(samples, seed)
    return found if isinstance(found, Score) else _scored(found, seed)


@once
def trained(samples: Samples, seed: int) -> Trained | Score:
    """The guesses of all models for the holdout rows, or the score that says why there are none."""
    if obstacle := _obstacle(samples):
        return unknown(*obstacle)
    column = targets.column(samples)
    test = _labelled(samples, "holdout", samples.rows("holdout", TEST_ROWS, seed))
    truth = samples.table("holdout")[column].to_numpy()[test]
    classes = None if targets.is_quantity(samples) else _classes(samples, truth)
    if classes is not None and len(classes) == 0:
        return unknown(Reason.TARGET_CONSTANT, "the holdout does not hold two classes of the target")
    halves, rows = _sizes(samples, test, seed)
    guesses = {
        role: _guess(samples, role, rows["value"], test, classes, seed) for role in ("train", "synthetic", "shuffled")
    }
    guesses["holdout"] = _crossed(samples, test, halves, rows["ceiling"], classes, seed)
    guesses["fewer"] = _guess(samples, "train", rows["ceiling"], test, classes, seed)
    return Trained(test, truth, classes, rows, guesses)


def _sizes(samples: Samples, test: np.ndarray, seed: int) -> tuple[list[np.ndarray], dict[str, int]]:
    """Positions in `test` of its two halves, and the rows that each model of the value and of the ceiling is
    trained on.
    """
    halves = [half for _, half in KFold(2, shuffle=True, random_state=seed).split(test)]
    value = min(UTILITY_ROWS, *(len(_with_target(samples, role)) for role in ("train", "synthetic")))
    return halves, {"value": value, "ceiling": min(value, len(_with_target(samples, "holdout")) - len(halves[0]))}


def _scored(found: Trained, seed: int) -> Score:
    truth, classes, rows, guesses = found.truth, found.classes, found.rows, found.guesses
    alike = np.ones((1, len(truth)))
    redrawn = intervals.weights(len(truth), seed)  # the same redrawn test rows judge every model
    quality = {
        role: {learner: _quality(truth, g, classes, alike)[0] for learner, g in found.items()}
        for role, found in guesses.items()
    }
    mean = {role: float(np.mean(list(found.values()))) for role, found in quality.items()}
    spread = {
        role: np.mean([_quality(truth, g, classes, redrawn) for g in found.values()], axis=0)
        for role, found in guesses.items()
    }
    name, guessing = ("R2", 0.0) if classes is None else ("AUC", 0.5)
    if mean["train"] < guessing + 0.02 or np.quantile(spread["train"], 0.025) <= guessing:
        said = f"models trained on real rows do not predict the target either ({name} {mean['train']:.2f})"
        return unknown(Reason.TARGET_UNPREDICTABLE, said)
    value, floor = (max(0.0, mean[role] / mean["train"]) for role in ("synthetic", "shuffled"))
    low, high = _interval(value, spread["synthetic"], spread["train"])
    ceiling, ceiling_low = _ceiling(mean, spread, guessing)
    detail = {"measure": name, "synthetic": quality["synthetic"], "real": quality["train"], "test_rows": len(truth)}
    detail |= {"rows": rows["value"], "ceiling_rows": rows["ceiling"], "ceiling_low": ceiling_low}
    said = (
        f"Three learners on {rows['value']:,} synthetic and as many real rows, tested on {len(truth):,} holdout rows; "
        f"the ceiling's on {rows['ceiling']:,} holdout and as many training rows."
    )
    return Score(value, low, high, ceiling, floor, "higher", detail, said)


def _ceiling(
    mean: dict[str, float], spread: dict[str, np.ndarray], guessing: float
) -> tuple[float | None, float | None]:
    """Ratio of the holdout's models to those of as many training rows, and its low end; None where so few real rows
    teach nothing.
    """
    if mean["fewer"] <= guessing:
        return None, None
    ceiling = max(0.0, mean["holdout"] / mean["fewer"])
    return ceiling, _interval(ceiling, spread["holdout"], spread["fewer"])[0]


def _obstacle(samples: Samples) -> Obstacle | None:
    if found := targets.obstacle(samples, tested=True):
        return found
    if samples.table("train")[samples.target].nunique() < 2:
        return Reason.TARGET_CONSTANT, "the target is constant"
    sizes = {role: len(_with_target(samples, role)) for role in ("train", "holdout", "synthetic")}
    small = [f"{size} {role}" for role, size in sizes.items() if size < 20]
    return (
        (Reason.TOO_FEW_ROWS, f"at least 20 rows with a target are needed, found {', '.join(small)}") if small else None
    )


def _labelled(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
    column = targets.column(samples)
    values = samples.table(role)[column].to_numpy()[rows]
    return rows[samples.is_present(column, values)]


def _classes(samples: Samples, truth: np.ndarray) -> np.ndarray:
    """Classes that can be ranked: the most frequent in training which the holdout both has and lacks."""
    column = targets.column(samples)
    values = samples.table("train")[column].dropna().to_numpy()
    known = values if samples.is_number(column) else values[values >= 0]
    names, counts = np.unique(known, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")][:FREQUENT_CLASSES]
    return np.sort([c for c in frequent if 0 < (truth == c).sum() < len(truth)])


def _with_target(samples: Samples, role: str) -> np.ndarray:
    """Numbers of all rows of a role that have a target."""
    size = len(samples.table(role))
    return _labelled(samples, role, np.arange(size))


def _guess(samples: Samples, role: str, rows: int, test: np.ndarray, classes: np.ndarray | None, seed: int) -> Guesses:
    """Guesses for the test rows by models trained on so many rows of a role."""
    chosen = np.random.default_rng([seed, zlib.crc32(role.encode())]).permutation(_with_target(samples, role))[:rows]
    return _fit_and_guess(samples, role, np.sort(chosen), test, classes, seed)


def _crossed(
    samples: Samples, test: np.ndarray, halves: list[np.ndarray], rows: int, classes: np.ndarray | None, seed: int
) -> Guesses:
    """Guesses for each half of the test rows by models trained on so many other holdout rows."""
    guesses = {learner: np.zeros((len(test), 1 if classes is None else len(classes))) for learner in learners.FAMILIES}
    rng = generator(seed, RandomStream.PREDICTION_ROWS)
    for half in halves:
        others = np.setdiff1d(_with_target(samples, "holdout"), test[half])
        fit = np.sort(rng.permutation(others)[:rows])
        for learner, found in _fit_and_guess(samples, "holdout", fit, test[half], classes, seed).items():
            guesses[learner][half] = found
    return guesses


def _fit_and_guess(
    samples: Samples, role: str, fit: np.ndarray, test: np.ndarray, classes: np.ndarray | None, seed: int
) -> Guesses:
    """Predictions of each learner; a class that the training rows lack gets probability 0."""
    inputs = tuple(c for c in samples.known if c != samples.target)
    y = samples.table(role)[samples.target].to_numpy()[fit]
    wanted = np.ones(len(y), dtype=bool) if classes is None else np.isin(y, classes)
    if len(np.unique(y[wanted])) < 2:  # nothing to learn from: every row ranks alike, AUC 0.5
        return {
            learner: np.full((len(test), 1 if classes is None else len(classes)), y.mean())
            for learner in learners.FAMILIES
        }
    y = y[wanted] if classes is None else np.searchsorted(classes, y[wanted])
    guesses, kinds = {}, None if classes is None else len(classes)
    for learner in learners.FAMILIES:
        x, asked = (
            learners.inputs(samples, r, rows, inputs, learner) for r, rows in ((role, fit[wanted]), ("holdout", test))
        )
        model = learners.fitted(learners.model(samples, inputs, learner, seed, classes=kinds), x, y)
        guesses[learner] = (
            model.predict(asked)[:, None] if kinds is None else classifiers.probabilities(model, asked, kinds)
        )
    return guesses


def _quality(truth: np.ndarray, guesses: np.ndarray, classes: np.ndarray | None, weights: np.ndarray) -> np.ndarray:
    """R2 or mean AUC under each row of weights [repeats, test rows]."""
    if classes is None:
        mean = (weights @ truth) / weights.sum(1)
        spread = weights @ np.square(truth) - weights.sum(1) * np.square(mean)
        return 1 - (weights @ np.square(truth - guesses[:, 0])) / np.maximum(spread, 1e-300)
    areas = [intervals.weighted_auc(guesses[:, i], truth == c, weights) for i, c in _told(truth, classes)]
    return np.mean(areas, axis=0)


def _told(truth: np.ndarray, classes: np.ndarray) -> list[tuple[int, float]]:
    """The classes, with their numbers, that are told from the rest: of two that are all there is, one says both."""
    both = len(classes) == 2 and bool(np.isin(truth, classes).all())
    return list(enumerate(classes))[: 1 if both else None]


def _interval(value: float, synthetic: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    ratios = np.maximum(0.0, synthetic[real > 0] / real[real > 0])
    low, high = np.quantile(ratios, [0.025, 0.975]) if len(ratios) else (value, value)
    return float(min(low, value)), float(max(high, value))
