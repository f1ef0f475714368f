"""Which columns identify: by their names in several languages, by well-known forms, and by shape, also where their
values repeat.

A column of numbers or texts identifies if it is called so and its values are many with few rows each, if nearly every
value has a form that names somebody (an address, an account with its check digits), or if every value is another, or a
long code in a few rows each.
"""

import re

import numpy as np
import pandas as pd

from launderette.generators.formats.date_inference import EPOCH_SECONDS
from launderette.generators.identifiers.check_digits import scheme_of
from launderette.generators.identifiers.words import (
    COUNTED_RECORDS,
    COUNTING_WORDS,
    GROUP_WORDS,
    ID_WORDS,
    NUMBER_WORDS,
    PERSON_PLURALS,
    PERSON_WORDS,
    PLACE_WORDS,
    QUANTITY_WORDS,
    RECORD_WORDS,
)

# a text column with more distinct values than this share of its rows identifies people, it does not describe them
UNIQUE_SHARE = 0.9
UNIQUE_ROWS = 10  # below this many rows, distinctness says nothing
LEAST_IDENTIFIERS = 10  # distinct values, from which a column that is called an identifier is one
FEW_ROWS = 50  # rows per value on average at most; more describe a group
LEAST_DENSE, MOST_RANKED = 0.9, 300  # of the whole numbers between least and largest, each of one row; rows ranked
CODE_ROWS = 20  # rows per value of a code that no name gives away
LEAST_DISTINCT_CODES = 20  # distinct values of such a code
LEAST_CODE_LENGTH = 6  # characters of such a code
LEAST_KEY_LENGTH = 10  # digits of a whole number that no quantity has in every row
CHANCE_ROWS, CHANCE_LENGTH = 20_000, 40  # about so many rows, and characters of each, tell how codes repeat by chance
CHANCE_FACTOR = 1.5  # times as often as by chance, beyond its own luck, codes may repeat and name no entity
MATCHING = 0.95  # share of the values that must have a form
NO_LETTERS = re.compile(  # what parts words: no mark of a vowel, as scripts of India and Thailand have them
    r"(?:_|\d|(?![\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0900-\u0dff\u0e30-\u0e4e\u0eb0-\u0ecd\u102b-\u103e\u17b4-\u17d3])\W)+"
)
IDENTIFIER_SUFFIX = re.compile(r"(?:id|nr|nummer|numero|number|key|uuid|ssn|iban)$")
IDENTIFIER_PATTERNS = tuple(
    re.compile(form)
    for form in (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"[^@\s]+@[^@\s]+\.[a-z]{2,}",
        r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}",
        r"(?:\d{1,3}\.){3}\d{1,3}",
        r"(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}",
        r"\d{3}-\d{2}-\d{4}",
        r"\+\d[\d ()/.-]{7,18}",
        r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}",
        r"\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}",
    )
)


def words_of(name: object) -> list[str]:
    """Return the words of a column's name in small letters: customerID, customer_id and "Customer Id" have the same
    two.
    """
    text = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", "_", str(name)).lower()
    return [word for word in re.split(r"[\W_\d]+" if text.isascii() else NO_LETTERS, text) if word]


def is_named(name: object, *, many: bool = False) -> bool:
    """Tell whether a column is called an identifier; `many`: also by words that numbers of other things are called
    by too.
    """
    words = words_of(name)
    if not words or (QUANTITY_WORDS & set(words) and not {"id", "uuid", "guid", "ssn"} & set(words)):
        return False
    # of emails sent, the email is no value
    ends = words[0] == "id" or words[-1] in ID_WORDS | NUMBER_WORDS | PERSON_WORDS | PLACE_WORDS
    joined = any(
        IDENTIFIER_SUFFIX.search(word)
        and IDENTIFIER_SUFFIX.sub("", word) in PERSON_WORDS | PERSON_PLURALS | NUMBER_WORDS | RECORD_WORDS
        for word in words
    )
    return bool(
        (ID_WORDS & set(words) and ends) or joined or names_person(name) or (many and words[-1] in NUMBER_WORDS)
    )


