"""How often does each interval hold the truth? Simulated, kind by kind; 95 % is meant.

    python -m benchmarks.attacks.interval_coverage --repeats 400

Proportions, means, AUC, rates at a false-alarm rate (over two halves of the candidates, as the attacks report them),
risks beside non-members and retained rare categories are drawn from known populations. Rates on few non-members cover
more: where under three of them lie above the threshold, no interval that assumes nothing about the scores can be as
narrow as it might.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

from evaluation import samples
from evaluation.attacks import attribute_inference, disclosure
from evaluation.measures import intervals, rarity

Ends = tuple[float, float]
Case = tuple[str, str, Callable[[np.random.Generator, int], Ends], float]  # kind, case, one interval, the truth


def proportions() -> Iterator[Case]:
    """Hits in trials of a known chance."""
    for size, chance in ((50, 0.1), (500, 0.01), (500, 0.5), (5000, 0.02)):
        for kind in (intervals.clopper_pearson, intervals.wilson):

            def drawn(rng: np.random.Generator, seed: int, kind=kind, size=size, chance=chance) -> Ends:
                return kind(int(rng.binomial(size, chance)), size)

            yield kind.__name__, f"{chance:g} of {size}", drawn, chance


def means() -> Iterator[Case]:
    """Means of values in [0, 1], some of them seldom other than 0."""
    for size, share in ((30, 1.0), (300, 1.0), (300, 0.1)):

        def drawn(rng: np.random.Generator, seed: int, size=size, share=share) -> Ends:
            x = rng.random(size) * (rng.random(size) < share)
            return intervals.around(float(x.mean()), x, seed)

        yield "mean (bootstrap)", f"{size} values, {share:.0%} above 0", drawn, share / 2


def areas() -> Iterator[Case]:
    """AUC of two normal groups a deviation, or nothing, apart."""
    for size, shift in ((50, 0.0), (200, 1.0), (1000, 0.0)):

        def drawn(rng: np.random.Generator, seed: int, size=size, shift=shift) -> Ends:
            return intervals.mean_auc([(rng.normal(shift, 1, size), rng.normal(size=size)) for _ in range(2)], seed)[1:]

        yield "AUC", f"two halves of {size}, {shift:g} apart", drawn, float(norm.cdf(shift / np.sqrt(2)))


def rates() -> Iterator[Case]:
    """TPR at a false-alarm rate: nothing known, a shift of all members, a leak of some."""
    for members, others in ((200, 200), (600, 600), (5000, 5000), (5000, 500), (500, 5000)):
        for rate in (0.01, 0.1):
            for leak, shift in ((0.0, 0.0), (0.0, 1.0), (0.05, 0.0), (0.5, 0.0)):

                def drawn(
                    rng: np.random.Generator,
                    seed: int,
                    m=members // 2,
                    n=others // 2,
                    rate=rate,
                    leak=leak,
                    shift=shift,
                ) -> Ends:
                    halves = [
                        (rng.normal(shift, 1, m) + 20 * (rng.random(m) < leak), rng.normal(size=n)) for _ in range(2)
                    ]
                    return intervals.recognised(halves, rate)[1:]

                true = leak + (1 - leak) * float(norm.sf(norm.isf(rate) - shift))
                yield f"TPR at {rate:.0%} FPR", f"{members} / {others}, leak {leak:.0%}, shift {shift:g}", drawn, true


def risks() -> Iterator[Case]:
    """Risks beside non-members: counted attacks, and guesses of several values of each person."""
    for size, inside, outside in ((100, 0.4, 0.3), (1000, 0.1, 0.05), (1000, 0.5, 0.2)):
        true = (inside - outside) / (1 - outside)

        def counted(rng: np.random.Generator, seed: int, size=size, inside=inside, outside=outside) -> Ends:
            return disclosure.risk(int(rng.binomial(size, inside)), size, int(rng.binomial(size, outside)), size)[1:]

        def guessed(rng: np.random.Generator, seed: int, size=size, inside=inside, outside=outside) -> Ends:
            return attribute_inference.excess(rng.random((6, size)) < inside, rng.random((6, size)) < outside, seed)[1:]

        yield "risk (counted)", f"{size} each, {inside:g} and {outside:g}", counted, true
        yield "risk (guessed)", f"{size} each, {inside:g} and {outside:g}", guessed, true


def rare() -> Iterator[Case]:
    """Share of rare categories retained by an honest sample, and by one that has them half as often."""
    for rows, kept in ((1000, 1.0), (1000, 0.5), (5000, 1.0)):
        shares = np.append(np.full(40, 0.005), 1 - 40 * 0.005)
        train = pd.DataFrame({"c": np.repeat([f"c{i}" for i in range(41)], np.round(shares * rows).astype(int))})
        odds = shares * np.append(np.full(40, kept), 1)

        def occurrences(rng: np.random.Generator, rows=rows, train=train, odds=odds) -> rarity.Occurrences:
            drawn = pd.DataFrame({"c": [f"c{i}" for i in rng.choice(41, rows, p=odds / odds.sum())]})
            return rarity.occurrences(samples.make(train, None, drawn, kinds={"c": "categorical"}), "synthetic")

        rng = np.random.default_rng(1)
        true = float(np.mean([occurrences(rng).retained().mean() for _ in range(300)]))
        yield (
            "rare categories",
            f"{rows} rows, {kept:.0%} kept",
            lambda rng, seed, of=occurrences: of(rng).interval(seed)[1:],
            true,
        )


def coverage(case: Case, repeats: int) -> tuple[float, float]:
    """Share of the repeats whose interval holds the truth, and the mean width."""
    _, _, drawn, true = case
    ends = np.array([drawn(np.random.default_rng([seed, 97]), seed) for seed in range(repeats)])
    return float(((ends[:, 0] <= true) & (true <= ends[:, 1])).mean()), float(np.ptp(ends, axis=1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    options = parser.parse_args()
    table = Table(
        "interval", "case", "truth", "covers", "width", title=f"{options.repeats} repeats", title_justify="left"
    )
    for kind in (proportions, means, areas, rates, risks, rare):
        for case in kind():
            covers, width = coverage(case, options.repeats)
            table.add_row(case[0], case[1], f"{case[3]:.3f}", f"{covers:.1%}", f"{width:.3f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
