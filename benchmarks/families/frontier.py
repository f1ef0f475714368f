"""Print where each family of generators for tables stands between remembering its rows and generalising from them.

    python -m benchmarks.families.frontier --data adult shoppers --rows 500 2000 --seeds 0 1 --save docs/frontier.json
    python -m benchmarks.families.frontier --peers tabularargn ctgan tvae --peers-python ../peers/bin/python

Each line is the mean over the seeds of fits with all defaults, on rows of a table; as many others are kept unseen.

by loss, TPR    AUC of the model's own loss as an attack, training against unseen rows (.5 tells nothing), and the share
                of training rows that it recognises at 1 % false alarms (.01 tells nothing)
by rows         AUC of the strongest attack that sees the released rows alone, chosen with the truth at hand among
                benchmarks/attacks/battery.py's; of releases that tell nothing it is about .53
unseen          1 - (2 AUC - 1) of boosted trees that tell released rows from unseen ones: 1 is undetected
train           the same against training rows: it praises what is learnt by heart, and is no measure of fidelity

`--shared` holds bench/frontier.py, whose trees share no code with this project, and data/. `--save` keeps the figures
for benchmarks/families/drawing.py. Peers run in the environment whose python is named (benchmarks/peers/training.py).
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

import generators
from benchmarks.attacks.battery import ALARMS, battery
from benchmarks.families.__main__ import FAMILIES
from benchmarks.peers import training
from benchmarks.tabular import load
from evaluation.calibration.population import Case

HEADINGS = {"loss": "by loss", "tpr": "TPR", "released": "by rows", "unseen": "unseen", "train": "train"}
Release = tuple[pd.DataFrame, dict[str, float]]  # released rows, and what the model's loss gives away
Releasing = Callable[[pd.DataFrame, pd.DataFrame, int], Release]  # training rows, unseen rows, seed


def main() -> None:
    options = _options()
    detection = load(options.shared / "bench" / "frontier.py").detection
    for data in options.data:
        whole = pd.read_csv(options.shared / "data" / f"{data}_train.csv")
        for rows in options.rows:
            found = {}
            for name, releasing in _chosen(options).items():
                found[name] = _point(detection, whole, rows, releasing, options.seeds)
                print(data, rows, name, found[name], flush=True)
                if options.save:
                    _save(options.save, data, rows, found)
            _print(f"{data}, {rows:,} rows, mean of {len(options.seeds)} seed(s)", found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult", "shoppers"])
    parser.add_argument("--rows", nargs="+", type=int, default=[500, 2000])
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--save", type=Path, help="a JSON file that takes the means")
    parser.add_argument("--peers", nargs="+", choices=list(training.PEERS), default=[])
    parser.add_argument("--peers-python", type=Path, help="the python of the environment that holds the peers")
    options = parser.parse_args()
    if options.peers and not options.peers_python:
        parser.error("--peers needs --peers-python")
    return options


def _chosen(options: argparse.Namespace) -> dict[str, Releasing]:
    ours = {family: _family(family) for family in options.families}
    return ours | {name: _peer(options.peers_python, name) for name in options.peers}


def _family(name: str) -> Releasing:
    def release(train: pd.DataFrame, unseen: pd.DataFrame, seed: int) -> Release:
        model = generators.fit(train, f"tabular.{name}", seed=seed)
        return model.sample(len(train), seed=seed), _by_loss(model, train, unseen)

    return release


def _by_loss(model: generators.Synthesizer, train: pd.DataFrame, unseen: pd.DataFrame) -> dict[str, float]:
    if not hasattr(model, "log_prob"):
        return {}
    members, others = (np.maximum(model.log_prob(rows), -1e9) for rows in (train, unseen))
    truth = np.repeat([1, 0], [len(train), len(unseen)])
    recognised = (members > np.quantile(others, 1 - ALARMS)).mean()
    return {"loss": float(roc_auc_score(truth, np.r_[members, others])), "tpr": float(recognised)}


def _peer(python: Path, name: str) -> Releasing:
    def release(train: pd.DataFrame, unseen: pd.DataFrame, seed: int) -> Release:
        with tempfile.TemporaryDirectory() as folder:
            given, drawn = Path(folder) / "train.csv", Path(folder) / "drawn.csv"
            train.to_csv(given, index=False)
            command = [python, Path(training.__file__), name, given, drawn, len(train), seed]
            subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
            return pd.read_csv(drawn), {}

    return release


def _point(
    detection: Callable, whole: pd.DataFrame, rows: int, releasing: Releasing, seeds: list[int]
) -> dict[str, float]:
    """Return the mean figures of one generator."""
    points = []
    for seed in seeds:
        both = whole.sample(2 * rows, random_state=rows + seed).reset_index(drop=True)
        train, unseen = (part.reset_index(drop=True) for part in (both[:rows], both[rows:]))
        released, found = releasing(train, unseen, seed)
        strongest = max(area for _, _, area in battery(Case(train, unseen, released, target="")))
        against = {"unseen": float(detection(unseen, released)), "train": float(detection(train, released))}
        points.append(found | {"released": strongest} | against)
    return pd.DataFrame(points).mean().round(3).to_dict()


def _save(path: Path, data: str, rows: int, found: dict[str, dict[str, float]]) -> None:
    saved = json.loads(path.read_text()) if path.exists() else {}
    of_rows = saved.setdefault(data, {}).setdefault(str(rows), {})
    of_rows |= found
    path.write_text(json.dumps(saved, indent=1) + "\n")


def _print(title: str, found: dict[str, dict[str, float]]) -> None:
    table = Table("", *HEADINGS.values(), title=title, title_justify="left")
    for name, figures in found.items():
        table.add_row(name, *(f"{figures[key]:.3f}" if key in figures else "-" for key in HEADINGS))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
