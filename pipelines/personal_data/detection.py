"""Which columns hold personal data, told by type, name and values, with the evidence and how sure it is.

A kind whose values check themselves (an address with @, an account with its check digits) needs no name. Names of
people, addresses and free text are told by how they are written; a telling name of the column lets less do. A column
that has a thing's name (`product_name`, `city`) is taken for personal data only by values that check themselves.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Datetime, Schema
from launderette.generators.formats import timestamps
from launderette.pipelines.personal_data import (
    CERTAIN,
    CONFIDENT,
    GUESSED,
    LIKELY,
    Found,
    codes,
    column_names,
    holding,
    name_shapes,
    neighbours,
    stems,
    value_forms,
)
from launderette.pipelines.personal_data.column_names import Named
from launderette.pipelines.personal_data.name_shapes import LIKENESS
from launderette.pipelines.personal_data.value_forms import LEAST_DISTINCT, LEAST_NEW, NAMED_SHARE, TELLING_SHARE

BIRTH_YEARS, LONG_LIVES = 30, 60
LEAST_DAY_DIGITS = 5  # of a day: 50190 is one of January
LEAST_HOUSED = 0.4  # of addresses that have a house's number
STREET_SHARE = 0.03  # of them that have a word for streets
LEAST_WORDS = 0.2  # different small words per text, from which texts without a telling name are free ones
YOUNGEST_BIRTH = 16_436  # days from 1970 to 2015: dates of things go on to the present
LEAST_PEOPLE = 3  # distinct values, from which names are told where a column says that they are of people
REPEATED_LIKENESS = -0.55  # least mean log odds of full names that repeat
HOUSE = re.compile(  # its number begins or ends a line, or stands before a block, house or room of East Asia
    r"^\s*\d{1,5}[a-zA-Z]?\b|\b\d+\s?\w?(?:[/-]\d+\w?)?\.?\s*$|\d\s?(?:丁目|番|号|號|号|弄|巷|室|호|번지)|[a-zA-Z\d]\s?[座栋棟楼樓层層]"
    r"|^\s*[^\W\d_]{1,5}[.º°]? ?\d{1,4}[/ ].*[^\W\d_]{3}"  # No 22 High Street
    r"|#\s?\d{1,4}"
    r"|\b\d{1,4}[a-zA-Z]?(?:/\d+)?,? (?:[A-Z]{1,2}-)?\d{2,3}[ -]?\d{2,3}\b"  # with the postcode after it
)
UNSPACED = re.compile(  # letters of scripts without spaces: of Japan, China, Thailand and Laos, Burma, Cambodia
    r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)
# letters and digits of a number that somebody has
SOMEBODYS_NUMBER = re.compile(r"(?=.*\d)(?=(?:\W*\w){5})[\w .()/-]{5,30}")
LETTERS_A_WORD = 2  # of such a script


def find(
    frame: pd.DataFrame,
    schema: Schema,
    profile: Mapping[str, pd.Series] | None = None,
    counts: Mapping[str, pd.Series | None] | None = None,
) -> dict[str, Found]:
    """Return what is found in the columns of a schema, by name; `profile` are the values of columns of which the frame
    has a part, `counts` the dtypes.text_counts of columns, where these are known.
    """
    found: dict[str, Found] = {}
    for column in schema.columns:
        values = (profile or {}).get(column.name, frame[column.name])
        finding = of_column(column, values, (counts or {}).get(column.name))
        if finding is not None:
            found[column.name] = finding
    found |= dict(neighbours.beside(frame, schema, found))
    found |= dict(neighbours.among_people(frame, schema, found))
    held = neighbours.of_person(frame, schema, {name: one.kind for name, one in found.items()})
    found |= {
        name: Found(kind, LIKELY, f"{share:.0%} of its values hold names of the same row")
        for name, (kind, share) in held.items()
    }
    found |= dict(codes.in_rows_of_people(frame, schema, found))
    kinds = {name: one.kind for name, one in found.items()}
    return found | dict(codes.codes_of_people(frame, schema, kinds))


def of_column(column: Column, values: pd.Series, counts: pd.Series | None = None) -> Found | None:
    """Return what one column holds by its name and its values; None for nothing personal."""
    named = column_names.read(column.name)
    if isinstance(column, Datetime):
        return _birth_date(column, named, values)
    if column.kind == "boolean" or pd.api.types.is_float_dtype(values.dtype):
        return None
    distinct = values.drop_duplicates().dropna() if counts is None else counts.index.to_series()
    texts = value_forms.examined(distinct)
    if not texts:
        return None
    programs = not _speaks(named) and holding.are_of_programs(texts)
    checks = PROGRAM_CHECKS if programs else NUMBER_CHECKS if column.kind == "numerical" else TEXT_CHECKS
    share = len(distinct) / (values.count() if counts is None else counts.sum())
    return next((found for check in checks if (found := check(column.name, named, texts, share))), None)


def _birth_date(column: Datetime, named: Named | None, values: pd.Series) -> Found | None:
    """Tell birth dates: by the name, else days of many years of which the last is long ago, or of a whole life."""
    if _is(named, "birth_date") or column_names.of_birth(column.name):
        return Found("birth_date", CONFIDENT, "its name")
    days = values.dropna()
    of_thing = column_names.of_thing(column.name) or stems.of_dated_thing(column_names.name_words(column.name))
    if _speaks(named) or of_thing or days.nunique() < LEAST_DISTINCT:
        return None
    ticks, _ = timestamps.to_ticks(days.astype(object), column)  # type: ignore[arg-type]
    if not len(ticks):
        return None
    days = ticks / timestamps.DAY
    first, last = np.quantile(days, [0.05, 0.95])
    years, late = (last - first) / 365, days.max() > YOUNGEST_BIRTH
    if np.any(days % 1 != 0) or years < (LONG_LIVES if late else BIRTH_YEARS):
        return None
    evidence = f"{LONG_LIVES} years" if late else f"{BIRTH_YEARS} years, none of late"
    return Found("birth_date", GUESSED, f"days of more than {evidence}")


def _speaks(named: Named | None) -> bool:
    """Tell whether a column's name says what its values are, and not only whose."""
    return named is not None and not named.who


