"""Intervals of proportions and means, of copies, of risks beside non-members and of rare categories."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from evaluation import privacy, samples
from evaluation.attacks import attribute_inference, disclosure
from evaluation.calibration import population
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


def copies() -> Iterator[Case]:
    """Released rows that are training rows, each with the same chance."""
    train, fresh = population.people(600, 0), population.people(600, 1)
    for rows, share in ((300, 0.02), (600, 0.2)):

        def drawn(rng: np.random.Generator, seed: int, rows=rows, share=share) -> Ends:
            copied = rng.random(rows) < share
            parts = train.iloc[rng.integers(0, 600, int(copied.sum()))], fresh.iloc[: int((~copied).sum())]
            score = privacy.copies(samples.make(train, None, pd.concat(parts, ignore_index=True)))
            return float(score.low), float(score.high)

        yield "copies", f"{share:.0%} of {rows} rows", drawn, share


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
