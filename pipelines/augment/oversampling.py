"""Augmentation: a generator fitted to training rows adds rows of chosen classes, in exact numbers.

The target becomes the first column that the generator learns: the chain rule of an autoregressive model then conditions
on it exactly. Images are rows too: a column of arrays and one of labels, learned and drawn by a generator of images.
"""

import math
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from launderette import generators
from launderette.evaluation.augmentation.resampling import row_hashes
from launderette.evaluation.models import classifiers
from launderette.evaluation.models.classifiers import Learner, Predict
from launderette.generators import Budget, Progress, Synthesizer
from launderette.generators.contract import Imputer
from launderette.generators.data.groups import Groups
from launderette.generators.training import randomness
from launderette.pipelines.augment import partial_resampling
from launderette.pipelines.augment import rows as training_rows
from launderette.pipelines.augment.rows import TrainingRows
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.run.artifacts import LaunderError

MOST_CLASSES = 20  # of whole numbers in a small table; more of them are continuous
MOST_DRAWS = 4  # draws, before the least mislabelled ones fill up what lacks, and are counted
Counts = Mapping[Hashable, int]  # class -> rows


@dataclass(frozen=True)
class Recipe:
    """Which generator, how it is trained, and whether rows that a model of the real ones calls mislabelled are
    dropped.
    """

    generator: str = "tabular.autoregressive"
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    filter: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Learned:
    """A generator fitted to training rows: `model` samples, `filters` tell mislabelled rows, `seen` are hashes of all
    they were shown.

    `kind` is what its rows are, `anchors` are the rows themselves where they are too few to draw others without them.
    """

    target: str
    model: Synthesizer
    filters: tuple[Predict, ...]
    classes: np.ndarray
    seen: np.ndarray = field(repr=False)  # uint64 [rows]
    kind: TrainingRows = field(repr=False)
    anchors: pd.DataFrame | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Drawn:
    """Synthetic rows, and how many of them the filter calls mislabelled: kept where MOST_DRAWS draws did not yield
    enough others.
    """

    rows: pd.DataFrame
    mislabelled: int = 0


