"""Parts of texts as hashes: runs of characters, all characters but one."""

from __future__ import annotations

import numpy as np
import pandas as pd

RUN = 8  # characters in a row that name somebody: of a number of an account, of an e-mail
SHORT = 40  # characters: of longer texts not all but one are compared
BASE, ONES = 0x9E3779B97F4A7C15, 2**64  # of hashes, which count modulo the latter

Places = tuple[np.ndarray, np.ndarray]  # codes of parts and the rows that they stand in: [parts in rows], twice


class Letters:
    """The characters of texts, one text after the other, and hashes of their parts: sum of c_j BASE^j from the start of
    a part (Karp and Rabin 1987).
    """

    def __init__(self, texts: list[str]) -> None:
        characters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        mixed = pd.util.hash_array(characters)
        self.characters = characters
        self.lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self.ends = np.cumsum(self.lengths)
        self.starts = self.ends - self.lengths
        powers, self.inverse = (_powers(base, len(mixed) + 2) for base in (BASE, pow(BASE, -1, ONES)))
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * powers[: len(mixed)])])

    def parts(self) -> dict[str, Places]:
        """What is left where some characters are changed, by its kind."""
        return {
            f"runs of {RUN} characters": self.runs(RUN),
            "all characters but one": self.all_but_one(),
            "the places of equal characters": self.equal_places(),
        }

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
        return np.concatenate([without, self.whole()[whole]]), np.concatenate([rows, whole])

    def equal_places(self) -> Places:
        """Each short text by how far each character stands behind the one before that equals it: what remains where
        every character is exchanged for the same other one throughout.
        """
        short = np.where((self.lengths >= RUN) & (self.lengths <= SHORT), self.lengths, 0)
        rows = np.repeat(np.arange(len(short)), short)
        at = _counted(rows)
        characters = self.characters[self.starts[rows] + at]
        order = np.lexsort((at, characters, rows))
        again = np.flatnonzero((np.diff(rows[order]) == 0) & (np.diff(characters[order].astype(np.int64)) == 0))
        behind = np.ones(len(rows), dtype="<u4")  # 1 where it is the first, so that all are characters
        behind[order[again + 1]] += (at[order[again + 1]] - at[order[again]]).astype("<u4")
        joined, ends = behind.tobytes().decode("utf-32-le"), np.cumsum(short)
        whole = np.flatnonzero(short)
        return Letters([joined[ends[n] - short[n] : ends[n]] for n in whole]).whole(), whole

    def at_places(self) -> Places:
        """Each character of a short text with its place, from the start and from the end."""
        short = np.where(self.lengths <= SHORT, self.lengths, 0)
        rows = np.repeat(np.arange(len(short)), short)
        at = _counted(rows)
        characters = self.characters[self.starts[rows] + at].astype(np.int64) * 2 * SHORT
        ends = SHORT + short[rows] - 1 - at
        return np.concatenate([characters + at, characters + ends]), np.concatenate([rows, rows])

    def ends_of(self, size: int) -> Places:
        """The first and the last so many characters of each text that has as many."""
        rows = np.flatnonzero(self.lengths >= size)
        first = np.concatenate([self.starts[rows], self.ends[rows] - size])
        return self._part(first, first + size, first), np.concatenate([rows, rows])

    def whole(self) -> np.ndarray:
        """A hash of each text: uint64 [texts]."""
        return self._part(self.starts, self.ends, self.starts)

    def _part(self, start: np.ndarray, end: np.ndarray, origin: np.ndarray) -> np.ndarray:
        return (self.sums[end] - self.sums[start]) * self.inverse[origin]


def _powers(base: int, size: int) -> np.ndarray:
    """base^0, base^1, ... modulo 2^64: uint64 [size]."""
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(size - 1, base, np.uint64)]), dtype=np.uint64)


def _counted(rows: np.ndarray) -> np.ndarray:
    """0, 1, ... within each stretch of equal, ascending rows."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)
