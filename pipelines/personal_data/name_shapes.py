"""Are the words of a column names of people? Told by how they are written, how they vary, and their letters.

The letters are judged by a naive Bayes model of the two to four letters that follow one another in the first and last
names, and in the towns, countries, professions, colours and words, of the locales below. It is made anew from Faker's
lists when a column needs it (two seconds), and knows other languages by what their names have in common with these.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from launderette.pipelines.personal_data.column_names import plain


def words_in(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


LISTED_LOCALES = (  # whose lists are learned from; figures are to be measured on others
    *("en_US", "en_GB", "en_IN", "de_DE", "de_AT", "fr_FR", "es_ES", "es_MX", "it_IT", "nl_NL", "no_NO", "pt_PT"),
    *("sk_SK", "lt_LT", "lv_LV", "sl_SI", "ru_RU", "uk_UA", "bg_BG", "az_AZ"),
)
NAME_LISTS = ("first_names", "first_names_male", "first_names_female", "last_names", "last_names_male")
OTHER_WORDS = ("city", "country", "job", "color_name")
LIST_WORDS, OTHER_DRAWS = 250, 120  # words of a list, evenly over it; draws of each of the others
LONGEST_RUN, LARGEST_LOGIT = 4, 6.0
WORD = re.compile(r"[^\W\d_]{2,}")
TITLE = re.compile(r"\b\w{1,5}\.")  # Dr., Mr., Ing.
PARTICLE_LETTERS = 4  # of de, van, da, bint; longer words of small letters are no part of a name
COMPANIES = words_in("inc ltd llc gmbh ag plc corp co kg sa srl spa bv nv ab oy as aps kft sro doo und and et e")
CYRILLIC, GREEK = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ", "αβγδεζηθικλμνξοπρσςτυφχψω"
LATIN = words_in(
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch . y . e yu ya i yi ye g "
    "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
)
TO_LATIN = {ord(c): latin.strip(".") for c, latin in zip(CYRILLIC + GREEK, LATIN, strict=True)}


def latin(text: str) -> str:
    """Write letters of the Greek and Cyrillic scripts, and letters with accents, in small plain Latin ones."""
    return plain(plain(text).translate(TO_LATIN))


def written_share(texts: Sequence[str]) -> float:
    """Share of texts written as names are: a few words, each with a capital, none with a digit."""
    return sum(_is_written(text) for text in texts) / max(1, len(texts))


def _is_written(text: str) -> bool:
    words = WORD.findall(text)
    if not 1 <= len(words) <= 6 or re.search(r"[\d@:;!?=<>\[\]{}&%$€#*+]", text) or len(text) > 60:
        return False
    small = [word for word in words if word[0].islower()]
    return len(small) < len(words) and all(len(word) <= PARTICLE_LETTERS for word in small)


def full_share(texts: Sequence[str]) -> float:
    """Share of texts of at least two words."""
    return sum(len(WORD.findall(text)) >= 2 for text in texts) / max(1, len(texts))


def is_varied(texts: Sequence[str]) -> bool:
    """Tell whether neither the first nor the last words of the texts are few, as they are where things are described,
    and seldom those of companies.
    """
    words = [own for text in texts if (own := WORD.findall(TITLE.sub("", text)))]
    ends = [Counter(plain(own[place]) for own in words) for place in (0, -1)]
    kinds = sorted(len(end) / max(1, len(words)) for end in ends)
    commonest = max(max(end.values(), default=0) for end in ends)
    companies = sum(_is_company(text) for text in texts) / max(1, len(texts))
    return kinds[0] >= 0.03 and kinds[1] >= 0.12 and commonest <= 0.15 * len(words) and companies < 0.4


def _is_company(text: str) -> bool:
    """Tell whether a text ends or goes on with a company's legal form."""
    return text.endswith(".") or any(plain(word) in COMPANIES for word in WORD.findall(text)[1:])


def likeness(texts: Sequence[str]) -> float:
    """Mean log odds that a word is of a name, -6 to 6: above 0 for first names of languages the model has not seen."""
    odds = _letters()
    scores = [_score(word, odds) for text in texts for word in WORD.findall(text)]
    return sum(scores) / len(scores) if scores else -LARGEST_LOGIT


def is_legible(texts: Sequence[str]) -> bool:
    """Tell whether the words are of letters that the model has seen at all."""
    odds, words = _letters(), [word for text in texts for word in WORD.findall(text)]
    return sum(bool(_runs(latin(word)) & odds.keys()) for word in words) > len(words) / 2


def _score(word: str, odds: Mapping[str, float]) -> float:
    runs = _runs(latin(word))
    total = sum(odds.get(run, 0.0) for run in runs) / math.sqrt(len(runs))
    return max(-LARGEST_LOGIT, min(LARGEST_LOGIT, total))


def _runs(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[k : k + n] for n in range(2, LONGEST_RUN + 1) for k in range(len(framed) - n + 1)}


@lru_cache(maxsize=1)
def _letters() -> dict[str, float]:
    """Return the log odds of each run of letters: in names over in other words."""
    names = {latin(word) for locale in LISTED_LOCALES for word in names_of(locale, LIST_WORDS)}
    others = {latin(word) for locale in LISTED_LOCALES for word in _others(locale)} - names
    counts = [Counter(run for word in sorted(words) for run in _runs(word)) for words in (names, others)]
    sizes = [len(words) + 2 for words in (names, others)]
    runs = sorted(set(counts[0]) | set(counts[1]))
    return {run: math.log((counts[0][run] + 1) / sizes[0]) - math.log((counts[1][run] + 1) / sizes[1]) for run in runs}


def names_of(locale: str, most: int) -> Iterable[str]:
    """Yield up to about `most` words, evenly over it, of each list of names that Faker has for a locale."""
    from faker import Faker

    for provider in Faker(locale).get_providers():
        for name in NAME_LISTS:
            words = sorted(_words(getattr(provider, name, ())))
            yield from words[:: max(1, len(words) // most)]


def _others(locale: str) -> Iterable[str]:
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(0)
    drawn = [getattr(faker, what)() for what in OTHER_WORDS for _ in range(OTHER_DRAWS)]
    yield from _words([*drawn, *faker.words(2 * OTHER_DRAWS)])


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in WORD.findall(str(text))}
