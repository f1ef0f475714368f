"""Generators of images on scikit-learn's digits and on Fashion-MNIST: one table each.

    python -m benchmarks.images --data digits --minutes 3
    python -m benchmarks.images --data fashion --minutes 15 --images 10000 --scorer ../shared/bench/score_images.py

Digits (8 x 8, a fifth held out) are judged by this project's own evaluation. Fashion-MNIST is Debian's package
dataset-fashion-mnist; its synthetic images are judged by an independent scorer, whose weights lie beside it. `real`
stands for real images in place of synthetic ones: what held-out images reach on digits, what 10,000 training images
reach on Fashion-MNIST.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import evaluation
import generators
from benchmarks.images.collections import digits, fashion
from generators import Budget, Images

NAMES = tuple(name for name in generators.names() if name.startswith("image."))
OWN = "accuracy", "agreement", "coverage", "recall", "precision", "frechet", "copies", "membership"
SCORED = "cas", "fd", "precision", "recall", "density", "coverage", "label_accuracy", "copies_pct"
COST = "steps", "fit s", "draw s", "bits/dim"


def main() -> None:
    options = _options()
    train, held = digits() if options.data == "digits" else fashion()
    shown = OWN if options.data == "digits" else SCORED
    title = f"{options.data}: {len(train):,} images of {train.pixels.shape[1]} x {train.pixels.shape[2]}, "
    title += f"{options.steps:,} steps each" if options.steps else f"{options.minutes:g} minutes each"
    table = Table("", *shown, *COST, title=title, title_justify="left")
    for name in options.generators:
        drawn, cost = _fitted(name, train, options)
        found, real = _own(train, held, drawn) if options.data == "digits" else _independent(drawn, options.scorer)
        table.add_row(name, *(_figure(found[key]) for key in shown), *(_figure(cost[key]) for key in COST))
        Console(width=150).print(table)
    table.add_row("real", *(_figure(real.get(key, math.nan)) for key in shown), *("-" for _ in COST))
    Console(width=150).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("digits", "fashion"), default="digits")
    parser.add_argument("--generators", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--steps", type=int, default=None, help="train for so many steps instead")
    parser.add_argument(
        "--images", type=int, default=None, help="how many to draw; as many as were trained on where absent"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scorer", type=Path, default=Path("../shared/bench/score_images.py"))
    return parser.parse_args()


def _fitted(name: str, train: Images, options: argparse.Namespace) -> tuple[Images, dict[str, float]]:
    started = time.monotonic()
    budget = Budget(steps=options.steps) if options.steps else Budget(minutes=options.minutes)
    model = generators.fit(train, name, budget=budget, seed=options.seed)
    fitted = time.monotonic()
    drawn = model.sample(options.images or len(train), seed=options.seed)
    record = model.record
    cost = {"steps": record["steps"], "fit s": fitted - started, "draw s": time.monotonic() - fitted}
    return drawn, cost | {"bits/dim": record.get("bits_per_dimension", math.nan)}


def _own(train: Images, held: Images, drawn: Images) -> tuple[dict[str, float], dict[str, float]]:
    sides = ((side.pixels, side.labels) for side in (train, held, drawn))
    scores = evaluation.score_images(*sides, names=[f"image.{name}" for name in OWN]).scores
    return {name: scores[f"image.{name}"].value for name in OWN}, {
        name: scores[f"image.{name}"].ceiling for name in OWN
    }


def _independent(drawn: Images, scorer: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Judge by the independent scorer, a process of its own; of real images only what it prints beside is known."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.npz"
        np.savez(path, images=drawn.pixels[..., 0], labels=drawn.labels)
        command = [sys.executable, str(scorer), str(path), str(scorer.with_name("fashion_features.pt"))]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found, {"cas": found["cas_real"], "fd": found["fd_floor"]}


def _figure(value: float) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    main()
