"""Measure what an evaluation costs, beside sdmetrics' distance to the closest record alone.

    python -m benchmarks.cost --rows 2000 --peer
    python -m benchmarks.cost --rows 30000 1000000
    python -m benchmarks.cost --rows 3000 30000 --metrics

Each line is a process of its own on a made table of 15 columns (numbers, labels, a date): as many training as synthetic
rows, and a holdout of as many, 200,000 at most. `peak` is the largest memory of the whole process, the making of the
tables included. sdmetrics compares every synthetic row with every real one (DCROverfittingProtection), so that its time
grows with the square of the rows; with `--peer` the last column says how many times as many rows per processor second
ours scores, with all metrics and the report, and with the same distances alone (privacy.nearest_record). `--metrics`
adds the processor seconds of each metric; what several need (the guesses of the trained models, the scores of the
attacks) counts for the first of them.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from unittest import mock

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
from evaluation import notebook

HOLDOUT = 200_000
PEER = "sdmetrics, distance to closest record"
SHOWN = "what", "rows", "wall s", "CPU s", "peak GB", "rows per CPU s", "times the peer's"
SDTYPES = {"number": "numerical", "label": "categorical", "day": "datetime"}
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
Seconds = dict[str, float]  # of a processor, by what they were spent on


def main() -> None:
    options = _options()
    if options.only:
        return print(json.dumps(_measured(RUNS[options.only], options.rows[0])))
    table, parts = Table(*SHOWN, title="15 columns", title_justify="left"), {}
    for rows in options.rows:
        found = {what: _apart(what, rows) for what in RUNS if options.peer or what == next(iter(RUNS))}
        for what, (wall, cpu, peak, _) in found.items():
            ratio = f"{found[PEER][1] / cpu:.1f}" if options.peer and what != PEER else "-"
            table.add_row(what, f"{rows:,}", f"{wall:.1f}", f"{cpu:.1f}", f"{peak:.2f}", f"{rows / cpu:,.0f}", ratio)
        parts[f"{rows:,} rows"] = found[next(iter(RUNS))][3]
    Console(width=130).print(table, *([_by_metric(parts)] if options.metrics else []))


def _by_metric(parts: Mapping[str, Seconds]) -> Table:
    """Seconds of each metric by size, the longest of the largest size first."""
    table, largest = Table("seconds", *parts), list(parts.values())[-1]
    for name in sorted(largest, key=lambda name: -largest[name]):
        table.add_row(name, *(f"{seconds.get(name, 0):.2f}" for seconds in parts.values()))
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=[2000])
    parser.add_argument("--peer", action="store_true", help="run sdmetrics too")
    parser.add_argument("--metrics", action="store_true", help="print the seconds of each metric")
    parser.add_argument("--only", choices=RUNS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _apart(what: str, rows: int) -> tuple[float, float, float, Seconds]:
    """Wall seconds, processor seconds, peak GB and seconds by part of one run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cost", "--only", what, "--rows", str(rows)]
    return tuple(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _measured(run: Callable[[Tables], Seconds], rows: int) -> tuple[float, float, float, Seconds]:
    tables = tuple(made(size, seed) for seed, size in enumerate((rows, min(rows, HOLDOUT), rows)))
    wall, cpu = time.monotonic(), time.process_time()
    parts = run(tables)
    spent = time.monotonic() - wall, time.process_time() - cpu
    return *spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, parts


def made(rows: int, seed: int) -> pd.DataFrame:
    """Fifteen columns that depend on three hidden causes; different seeds are different people of one population."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(rows, 3))
    table = {f"number {n}": (100 * causes[:, n % 3] + rng.normal(0, 20 + 10 * n, rows)).round(n % 4) for n in range(8)}
    for n, levels in enumerate((2, 3, 5, 8, 15, 40)):
        place = np.floor(levels / (1 + np.exp(-causes[:, n % 3] - rng.normal(size=rows)))).astype(int)
        table[f"label {n}"] = np.array([f"level {k}" for k in range(levels)])[place]
    days = (1000 * rng.random(rows) + 200 * causes[:, 0]).astype(int)
    return pd.DataFrame(table | {"day": (pd.Timestamp("2015-01-01") + pd.to_timedelta(days, "D")).strftime("%Y-%m-%d")})


def _everything(tables: Tables) -> Seconds:
    """Score with all metrics and write the report: seconds of each metric, of the report and of the rest (libraries
    imported, tables read, inputs checked, charts).
    """
    start, seconds, each = time.process_time(), {}, notebook.each

    def timed(metrics: Mapping[str, Callable], *rest: object) -> dict:
        return each({name: partial(_timed, seconds, name, metric) for name, metric in metrics.items()}, *rest)

    with mock.patch.object(notebook, "each", timed), tempfile.TemporaryDirectory() as folder:
        report = evaluation.score(*tables, target="label 0")
        rest = time.process_time() - start - sum(seconds.values())
        _timed(seconds, "(the report)", _write, report, folder)
    return seconds | {"(inputs, charts, imports)": rest}


def _timed(seconds: Seconds, name: str, run: Callable, *args: object, **kwargs: object) -> object:
    start = time.process_time()
    found = run(*args, **kwargs)
    seconds[name] = time.process_time() - start
    return found


def _write(report: object, folder: str) -> None:
    from evaluation import report as writing

    writing.write(report, folder)


def _distances(tables: Tables) -> Seconds:
    evaluation.score(*tables, names=["privacy.nearest_record"])
    return {}


def _sdmetrics(tables: Tables) -> Seconds:
    from sdmetrics.single_table import DCROverfittingProtection  # its imports are not of our memory

    columns = {name: {"sdtype": SDTYPES[name.partition(" ")[0]]} for name in tables[0]}
    columns["day"]["datetime_format"] = "%Y-%m-%d"
    train, holdout, synthetic = tables
    DCROverfittingProtection.compute(train, synthetic, holdout, {"columns": columns}, table_name=None)
    return {}


RUNS = {"all metrics and the report": _everything, "the same distances alone": _distances, PEER: _sdmetrics}


if __name__ == "__main__":
    main()