def _is(named: Named | None, *kinds: str) -> bool:
    return named is not None and named.kind in kinds


def _said(kind: str, share: float, named: bool, sure: float) -> Found:
    of = f"{share:.0%} of its values"
    return Found(kind, round(min(CERTAIN, sure + 0.04 * named), 2), f"its name and {of}" if named else of)


def _checked(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell kinds whose values check themselves."""
    tests: tuple[tuple[str, Callable[[Sequence[str]], float]], ...] = (
        *(
            ("email", value_forms.email),
            ("mac", partial(value_forms.mac, named=_is(named, "mac"))),
            ("iban", value_forms.iban),
        ),
        *(("card", value_forms.card), ("ip", value_forms.ip)),
    )
    for kind, test in tests:
        own = _is(named, kind)
        if len(texts) < LEAST_DISTINCT and not own and kind != "email":
            continue
        least = NAMED_SHARE if own or kind == "card" else TELLING_SHARE
        if test(texts[:20]) >= least - 0.2 and (share := test(texts)) >= least:
            return _said(kind, share, own, CONFIDENT)
    return None


def _held(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell texts that hold addresses, accounts, phone numbers or fields of people inside."""
    share, what = max(holding.inside(texts), holding.fields_inside(texts))
    return Found("text", LIKELY, f"{share:.0%} of its values hold {what}") if share else None


def _mentioned(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell texts that say who somebody is, among words that come again."""
    if column_names.of_thing(name) or len(texts) < LEAST_DISTINCT:
        return None
    share = holding.people_inside(texts)
    return Found("text", GUESSED, f"{share:.0%} of its values hold names of people") if share else None


def _logged(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell user names, by how systems write them, or by the column's name."""
    written, own = codes.written_share(texts), _is(named, "account")
    if len(texts) >= LEAST_PEOPLE and written >= (NAMED_SHARE if own else TELLING_SHARE):
        return _said("account", written, own, LIKELY)
    return Found("account", LIKELY, "its name") if own and len(texts) >= LEAST_PEOPLE else None


def _numbered(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell numbers of people, of their papers and cars: by their check digits, by how they are written, or by the name
    of the column and their digits.
    """
    own = _is(named, "national_id")
    if len(texts) < LEAST_DISTINCT and not own:
        return None
    share, scheme = value_forms.national(texts, own)
    if share >= (NAMED_SHARE if own else 0.95):
        found = _said("national_id", share, own, CONFIDENT)
        return Found(found.kind, found.confidence, f"{found.evidence} keep the scheme of {scheme}")
    called = column_names.of_birth(name) or _is(named, "birth_date")
    if called and (born := _born_share(texts)) >= TELLING_SHARE:
        return Found("national_id", LIKELY, f"its name and {born:.0%} of its values, days of birth written in digits")
    if not own and (born := value_forms.births(texts)) >= TELLING_SHARE:
        return Found("national_id", LIKELY, f"{born:.0%} of its values hold a day of birth")
    if own and sum(bool(SOMEBODYS_NUMBER.fullmatch(text)) for text in texts) >= NAMED_SHARE * len(texts):
        return Found("national_id", LIKELY, "its name")
    share, what = (
        value_forms.written(texts) if len(texts) >= LEAST_DISTINCT and not column_names.of_thing(name) else (0, "")
    )
    return Found("national_id", GUESSED, f"{share:.0%} of its values are written as {what}") if share else None


def _born_share(texts: Sequence[str]) -> float:
    """Return the share of texts that are a day in digits alone, of the form that most are; a year is none."""
    if min(map(len, texts)) < LEAST_DAY_DIGITS:
        return 0.0
    days = ([value_forms.day_of(text, form) for text in texts] for form in (*value_forms.BIRTHS, "%m%d%Y"))
    return max(sum(day is not None for day in own) / len(texts) for own in days)


def _dialled(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    own = _is(named, "phone")
    if not own and (len(texts) < LEAST_DISTINCT or column_names.of_thing(name)):
        return None
    share = value_forms.phone(texts, own)
    enough = share >= (NAMED_SHARE if own else TELLING_SHARE)
    return _said("phone", share, own, CONFIDENT if own else LIKELY) if enough else None


def _located(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell postal addresses: words and a number at one end, or before a comma."""
    own = _is(named, "address")
    if not own and (len(texts) < LEAST_DISTINCT or distinct < 0.6 or column_names.of_thing(name)):
        return None
    share = _addressed(texts)
    words = {word for text in texts for word in name_shapes.words(text)}
    digits = sum(bool(re.search(r"\d", text)) for text in texts) / len(texts)
    if own and (
        max(share, digits * bool(words)) >= 0.3
        or (distinct >= LEAST_NEW and name_shapes.written_share(texts) >= NAMED_SHARE)
    ):
        return _said("address", share, own, LIKELY)
    numbers = {number for text in texts for number in re.findall(r"\d+", text)}
    varied = len(words) >= LEAST_NEW * len(texts) or (len(words) >= LEAST_DISTINCT and len(numbers) >= len(texts) / 2)
    return _said("address", share, own, GUESSED) if share >= 0.8 and varied and not own else None


def _addressed(texts: Sequence[str]) -> float:
    """Return the share of texts that are addresses, those without a house's number in streets that are called as those
    of many others are.
    """
    housed = [text for text in texts if _is_address(text)]
    if not LEAST_HOUSED * len(texts) <= len(housed) < len(texts):
        return len(housed) / len(texts)
    counts = Counter(word for text in housed for word in set(name_shapes.words(text)))
    streets = {word for word, count in counts.items() if count >= STREET_SHARE * len(housed)}
    others = [text for text in texts if not _is_address(text) and streets & set(name_shapes.words(text))]
    return (len(housed) + len(others)) / len(texts)


def _is_address(text: str) -> bool:
    lines = re.split(r"[\n,;]", text)
    housed = any(HOUSE.search(line) for line in lines)
    words = name_shapes.words(text)
    return bool(housed and words and sum(len(word) for word in words) >= 4 and not re.search(r"[@=_<>]|\d{9}", text))


def _told(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell free text: many words, most of them without a capital, seldom the same twice."""
    words = [re.findall(r"\w+", name_shapes.unmarked(text)) for text in texts]
    # an address of a page is one
    spaced = sum(bool(re.search(r"\w", piece)) for text in texts for piece in text.split())
    unspaced = sum(len(UNSPACED.findall(text)) for text in texts) / LETTERS_A_WORD
    mean = max(spaced, unspaced) / len(words)
    if _is(named, "text") and mean >= 3 and distinct >= LEAST_NEW:
        return Found("text", CONFIDENT, f"its name and {mean:.0f} words in a value")
    if len(texts) < LEAST_DISTINCT or mean < 5 or distinct < 0.5 or _speaks(named):
        return None
    every = [word for own in words for word in own]
    small = sum(word[0].islower() or not word.isascii() for word in every)
    various = len({word for word in every if not word[0].isupper()}) >= LEAST_WORDS * len(texts)
    reads = small >= 0.5 * max(1, len(every)) and (various or unspaced)
    return Found("text", LIKELY, f"{mean:.0f} words in a value") if reads else None


def _called(name: str, named: Named | None, texts: Sequence[str], distinct: float) -> Found | None:
    """Tell names of people: by the column's name, else by words that are written, vary and read as names do."""
    if _is(named, "name", "first_name", "last_name") and named is not None and named.sure:
        scripts = sum(bool(re.match(r"[^\W\d_]", text)) for text in texts) / len(texts)
        return _said(named.kind, scripts, True, CONFIDENT) if scripts >= NAMED_SHARE and len(texts[0]) < 100 else None
    several = name_shapes.joined_share(texts) >= NAMED_SHARE
    texts = [name for text in texts for name in name_shapes.joined(text)] if several else texts
    small = sum(text == text.lower() != text.upper() for text in texts) >= TELLING_SHARE * len(texts)
    texts = [text.title() for text in texts] if small else texts
    written = name_shapes.written_share(texts)
    least = TELLING_SHARE if named is None else NAMED_SHARE
    if (named is not None and named.sure) or column_names.of_thing(name) or written < least:
        return None
    titled = len(texts) >= LEAST_DISTINCT and name_shapes.titled_share(texts) >= TELLING_SHARE
    new = distinct >= LEAST_NEW / (1 if named is None else 3) and len(texts) >= LEAST_DISTINCT
    kind = "name" if titled else (_kind_of_new if new else _kind_of_repeated)(named, texts)
    kind = "name" if several and (kind or name_shapes.likeness(texts) >= LIKENESS["name"]) else kind
    sure, of = LIKELY if named else GUESSED, f"{written:.0%} of its values are written and read as names do"
    return Found(kind, sure, f"its name and {of}" if named and named.who else of) if kind else None


def _kind_of_new(named: Named | None, texts: Sequence[str]) -> str:
    """Return the kind of names in a column of people who seldom have two rows, "" for none."""
    kind = "name" if name_shapes.full_share(texts) >= 0.7 else "first_name"
    if kind == "name" and not _may_be_people(named, texts):
        return ""
    return kind if name_shapes.likeness(texts) >= LIKENESS[kind] - (0 if named is None else 0.2) else ""


def _kind_of_repeated(named: Named | None, texts: Sequence[str]) -> str:
    """Return the kind of names in a column of people with many rows each, "" for none: full names, of which some more
    than of labels have to read so, unless the column's name says who they are.
    """
    who = named is not None and named.who
    full = name_shapes.full_share(texts) >= (TELLING_SHARE if named is None else NAMED_SHARE)
    if not full or len(texts) < (LEAST_PEOPLE if who else LEAST_DISTINCT):
        return ""
    if not _may_be_people(named, texts):
        return ""
    return "name" if name_shapes.likeness(texts) >= (LIKENESS["name"] - 0.2 if who else REPEATED_LIKENESS) else ""


def _may_be_people(named: Named | None, texts: Sequence[str]) -> bool:
    """Tell whether the column's name says who full names are of, or they vary as people's do, or stand under the word
    `name` and read no less so than first names: of few first and last names alone, as a test's may be.
    """
    if (named is not None and named.who) or name_shapes.is_varied(texts):
        return True
    return (
        named is not None
        and not name_shapes.are_companies(texts)
        and name_shapes.likeness(texts) >= LIKENESS["first_name"]
    )


# the first that finds something decides
Check = Callable[[str, Named | None, Sequence[str], float], Found | None]
PROGRAM_CHECKS: tuple[Check, ...] = (_checked, _held)
NUMBER_CHECKS: tuple[Check, ...] = (_checked, _numbered, _dialled)
TEXT_CHECKS: tuple[Check, ...] = (_checked, _logged, _numbered, _dialled, _held, _located, _told, _called, _mentioned)
