"""What augmentation has to beat: nothing, class weights, random oversampling, SMOTE-NC; and the form of every such
strategy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler

from launderette.evaluation.models import classifiers
from launderette.evaluation.samples import NUMBER_KINDS

SMOTE_NEIGHBOURS = 5  # of SMOTE, fewer where a class has fewer rows
IMAGE_COLUMN = "image"  # the column that holds an image, uint8 [H, W, C]
MOVE_DIVISOR = 8  # an image is moved by up to this part of its sides
COPIES_FACTOR = 3  # rows of a class with moved copies, in those of the largest


@dataclass(frozen=True)
class Resampled:
    """Rows for a learner: those of the training fold first, then any made from them."""

    rows: pd.DataFrame
    seen: np.ndarray = field(repr=False)  # row_hashes of everything that anything was fitted to
    weight: np.ndarray | None = field(default=None, repr=False)  # [rows]
    mislabelled: int = 0  # made rows that a filter calls so, and kept for want of others


# strategy(training rows, target=..., kinds=..., groups=[rows] or None, seed=...): one or several ways to train on them,
# by name
Strategy = Callable[..., Mapping[str, Resampled]]


def row_hashes(rows: pd.DataFrame) -> np.ndarray:
    """One 64-bit hash per row over all columns, whatever their order and dtypes; an image counts by its pixels,
    whatever its label.
    """
    known = (
        [IMAGE_COLUMN]
        if IMAGE_COLUMN in rows and len(rows) and isinstance(rows[IMAGE_COLUMN].iloc[0], np.ndarray)
        else rows.columns
    )
    texts = {str(column): rows[column].map(_text) for column in sorted(known, key=str)}
    return pd.util.hash_pandas_object(pd.DataFrame(texts), index=False).to_numpy()


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    return "" if pd.isna(value) else str(value)


def none(train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object) -> dict[str, Resampled]:
    """The training rows as they are."""
    return {"none": Resampled(train, row_hashes(train))}


def class_weights(
    train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object
) -> dict[str, Resampled]:
    """The training rows, every class with the same total weight."""
    return {
        "class weights": Resampled(train, row_hashes(train), classifiers.balanced(train[target].astype(str).to_numpy()))
    }


def oversampling(
    train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object
) -> dict[str, Resampled]:
    """Rows of the smaller classes repeated until all classes are equal."""
    at = np.arange(len(train))[:, None]
    chosen, _ = RandomOverSampler(random_state=seed).fit_resample(at, train[target].astype(str))
    return {"random oversampling": Resampled(train.iloc[chosen[:, 0]], row_hashes(train))}


def smote(
    train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object
) -> dict[str, Resampled]:
    """Rows between neighbours of one class (Chawla et al. 2002), labels by the neighbours' majority; gaps filled with
    medians and a label.

    Numbers alone are SMOTE's, labels alone SMOTEN's, both SMOTE-NC's.
    """
    inputs = [column for column in train if column != target and kinds[column] != "identifier"]
    numbers = [
        column
        for column in inputs
        if kinds[column] in NUMBER_KINDS and pd.api.types.is_numeric_dtype(train[column].dtype)
    ]
    names = [column for column in inputs if column not in numbers]
    filled = pd.concat([_filled(train[numbers]), train[names].map(_text)], axis=1)
    labels = train[target].astype(str)
    more, drawn = _smote(len(numbers), len(names), labels, seed).fit_resample(filled, labels)
    added = more.iloc[len(train) :].assign(**{target: _as_classes(drawn.iloc[len(train) :], train[target])})
    return {"SMOTE-NC": Resampled(_stacked(train, added, numbers), row_hashes(train))}


def smote_of_pixels(
    train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object
) -> dict[str, Resampled]:
    """Images between neighbours of one class, pixel by pixel (Chawla et al. 2002), until all classes are equal."""
    pixels, labels = np.stack(list(train[IMAGE_COLUMN])), train[target].astype(str)
    more, drawn = _smote(1, 0, labels, seed).fit_resample(pixels.reshape(len(pixels), -1).astype("float32"), labels)
    added = np.rint(more[len(train) :]).astype("uint8").reshape(-1, *pixels.shape[1:])
    rows = pd.DataFrame(
        {IMAGE_COLUMN: list(added), target: _as_classes(drawn.iloc[len(train) :], train[target]).to_numpy()}
    )
    return {"SMOTE on pixels": Resampled(_stacked(train, rows, []), row_hashes(train))}


def moved_copies(
    train: pd.DataFrame, *, target: str, kinds: Mapping[str, str], seed: int, **_: object
) -> dict[str, Resampled]:
    """Copies of images moved up or down and aside, the edge repeated, until each class has COPIES_FACTOR times the
    images of the largest.
    """
    at, labels = np.arange(len(train))[:, None], train[target].astype(str)
    wanted = dict.fromkeys(labels.unique(), COPIES_FACTOR * int(labels.value_counts().max()))
    chosen, _ = RandomOverSampler(sampling_strategy=wanted, random_state=seed).fit_resample(at, labels)
    copied, stream = train.iloc[chosen[len(train) :, 0]], np.random.default_rng(seed)
    added = copied.assign(**{IMAGE_COLUMN: [_moved(image, stream) for image in copied[IMAGE_COLUMN]]})
    return {"moved copies": Resampled(_stacked(train, added, []), row_hashes(train))}


BASELINES: dict[str, Strategy] = {
    "none": none,
    "class weights": class_weights,
    "random oversampling": oversampling,
    "SMOTE-NC": smote,
}
OF_IMAGES: dict[str, Strategy] = {
    "none": none,
    "class weights": class_weights,
    "random oversampling": oversampling,
    "SMOTE on pixels": smote_of_pixels,
    "moved copies": moved_copies,
}


def _moved(image: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    """Move an image uint8 [H, W, C] by a whole number of pixels each way."""
    high, wide = (max(1, side // MOVE_DIVISOR) for side in image.shape[:2])
    top, left = stream.integers(0, 2 * high + 1), stream.integers(0, 2 * wide + 1)
    padded = np.pad(image, ((high, high), (wide, wide), (0, 0)), mode="edge")
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.astype("float64").replace([np.inf, -np.inf], np.nan)
    return frame.fillna(frame.median()).fillna(0.0)


def _smote(numbers: int, names: int, labels: pd.Series, seed: int) -> Any:
    neighbours = int(np.clip(labels.value_counts().min() - 1, 1, SMOTE_NEIGHBOURS))
    if not names:
        return SMOTE(k_neighbors=neighbours, random_state=seed)
    if not numbers:
        return SMOTEN(k_neighbors=neighbours, random_state=seed)
    return SMOTENC(list(range(numbers, numbers + names)), k_neighbors=neighbours, random_state=seed)


def _as_classes(drawn: pd.Series, known: pd.Series) -> pd.Series:
    """Texts -> the classes they were written from."""
    return drawn.map({str(value): value for value in known.unique()})


def _stacked(train: pd.DataFrame, added: pd.DataFrame, numbers: list) -> pd.DataFrame:
    """Real rows, then the added ones; numbers of the latter may lie between whole ones, so their columns become
    float64.
    """
    return pd.concat(
        [train.astype(dict.fromkeys(numbers, "float64")), added.reindex(columns=train.columns)], ignore_index=True
    )
