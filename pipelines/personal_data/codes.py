r"""User names, and codes that each person of a table has alone.

User names are told as systems write them: `@anna`, `CORP\anna`, `anna#1234`, an entry of a directory, the page or the
folder of a user.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from launderette.generators.data.schema import Column, Schema
from launderette.generators.identifiers.detection import is_named, words_of
from launderette.pipelines.personal_data import column_names, value_forms
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.findings import LIKELY, Found
from launderette.pipelines.personal_data.value_forms import TELLING_SHARE

HANDLE = r"@\w[\w.-]{2,}"
IN_DOMAIN = r"[A-Za-z][\w.-]*\\[\w.-]{2,}"  # of Windows
TAGGED = r"[\w.]{2,32}#\d{4}"
ENTRY = r"(?:uid|cn|sAMAccountName)=[^,=]+(?:,\s?\w+=[^,=]+)*"  # of LDAP
USER_PLACES = (
    r"(?:in|u|users?|people|profiles?|members?|authors?|accounts?|home|~)"  # in an address, before who it is of
)
NETWORKS = (
    r"(?:twitter|x|instagram|facebook|fb|tiktok|github|gitlab|t|vk|pinterest|threads|snapchat|xing|linkedin|line)"
)
USER_PAGE = (
    rf"(?:https?://)?(?:[\w-]+\.)+\w+(?:/\S*)?(?:/{USER_PLACES}/|/[@~]|[?&](?:user|username|login|uid|member|profile)=)"
    r"[\w.%@+-]{2,}\S*"
    rf"|(?:https?://)?(?:www\.|m\.)?{NETWORKS}\.(?:com|me|net|app)/[\w.%@+-]{{2,}}/?"
    rf"|(?:\w:)?[\\/](?:home|Users)[\\/][\w. -]{{2,}}\S*|u/[\w-]{{3,}}"
)
WRITTEN_ACCOUNT = re.compile("|".join((HANDLE, IN_DOMAIN, TAGGED, ENTRY, USER_PAGE)))

LONGEST_ACCOUNT = 300  # of an address
OF_ONE = ("name", "email", "phone", "account", "national_id", "iban")  # kinds of which each value names somebody
LEAST_OF_MANY, ROWS_OF_MANY = 3, 2  # people with several rows each in a column, and rows of each on average
DECIDED_SHARE, ALONE_SHARE = 0.95, 0.9  # of people who have one value only; of values that one of them has
PERSONS_CODE = re.compile(r"(?=.*\d)(?!.*[^\W\d_A-Z]{3}).{2,}")  # with a digit and without a word
INITIALS = re.compile(r"(?:[^\W\d_]\.?\s?-?){2,4}")
NUMBER_OF_SOMEBODY = frozenset({"ext", "extension", "code", "durchwahl", "poste", "interno", "badge", "pin", "key"})


def written_share(texts: Sequence[str]) -> float:
    """Return the share of texts that are user names by how they are written."""
    return sum(len(text) <= LONGEST_ACCOUNT and bool(WRITTEN_ACCOUNT.fullmatch(text)) for text in texts) / max(
        1, len(texts)
    )


def with_many_rows(frame: pd.DataFrame, found: Mapping[str, str]) -> list[str]:
    """Return the columns that name people with several rows each; `found` are the kinds of columns."""
    counts = {name: (frame[name].nunique(), frame[name].count()) for name, kind in found.items() if kind in OF_ONE}
    return [name for name, (people, rows) in counts.items() if LEAST_OF_MANY <= people <= rows / ROWS_OF_MANY]


def is_own(values: pd.Series, people: pd.Series) -> bool:
    """Tell whether each of the people has one value in all rows, which hardly any other has."""
    pairs = pd.DataFrame({"value": pd.factorize(values)[0], "who": pd.factorize(people)[0]})
    pairs = pairs[(pairs >= 0).all(axis=1) & pairs["who"].duplicated(keep=False)].drop_duplicates()
    shares = [(pairs[one].value_counts() == 1).mean() for one in ("who", "value")]
    return bool(pairs["value"].nunique() >= LEAST_OF_MANY and shares[0] >= DECIDED_SHARE and shares[1] >= ALONE_SHARE)


def codes_of_people(frame: pd.DataFrame, schema: Schema, found: Mapping[str, str]) -> Iterator[tuple[str, Found]]:
    """Yield columns of codes, numbers and initials that each of the people with several rows has alone: a label as
    frequent as its holder is no less theirs.
    """
    many = with_many_rows(frame, found)
    for column in schema.columns:
        of_thing = column_names.THING_WORDS & set(map(plain, words_of(column.name)))
        if column.name in found or of_thing or not (kind := _kind_of_code(column, frame)):
            continue
        if who := next((name for name in many if is_own(frame[column.name], frame[name])), ""):
            yield column.name, Found(kind, LIKELY, f"each of the people in {who!r} has one of its values alone")


def _kind_of_code(column: Column, frame: pd.DataFrame) -> str:
    """Return as what a column of codes is made up, "" for one of words, quantities or dates."""
    texts = value_forms.examined(frame[column.name].dropna().drop_duplicates())
    if column.kind == "numerical":
        called = is_named(column.name, many=True) or NUMBER_OF_SOMEBODY & set(words_of(column.name))
        return "national_id" if called and all(map(str.isdecimal, texts)) else ""
    if column.kind != "categorical" or not texts:
        return ""
    shares = [sum(bool(form.fullmatch(text)) for text in texts) / len(texts) for form in (PERSONS_CODE, INITIALS)]
    return "national_id" if shares[0] >= TELLING_SHARE else "account" if shares[1] >= TELLING_SHARE else ""
