"""Try every known kind of flaw on the evaluation and its gate, and honest draws beside them.

    python -m benchmarks.redteam
    python -m benchmarks.redteam --rows 1000 --kinds copies columns records.notes_copied honest
    python -m benchmarks.redteam --shared ../shared --data adult --seeds 0 1 2

Tables are of a made population (evaluation/calibration/population.py) or, with `--shared`, of the files
data/NAME_train.csv and NAME_test.csv there; images are scikit-learn's digits. A flaw is caught where the gate refuses,
by whatever rule, or the inputs themselves are refused. Where `unnoticed` alone refuses, too few rows show nothing
either way: such a case is underpowered, which neither catches a flaw nor refuses an honest table for what it holds.
`--rows` is the number of training and of synthetic rows, the holdout is a quarter of it. The last lines count what was
caught of each section, how much of it by rules about privacy or inputs, and which honest draws were refused.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import evaluation
from benchmarks.evaluation import pooled
from evaluation import calibration
from evaluation.calibration import population
from evaluation.calibration.changes import NotApplicable
from evaluation.scores import EvaluationError
from pipelines.config import rules
from pipelines.release import gate

LEAKS = (*rules.PRIVACY, "inputs.", rules.UNNOTICED)
DIGITS = 1000, 250, 547  # training, held-out and released images


@dataclass(frozen=True)
class Found:
    """What the gate said of one case: its refusals, or the sentence that refused the inputs."""

    refusals: list[dict[str, Any]]
    sentence: str
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether anything refused for what was found, rather than for too few rows to find anything."""
        return bool(self.sentence) or any(reason["score"] != rules.UNNOTICED for reason in self.refusals)

    @property
    def underpowered(self) -> bool:
        """Whether nothing refused but the rule that so few rows show too little."""
        return bool(self.refusals) and not self.caught

    @property
    def as_leak(self) -> bool:
        """Whether a rule about privacy refused, or the inputs."""
        return self.caught and (
            bool(self.sentence) or any(reason["score"].startswith(LEAKS) for reason in self.refusals)
        )


def main() -> None:
    options = _options()
    console, table = Console(width=190), Table("kind", "refused", "by", "value", "bound", "s", title_justify="left")
    totals: dict[str, list[Found]] = defaultdict(list)
    for kind in _chosen(options.kinds):
        for seed in options.seeds:
            if (judged := _judged(options, kind, seed)) is None:
                continue
            totals[kind.partition(".")[0]].append(judged)
            for row in _rows(kind, seed, judged):
                print(*row, sep="  ", flush=True) if options.plain else table.add_row(*row)
    if not options.plain:
        console.print(table)
    for section, found in totals.items():
        word, caught = "refused" if section == "honest" else "caught", sum(one.caught for one in found)
        leaks = sum(one.as_leak for one in found)
        unsure = f", {few} underpowered" if (few := sum(one.underpowered for one in found)) else ""
        print(f"{section}: {caught} of {len(found)} {word}, {leaks} by rules about privacy or inputs{unsure}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--kinds", nargs="*", default=[], help="sections, else parts of names")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--shared", type=Path, help="a folder with data/NAME_train.csv and data/NAME_test.csv")
    parser.add_argument("--data", default="adult")
    parser.add_argument("--plain", action="store_true", help="print each line as it is known")
    return parser.parse_args()


def _chosen(wanted: Collection[str]) -> list[str]:
    """The kinds of named sections and those whose names hold one of the other words; all where nothing is named."""
    sections, parts = (
        [w for w in wanted if (w.rstrip(".") in calibration.FLAW_SECTIONS) == named] for named in (True, False)
    )
    asked = {name.rstrip(".") for name in sections}
    return [
        name
        for name in calibration.names()
        if not wanted or name.partition(".")[0] in asked or any(part in name for part in parts)
    ]


def _judged(options: argparse.Namespace, kind: str, seed: int) -> Found | None:
    """What the gate says of a kind; None where the population lacks what it needs."""
    flaw, started = calibration.load(kind), time.process_time()
    of_images = calibration.makes_images(flaw)
    honest = population.digits(DIGITS, seed) if of_images else _honest(options, seed)
    try:
        case = flaw(honest, np.random.default_rng([seed, 131]))
    except NotApplicable:
        return None
    started = time.process_time()
    try:
        refusals, sentence = _refusals(case, of_images, seed), ""
    except EvaluationError as error:
        refusals, sentence = [], str(error)
    return Found(refusals, sentence, time.process_time() - started)


def _honest(options: argparse.Namespace, seed: int) -> population.Case:
    sizes = options.rows, options.rows // 4, options.rows
    if options.shared is None:
        return population.made(sizes, seed)
    frame, target = pooled(options.shared, options.data, seed)
    return population.cut(frame, sizes, target)


def _refusals(case: Any, of_images: bool, seed: int) -> list[dict[str, Any]]:
    chosen = rules.merged({}, "image" if of_images else "tabular")
    names = [name for name in chosen if name != rules.UNNOTICED]
    parts = case.train, case.holdout, case.synthetic
    report = (
        evaluation.score_images(*parts, names=names, seed=seed)
        if of_images
        else evaluation.score(*parts, kinds=case.kinds, target=case.target, names=names, seed=seed)
    )
    reasons = gate.decide(report, chosen, "0" * 64).reasons
    return sorted((dict(r) for r in reasons if not r["passed"]), key=_excess, reverse=True)


def _excess(reason: dict[str, Any]) -> float:
    """How far a score is beyond its bound, so that the rule that says most stands first."""
    value, bound = reason.get("value"), reason.get("bound")
    return abs(value - bound) / max(abs(bound), 0.01) if value is not None and bound is not None else 0.0


def _rows(kind: str, seed: int, found: Found) -> Iterator[tuple[str, ...]]:
    """A line of the table; further refusals follow the first by their names only."""
    name, seconds = f"{kind} [{seed}]", f"{found.seconds:.0f}"
    if found.sentence:
        yield name, "inputs", found.sentence, "", "", seconds
    elif not found.refusals:
        yield name, "NO" if not kind.startswith("honest") else "no", "", "", "", seconds
    else:
        first, *rest = found.refusals
        others = ", ".join(reason["score"] for reason in rest)
        value, bound = (_figure(first.get(key)) for key in ("value", "bound"))
        said = "underpowered" if found.underpowered else "yes"
        yield name, said, f"{first['score']} ({others})" if others else first["score"], value, bound, seconds


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
