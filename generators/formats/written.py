"""What a column of texts is written as: numbers in a format or dates in a format, with words for missing values
among them.
"""

import re
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from launderette.generators.formats import (
    compound_format,
    date_alternatives,
    date_inference,
    scaled_format,
    tuple_format,
    unit_format,
)
from launderette.generators.formats.compound_format import CompoundFormat
from launderette.generators.formats.date_inference import DateFormat
from launderette.generators.formats.number_format import NumberFormat, infer
from launderette.generators.formats.scaled_format import ScaledFormat
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.formats.tuple_format import TupleFormat
from launderette.generators.formats.unit_format import UnitFormat

WrittenParts = TupleFormat | UnitFormat | SetFormat
WrittenNumber = NumberFormat | CompoundFormat | ScaledFormat
ALONE_AMONG_LABELS = 0.05  # of the rows, may have numbers of their own among labels
SHARED_WORD = 5  # rows that share a word before it is written back; a well-known one needs no such number
MOST_WORDS = 10
LEAST_READ_SHARE = 0.5  # least share of a column's values that its format reads
MOST_UNREAD_SHARE = 0.05  # largest share of values that are neither read nor words
MOST_NUMBER_LABELS = 20  # plain numbers with no more distinct values beside words are labels: grades, classes
SINGLE_WORDS = """- -- --- . .. ... ? / * # none null nil na n/a #n/a <na> n.a. nan nat nd n.d. k.a. n.v. s/o tbd tba
    unknown missing undefined unspecified never empty blank 0000-00-00 00/00/0000 00.00.0000"""
PHRASES = ("", "keine angabe", "not available", "not applicable", "not recorded", "not known", "no data")
PADDED = re.compile(r"[+-]?0\d+(?:[.,]\d*)?")
MISSING_WORDS = frozenset(SINGLE_WORDS.split()) | frozenset(PHRASES)


def is_known(word: str) -> bool:
    """Tell whether a text is one of the usual words for a missing value, so that it tells nothing about a single
    row.
    """
    return word.strip().casefold() in MISSING_WORDS


