"""The key of pseudonyms, and pseudonyms: the same person has the same made-up name in all columns, tables and runs.

A column of people whose rows are to be learned (`{kind: name, learn: true}`) has each name replaced before anything
looks at it: by names drawn from a stream of chance that begins at HMAC-SHA256 of the name under a key of its own kind.
Without the key nobody can tell who is who. The key is the environment's (`personal: {key: env:NAME}`), else one that is
made once and kept in work/, for its owner alone.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from launderette.generators.identifiers import forms
from launderette.generators.identifiers.forms import IdentifierForm
from launderette.pipelines.config import RunConfig
from launderette.pipelines.personal_data import people
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.naming import Casting, Mail
from launderette.pipelines.run.artifacts import LaunderError, explained
from launderette.pipelines.secrets import secret

KEY_FILE, KEY_BYTES = "personal.key", 32
LEAST_KEY = 16  # characters of a key, fewer can be guessed
ATTEMPTS = 1000  # of a pseudonym that is a real name or another person's


def stated(reference: str) -> bytes:
    """Return the key that a reference stands for; LaunderError where there is none, or one that can be guessed."""
    key = secret(reference, "personal.key")
    if len(key) < LEAST_KEY:
        raise LaunderError(
            f"expected a key of at least {LEAST_KEY} characters in {reference} (personal.key), found {len(key)}; set "
            "it to a random text, and keep it"
        )
    return key.encode()


def fingerprint(reference: str) -> str:
    """Return what tells two keys apart and gives neither away."""
    return hmac.new(stated(reference), b"fingerprint", hashlib.sha256).hexdigest()


def of(config: RunConfig, work: Path | None) -> bytes:
    """Return the key that is stated, else the one kept in `work`, which is made where there is none; one for once
    where there is no such folder.
    """
    if config.personal.key:
        return stated(config.personal.key)
    return secrets.token_bytes(KEY_BYTES) if work is None else _kept(work / KEY_FILE)


def _kept(path: Path) -> bytes:
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            key = path.read_bytes()
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(key := secrets.token_bytes(KEY_BYTES))
    if len(key) != KEY_BYTES:
        raise LaunderError(f"expected the {KEY_BYTES} bytes of a key in {path}, found {len(key)}; remove it")
    return key


def subkey(key: bytes, domain: str) -> bytes:
    """Return the key of one domain, from which that of no other follows."""
    return hmac.new(key, f"launderette {domain}".encode(), hashlib.sha256).digest()


def pseudonyms(values: pd.Series, kind: str, key: bytes, locale: str | None) -> pd.Series:
    """Return values with a pseudonym in place of each person's, the same for one key whatever else the column holds.

    Where it is a real value of the column, or another person's pseudonym too, the next one is taken. LaunderError where
    there are more people than names.
    """
    texts, own = values.map(str, na_action="ignore"), subkey(key, kind)
    digests = {text: hmac.new(own, _same(text).encode(), hashlib.sha256).digest() for text in texts.dropna().unique()}
    used, made, draw = {_same(text) for text in digests}, dict[bytes, str](), _Drawing(kind, locale or people.USUAL)
    for digest in sorted(set(digests.values())):
        made[digest] = next(one for one in draw.of(digest) if _same(one) not in used)
        used.add(_same(made[digest]))
    found = texts.map({text: made[digest] for text, digest in digests.items()})
    return found.astype("object").where(values.notna(), None)


def codes(columns: Mapping[str, pd.Series], key: bytes, real: Collection[str] = ()) -> dict[str, pd.Series]:
    """Return columns of codes with made-up ones of their own form in place of each, the same code the same one in all
    of them; none is a real one of any of these columns, nor of `real`.
    """
    texts = {name: values.map(forms.text_of, na_action="ignore") for name, values in columns.items()}
    own, made = subkey(key, "code"), dict[str, str]()
    used = {*real, *(text for known in texts.values() for text in known.dropna())}
    for name, values in columns.items():
        form, digests = _code_form(values), {text: _stream(own, text) for text in texts[name].dropna().unique()}
        for text, digest in sorted(digests.items(), key=lambda one: one[1]):
            if text not in made:
                (made[text],) = forms.texts(form, 1, np.random.default_rng(digest), used.__contains__)
                used.add(made[text])
    return {name: _coded(texts[name], made, values) for name, values in columns.items()}


def _stream(key: bytes, text: str) -> int:
    return int.from_bytes(hmac.new(key, text.encode(), hashlib.sha256).digest(), "big")


def _coded(texts: pd.Series, made: Mapping[str, str], values: pd.Series) -> pd.Series:
    fresh = texts.map(made, na_action="ignore").astype("object")
    return forms.typed(fresh.where(values.notna(), None), str(values.dtype)).set_axis(values.index)


def _code_form(values: pd.Series) -> IdentifierForm:
    """Return the form of codes; of numbers that count up, of one digit more."""
    distinct = values.dropna().drop_duplicates().sort_values(ignore_index=True)
    form = forms.form_of(distinct)
    digits = len(str(int(distinct.iloc[-1]))) + 1 if form.pattern.startswith("sequence") else 0
    return IdentifierForm(rf"\d{{{digits},{digits}}}") if digits else form


def _same(text: str) -> str:
    """Write a name as all its spellings: without accents, capitals and spaces around it."""
    return " ".join(plain(text).split())


class _Drawing:
    """Draws the pseudonyms of a person, each from a stream of chance of its own."""

    def __init__(self, kind: str, locale: str) -> None:
        self.kind, self.locale = kind, locale
        self.casting = Casting(locale, {"first": set(), "last": set(), "full": set()}, (), np.random.default_rng(0))

    def of(self, digest: bytes) -> Iterator[str]:
        """Yield one after the other; LaunderError where they run out."""
        for attempt in range(ATTEMPTS):
            seed = hashlib.sha256(digest + attempt.to_bytes(4, "big")).digest()
            yield self._one(np.random.default_rng(int.from_bytes(seed, "big")), attempt)
        raise LaunderError(
            f"expected a name of Faker's locale {self.locale} for every person of a column, found too few; leave learn "
            "out, or state kind: name"
        )

    def _one(self, rng: np.random.Generator, attempt: int) -> str:
        person = self.casting.anybody(rng)
        if self.kind == "email":
            return Mail((), rng).draw(person.first, person.last, attempt)
        return {"name": person.full, "first_name": person.first, "last_name": person.last}[self.kind]
