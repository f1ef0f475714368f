"""How often does each interval hold the truth? Simulated, kind by kind; 95 % is meant.

    python -m benchmarks.coverage --repeats 200

Proportions, means, copies, AUC, rates at a false-alarm rate, risks beside non-members and retained rare categories are
drawn from known populations. "under" counts intervals that lie under the truth, "over" those above it: an attack on
honest data is said to leave a trace as often as an interval lies over chance. Rates on few non-members cover more:
where under four of them lie above the threshold, no interval that assumes nothing about the scores can be as narrow as
it might. The mean of attacks that know nothing, another one in each way to halve the candidates, varies less than one
of them, and its interval covers more, too.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.coverage import attacks, shares
from benchmarks.coverage.shares import Case

KINDS = (
    shares.proportions,
    shares.means,
    shares.copies,
    attacks.areas,
    attacks.rates,
    attacks.chosen,
    shares.risks,
    shares.rare,
)


def coverage(case: Case, repeats: int) -> tuple[float, float, float]:
    """Shares of the repeats whose interval lies under the truth and over it, and the mean width."""
    _, _, drawn, true = case
    ends = np.array([drawn(np.random.default_rng([seed, 97]), seed) for seed in range(repeats)])
    return float((ends[:, 1] < true).mean()), float((ends[:, 0] > true).mean()), float(np.ptp(ends, axis=1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--kinds", nargs="*", default=[], help="proportions, means, copies, areas, rates, chosen ...")
    options = parser.parse_args()
    table = Table(
        "interval",
        "case",
        *("truth", "covers", "under", "over", "width"),
        title=f"{options.repeats} repeats",
        title_justify="left",
    )
    for kind in KINDS:
        if options.kinds and kind.__name__ not in options.kinds:
            continue
        for case in kind():
            under, over, width = coverage(case, options.repeats)
            covers = 1 - under - over
            table.add_row(
                case[0], case[1], f"{case[3]:.3f}", f"{covers:.1%}", f"{under:.1%}", f"{over:.1%}", f"{width:.3f}"
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