def names_person(name: object) -> bool:
    """Tell whether a column's name is that of a person, or of a person's number: patient, customer no; customers
    are counted.
    """
    words = set(words_of(name))
    named = PERSON_WORDS & words or (PERSON_PLURALS & words and (NUMBER_WORDS | ID_WORDS) & words)
    return bool(named) and words <= PERSON_WORDS | PERSON_PLURALS | NUMBER_WORDS | ID_WORDS


def is_called_code(name: object, values: pd.Series) -> bool:
    """Tell whether a column is called an identifier, of no place, branch or kind, and holds codes: whole numbers, or
    texts with a digit.
    """
    present = values.dropna()
    if not is_named(name) or GROUP_WORDS & set(words_of(name)) or present.empty:
        return False
    if pd.api.types.is_numeric_dtype(present.dtype):
        return _whole(present)
    return float(present.drop_duplicates().astype(str).str.contains(r"\d").mean()) >= MATCHING


def text_identifies(name: object, distinct: pd.Series, present: int) -> bool:
    """Tell whether a column of texts, of which so many are present, identifies somebody."""
    if present < UNIQUE_ROWS:
        return False
    rows = present / len(distinct)
    if has_form(distinct) or scheme_of(distinct):
        return True
    if len(distinct) > UNIQUE_SHARE * present:
        return not QUANTITY_WORDS & set(words_of(name)) or is_named(name) or _is_called_number(name)
    if GROUP_WORDS & set(words_of(name)) and not names_person(name):
        return False
    coded = float(distinct.str.contains(r"\d").mean()) >= MATCHING
    if is_named(name, many=coded) and len(distinct) >= LEAST_IDENTIFIERS and rows <= FEW_ROWS:
        return coded or not names_person(name)
    return coded and len(distinct) >= LEAST_DISTINCT_CODES and rows <= CODE_ROWS and are_long_codes(distinct)


def has_form(distinct: pd.Series) -> bool:
    """Tell whether nearly all values have one of the forms that name somebody or a machine of theirs."""
    texts = distinct.iloc[:5000].str.strip().str.lower()
    return any(
        texts.map(lambda text, form=form: form.fullmatch(text) is not None).mean() >= MATCHING
        for form in IDENTIFIER_PATTERNS
    )


def are_long_codes(distinct: pd.Series) -> bool:
    """Tell whether values are written alike, without a point or a space, with LEAST_CODE_LENGTH digits or more or as
    eight digits of base 16.
    """
    shapes = distinct.str.replace(r"\d", "9", regex=True).str.replace(r"[^\W\d_]", "a", regex=True)
    digits = distinct.str.count(r"\d")
    alike = shapes.value_counts(normalize=True).iloc[0] >= MATCHING
    if distinct.str.fullmatch(r"[0-9a-f]{8,}|[0-9A-F]{8,}").all() and distinct.str.len().nunique() == 1:
        return True
    return bool(
        alike and (digits >= LEAST_CODE_LENGTH).mean() >= MATCHING and not distinct.str.contains(r"[.,%€$£\s]").any()
    )


def number_identifies(name: object, present: pd.Series) -> bool:
    """Tell whether a column of whole numbers identifies somebody; floats count as such where a missing value made
    them fractions.
    """
    if len(present) < UNIQUE_ROWS or not _whole(present):
        return False
    numbers = present.astype("int64") if present.dtype.kind == "f" else present
    distinct = numbers.drop_duplicates()
    if _counts_rows(name, numbers, distinct) or _numbers_rows(name, numbers, distinct) or scheme_of(map(str, distinct)):
        return True
    rows = len(numbers) / len(distinct)
    if GROUP_WORDS & set(words_of(name)) and len(distinct) < UNIQUE_SHARE * len(numbers):
        return False
    if is_named(name, many=len(distinct) > UNIQUE_SHARE * len(numbers)):
        return len(distinct) >= LEAST_IDENTIFIERS and rows <= FEW_ROWS
    measured = QUANTITY_WORDS & set(words_of(name)) and not _is_called_number(name)
    return not measured and (_is_sparse_key(numbers, distinct) or _is_long_key(numbers, distinct))


