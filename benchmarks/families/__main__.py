"""Print what each family of generators for tables is good at, and what it costs, at several numbers of rows.

    python -m benchmarks.families --data ../shared/data/adult_train.csv --rows 500 5000

Each line is a fit with all defaults in a process of its own, on rows of the table; as many others are kept unseen.
Higher is better but in `loss attack`, `number error` and the costs:

detection     of drawn rows among unseen rows, by boosted trees (fidelity.detection): 1 is undetected; `given` is that
              of rows drawn under a condition, among the unseen rows that meet it, and `met` how many of them meet it
loss attack   AUC of the model's own loss, training against unseen rows: .5 tells nothing; `from rows` is the attack
              that sees the released rows alone (privacy.membership)
rare          rare labels that are drawn (diversity.rare); `distinct` as it is among real rows (diversity.distinct)
number error  30 % random gaps of unseen rows: error of the mean of ten draws over that of the column's mean; `rounded`
              likewise of means that are whole where the column is; `labels` is how often the most frequent of ten draws
              is right. Beside them an iterative imputer and boosted trees
fit, draw     CPU seconds to fit, and to draw 10,000 rows; `peak` is the largest memory of the process
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

import evaluation
import generators
from benchmarks.families import imputation
from generators.contract import Imputer

FAMILIES = "autoregressive", "diffusion", "gan", "autoencoder", "marginals"
DRAWN = 10_000  # rows whose drawing is timed
LEAST_MET = 100  # unseen rows that must meet a condition
HEADINGS = {
    "detection": "detection",
    "given": "given",
    "met": "met",
    "loss_attack": "loss attack",
    "from_rows": "from rows",
    "rare": "rare",
    "distinct": "distinct",
    "numbers": "number error",
    "rounded": "rounded",
    "labels": "labels",
    "fit": "fit s",
    "draw": "draw s",
    "peak": "peak MB",
}


def main() -> None:
    options = _options()
    if options.only:
        return print(json.dumps(_measured(options.data, options.rows[0], options.only, options.seed)))
    for rows in options.rows:
        table = Table("", *HEADINGS.values(), title=f"{options.data.stem}, {rows:,} rows", title_justify="left")
        for family in [*options.families, imputation.PEERS]:
            found = _apart(options, rows, family)
            table.add_row(family, *(_shown(found.get(key)) for key in HEADINGS))
        Console(width=150).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/adult_train.csv"))
    parser.add_argument("--rows", nargs="+", type=int, default=[500, 5000])
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    return parser.parse_args()


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 20 else f"{value:.3f}"


def _apart(options: argparse.Namespace, rows: int, family: str) -> dict[str, float]:
    """Measure a family in a process of its own."""
    words = ["--data", options.data, "--rows", rows, "--seed", options.seed, "--only", family]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.families", *map(str, words)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _measured(path: Path, rows: int, family: str, seed: int) -> dict[str, float]:
    table = pd.read_csv(path).sample(frac=1, random_state=rows + seed).reset_index(drop=True)
    rows = min(rows, len(table) // 2)
    train, unseen = table[:rows].reset_index(drop=True), table[rows : 2 * rows].reset_index(drop=True)
    if family == imputation.PEERS:
        return imputation.of_peers(train, unseen, seed)
    model, fitting = timed(lambda: generators.fit(train, f"tabular.{family}", seed=seed))
    synthetic, drawing = timed(lambda: model.sample(DRAWN, seed=seed))
    found = {"fit": fitting, "draw": drawing} | _scores(train, unseen, synthetic[:rows], seed)
    found |= _loss_attack(model, train, unseen) | _conditioned(model, train, unseen, seed)
    found |= imputation.of_model(model, train, unseen, seed) if isinstance(model, Imputer) else {}
    return found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def timed(call: Callable) -> tuple:
    began = time.process_time()
    return call(), time.process_time() - began


def _scores(train: pd.DataFrame, unseen: pd.DataFrame, synthetic: pd.DataFrame, seed: int) -> dict[str, float]:
    names = {
        "detection": "fidelity.detection",
        "rare": "diversity.rare",
        "distinct": "diversity.distinct",
        "from_rows": "privacy.membership",
    }
    scores = evaluation.score(train, unseen, synthetic, names=names.values(), seed=seed).scores
    return {key: scores[name].value for key, name in names.items() if scores[name].value is not None}


def _loss_attack(model: generators.Synthesizer, train: pd.DataFrame, unseen: pd.DataFrame) -> dict[str, float]:
    """How well the loss of a row tells whether the model has learnt from it: the AUC."""
    if not hasattr(model, "log_prob"):
        return {}
    known = np.r_[model.log_prob(train), model.log_prob(unseen)]
    return {"loss_attack": float(roc_auc_score(np.repeat([1, 0], [len(train), len(unseen)]), np.maximum(known, -1e9)))}


def _conditioned(
    model: generators.Synthesizer, train: pd.DataFrame, unseen: pd.DataFrame, seed: int
) -> dict[str, float]:
    """Draw under a condition on up to three labelled columns, chosen at random, that enough unseen rows meet."""
    labelled = [name for name in unseen if unseen[name].dtype == object and unseen[name].nunique() <= 20]
    columns = np.random.default_rng(seed).permutation(labelled)[:3]
    where: dict[str, str] = {}
    for name in columns:
        asked = where | {name: unseen[name].mode()[0]}
        where = asked if _meeting(unseen, asked).sum() >= LEAST_MET else where
    wanted, known = unseen[_meeting(unseen, where)], train[_meeting(train, where)]
    drawn = model.sample(len(wanted), seed=seed + 1, where=where)
    free = (frame.drop(columns=list(where)) for frame in (known, wanted, drawn))
    scores = evaluation.score(*free, names=["fidelity.detection"], seed=seed)
    return {"given": scores.scores["fidelity.detection"].value, "met": float(_meeting(drawn, where).mean())}


def _meeting(frame: pd.DataFrame, where: dict[str, str]) -> pd.Series:
    return (frame[list(where)] == pd.Series(where)).all(axis=1)


if __name__ == "__main__":
    main()
