"""Numbers and dates with several words among them, such as <0.5 and not done: which of them stands for a missing value
is learnt as a label of its own, so that it goes with the rest of the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from launderette.generators.data.columns import Cells, Labels, fit_column
from launderette.generators.data.schema import Categorical

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
    found = [WordPart(f"word of {one.name}", one.name, tuple(one.missing_words)) for one in several]
    enough = [part for part, one in zip(found, several, strict=True) if _vary(frame[one.name], one)]
    return tuple(part for part in enough if part.name not in frame)


def _vary(values: pd.Series, column: Cells) -> bool:
    """Tell whether the most frequent way in which a value is missing leaves enough rows to the others."""
    rows = column.encode(values) >= column.size
    return bool(rows.sum() * (1 - max(share for _, share in column.words)) >= LEAST_WORD_ROWS)


def read(frame: pd.DataFrame, parts: Iterable[WordPart]) -> pd.DataFrame:
    """Return the frame with the word of each value of the parts' sources."""
    return frame.assign(**{part.name: part.read(frame[part.source]) for part in parts})
