"""Panels: tables of which an identifier names entities of several rows, such as patients with their visits.

What every entity keeps (a sex, a year of birth) comes before all else that is learnt, so that it is drawn given nothing
that differs from row to row; then what each of its visits keeps (a ward, a day), then the labels that no visit has
twice. Where an entity's rows or visits stand in the order of a date, or of a number that rises, that comes as soon as
it can.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.groups import Groups, decide, numbered
from launderette.generators.data.schema import Schema
from launderette.generators.derived.columns import values_of
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.identifiers import visits
from launderette.generators.identifiers.visits import Visits

LEAST_ENTITIES = 20  # of several rows each, of which anything is learnt
ORDERED_SHARE = 0.99  # of an entity's rows that follow one of no later date
Column = Cells | Labels


@dataclass(frozen=True)
class Panel:
    """The identifier column whose values name entities, how many of the first columns with tokens each entity keeps,
    which column its rows or visits stand in the order of; what visits are called ("" for none), how many of the next
    columns each of these keeps, and the shares of the labels that none has twice, of the column after those.
    """

    owner: str
    kept: int = 0
    time: int | None = None
    visit: str = ""
    of_visit: int = 0
    distinct: tuple[float, ...] = ()

    @property
    def visited(self) -> range:
        """The columns that visits keep."""
        return range(self.kept, self.kept + self.of_visit)

    @property
    def keeps_nothing(self) -> bool:
        """Whether neither entities nor visits keep anything, and their rows stand in no order."""
        return not (self.kept or self.of_visit or self.distinct) and self.time is None

    @property
    def time_of_visit(self) -> bool:
        """Whether the rows of a visit share the column that visits stand in the order of."""
        return self.time in self.visited

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
    visits: Visits | None = None

    def keeps(self, values: pd.Series) -> bool:
        """Tell whether a column that varies does so between entities alone."""
        codes = pd.factorize(values)[0][self.order]
        return self.enough and bool((codes[1:] == codes[:-1])[self.together].all() and (codes != codes[0]).any())

    def visit_keeps(self, values: pd.Series) -> bool:
        """Tell whether a column that varies within entities does so between their visits alone."""
        return self.visits is not None and not self.keeps(values) and self.visits.keep(values)

    def in_order(self, values: np.ndarray, *, rising: bool = False) -> bool:
        """Tell whether rows of an entity stand in the order of float64 [rows], which not all of them share, or none of
        them (`rising`; of its visits, where these share it).
        """
        if not self.enough or not self.whole:
            return False
        steps = np.diff(values[self.order])[self.together]
        if rising and self.visits is not None and self.visits.keep(pd.Series(values)):
            steps = steps[np.diff(self.visits.numbers[self.order])[self.together] != 0]
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
    found = visits.find(frame, schema, named[0], owners) if enough and whole else None
    return Owned(named[0], order, np.diff(owners[order]) == 0, bool(enough), bool(whole), found)


def fixed(columns: Sequence[Column], frame: pd.DataFrame, owned: Owned) -> list[set[str]]:
    """Return the columns that entities keep, and those that these or visits keep."""
    kept = {column.name for column in columns if owned.keeps(frame[column.name])}
    return [kept, kept | {column.name for column in columns if owned.visit_keeps(frame[column.name])}]


def _levels(columns: Sequence[Column], frame: pd.DataFrame, owned: Owned) -> list[list[Column]]:
    """Return the columns that entities keep, those that visits keep, that of labels that no visit has twice, and the
    others.
    """
    kept = [column for column in columns if owned.keeps(frame[column.name])]
    visited = [column for column in columns if owned.visit_keeps(frame[column.name])]
    others = [column for column in columns if column not in (*kept, *visited)]
    once = _once(others, frame, owned.visits)
    return [kept, visited, once, [column for column in others if column not in once]]


def _once(columns: Sequence[Column], frame: pd.DataFrame, found: Visits | None) -> list[Column]:
    """Return the column whose labels no visit has twice though most pairs would be alike by chance, if there is one."""
    if found is None:
        return []
    expected = [found.without_repeats(c, frame[c.name]) if isinstance(c, Labels) else 0.0 for c in columns]
    most = max(expected, default=0.0)
    return [columns[expected.index(most)]] if most else []


def _of(owned: Owned, found: Sequence[Sequence[Column]], frame: pd.DataFrame, time: int | None) -> Panel:
    """Return the panel of columns by their levels, and which of them the rows stand in the order of."""
    kept, visited, once, _ = found
    visit = owned.visits.name if owned.visits is not None else ""
    cells = [column.encode(frame[column.name]) for column in once]
    shares = [(np.bincount(own) / len(own)).round(4).tolist() for own in cells]
    return Panel(owned.owner, len(kept), time, visit, len(visited), tuple(shares[0]) if shares else ())


def ordered(
    columns: Sequence[Column], days: Collection[str], frame: pd.DataFrame, owned: Owned, arriving: Sequence[str] = ()
) -> tuple[tuple[Column, ...], Panel]:
    """Return the columns in the order of a panel: what entities keep, what visits keep, labels that no visit has twice,
    and before others of its level the date, one of the `days` included, else the number, by which rows are in order:
    where it is known at which times they come, the last of `arriving`, after the others of these.
    """
    found = _levels(columns, frame, owned)
    rest = [column for own in found[1:] for column in own]
    dates = [c for c in rest if c.kind == "datetime" or c.name in days]
    timed = [c for c in dates if owned.in_order(values_of(frame[c.name], c))]
    timed = timed or [c for c in rest if owned.in_order(values_of(frame[c.name], c), rising=True)]
    timed = [c for c in rest if c.name in arriving[-1:]] or timed
    first = [*arriving, *(column.name for column in timed[:1])]

    def rank(column: Column) -> int:
        return first.index(column.name) if column.name in first else len(first)

    placed = [column for own in found for column in sorted(own, key=rank)]
    return tuple(placed), _of(owned, found, frame, placed.index(timed[0]) if timed else None)


def units(owned: Owned | None, schema: Schema) -> list[str]:
    """Return the identifier columns within whose values one row may follow from another: of entities, and of what
    belongs to them.
    """
    if owned is None or not owned.enough or not owned.whole:
        return []
    visit = owned.visits.name if owned.visits is not None else owned.owner
    return [owned.owner, *([visit] if visit != owned.owner and visit in schema.names else [])]


def restore(document: Mapping[str, Any] | None) -> Panel | None:
    """Read what `to_dict` wrote."""
    return None if document is None else Panel(**{**document, "distinct": tuple(document["distinct"])})


def in_turn(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Number groups anew in the order of their first rows; a row without one (-1) is a group of its own."""
    own = np.asarray(numbers)
    return pd.factorize(np.where(own < 0, -1 - np.arange(len(own)), own))[0]
