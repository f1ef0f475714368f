"""Compare singling out and linkability with anonymeter's, on the same tables: the same attacks by other hands.

    python -m benchmarks.attacks.disclosure --shared ../shared --data adult --anonymeter OTHER/bin/python

`--anonymeter` names the Python of an environment with anonymeter (pip install anonymeter), which needs older libraries
than this project. Both attack as many training rows as holdout rows, with 1,000 guesses, and report (r - c) / (1 - c)
with 95 % intervals. What is not the same: anonymeter's predicates always use `--columns` columns, ours as few as single
out; anonymeter's nearest rows are those of a Gower distance, ours of encoded rows; anonymeter's rates are Wilson's
centres, so that its risk of a full copy is a little below 1.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.evaluation import cut, pooled
from evaluation import privacy, samples
from evaluation.attacks import disclosure
from evaluation.calibration import tables
from evaluation.samples import Samples

PEER = Path(__file__).parents[1] / "peers" / "anonymeter.py"
ATTACKS = "singling_out", "linkability"
Risk = list[float]  # value, low, high


def main() -> None:
    options = _options()
    for data in options.data:
        train, holdout, released = _tables(options, data)
        compared = {name: samples.make(train, holdout, table) for name, table in released.items()}
        ours = {name: _ours(made, options.seed) for name, made in compared.items()}
        theirs = _theirs(
            options, train, holdout, released, disclosure.halves(next(iter(compared.values())), options.seed)
        )
        table = Table(
            "table",
            "attack",
            "ours",
            "anonymeter",
            "intervals meet",
            title=f"{data}, {len(train):,} rows",
            title_justify="left",
        )
        for name in released:
            for attack in ATTACKS:
                pair = ours[name][attack], theirs[name][attack]
                table.add_row(name, attack.replace("_", " "), *map(_risk, pair), "yes" if _meet(*pair) else "NO")
        Console(width=140).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult"])
    parser.add_argument("--anonymeter", required=True, metavar="PYTHON")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=4, help="of anonymeter's predicates")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _tables(options: argparse.Namespace, data: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame]]:
    """Training rows, holdout rows and released tables without missing values, which the two treat differently."""
    frame, _ = pooled(options.shared, data, options.seed)
    frame = frame.dropna()
    train, holdout, fresh = cut(frame, *[min(options.rows, len(frame) // 3)] * 3)
    rng = np.random.default_rng(options.seed)
    half = tables.planted(fresh, train.sample(frac=0.5, random_state=options.seed), rng).reset_index(drop=True)
    return train, holdout, tables.tables(train, fresh, seed=options.seed) | {"half of training rows planted": half}


def _ours(compared: Samples, seed: int) -> dict[str, Risk]:
    scores = {attack: getattr(privacy, attack)(compared, seed=seed) for attack in ATTACKS}
    return {attack: [score.value, score.low, score.high] for attack, score in scores.items()}


def _theirs(options: argparse.Namespace, train, holdout, released: dict, halves: list) -> dict[str, dict[str, Risk]]:
    """Write the tables where anonymeter can read them, and run it."""
    task = {
        "tables": list(released),
        "halves": [list(half) for half in halves],
        "attacks": len(train),
        "columns": options.columns,
        "neighbours": disclosure.LINKED,
        "seed": options.seed,
    }
    with tempfile.TemporaryDirectory() as place:
        for name, table in {"train": train, "holdout": holdout, **released}.items():
            table.to_csv(Path(place, f"{name}.csv"), index=False)
        Path(place, "task.json").write_text(json.dumps(task))
        done = subprocess.run([options.anonymeter, str(PEER), place], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"expected anonymeter to run in {options.anonymeter}, found: {done.stderr.strip().splitlines()[-1]}"
        )
    return json.loads(done.stdout)


def _meet(one: Risk, other: Risk) -> bool:
    return one[1] <= other[2] and other[1] <= one[2]


def _risk(risk: Risk) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*risk)


if __name__ == "__main__":
    main()
