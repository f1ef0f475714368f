"""Judge the evaluation itself: tables with one known flaw each, the default gate's verdict, and what recognised them.

    python -m benchmarks.evaluation --shared ../shared --data adult shoppers --seeds 0 1 2

`--shared` holds data/NAME_train.csv, NAME_test.csv and NAME.json (its target). Both files are pooled and drawn anew by each seed:
`--rows` for training, as many for the holdout and as many fresh ones, that the flawed tables are made of.
"""

import argparse
import json
import time
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
from evaluation import calibration
from pipelines import gate

SHOWN = {
    "fidelity.shape": "shape",
    "fidelity.trend": "trend",
    "utility.target": "utility",
    "diversity.coverage": "coverage",
    "diversity.distinct": "distinct",
    "privacy.copies": "copies",
    "privacy.nearest_record": "DCR share",
    "privacy.membership": "membership",
    "privacy.membership_vulnerable": "isolated",
}


def main() -> None:
    options = _options()
    wrong = 0
    for data in options.data:
        for seed in options.seeds:
            wrong += _print(f"{data}, {options.rows:,} rows, seed {seed}", _judged(options, data, seed))
    if wrong:
        raise SystemExit(f"{wrong} table(s) were judged wrongly")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult", "shoppers"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", type=int, default=5000)
    return parser.parse_args()


def _judged(options: argparse.Namespace, data: str, seed: int):
    """Yield (flaw, report, reasons, seconds) for each flawed table."""
    source = options.shared / "data"
    target = json.loads((source / f"{data}.json").read_text())["target"]
    pooled = pd.concat([pd.read_csv(source / f"{data}_{part}.csv", na_values="?") for part in ("train", "test")], ignore_index=True)
    pooled = pooled.sample(frac=1, random_state=seed).reset_index(drop=True)
    size = min(options.rows, len(pooled) // 3)
    train, holdout, fresh = (pooled[size * i : size * (i + 1)].reset_index(drop=True) for i in range(3))
    for flaw, table in calibration.tables(train, fresh, seed=seed).items():
        started = time.monotonic()
        report = evaluation.score(train, holdout, table, target=target, seed=seed)
        yield flaw, report, gate.decide(report, gate.DEFAULT_RULES, "0" * 64).reasons, time.monotonic() - started


def _print(title: str, judged) -> int:
    """Print one row per flawed table, refused scores in brackets; return how many verdicts were wrong."""
    table = Table("table", *SHOWN.values(), "s", "refused by", "right", title=title, title_justify="left")
    wrong = 0
    for flaw, report, reasons, seconds in judged:
        refused = {reason["score"] for reason in reasons if not reason["passed"]}
        sections = sorted({name.split(".")[0] for name in refused})
        section = calibration.FLAWS[flaw]
        right = section in sections if section else not sections
        wrong += not right
        cells = [_cell(report.scores[name].value, name in refused) for name in SHOWN]
        table.add_row(flaw, *cells, f"{seconds:.0f}", ", ".join(sections) or "nobody", "yes" if right else "NO")
    Console(width=190).print(table)
    return wrong


def _cell(value: float | None, refused: bool) -> str:
    text = "-" if value is None else f"{value:.3f}"
    return f"({text})" if refused else text


if __name__ == "__main__":
    main()
