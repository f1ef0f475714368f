"""Augmentation: a generator fitted to training rows adds rows of chosen classes, in exact numbers.

The target becomes the first column that the generator learns: the chain rule of an autoregressive model then conditions on it exactly.
Other modalities have their own `learn` and `draw`; classes, counts and verdicts are the same for all.
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import generators
from evaluation import classifiers
from evaluation.resampling import row_hashes
from generators import Budget, Progress, Synthesizer, randomness
from generators.schema import infer
from pipelines.artifacts import LaunderError
from pipelines.mistakes import nearest

JUDGES = ("boosted trees", "logistic regression")
SPARE = 3  # rows drawn for each row wanted where mislabelled ones are filtered out
MOST_CLASSES = 20  # of whole numbers in a small table; more of them are continuous
ROUNDS = 4  # draws, before the least mislabelled ones have to do
Counts = Mapping[Hashable, int]  # class -> rows


@dataclass(frozen=True)
class Recipe:
    """Which generator, how it is trained, and whether rows that a model of the real ones calls mislabelled are dropped."""

    generator: str = "tabular.autoregressive"
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    filter: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Learned:
    """A generator fitted to training rows: `model` samples, `judge` tells mislabelled rows, `seen` are hashes of all they were shown."""

    target: str
    model: Synthesizer
    judge: tuple[Any, ...]
    classes: np.ndarray
    seen: np.ndarray = field(repr=False)  # uint64 [rows]


def learn(
    rows: pd.DataFrame,
    target: str,
    recipe: Recipe,
    *,
    kinds: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Learned:
    """Fit the recipe's generator, encoder and ranges included, to `rows` and nothing else; ValueError as in generators.fit.

    `kinds` states kinds of columns; the target is always categorical. LaunderError for a target that cannot be augmented.
    """
    classes = classes_of(rows, target)
    shown = rows[[target, *(column for column in rows.columns if column != target)]].reset_index(drop=True)
    schema = infer(shown, {**(kinds or {}), target: "categorical"})
    how = {"schema": schema, "seed": seed, "device": recipe.device, "budget": recipe.budget, "progress": progress}
    model = generators.fit(shown, recipe.generator, **how, **recipe.options)
    judge = _judge(shown, target, classes, schema.kinds(), seed) if recipe.filter else ()
    return Learned(target, model, judge, classes, row_hashes(shown))


def _judge(rows: pd.DataFrame, target: str, classes: np.ndarray, kinds: Mapping[str, str], seed: int) -> tuple[Any, ...]:
    """Return two models of the class, a jagged and a smooth one, fitted to the real rows with a say for every class."""
    labels = pd.Index(classes).get_indexer(rows[target])
    inputs = {column: kind for column, kind in kinds.items() if column != target}
    how = {"weight": classifiers.balanced(labels), "seed": seed}
    return tuple(classifiers.fitted(learner, rows, labels, inputs, **how) for learner in JUDGES)


def draw(learned: Learned, counts: Counts, *, seed: int = 0) -> pd.DataFrame:
    """Return exactly `counts` synthetic rows of each class, in random order; LaunderError where the model yields others."""
    parts = [_of_class(learned, label, count, randomness.key(seed, "class", k)) for k, (label, count) in enumerate(counts.items()) if count]
    names = learned.model.schema.names
    if not parts:
        return learned.model.sample(0, seed=seed)[names]
    drawn = pd.concat(parts, ignore_index=True)
    if Counter(drawn[learned.target]) != Counter(counts):
        raise LaunderError("expected exactly the synthetic rows of each class that were asked for, found others; choose another generator")
    return drawn.iloc[randomness.generator(seed, "mix").permutation(len(drawn))].reset_index(drop=True)


def _of_class(learned: Learned, label: Hashable, count: int, seed: int) -> pd.DataFrame:
    """Draw rows of one class; with a judge, those it agrees with first."""
    where = {learned.target: label}
    if not learned.judge:
        return learned.model.sample(count, seed=seed, where=where)
    own = int(np.flatnonzero(learned.classes == label)[0])
    rows, agreement = [], np.zeros((0, 2))  # [rows, (agrees, probability of the label)]
    for number in range(ROUNDS):
        rows.append(learned.model.sample(SPARE * count, seed=randomness.key(seed, "round", number), where=where))
        chances = np.mean([classifiers.probabilities(judge, rows[-1], len(learned.classes)) for judge in learned.judge], axis=0)
        agreement = np.concatenate([agreement, np.stack([chances.argmax(1) == own, chances[:, own]], 1)])
        if agreement[:, 0].sum() >= count:
            break
    agrees = agreement[:, 0] > 0
    best = np.argsort(np.where(agrees, -1.0, -agreement[:, 1]), kind="stable")[:count]  # those that agree in the order they were drawn
    return pd.concat(rows, ignore_index=True).iloc[best]


def classes_of(rows: pd.DataFrame, target: str) -> np.ndarray:
    """Return the classes of the target, sorted as text; LaunderError for one that is absent, continuous, has gaps or lone rows."""
    if target not in rows.columns:
        raise LaunderError(f"expected the target among the columns, found no {target!r}{nearest(target, map(str, rows.columns))}")
    values = rows[target]
    if gaps := int(values.isna().sum()):
        raise LaunderError(f"expected a class in every row of the target {target!r}, found {gaps} rows without; drop or fill them")
    counts = values.value_counts()
    counts = counts[counts > 0]
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if number and ((values % 1 != 0).any() or len(counts) > max(MOST_CLASSES, len(values) / 10)):
        raise LaunderError(
            f"expected classes in the target {target!r}, found continuous numbers; give a number of bins (--bins 4) to cut it into classes"
        )
    if len(counts) < 2:
        raise LaunderError(f"expected at least two classes in the target {target!r}, found {len(counts)}; name another")
    if lone := int((counts < 2).sum()):
        raise LaunderError(f"expected at least two rows of every class of {target!r}, found {lone} classes with one; drop or merge them")
    return np.array(sorted(counts.index, key=str), dtype=object)
