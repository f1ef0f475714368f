"""Print which family suits the smallest tables: real ones of some 75 to 125 rows, by which no family was chosen.

    python -m benchmarks.families.few_rows --shared ../shared --seeds 0 1

Each line is the mean over the seeds of fits with all defaults on one half of a table, the other half kept unseen:

unseen          1 - (2 AUC - 1) of boosted trees that tell drawn rows from unseen ones, of two draws: 1 is undetected
by loss         AUC of the model's own loss as an attack, training against unseen rows (.5 tells nothing)
fit             CPU seconds

`--shared` holds bench/frontier.py, whose trees share no code with this project.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

import generators
from benchmarks.families.__main__ import timed
from benchmarks.release_rate.tables import TABLES
from benchmarks.tabular import load

FAMILIES = "autoregressive", "diffusion", "marginals"  # those with a loss
NAMES = (
    "Pima.tr", "airquality", "birthwt", "ceosal1", "cpus", "crabs", "gpa1", "lawsch85", "survey", "tips", "veteran",
    "vote1",
)  # fmt: skip
HEADINGS = "unseen", "by loss", "fit"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--tables", nargs="+", default=list(NAMES))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    options = parser.parse_args()
    detection = load(options.shared / "bench" / "frontier.py").detection
    columns = [f"{family}, {heading}" for family in options.families for heading in HEADINGS]
    shown, means = Table("", "rows", *columns, title="fits on halves", title_justify="left"), []
    for name in options.tables:
        table = TABLES[name][0]()
        found = [
            np.mean([_figures(detection, table, family, seed) for seed in options.seeds], 0)
            for family in options.families
        ]
        means.append(np.concatenate(found))
        shown.add_row(name, str(len(table) // 2), *(f"{figure:.3f}" for figure in means[-1]))
    shown.add_row("mean", "", *(f"{figure:.3f}" for figure in np.mean(means, 0)))
    Console(width=200).print(shown)


def _figures(detection: Callable, table: pd.DataFrame, family: str, seed: int) -> list[float]:
    """Return the HEADINGS of one fit of a family."""
    rows = len(table) // 2
    mixed = table.sample(frac=1, random_state=seed).reset_index(drop=True)
    train, unseen = (part.reset_index(drop=True) for part in (mixed[:rows], mixed[rows : 2 * rows]))
    model, seconds = timed(lambda: generators.fit(train, f"tabular.{family}", seed=seed))
    told = np.maximum(np.r_[model.log_prob(train), model.log_prob(unseen)], -1e9)
    labels = unseen.select_dtypes("object")
    unseen[labels.columns] = labels.where(labels.notna(), None)  # as drawn rows say that one is missing
    drawn = [detection(unseen, model.sample(rows, seed=seed + k)) for k in range(2)]
    return [float(np.mean(drawn)), float(roc_auc_score(np.repeat([1, 0], rows), told)), seconds]


if __name__ == "__main__":
    main()
