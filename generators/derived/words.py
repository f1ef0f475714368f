"""Numbers and dates with several words among them, such as <0.5 and not done: which of them stands for a missing value
is learnt as a label of its own, so that it goes with the rest of the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Categorical, Column, Datetime, Numerical
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.labels import Labels
from launderette.generators.formats.grid import to_grid
from launderette.generators.formats.written import shares_of_words, texts_of, words_among

Shares = Sequence[tuple[str | None, float]]  # of the rows without a number, by the word that they have
LEAST_WORD_ROWS = 20  # without a number, and as many of its less frequent ways: else words are drawn by their shares


@dataclass(frozen=True)
class WordPart:
    """Which of the `words` stands for a missing value of the column `source`; none where a number or nothing does."""

    name: str
    source: str
    words: tuple[str, ...]

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self) | {"words": list(self.words)}

    @classmethod
    def from_dict(cls, document: Mapping) -> "WordPart":
        """Read what to_dict wrote."""
        return cls(**{**document, "words": tuple(document["words"])})

    def read(self, values: pd.Series) -> pd.Series:
        """Return the word of each value of the source."""
        plain = values.astype("object")
        return plain.where(plain.isin(self.words), None)

    def cells(self, values: pd.Series) -> Cells | Labels:
        """Choose the labels, given the values of the source."""
        return fit_column(self.read(values), Categorical(self.name, "object"))

    def written(self, values: pd.Series, is_missing: np.ndarray, words: pd.Series) -> pd.Series:
        """Return the values of the source with the words that are drawn for its missing ones."""
        return values.astype("object").where(~is_missing, words)


def find(frame: pd.DataFrame, columns: Sequence[Cells | Labels]) -> tuple[WordPart, ...]:
    """Return the columns whose missing values are written in more than one way, each by enough rows."""
    several = [column for column in columns if isinstance(column, Cells) and len(column.words) > 1]
    rows = {one.name: int((one.encode(frame[one.name]) >= one.size).sum()) for one in several}
    found = [_part(one.name, one.words) for one in several if _vary(rows[one.name], one.words)]
    return tuple(part for part in found if part.name not in frame)


def of_table(frame: pd.DataFrame, columns: Iterable[Column]) -> tuple[WordPart, ...]:
    """Return what `find` does, of a table that nothing is learnt from."""
    found = []
    for column in columns:
        if isinstance(column, Numerical | Datetime) and not pd.api.types.is_numeric_dtype(frame[column.name].dtype):
            missing = frame[column.name][~to_grid(frame[column.name], column, 1)[1]]
            shares = shares_of_words(missing, words_among(texts_of(missing.dropna()) or {})) if len(missing) else []
            found += [_part(column.name, shares)] if _vary(len(missing), shares) else []
    return tuple(part for part in found if part.name not in frame)


def _part(name: str, shares: Shares) -> WordPart:
    return WordPart(f"word of {name}", name, tuple(word for word, _ in shares if word is not None))


def _vary(rows: int, shares: Shares) -> bool:
    """Tell whether the most frequent way in which values of some rows are missing leaves enough rows to the others."""
    return len(shares) > 1 and rows * (1 - max(share for _, share in shares)) >= LEAST_WORD_ROWS


def read(frame: pd.DataFrame, parts: Iterable[WordPart]) -> pd.DataFrame:
    """Return the frame with the word of each value of the parts' sources."""
    found = {part.name: part.read(frame[part.source]) for part in parts}
    return frame.assign(**found) if found else frame  # pandas copies all values even for none
