"""Folds of a cross-validation: rows to learn from and rows to test by, which share nothing that a learner could know by heart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from evaluation.augmentation.resampling import row_hashes
from evaluation.samples import EvaluationError


@dataclass(frozen=True)
class Task:
    """What is to be learned: rows, the classes as texts in order, each row's class number and hash, the columns' kinds."""

    frame: pd.DataFrame
    target: str
    kinds: Mapping[str, str]
    classes: pd.Index
    labels: np.ndarray
    hashes: np.ndarray


def task_of(frame: pd.DataFrame, target: str, kinds: Mapping[str, str]) -> Task:
    if target not in frame.columns or frame[target].isna().any():
        raise EvaluationError(f"expected a class in every row of a column {target!r}, found a column or classes missing; name or fill it")
    texts = frame[target].map(str)
    classes = pd.Index(sorted(texts.unique()))
    if len(classes) < 2:
        raise EvaluationError(f"expected at least two classes in the target {target!r}, found {len(classes)}; name another")
    return Task(frame, target, kinds, classes, classes.get_indexer(texts), row_hashes(frame))


def possible(task: Task, folds: int) -> int:
    """The number of folds, fewer where a class has fewer distinct rows."""
    least = min(len(np.unique(task.hashes[task.labels == k])) for k in range(len(task.classes)))
    if least < 2 or folds < 2:
        raise EvaluationError(
            f"expected two folds and two distinct rows of every class or more, found {min(folds, least)}; drop or merge small classes"
        )
    return min(folds, least)


def runs_of(task: Task, folds: int, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows of every run; equal rows stay on one side, so that a seen test row is a leak and never chance."""
    _, first, copies = np.unique(task.hashes, return_index=True, return_inverse=True)
    for repeat in range(repeats):
        for _, test in StratifiedKFold(folds, shuffle=True, random_state=seed + repeat).split(first, task.labels[first]):
            held = np.isin(copies, test)
            yield np.flatnonzero(~held), np.flatnonzero(held)


def apart(task: Task, folds: int, repeats: int, rows: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Disjoint training sets of about `rows` rows, with the shares of the classes, and one test fold for all."""
    fit, test = next(runs_of(task, folds, 1, seed))
    parts = len(fit) // rows
    if parts < 2:
        raise EvaluationError(f"expected at least twice {rows} rows to learn from, found {len(fit)}; ask for fewer rows")
    if (least := min(np.bincount(task.labels[fit]))) < 2 * parts:
        raise EvaluationError(f"expected two rows of every class in each of {parts} training sets, found {least} in all; ask for more rows")
    for _, part in islice(StratifiedKFold(parts, shuffle=True, random_state=seed).split(fit, task.labels[fit]), folds * repeats):
        yield np.sort(fit[part]), test
