"""Releases that know fewer people than they have rows. All of them are fresh people, so that no one is copied."""

from __future__ import annotations

import numpy as np
import pandas as pd

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator


def three_hundred_rows_repeated(case: Case, rng: Rng) -> Case:
    """A tenth of the rows over and over."""
    few = case.synthetic.head(max(20, len(case.synthetic) // 10))
    return case.released(changes.sampled(few, len(case.synthetic), rng))


def every_row_twice(case: Case, rng: Rng) -> Case:
    """Half of the rows, twice each."""
    return case.released(changes.sampled(case.synthetic.head(len(case.synthetic) // 2), len(case.synthetic), rng))


def every_row_twice_jittered(case: Case, rng: Rng) -> Case:
    """The same, numbers moved by up to 1 %."""
    twice = every_row_twice(case, rng)
    return twice.released(changes.jittered(twice.synthetic, changes.numbers(case), 0.01, rng))


def sixth_of_the_rows_repeated(case: Case, rng: Rng) -> Case:
    """A sixth of the rows are others of the release once more."""
    kept = case.synthetic.iloc[len(case.synthetic) // 6 :]
    again = changes.sampled(kept, len(case.synthetic) - len(kept), rng)
    return case.released(pd.concat([kept, again]))


def fifty_rows_jittered(case: Case, rng: Rng) -> Case:
    """Fifty rows over and over, numbers moved by up to 2 %."""
    rows = changes.sampled(case.synthetic.head(50), len(case.synthetic), rng)
    return case.released(changes.jittered(rows, changes.numbers(case), 0.02, rng))


def _of(case: Case, inside: pd.Series, few: int, rng: Rng) -> Case:
    """A group of the released rows made of `few` of them."""
    group, rest = case.synthetic[inside], case.synthetic[~inside]
    return case.released(pd.concat([rest, changes.sampled(group.head(few), len(group), rng)]))


def _class(case: Case) -> pd.Series:
    return case.synthetic[case.target] == changes.rarest(case)


def _subgroup(case: Case) -> pd.Series:
    column = changes.widest(case)
    return case.synthetic[column] == case.train[column].value_counts().index[1]


def class_of_twenty_rows(case: Case, rng: Rng) -> Case:
    """The rare class is twenty rows over and over."""
    return _of(case, _class(case), 20, rng)


def class_of_twenty_rows_jittered(case: Case, rng: Rng) -> Case:
    """The same, numbers moved by up to 2 %."""
    made, inside = class_of_twenty_rows(case, rng), changes.rarest(case)
    moved = changes.jittered(made.synthetic, changes.numbers(case), 0.02, rng)
    return case.released(made.synthetic.where(made.synthetic[case.target] != inside, moved).astype(moved.dtypes))


def subgroup_of_five_rows(case: Case, rng: Rng) -> Case:
    """One frequent label's people are five rows over and over."""
    return _of(case, _subgroup(case), 5, rng)


def class_missing(case: Case, rng: Rng) -> Case:
    """The rare class is not there."""
    return case.released(case.synthetic[~_class(case)])


def class_halved(case: Case, rng: Rng) -> Case:
    """The rare class has half of its rows."""
    gone = _class(case) & (rng.random(len(case.synthetic)) < 0.5)
    return case.released(case.synthetic[~gone])


def subgroup_missing(case: Case, rng: Rng) -> Case:
    """One frequent label is not there."""
    return case.released(case.synthetic[~_subgroup(case)])


def region_missing(case: Case, rng: Rng) -> Case:
    """Nobody is both in the upper half of one number and in the upper third of another."""
    first, second = changes.numbers(case)[:2]
    inside = case.synthetic[first] > case.train[first].median()
    inside &= case.synthetic[second] > case.train[second].quantile(2 / 3)
    return case.released(case.synthetic[~inside])


def only_typical_rows(case: Case, rng: Rng) -> Case:
    """The half of the rows whose numbers lie nearest to their means."""
    scaled = [
        ((case.synthetic[c] - case.train[c].mean()) / case.train[c].std()).fillna(0.0) for c in changes.numbers(case)
    ]
    far = pd.concat(scaled, axis=1).pow(2).mean(axis=1)
    return case.released(case.synthetic[far <= far.median()])


def old_half_missing(case: Case, rng: Rng) -> Case:
    """Everybody is in the lower 60 % of the first number."""
    column = changes.numbers(case)[0]
    return case.released(case.synthetic[case.synthetic[column] <= case.train[column].quantile(0.6)])
