"""Steps of `launder augment`: the proof by cross-validation, and the enlarged training set. Both stay below work/: they hold real rows."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import evaluation.report
from evaluation.augmentation import prove as cross_validate
from evaluation.report import plain
from evaluation.resampling import Resampled, Strategy, row_hashes
from generators import Budget, Progress, Schema
from pipelines import augmentation, shares
from pipelines.artifacts import Artifact, LaunderError, digest_file, explained, read_frame, read_json, write_frame, write_json
from pipelines.augmentation import Recipe
from pipelines.config import RunConfig
from pipelines.shares import Augmentation
from pipelines.sources import read_table
from pipelines.steps import Result, Run

FOLDER = "augmented"
MARKS = ("is_synthetic", "weight")  # columns that the enlarged set has besides its own


def check_tables(config: RunConfig) -> None:
    """Raise LaunderError for images: their augmentation has no learner and no draw yet."""
    how = config.augment or Augmentation()
    if others := [name for name in (config.generator.name, *how.compare) if not name.startswith("tabular.")]:
        raise LaunderError(f"expected a table and generators of tables to augment with, found {others[0]}; images cannot be augmented yet")


def check(frame: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """Return the training rows with classes as their target; LaunderError for what cannot be augmented, or holds test rows."""
    check_tables(config)
    how, target = config.augment or Augmentation(), config.score.target
    if target is None:
        raise LaunderError("expected a target to augment by, found none; name its column with --target")
    if taken := [name for name in MARKS if name in frame.columns]:
        raise LaunderError(f"expected no column {taken[0]!r} in the data, found one; rename it, the augmented table has its own")
    if how.test is not None:
        _check_apart(frame, read_table(how.test))
    frame = shares.binned(frame, target, how.bins)
    augmentation.classes_of(frame, target)
    shares.wanted(frame[target], how)
    return frame


def _check_apart(frame: pd.DataFrame, test: pd.DataFrame) -> None:
    if missing := [name for name in frame.columns if name not in test.columns]:
        raise LaunderError(f"expected the columns of the training rows in the test rows too, found no {missing[0]!r}; give the same table")
    if shared := int(np.isin(row_hashes(frame), row_hashes(test[list(frame.columns)])).sum()):
        raise LaunderError(f"expected no test row among the training rows, found {shared} that are equal to one; take them out")


def prove(run: Run, config: RunConfig, table: Result, schema: Result, progress: Progress | None = None) -> Result:
    """Cross-validate the augmentation beside its baselines; nothing where no repeats are asked for."""
    how, target = config.augment or Augmentation(), config.score.target
    frame, kinds = check(_frame(table), config), Schema.from_dict(schema).kinds()
    if not how.repeats:
        return {"proof": None, "verdicts": []}
    names = dict.fromkeys((config.generator.name, *how.compare))
    candidates = {name: strategy(name, recipe_of(config, name), how, kinds, rows=len(frame)) for name in names}
    report = None if progress is None else partial(_tell, progress, time.monotonic())
    found = cross_validate(frame, target, candidates, kinds=kinds, folds=how.folds, repeats=how.repeats, seed=config.seed, progress=report)
    write_json(run.path("proof.json"), plain(found.to_json()))
    path = run.path("proof.json")
    return {"proof": {"path": str(path), "digest": digest_file(path)}, "verdicts": [verdict["sentence"] for verdict in found.verdicts()]}


def _tell(progress: Progress, began: float, done: int, total: int) -> None:
    progress({"step": done, "steps": total, "seconds": time.monotonic() - began})


def recipe_of(config: RunConfig, name: str) -> Recipe:
    """Return how the generator `name` is trained: with the configuration's options where it is the configuration's own."""
    options = config.generator.options if name == config.generator.name else {}
    budget = Budget(config.budget.steps, config.budget.minutes)
    return Recipe(name, options, budget, (config.augment or Augmentation()).filter, config.device)


def strategy(name: str, recipe: Recipe, how: Augmentation, kinds: Mapping[str, str], *, rows: int | None = None) -> Strategy:
    """Return the resampling of a training fold by a generator: as asked for, and for each multiple of the curve, from one fit.

    Counts are those of a table of `rows` rows, None for the fold's own.
    """

    def resample(train: pd.DataFrame, *, target: str, seed: int, **_: Any) -> dict[str, Resampled]:
        learned = augmentation.learn(train, target, recipe, kinds=kinds, seed=seed)
        labels = train[target]
        ways = {name: shares.wanted(labels, shares.in_fold(how, labels, rows or len(labels)))}
        ways |= {f"{name} x {factor:g}": shares.multiplied(sizes(labels), factor) for factor in how.curve}
        return {way: _enlarged(train, augmentation.draw(learned, counts, seed=seed), how, learned.seen) for way, counts in ways.items()}

    return resample


def sizes(labels: pd.Series) -> dict[Any, int]:
    """Return the rows of each class."""
    return {label: int(n) for label, n in labels.value_counts().items() if n}


def _enlarged(train: pd.DataFrame, added: pd.DataFrame, how: Augmentation, seen: np.ndarray) -> Resampled:
    weight = np.repeat([1.0, how.weight], [len(train), len(added)])
    return Resampled(together(train, added), seen, weight)


def together(train: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """Return real rows, then synthetic ones, each column in the dtype of the real ones."""
    columns = {name: pd.concat([train[name], added[name].astype(train[name].dtype)], ignore_index=True) for name in train.columns}
    return pd.DataFrame(columns)


def enlarge(run: Run, config: RunConfig, table: Result, schema: Result, proof: Result | None, progress: Progress | None = None) -> Result:
    """Fit the generator to all training rows, write real and synthetic ones with their marks, and the report of the proof."""
    how, target = config.augment or Augmentation(), config.score.target
    train, kinds = check(_frame(table), config), Schema.from_dict(schema).kinds()
    learned = augmentation.learn(train, target, recipe_of(config, config.generator.name), kinds=kinds, seed=config.seed, progress=progress)
    added = augmentation.draw(learned, shares.wanted(train[target], how), seed=config.seed)
    synthetic = np.repeat([False, True], [len(train), len(added)])
    marked = together(train, added).assign(is_synthetic=synthetic, weight=np.where(synthetic, how.weight, 1.0))
    folder = run.path(FOLDER)
    data = write_frame(marked, folder / "data.parquet")
    if proof:
        with explained(folder):
            evaluation.report.write_augmentation(read_json(proof["path"]), folder)
    return {"data": data.to_dict(), "place": str(folder), "real": len(train), "synthetic": len(added), "reported": bool(proof)}


def _frame(table: Result) -> pd.DataFrame:
    return read_frame(Artifact(**table))
