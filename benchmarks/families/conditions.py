"""Print how hard rows are to detect that were drawn under a condition on three columns chosen at random.

    python -m benchmarks.families.conditions --data ../shared/data/adult_train.csv breast_cancer --triples 6

One fit of each family, all defaults but for --steps. Every row has a condition of its own: the three values of a row
that is neither learnt from nor compared with. `free` is what rows without a condition get (fidelity.detection among
unseen rows, 1 is undetected), `mean` is over the triples, of four draws each, for one is off by .02; `worst` is that of
the triple with the least, which is partly bad luck and so measured anew: it and `free` are of ten further draws. Rows
with a missing value are left out, for a condition is completed without any. A name in place of a file is that of a
table in benchmarks/release_rate.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
import generators
from benchmarks.release_rate.tables import TABLES
from generators.contract import Imputer

DRAWS, FURTHER_DRAWS, KNOWN = 4, 10, 3


def main() -> None:
    options = _options()
    shown = Table("table", "family", "free", "mean", "worst", "the worst three columns")
    for data in options.data:
        train, unseen, given = _parts(data, options.rows, options.seed)
        for family in options.families:
            budget = generators.Budget(steps=options.steps)
            model = generators.fit(train, f"tabular.{family}", seed=options.seed, budget=budget)
            *figures, worst = _measured(model, train, unseen, given, options)
            row = Path(data).stem, family, *(f"{figure:.3f}" for figure in figures), ", ".join(worst)
            print(*row, sep="\t", flush=True)
            shown.add_row(*row)
    Console(width=150).print(shown)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["../shared/data/adult_train.csv"])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--families", nargs="+", default=["diffusion"])
    parser.add_argument("--triples", type=int, default=6)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _parts(data: str, rows: int, seed: int) -> list[pd.DataFrame]:
    """Return rows to learn from, unseen ones to compare with, and as many that give conditions."""
    table = (TABLES[data][0]() if data in TABLES else pd.read_csv(data)).dropna()
    table = table.sample(frac=1, random_state=rows + seed)
    rows = min(rows, len(table) // 3)
    return [table[k * rows : (k + 1) * rows].reset_index(drop=True) for k in range(3)]


def _measured(
    model: generators.Synthesizer,
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    given: pd.DataFrame,
    options: argparse.Namespace,
) -> tuple[float, float, float, tuple[str, ...]]:
    """Return the detection of rows without a condition, mean and worst given three columns, and the worst three."""
    assert isinstance(model, Imputer)

    def detection(drawn: pd.DataFrame) -> float:
        scores = evaluation.score(train, unseen, drawn, names=["fidelity.detection"], seed=options.seed).scores
        return scores["fidelity.detection"].value or 0.0

    def conditioned(known: tuple[str, ...], seeds: range) -> float:
        gaps = given.mask(~given.columns.isin(known)[None].repeat(len(given), 0))
        return float(np.mean([detection(model.impute(gaps, seed=seed)) for seed in seeds]))

    seeds = range(options.seed, options.seed + DRAWS)
    further = range(seeds.stop, seeds.stop + FURTHER_DRAWS)
    free = float(np.mean([detection(model.sample(len(unseen), seed=seed)) for seed in further]))
    rng = np.random.default_rng(options.seed)
    triples = [tuple(sorted(rng.choice(list(given), KNOWN, replace=False))) for _ in range(options.triples)]
    found = {known: conditioned(known, seeds) for known in triples}
    worst = min(found, key=found.__getitem__)
    return free, float(np.mean(list(found.values()))), conditioned(worst, further), worst


if __name__ == "__main__":
    main()
