"""Panels: tables of which an identifier names entities of several rows, such as patients with their visits.

What every entity keeps (a sex, a year of birth) comes before all else that is learnt, so that it is drawn given nothing
that differs from row to row; where an entity's rows stand in the order of a date, or of a number that rises, that
comes next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.groups import Groups, decide, numbered
from launderette.generators.data.schema import Schema

LEAST_ENTITIES = 20  # of several rows each, of which anything is learnt
ORDERED_SHARE = 0.99  # of an entity's rows that follow one of no later date


@dataclass(frozen=True)
class Panel:
    """The identifier column whose values name entities, how many of the first columns with tokens each entity keeps,
    and whether its rows stand in the order of the next one.
    """

    owner: str
    kept: int = 0
    timed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Owned:
    """Rows that lie together by entity: `order` [rows], and which of the sorted ones but the first belong to the
    entity of the one before: bool [rows - 1].
    """

    owner: str
    order: np.ndarray
    together: np.ndarray
    enough: bool  # entities to learn anything of what they keep
    whole: bool  # every row names one, so that those of an entity follow one another when they are drawn

    def keeps(self, values: pd.Series) -> bool:
        """Tell whether a column that varies does so between entities alone."""
        codes = pd.factorize(values)[0][self.order]
        return self.enough and bool((codes[1:] == codes[:-1])[self.together].all() and (codes != codes[0]).any())

    def in_order(self, values: np.ndarray, *, rising: bool = False) -> bool:
        """Tell whether rows of an entity stand in the order of float64 [rows], which not all of them share, or none of
        them (`rising`).
        """
        steps = np.diff(values[self.order])[self.together]
        if not self.enough or not self.whole:
            return False
        rises = (steps > 0).mean()
        return bool(rises >= ORDERED_SHARE if rising else rises > 0 and (steps >= 0).mean() >= ORDERED_SHARE)


def find(frame: pd.DataFrame, schema: Schema, groups: Groups | None) -> Owned | None:
    """Return how rows belong to entities, where an identifier names the `groups` [rows] and some have several."""
    if groups is None:
        return None
    owners = numbered(groups, len(frame))
    named = [c.name for c in schema.identifiers if np.array_equal(numbered(frame[c.name], len(frame)), owners)]
    if not named or owners.max(initial=0) + 1 == len(owners):
        return None
    order = np.argsort(owners, kind="stable")
    enough = (np.bincount(owners) > 1).sum() >= LEAST_ENTITIES
    # as lines of an order have one customer
    finer = [c.name for c in schema.identifiers if decide(numbered(frame[c.name], len(frame)), owners)]
    whole = not frame[[named[0], *finer]].isna().any(axis=None)
    return Owned(named[0], order, np.diff(owners[order]) == 0, bool(enough), bool(whole))


def restore(document: Mapping[str, Any] | None) -> Panel | None:
    """Read what `to_dict` wrote."""
    return None if document is None else Panel(**document)


def in_turn(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Number groups anew in the order of their first rows; a row without one (-1) is a group of its own."""
    own = np.asarray(numbers)
    return pd.factorize(np.where(own < 0, -1 - np.arange(len(own)), own))[0]
