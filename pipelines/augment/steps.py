"""Steps of `launder augment`: the cross-validation, its report, and the enlarged training set, which stays below work/:
it holds real rows.
"""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from launderette.evaluation import report as reports
from launderette.evaluation.augmentation import cross_validation
from launderette.evaluation.augmentation.cross_validation import StrategyRun
from launderette.evaluation.augmentation.resampling import Resampled, Strategy, row_hashes
from launderette.evaluation.report import plain
from launderette.generators import Budget, Progress, Schema
from launderette.generators.data.groups import Groups
from launderette.pipelines import modalities
from launderette.pipelines.augment import class_balance, oversampling, rows
from launderette.pipelines.augment.oversampling import Drawn, Recipe
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.augmentation import Augmentation
from launderette.pipelines.run.artifacts import LaunderError, explained, file_artifact, read_json, write_json
from launderette.pipelines.run.caching import Place, Result, step
from launderette.pipelines.run.steps import COMMON_CODE, MODEL_LIBRARIES, READING_CODE, TABLE_LIBRARIES
from launderette.pipelines.search import checks

AUGMENTED_FOLDER = "augmented"
FITTING_KEYS = (
    *("score.target", "generator", "budget", "seed", "device", "split.entity", "privacy"),
    *("images.broken", "images.bits", "images.channels"),
)
CLASS_BALANCE_KEYS = tuple(
    f"augment.{name}" for name in ("to", "times", "counts", "shares", "filter", "weight", "bins", "test")
)
CROSS_VALIDATION_KEYS = tuple(f"augment.{name}" for name in ("compare", "curve", "folds", "repeats"))
AUGMENTATION_CODE = (
    *(*COMMON_CODE, *READING_CODE, "generators", "pipelines/augment", "pipelines/sinks"),
    *("pipelines/config/augmentation.py", "evaluation/augmentation", "evaluation/models", "evaluation/measures"),
    *(
        "pipelines/scoring/readable.py",
        "evaluation/samples.py",
        "evaluation/units.py",
        "evaluation/canonical.py",
        "evaluation/report/document.py",
    ),
)
MARK_COLUMNS = ("is_synthetic", "weight")  # columns that the enlarged set has besides its own


def check_generators(config: RunConfig) -> None:
    """Raise LaunderError where a generator of tables is to be compared on images, or the other way round."""
    if config.privacy is not None:
        raise LaunderError(
            "expected no privacy.epsilon for an augmentation, found one, but its result holds the real rows; remove "
            "the section privacy"
        )
    checks.check_one(config, "an augmentation")
    source, kind = modalities.of(config).SOURCE, f"{config.modality}."
    if others := [name for name in (config.augment or Augmentation()).compare if not name.startswith(kind)]:
        raise LaunderError(
            f"expected generators to compare whose names begin with {kind!r} for {source}, found {others[0]}; leave "
            "it out"
        )


def check(frame: pd.DataFrame, config: RunConfig, folder: Path) -> pd.DataFrame:
    """Return the training rows with classes as their target; LaunderError for what cannot be augmented, or holds test
    rows.

    Test images are decoded into `folder`.
    """
    how, kind = config.augment or Augmentation(), rows.of(config.generator.name)
    target = _target(config)
    if taken := [name for name in MARK_COLUMNS if name in frame.columns]:
        raise LaunderError(
            f"expected no column {taken[0]!r} in the data, found one; rename it, the augmented table has its own"
        )
    if how.test is not None:
        compared = frame if kind.COMPARED is None else frame[list(kind.COMPARED)]
        _check_apart(compared, kind.read_test(config, how.test, frame, folder))
    frame = class_balance.binned(frame, target, how.bins)
    oversampling.classes_of(frame, target)
    class_balance.wanted(frame[target], how)
    return frame


def _target(config: RunConfig) -> str:
    """Return the column of classes; LaunderError where none is named."""
    target = rows.of(config.generator.name).target(config)
    if target is None:
        raise LaunderError("expected a target to augment by, found none; name its column with --target")
    return target


def _check_apart(frame: pd.DataFrame, test: pd.DataFrame) -> None:
    if missing := [name for name in frame.columns if name not in test.columns]:
        raise LaunderError(
            f"expected the columns of the training rows in the test rows too, found no {missing[0]!r}; give the same "
            "table"
        )
    if shared := int(np.isin(row_hashes(frame), row_hashes(test[list(frame.columns)])).sum()):
        raise LaunderError(
            f"expected no test row among the training rows, found {shared} that are equal to one; take them out"
        )


@step(
    reads=(*FITTING_KEYS, *CLASS_BALANCE_KEYS, *CROSS_VALIDATION_KEYS),
    runs=AUGMENTATION_CODE,
    needs=(*TABLE_LIBRARIES, *MODEL_LIBRARIES, "imbalanced-learn", "pillow"),
    aside=("progress",),
)
def cross_validate(
    place: Place, config: RunConfig, table: Result, schema: Result, progress: Progress | None = None
) -> Result:
    """Cross-validate the augmentation beside its baselines, from its last finished fold on; nothing where no
    repeats are asked for.
    """
    check_generators(config)
    how, kind = config.augment or Augmentation(), rows.of(config.generator.name)
    target = _target(config)
    known = Schema.from_dict(schema)
    frame, kinds = kind.for_learners(_rows(place, config, table), known, target), known.flat.kinds()
    groups = kind.groups(config, known, table)
    repeats = kind.REPEATS if how.repeats is None else how.repeats
    if not repeats:
        return {"cross_validation": None, "verdicts": []}
    names = dict.fromkeys((config.generator.name, *how.compare))
    candidates = {name: strategy(name, recipe_of(config, name), how, kinds, rows=len(frame)) for name in names}
    report = None if progress is None else partial(_tell, progress, time.monotonic())
    asked = {
        "kinds": kinds,
        "groups": groups,
        "folds": how.folds,
        "repeats": repeats,
        "seed": config.seed,
        **kind.cross_validation(frame),
    }
    found = cross_validation.cross_validate(
        frame, target, candidates, **asked, progress=report, finished=Finished(place.path("folds"))
    )
    path = place.path("cross_validation.json")
    write_json(path, plain(found.to_json()))
    verdicts = [verdict["sentence"] for verdict in found.verdicts()]
    return {"cross_validation": file_artifact(path), "verdicts": verdicts}


