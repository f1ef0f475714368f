"""Judge the evaluation itself: tables with one known flaw each, the default gate's verdict, and what recognised them.

    python -m benchmarks.evaluation --shared ../shared --data adult shoppers --seeds 0 1 2
    python -m benchmarks.evaluation --honest 40

The second command counts how often an honest sample of a small table (from scikit-learn) is refused: 40 % of its rows
for training, 20 % for the holdout, the rest as the synthetic table, drawn anew each time. For the first, `--shared`
holds data/NAME_train.csv, NAME_test.csv and NAME.json (its target). Both files are pooled and drawn anew by each seed:
`--rows` for training, as many for the holdout and as many fresh ones, that the flawed tables are made of.
"""

import argparse
import json
import time
from collections import Counter
from itertools import accumulate, pairwise
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn import datasets

import evaluation
from evaluation.calibration import tables
from pipelines.config import rules
from pipelines.release import gate

SMALL = ("breast_cancer", "diabetes", "wine", "iris")
SHOWN = {
    "fidelity.shape": "shape",
    "fidelity.trend": "trend",
    "utility.target": "utility",
    "diversity.coverage": "coverage",
    "diversity.distinct": "distinct",
    "privacy.copies": "copies",
    "privacy.near_copies": "near",
    "privacy.nearest_record": "DCR share",
    "privacy.membership": "membership",
    "privacy.membership_vulnerable": "isolated",
    "privacy.attribute": "guessed",
    "privacy.singling_out": "singled out",
    "privacy.linkability": "linked",
}


def main() -> None:
    options = _options()
    if options.honest:
        return _honest(options.honest)
    wrong = 0
    for data in options.data:
        for seed in options.seeds:
            wrong += _print(f"{data}, seed {seed}", _judged(options, data, seed))
    if wrong:
        raise SystemExit(f"{wrong} table(s) were judged wrongly")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult", "shoppers"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--honest", type=int, default=0, metavar="TIMES")
    return parser.parse_args()


def _honest(times: int) -> None:
    """Print, per small table, how many of so many honest samples the default gate refused, and by which scores."""
    table = Table("table", "rows", "refused", "by", title=f"honest samples, {times} of each", title_justify="left")
    for name in SMALL:
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        if frame["target"].nunique() < 10:
            frame["target"] = frame["target"].map("class {}".format)
        found = [
            _refused(frame.sample(frac=1, random_state=seed).reset_index(drop=True), seed) for seed in range(times)
        ]
        counts = Counter(score for one in found for score in one)
        table.add_row(
            name,
            str(len(frame)),
            str(sum(map(bool, found))),
            ", ".join(f"{s} {n}" for s, n in counts.most_common()) or "-",
        )
    Console(width=140).print(table)


def _refused(frame: pd.DataFrame, seed: int) -> list[str]:
    size, held = int(0.4 * len(frame)), int(0.6 * len(frame)) - int(0.4 * len(frame))
    parts = cut(frame, size, held, len(frame) - size - held)
    report = evaluation.score(*parts, target="target", seed=seed, names=list(rules.DEFAULT_RULES))
    return [
        reason["score"] for reason in gate.decide(report, rules.DEFAULT_RULES, "0" * 64).reasons if not reason["passed"]
    ]


def pooled(shared: Path, data: str, seed: int) -> tuple[pd.DataFrame, str]:
    """Both files of a data set in an order drawn by the seed, and its target."""
    source = shared / "data"
    frame = pd.concat(
        [pd.read_csv(source / f"{data}_{part}.csv", na_values="?") for part in ("train", "test")], ignore_index=True
    )
    target = json.loads((source / f"{data}.json").read_text())["target"]
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True), target


def cut(frame: pd.DataFrame, *sizes: int) -> list[pd.DataFrame]:
    """Tables of so many rows each, one after the other."""
    ends = [0, *accumulate(sizes)]
    return [frame[a:b].reset_index(drop=True) for a, b in pairwise(ends)]


def _judged(options: argparse.Namespace, data: str, seed: int):
    """Yield (flaw, report, reasons, seconds) for each flawed table."""
    frame, target = pooled(options.shared, data, seed)
    size = min(options.rows, len(frame) // 3)
    train, holdout, fresh = cut(frame, size, size, size)
    for flaw, table in tables.tables(train, fresh, seed=seed).items():
        started = time.monotonic()
        report = evaluation.score(train, holdout, table, target=target, seed=seed)
        yield flaw, report, gate.decide(report, rules.DEFAULT_RULES, "0" * 64).reasons, time.monotonic() - started


def _print(title: str, judged) -> int:
    """Print one row per flawed table, refused scores in brackets; return how many verdicts were wrong."""
    table = Table("table", *SHOWN.values(), "s", "refused by", "right", title_justify="left")
    wrong = 0
    for flaw, report, reasons, seconds in judged:
        table.title = f"{title}, {report.profile['rows']['train']:,} rows"
        refused = {reason["score"] for reason in reasons if not reason["passed"]}
        sections = sorted({name.split(".")[0] for name in refused})
        section = tables.FLAWS[flaw]
        right = section in sections if section else not sections
        wrong += not right
        cells = [_cell(report.scores[name].value, name in refused) for name in SHOWN]
        table.add_row(flaw, *cells, f"{seconds:.0f}", ", ".join(sections) or "nobody", "yes" if right else "NO")
    Console(width=230).print(table)
    return wrong


def _cell(value: float | None, refused: bool) -> str:
    text = "-" if value is None else f"{value:.3f}"
    return f"({text})" if refused else text


if __name__ == "__main__":
    main()
