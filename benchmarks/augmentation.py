"""Does augmentation help? Small and large training sets, our generators beside class weights, random oversampling and
SMOTE-NC.

    python -m benchmarks.augmentation --shared ../shared --settings shoppers:0.01 adult:0.05 digits:0.2 shoppers:1

    python -m benchmarks.augmentation --shared ../shared --settings adult:0.01 --generators tabular.gan
    tabular.diffusion

A setting is a table, or the images of digits, and the share of its rows to learn from. Below 1, up to eight disjoint
training sets of that size are drawn and tested on one fold of a quarter of the table, so that the runs share no
training row; at 1 it is cross-validation, five folds twice. Each figure is the mean over boosted trees, logistic
regression and a perceptron (of images: a convolutional network and logistic regression), with a 95 % interval of the
paired differences. A share that leaves a class without two rows in every training set is told, not drawn.
`--shared` holds data/ with Adult and Shoppers; breast cancer and digits ship with scikit-learn.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn import datasets

from evaluation.augmentation import resampling
from evaluation.augmentation.cross_validation import cross_validate
from evaluation.augmentation.gains import VERDICT_MEASURE, CrossValidation, Gain
from evaluation.models import image_classifiers
from evaluation.report import plain
from evaluation.scores import EvaluationError
from generators import Budget
from generators.data.images import IMAGE_COLUMN, LABEL_COLUMN
from generators.data.inference import infer
from pipelines.augment import image_rows
from pipelines.augment import steps as augmenting
from pipelines.augment.oversampling import Recipe
from pipelines.config.augmentation import Augmentation

TARGETS = {"adult": "income", "shoppers": "Revenue"}
SETTINGS = (
    "adult:0.01", "adult:0.05", "adult:0.2", "shoppers:0.01", "shoppers:0.05", "shoppers:0.2",
    "cancer:0.01", "cancer:0.05", "cancer:0.2", "digits:0.01", "digits:0.05", "digits:0.2",
)  # fmt: skip
BAR = 0.02  # that the mean gain over no augmentation has to reach


def main() -> None:
    options = _options()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found = {}
    for setting in options.settings:
        started = time.monotonic()
        try:
            found[setting] = _one(options, *setting.split(":"))
        except EvaluationError as error:
            print(f"{setting}: not measured; {error}", flush=True)
            continue
        print(f"{setting}: {time.monotonic() - started:.0f} s", flush=True)
        if options.json:
            options.json.write_text(json.dumps({name: plain(one.to_json()) for name, one in found.items()}, indent=1))
    for kind, title in (("row", "tables"), ("image", "images")):
        if of_kind := {name: one for name, one in found.items() if one.unit == kind}:
            _print(of_kind, title)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), metavar="TABLE:SHARE")
    parser.add_argument("--generators", nargs="+", default=["tabular.autoregressive", "image.diffusion"])
    parser.add_argument("--json", type=Path, help="write every score and gain there")
    parser.add_argument("--runs", type=int, default=8, help="training sets below a share of 1, at most")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _one(options: argparse.Namespace, name: str, share: str) -> CrossValidation:
    frame, target = _images() if name == "digits" else _table(options.shared, name)
    inferred = infer(frame.drop(columns=IMAGE_COLUMN, errors="ignore")).kinds()
    kinds = {column: kind for column, kind in inferred.items() if column != target}
    recipes = _recipes(options, name)
    candidates = {
        recipe.generator: augmenting.strategy(recipe.generator, recipe, Augmentation(), kinds) for recipe in recipes
    }
    how = {"kinds": kinds, "seed": options.seed}
    if name == "digits":
        how |= {"learners": image_classifiers.learners(10), "baselines": resampling.OF_IMAGES, "unit": "image"}
    if float(share) == 1:
        return cross_validate(frame, target, candidates, **how)
    rows = round(float(share) * len(frame))
    return cross_validate(frame, target, candidates, folds=4, repeats=-(-options.runs // 4), rows=rows, **how)


def _recipes(options: argparse.Namespace, name: str) -> list[Recipe]:
    """How the generators that suit the data are trained."""
    kind, steps = ("image.", image_rows.STEPS) if name == "digits" else ("tabular.", None)
    return [
        Recipe(generator, budget=Budget(steps=steps)) for generator in options.generators if generator.startswith(kind)
    ]


def _images() -> tuple[pd.DataFrame, str]:
    bunch = datasets.load_digits()
    pixels = np.round(bunch.images * 255 / bunch.images.max()).astype(np.uint8)[..., None]
    return pd.DataFrame({IMAGE_COLUMN: list(pixels), LABEL_COLUMN: bunch.target}), LABEL_COLUMN


def _table(shared: Path, name: str) -> tuple[pd.DataFrame, str]:
    if name == "cancer":
        bunch = datasets.load_breast_cancer(as_frame=True)
        return bunch.data.assign(label=np.array(bunch.target_names)[bunch.target].astype(str)), "label"
    parts = [pd.read_csv(shared / "data" / f"{name}_{part}.csv", na_values="?") for part in ("train", "test")]
    return pd.concat(parts, ignore_index=True), TARGETS[name]


def _print(found: dict[str, CrossValidation], title: str) -> None:
    first = next(iter(found.values()))
    ours, others = first.candidates, first.baselines[1:]
    heads = [text for name in ours for text in (f"{name} over none", "over the best baseline")]
    said = f"{title}, {VERDICT_MEASURE}: no augmentation, and gains over it"
    table = Table("setting", "runs", "none", *others, *heads, title=said, title_justify="left")
    for setting, one in found.items():
        cells = [_gain(one.gain(other, "none")) for other in others]
        for name in ours:
            best = one.best_baseline()
            cells += [_gain(one.gain(name, "none")), f"{_gain(one.gain(name, best))} {best}"]
        table.add_row(setting, str(len(one.runs("none"))), f"{one.runs('none').mean():.3f}", *cells)
    console = Console(width=190)
    console.print(table)
    for name in ours:
        console.print(_summary(found, name), markup=False, soft_wrap=True)


def _gain(gain: Gain) -> str:
    """The gain and half of its interval; * where the interval does not hold zero."""
    return f"{gain.value:+.3f} ± {(gain.high - gain.low) / 2:.3f}{'' if gain.verdict == 'no gain' else ' *'}"


def _summary(found: dict[str, CrossValidation], name: str) -> str:
    """What is asked of a generator, with what was found, on the mean of the settings."""
    smote = next(other for other in next(iter(found.values())).baselines if other.startswith("SMOTE"))
    over = {other: np.mean([one.gain(name, other).value for one in found.values()]) for other in ("none", smote)}
    best = [one.gain(name, one.best_baseline()).verdict for one in found.values()]
    said = "reached" if over["none"] >= BAR and over[smote] >= 0 else "not reached"
    means = f"{over['none']:+.3f} over none (asked: {BAR:+.3f}), {over[smote]:+.3f} over {smote} (asked: +0.000)"
    counts = ", ".join(f"{best.count(word)} {word}" for word in ("gain", "no gain", "harm"))
    return f"{name}, mean of {len(found)} settings: {means}: {said}; against the best baseline: {counts}"


if __name__ == "__main__":
    main()
