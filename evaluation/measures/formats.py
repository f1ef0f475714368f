"""Is a value written as the column's own are: its decimals, the pattern of its identifiers, dates that can be read?"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

FORMAT_ROWS = 50_000
EXACT_DECIMALS = 12  # decimals beyond these are noise of floating point
WORDY_SHARE = 0.02  # of texts whose pattern no other has, from which words of any length are one pattern
USUAL_DECIMALS_SHARE = 0.999  # of the training values have at most the decimals asked for


def fitting(samples: Samples, column: str, role: str, seed: int) -> np.ndarray:
    """Whether each known value of a role has the form of the training column; values that cannot be read have not."""
    rows = samples.rows(role, FORMAT_ROWS, seed)
    if samples.kinds[column] == "identifier":
        return _patterned(samples, column, samples.frames[role][column].iloc[rows])
    values = samples.table(role)[column].to_numpy()[rows]
    if not samples.is_number(column):
        return np.ones(int((values >= 0).sum()), dtype=bool)  # which labels there are is a question of validity
    given = samples.train if role == "shuffled" else samples.frames[role]
    present = values[given[column].notna().to_numpy()[rows]] if role != "shuffled" else values[~np.isnan(values)]
    return ~np.isnan(present) & _written(present, decimals(samples, column))


def alone(samples: Samples, column: str, seed: int) -> tuple[int, int, float]:
    """Training values that have the column's form only because they are there, or do not have it; of how many; and how
    many rows share a value, as of Kish (1965). Identifiers that rows share count once.
    """
    if samples.kinds[column] != "identifier":
        fits = fitting(samples, column, "train", seed)
        return int((~fits).sum()), len(fits), 1.0
    shared = samples.train[column].value_counts().to_numpy("float64")
    counts = _patterns(samples, column, samples.train[column].drop_duplicates()).value_counts()
    return int((counts == 1).sum()), int(counts.sum()), float((shared**2).sum() / max(1.0, shared.sum()))


def _written(values: np.ndarray, decimals: int | None) -> np.ndarray:
    return np.full(len(values), True) if decimals is None else np.round(values, decimals) == values


@once
def decimals(samples: Samples, column: str) -> int | None:
    """Fewest decimals with which nearly all training values can be written; None where they are continuous."""
    values = samples.table("train")[column].to_numpy()
    values = values[~np.isnan(values)]
    fits = (d for d in range(EXACT_DECIMALS) if _written(values, d).mean() >= USUAL_DECIMALS_SHARE)
    return next(fits, None)


def _patterned(samples: Samples, column: str, values: pd.Series) -> np.ndarray:
    fits = _patterns(samples, column, values).isin(_known_patterns(samples, column)).to_numpy()
    return fits | _words(values).isin(_known_words(samples, column)).to_numpy() if not fits.all() else fits


@once
def _known_patterns(samples: Samples, column: str) -> frozenset[str]:
    """The patterns of the training column."""
    return frozenset(_patterns(samples, column, samples.train[column]).unique())


@once
def _known_words(samples: Samples, column: str) -> frozenset[str]:
    """Those with words and numbers of any length as one, of names, addresses and the like: where many training values
    have a pattern by themselves, or where that is said. None for codes.
    """
    given = samples.train[column].dropna().drop_duplicates()
    counts = _patterns(samples, column, given).value_counts()
    wordy = (counts == 1).sum() > WORDY_SHARE * len(given) or column in samples.metadata.worded
    wordy = wordy and not pd.api.types.is_numeric_dtype(given.dtype)
    return frozenset(_words(given).unique()) if wordy else frozenset()


def _words(values: pd.Series) -> pd.Series:
    """Runs of digits as 9, of capitals as A, of other letters of any script as a: Anna Berg is Aa Aa."""
    text = values.dropna().map(label).astype("object")
    return text.map(lambda one: "".join(key for key, _ in groupby(map(_class_of, one))))


def _class_of(character: str) -> str:
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return "9" if character.isdecimal() else character


@once
def _digits(samples: Samples, column: str) -> str:
    """The characters that are digits where all training values are written in those of one base: 16, else 10."""
    texts = samples.train[column].dropna().map(label).astype("object")
    bases = ("0-9", "0-9a-f", "0-9A-F")
    return next((base for base in bases if len(texts) and texts.str.fullmatch(rf"(?:[{base}]|\W)+").all()), "0-9")


def _patterns(samples: Samples, column: str, values: pd.Series) -> pd.Series:
    """Letters as A or a and digits as 9, runs as they are: AB-0012 is AA-9999; whole numbers have one pattern,
    however long.
    """
    text = values.dropna().map(label).astype("object")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return text.str.replace(r"[0-9]+", "9", regex=True)
    return (
        text.str.replace(f"[{_digits(samples, column)}]", "9", regex=True)
        .str.replace(r"[A-Z]", "A", regex=True)
        .str.replace(r"[a-z]", "a", regex=True)
    )
