"""Real values of an identifying column that stand in a released table, and the parts of texts by which one is known
again that was changed.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.samples import Samples

WORDS_READ, LETTERS_READ = 40, 500  # of a text that are looked at
DIGESTS = "md5", "sha1", "sha256", "sha512"
DIGEST_END = 12  # characters at either end by which a digest is known: chance has one of them in 2^48 texts
HEXADECIMAL = re.compile(f"[0-9a-f]{{{DIGEST_END},}}")
RUNS = {1: "single words", 2: "pairs of words", 3: "threes of words"}  # by their length


@dataclass(frozen=True)
class Reuse:
    """Counts of one column: released values, the real ones and digests of such among them, holdout values, those that
    training rows have too.
    """

    values: int
    real: int
    held: int
    shared: int


def of(samples: Samples, column: str) -> Reuse:
    """Count the released values of a column that a training or holdout row has, or that are digests of such."""
    texts = {role: written(frame[column]) for role, frame in samples.frames.items()}
    train, held, released = texts["train"], texts.get("holdout", texts["train"][:0]), texts["synthetic"]
    known = {*train, *held}
    real = released.isin(known) | _digested(released, known)
    return Reuse(len(released), int(real.sum()), len(held), int(held.isin({*train}).sum()))


def digests(text: str) -> Iterator[str]:
    """Digests without a key of a text, as it is and in small letters without spaces around it: whoever guesses it
    knows it again.
    """
    for written in dict.fromkeys((text, text.strip().casefold())):
        raw = written.encode(errors="replace")
        yield from (hashlib.new(name, raw, usedforsecurity=False).hexdigest() for name in DIGESTS)


def _digested(released: pd.Series, real: Iterable[str]) -> pd.Series:
    """Which released texts begin or end as a digest of a real one does, behind or before whatever is no digit of it."""
    ends = released.map(_ends)
    wanted = {end for of in ends for end in of}
    known = {end for text in (real if wanted else ()) for d in digests(text) for end in _ends(d) if end in wanted}
    return ends.map(lambda of: not known.isdisjoint(of)).astype("bool")


def _ends(text: str) -> set[str]:
    """The ends of each stretch of hexadecimal digits, also as a UUID writes them."""
    small = text[:LETTERS_READ].casefold()
    runs = [run for part in (small, small.replace("-", "")) for run in HEXADECIMAL.findall(part)]
    return {end for run in runs for end in (run[:DIGEST_END], run[-DIGEST_END:])}


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