def shares_entities(name: object, present: pd.Series) -> bool:
    """Tell whether values of an identifier that come again name one entity each time: not where codes of no telling
    name repeat no oftener than codes do whose characters are drawn place by place, such as 110/86.
    """
    rows = present.value_counts().to_numpy("float64")
    pairs = float((rows * (rows - 1)).sum() / 2)
    if not pairs or is_named(name, many=True) or names_person(name) or has_form(present.drop_duplicates().map(str)):
        return pairs > 0
    some = present.iloc[:: max(1, len(present) // CHANCE_ROWS)].map(str)
    expected = _chance_pairs(some) * (len(present) / len(some)) ** 2
    return pairs > CHANCE_FACTOR * expected + 3 * expected**0.5


def _chance_pairs(texts: pd.Series) -> float:
    """Return how many pairs of rows agree by chance: in length, and in each character of it independently."""
    total = 0.0
    for length, group in texts.groupby(texts.str.len()):
        places = range(min(int(length), CHANCE_LENGTH))
        alike = [float((group.str[place].value_counts(normalize=True) ** 2).sum()) for place in places]
        total += len(group) * (len(group) - 1) / 2 * float(np.prod(alike))
    return total


def _whole(present: pd.Series) -> bool:
    if pd.api.types.is_integer_dtype(present.dtype):
        return True
    numbers = present.to_numpy("float64", na_value=np.nan)
    small = bool(np.all(np.abs(numbers) < 2**53))  # false for infinite ones
    return small and pd.api.types.is_float_dtype(present.dtype) and bool(np.all(numbers % 1 == 0))


def _counts_rows(name: object, numbers: pd.Series, distinct: pd.Series) -> bool:
    """Tell whether the numbers count the rows, in this order or another, and are no years or other quantities."""
    if len(distinct) < len(numbers) or QUANTITY_WORDS & set(words_of(name)):
        return False
    years = distinct.min() >= 1500 and distinct.max() <= 2200 and not is_named(name)
    dense = len(distinct) > MOST_RANKED and len(distinct) >= LEAST_DENSE * _spread(distinct)
    return not years and (dense or set(numbers.diff().dropna().astype("int64")) in ({1}, {-1}))


def _numbers_rows(name: object, numbers: pd.Series, distinct: pd.Series) -> bool:
    """Tell whether a column is called a number of something, such as visit_no or Fallnummer, and no row shares its
    own: a visit's place in a list, or the number of a house, comes again.
    """
    return _is_called_number(name) and len(distinct) == len(numbers) >= LEAST_DISTINCT_CODES


def _is_called_number(name: object) -> bool:
    words = words_of(name)
    counts = any(word in COUNTING_WORDS or word.endswith(("nummer", "number", "nr")) for word in words[-1:])
    return counts and not (QUANTITY_WORDS - COUNTED_RECORDS) & set(words)


def _is_sparse_key(numbers: pd.Series, distinct: pd.Series) -> bool:
    """Tell whether whole numbers without a telling name are a key: of one width, nearly all repeated, far apart,
    seldom round.
    """
    rows = len(numbers) / len(distinct)
    if (
        len(distinct) < LEAST_DISTINCT_CODES
        or not 2 <= rows <= CODE_ROWS
        or (numbers.value_counts() > 1).mean() < UNIQUE_SHARE
    ):
        return False
    low, high = (len(str(abs(int(end)))) for end in (distinct.min(), distinct.max()))
    if low != high or low < LEAST_CODE_LENGTH - 1 or distinct.min() < 0:
        return False
    return len(distinct) < 0.1 * _spread(distinct) and float((distinct % 10 == 0).mean()) < 0.3


def _is_long_key(numbers: pd.Series, distinct: pd.Series) -> bool:
    """Tell whether whole numbers are too long for a quantity: of one width, nearly every row with another, and no
    moments since 1970.
    """
    low, high = int(distinct.min()), int(distinct.max())
    if len(distinct) < max(LEAST_DISTINCT_CODES, UNIQUE_SHARE * len(numbers)) or low < 10 ** (LEAST_KEY_LENGTH - 1):
        return False
    first, last = EPOCH_SECONDS
    moments = any(first * unit <= low and high <= last * unit for unit in (1, 1000, 10**6, 10**9))
    return len(str(low)) == len(str(high)) and not moments


def _spread(distinct: pd.Series) -> int:
    """Return how many whole numbers lie between the least and the largest, both counted."""
    return int(distinct.max()) - int(distinct.min()) + 1