@step(reads=(), runs=(*COMMON_CODE, "evaluation/report", "evaluation/summaries"), needs=("jinja2", "matplotlib"))
def report(place: Place, config: RunConfig, cross_validation: Result) -> Result:
    """Write the report of the cross-validation."""
    with explained(place.path("report")):
        reports.write_augmentation(read_json(cross_validation["path"]), place.path("report"))
    return {"report": file_artifact(place.path("report"))}


class Finished(dict):
    """Outcomes of the runs of a cross-validation by number, kept as JSON files below `folder`, so that a killed one
    continues.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in sorted(folder.glob("[0-9]*.json")):
            super().__setitem__(int(path.stem), {name: StrategyRun.from_json(one) for name, one in read_json(path)})

    def __setitem__(self, number: int, outcomes: dict[str, StrategyRun]) -> None:
        write_json(self.folder / f"{number:04d}.json", [[name, one.to_json()] for name, one in outcomes.items()])
        super().__setitem__(number, outcomes)


def _tell(progress: Progress, began: float, done: int, total: int) -> None:
    progress({"step": done, "steps": total, "seconds": time.monotonic() - began})


def recipe_of(config: RunConfig, name: str) -> Recipe:
    """Return how the generator `name` is trained: with the configuration's options where it is the configuration's
    own.
    """
    options = config.generator.options if name == config.generator.name else {}
    open_ended = config.budget.steps is None and config.budget.minutes is None
    usual = rows.of(name).STEPS if open_ended else None
    steps = max(1, round(config.budget.share * usual)) if usual else config.budget.steps
    budget = Budget(steps, config.budget.minutes, config.budget.share)
    return Recipe(name, options, budget, (config.augment or Augmentation()).filter, config.device)


def strategy(
    name: str, recipe: Recipe, how: Augmentation, kinds: Mapping[str, str], *, rows: int | None = None
) -> Strategy:
    """Return the resampling of a training fold by a generator: as asked for, and for each multiple of the curve, from
    one fit.

    Counts are those of a table of `rows` rows, None for the fold's own.
    """

    def resample(
        train: pd.DataFrame, *, target: str, seed: int, groups: Groups | None = None, **_: Any
    ) -> dict[str, Resampled]:
        learned = oversampling.learn(train, target, recipe, kinds=kinds, groups=groups, seed=seed)
        labels = train[target]
        ways = {name: class_balance.wanted(labels, class_balance.in_fold(how, labels, rows or len(labels)))}
        ways |= {f"{name} x {factor:g}": class_balance.multiplied(sizes(labels), factor) for factor in how.curve}
        return {
            way: _enlarged(train, oversampling.draw(learned, counts, seed=seed), how, learned.seen)
            for way, counts in ways.items()
        }

    return resample


def sizes(labels: pd.Series) -> dict[Any, int]:
    """Return the rows of each class."""
    return {label: int(n) for label, n in labels.value_counts().items() if n}


def _enlarged(train: pd.DataFrame, added: Drawn, how: Augmentation, seen: np.ndarray) -> Resampled:
    weight = np.repeat([1.0, how.weight], [len(train), len(added.rows)])
    return Resampled(together(train, added.rows), seen, weight, added.mislabelled)


def together(train: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """Return real rows, then synthetic ones, each column in the dtype of the real ones."""
    columns = {
        name: pd.concat([train[name], added[name].astype(train[name].dtype)], ignore_index=True)
        for name in train.columns
    }
    return pd.DataFrame(columns)


@step(
    reads=(*FITTING_KEYS, *CLASS_BALANCE_KEYS, "publish.format"),
    runs=AUGMENTATION_CODE,
    needs=(*TABLE_LIBRARIES, *MODEL_LIBRARIES, "pillow"),
    aside=("progress",),
)
def enlarge(place: Place, config: RunConfig, table: Result, schema: Result, progress: Progress | None = None) -> Result:
    """Fit the generator to all training rows, and write real and synthetic ones with their marks."""
    how, kind = config.augment or Augmentation(), rows.of(config.generator.name)
    target = _target(config)
    train, recipe = _rows(place, config, table), recipe_of(config, config.generator.name)
    found = Schema.from_dict(schema)
    learned = oversampling.learn(
        train,
        target,
        recipe,
        kinds=found.kinds(),
        groups=kind.groups(config, found, table),
        seed=config.seed,
        progress=progress,
        checkpoint=place.path("checkpoint"),
    )
    added = oversampling.draw(learned, class_balance.wanted(train[target], how), seed=config.seed)
    synthetic = np.repeat([False, True], [len(train), len(added.rows)])
    marked = together(train, added.rows).assign(is_synthetic=synthetic, weight=np.where(synthetic, how.weight, 1.0))
    folder = place.path(AUGMENTED_FOLDER)
    data = kind.write(marked, folder, config.publish.format)
    return {"data": data, "real": len(train), "synthetic": len(added.rows), "mislabelled": added.mislabelled}


def _rows(place: Place, config: RunConfig, table: Result) -> pd.DataFrame:
    """Return the training rows, checked."""
    return check(rows.of(config.generator.name).read(table), config, place.path("test"))
