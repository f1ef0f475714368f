"""Does augmentation help? Repeated stratified cross-validation of learners with and without it, on test folds that
nothing has seen.

Whatever resamples is called with the training fold alone and tells the hashes of all rows that it was fitted to; a test
row among them stops the cross-validation. Differences are paired by fold, their intervals those of the corrected
resampled t-test (Nadeau and Bengio 2003): folds share rows, so the plain t-test finds gains where there are none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, f1_score, recall_score

from launderette.evaluation.augmentation.folds import Task, apart, possible, runs_of, task_of
from launderette.evaluation.augmentation.gains import CrossValidation
from launderette.evaluation.augmentation.resampling import BASELINES, Resampled, Strategy
from launderette.evaluation.canonical import infer_kinds
from launderette.evaluation.models import classifiers, threads
from launderette.evaluation.models.classifiers import Learner
from launderette.evaluation.scores import EvaluationError

LEAST_NAMED_ROWS = 20  # rows that a class needs to be called by its name in a report


@dataclass(frozen=True)
class StrategyRun:
    """One way to train in one run: seconds of its resampling, rows it added, mislabelled ones of them, scores by
    learner.
    """

    seconds: float
    added: int
    mislabelled: int
    scores: dict[str, np.ndarray] = field(repr=False)

    def to_json(self) -> dict:
        """What `from_json` reads back, to the last bit."""
        return {**vars(self), "scores": {name: values.tolist() for name, values in self.scores.items()}}

    @classmethod
    def from_json(cls, document: Mapping) -> StrategyRun:
        return cls(**{**document, "scores": {name: np.array(values) for name, values in document["scores"].items()}})


def cross_validate(
    frame: pd.DataFrame,
    target: str,
    candidates: Mapping[str, Strategy],
    *,
    kinds: Mapping[str, str] | None = None,
    groups: Sequence | np.ndarray | pd.Series | None = None,
    folds: int = 5,
    repeats: int = 2,
    rows: int | None = None,
    seed: int = 0,
    baselines: Mapping[str, Strategy] = BASELINES,
    learners: Mapping[str, Learner] | None = None,
    progress: Callable[[int, int], None] | None = None,
    finished: MutableMapping[int, dict[str, StrategyRun]] | None = None,
    unit: str = "row",
) -> CrossValidation:
    """Cross-validate every candidate beside the baselines; EvaluationError for a leak or a target that cannot be
    cross-validated.

    `groups` has one value per row: rows of equal ones, such as a patient's visits, stay in one fold. `finished` holds
    the outcomes of runs measured before, by number, and is given each new one, so that a killed cross-validation
    continues. `learners` are boosted trees, logistic regression and a small perceptron where none are given. With
    `rows`, one fold is the test fold and the runs, at most folds * repeats, learn from disjoint sets of so many other
    rows: what happens where rows are few, without the noise of few test rows. `unit` is what the report calls a row.
    Cost: folds * repeats times the strategies, and for each way to train they yield one fit of every learner.
    """
    task = task_of(frame, target, {**infer_kinds(frame), **(kinds or {}), target: "categorical"}, groups)
    asked, folds = folds, possible(task, folds, repeats, seed)
    learners, finished = learners or _tabular(task), {} if finished is None else finished
    runs = list(runs_of(task, folds, repeats, seed) if rows is None else apart(task, folds, repeats, rows, seed))
    for run, (fit, test) in enumerate(runs):
        if run not in finished:
            finished[run] = _run(task, fit, test, {**baselines, **candidates}, learners, seed + run)
        if progress:
            progress(run + 1, len(runs))
    outcomes = [finished[run] for run in range(len(runs))]
    ratio = 1 / (folds - 1) if rows is None else 0.0
    facts = {"folds": folds, "folds_asked": asked, "repeats": repeats, "ratio": ratio, "seed": seed, "unit": unit}
    facts["grouped"] = groups is not None
    return _summary_of(task, outcomes, tuple(baselines), facts)


def _run(
    task: Task,
    fit: np.ndarray,
    test: np.ndarray,
    strategies: Mapping[str, Strategy],
    learners: Mapping[str, Learner],
    seed: int,
) -> dict[str, StrategyRun]:
    """Resample the training fold in every way, train every learner on each, and measure them on the test fold."""
    train, found = task.frame.iloc[fit].reset_index(drop=True), {}
    asked = {
        "target": task.target,
        "kinds": task.kinds,
        "groups": None if task.groups is None else task.groups[fit],
        "seed": seed,
    }
    for strategy in strategies.values():
        began = time.perf_counter()
        ways = strategy(train.copy(), **asked)
        seconds = time.perf_counter() - began
        for name, resampled in ways.items():
            check_unseen(name, resampled, task.hashes[test])
            scores = _fit_and_measure(task, resampled, test, learners, seed)
            found[name] = StrategyRun(seconds, len(resampled.rows) - len(train), resampled.mislabelled, scores)
    return found


def check_unseen(name: str, resampled: Resampled, test: np.ndarray) -> None:
    """Raise EvaluationError where anything was fitted to a row of the test fold (hashes `test`), or nobody tells
    what it was fitted to.
    """
    if not len(resampled.seen):
        raise EvaluationError(
            f"expected the hashes of the rows that {name!r} was fitted to, found none; return them as `seen`"
        )
    if leaked := int(np.isin(test, resampled.seen).sum()):
        raise EvaluationError(
            f"expected no test row among those that {name!r} was fitted to, found {leaked}; fit it to training rows"
        )


def _fit_and_measure(
    task: Task, resampled: Resampled, test: np.ndarray, learners: Mapping[str, Learner], seed: int
) -> dict[str, np.ndarray]:
    """Scores of each learner, trained on the resampled rows, on the test rows."""
    labels = task.classes.get_indexer(resampled.rows[task.target].map(str))
    with threads.single():
        models = {
            name: learner(resampled.rows, labels, weight=resampled.weight, seed=seed)
            for name, learner in learners.items()
        }
        return {name: measured(task.labels[test], predict(task.frame.iloc[test])) for name, predict in models.items()}


def measured(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
    """MEASURES, then the F1 of each class, of probabilities p [rows, classes]."""
    K, guess = range(p.shape[1]), p.argmax(1)
    f1 = f1_score(truth, guess, labels=K, average=None, zero_division=0.0)
    recall = recall_score(truth, guess, labels=K, average="macro", zero_division=0.0)
    precision = np.mean([average_precision_score(truth == k, p[:, k]) for k in K])
    brier = np.square(p - np.eye(len(K))[truth]).sum(1).mean() / 2
    return np.array([f1.mean(), recall, precision, brier, *f1])


def _tabular(task: Task) -> dict[str, Learner]:
    inputs = {column: kind for column, kind in task.kinds.items() if column != task.target}
    return {name: classifiers.learner(name, inputs, len(task.classes)) for name in classifiers.LEARNERS}


def _summary_of(
    task: Task, outcomes: list[dict[str, StrategyRun]], baselines: tuple[str, ...], facts: dict
) -> CrossValidation:
    names, rows = list(outcomes[0]), np.bincount(task.labels)
    # a rare class goes by a number, for its name may name someone
    classes = {
        name if n >= LEAST_NAMED_ROWS else f"rare class {k + 1}": int(n)
        for k, (name, n) in enumerate(zip(task.classes, rows, strict=True))
    }
    scores = {
        name: {
            learner: np.array([run[name].scores[learner] for run in outcomes]) for learner in outcomes[0][name].scores
        }
        for name in names
    }
    seconds, added, mislabelled = (
        {name: float(np.mean([getattr(run[name], what) for run in outcomes])) for name in names}
        for what in ("seconds", "added", "mislabelled")
    )
    return CrossValidation(task.target, classes, scores, baselines, seconds, added, mislabelled, **facts)
