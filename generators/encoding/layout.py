"""The tokens of a table, as networks see them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels


@dataclass(frozen=True)
class Layout:
    """Where each column's tokens stand: first the first token of every column, then all fine tokens.

    Fine tokens come last so that no coarse token has to be predicted from them: they hold little but noise.
    """

    sizes: tuple[int, ...]  # values that token l can take
    ordered: tuple[int, ...]  # how many of these, from the first, are in the order of numbers; 0 for labels
    places: tuple[tuple[int, ...], ...]  # of each column: its first token and, where it has one, its fine token
    # fine place -> (coarse place, number of fine values per coarse value)
    inner: dict[int, tuple[int, np.ndarray]] = field(repr=False)
    exact: dict[int, tuple[int, ...]] = field(default_factory=dict)  # place -> its values that hold an atom
    gaps: dict[int, tuple[int, ...]] = field(default_factory=dict)  # place -> its values that no training row took

    @property
    def width(self) -> int:
        return len(self.sizes)

    def tokens(self, columns: Iterable[int]) -> list[int]:
        """Return the places of the tokens of some columns."""
        return [place for k in columns for place in self.places[k]]

    def coordinates(self, tokens: Tensor) -> Tensor:
        """Return tokens [N, L] of rows as points, float32 [N, D]: of numbers their ranks, of spread 1, of labels and
        what is no number indicators, two of which are 1 apart; fine tokens are left out.
        """
        places = range(len(self.places))
        return torch.cat([_coordinates(tokens[:, place], self.ordered[place]) for place in places], 1)

    @classmethod
    def of(cls, columns: tuple[Cells | Labels, ...]) -> "Layout":
        """Return the layout of columns in their order."""
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


def _coordinates(tokens: Tensor, ordered: int) -> Tensor:
    """Return the tokens [N] of one place as points [N, D]; the first so many are in the order of numbers."""
    numbers, tokens = tokens < ordered, tokens.contiguous()
    known = tokens[numbers].sort().values
    below, reached = (torch.searchsorted(known, tokens, right=right) for right in (False, True))
    ranks = (below + reached) / (2 * max(1, len(known))) - 0.5
    indicators = tokens[:, None] == tokens[~numbers].unique()
    return torch.cat([(numbers * ranks * 12**0.5)[:, None], indicators * 0.5**0.5], 1).float()
