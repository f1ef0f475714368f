"""Are the words of a column names of people? Told by how they are written, how they vary, and their letters.

The letters are judged by a naive Bayes model of the two to four letters that follow one another in the first and last
names, and in the towns, countries, professions, colours and words, of the locales below. It is made anew from Faker's
lists when a column needs it (three seconds), and knows other languages by what their names have in common with these.
All scripts are read in Latin letters (Unidecode): of the names of a language some are listed in a script that its
neighbours write too.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from text_unidecode import unidecode

from launderette.pipelines.personal_data.column_names import plain

if TYPE_CHECKING:
    from faker import Faker  # half a second to import


def words_in(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


LISTED_LOCALES = (  # whose lists are learned from; figures are to be measured on others
    *("en_US", "en_GB", "en_IN", "de_DE", "de_AT", "fr_FR", "es_ES", "es_MX", "it_IT", "nl_NL", "no_NO", "pt_PT"),
    *("sk_SK", "lt_LT", "lv_LV", "sl_SI", "ru_RU", "uk_UA", "bg_BG", "az_AZ"),
    *("el_CY", "fa_IR", "he_IL", "hi_IN", "ta_IN", "th_TH", "am_ET", "ja_JP", "ko_KR", "zh_TW", "zu_ZA", "ha_NG"),
)
NAME_LISTS = ("first_names", "first_names_male", "first_names_female", "last_names", "last_names_male")
OTHER_WORDS = ("city", "country", "job", "color_name")
LIST_WORDS, OTHER_DRAWS = 250, 120  # words of a list, evenly over it; draws of each of the others
LONGEST_RUN, LARGEST_LOGIT = 4, 6.0
WORD = re.compile(r"[^\W\d_]{2,}")
HAN = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]+")  # of China and Korea, where names have no space
LETTERS_OF_FULL, MOST_LETTERS = 2.3, 4  # of a full name of such a script: on average, at most
TITLE = re.compile(r"\b\w{1,5}(?:\(\w+\))?\.")  # Dr., Mr., Ing., Sr(a).
ADDRESSED_SHARE = 0.05  # of texts of three words or more that begin alike, as with a form of address
ASIDE = re.compile(r"\([^)]*\)")
# between the names of several people
BETWEEN_NAMES = re.compile(r"\s*[&/;|+]\s*|\s(?:and|und|et|en|og|och|ja|i|y|e|и|та|및)\s")
INITIAL = re.compile(r"\b[^\W\d_]\.")
PARTICLE_LETTERS = 4  # of de, van, da, bint; longer words of small letters are no part of a name
LIKENESS = {"first_name": -0.2, "last_name": -1.5, "name": -0.7}  # least mean log odds (name_shapes.py) without a name
LEAST_VARIED = 0.03  # share of different first or last words
FORMS_OF_ADDRESS = words_in(
    "mr mrs ms miss mx sir madam dr prof herr frau hr fr sr sra srta don dona mme mlle monsieur madame sig sigra dott "
    "dhr mevr mw pan pani ing mag rev"
)
LAST_INITIAL = re.compile(r"\s[^\W\d_]\.$")  # Smith, Mark N.
COMPANIES = words_in("inc ltd llc gmbh ag plc corp co kg sa srl spa bv nv ab oy as aps kft sro doo und and et e")


def latin(text: str) -> str:
    """Write letters of any script, and letters with accents, in small plain Latin ones."""
    return plain(unidecode(plain(text)).replace("'", ""))


def words(text: str) -> list[str]:
    """Return the words of a text of two letters or more, without the marks that stand on letters."""
    return WORD.findall(unmarked(text))


def unmarked(text: str) -> str:
    """Return a text without the marks on its letters: vowels of Indian scripts, accents written apart."""
    return text if text.isascii() else "".join(c for c in text if unicodedata.category(c)[0] != "M")


def written_share(texts: Sequence[str]) -> float:
    """Share of texts written as names are: a few words, each with a capital, none with a digit."""
    return sum(_is_written(text) for text in texts) / max(1, len(texts))


def _is_written(text: str) -> bool:
    text = ASIDE.sub("", text)
    found = words(text)
    if runs := HAN.findall(text):
        return max(map(len, runs)) <= MOST_LETTERS and "".join(runs) == re.sub(r"[ ,，、·]", "", text)
    if not 1 <= len(found) <= 6 or re.search(r"[\d@:;!?=<>\[\]{}&%$€#*+]", text) or len(text) > 60:
        return False
    small = [word for word in found if word[0] != word[0].title()]  # not of scripts that have no capitals
    return len(small) < len(found) and all(len(word) <= PARTICLE_LETTERS for word in small)


def joined(text: str) -> list[str]:
    """Return the names in a text that has several people's: Anna & Jon Berg."""
    return [name.strip() for name in BETWEEN_NAMES.split(text) if name.strip()]


