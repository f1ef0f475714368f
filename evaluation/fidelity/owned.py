"""Owned: have the rows of one entity as much in common as those of a real one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown

LEAST_OWNERS = 20  # of several rows, in either table
LEAST_LATER_ROWS = 60  # rows of an owner after another one, in either table
LEAST_FOLLOWED = 0.95  # of these, whose number is that of the row before and another one
MOST_STEPPED = 8  # numbers, each of which may be the difference of each other one
LEAST_IN_COMMON = 0.1  # of two rows of an entity, more than of any two, in either table


def within_entities(samples: Samples, *, seed: int = 0) -> Score:
    """1 - change of what two rows of an entity have in common, divided by the larger of both, in the column that
    changed most, beyond chance; in [0, 1], higher better.

    In common: the share of pairs that have the same value, missing included, beyond that of any two rows (a visit's
    rows share its time, a patient's the day of birth), and the intraclass correlation of a number's ranks (Fisher
    1925). Where a number follows from the row of the entity before it, as a balance does by an amount, the share of
    rows that do so, too. What is changed beyond chance, by whole entities, counts by the low end of its 95 % interval.
    Cost: a sort per column, a difference per pair of up to eight numbers.
    """
    entity = samples.entity
    if entity is None:
        return unknown(Reason.NO_IDENTIFIER, "no identifier names the entity of several rows")

    def measure(role: str) -> list[Counted]:
        real, other = chance.real(samples, role), samples.table(role)
        named = chance.names(samples, role, entity), samples.frames.get(role, samples.train)[entity]
        owners = tuple(entities.owners_of(names) for names in named)
        if scattered := _scattered(*owners):
            return [scattered]
        if min(map(_several, owners)) < LEAST_OWNERS:
            return []
        both = ((c, real[c].to_numpy(), other[c].to_numpy()) for c in samples.known)
        found = [loss for c, *values in both for loss in _changed(samples, c, values, owners)]
        return chance.allowed([*found, *_followed(samples, (real, other), owners)])

    absent = Reason.NO_ASSOCIATION, "no two rows of an entity have more in common than any two"
    return chance.kept(samples, measure, absent, sure=True)


def _several(owners: np.ndarray) -> int:
    """How many of the owners have several rows."""
    return int(np.count_nonzero(np.bincount(owners) > 1))


def _scattered(real: np.ndarray, other: np.ndarray) -> Counted | None:
    """A loss of everything where hardly any rows come together, of which many should."""
    expected, found = _several(real) * len(other) / len(real), _several(other)
    if expected < 2 * LEAST_OWNERS or found >= LEAST_OWNERS:
        return None
    said = f"{found} entities have several rows among {len(other):,} released ones; {expected:,.0f} should."
    return Counted("rows that come together", 1.0, 0.0, said)


def _changed(
    samples: Samples, column: str, values: Sequence[np.ndarray], owners: Sequence[np.ndarray]
) -> Iterator[Counted]:
    """What has changed of equal values and, of numbers, of near ones, with its standard error."""
    ways = {"equal": _equal, "near": _near} if samples.is_number(column) else {"equal": _equal}
    for word, way in ways.items():
        (usual, spread), (there, wider) = (way(*side) for side in zip(values, owners, strict=True))
        if (larger := max(usual, there)) < LEAST_IN_COMMON:
            continue
        said = (
            f"Values of {column!r} in two rows of an entity are {word} to {max(0.0, there):.0%} of what they could be "
            f"beyond those of any two rows; in real rows to {max(0.0, usual):.0%}."
        )
        lost, error = 1 - max(0.0, min(usual, there)) / larger, float(np.hypot(spread, wider)) / larger
        yield Counted(f"{column}, {word} values", lost, error, said)


def _followed(samples: Samples, tables: Sequence[pd.DataFrame], owners: Sequence[np.ndarray]) -> Iterator[Counted]:
    """What is lost of numbers that follow from the row before, by another one of up to MOST_STEPPED or by its own."""
    numbers = [column for column in samples.known if samples.is_number(column)][:MOST_STEPPED]
    orders = [np.argsort(own, kind="stable") for own in owners]
    together = [np.diff(own[order]) == 0 for own, order in zip(owners, orders, strict=True)]
    steps = [
        {c: np.diff(table[c].to_numpy("float64")[order])[same] for c in numbers}
        for table, order, same in zip(tables, orders, together, strict=True)
    ]
    if min(map(np.count_nonzero, together)) < LEAST_LATER_ROWS:
        return
    for column, added in permutations(numbers, 2):
        amounts = [table[added].to_numpy("float64")[order] for table, order in zip(tables, orders, strict=True)]
        for sign, later in product((1, -1), (False, True)):
            own = [
                sign * (amount[:-1] if later else amount[1:])[same]
                for amount, same in zip(amounts, together, strict=True)
            ]
            usual, there = (_close(step[column], amount) for step, amount in zip(steps, own, strict=True))
            if usual >= LEAST_FOLLOWED and np.ptp(steps[0][column]) > 0:
                said = (
                    f"{column!r} follows from {added!r} and the row of its entity before in {there:.0%} of released "
                    f"rows; of real ones in {usual:.0%}."
                )
                error = float(np.sqrt(usual * (1 - usual) / len(own[1])) / usual)
                yield Counted(f"{column} by {added}", max(0.0, 1 - there / usual), error, said)


def _close(steps: np.ndarray, amounts: np.ndarray) -> float:
    """Share of steps [pairs] that are the amounts, but for the last digits of double precision."""
    return float(np.isclose(steps, amounts, rtol=1e-6, atol=1e-6).mean())


def _equal(values: np.ndarray, owners: np.ndarray) -> tuple[float, float]:
    """How much oftener two rows of an owner have the same value than any two, of how much oftener they could, and its
    standard error.
    """
    codes = np.unique(values, return_inverse=True)[1]
    pairs, both = np.unique(owners * (codes.max() + 1) + codes, return_counts=True)
    squares = np.bincount(pairs // (codes.max() + 1), both.astype(float) ** 2)
    by_chance = float((np.bincount(codes).astype(float) ** 2).sum() - len(codes)) / (len(codes) * (len(codes) - 1))
    found, error = _of_pairs(squares - np.bincount(owners), np.bincount(owners))
    room = max(1 - by_chance, 1e-9)
    return (found - by_chance) / room, error / room


def _near(values: np.ndarray, owners: np.ndarray) -> tuple[float, float]:
    """Intraclass correlation of ranks, and its standard error; missing values lie in the middle."""
    known = ~np.isnan(values)
    ranks = np.zeros(len(values))
    ranks[known] = rankdata(values[known]) - (known.sum() + 1) / 2
    ranks /= max(float(ranks.std()), 1e-9)
    return _of_pairs(np.bincount(owners, ranks) ** 2 - np.bincount(owners, ranks**2), np.bincount(owners))


def _of_pairs(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Mean over rows of that over the other rows of their owner, given sums over ordered pairs by owner [owners], and
    its standard error, by owners (ratio estimator).
    """
    sums, sizes = sums[sizes > 1] / (sizes[sizes > 1] - 1), sizes[sizes > 1]
    found = float(sums.sum() / sizes.sum())
    return found, float(np.sqrt(np.square(sums - found * sizes).sum()) / sizes.sum())
