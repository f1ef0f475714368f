"""Run anonymeter's attacks on the tables of a folder; disclosure.py starts this with the Python of an environment that
holds it.

    PYTHON anonymeter_peer.py FOLDER

FOLDER holds task.json (tables, halves, attacks, columns, neighbours, seed) and NAME.csv for train, holdout and each
table. Prints {table: {attack: [risk, low, high]}} as JSON.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from anonymeter.evaluators import LinkabilityEvaluator, SinglingOutEvaluator


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    real = [pd.read_csv(folder / f"{name}.csv", keep_default_na=False) for name in ("train", "holdout")]
    print(
        json.dumps(
            {
                name: _attacked(*real, pd.read_csv(folder / f"{name}.csv", keep_default_na=False), task)
                for name in task["tables"]
            }
        )
    )


def _attacked(train: pd.DataFrame, holdout: pd.DataFrame, released: pd.DataFrame, task: dict) -> dict[str, list[float]]:
    np.random.seed(task["seed"])  # linkability draws its targets by the global state
    common = {"ori": train, "syn": released, "control": holdout}
    single = SinglingOutEvaluator(**common, n_attacks=task["attacks"], n_cols=task["columns"], seed=task["seed"])
    link = LinkabilityEvaluator(
        **common, n_attacks=task["attacks"], aux_cols=tuple(task["halves"]), n_neighbors=task["neighbours"]
    )
    risks = {"singling_out": single.evaluate(mode="multivariate").risk(), "linkability": link.evaluate(n_jobs=1).risk()}
    return {attack: [risk.value, *risk.ci] for attack, risk in risks.items()}


if __name__ == "__main__":
    main()
