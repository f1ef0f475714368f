"""Numbers of one real row that a released text tells, such as an income in a note, or that were all moved by one
amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from launderette.evaluation.copies.rare_counts import Sharing, sharing
from launderette.evaluation.measures.reuse import LETTERS_READ
from launderette.evaluation.samples import Samples

NUMBER_IN_TEXT = re.compile(r"\d+(?:[.,']\d+)*")
MOSTLY_DIFFERENT = 0.5  # share of real rows that differ in a number which may name somebody
TOLD_DECIMALS = 6
FLOAT_DIGITS, PARTED = 15, 300  # of a number at most; released rows whose differences to all real ones are counted


def told_numbers(
    samples: Samples, asked: Mapping[str, np.ndarray], texts: Mapping[str, Sequence[str]], sizes: np.ndarray
) -> Iterator[Sharing]:
    """Count the real rows, of those `asked` about, whose number of a column stands in a text of released rows: as it is
    or as a whole number, with or without signs between thousands.
    """
    real = int(sizes[:2].sum())
    told, where = _told(texts, real)
    for column in filter(samples.is_number, samples.known if len(told) else ()):
        tables = [samples.table(role)[column].to_numpy()[asked[role]] for role in ("train", "holdout")]
        values = np.round(np.concatenate(tables) * samples.units[column], TOLD_DECIMALS)
        if len(np.unique(values)) > MOSTLY_DIFFERENT * real:
            known = np.flatnonzero(~np.isnan(values))
            forms = np.concatenate([form(values[known]) for form in (np.positive, np.round, np.floor)])
            hit = np.isin(told, forms)
            rows = np.concatenate([np.tile(known, 3), where[hit]])
            yield sharing(f"a number of {column}, told in a text,", np.concatenate([forms, told[hit]]), rows, sizes)


def moved(column: str, texts: Sequence[str], sizes: np.ndarray) -> Iterator[Sharing]:
    """Count the real rows whose number, written in digits alone, a released row has when the amount that parts most
    pairs of a real and a released row is added to it.
    """
    real = int(sizes[:2].sum())
    rows = np.array([row for row, text in enumerate(texts) if text.isdecimal() and len(text) <= FLOAT_DIGITS], np.int64)
    values = np.array([float(texts[row]) for row in rows])
    known, released = values[rows < real], np.random.default_rng(0).permutation(values[rows >= real])[:PARTED]
    amounts, pairs = np.unique(released[:, None] - known[None, :], return_counts=True)
    pairs[amounts == 0] = 0
    if pairs.max(initial=0) > 1:
        codes = values + np.where(rows < real, amounts[pairs.argmax()], 0)
        yield sharing(f"{column} moved by one amount", codes, rows, sizes)


def _told(texts: Mapping[str, Sequence[str]], real: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers in texts of released rows, and the rows that they stand in."""
    found = {
        (number, row): None
        for column in texts.values()
        for row, text in enumerate(column[real:], real)
        for written in NUMBER_IN_TEXT.findall(text[:LETTERS_READ])
        for number in _read(written)
    }
    numbers, rows = zip(*found, strict=True) if found else ((), ())
    return np.array(numbers, dtype=np.float64), np.array(rows, dtype=np.int64)


def _read(written: str) -> set[float]:
    """What a number may be, with a decimal point or a decimal comma."""
    ways = (written.replace("'", "").replace(sign, "").replace(",", ".") for sign in ",.")
    return {round(float(way), TOLD_DECIMALS) for way in ways if way.count(".") <= 1}
