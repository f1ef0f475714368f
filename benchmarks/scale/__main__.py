"""What each stage of a run costs as the rows grow.

    python -m benchmarks.scale --rows 30000 100000 [--table ../shared/data/adult_train.csv]
    python -m benchmarks.scale --rows 100000 1000000 10000000 --stages ingest protect split sample
    python -m benchmarks.scale --rows 300000 --memory 1.5GiB --format parquet

The table has 20 columns, drawn from a model of a real one. Each stage runs in a process of its own: its processor
seconds are those of the step alone, its memory is the largest that the operating system saw of the process, libraries
included.
`exponent` is the slope of log seconds by log rows from the smallest to the largest size, after what a stage takes for
no rows (the least seconds of an even smaller table, --least rows) is taken off. As many rows are drawn as are read.
Every stage whose process took more than --memory, or than the run is foretold to take, is named at
last, with exit code 1.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scale import ceilings, making, stages
from benchmarks.scale.stages import Cost
from launderette.pipelines.config import Resources, RunConfig
from launderette.pipelines.run import pipeline

STEPS = 300  # of the training
Costs = dict[str, Cost]


class Enough(Exception):
    """All stages that were asked for are measured."""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = {}
        for rows in sorted({options.least, *options.rows}):
            found[rows] = _run(options, rows, Path(folder))
            print(
                json.dumps({"rows": rows, "stages": {name: vars(cost) for name, cost in found[rows].items()}}),
                flush=True,
            )
    Console(width=150).print(_table(found, options.least))
    if above := list(ceilings.broken(found, Resources(memory=options.memory).memory_bytes)):
        raise SystemExit("\n".join(above))  # exit code 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=[30_000, 100_000])
    parser.add_argument("--least", type=int, default=2_000, help="rows whose seconds count as those of no rows")
    parser.add_argument("--table", type=Path, help="a CSV whose model the rows are drawn from")
    parser.add_argument("--folder", type=Path, help="where the files of a run go meanwhile")
    parser.add_argument("--stages", nargs="+", help="stop after the last of these")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv", help="what the table is read from")
    parser.add_argument("--memory", help="what resources.memory of the run allows, such as 4GiB")
    return parser.parse_args()


def _run(options: argparse.Namespace, rows: int, folder: Path) -> Costs:
    source, costs = folder / f"{rows}.{options.format}", {}
    making.write(options.table, rows, source)
    config = RunConfig(
        name="scale",
        source=str(source),
        publish={"to": str(folder / f"{rows}")},
        budget={"steps": STEPS},
        resources={"memory": options.memory},
    )
    with suppress(Enough):
        pipeline.decide(lambda own: partial(_do, options.stages, costs, own), config)
    return costs


def _do(asked: list[str] | None, costs: Costs, config: RunConfig, step, **inputs):
    found = stages.measured(costs, step, config, **inputs)
    if asked and set(asked) <= set(costs):
        raise Enough
    return found


def _table(found: Mapping[int, Costs], least: int) -> Table:
    sizes = [rows for rows in found if rows != least] or [least]
    heads = [f"{rows:,}: {what}" for rows in sizes for what in ("CPU s", "rows/CPU s", "peak MB")]
    table = Table("stage", *heads, "exponent", title=f"{making.COLUMNS} columns", title_justify="left")
    for name in found[sizes[0]]:
        cells = [cell for rows in sizes for cell in _cells(rows, found[rows][name])]
        table.add_row(name, *cells, _exponent({rows: costs[name].cpu for rows, costs in found.items()}, least))
    return table


def _cells(rows: int, cost: Cost) -> tuple[str, str, str]:
    return f"{cost.cpu:.1f}", f"{rows / max(cost.cpu, 1e-3):,.0f}", f"{cost.peak:,.0f}"


def _exponent(seconds: Mapping[int, float], least: int) -> str:
    """Slope of log processor seconds by log rows between the smallest and the largest size."""
    own = {rows: seconds[rows] - seconds[least] for rows in sorted(seconds) if rows != least}
    if len(own) < 2 or min(own.values()) <= 0:
        return "-"
    few, many = min(own), max(own)
    return f"{math.log(own[many] / own[few]) / math.log(many / few):.2f}"


if __name__ == "__main__":
    main()
