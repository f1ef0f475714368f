"""Exactly n rows that meet conditions and constraints, from any family that draws chunks of candidates.

Rows that meet everything are kept in the order in which they are drawn (rejection sampling, von Neumann 1951): their
distribution is the model's own, given what they must meet, but that rules of the data take nothing from single columns
(raking.py). Where few candidates would pass, and the family can, tokens are masked while a row is drawn, one of
CANDIDATES_PER_ROW such rows is kept by its importance, and only what is left over is rejected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.derived import running
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.errors import GeneratorError, check_count
from launderette.generators.identifiers import entities
from launderette.generators.sampling import raking
from launderette.generators.sampling.combinations import Combinations
from launderette.generators.sampling.conditioning import CANDIDATES_PER_ROW, CHUNK_ROWS
from launderette.generators.sampling.constraints import Constraints
from launderette.generators.sampling.raking import RowWeights
from launderette.generators.training import randomness

# of candidates, for one chunk of rows: beyond, less than one candidate in MOST_CHUNKS chunks meets what is asked
MOST_CHUNKS = 100
WEIGHED_CHUNKS = 4  # of candidates, by which rows are weighed where the first of them tell that they have to be
LEAST_TOLD_ROWS = 32  # of a chunk, that tell whether hardly a row lies within the ranges of what is worked out

Accepted = tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]  # tokens, places, and ticks of the limited columns
Limits = dict[int, tuple[np.ndarray, np.ndarray]]  # lowest and highest ticks of the limited columns
Drawn = tuple[np.ndarray, np.ndarray]  # tokens [rows of a chunk, L] and places within intervals [..., columns]
Chunk = Callable[[int, int, bool], Drawn]  # seed, first row, guided or not
RETRIED = 4  # attempts to draw the rows of an entity, before all of them are drawn anew
TIMED = 12 * RETRIED  # attempts to draw rows given their times, before these are drawn too


class KnownTimes(NamedTuple):
    """The ticks and cells [rows] that column `k` has in the rows from `first` on."""

    k: int
    first: int
    ticks: np.ndarray
    cells: np.ndarray


class InPlace(NamedTuple):
    """How rows that share are drawn, of which none may take the place of another: `chunk` is also given how far from
    the first row the place of each is, and the `times` of rows where these are known; `entities` gives the entity of
    row numbers [rows], int64 [rows].
    """

    chunk: Callable[[int, int, bool, np.ndarray, KnownTimes | None], Drawn]
    entities: Callable[[np.ndarray], np.ndarray]
    times: KnownTimes | None = None


@dataclass(frozen=True)
class Asked:
    """What the rows of one sample must meet, whether the family can mask tokens, or must (`guided`: None to find out),
    and how many candidates a chunk has.
    """

    encoding: Encoding
    constraints: Constraints
    combinations: tuple[Combinations, ...] = ()
    guided: bool | None = None
    in_place: InPlace | None = None  # where rows of an entity share
    chunk_rows: int = field(default_factory=lambda: CHUNK_ROWS)

    def place(
        self, tokens: np.ndarray, inside: np.ndarray, guided: bool, times: dict[int, np.ndarray] | None = None
    ) -> tuple[dict[int, np.ndarray], np.ndarray]:
        """Return the ticks of the limited columns, those of `times` as they are, and which rows meet everything.

        What is worked out lies within its range too, unless that leaves hardly a row of a model that has learnt little.
        """
        cells = self.encoding.cells(tokens)
        ticks = self.constraints.place(cells, inside, narrowed=guided) | (times or {})
        held = self.constraints.holds(cells, ticks)
        for own in self.combinations:
            held &= own.kept(tokens)
        ranged = held & self.constraints.in_range(cells, ticks)
        hardly = held.sum() >= LEAST_TOLD_ROWS and ranged.sum() < held.sum() / CANDIDATES_PER_ROW
        return ticks, held if hardly else ranged

    @property
    def fixes_times(self) -> bool:
        """Whether a condition fixes a column by which rows of an entity come at regular times."""
        return any(self.constraints.fixes(self.encoding.index(one.name)) for one in self.encoding.arrivals)


Drawing = tuple[Asked, Chunk]  # all that a family has to say of how its rows are drawn


def draw(n: int, asked: Asked, chunk: Chunk, seed: int) -> pd.DataFrame:
    """Return n rows; row i depends on the seed and i alone. ValueError where hardly a candidate meets what is asked."""
    check_count(n, "rows")
    more = n + asked.encoding.rows_of_totals if n else 0
    tokens, inside, limits = _tokens(range(more), asked, chunk, seed)
    return asked.encoding.decode(tokens, inside, seed=seed, limits=limits).head(n)


def draw_part(part: range, asked: Asked, chunk: Chunk, seed: int) -> pd.DataFrame:
    """Return rows part.start to part.stop of those that `draw` returns, without their identifier columns."""
    coded = asked.encoding
    around = coded.rows_of_totals
    start, stop = max(0, part.start - around), part.stop + around
    tokens, inside, limits = _tokens(range(start, stop), asked, chunk, seed)
    found = coded.decode_learned(tokens, inside, limits)
    learned = running.totalled(found, coded.running, coded.groups, seed, start)
    own = [name for name in learned if name not in {one.start for one in coded.running}]
    drawn = pd.DataFrame({name: learned[name] for name in own}, index=pd.RangeIndex(stop - start))
    return drawn.iloc[part.start - start : part.stop - start].reset_index(drop=True)


def _tokens(part: range, asked: Asked, chunk: Chunk, seed: int) -> tuple[np.ndarray, np.ndarray, Limits]:
    """Return tokens, places and limits of a part of the rows. Where those of an entity come at regular times, each is
    drawn once more given its time, which the others tell.
    """
    coded, own = asked.encoding, asked.in_place
    if not (coded.arrivals and own and len(part)) or asked.fixes_times:
        return _drawn(part, asked, chunk, seed)
    one, size = coded.arrivals[0], asked.chunk_rows
    around = entities.rows_around(coded.groups, [one.owner])
    begin, end = part.start // size * size, -(-part.stop // size) * size  # of the chunks
    wide, k = range(max(0, begin - around), end + around), coded.index(one.name)
    starting = replace(asked, constraints=asked.constraints.of_other(k, coded.index(one.start)))
    tokens, inside, _ = _drawn(wide, starting, chunk, seed)
    ticks = coded.arrived(one, tokens, inside, own.entities(np.array(wide)))
    cells = coded.ordered(k).cells_at(ticks, np.zeros(len(ticks), dtype=bool))
    timed = own._replace(times=KnownTimes(k, wide.start, ticks, cells))
    return _drawn(part, replace(asked, in_place=timed), chunk, seed)


def _drawn(part: range, asked: Asked, chunk: Chunk, seed: int) -> tuple[np.ndarray, np.ndarray, Limits]:
    """Return tokens, places and limits of a part of the rows, whose chunks begin where those of all rows do."""
    chunk = _remembered(chunk)
    guided = _guided(asked, chunk, seed)
    weights = None if guided or asked.in_place else _weights(asked, chunk, seed)
    size = asked.chunk_rows
    begin = part.start - part.start % size
    parts = [
        _accepted(first, min(size, part.stop - first), asked, chunk, seed, guided, weights)
        for first in range(begin, part.stop, size)
    ]
    L, columns, before = asked.encoding.layout.width, len(asked.encoding.columns), part.start - begin
    tokens = np.concatenate([np.zeros((0, L), dtype="int64"), *(own[0] for own in parts)])
    inside = np.concatenate([np.zeros((0, columns)), *(own[1] for own in parts)])
    held = {k for own in parts[:1] for k in own[2]}
    ticks = {k: np.concatenate([own[2][k] for own in parts])[before:] for k in held}
    return tokens[before:], inside[before:], {k: (own, own) for k, own in ticks.items()}


def _remembered(chunk: Chunk) -> Chunk:
    """Return `chunk`, with the rows that tell how to draw, which are the first ones, drawn once."""
    first: dict[tuple[int, int, bool], Drawn] = {}

    def drawn(seed: int, row: int, guided: bool) -> Drawn:
        key = seed, row, guided
        if key not in first and (row or guided or len(first) == WEIGHED_CHUNKS):
            return chunk(*key)
        return first[key] if key in first else first.setdefault(key, chunk(*key))

    return drawn


def _guided(asked: Asked, chunk: Chunk, seed: int) -> bool:
    """Whether to mask tokens: where the family can, and fewer than one in CANDIDATES_PER_ROW rows pass without."""
    if asked.guided is not None or not asked.constraints.open:
        return bool(asked.guided)
    if asked.fixes_times:
        return True  # few rows of an entity would meet both when it begins and the condition
    return bool(asked.place(*chunk(seed, 0, False), False)[1].mean() < 1 / CANDIDATES_PER_ROW)


def _weights(asked: Asked, chunk: Chunk, seed: int) -> RowWeights | None:
    """Return by which weights to keep rows so that rules take nothing from single columns; None for all alike."""
    encoding = asked.encoding
    if not (asked.constraints.rules or asked.combinations or encoding.may_contradict):
        return None
    found = None
    for chunks in (1, WEIGHED_CHUNKS):
        drawn = [chunk(attempt_seed(seed, attempt), 0, False) for attempt in range(chunks)]
        tokens, inside = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        ticks, held = asked.place(tokens, inside, False)
        cells = encoding.cells(tokens)
        wanted = raking.wanted(asked.constraints, cells, ticks)
        found = raking.weigh(cells, [column.size for column in encoding.columns], wanted, held)
        if found is None:
            break
    return found


def _accepted(
    first: int, count: int, asked: Asked, chunk: Chunk, seed: int, guided: bool, weights: RowWeights | None
) -> Accepted:
    """Return tokens, places and ticks of `count` rows from `first` on."""
    if asked.in_place:
        return _in_place(first, count, asked, asked.in_place, seed, guided)
    tokens, inside, ticks, found = [], [], [], 0
    for attempt in range(MOST_CHUNKS):
        own = attempt_seed(seed, attempt)
        drawn = chunk(own, first, guided)
        placed, held = asked.place(*drawn, guided)
        if weights is not None:
            chances = randomness.row_uniforms(randomness.key(own, "weights"), first, len(held), 1)[:, 0]
            held = held & weights.kept(asked.encoding.cells(drawn[0]), chances)
        kept = np.flatnonzero(held)[: count - found]
        tokens.append(drawn[0][kept])
        inside.append(drawn[1][kept])
        ticks.append({k: own[kept] for k, own in placed.items()})
        found += len(kept)
        if found == count:
            return (
                np.concatenate(tokens),
                np.concatenate(inside),
                {k: np.concatenate([t[k] for t in ticks]) for k in ticks[0]},
            )
    raise _hardly(asked, count, guided)


def attempt_seed(seed: int, attempt: int) -> int:
    """Return what the candidates of an attempt, from 0, are drawn by."""
    return randomness.key(seed, "again", attempt) if attempt else seed


def _in_place(first: int, count: int, asked: Asked, own: InPlace, seed: int, guided: bool) -> Accepted:
    """Return tokens, places and ticks of `count` rows from `first` on, as `_accepted`: each place keeps the first row
    drawn for it that meets everything. All places of a chunk are filled, so that a row does not depend on `count`.
    """
    found: Accepted | None = None
    left = np.arange(asked.chunk_rows)
    entities = own.entities(first + left)
    for attempt in range(MOST_CHUNKS):
        if attempt % RETRIED == 0:
            left = np.flatnonzero(np.isin(entities, entities[left]))
        places = np.resize(left, asked.chunk_rows)
        known = own.times if attempt < TIMED else None
        drawn = own.chunk(attempt_seed(seed, attempt), first, guided, places, known)
        ticks, held = asked.place(*drawn, guided, _times(asked, known, first + places, drawn))
        found = found or (*drawn, ticks)
        taken, rows = np.unique(np.where(held, places, -1), return_index=True)
        taken, rows = taken[taken >= 0], rows[taken >= 0]
        for kept, new in zip((*found[:2], *found[2].values()), (*drawn, *ticks.values()), strict=True):
            kept[taken] = new[rows]
        left = np.setdiff1d(left, taken)
        if not len(left):
            return found[0][:count], found[1][:count], {k: kept[:count] for k, kept in found[2].items()}
    raise _hardly(asked, count, guided)


def _times(asked: Asked, known: KnownTimes | None, numbers: np.ndarray, drawn: Drawn) -> dict[int, np.ndarray]:
    """Return by column the ticks of rows `numbers` [rows]: where times are known; else, of a column of times, as they
    are drawn.
    """
    if known is not None:
        return {known.k: known.ticks[numbers - known.first]}
    if asked.in_place is None or asked.in_place.times is None:
        return {}
    k, (tokens, inside) = asked.in_place.times.k, drawn
    return {k: asked.encoding.ordered(k).ticks(asked.encoding.cells(tokens)[k], inside[:, k])}


def _hardly(asked: Asked, count: int, guided: bool) -> GeneratorError:
    other = "" if guided else ", or train tabular.autoregressive, which keeps to them while it draws"
    least = MOST_CHUNKS * asked.chunk_rows // count
    return GeneratorError(
        f"expected conditions and constraints that one in {least:,} rows of the model meets, found that fewer do; "
        f"widen them{_instead(asked)}{other}"
    )


def _instead(asked: Asked) -> str:
    """Say which columns to ask for in place of those that are worked out."""
    first, names = len(asked.encoding.columns), asked.encoding.schema.names
    derived = [asked.encoding.derived[k - first] for k in asked.constraints.domains if k >= first]
    sources = [name for one in derived for name in one.formula.sources if name in names]
    shown = ", ".join(repr(one.name) for one in derived)
    return f"; {shown} is worked out: ask for {', '.join(map(repr, sources))} instead" if derived else ""
