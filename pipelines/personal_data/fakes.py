"""Made-up people in place of the identifiers that a model drew: names, mail addresses that fit them, places, texts.

Which rows share a value and which have none stays as it was drawn; a row's names belong to one person, who is the same
in all rows of an entity where the source has it so. Numbers keep the form in which they were drawn, but for those that
no phone, card or country would have. No value is a real one of the source.

Whoever knows the seed must not be able to draw the same values and to see which were passed over as real ones: the
stream of chance begins at a digest of the source's own values, under the key where one is stated.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Identifier, Schema
from launderette.generators.identifiers import forms
from launderette.generators.identifiers.forms import IdentifierForm, anew, text_of
from launderette.pipelines.config import RunConfig
from launderette.pipelines.personal_data import keys, people, templates, value_forms
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.columns import SHARED
from launderette.pipelines.personal_data.naming import Casting, Mail, Person
from launderette.pipelines.personal_data.templates import Slot, Template

VAIN_DRAWS = 200  # of a value that is real or taken, before a number is put behind it
REDRAWN, ROUNDS = 20, 5  # candidates for each number that nobody could have, and how often so many are drawn
VALID_SHARE = 0.9  # of the real values, from which made-up ones must be valid too
TOLD_FROM = 2000  # distinct real values that a locale is told from
NAME_PARTS = {"first_name": "first", "last_name": "last", "name": "full"}
PLAIN_ADDRESS = (Template((Slot("Aa"), Slot("9", digits=(1, 2))), ("", " ", ""), 1.0),)
SENTENCE_WORDS = 9
OWN_FORM = "email", "text"  # kinds that are made up in another form than the source's, so that nothing of it shows


@dataclass
class Table:
    """What values are made up from: drawn and real rows, the schema, the locale, the secret of the stream of chance."""

    drawn: pd.DataFrame
    real: pd.DataFrame
    schema: Schema
    locale: str
    secret: bytes

    @property
    def columns(self) -> list[Identifier]:
        return personal_of(self.schema)

    def rng(self, name: str) -> np.random.Generator:
        """Return the stream of chance of a column."""
        return np.random.default_rng(
            int.from_bytes(hmac.new(self.secret, name.encode(), hashlib.sha256).digest(), "big")
        )

    def texts(self, name: str) -> list[str]:
        """Return the distinct real values of a column."""
        return [text_of(value).strip() for value in self.real[name].dropna().unique()]

    def codes(self, column: Identifier) -> np.ndarray:
        """Number the people or things that a column's drawn rows name, int [rows]: a row without one is by itself."""
        owner = column.name if column.personal not in SHARED else self._owner(column.name)
        numbered = pd.factorize(self.drawn[owner])[0] if owner else np.full(len(self.drawn), -1)
        return np.where(numbered < 0, numbered.max(initial=-1) + 1 + np.arange(len(numbered)), numbered)

    def _owner(self, name: str) -> str:
        """Return the identifier with the fewest values that repeats and decides a column in the source, "" for none."""
        shared = [column.name for column in self.schema.columns if isinstance(column, Identifier) and column.repeats]
        shared.sort(key=lambda other: self.real[other].nunique())
        return next((other for other in shared if _decides(self.real, other, name)), "")


def personal_of(schema: Schema) -> list[Identifier]:
    """Return the columns of personal data that are made up."""
    return [column for column in schema.identifiers if column.personal and not column.refers]


def _decides(real: pd.DataFrame, owner: str, name: str) -> bool:
    pairs = real[[owner, name]].dropna(subset=[owner]).astype("string").drop_duplicates()
    return not pairs[owner].duplicated().any()


