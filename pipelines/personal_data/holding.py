"""Columns whose values hold personal data among other things: an address in a note, the row's own name in a user name.

What is inside a value needs no telling name, and no value of its own in each row: a label that holds an e-mail address
names somebody however often it comes.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from launderette.generators.data.schema import Schema
from launderette.generators.identifiers.forms import text_of
from launderette.pipelines.personal_data import name_shapes, value_forms
from launderette.pipelines.personal_data.column_names import plain

MAIL_INSIDE = re.compile(r"[^@\s,;:<>()\[\]\"'/]+@[^@\s,;:<>()\[\]\"'/]+\.[^\W\d_]{2,}")
ACCOUNT_INSIDE = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
NUMBER_INSIDE = re.compile(r"(?<![\w+])\+\d{1,3}[\d ()/.-]{6,18}\d\b")
INSIDE = {"e-mail addresses": MAIL_INSIDE, "bank accounts (IBAN)": ACCOUNT_INSIDE, "phone numbers": NUMBER_INSIDE}
LEAST_INSIDE, INSIDE_SHARE = 3, 0.02  # distinct values that hold such a thing, and share of them
LOOKED_FOR_LETTERS = 4  # of a word of a name that is looked for in other columns
EXAMINED_ROWS = 1000
OWN_SHARE, OTHERS_SHARE = 0.4, 0.5  # of rows that hold their own person's name; of that, what another's may reach
PERSONS = ("name", "first_name", "last_name", "email")
WORDS_OF_TEXT = 3  # in a value, from which it is text and no account


def inside(texts: Sequence[str]) -> tuple[float, str]:
    """Return the share of texts that hold e-mail addresses, accounts or phone numbers inside, and which; 0 for too
    few.
    """
    for what, form in INSIDE.items():
        held = [text for text in texts if (found := form.search(text)) and _is(what, found.group())]
        if len(held) >= max(LEAST_INSIDE, INSIDE_SHARE * len(texts)):
            return len(held) / len(texts), what
    return 0.0, ""


def _is(what: str, text: str) -> bool:
    return what != "bank accounts (IBAN)" or value_forms.is_iban(text)


def of_person(frame: pd.DataFrame, schema: Schema, found: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """Return the columns that hold the names of their own row's person: whether as an account or in a text, and in
    which share of rows; `found` are the kinds of columns that are known.
    """
    some = frame.iloc[:: max(1, len(frame) // EXAMINED_ROWS)]
    people = [_words_of(some, name) for name, kind in found.items() if kind in PERSONS]
    if not people:
        return {}
    names = [set().union(*row) for row in zip(*people, strict=True)]
    others = [*names[len(names) // 2 :], *names[: len(names) // 2]]
    told = {}
    for column in schema.columns:
        if column.name in found or column.kind not in ("categorical", "identifier"):
            continue
        texts = [plain(text_of(value)) if pd.notna(value) else "" for value in some[column.name]]
        own, other = (_share(texts, of) for of in (names, others))
        if own >= OWN_SHARE and other <= OTHERS_SHARE * own:
            mean = sum(len(name_shapes.words(text)) for text in texts) / len(texts)
            told[column.name] = ("text" if mean >= WORDS_OF_TEXT else "account", own)
    return told


def _words_of(frame: pd.DataFrame, name: str) -> list[set[str]]:
    """Return the longer words of each row's name; of an e-mail address, those before the @."""
    texts = [plain(text_of(value)).split("@")[0] if pd.notna(value) else "" for value in frame[name]]
    return [{word for word in name_shapes.words(text) if len(word) >= LOOKED_FOR_LETTERS} for text in texts]


def _share(texts: Sequence[str], names: Sequence[set[str]]) -> float:
    return sum(any(word in text for word in own) for text, own in zip(texts, names, strict=True)) / len(texts)
