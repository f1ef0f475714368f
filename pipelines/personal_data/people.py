"""People that nobody is: first and last names, words of addresses and of texts, from Faker's lists of one locale.

Which locale is told by the countries of phone numbers and accounts, else by whose lists hold most of the names there
are. Lists without the real names of a column are drawn from; where they run out, those of locales of the same script
follow, then names joined to new ones.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from launderette.pipelines.personal_data import name_shapes, value_forms
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.templates import composed, shape_of
from launderette.pipelines.run.artifacts import LaunderError

USUAL = "en_US"
LISTED_DRAWS = 1500  # of a list, to know nearly all of it
LEAST_NAMES = 40  # of a list without real names; fewer would repeat too often
NEAR_LOCALES = (
    *name_shapes.LISTED_LOCALES,
    "sv_SE",
    "da_DK",
    "fi_FI",
    "pl_PL",
    "cs_CZ",
    "hu_HU",
    "ro_RO",
    "tr_TR",
    "hr_HR",
)
LOCALES_OF = {  # locales that write a script, by its name in Unicode
    "CJK": ("zh_CN", "ja_JP"),
    "HIRAGANA": ("ja_JP",),
    "KATAKANA": ("ja_JP",),
    "HANGUL": ("ko_KR",),
    "GREEK": ("el_GR",),
    "ARABIC": ("ar_SA", "fa_IR"),
    "HEBREW": ("he_IL",),
    "DEVANAGARI": ("hi_IN", "ne_NP"),
    "BENGALI": ("bn_BD",),
    "GUJARATI": ("gu_IN",),
    "ORIYA": ("or_IN",),
    "TAMIL": ("ta_IN",),
    "SINHALA": ("si_LK",),
    "THAI": ("th_TH",),
    "GEORGIAN": ("ka_GE",),
    "ARMENIAN": ("hy_AM",),
    "ETHIOPIC": ("am_ET",),
}
FAMILY_FIRST = ("hu", "ja", "ko", "zh", "vi")  # languages that write the family's name first


@lru_cache(maxsize=1)
def locales() -> tuple[str, ...]:
    """Return the locales that Faker has, by language and country."""
    from faker.config import AVAILABLE_LOCALES

    return tuple(sorted(locale for locale in AVAILABLE_LOCALES if "_" in locale))


def check(locale: str | None) -> None:
    """Raise LaunderError for a locale that Faker lacks."""
    if locale is not None and locale not in locales():
        alike = [one for one in locales() if one[:2] == locale[:2]] or [USUAL, "de_DE", "fr_FR"]
        raise LaunderError(f"expected a locale that Faker has, found {locale}; try {', '.join(alike[:3])}")


def locale_of(numbers: Sequence[str], names: Sequence[str]) -> str:
    """Return the locale of most phone numbers and accounts with a country, else of most names, else the usual one."""
    countries = Counter(country for text in numbers if (country := _country(text)))
    for country, _ in countries.most_common():
        if found := [locale for locale in locales() if locale.endswith(f"_{country}")]:
            return found[0]
    words = {word for name in names for word in name.split() if len(word) > 1}
    own = _of_script(words)
    shares = {locale: _share(words, locale) for locale in sorted({USUAL, *NEAR_LOCALES, *own})} if words else {}
    best = max(shares, key=lambda locale: (shares[locale], locale == USUAL), default=USUAL)
    return best if shares.get(best, 0) > 0 else next(iter(own), USUAL)


def _country(text: str) -> str:
    return text[:2] if re.match(r"[A-Z]{2}\d{2}", text) else value_forms.country_of(text)


def _of_script(words: set[str]) -> list[str]:
    scripts = Counter(_script(word) for word in words)
    return [locale for script, _ in scripts.most_common(2) for locale in LOCALES_OF.get(script, ())]


def _is_word(text: str) -> bool:
    """Tell whether a text is one word of letters, with or without marks; of two at least where a script has cases."""
    return name_shapes.unmarked(text).isalpha() and (len(text) > 1 or shape_of(text) == "x")


def _script(text: str) -> str:
    return unicodedata.name(text[0], "").split(" ")[0]


def _share(words: set[str], locale: str) -> float:
    return len(words & set(name_shapes.names_of(locale, LISTED_DRAWS))) / len(words)


@dataclass(frozen=True)
class People:
    """The lists of one locale."""

    locale: str

    @property
    def family_first(self) -> bool:
        return self.locale[:2] in FAMILY_FIRST

    @cached_property
    def first(self) -> tuple[list[str], ...]:
        """First names of women, of men."""
        return self._names("first_name_female"), self._names("first_name_male")

    @cached_property
    def last(self) -> tuple[list[str], ...]:
        """Last names of women, of men."""
        return self._names("last_name_female"), self._names("last_name_male")

    @cached_property
    def places(self) -> list[str]:
        """Words of the names of streets and towns."""
        texts = self._drawn("street_name") | self._drawn("city")
        return sorted(
            {word for text in texts for word in text.split() if _is_word(word) and shape_of(word) in ("Aa", "x")}
        )

    @cached_property
    def words(self) -> list[str]:
        """Words of texts, in small letters."""
        return sorted({word.lower() for word in self._drawn("word")})

    def _names(self, method: str) -> list[str]:
        """Return names of one word."""
        return sorted(name for name in self._drawn(method) if _is_word(name) and shape_of(name) in ("Aa", "x"))

    def _drawn(self, method: str) -> set[str]:
        faker = name_shapes.drawn_alike(self.locale)
        return {composed(getattr(faker, method)()) for _ in range(LISTED_DRAWS)}


@lru_cache
def people(locale: str) -> People:
    """Return the lists of a locale, read once."""
    return People(locale)


class Names:
    """Draws names of a sex that are not among the real ones: `which` is first or last, `real` in small letters."""

    def __init__(self, locale: str, which: str, real: set[str]) -> None:
        self.lists = [self._free(locale, which, sex, real) for sex in (0, 1)]
        self.real = real

    def _free(self, locale: str, which: str, sex: int, real: set[str]) -> list[str]:
        found: dict[str, None] = {}
        for one in _near(locale):
            own = getattr(people(one), which)[sex]
            script = _script(getattr(people(locale), which)[sex][0])
            found |= dict.fromkeys(name for name in own if plain(name) not in real and _script(name) == script)
            if len(found) >= LEAST_NAMES:
                break
        return list(found)

    def draw(self, sex: int, rng: np.random.Generator) -> str:
        """Return a name; two joined where the lists hold none that is free."""
        own = self.lists[sex] or [chr(97 + int(k)) for k in range(26)]
        name = own[int(rng.integers(len(own)))]
        while plain(name) in self.real or not self.lists[sex]:
            name += own[int(rng.integers(len(own)))].lower()
            if plain(name) not in self.real and len(name) > 3:
                return name[0].upper() + name[1:]
        return name


def _near(locale: str) -> Iterator[str]:
    """Yield the locale, those of its language, then others."""
    yield locale
    yield from (one for one in locales() if one[:2] == locale[:2] and one != locale)
    yield from (one for one in NEAR_LOCALES if one[:2] != locale[:2])
