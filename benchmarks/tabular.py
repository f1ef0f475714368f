"""Train generators on tables under a time budget and print their figures beside those of peers.

    python benchmarks/tabular.py --shared ../shared --data adult shoppers --minutes 2
    python benchmarks/tabular.py --minutes 0.15 --peers tabularargn --peers-python ../peers/bin/python

`--shared` holds bench/score_tabular.py (an independent scorer; needs xgboost for its strongest test) and data/. Each
fit and each sample is a command of its own, as a user would run it, so that its memory and time are its own too.
`--peers` runs peers side by side (peers/training.py), in the environment whose python is named; the other peers'
figures are quoted from peers.json.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import pandas as pd
from rich.console import Console
from rich.table import Table

PEERS = Path(__file__).parent / "peers" / "peers.json"  # published and measured elsewhere, with the source of each
# a small process of its own starts the command: Linux counts what the starting process holds as a peak of the started
# one
METER = """
import os, subprocess, sys
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:]).pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
FIGURES = {  # key of the scorer: heading
    "shape_error_pct": "shape %",
    "trend_error_pct": "trend %",
    "c2st_xgb": "C2ST-XGB",
    "c2st_gbt_auc": "trees AUC",
    "beta_recall": "beta-recall",
    "utility": "utility %",
    "dcr_share_train": "DCR share",
    "copies_pct": "copies %",
    "fit_seconds": "fit s",
    "sample_seconds": "sample s",
    "peak_mb": "peak MB",
}


def main() -> None:
    options = _options()
    scorer = load(options.shared / "bench" / "score_tabular.py")
    print(
        f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; the scorer itself is not timed"
    )
    for data in options.data:
        rows = [
            (name, _median([_one(scorer, options, data, name, seed) for seed in options.seeds]))
            for name in options.generators
        ]
        rows += [
            (name, _median([_peer(scorer, options, data, name, seed) for seed in options.seeds]))
            for name in options.peers
        ]
        if options.save:
            _save(options.save, data, dict(rows))
        _print(
            f"{data}, --minutes {options.minutes:g}, median of {len(options.seeds)} seed(s)",
            rows + list(json.loads(PEERS.read_text()).get(data, {}).items()),
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult"])
    parser.add_argument("--generators", nargs="+", default=["tabular.autoregressive"])
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--save", type=Path, help="a JSON file that takes the medians, which benchmarks/families/drawing.py draws"
    )
    parser.add_argument("--peers", nargs="+", choices=["tabularargn", "ctgan", "tvae"], default=[])
    parser.add_argument("--peers-python", type=Path, help="the python of the environment that holds the peers")
    options = parser.parse_args()
    if options.peers and not options.peers_python:
        parser.error("--peers needs --peers-python")
    return options


def load(path: Path) -> ModuleType:
    """Import a script of an independent scorer, which lies in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _one(scorer: ModuleType, options: argparse.Namespace, data: str, generator: str, seed: int) -> dict[str, float]:
    """Fit, sample and score one of our generators: figures by key."""
    launder = Path(sys.executable).with_name("launder")
    with tempfile.TemporaryDirectory() as folder:
        model, rows = f"{folder}/model", f"{folder}/synthetic.csv"
        train = options.shared / "data" / f"{data}_train.csv"
        fit = [
            launder,
            "fit",
            train,
            "--generator",
            generator,
            "--model",
            model,
            "--minutes",
            options.minutes,
            "--seed",
            seed,
        ]
        fit_seconds, fit_peak, _ = _measured(fit)
        sample = [launder, "sample", model, "--rows", len(pd.read_csv(train)), "--output", rows, "--seed", seed]
        sample_seconds, sample_peak, _ = _measured(sample)
        cost = {"fit_seconds": fit_seconds, "sample_seconds": sample_seconds, "peak_mb": max(fit_peak, sample_peak)}
        return _scores(scorer, options, data, rows) | cost


def _peer(scorer: ModuleType, options: argparse.Namespace, data: str, peer: str, seed: int) -> dict[str, float]:
    """Fit, sample and score a peer: figures by key."""
    with tempfile.TemporaryDirectory() as folder:
        train, rows = options.shared / "data" / f"{data}_train.csv", f"{folder}/synthetic.csv"
        program = Path(__file__).parent / "peers" / "training.py"
        _, peak, told = _measured([options.peers_python, program, peer, train, rows, len(pd.read_csv(train)), seed])
        return _scores(scorer, options, data, rows) | json.loads(told.splitlines()[-1]) | {"peak_mb": peak}


def _scores(scorer: ModuleType, options: argparse.Namespace, data: str, rows: str) -> dict[str, float]:
    source = options.shared / "data"
    train, test = (pd.read_csv(source / f"{data}_{part}.csv", na_values="?") for part in ("train", "test"))
    scores = scorer.score(
        json.loads((source / f"{data}.json").read_text()), train, test, pd.read_csv(rows, na_values="?")
    )
    return scores | {"utility": 100 * scores["mle"] / scores["mle_real"]}


def _measured(command: list) -> tuple[float, float, str]:
    """Run a command: wall-clock seconds, peak memory in MB, what it printed."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", METER, *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the command failed: {' '.join(map(str, command))}\n{done.stderr}")
    told, _, peak = done.stdout.rstrip().rpartition("\n")
    return time.monotonic() - started, float(peak) / 1024, told


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {
        key: statistics.median(run[key] for run in runs)
        for key in FIGURES
        if all(isinstance(run.get(key), int | float) for run in runs)
    }


def _save(path: Path, data: str, rows: dict[str, dict[str, float]]) -> None:
    saved = json.loads(path.read_text()) if path.exists() else {}
    saved[data] = saved.get(data, {}) | {
        name: {key: round(value, 3) for key, value in row.items()} for name, row in rows.items()
    }
    path.write_text(json.dumps(saved, indent=1) + "\n")


def _print(title: str, rows: list[tuple[str, dict]]) -> None:
    table = Table("", *FIGURES.values(), title=title, title_justify="left")
    for name, figures in rows:
        table.add_row(name, *(_cell(figures.get(key)) for key in FIGURES))
    Console(width=170).print(table)


def _cell(value: float | None) -> str:
    return (
        "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.3f}"
    )


if __name__ == "__main__":
    main()
