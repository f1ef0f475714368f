"""Spread: do the numbers and times of one entity, and of one of its visits, lie as far apart as those of a real one?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator

LEAST_GROUPS = 20  # of several rows, in either table
LEAST_NESTED = 0.95  # of an identifier's values of several rows, that stand in rows of one entity
KOLMOGOROV = 0.63  # of the root of 1/n + 1/m: 3.1 times it, or 4.3, is what distributions differ by once in 1e3, or 1e5

Side = tuple[pd.DataFrame, np.ndarray]  # rows, and the group of each: int64 [rows]
Spread = tuple[np.ndarray, np.ndarray, int]  # distances [pairs], their weights [pairs], and of how many groups


def within_spread(samples: Samples, *, seed: int = 0) -> Score:
    """1 - how far the distances within an entity are from real ones, in the column that changed most, beyond chance; in
    [0, 1], higher better.

    Distances are those of a number in two rows of one entity, of one visit (the rows of an entity at one time, or of
    an identifier that stands in one alone), and, of dates, from one row to the next in time; each counts once. They are
    compared by the largest difference of their distribution functions (Kolmogorov-Smirnov), and what is changed beyond
    chance counts by the low end of its 95 % interval. Cost: two sorts per number and kind of group.
    """
    entity = samples.entity
    if entity is None:
        return unknown(Reason.NO_IDENTIFIER, "no identifier names the entity of several rows")
    numbers = [c for c in samples.known if samples.is_number(c)]

    def measure(role: str) -> list[Counted]:
        grouped = _groups(samples, role, entity)
        found = (_changed(samples, c, word, sides, seed) for word, *sides in grouped for c in numbers)
        return chance.allowed([loss for losses in found for loss in losses])

    absent = Reason.NO_ASSOCIATION, f"no number stands in {LEAST_GROUPS} entities of several rows of both tables"
    return chance.kept(samples, measure, absent, sure=True)


def _groups(samples: Samples, role: str, entity: str) -> Iterator[tuple[str, Side, Side]]:
    """Rows that belong together, in real rows and in those of a role: of an identifier, and of its rows of one time."""
    real, other = chance.real(samples, role), samples.table(role)
    for column in _nested(samples, entity):
        named = chance.names(samples, role, column), samples.frames.get(role, samples.train)[column]
        owners = [entities.owners_of(names) for names in named]
        yield repr(column), (real, owners[0]), (other, owners[1])
    for date in (c for c in samples.known if samples.kinds[c] == "datetime"):
        visits = [_crossed(own, table[date].to_numpy()) for own, table in zip(owners, (real, other), strict=True)]
        yield f"{column!r} and {date!r}", (real, visits[0]), (other, visits[1])


def _nested(samples: Samples, entity: str) -> list[str]:
    """The entity, and identifiers that repeat within one alone: a visit is a patient's, a merchant anybody's."""
    named = {column: samples.train[entity].groupby(samples.train[column]) for column in samples.repeated}
    owners = {column: rows.nunique()[rows.size() > 1] for column, rows in named.items()}
    return [column for column, own in owners.items() if (own <= 1).mean() >= LEAST_NESTED]


def _crossed(owners: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Number what rows of one owner have one time: int64 [rows]."""
    return pd.DataFrame({"owner": owners, "time": times}).groupby(["owner", "time"], dropna=False).ngroup().to_numpy()


def _changed(samples: Samples, column: str, word: str, sides: list[Side], seed: int) -> Iterator[Counted]:
    """How far distances of two rows, and of dates those to the next one, are from real ones."""
    ways = (False, True) if samples.kinds[column] == "datetime" else (False,)
    for ordered in ways:
        real, other = (_distances(table[column].to_numpy(), own, ordered, seed) for table, own in sides)
        if min(real[2], other[2]) < LEAST_GROUPS or not real[0].any():
            continue
        apart, at = _apart(real, other)
        usual, there = (float(weights[found <= at].sum()) for found, weights, _ in (real, other))
        rows = f"{'a row and the next in time' if ordered else 'two rows'} of one {word}"
        said = (
            f"Values of {column!r} in {rows} lie too {'far apart' if there < usual else 'near each other'}: "
            f"{there:.0%} of released distances are as small as {usual:.0%} of real ones."
        )
        error = KOLMOGOROV * float(np.sqrt(1 / real[2] + 1 / other[2]))
        yield Counted(f"{column} in {rows}", apart, error, said)


def _distances(values: np.ndarray, groups: np.ndarray, ordered: bool, seed: int) -> Spread:
    """Distances of rows that follow each other in their group, by size or in any order; those of a group weigh the same
    as those of another.
    """
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    order = np.lexsort((values if ordered else generator(seed, RandomStream.SPREAD_TIES).random(len(values)), groups))
    same = np.diff(groups[order]) == 0
    found, owner = np.abs(np.diff(values[order]))[same], groups[order][1:][same]
    sizes = np.bincount(owner)
    several = int(np.count_nonzero(sizes))
    return found, 1 / (sizes[owner] * max(several, 1)), several


def _apart(real: Spread, other: Spread) -> tuple[float, float]:
    """Largest difference of two weighted distribution functions, and where it is."""
    values = np.concatenate([real[0], other[0]])
    order = np.argsort(values, kind="stable")
    steps = np.concatenate([real[1], -other[1]])[order].cumsum()
    last = np.append(np.diff(values[order]) > 0, True)  # of equal values
    worst = int(np.argmax(np.where(last, np.abs(steps), -1)))
    return float(abs(steps[worst])), float(values[order][worst])
