"""Judges: models of the target that say of each row, real or not, what they have learnt from other real rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from launderette.evaluation.chance import Owners
from launderette.evaluation.measures import neighbours
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

FOLDS = 3
BOOSTING_STEPS = 40  # of boosted trees: few, since probabilities count and not ranks alone


def opinions(
    samples: Samples,
    real: pd.DataFrame,
    values: np.ndarray,
    tables: Sequence[pd.DataFrame],
    seed: int,
    owners: Owners = None,
) -> list[np.ndarray]:
    """What models of three families say on average of the rows of each table: [rows, classes], or [rows, 1] of a
    number.

    The models learn `values` [rows], classes from 0 up or numbers, from the real rows in three folds. Each row is
    judged by the models of one fold: a row that is among the real ones, with all that equal it, by those that did not
    learn from it, nor from other rows of its owner where the first of the tables are the real rows of `owners` [rows].
    """
    columns = tuple(c for c in samples.known if c != samples.target)
    folds = [_folds(table[list(columns)], seed) for table in (real, *tables)]
    if owners is not None:
        folds[0] = folds[1] = generator(seed, RandomStream.JUDGE_FOLDS).integers(FOLDS, size=owners.max() + 1)[owners]
    classes = int(values.max()) + 1 if values.dtype.kind == "i" else None
    found = [np.zeros((len(table), classes or 1)) for table in tables]
    for learner in learners.FAMILIES:
        x, *asked = (_inputs(samples, table, columns, learner) for table in (real, *tables))
        for fold in range(FOLDS):
            others = folds[0] != fold
            if len(np.unique(values[others])) < 2:
                continue  # nothing to learn from: no class is likelier than another
            model = learners.fitted(_model(samples, columns, learner, seed, classes), x[others], values[others])
            for rows, points, said in zip(folds[1:], asked, found, strict=True):
                if len(at := np.flatnonzero(rows == fold)):
                    said[at] += _said(model, points[at], classes) / len(learners.FAMILIES)
    return found


def _folds(table: pd.DataFrame, seed: int) -> np.ndarray:
    """The fold of each row, decided by its values."""
    hashes = pd.util.hash_pandas_object(table, index=False).to_numpy()
    return ((hashes ^ np.uint64(seed)) // np.uint64(7) % np.uint64(FOLDS)).astype(int)


def _inputs(samples: Samples, table: pd.DataFrame, columns: tuple[str, ...], learner: str) -> np.ndarray:
    if learner != "linear":
        return learners.features(samples, table, columns)
    return neighbours.encoder(samples, columns).encode(table).numpy()


def _model(samples: Samples, columns: tuple[str, ...], learner: str, seed: int, classes: int | None) -> Any:
    model = learners.model(samples, columns, learner, seed, classes=classes)
    return model.set_params(max_iter=BOOSTING_STEPS) if learner == "boosted trees" else model


def _said(model: Any, rows: np.ndarray, classes: int | None) -> np.ndarray:
    if classes is None:
        return model.predict(rows)[:, None]
    found = np.zeros((len(rows), classes))
    found[:, model.classes_] = model.predict_proba(rows)
    return found
