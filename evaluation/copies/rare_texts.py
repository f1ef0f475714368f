"""Parts of texts that one real row alone has: what a copied text keeps that was written otherwise, or changed a
little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.copies.rare_counts import FEW, ROLES, Sharing, sharing
from launderette.evaluation.measures import reuse
from launderette.evaluation.samples import Samples

TEXTS, TEXT_SHARE = 5000, 0.05  # rows of each table whose texts are read; share of different ones in a column of texts
RUN = 8  # characters in a row that name somebody: of a number of an account, of an e-mail
SHORT = 40  # characters: of longer texts not all but one are compared
BASE, ONES = 0x9E3779B97F4A7C15, 2**64  # of hashes, which count modulo the latter

Places = tuple[np.ndarray, np.ndarray]  # codes of parts and the rows that they stand in: [parts in rows], twice


def fragments(samples: Samples, numbers: Collection[str]) -> list[Sharing]:
    """Rare parts of texts, and of the digits of columns of whole numbers, by column and kind."""
    if samples.holdout is None:
        return []
    asked = {role: samples.rows(role, TEXTS, 0) for role in ROLES}
    sizes = np.array([len(asked[role]) for role in ROLES])
    found: list[Sharing] = []
    letters: dict[str, _Letters] = {}
    for column in samples.train.columns:
        if samples.is_number(column) and column not in numbers:
            continue
        texts = [samples.frames[r][column].iloc[asked[r]].map(label, na_action="ignore") for r in ROLES]
        if texts[0].nunique() > max(FEW, TEXT_SHARE * sizes[0]):
            written = pd.concat(texts, ignore_index=True)
            words = [reuse.words(text) if pd.notna(text) else [] for text in written]
            letters[column] = _Letters(["".join(found) for found in words])
            parts = letters[column].parts() | ({} if column in numbers else _written(words))
            found += [sharing(f"{kind} in {column}", *places, sizes) for kind, places in parts.items()]
    return [one for one in [*found, *_elsewhere(letters, sizes)] if one.rows.any()]


def _elsewhere(letters: Mapping[str, _Letters], sizes: np.ndarray) -> Iterator[Sharing]:
    """What real rows have in one column and released rows in another: an e-mail that a note tells."""
    real, runs = int(sizes[:2].sum()), {column: one.runs(RUN) for column, one in letters.items()}
    for column, (codes, rows) in runs.items():
        own = rows < real
        parts = [(codes[own], rows[own])]
        for found, where in (places for other, places in runs.items() if other != column):
            told = (where >= real) & np.isin(found, codes[own])
            parts.append((found[told], where[told]))
        codes, places = (np.concatenate(part) for part in zip(*parts, strict=True))
        yield sharing(f"runs of {RUN} characters of {column}, in another column,", codes, places, sizes)


def _written(texts: list[list[str]]) -> dict[str, Places]:
    """What the words of texts leave when some are changed."""
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    places: dict[str, dict[tuple[int, int], None]] = defaultdict(dict)  # of a part in a row, once each
    for row, words in enumerate(texts):
        for kind, part in reuse.fragments(words):
            places[kind][codes[kind].setdefault(part, len(codes[kind])), row] = None
    return {kind: (*np.array([*found], dtype=np.int64).reshape(-1, 2).T,) for kind, found in places.items()}


class _Letters:
    """The characters of texts, one text after the other, and hashes of their parts: sum of c_j BASE^j from the start of
    a part (Karp and Rabin 1987).
    """

    def __init__(self, texts: list[str]) -> None:
        characters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        mixed = pd.util.hash_array(characters)
        self.lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self.ends = np.cumsum(self.lengths)
        self.starts = self.ends - self.lengths
        powers, self.inverse = (_powers(base, len(mixed) + 2) for base in (BASE, pow(BASE, -1, ONES)))
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * powers[: len(mixed)])])

    def parts(self) -> dict[str, Places]:
        """What is left where some characters are changed, by its kind."""
        return {f"runs of {RUN} characters": self.runs(RUN), "all characters but one": self.all_but_one()}

    def runs(self, size: int) -> Places:
        """Each run of so many characters."""
        rows = np.repeat(np.arange(len(self.lengths)), np.maximum(0, self.lengths - size + 1))
        first = self.starts[rows] + _counted(rows)
        return self._part(first, first + size, first), rows

    def all_but_one(self) -> Places:
        """Each text without one of its characters, and as it is: two that differ in a character have one in common."""
        short = np.where((self.lengths >= RUN) & (self.lengths <= SHORT), self.lengths, 0)
        rows = np.repeat(np.arange(len(short)), short)
        start, end = self.starts[rows], self.ends[rows]
        lost = start + _counted(rows)
        without = self._part(start, lost, start) + self._part(lost + 1, end, start + 1)
        whole = np.flatnonzero(short)
        every = self._part(self.starts[whole], self.ends[whole], self.starts[whole])
        return np.concatenate([without, every]), np.concatenate([rows, whole])

    def _part(self, start: np.ndarray, end: np.ndarray, origin: np.ndarray) -> np.ndarray:
        return (self.sums[end] - self.sums[start]) * self.inverse[origin]


def _powers(base: int, size: int) -> np.ndarray:
    """base^0, base^1, ... modulo 2^64: uint64 [size]."""
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(size - 1, base, np.uint64)]), dtype=np.uint64)


def _counted(rows: np.ndarray) -> np.ndarray:
    """0, 1, ... within each stretch of equal, ascending rows."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)
