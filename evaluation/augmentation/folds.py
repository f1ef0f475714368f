"""Folds of a cross-validation: rows to learn from and rows to test by, which share nothing that a learner could know by
heart.

Equal rows stay in one fold, and so do the rows of one group, such as a patient's visits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from launderette.evaluation.augmentation.resampling import row_hashes
from launderette.evaluation.scores import EvaluationError


@dataclass(frozen=True)
class Task:
    """What is to be learned: rows, the classes as texts in order, each row's class number and hash, the columns' kinds.

    `groups` are the numbers of the groups [rows] that stay in one fold, None where rows are their own.
    """

    frame: pd.DataFrame
    target: str
    kinds: Mapping[str, str]
    classes: pd.Index
    labels: np.ndarray
    hashes: np.ndarray
    groups: np.ndarray | None = None


def task_of(
    frame: pd.DataFrame, target: str, kinds: Mapping[str, str], groups: Sequence | np.ndarray | pd.Series | None = None
) -> Task:
    """Return the task; EvaluationError for a target without classes, and for another number of groups than of rows."""
    if target not in frame.columns or frame[target].isna().any():
        raise EvaluationError(
            f"expected a class in every row of a column {target!r}, found a column or classes missing; name or fill it"
        )
    texts = frame[target].map(str)
    classes = pd.Index(sorted(texts.unique()))
    if len(classes) < 2:
        raise EvaluationError(
            f"expected at least two classes in the target {target!r}, found {len(classes)}; name another"
        )
    numbers = None if groups is None else _numbered(groups, len(frame))
    return Task(frame, target, kinds, classes, classes.get_indexer(texts), row_hashes(frame), numbers)


def _numbered(groups: Sequence | np.ndarray | pd.Series, rows: int) -> np.ndarray:
    """Return the number of each row's group; a row whose group is missing is one of its own."""
    if len(groups) != rows:
        raise EvaluationError(
            f"expected one group per row ({rows:,}), found {len(groups):,}; give one value for each row"
        )
    codes, known = pd.factorize(pd.Series(groups))
    return np.where(codes < 0, len(known) + np.arange(rows), codes)


def possible(task: Task, folds: int, repeats: int, seed: int) -> int:
    """Return the number of folds, fewer where a class has fewer distinct rows, or where a fold of whole groups
    would lack a class.
    """
    least = min(len(np.unique(task.hashes[task.labels == k])) for k in range(len(task.classes)))
    if least < 2 or folds < 2:
        raise EvaluationError(
            f"expected two folds and two distinct rows of every class or more, found {min(folds, least)}; drop or "
            "merge small classes"
        )
    if task.groups is None:
        return min(folds, least)
    for fewer in range(min(folds, least, len(np.unique(_units(task.hashes, task.groups)))), 1, -1):
        if all(_complete(task, rows) for run in runs_of(task, fewer, repeats, seed) for rows in run):
            return fewer
    raise EvaluationError(
        "expected every class in two folds of whole groups, found too few groups of one; drop or merge small classes"
    )


def _complete(task: Task, rows: np.ndarray) -> bool:
    """Tell whether these rows hold every class."""
    return len(np.unique(task.labels[rows])) == len(task.classes)


def runs_of(task: Task, folds: int, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows of every run; equal rows stay on one side, so that a seen test row is a leak and never
    chance.
    """
    if task.groups is not None:
        for repeat in range(repeats):
            yield from StratifiedGroupKFold(folds, shuffle=True, random_state=seed + repeat).split(
                task.labels, task.labels, _units(task.hashes, task.groups)
            )
        return
    _, first, copies = np.unique(task.hashes, return_index=True, return_inverse=True)
    for repeat in range(repeats):
        for _, test in StratifiedKFold(folds, shuffle=True, random_state=seed + repeat).split(
            first, task.labels[first]
        ):
            held = np.isin(copies, test)
            yield np.flatnonzero(~held), np.flatnonzero(held)


def _units(hashes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the number of each row's unit: rows that are equal or of one group are linked, and what is linked
    stays together.
    """
    copies, owners = (np.unique(values, return_inverse=True)[1] for values in (hashes, groups))
    n = len(copies)
    links = coo_array((np.ones(n), (copies, n + owners)), shape=(2 * n, 2 * n))
    return connected_components(links, directed=False)[1][copies]


def apart(task: Task, folds: int, repeats: int, rows: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Disjoint training sets of about `rows` rows, with the shares of the classes, and one test fold for all."""
    fit, test = next(runs_of(task, folds, 1, seed))
    parts = len(fit) // rows
    if parts < 2:
        raise EvaluationError(
            f"expected at least twice {rows} rows to learn from, found {len(fit)}; ask for fewer rows"
        )
    if (least := min(np.bincount(task.labels[fit]))) < 2 * parts:
        raise EvaluationError(
            f"expected two rows of every class in each of {parts} training sets, found {least} in all; ask for more "
            "rows"
        )
    for _, part in islice(_parts(task, fit, parts, seed), folds * repeats):
        yield np.sort(fit[part]), test


def _parts(task: Task, rows: np.ndarray, parts: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if task.groups is None:
        return StratifiedKFold(parts, shuffle=True, random_state=seed).split(rows, task.labels[rows])
    return StratifiedGroupKFold(parts, shuffle=True, random_state=seed).split(
        rows, task.labels[rows], _units(task.hashes, task.groups)[rows]
    )
