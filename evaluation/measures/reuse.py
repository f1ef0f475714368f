"""Real values of an identifying column that stand in a released table, and the parts of texts by which one is known
again that was changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.samples import Samples

WORDS_READ, LETTERS_READ = 40, 500  # of a text that are looked at
RUNS = {1: "single words", 2: "pairs of words", 3: "threes of words"}  # by their length


@dataclass(frozen=True)
class Reuse:
    """Counts of one column: released values, the real ones among them, holdout values, those that training rows
    have too.
    """

    values: int
    real: int
    held: int
    shared: int


def of(samples: Samples, column: str) -> Reuse:
    """Count the released values of a column that a training or holdout row has."""
    texts = {role: written(frame[column]) for role, frame in samples.frames.items()}
    train, held, released = texts["train"], texts.get("holdout", texts["train"][:0]), texts["synthetic"]
    real = int(released.isin({*train, *held}).sum())
    return Reuse(len(released), real, len(held), int(held.isin({*train}).sum()))


def counts_rows(samples: Samples, column: str) -> bool:
    """Whether the column numbers the rows of the real tables one after the other: it says nothing of anybody."""
    real = pd.concat([frame[column] for role, frame in samples.frames.items() if role != "synthetic"])
    if not pd.api.types.is_numeric_dtype(real.dtype) or real.isna().any() or real.duplicated().any():
        return False
    numbers = np.sort(real.to_numpy("float64"))
    return bool(numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1))


def written(values: pd.Series) -> pd.Series:
    """Write values without their type, so that 1001 and 1001.0 are one, and without the spaces around them."""
    return values.dropna().map(label).astype("object").map(str.strip)


def words(text: str) -> list[str]:
    """The first runs of letters and runs of digits, without case and accents."""
    folded = unicodedata.normalize("NFKD", text[:LETTERS_READ].casefold())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return re.findall(r"[^\W\d_]+|\d+", plain)[:WORDS_READ]


def fragments(found: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What remains of the words of a text that was changed, each under the name of its kind: all of it but for spaces
    and punctuation, its words in any order, and single words, pairs and threes of words.
    """
    yield "letters and digits", "".join(found)
    yield "words in any order", " ".join(sorted(found))
    for length, kind in RUNS.items():
        yield from ((kind, " ".join(found[at : at + length])) for at in range(len(found) - length + 1))
