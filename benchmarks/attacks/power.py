"""How small a leak the gate's rules about privacy see: the power of the gate over the number of rows.

    python -m benchmarks.attacks.power [--rows 150 300 1000 3000 10000] [--draws 10]

Tables are of the made population (evaluation/calibration/population.py), divided as a run divides them: the source has
`--rows` rows, its default share is held out, and as many rows are released. A share of the released rows is replaced
by training rows, exactly or with every number moved by up to 2 %: a generator that copies so many. Few rows are divided
further times, as a run does it, and what is drawn for each division holds as many of its own training rows. With no
copies the table is honest, and what is refused of it is refused wrongly.
"""

import argparse
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import evaluation
from evaluation.calibration import changes, population
from evaluation.calibration.population import Case
from evaluation.divided import Division, Repeats
from evaluation.scores import EvaluationError
from pipelines import modalities
from pipelines.config import rules
from pipelines.release import gate
from pipelines.scoring import repeats
from pipelines.stages import splitting

RULES = {name: rule for name, rule in rules.RULES["tabular"].items() if name.startswith(rules.PRIVACY)}
ROWS, SHARES, MOVED = (150, 300, 1000, 3000, 10_000), (0.01, 0.02, 0.05, 0.1), (0.0, 0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS, help="of the source")
    parser.add_argument("--draws", type=int, default=10, help="tables of each kind")
    options = parser.parse_args()
    leaks = [*itertools.product(MOVED, SHARES)]
    heads = [f"{share:.0%}{' within 2 %' if moved else ' exact'}" for moved, share in leaks]
    table = Table("rows", "held out", "honest", *heads, title=f"refused, of {options.draws} tables")
    for rows in options.rows:
        held = round(splitting.share(None, rows) * rows)
        counts = [_refused((rows - held, held, rows), leak, options.draws) for leak in [(0.0, 0.0), *leaks]]
        print(rows, held, *counts, flush=True)
        table.add_row(f"{rows:,}", str(held), *map(str, counts))
    Console(width=150).print(table)


def _refused(sizes: tuple[int, int, int], leak: tuple[float, float], draws: int) -> int:
    return sum(_is_refused(_leaking(sizes, *leak, seed), seed) for seed in range(draws))


def _leaking(sizes: tuple[int, int, int], moved: float, share: float, seed: int) -> tuple[Case, Repeats | None]:
    """A case, and further divisions of its rows where they are few, all with copies of their own training rows."""
    rng = np.random.default_rng([seed, 131])
    case = _copied(population.made(sizes, seed), moved, share, rng)
    if sum(sizes[:2]) >= modalities.named("tabular").REPEATED_UNDER:
        return case, None
    rows = pd.concat([case.train, case.holdout], ignore_index=True)
    own, *others = repeats.dealt(np.arange(len(rows)) >= sizes[0], seed)
    found = []
    for number, part in enumerate(others):
        drawn = population.people(sizes[2], 1_000_000 + 1000 * seed + number)
        one = _copied(
            replace(case, train=rows[~part.held], holdout=rows[part.held], synthetic=drawn), moved, share, rng
        )
        attacked = part.member[~part.held], part.non_member[part.held]
        found.append(Division(one.train, one.holdout, one.synthetic, attacked))
    return case, Repeats((own.member[: sizes[0]], own.non_member[sizes[0] :]), found)


def _copied(case: Case, moved: float, share: float, rng: np.random.Generator) -> Case:
    if not share:
        return case
    rows = changes.memorised(case, share, rng)
    return changes.planted(case, changes.jittered(rows, changes.numbers(case), moved, rng), rng)


def _is_refused(leaking: tuple[Case, Repeats | None], seed: int) -> bool:
    case, divided = leaking
    parts = case.train, case.holdout, case.synthetic
    how = {"kinds": case.kinds, "target": case.target, "names": list(RULES), "seed": seed, "repeats": divided}
    try:
        report = evaluation.score(*parts, **how)
    except EvaluationError:
        return True
    return not gate.decide(report, RULES, "0" * 64).passed


if __name__ == "__main__":
    main()
