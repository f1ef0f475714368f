"""Classifiers of images in a frame, for cross-validation: a small convolutional network, and logistic regression on
the pixels.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from launderette.evaluation.augmentation.resampling import IMAGE_COLUMN
from launderette.evaluation.models import classifiers, label_network
from launderette.evaluation.models.classifiers import Learner, Predict

LEARNERS = ("convolutional network", "logistic regression")
# of the network: the same for few images as for many, so that more images are no longer training
NETWORK_UPDATES, NETWORK_BATCH = 600, 32
NETWORK_SIDE, REGRESSION_SIDE = 32, 16  # pixels of a side that the network and the regression see at most


def learners(classes: int) -> dict[str, Learner]:
    """The learners by name, for images uint8 [H, W, C] in the column `image` and so many classes."""
    made = {LEARNERS[0]: _network, LEARNERS[1]: _regression}
    return {name: _of(make, classes) for name, make in made.items()}


def _of(make: Any, classes: int) -> Learner:
    def learn(rows: pd.DataFrame, labels: np.ndarray, *, weight: np.ndarray | None = None, seed: int = 0) -> Predict:
        return make(rows, labels, classes, weight, seed)

    return learn


def _network(rows: pd.DataFrame, labels: np.ndarray, classes: int, weight: np.ndarray | None, seed: int) -> Predict:
    pixels = _pixels(rows, NETWORK_SIDE)
    net = label_network.train(
        pixels, labels, classes, seed, weight=weight, updates=NETWORK_UPDATES, batch=NETWORK_BATCH
    )
    return lambda asked: net.probabilities(_pixels(asked, NETWORK_SIDE))


def _regression(rows: pd.DataFrame, labels: np.ndarray, classes: int, weight: np.ndarray | None, seed: int) -> Predict:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, random_state=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # good enough to compare collections with
        model.fit(_values(rows), labels, logisticregression__sample_weight=weight)
    return lambda asked: classifiers.probabilities(model, _values(asked), classes)


def _values(rows: pd.DataFrame) -> np.ndarray:
    return _pixels(rows, REGRESSION_SIDE).reshape(len(rows), -1).astype("float64")


def _pixels(rows: pd.DataFrame, most: int) -> np.ndarray:
    """The images, uint8 [n, H, W, C], each side halved until it has at most `most` pixels."""
    x = np.stack(list(rows[IMAGE_COLUMN]))
    for axis in (1, 2):
        while x.shape[axis] > most:
            even = np.moveaxis(x, axis, 0)[: x.shape[axis] // 2 * 2].astype("uint16")
            x = np.moveaxis((even[::2] + even[1::2] + 1) // 2, 0, axis).astype("uint8")
    return x
