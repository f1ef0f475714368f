"""Columns that others of their table tell: last names beside first ones, the row's own name in a user name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import pandas as pd

from launderette.generators.data.schema import Column, Schema
from launderette.generators.identifiers.forms import text_of
from launderette.pipelines.personal_data import GUESSED, LIKELY, Found, column_names, name_shapes, value_forms
from launderette.pipelines.personal_data.column_names import Named, plain
from launderette.pipelines.personal_data.name_shapes import LIKENESS
from launderette.pipelines.personal_data.value_forms import LEAST_DISTINCT, LEAST_NEW, NAMED_SHARE, TELLING_SHARE

LOOKED_FOR_LETTERS = 4  # of a word of a name that is looked for in other columns
EXAMINED_ROWS = 1000
OWN_SHARE, OTHERS_SHARE = 0.4, 0.5  # of rows that hold their own person's name; of that, what another's may reach
PERSONS = ("name", "first_name", "last_name", "email")
NAME_KINDS = ("name", "first_name", "last_name")
OF_PEOPLE = (*PERSONS, "phone", "address", "card", "national_id", "birth_date")  # what a table of people holds
LIKE_AMONG = {"last_name": -0.8, "name": -0.9}  # least mean log odds (name_shapes.py) in such a table
UNCASED = 0.4  # more where no capitals tell names from words
VARIED_AMONG = 0.25  # least share of different words at both ends of full names there
SHARED_NAME_KINDS = 0.2  # of a column's words, found in columns of names
WORDS_OF_TEXT = 3  # in a value, from which it is text and no account


def beside(frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield the column that holds last names because it reads so and stands beside first names."""
    names = schema.names
    if "last_name" in {finding.kind for finding in found.values()}:
        return
    if any(_is_first(name) for name in found):
        unsure = [name for name in names if name not in found and _is_unsure(column_names.read(name))]
        if beside := next((name for name in unsure if _is_written(frame[name])), None):  # nom beside prénom
            yield beside, _NAMED_BESIDE
            return
    if not any(finding.kind == "first_name" for finding in found.values()):
        yield from _pair(frame, schema, found)
        return
    for at in (at for at, name in enumerate(names) if name in found and found[name].kind == "first_name"):
        for other in (*names[at + 1 : at + 2], *names[max(0, at - 1) : at]):
            if _is_last(other, schema.column(other), frame[other], found.get(other)):
                yield _less_like(frame, names[at], other) if other in found else other, _BESIDE
                return


def among_people(frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield columns of a table of people that hold names: they read somewhat so, or have words of its names."""
    if not any(finding.kind in OF_PEOPLE for finding in found.values()):
        return
    known = {word for name, one in found.items() if one.kind in NAME_KINDS for word in _vocabulary(frame[name])}
    for column in schema.columns:
        if (
            column.name in found
            or column.kind not in ("categorical", "identifier")
            or column_names.of_thing(column.name)
        ):
            continue
        named = column_names.read(column.name)
        if named is None and (kind := _kind_among(frame[column.name], known)):
            yield column.name, Found(kind, GUESSED, "its values read as names do, in a table of people")
        elif named is not None and (named.who or _is_unsure(named)) and _are_written(frame[column.name], named):
            yield column.name, Found(named.kind, GUESSED, "its name, in a table of people")


def _are_written(values: pd.Series, named: Named) -> bool:
    """Tell whether values are written as names are, and as many as people's, or under a name that says whose."""
    distinct = values.drop_duplicates().dropna()
    texts = value_forms.examined(distinct)
    least = LEAST_DISTINCT if named.who else max(LEAST_DISTINCT, LEAST_NEW * values.count())
    return len(texts) >= least and name_shapes.written_share(texts) >= TELLING_SHARE


def _kind_among(values: pd.Series, known: set[str]) -> str:
    """Return the kind of names that a column holds beside columns that hold the `known` names, "" for none. Where it
    has none of these, its values differ more than those of towns and goods.
    """
    distinct = values.drop_duplicates().dropna()
    texts = value_forms.examined(distinct)
    if len(texts) < LEAST_DISTINCT or name_shapes.written_share(texts) < TELLING_SHARE:
        return ""
    own, full = _vocabulary(texts), name_shapes.full_share(texts)
    shared = len(own & known) >= SHARED_NAME_KINDS * len(own)
    new = len(distinct) >= LEAST_NEW * values.count()
    kind = "name" if full >= NAMED_SHARE else "last_name" if full < 0.5 else ""
    if not (kind and (shared or new)) or (kind == "name" and not name_shapes.is_varied(texts, VARIED_AMONG)):
        return ""
    least = LIKENESS["last_name"] if shared else LIKE_AMONG[kind] + UNCASED * (texts[0].lower() == texts[0].upper())
    return kind if name_shapes.likeness(texts) >= least else ""


def _vocabulary(texts: Iterable[object]) -> set[str]:
    return {word for text in texts if isinstance(text, str) for word in name_shapes.words(plain(text))}


def _pair(frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield the two columns side by side that read most as names do, of which each repeats while both together seldom
    do, as first and last names.
    """
    columns = [column for column in schema.columns if column.name not in found]
    read = {
        column.name: name_shapes.likeness(value_forms.examined(frame[column.name].drop_duplicates().dropna()))
        for column in columns
        if _is_last(column.name, column, frame[column.name], None)
    }
    pairs = [
        (one, other) if read[one] >= read[other] else (other, one)
        for one, other in pairwise(schema.names)
        if {one, other} <= read.keys() and len(frame[[one, other]].drop_duplicates()) >= NAMED_SHARE * len(frame)
    ]
    for first, last in sorted(pairs, key=lambda pair: -read[pair[0]] - read[pair[1]])[:1]:
        if read[first] >= LIKENESS["name"]:
            yield from ((first, Found("first_name", GUESSED, _BESIDE.evidence)), (last, _BESIDE))


_NAMED_BESIDE = Found("last_name", LIKELY, "its name beside that of first names")
_BESIDE = Found("last_name", GUESSED, "its values read as names do and stand beside other names")


def _is_first(name: object) -> bool:
    named = column_names.read(name)
    return named is not None and named.kind == "first_name"


def _is_unsure(named: Named | None) -> bool:
    """Tell whether a column's name says that it holds names, though perhaps of things."""
    return named is not None and named.kind in ("name", "first_name", "last_name") and not (named.sure or named.who)


def _is_written(values: pd.Series) -> bool:
    """Tell whether values are written as single names are."""
    texts = value_forms.examined(values.drop_duplicates().dropna())
    return bool(texts) and name_shapes.written_share(texts) >= NAMED_SHARE and name_shapes.full_share(texts) < 0.5


def _less_like(frame: pd.DataFrame, one: str, other: str) -> str:
    """Return which of two columns reads less like first names."""
    return min(
        (one, other),
        key=lambda name: name_shapes.likeness(value_forms.examined(frame[name].drop_duplicates().dropna())),
    )


def _is_last(name: str, column: Column, values: pd.Series, found: Found | None) -> bool:
    if column.kind not in ("categorical", "identifier") or column_names.read(name) or column_names.of_thing(name):
        return False
    texts = value_forms.examined(values.drop_duplicates().dropna())
    return (
        (found is None or found.kind == "first_name")
        and len(texts) >= LEAST_DISTINCT
        and name_shapes.written_share(texts) >= NAMED_SHARE
        and name_shapes.full_share(texts) < 0.5
        and name_shapes.likeness(texts) >= LIKENESS["last_name"]
    )


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