def words_among(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the texts, with their counts, that stand for missing values: well-known ones, and the commonest that
    rows share.
    """
    kept = [(word, n) for word, n in counts.items() if is_known(word) or n >= SHARED_WORD]
    return dict(sorted(kept, key=lambda word: (-word[1], word[0]))[:MOST_WORDS])


def shares_of_words(missing: pd.Series, kept: Iterable[str]) -> list[tuple[str | None, float]]:
    """Return the words `kept` among the values that are read as missing, and None for all others, with their shares."""
    counts = texts_of(missing.dropna()) or {}
    shares: list[tuple[str | None, float]] = [(word, counts[word] / len(missing)) for word in kept]
    rest = len(missing) - sum(counts[word] for word in kept)
    return [*shares, (None, rest / len(missing))] if rest else shares


def texts_of(present: pd.Series) -> dict[str, int] | None:
    """Return the distinct texts of a column with their counts, None where its values are not text."""
    if present.empty or not (present.dtype == object or pd.api.types.is_string_dtype(present.dtype)):
        return None
    counts = present.value_counts(sort=False)  # in the order in which values come first
    if not any(isinstance(value, str) for value in counts.index):
        return None
    texts: dict[str, int] = {}
    for value, n in zip(counts.index, counts, strict=True):
        texts[str(value)] = texts.get(str(value), 0) + int(n)
    return texts


def date_format(name: str, present: pd.Series, *, stated: bool = False) -> DateFormat | None:
    """Return the format in which a column's texts or integers are dates, None where they are not.

    Where the kind is `stated`, half of the values are enough, whatever the others are.
    """
    if pd.api.types.is_bool_dtype(present.dtype):
        return None
    if pd.api.types.is_numeric_dtype(present.dtype):
        whole = pd.api.types.is_integer_dtype(present.dtype) or bool((present % 1 == 0).all())
        format = (
            date_inference.infer_integers(name, [int(v) for v in present.unique()]) if whole and len(present) else None
        )
        return DateFormat(format) if format else None
    return date_of_texts(texts_of(present) or {}, stated=stated)


def date_of_texts(texts: Mapping[str, int], *, stated: bool = False) -> DateFormat | None:
    """Return what `date_format` does, of texts with their counts."""
    found = date_alternatives.infer_all(texts)
    if not found:
        return None
    read = found.reads_among(texts)
    return found if _enough(texts, read, stated) else None


def number_format(present: pd.Series, *, stated: bool = False) -> WrittenNumber | None:
    """Return the format in which a column's texts are numbers, None where they are words, codes or a few labels.

    Where the kind is `stated`, half of the values are enough, whatever the others are.
    """
    return number_of_texts(texts_of(present) or {}, stated=stated)


def number_of_texts(texts: Mapping[str, int], *, stated: bool = False) -> WrittenNumber | None:
    """Return what `number_format` does, of texts with their counts."""
    found: WrittenNumber | None = compound_format.infer(texts) or scaled_format.infer(texts) or infer(texts)
    if not found:
        return None
    read = {text: number for text in texts if (number := found.parse(text)) is not None}
    if not stated and are_padded(texts):
        return None
    if not _enough(texts, set(read), stated):
        return None
    worded, few = len(read) < len(texts), len(read) <= MOST_NUMBER_LABELS
    if stated or found.decorated or any("." in text for text in read):
        return None if not stated and few and _are_labels(texts, read) else found
    return found if worded and not few else None


def _are_labels(texts: Mapping[str, int], read: Collection[str]) -> bool:
    """Tell whether some numbers are shared by rows, but for whole ones of hardly a row, and names stand among them: the
    wards 1A, 2A, 1B and ICU, the marks 2, 2- and 3+.
    """
    names = any(n >= SHARED_WORD and not is_known(text) for text, n in texts.items() if text not in read)
    alone = [text for text in read if texts[text] < SHARED_WORD]
    few = sum(texts[text] for text in alone) <= ALONE_AMONG_LABELS * sum(texts.values())
    return names and few and not any(re.search(r"\d[.,]\d", text) for text in alone)


def parts_of_texts(texts: Mapping[str, int], *, stated: bool = False) -> TupleFormat | UnitFormat | None:
    """Return the format in which texts (with their counts) are several numbers each, or amounts in several units, None
    where they are not.
    """
    for form in (unit_format.infer(texts), tuple_format.infer(texts)):  # 1,200.50 is one number
        if form and _enough(texts, {text for text in texts if form.split(text)}, stated):
            return form
    return None


def are_padded(texts: Mapping[str, int]) -> bool:
    """Tell whether numbers begin with zeros that writing them would lose, as in the codes 01.11 and 62.01: in many
    rows, or so that all have as many digits, as postcodes do.
    """
    padded = {text.strip(): n for text, n in texts.items() if PADDED.fullmatch(text.strip())}
    whole = {text.strip() for text in texts if text.strip().isdigit()}
    codes = len(set(map(len, whole | set(padded)))) == 1 and not (padded.keys() - whole)
    return sum(padded.values()) > MOST_UNREAD_SHARE * sum(texts.values()) or (bool(padded) and codes)


def _enough(texts: Mapping[str, int], read: set[str], stated: bool) -> bool:
    """Tell whether a format reads enough: half of the values that are no well-known words and, where nobody stated it,
    all but a few of those that are no words.
    """
    texts = {text: n for text, n in texts.items() if text in read or not is_known(text)}  # a bonus that few have
    total, rest = sum(texts.values()), {text: n for text, n in texts.items() if text not in read}
    stray = sum(rest.values()) - sum(words_among(rest).values())
    few = total if stated else max(MOST_UNREAD_SHARE * total, 1) if total >= 10 else 0
    return total - sum(rest.values()) >= LEAST_READ_SHARE * total and stray <= few
