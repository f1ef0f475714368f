"""Columns whose values hold personal data among other things: an address in a note, a name in a short text.

What is inside a value needs no telling name, and no value of its own in each row: a label that holds an e-mail address
names somebody however often it comes.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

from launderette.pipelines.personal_data import column_names, name_shapes, value_forms

MAIL_INSIDE = re.compile(r"[^@\s,;:<>()\[\]\"'/]+@[^@\s,;:<>()\[\]\"'/]+\.[^\W\d_]{2,}")
ACCOUNT_INSIDE = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
ABROAD_INSIDE = re.compile(r"(?<![\w+])\+\d{1,3}[\d ()/.-]{6,18}\d\b")
CARD_INSIDE = re.compile(r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])")
OCTETS_INSIDE = re.compile(r"(?<![\w.])(?<!\w/)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")  # not Chrome/99.0.0.0
MAC_INSIDE = re.compile(r"(?<![\w:-])[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![\w:-])")
PROGRAM = re.compile(
    r"[A-Za-z][\w.-]{2,}/v?\d[\w.+-]*(?:[ (;]|$)"
)  # a product and its version begin its text: RFC 9110, 10.1.5
# JSON, a=b, XML
FIELD = re.compile(r"""["'](\w+)["']\s*:\s*["']|[?&;,\s{]?\b(\w+)=(?=[^\s=])|<(\w+)(?:\s[^<>]*)?>(?=[^<\s])""")
DIALLED_INSIDE = (
    re.compile(  # in most countries with a 0 before it, in North America without; parted, or after a telling word
        r"(?<![\w+.,/-])(?:\(?0[1-9]\d{0,4}\)?(?: ?[ /.-] ?\d{2,8}){1,5}|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])"
        r"[2-9]\d\d[ .-]\d{4}|(?<=[a-z:] )0[1-9]\d{8,10})(?![\w/-]|[.,]\d)"
    )
)
DIALLED_DIGITS = range(8, 14)  # of a phone number without its country's code
CALLED = re.compile(r"\b(?:tel|phone|mob|cell|call|ring|rang|dial|text|sms|fax|anruf|ruf|handy|appel|llam|chiam)", re.I)
LEAST_INSIDE, INSIDE_SHARE = 3, 0.02  # distinct values that hold such a thing, and share of them
FIELDS_SHARE = 0.5  # of texts that hold a field of a person
PERSON_FIELDS = frozenset({"first", "last", "given", "family", "user", "name"})  # in a document of fields
PARTED_SHARE = 0.1  # the same of phone numbers without their country's code, which other numbers are like
VALID_INSIDE = 0.7  # of numbers inside that are long enough for a card, from which they are cards
COMMON_WORD_SHARE = 0.05  # of distinct values, beyond which a word in them is no name
PEOPLE_SHARE, LEAST_INSIDE_NAMES = 0.5, 20  # of distinct values that hold names, and distinct names
# least mean log odds of what varies (name_shapes.py), of full names or single ones
LIKE_FULL, LIKE_SINGLE = -0.5, -0.35
WORD_INSIDE = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
SAID_LETTERS = 3  # of a small word that says something of somebody; shorter ones join names
JOINING = ("and", "und", "the", "van", "von", "der", "den", "del", "dos", "das", "las", "los", "bin", "ibn", "ben")


def inside(texts: Sequence[str]) -> tuple[float, str]:
    """Return the share of texts that hold e-mail addresses, accounts, cards or phone numbers inside, and which; 0 for
    too few.
    """
    for what, form, least, keep in INSIDE:
        held = keep([found.group() for text in texts if (found := form.search(text))], texts)
        if len(held) >= max(LEAST_INSIDE, least * len(texts)):
            return len(held) / len(texts), what
    return 0.0, ""


def _all(found: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    return found


def _accounts(found: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    return [text for text in found if value_forms.is_iban(text)]


def _cards(found: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    return found if value_forms.card(found) >= VALID_INSIDE else ()


def _octets(found: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    return found if found and value_forms.ip(found) >= VALID_INSIDE else ()


def _parted(found: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    """Return the numbers that are no days, have as many digits as phones and stand in texts; digits without parts only
    where the texts speak of calls.
    """
    if sum(len(name_shapes.words(text)) > 0 for text in texts) < len(texts) / 2:
        return ()
    spoken = any(CALLED.search(text) for text in texts)
    dialled = (text for text in found if not value_forms.CALENDAR_DAY.search(text) and (spoken or not text.isdecimal()))
    return [text for text in dialled if len(re.findall(r"\d", text)) in DIALLED_DIGITS]


INSIDE: tuple[tuple[str, re.Pattern[str], float, Callable[[Sequence[str], Sequence[str]], Sequence[str]]], ...] = (
    ("e-mail addresses", MAIL_INSIDE, INSIDE_SHARE, _all),
    ("bank accounts (IBAN)", ACCOUNT_INSIDE, INSIDE_SHARE, _accounts),
    ("phone numbers", ABROAD_INSIDE, INSIDE_SHARE, _all),
    ("numbers of payment cards", CARD_INSIDE, INSIDE_SHARE, _cards),
    ("IP addresses", OCTETS_INSIDE, INSIDE_SHARE, _octets),
    ("MAC addresses", MAC_INSIDE, INSIDE_SHARE, _all),
    ("phone numbers", DIALLED_INSIDE, PARTED_SHARE, _parted),
)


def fields_inside(texts: Sequence[str]) -> tuple[float, str]:
    """Return the share of texts that hold a field of a person (`"surname": ...`, `user=...`, `<email>`), and what that
    is; 0 for fewer than half.
    """
    held = [
        any(map(_is_of_person, {name for found in FIELD.findall(text) for name in found if name})) for text in texts
    ]
    enough = sum(held) >= max(LEAST_INSIDE, FIELDS_SHARE * len(texts))
    return (sum(held) / len(texts), "fields of people") if enough else (0.0, "")


@lru_cache(maxsize=4096)
def _is_of_person(field: str) -> bool:
    named = column_names.read(field)
    return field in PERSON_FIELDS or (named is not None and named.sure and named.kind != "text")


def are_of_programs(texts: Sequence[str]) -> bool:
    """Tell whether most texts are what programs call themselves: Mozilla/5.0 (X11; Linux), curl/8.4.0."""
    return sum(bool(PROGRAM.match(text)) for text in texts) >= value_forms.TELLING_SHARE * len(texts)


def people_inside(texts: Sequence[str]) -> float:
    """Return the share of distinct texts that hold names of people between words that come again, 0 where they do not
    read so. What comes again are words with a small letter first: those that say something, unlike what a company, a
    street or a product is called besides a name.
    """
    words = [WORD_INSIDE.findall(text) for text in texts]
    counts = Counter(word for own in words for word in {word.lower() for word in own})
    common = {word for word, count in counts.items() if count > max(2, COMMON_WORD_SHARE * len(texts))}
    said = [any(_says(word) and word.lower() in common for word in own) for own in words]
    rest = [" ".join(word for word in own if word.lower() not in common) for own in words]
    held = [name for name in rest if name and name_shapes.written_share([name])]
    enough = len(held) >= PEOPLE_SHARE * len(texts) and len(set(held)) >= LEAST_INSIDE_NAMES
    if not enough or sum(said) < PEOPLE_SHARE * len(texts):
        return 0.0
    full = name_shapes.full_share(held) >= PEOPLE_SHARE
    like = name_shapes.likeness(held) >= (LIKE_FULL if full else LIKE_SINGLE)
    return len(held) / len(texts) if like else 0.0


def _says(word: str) -> bool:
    return word[0].islower() and len(word) >= SAID_LETTERS and word not in JOINING