def replace(drawn: pd.DataFrame, schema: Schema, real: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """Return drawn rows with made-up people in their columns of personal data; the source's values are `real`."""
    if not (columns := personal_of(schema)):
        return drawn
    hashes = pd.util.hash_pandas_object(real[[column.name for column in columns]].astype("string"), index=False)
    key = keys.stated(config.personal.key) if config.personal.key else b""
    secret = hmac.new(key, f"{config.seed}\0".encode() + hashes.to_numpy().tobytes(), hashlib.sha256).digest()
    locale = config.personal.locale or _locale(real, columns)
    table = Table(drawn.reset_index(drop=True), real, schema, locale, secret)
    made, named = table.drawn.copy(), dict(_named(table))
    for column in columns:
        found = named.get(column.name) or MAKERS.get(column.personal, _numbers)(table, column, named)
        texts = pd.Series(found, dtype="object").where(table.drawn[column.name].notna(), None)
        made[column.name] = forms.typed(texts, column.dtype)
    return made


def _locale(real: pd.DataFrame, columns: Sequence[Identifier]) -> str:
    numbers, names = (
        [text_of(v) for c in columns if c.personal in kinds for v in real[c.name].dropna().unique()[:TOLD_FROM]]
        for kinds in (("phone", "iban"), NAME_PARTS)
    )
    return people.locale_of(numbers, names)


def _named(table: Table) -> list[tuple[str, list[str]]]:
    """Return the texts of each column of names: first, last and full names of one person in a row."""
    found = []
    for number, group in enumerate(_personas(table)):
        lead = next(c for kind in ("name", "last_name", "first_name") for c in group if c.personal == kind)
        codes = table.codes(lead)
        real = {NAME_PARTS[c.personal]: {plain(text) for text in table.texts(c.name)} for c in group}
        written = table.texts(lead.name) if lead.personal == "name" else []
        casting = Casting(
            table.locale, {"first": set(), "last": set(), "full": set()} | real, written, table.rng(f"people {number}")
        )
        cast: dict[int, Person] = {code: casting.draw() for code in pd.unique(codes)}
        found += [(c.name, [getattr(cast[code], NAME_PARTS[c.personal]) for code in codes]) for c in group]
    return found


def _personas(table: Table) -> list[list[Identifier]]:
    """Return which columns of names are of the same people: the first of each kind, a full name only where it holds the
    others; every further column is of others.
    """
    names = [column for column in table.columns if column.personal in NAME_PARTS]
    parts = [next((c for c in names if c.personal == kind), None) for kind in ("first_name", "last_name")]
    main = [column for column in parts if column is not None]
    full = [c for c in names if c.personal == "name" and (not main or _holds(table.real, c.name, main))][:1]
    main += full
    return [*([main] if main else []), *([column] for column in names if column not in main)]


def _holds(real: pd.DataFrame, full: str, parts: Sequence[Identifier]) -> bool:
    rows = real[[full, *(part.name for part in parts)]].dropna().head(TOLD_FROM).astype("string")
    held = [all(plain(part) in plain(row[0]) for part in row[1:]) for row in rows.itertuples(index=False, name=None)]
    return bool(held) and sum(held) >= len(held) / 2


def _made(table: Table, column: Identifier, make: Callable[[int, int], str]) -> list[str]:
    """Return a text for each drawn row: `make` puts one together from the first row of its value and the number of the
    attempt. None is a real one; distinct values stay distinct but for those that people share.
    """
    codes, real = table.codes(column), {plain(text) for text in table.texts(column.name)}
    taken: dict[str, None] = {}
    texts: dict[int, str] = {}
    for row, code in enumerate(codes):
        if code not in texts:
            texts[code] = _free(partial(make, row), real, taken if column.personal not in SHARED else {})
            taken[texts[code]] = None
    return [texts[code] for code in codes]


def _free(make: Callable[[int], str], real: set[str], taken: Mapping[str, None]) -> str:
    for attempt in range(VAIN_DRAWS):
        text = make(attempt)
        if plain(text) not in real and text not in taken:
            return text
    numbered = (f"{text} {k}" for k in range(2, len(real) + len(taken) + 4))
    return next(text for text in numbered if plain(text) not in real and text not in taken)


def _mails(table: Table, column: Identifier, named: Mapping[str, list[str]]) -> list[str]:
    """Make up e-mail addresses of the people whose names stand in the same rows."""
    rng = table.rng(column.name)
    mail = Mail(table.texts(column.name), rng)
    firsts, lasts = _of_rows(table, named)
    return _made(table, column, lambda row, attempt: mail.draw(firsts(row), lasts(row), attempt))


def _of_rows(table: Table, named: Mapping[str, list[str]]) -> list[Callable[[int], str]]:
    """Return the first and the last name of each drawn row: of its columns of names, else anybody's."""
    rng, known = table.rng("nobody"), people.people(table.locale)
    whole = next((named[c.name] for c in table.columns if c.personal == "name"), None)
    found: list[Callable[[int], str]] = []
    for kind, end, lists in (("first_name", 0, known.first), ("last_name", -1, known.last)):
        own = next((named[c.name] for c in table.columns if c.personal == kind), None)
        if own is not None:
            found.append(own.__getitem__)
        elif whole is not None:
            found.append(partial(_word_of, whole, end))
        else:
            found.append(partial(_anybodys, lists[0], rng))
    return found


def _word_of(names: Sequence[str], end: int, row: int) -> str:
    return templates.PIECE.findall(names[row])[end]


def _anybodys(names: Sequence[str], rng: np.random.Generator, row: int) -> str:
    return names[int(rng.integers(len(names)))]


def _addresses(table: Table, column: Identifier, named: Mapping[str, list[str]]) -> list[str]:
    rng, known = table.rng(column.name), people.people(table.locale)
    learned = templates.learn(table.texts(column.name)) or PLAIN_ADDRESS
    words = [*known.places, *known.last[0]]

    def word(place: int, shape: str) -> str:
        return words[int(rng.integers(len(words)))]

    return _made(table, column, lambda row, attempt: templates.fill(templates.chosen(learned, rng), word, rng))


def _texts(table: Table, column: Identifier, named: Mapping[str, list[str]]) -> list[str]:
    """Make up sentences of about as many words; they say nothing."""
    rng, words = table.rng(column.name), people.people(table.locale).words
    counts = [len(text.split()) for text in table.texts(column.name)] or [1]
    low, high = (max(1, int(count)) for count in np.quantile(counts, [0.1, 0.9], method="nearest"))

    def sentences(row: int, attempt: int) -> str:
        drawn = [words[int(k)] for k in rng.integers(0, len(words), int(rng.integers(low, high + 1)))]
        parts = [drawn[k : k + SENTENCE_WORDS] for k in range(0, len(drawn), SENTENCE_WORDS)]
        return " ".join(" ".join(part).capitalize() + "." for part in parts)

    return _made(table, column, sentences)


def _numbers(table: Table, column: Identifier, named: Mapping[str, list[str]]) -> list[str]:
    """Return numbers as they were drawn, others of the same form in place of those that nobody could have."""
    texts, real = table.drawn[column.name].map(text_of, na_action="ignore"), table.texts(column.name)
    valid = _validity(column.personal, real)
    wrong = [text for text in texts.dropna().unique() if not valid(text)]
    used, rng, form = {*real, *texts.dropna()}, table.rng(column.name), IdentifierForm(column.pattern, column.check)
    fresh: list[str] = []
    for _ in range(ROUNDS if wrong else 0):
        drawn = forms.texts(form, REDRAWN * len(wrong), rng, used.__contains__)
        fresh += [text for text in drawn if valid(text)]
        used |= set(drawn)
        if len(fresh) >= len(wrong):
            break
    return anew(texts, dict(zip(wrong, fresh, strict=False))).tolist()


def _validity(kind: str, real: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells a number that somebody could have, from a kind of which nearly all real values are such."""
    tests: dict[str, Callable[[str], bool]] = {
        "card": value_forms.is_card,
        "ip": value_forms.is_ip,
        "phone": value_forms.is_dialled,
        "iban": value_forms.is_iban,
        "national_id": partial(value_forms.is_national, name=value_forms.national(real[:200], True)[1] or "luhn"),
    }
    test = tests.get(kind, lambda text: True)
    share = sum(map(test, real[:200])) / max(1, len(real[:200]))
    return test if share >= VALID_SHARE else lambda text: True


MAKERS: dict[str, Callable[[Table, Identifier, Mapping[str, list[str]]], list[str]]] = {
    "email": _mails,
    "address": _addresses,
    "text": _texts,
}
