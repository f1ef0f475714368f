"""Regions: are the rows that share a part of two columns as many as among real rows?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss, Owners
from launderette.evaluation.measures import cells
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.streams import RandomStream, generator

REGION_ROWS = 50_000
REGION_PAIRS = 1000
PARTS = 2, 3, 4, 10  # of a column; tenths for its ends
LEAST_EXPECTED_ROWS = 50  # that the synthetic table is expected to have in a region

Tables = tuple[pd.DataFrame, pd.DataFrame]  # real rows, and rows of the role
Region = tuple[str, int, int, float]  # columns, real rows and rows of the role, design effect of the former


def regions(samples: Samples, *, seed: int = 0) -> Score:
    """Whether regions of two columns hold as many rows as they should: 1 - the change beyond chance, divided by the
    larger count, of the region that changed most; in [0, 1], higher better.

    A region is where one half, third, quarter or tenth of a column meets one of another (numbers by quantiles, the most
    frequent labels) and at least 50 rows are expected. It can change while both columns and most of their dependence
    are right. The change beyond chance is the low end of its 95 % interval. Chance takes more where rows of one entity
    lie in one region. Cost: four counts per pair, at most 1,000 pairs of 50,000 rows.
    """

    def measure(role: str) -> list[Loss]:
        real = chance.real(samples, role)
        chosen = generator(seed, RandomStream.REGION_ROWS).permutation(len(real))[:REGION_ROWS]
        real, owners = real.iloc[chosen], chance.owners(samples, role)
        owners = None if owners is None else owners[chosen]
        other = samples.table(role).iloc[samples.rows(role, REGION_ROWS, seed)]
        found = [region for parts in PARTS for region in _regions(samples, parts, (real, other), owners, seed)]
        return _losses(found, len(real), len(other))

    absent = Reason.TOO_FEW_ROWS, f"no region of two columns has {LEAST_EXPECTED_ROWS} rows"
    return chance.kept(samples, measure, absent, f"Up to {REGION_ROWS:,} rows of each table.", sure=True)


def _regions(samples: Samples, parts: int, tables: Tables, owners: Owners, seed: int) -> Iterator[Region]:
    """The regions of all pairs of columns that are expected to have rows enough."""
    (real, other), width = tables, parts + 2
    codes = {c: [cells.codes(samples, c, real, table, parts) for table in tables] for c in samples.known}
    for a, b in _pairs(samples, seed):
        inside, others = (one * width + two for one, two in zip(codes[a], codes[b], strict=True))
        usual, there = (np.bincount(own, minlength=width**2) for own in (inside, others))
        for cell in np.flatnonzero(usual * len(other) >= LEAST_EXPECTED_ROWS * len(real)):
            effect = 1.0 if owners is None else entities.label_effect(1 * (inside == cell), owners)
            yield f"{a} / {b}", int(usual[cell]), int(there[cell]), effect


def _pairs(samples: Samples, seed: int) -> list[tuple[str, str]]:
    pairs = list(combinations(samples.known, 2))
    chosen = generator(seed, RandomStream.REGION_PAIRS).permutation(len(pairs))[:REGION_PAIRS]
    return [pairs[i] for i in np.sort(chosen)]


def _losses(found: list[Region], real_rows: int, rows: int) -> list[Loss]:
    """What has changed in each region; counts of one population are negative binomial, as in chance.least."""
    usual, there, effect = (np.array([region[i] for region in found], dtype=float) for i in (1, 2, 3))
    level, share = 1 / (2 * chance.ONCE_IN * max(1, len(found))), real_rows / (real_rows + rows)
    expected, own = usual * rows / real_rows, usual / effect
    least, most = effect * nbinom.ppf(level, own, share), effect * nbinom.isf(level, own + 1, share)
    changed, by_chance = (_apart(count, expected) for count in (there, np.where(there < expected, least, most)))
    return [Loss(name, *map(float, ends)) for (name, *_), *ends in zip(found, changed, by_chance, strict=True)]


def _apart(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The difference of two counts by the larger of them."""
    return 1 - np.minimum(one, two) / np.maximum(np.maximum(one, two), 1e-9)