def learn(
    rows: pd.DataFrame,
    target: str,
    recipe: Recipe,
    *,
    kinds: Mapping[str, str] | None = None,
    groups: Groups | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Learned:
    """Fit the recipe's generator, encoder and ranges included, to `rows` and nothing else; ValueError as in
    generators.fit.

    `kinds` states kinds of columns; the target is always categorical, and the column `label` where the rows are images.
    Rows of equal `groups` stay together where the generator validates itself. `checkpoint` is a folder that a killed
    training continues from. LaunderError for a target that cannot be augmented.
    """
    classes = classes_of(rows, target)
    shown = rows[[target, *(column for column in rows.columns if column != target)]].reset_index(drop=True)
    kind = training_rows.of(recipe.generator)
    data, schema = kind.data_of(shown, target, kinds or {})
    model = generators.fit(
        data,
        recipe.generator,
        schema=schema,
        seed=seed,
        device=recipe.device,
        budget=recipe.budget,
        progress=progress,
        checkpoint=checkpoint,
        groups=groups,
        **recipe.options,
    )
    inputs = {column: kind for column, kind in schema.flat.kinds().items() if column != target}
    seen = kind.for_learners(shown, schema, target)
    filters = _filters(seen, target, classes, kind.filters(inputs, len(classes)), seed) if recipe.filter else ()
    anchors = shown if len(shown) < partial_resampling.LARGE_TRAINING_SET and isinstance(model, Imputer) else None
    return Learned(target, model, filters, classes, row_hashes(shown), kind, anchors)


def _filters(
    rows: pd.DataFrame, target: str, classes: np.ndarray, learners: list[Learner], seed: int
) -> tuple[Predict, ...]:
    """Return models of the class, fitted to the real rows with a say for every class."""
    labels = pd.Index(classes).get_indexer(rows[target])
    return tuple(learner(rows, labels, weight=classifiers.balanced(labels), seed=seed) for learner in learners)


def draw(learned: Learned, counts: Counts, *, seed: int = 0) -> Drawn:
    """Draw exactly `counts` synthetic rows of each class, in random order; LaunderError where the model yields
    others.
    """
    parts = [
        _of_class(learned, label, count, randomness.key(seed, "class", k))
        for k, (label, count) in enumerate(counts.items())
        if count
    ]
    names = learned.model.schema.names
    if not parts:
        return Drawn(learned.kind.rows_of(learned.model.sample(0, seed=seed))[names])
    drawn = pd.concat([part.rows for part in parts], ignore_index=True)
    if Counter(drawn[learned.target]) != Counter(counts):
        raise LaunderError(
            "expected exactly the synthetic rows of each class that were asked for, found others; choose another "
            "generator"
        )
    mixed = drawn.iloc[randomness.generator(seed, "mix").permutation(len(drawn))].reset_index(drop=True)
    return Drawn(mixed, sum(part.mislabelled for part in parts))


def few_agree(mislabelled: int, things: str = "rows") -> str:
    """Say that the filter was left with too few rows."""
    return (
        f"{mislabelled:,} of the synthetic {things} are kept although models of the real ones call them mislabelled: "
        f"{MOST_DRAWS} draws yielded too few others. Ask for fewer, or train longer."
    )


def _of_class(learned: Learned, label: Hashable, count: int, seed: int) -> Drawn:
    """Draw rows of one class; with filters, those they agree with first, then the least mislabelled ones."""
    if not learned.filters:
        return Drawn(_drawn(learned, label, count, seed))
    own, size = int(np.flatnonzero(learned.classes == label)[0]), math.ceil(learned.kind.SPARE * count)
    rows, agreement = [], np.zeros((0, 2))  # [rows, (agrees, probability of the label)]
    for number in range(MOST_DRAWS):
        rows.append(_drawn(learned, label, size, randomness.key(seed, "round", number)))
        seen = learned.kind.for_learners(rows[-1], learned.model.schema, learned.target)
        chances = np.mean([predict(seen) for predict in learned.filters], axis=0)
        agreement = np.concatenate([agreement, np.stack([chances.argmax(1) == own, chances[:, own]], 1)])
        if agreement[:, 0].sum() >= count:
            break
    agrees = agreement[:, 0] > 0
    # those that agree in the order they were drawn
    best = np.argsort(np.where(agrees, -1.0, -agreement[:, 1]), kind="stable")[:count]
    return Drawn(pd.concat(rows, ignore_index=True).iloc[best], count - int(agrees[best].sum()))


def _drawn(learned: Learned, label: Hashable, count: int, seed: int) -> pd.DataFrame:
    if learned.anchors is None or not isinstance(learned.model, Imputer):
        return learned.kind.rows_of(learned.model.sample(count, seed=seed, where={learned.target: label}))
    own = learned.anchors[learned.anchors[learned.target] == label]
    return partial_resampling.around(learned.model, own, learned.target, label, count, seed)


def classes_of(rows: pd.DataFrame, target: str) -> np.ndarray:
    """Return the classes of the target, sorted as text; LaunderError for one that is absent, continuous, has gaps
    or lone rows.
    """
    if target not in rows.columns:
        raise LaunderError(
            f"expected the target among the columns, found no {target!r}{nearest(target, map(str, rows.columns))}"
        )
    values = rows[target]
    if gaps := int(values.isna().sum()):
        raise LaunderError(
            f"expected a class in every row of the target {target!r}, found {gaps} rows without; drop or fill them"
        )
    counts = values.value_counts()
    counts = counts[counts > 0]
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if number and ((values % 1 != 0).any() or len(counts) > max(MOST_CLASSES, len(values) / 10)):
        raise LaunderError(
            f"expected classes in the target {target!r}, found continuous numbers; give a number of bins (--bins 4) "
            "to cut it into classes"
        )
    if len(counts) < 2:
        raise LaunderError(f"expected at least two classes in the target {target!r}, found {len(counts)}; name another")
    if lone := int((counts < 2).sum()):
        raise LaunderError(
            f"expected at least two rows of every class of {target!r}, found {lone} classes with one; drop or merge "
            "them"
        )
    return np.array(sorted(counts.index, key=str), dtype=object)
