"""Images under a privacy budget: what a classifier that was trained on synthetic images knows of real ones.

    python -m benchmarks.privacy.images --data fashion --epsilon 1 3 10 --without
    python -m benchmarks.privacy.images --data digits --epsilon 1 3 10 --without

Fashion-MNIST (60,000 images; Debian's package dataset-fashion-mnist) or scikit-learn's digits (1,437), the labels
stated. All figures are this project's own metrics, with at most as many images as `--judged` on each side; in brackets
what unseen real images reach. Steps of a classifier and of a generator network are the defaults.
"""

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.images import collections
from launderette import evaluation, generators
from launderette.generators import Images, Privacy
from launderette.generators.privacy.ledger import Ledger

DELTA = {"fashion": 1e-5, "digits": 1e-4}  # below one in as many images as there are
METRICS = "accuracy", "agreement", "precision", "coverage", "distinct", "vendi"
FPR = 0.01
QUOTED = [("DP-MERF, epsilon 10 (quoted, Fashion-MNIST)", 0.622), ("DPDM, epsilon 10, a GPU (quoted, likewise)", 0.856)]


def main() -> None:
    options = _options()
    read = collections.fashion if options.data == "fashion" else collections.digits
    train, held = ((Images(s.pixels, np.asarray(s.labels).astype("int64"))) for s in read())
    table = Table("", *METRICS, "fit s", "epsilon", "TPR at 1 %", title=f"{options.data}: {len(train):,} images")
    for epsilon in [*options.epsilon, *([None] if options.without else [])]:
        found, ceiling, cost = _judged(train, held, epsilon, options)
        shown = (
            f"{found[name]:.3f} ({ceiling[name]:.3f})" if name in ceiling else f"{found[name]:.3f}" for name in METRICS
        )
        table.add_row("no budget" if epsilon is None else f"epsilon {epsilon:g}", *shown, *cost)
        Console(width=150).print(table)
    for name, accuracy in QUOTED if options.data == "fashion" else []:
        table.add_row(name, f"{accuracy:.3f}", *("-" for _ in range(len(METRICS) + 2)))
    Console(width=150).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("fashion", "digits"), default="fashion")
    parser.add_argument("--generator", default="image.mean_embedding")
    parser.add_argument("--epsilon", type=float, nargs="*", default=[1.0, 3.0, 10.0])
    parser.add_argument("--without", action="store_true", help="also without a budget")
    parser.add_argument("--judged", type=int, default=5000)
    return parser.parse_args()


def _judged(
    train: Images, held: Images, epsilon: float | None, options: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float], tuple[str, ...]]:
    """Return the scores of synthetic images, those of unseen ones, and what they cost."""
    labels = {"label": {"kind": "categorical", "categories": sorted(set(train.labels.tolist()))}}
    privacy = None if epsilon is None else Privacy(epsilon, DELTA[options.data], labels)
    started = time.process_time()
    model = generators.fit(train, options.generator, privacy=privacy)
    seconds, count = time.process_time() - started, min(options.judged, len(train))
    drawn = model.sample(count, seed=1)
    sides = [
        (one.pixels, one.labels)
        for one in (train.take(np.arange(count)), held.take(np.arange(min(count, len(held)))), drawn)
    ]
    scores = evaluation.score_images(*sides, names=[f"image.{name}" for name in METRICS]).scores
    found = {name: scores[f"image.{name}"].value for name in METRICS}
    ceiling = {name: scores[f"image.{name}"].ceiling for name in METRICS if scores[f"image.{name}"].ceiling is not None}
    spent = ("-", "-")
    if epsilon is not None:
        ledger = Ledger.from_dict(model.record["ledger"])
        spent = f"{ledger.epsilon:.3f}", f"{ledger.largest_tpr(FPR):.3f}"
    return found, ceiling, (f"{seconds:.1f}", *spent)


if __name__ == "__main__":
    main()
