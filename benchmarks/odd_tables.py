"""Train generators on wide, long and odd tables under a small budget: time, memory beside the estimate, and what stays
true of the rows.

    python -m benchmarks.odd_tables --minutes 0.25

Each fit is a process of its own. `estimate` is what was stated before the first step, `took` the growth of the process
beyond what it held with the table loaded, both in MB; `shape` is the mean error of the columns' shapes in percent,
`trend` that of their pairs (on 5,000 rows). `share` is the share of the rows in which what the table is about holds, in
the synthetic and in the real rows.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

ROWS = 5000  # drawn and compared
COLUMNS = 40  # compared, at most
SHOWN = "rows x columns", "fit s", "steps", "estimate", "took", "5,000 rows in s", "shape", "trend", "share", "real"


def wide(rng: np.random.Generator) -> pd.DataFrame:
    """300 columns, two thirds numbers, from 20 hidden ones."""
    X = rng.normal(size=(5000, 20)) @ rng.normal(size=(20, 300))
    columns = {
        f"c{i}": X[:, i].round(2) if i % 3 else pd.Series(np.digitize(X[:, i], [-3, 0, 3])).map("k{}".format)
        for i in range(300)
    }
    return pd.DataFrame(columns)


def many_categories(rng: np.random.Generator) -> pd.DataFrame:
    """One column of 100,000 distinct categories, most of them rare."""
    k = np.concatenate([np.arange(100_000), rng.zipf(1.3, 200_000) % 100_000])
    number = (rng.normal(size=len(k)) + k % 7).round(2)
    return pd.DataFrame(
        {"k": pd.Series(k).map("k{}".format), "group": pd.Series(k % 3).map("g{}".format), "number": number}
    )


def long(rng: np.random.Generator) -> pd.DataFrame:
    """A million rows of 20 columns."""
    z = rng.normal(size=(1_000_000, 4))
    X = z[:, np.arange(20) % 4] + rng.normal(size=(1_000_000, 20))
    return pd.DataFrame({f"c{i}": X[:, i].round(2) if i % 2 else (X[:, i] > 0).astype(int) for i in range(20)})


def categorical(rng: np.random.Generator) -> pd.DataFrame:
    """12 columns of labels that follow the first."""
    first = rng.integers(0, 6, 10_000)
    return pd.DataFrame(
        {f"c{i}": pd.Series((first * (i + 1) + rng.integers(0, 3, 10_000)) % 8).map("v{}".format) for i in range(12)}
    )


def mostly_missing(rng: np.random.Generator) -> pd.DataFrame:
    """9 of 10 values missing, those of a row together."""
    X, gone = rng.normal(size=(10_000, 10)).cumsum(1).round(2), rng.random((10_000, 2)) < 0.9
    return pd.DataFrame(np.where(gone[:, np.arange(10) % 2], np.nan, X), columns=[f"c{i}" for i in range(10)])


def inflated(rng: np.random.Generator) -> pd.DataFrame:
    """Four in five amounts are exactly zero."""
    X = np.where(rng.random((10_000, 1)) < 0.8, 0.0, rng.lognormal(3, 1, (10_000, 6)).round(2))
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(6)])


def dependent(rng: np.random.Generator) -> pd.DataFrame:
    """200 cities in 20 countries."""
    city = rng.zipf(1.2, 40_000) % 200
    places = {"city": pd.Series(city).map("c{}".format), "country": pd.Series(city % 20).map("l{}".format)}
    return pd.DataFrame({"age": rng.integers(18, 90, 40_000), **places})


def imbalanced(rng: np.random.Generator) -> pd.DataFrame:
    """One target row in 200, which has other numbers."""
    y = rng.random(20_000) < 0.005
    X = (rng.normal(size=(20_000, 6)) + 2 * y[:, None] * np.array([1, -1, 1, 0, 0, 1])).round(2)
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(6)]).assign(y=np.where(y, "yes", "no"))


TABLES = {  # name: rows, and the share of them in which what the table is about holds
    "wide": (wide, lambda t: (t["c1"] > 0).mean()),
    "many categories": (
        many_categories,
        lambda t: (t["k"].str[1:].astype(int) % 3 == t["group"].str[1:].astype(int)).mean(),
    ),
    "long": (long, lambda t: (t["c1"] > 0).mean()),
    "categorical": (categorical, lambda t: (t["c0"] == t["c0"].mode()[0]).mean()),
    "mostly missing": (mostly_missing, lambda t: t["c0"].isna().mean()),
    "inflated": (inflated, lambda t: (t == 0).all(axis=1).mean()),
    "dependent": (dependent, lambda t: (t["city"].str[1:].astype(int) % 20 == t["country"].str[1:].astype(int)).mean()),
    "imbalanced": (imbalanced, lambda t: (t["y"] == "yes").mean()),
}
OPTIONS = {("dependent", "tabular.autoregressive"): {"combinations": ["city, country"]}}


def main() -> None:
    options = _options()
    if options.one:
        print(json.dumps(_measured(*options.one, options.minutes)))
        return
    shown = Table("table", "generator", *SHOWN, title=f"--minutes {options.minutes:g}", title_justify="left")
    for name in options.tables:
        for generator in options.generators:
            command = [
                sys.executable,
                "-m",
                "benchmarks.odd_tables",
                "--minutes",
                str(options.minutes),
                "--one",
                name,
                generator,
            ]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
            shown.add_row(name, generator.removeprefix("tabular."), *json.loads(told))
    Console(width=150).print(shown)


def _options() -> argparse.Namespace:
    families = [f"tabular.{family}" for family in ("autoregressive", "diffusion", "gan", "autoencoder")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.25)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--generators", nargs="+", default=families)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(name: str, generator: str, minutes: float) -> list[str]:
    """Fit and draw once: the cells of SHOWN."""
    import generators

    make, share = TABLES[name]
    table = make(np.random.default_rng(0))
    before, started = _resident(), time.monotonic()
    model = generators.fit(
        table, generator, budget=generators.Budget(minutes=minutes), **OPTIONS.get((name, generator), {})
    )
    seconds, took, drawing = time.monotonic() - started, _resident() - before, time.monotonic()
    drawn = model.sample(ROWS, seed=1)
    drawing = time.monotonic() - drawing
    record = model.record
    counts = (
        f"{len(table):,} x {table.shape[1]}",
        f"{seconds:.0f}",
        str(record["steps"]),
        f"{record['memory_mb']:,}",
        f"{took:,.0f}",
    )
    return [*counts, f"{drawing:.1f}", *_errors(table, drawn), f"{share(drawn):.4f}", f"{share(table):.4f}"]


def _resident() -> float:
    """The most that this process has held, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _errors(table: pd.DataFrame, drawn: pd.DataFrame) -> list[str]:
    import evaluation

    part, some = table.iloc[:, :COLUMNS], table.sample(ROWS, random_state=0).index
    names = "fidelity.shape", "fidelity.trend"
    report = evaluation.score(part.loc[some], None, drawn.iloc[:, :COLUMNS], names=names)
    return [f"{100 * (1 - report.scores[name].value):.2f}" for name in names]


if __name__ == "__main__":
    main()
