"""Print how hard rows of `tabular.diffusion` are to detect by the number of steps in which they are drawn.

    python -m benchmarks.families.steps --data ../shared/data/adult_train.csv --rows 2000 --steps 2 5 10 20 50 100

One fit with all defaults; of every number of steps two draws are compared with unseen rows (fidelity.detection: 1 is
undetected), and 10,000 rows are timed. A row has no more steps than tokens: beyond, they are revealed one at a time.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
import generators
from benchmarks.families.__main__ import DRAWN, timed
from generators.tabular.diffusion import Diffusion

DRAWS = 2


def main() -> None:
    options = _options()
    table = pd.read_csv(options.data).sample(frac=1, random_state=options.rows + options.seed).reset_index(drop=True)
    rows = min(options.rows, len(table) // 2)
    train, unseen = table[:rows].reset_index(drop=True), table[rows : 2 * rows].reset_index(drop=True)
    model = generators.fit(train, "tabular.diffusion", seed=options.seed)
    assert isinstance(model, Diffusion)
    shown = Table("steps", "detection", "draw s", title=f"{options.data.stem}, {rows:,} rows", title_justify="left")
    for steps in options.steps:
        detection, seconds = _measured(model, steps, train, unseen, options.seed)
        shown.add_row(str(steps), f"{detection:.3f}", f"{seconds:.1f}")
    Console(width=100).print(shown)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/adult_train.csv"))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--steps", nargs="+", type=int, default=[2, 5, 10, 20, 50, 100])
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _measured(
    model: Diffusion, steps: int, train: pd.DataFrame, unseen: pd.DataFrame, seed: int
) -> tuple[float, float]:
    """Return the mean detection of the draws, and the seconds that DRAWN rows take."""
    model = replace(model, config=replace(model.config, sampling_steps=steps))
    found = []
    for draw in range(DRAWS):
        drawn = model.sample(len(train), seed=seed + draw)
        scores = evaluation.score(train, unseen, drawn, names=["fidelity.detection"], seed=seed).scores
        found.append(scores["fidelity.detection"].value or 0.0)
    return float(np.mean(found)), timed(lambda: model.sample(DRAWN, seed=seed))[1]


if __name__ == "__main__":
    main()
