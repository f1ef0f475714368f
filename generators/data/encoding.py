"""Table <-> tokens by the schema.

A column becomes one token, or two where it has more values than one token should hold: a coarse token and a fine token
inside it.
- Numbers and dates lie on a grid of integer ticks (the column's decimals, or its coarsest unit of time). A value shared
  by at least LEAST_ROWS_PER_VALUE rows is a cell of its own and is written back exactly; the values between such atoms
  form intervals of about as many rows (of more where there are many), decoded uniformly on the grid. So no number that
  fewer rows share is ever stored. Intervals tile the range of the column, gaps of its training rows included.
  In a list of numbers (lists.py) the few rows between shared values go to the nearest of these.
- Categories are ranked by frequency; beyond SINGLE_TOKEN_CELLS of them, the coarse token is the bucket and the fine
  token the member.
- A missing value is the last token of its column, so that missingness is learned with everything else.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.columns import Cells, Labels, fit_column, restore_column
from launderette.generators.data.schema import Schema
from launderette.generators.errors import GeneratorError
from launderette.generators.identifiers import entities


@dataclass(frozen=True)
class Encoding:
    """How the columns of one schema become tokens; fitted on training rows, public once rare values are protected."""

    schema: Schema
    columns: tuple[Cells | Labels, ...] = field(repr=False)
    groups: tuple[entities.Grouping, ...] = field(default=(), repr=False)  # of the identifier columns

    @cached_property
    def layout(self) -> "Layout":
        return Layout.of(self.columns)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """Return tokens of shape [rows, L], int64; a value outside the fitted cells goes to the nearest one."""
        tokens = np.zeros((len(frame), self.layout.width), dtype="int64")
        for column, places in zip(self.columns, self.layout.places, strict=True):
            for place, part in zip(places, column.split(column.encode(frame[column.name])), strict=True):
                tokens[:, place] = part
        return tokens

    def cells(self, tokens: np.ndarray) -> list[np.ndarray]:
        """Return the cell of every column, each [rows], of tokens [rows, L]."""
        return [column.join(tokens[:, places]) for column, places in zip(self.columns, self.layout.places, strict=True)]

    def decode(
        self, tokens: np.ndarray, inside: np.ndarray, *, seed: int = 0, limits: Mapping[int, Any] | None = None
    ) -> pd.DataFrame:
        """Return the rows of tokens [rows, L]; inside [rows, columns] in [0, 1) places a value within its interval,
        or its `limits`.
        """
        decoded = self.decode_learned(tokens, inside, limits) | self.identifiers(len(tokens), seed)
        return pd.DataFrame({name: decoded[name] for name in self.schema.names})

    def decode_learned(
        self, tokens: np.ndarray, inside: np.ndarray, limits: Mapping[int, Any] | None = None
    ) -> dict[str, pd.Series]:
        """Return the values of every column but identifiers, as `decode`: of each row by itself."""
        cells = enumerate(zip(self.columns, self.cells(tokens), strict=True))
        return {c.name: c.decode(own, inside[:, k], (limits or {}).get(k)) for k, (c, own) in cells}

    def identifiers(self, n: int, seed: int) -> dict[str, pd.Series]:
        """Return fresh values of the identifier columns of n rows, which share them: of all rows together."""
        return entities.draw(self.groups, self.schema, n, seed)

    def column(self, name: str) -> Cells | Labels:
        """Return the learned column called `name`; ValueError for an identifier, and with the nearest name where
        there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        if name in self.schema.names:
            raise GeneratorError(f"expected a condition on a learned column, found one on the identifier {name!r}")
        raise GeneratorError(f"expected a condition on one of the columns {self.schema.names}, found {name!r}")

    def ordered(self, k: int) -> Cells:
        """Return learned column k, one of numbers or dates; ValueError for one of labels."""
        column = self.columns[k]
        if isinstance(column, Cells):
            return column
        raise GeneratorError(f"expected numbers or dates in column {column.name!r}, found labels")

    def to_dict(self) -> dict:
        columns = [asdict(c) | {"type": type(c).__name__} for c in self.columns]
        return {"schema": self.schema.to_dict(), "columns": columns, "groups": [asdict(group) for group in self.groups]}

    @classmethod
    def from_dict(cls, document: Mapping) -> "Encoding":
        """Read what to_dict wrote."""
        columns = tuple(restore_column(entry) for entry in document["columns"])
        return cls(Schema.from_dict(document["schema"]), columns, entities.restore(document["groups"]))


@dataclass(frozen=True)
class Layout:
    """Where each column's tokens stand: first the first token of every column, then all fine tokens.

    Fine tokens come last so that no coarse token has to be predicted from them: they hold little but noise.
    """

    sizes: tuple[int, ...]  # values that token l can take
    ordered: tuple[int, ...]  # how many of these, from the first, are in the order of numbers; 0 for labels
    places: tuple[tuple[int, ...], ...]  # of each column: its first token and, where it has one, its fine token
    inner: dict[int, tuple[int, np.ndarray]] = field(
        repr=False
    )  # fine place -> (coarse place, number of fine values per coarse value)
    exact: dict[int, tuple[int, ...]] = field(default_factory=dict)  # place -> its values that hold an atom
    gaps: dict[int, tuple[int, ...]] = field(default_factory=dict)  # place -> its values that no training row took

    @property
    def width(self) -> int:
        return len(self.sizes)

    @classmethod
    def of(cls, columns: tuple[Cells | Labels, ...]) -> "Layout":
        sizes = [column.coarse_size for column in columns]
        numbers = [isinstance(column, Cells) for column in columns]
        ordered = [len(column.starts) * number for column, number in zip(columns, numbers, strict=True)]
        places: list[tuple[int, ...]] = [(place,) for place in range(len(columns))]
        inner: dict[int, tuple[int, np.ndarray]] = {}
        for place, column in enumerate(columns):
            if column.fine_size > 1:
                inner[len(sizes)] = (place, column.fine_sizes())
                places[place] = (place, len(sizes))
                sizes.append(column.fine_size)
                ordered.append(column.fine_size * numbers[place])
        cells = {place: column for place, column in enumerate(columns) if isinstance(column, Cells)}
        exact, gaps = ({place: getattr(c, name) for place, c in cells.items()} for name in ("exact", "empty"))
        return cls(tuple(sizes), tuple(ordered), tuple(places), inner, exact, gaps)


def fit(frame: pd.DataFrame, schema: Schema, salt: str = "") -> Encoding:
    """Choose the cells and labels of every column but identifiers from its values; ValueError where nothing is left to
    learn.

    Two encodings of one `salt` and the same rows make up the same identifiers for one seed.
    """
    if not schema.learned:
        raise GeneratorError("expected at least one column that is no identifier, found none")
    if len(frame) < 2:
        raise GeneratorError(f"expected at least two rows to learn from, found {len(frame)}")
    columns = tuple(fit_column(frame[column.name], column) for column in schema.learned)
    return Encoding(schema, columns, entities.fit(frame, schema, salt))
