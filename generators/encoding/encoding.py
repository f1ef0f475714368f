"""Table <-> tokens by the schema.

A column becomes one token, or two where it has more values than one token should hold: a coarse token and a fine token
inside it.
- Numbers and dates lie on a grid of integer ticks (the column's decimals, or its coarsest unit of time). A value shared
  by at least LEAST_ROWS_PER_VALUE rows is a cell of its own and is written back exactly; the values between such atoms
  form intervals of about as many rows (of more where there are many), decoded uniformly on the grid; where there is no
  grid, and which values are shared by so many may tell of a row, only those that stand out. So no number that
  fewer rows share is ever stored; rows of one group (a patient's visits) that share one count as one. Intervals tile
  the range of the column, gaps of its training rows included.
  In a list of numbers (lists.py) the few rows between shared values go to the nearest of these.
- Categories are ranked by frequency; beyond SINGLE_TOKEN_CELLS of them, the coarse token is the bucket and the fine
  token the member.
- A missing value is the last token of its column, so that missingness is learned with everything else; which of several
  words stands for it is a label of its own (generators/derived/words.py).
- Of an identifier, whether a row has one is a token where only some rows have (generators/derived/presence.py).
- A column that others give (generators/derived) has no token: it is worked out from their values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators import formulas
from launderette.generators.data import parts
from launderette.generators.data.schema import Schema
from launderette.generators.derived import presence, running, words
from launderette.generators.derived.clocks import DatePart
from launderette.generators.derived.columns import Derived, per_unit, values_of
from launderette.generators.derived.narrow import Between
from launderette.generators.derived.presence import Presence
from launderette.generators.derived.running import Running
from launderette.generators.derived.words import WordPart
from launderette.generators.encoding import absence
from launderette.generators.encoding.absence import Absence, Threshold
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import restore_column
from launderette.generators.encoding.labels import Labels
from launderette.generators.encoding.layout import Layout
from launderette.generators.encoding.precision import Precision
from launderette.generators.errors import GeneratorError
from launderette.generators.identifiers import entities, inter_arrival, panels
from launderette.generators.identifiers.inter_arrival import InterArrival
from launderette.generators.identifiers.panels import Panel

# what an encoding holds, each a tuple, beside its columns
OF_ROWS = "worded", "present", "precision", "running", "absences", "thresholds", "arrivals"


@dataclass(frozen=True)
class Encoding:
    """How the columns of one schema become tokens; fitted on training rows, public once rare values are protected."""

    schema: Schema
    columns: tuple[Cells | Labels, ...] = field(repr=False)  # that have tokens
    groups: tuple[entities.Grouping, ...] = field(default=(), repr=False)  # of the identifier columns
    derived: tuple[Derived, ...] = ()  # each after those that it is worked out from
    # columns of no schema, from which others follow
    between: tuple[Between | DatePart, ...] = field(default=(), repr=False)
    panel: Panel | None = None  # where rows belong to entities
    worded: tuple[WordPart, ...] = ()  # likewise of no schema
    present: tuple[Presence, ...] = ()  # likewise
    precision: tuple[Precision, ...] = field(default=(), repr=False)  # of numbers with tokens
    running: tuple[Running, ...] = ()  # totals within entities
    absences: tuple[Absence, ...] = field(default=(), repr=False)
    thresholds: tuple[Threshold, ...] = field(default=(), repr=False)
    arrivals: tuple[InterArrival, ...] = ()  # by what rows of an entity come at regular times

    @cached_property
    def layout(self) -> Layout:
        return Layout.of(self.columns)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """Return tokens of shape [rows, L], int64; a value outside the fitted cells goes to the nearest one."""
        frame, tokens = self.with_between(frame), np.zeros((len(frame), self.layout.width), dtype="int64")
        for column, places in zip(self.columns, self.layout.places, strict=True):
            for place, token in zip(places, column.split(column.encode(frame[column.name])), strict=True):
                tokens[:, place] = token
        return tokens

    def with_between(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with what is learnt in place of some of its columns, such as the time between two dates or
        each of several numbers in one text.
        """
        frame = parts.split(running.read(presence.read(frame, self.present), self.running), self.schema)
        frame = inter_arrival.read(frame, self.arrivals, self.schema)
        frame = words.read(frame, self.worded)
        if not self.between or self.between[0].name in frame:
            return frame
        names = {name for one in self.between for name in one.sources}
        values = {name: values_of(frame[name], self.column(name)) for name in names}
        return frame.assign(**{one.name: one.values(values) for one in self.between})

    def cells(self, tokens: np.ndarray) -> list[np.ndarray]:
        """Return the cell of every column, each [rows], of tokens [rows, L]."""
        return [column.join(tokens[:, places]) for column, places in zip(self.columns, self.layout.places, strict=True)]

    def decode(
        self, tokens: np.ndarray, inside: np.ndarray, *, seed: int = 0, limits: Mapping[int, Any] | None = None
    ) -> pd.DataFrame:
        """Return the rows of tokens [rows, L]; inside [rows, columns] in [0, 1) places a value within its interval,
        or its `limits`.
        """
        learned = self.decode_learned(tokens, inside, limits)
        learned = running.totalled(learned, self.running, self.groups, seed)
        decoded = learned | self.identifiers(len(tokens), seed, learned)
        return pd.DataFrame({name: decoded[name] for name in self.schema.names})

    def decode_learned(
        self, tokens: np.ndarray, inside: np.ndarray, limits: Mapping[int, Any] | None = None
    ) -> dict[str, pd.Series]:
        """Return, of each row by itself, all columns but identifiers, which of these it has, where totals start."""
        found = self.decode_known(tokens, inside, limits)
        found |= {one.name: found[one.start] for one in self.running}
        own = [*(part.name for part in self.present), *(one.start for one in self.running)]
        return parts.joined(found, self.schema) | {name: found[name] for name in own}

    def decode_known(
        self, tokens: np.ndarray, inside: np.ndarray, limits: Mapping[int, Any] | None = None
    ) -> dict[str, pd.Series]:
        """Return the values of all columns `known`, as `decode_learned`."""
        cells, limits = self.cells(tokens), limits or {}
        drawn = {*self.sources, *(self.index(one.name) for one in self.precision)}
        own = {k: column for k in drawn if k < len(cells) and isinstance(column := self.known[k], Cells)}
        ticks = {k: column.ticks(cells[k], inside[:, k], limits.get(k)) for k, column in own.items()}
        ticks = {k: at if k in limits else self.rounded(k, at, cells, inside[:, k]) for k, at in ticks.items()}
        cells, ticks = self.worked_out(cells, ticks)
        found = {}
        for k, column in enumerate(self.known):
            place = inside[:, k if k < len(self.columns) else 0]  # chooses the word of a missing value
            if k in ticks and isinstance(column, Cells):
                found[column.name] = column.written(ticks[k], cells[k] >= column.size, place)
            else:
                found[column.name] = column.decode(cells[k], place, limits.get(k))
        for part in self.worded:
            k = self.index(part.source)
            is_missing = cells[k] >= self.known[k].size
            found[part.source] = part.written(found[part.source], is_missing, found[part.name])
        return found

    @cached_property
    def known(self) -> tuple[Cells | Labels, ...]:
        """Every column but identifiers: those that have tokens, and then those that are worked out."""
        return (*self.columns, *(one.column for one in self.derived))

    @cached_property
    def sources(self) -> tuple[int, ...]:
        """The columns with tokens from which others are worked out, or whose thresholds others keep to."""
        named = {name for one in self.derived for name in one.formula.sources} | {one.by for one in self.thresholds}
        return tuple(k for k, column in enumerate(self.columns) if column.name in named)

    def arrived(self, one: InterArrival, tokens: np.ndarray, inside: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Return the ticks of the column by which rows of `units` [rows] come at regular times, as worked out from
        their tokens and places: [rows].
        """
        cells = self.cells(tokens)

        def drawn(name: str) -> np.ndarray:
            k = self.index(name)
            return self.ordered(k).ticks(cells[k], inside[:, k]) / per_unit(self.ordered(k))

        return inter_arrival.worked_out(
            one, self.ordered(self.index(one.name)), drawn(one.start), drawn(one.step), units
        )

    @property
    def rows_of_totals(self) -> int:
        """How many rows before and after a row tell of its running totals."""
        return entities.rows_around(self.groups, [one.unit for one in self.running])

    def rounded(self, k: int, ticks: np.ndarray, cells: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
        """Return ticks of column k with as few decimals as another column leaves it, by `places`: each [rows]."""
        one = next((own for own in self.precision if own.name == self.known[k].name), None)
        return ticks if one is None else one.rounded(ticks, self.ordered(k), cells[self.index(one.by)], places)

    @cached_property
    def parts_of_dates(self) -> tuple[tuple[int, ...], ...]:
        """The columns that each date is learnt by: its parts, and the days from another date on."""
        between = {part.name: part for part in self.between}
        own = [[between[name] for name in one.formula.sources if name in between] for one in self.derived]
        dates = [parts for parts in own if any(isinstance(part, DatePart) for part in parts)]
        return tuple(tuple(self.index(part.name) for part in parts) for parts in dates)

    @property
    def may_contradict(self) -> bool:
        """Whether tokens that are drawn may contradict each other."""
        return bool(self.derived or self.parts_of_dates or self.absences or self.thresholds)

    @property
    def told(self) -> dict[str, dict[str, str]]:
        """What a record of training tells, where there is such: the formula of each column that is worked out, what a
        date is learnt by, which column tells the gaps of another one, which number a label or the gaps of one, and the
        column that names entities.
        """
        dates = {part.date for part in self.between if isinstance(part, DatePart)}
        texts = {one.name: one.formula.text for one in self.derived}
        texts |= {one.name: one.text for one in self.running} | {one.name: one.text for one in self.arrivals}
        found = {
            "derived": {name: text for name, text in texts.items() if name not in dates},
            "learnt_by": {name: text for name, text in texts.items() if name in dates},
            "absent": {one.name: one.by for one in self.absences},
            "thresholds": {one.name: one.by for one in self.thresholds},
            "entities": {} if self.panel is None else {"of": self.panel.owner},
        }
        return {key: told for key, told in found.items() if told}

    def _sources_of(self, one: Derived) -> list[int]:
        return [self.index(name) for name in one.formula.sources]

    def index(self, name: str) -> int:
        """Return the place among `known` of the learned column called `name`; ValueError for an identifier, and with
        the nearest name where there is none.
        """
        for k, column in enumerate(self.known):
            if column.name == name:
                return k
        running.check_learnt(name, self.running)
        if name in self.schema.flat.names:
            raise GeneratorError(f"expected a condition on a learned column, found one on the identifier {name!r}")
        raise GeneratorError(f"expected a condition on one of the columns {self.schema.flat.names}, found {name!r}")

    def worked_out(
        self, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]
    ) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
        """Return the cells, each [rows], and ticks of the columns, given those of the sources, with the columns that
        are worked out from them.
        """
        cells, ticks = list(cells), dict(ticks)
        for k, one in enumerate(self.derived, len(self.columns)):
            values = [self.values_at(j, cells, ticks) for j in self._sources_of(one)]
            ticks[k], is_missing = one.ticks(values)
            ticks[k] = self.rounded(k, ticks[k], cells, values[0])
            cells.append(one.column.cells_at(ticks[k], is_missing))
        return cells, ticks

    def far_beyond(self, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
        """Return in which rows a column whose extremes protection has moved is worked out to far beyond its range,
        given all cells and ticks: bool [rows].
        """
        found = np.zeros(len(cells[0]), dtype=bool)
        for one in (one for one in self.derived if one.formula.rounding == "ends"):
            found |= one.far_beyond([self.values_at(k, cells, ticks) for k in self._sources_of(one)])
        return found

    def is_as_told(self, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
        """Return in which rows gaps, and labels, are where other columns say so, given all cells and ticks: bool
        [rows].
        """
        found = np.ones(len(cells[0]), dtype=bool)
        for one in self.absences:
            k, by = self.index(one.name), self.index(one.by)
            found &= one.holds(cells[k] >= self.known[k].size, absence.telling(self.known[by], cells[by]))
        for own in self.thresholds:
            k, by = self.index(own.name), self.index(own.by)
            found &= own.holds(absence.telling(self.known[k], cells[k]), self.values_at(by, cells, ticks))
        return found

    def values_at(self, k: int, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
        """Return the values of column k as formulas take them: float64 [rows]."""
        column = self.known[k]
        if isinstance(column, Labels):
            return column.numbers[cells[k]]
        return np.where(cells[k] >= column.size, np.nan, ticks[k] / per_unit(column))

    def identifiers(self, n: int, seed: int, learned: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
        """Return fresh values of the identifier columns of n rows, which share them, where their `learned` columns say
        that they have some: of all rows together.
        """
        return presence.masked(entities.draw(self.groups, self.schema, n, seed), learned, self.present)

    def column(self, name: str) -> Cells | Labels:
        """Return the learned column called `name`; ValueError as of `index`."""
        return self.known[self.index(name)]

    def ordered(self, k: int) -> Cells:
        """Return learned column k, one of numbers or dates; ValueError for one of labels."""
        column = self.known[k]
        if isinstance(column, Cells):
            return column
        raise GeneratorError(f"expected numbers or dates in column {column.name!r}, found labels")

    def to_dict(self) -> dict:
        columns = [asdict(c) | {"type": type(c).__name__} for c in self.known]
        derived = [one.formula.to_dict() for one in self.derived]  # of the last columns
        groups = [asdict(group) for group in self.groups]
        between = [one.to_dict() for one in self.between]
        panel = None if self.panel is None else self.panel.to_dict()
        of_rows = {key: [part.to_dict() for part in getattr(self, key)] for key in OF_ROWS}
        found = {"columns": columns, "groups": groups, "derived": derived, "between": between, **of_rows}
        return {"schema": self.schema.to_dict(), **found, "panel": panel}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Encoding":
        """Read what to_dict wrote."""
        known = [restore_column(entry) for entry in document["columns"]]
        found = [formulas.from_dict(entry) for entry in document["derived"]]
        own = len(known) - len(found)
        derived = tuple(Derived(*pair) for pair in zip(known[own:], found, strict=True))
        groups = entities.restore(document["groups"])
        between = tuple(
            Between.from_dict(entry) if "formula" in entry else DatePart.from_dict(entry)
            for entry in document["between"]
        )
        panel = panels.restore(document["panel"])
        worded = tuple(map(WordPart.from_dict, document["worded"]))
        present = tuple(Presence(**entry) for entry in document.get("present", ()))
        schema = Schema.from_dict(document["schema"])
        precise = tuple(Precision(**entry) for entry in document["precision"])
        totals = running.restore(document["running"])
        absences = tuple(Absence(**entry) for entry in document["absences"])
        thresholds = tuple(Threshold(**entry) for entry in document["thresholds"])
        arrivals = inter_arrival.restore(document["arrivals"])
        rest = worded, present, precise, totals, absences, thresholds, arrivals
        return cls(schema, tuple(known[:own]), groups, derived, between, panel, *rest)