def joined_share(texts: Sequence[str]) -> float:
    """Share of texts of several people's names, by what stands between them."""
    return sum(len(joined(text)) > 1 for text in texts) / max(1, len(texts))


def full_share(texts: Sequence[str]) -> float:
    """Share of texts of at least two words; of scripts without spaces, all where they have a full name's letters."""
    if sum(bool(HAN.fullmatch(text)) for text in texts) > len(texts) / 2:
        return float(sum(map(len, texts)) >= LETTERS_OF_FULL * len(texts))
    return sum(len(words(text)) + bool(INITIAL.search(text)) >= 2 for text in texts) / max(1, len(texts))


def titled_share(texts: Sequence[str]) -> float:
    """Share of texts of several words that begin with a form of address: Mrs Potter, Prof. Josefa Campos."""
    found = [own for text in texts if len(own := words(plain(text))) > 1]
    return sum(own[0] in FORMS_OF_ADDRESS for own in found) / max(1, len(texts))


def is_varied(texts: Sequence[str], least: float = LEAST_VARIED) -> bool:
    """Tell whether neither the first nor the last words of the texts are few, as they are where things are described,
    and seldom those of companies.
    """
    found = [own for text in texts if (own := _parts(TITLE.sub("", text)))]
    firsts = Counter(own[0] for own in found)
    addressed = {word for word, count in firsts.items() if count > ADDRESSED_SHARE * len(found)}
    found = [own[1:] if len(own) > 2 and own[0] in addressed else own for own in found]
    ends = [Counter(plain(own[place]) for own in found) for place in (0, -1)]
    kinds = sorted(len(end) / max(1, len(found)) for end in ends)
    commonest = max(max(end.values(), default=0) for end in ends)
    varied = kinds[0] >= least and kinds[1] >= 0.12 and commonest <= 0.15 * len(found) + 1
    return varied and not are_companies(texts)


def are_companies(texts: Sequence[str]) -> bool:
    """Tell whether many texts end or go on with a company's legal form."""
    return sum(_is_company(text) for text in texts) >= 0.4 * max(1, len(texts))


def _parts(text: str) -> list[str]:
    """Return the words of a text, of a script without spaces its letters."""
    return list(text) if HAN.fullmatch(text) else words(text)


def _is_company(text: str) -> bool:
    """Tell whether a text ends or goes on with a company's legal form."""
    abbreviated = text.endswith(".") and not LAST_INITIAL.search(text)
    return abbreviated or any(plain(word) in COMPANIES for word in words(text)[1:])


def likeness(texts: Sequence[str]) -> float:
    """Mean log odds that a word is of a name, -6 to 6: above 0 for first names of languages the model has not seen."""
    odds = _letters()
    scores = [_score(word, odds) for text in texts for word in WORD.findall(latin(text))]
    return sum(scores) / len(scores) if scores else -LARGEST_LOGIT


def _score(word: str, odds: Mapping[str, float]) -> float:
    runs = _runs(word)
    total = sum(odds.get(run, 0.0) for run in runs) / math.sqrt(len(runs))
    return max(-LARGEST_LOGIT, min(LARGEST_LOGIT, total))


def _runs(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[k : k + n] for n in range(2, LONGEST_RUN + 1) for k in range(len(framed) - n + 1)}


@lru_cache(maxsize=1)
def _letters() -> dict[str, float]:
    """Return the log odds of each run of letters: in names over in other words."""
    names = {
        word for locale in LISTED_LOCALES for name in names_of(locale, LIST_WORDS) for word in WORD.findall(latin(name))
    }
    others = {
        word for locale in LISTED_LOCALES for name in _others(locale) for word in WORD.findall(latin(name))
    } - names
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


def drawn_alike(locale: str) -> "Faker":
    """Return a Faker of a locale that draws the same words in every process."""
    from faker import Faker

    faker = Faker(locale)
    for provider in faker.get_providers():
        if isinstance(towns := getattr(provider, "cities", None), list):
            type(provider).cities = sorted(towns)  # those of Italy are made from a set
    faker.seed_instance(0)
    return faker


def _others(locale: str) -> Iterable[str]:
    faker = drawn_alike(locale)
    drawn = [getattr(faker, what)() for what in OTHER_WORDS for _ in range(OTHER_DRAWS)]
    yield from _words([*drawn, *faker.words(2 * OTHER_DRAWS)])


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in str(text).split()}
