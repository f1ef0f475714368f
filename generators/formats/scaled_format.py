"""Numbers with a word for thousands, millions and their like, or in units that are powers of ten of each other:
$1.2M and $850K, 19M and 201k, 1,5 Mio. € and 800 Tsd. €, 500 g and 1.2 kg.

Each stands for its number times a power of ten. It is written in the largest of the column's powers that it reaches,
and made with as many digits as real ones have.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from launderette.generators.formats import number_format
from launderette.generators.formats.number_format import CURRENCY, NumberFormat

POWER_WORDS = {
    3: "k K Tsd. Tsd tsd thousand",
    5: "lakh lakhs Lakh Lakhs lac Lac",
    6: "M MM mn mln Mio. Mio mio million millions Million Millionen",
    7: "cr Cr crore crores Crore Crores",
    9: "B bn Bn Mrd. Mrd mrd billion billions Billion Milliarde Milliarden milliards",
    12: "T tn trillion trillions Trillion",
}
POWER_OF = {word: power for power, words in POWER_WORDS.items() for word in words.split()}
SI_PREFIXES = {"m": -3, "c": -2, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
SI_UNIT = r"(?:B|bit|Hz|Wh?|V|A|g|m|[lL]|s)"
POWER_WORD = "|".join(sorted(map(re.escape, POWER_OF), key=len, reverse=True))
ENDING_PATTERN = re.compile(
    rf"(?P<head>.*\d)(?P<ending>\s?(?:(?P<word>{POWER_WORD})(?P<currency>\s?{CURRENCY})?"
    rf"|(?P<prefix>[mckKMGT]?)(?P<unit>{SI_UNIT})|{CURRENCY})?)"
)
LEAST_POWER_SHARE = 0.01  # of the texts, that each power has: a single 5K among plain numbers is a slip


@dataclass(frozen=True)
class Multiple:
    """A power of ten with the ending of its texts, the form of what stands before that, and its most decimals."""

    power: int
    ending: str
    form: NumberFormat
    places: int

    def parse(self, text: str) -> Decimal | None:
        """Return the number that a text with this ending stands for, None where it is none."""
        if not text.endswith(self.ending):
            return None
        number = self.form.parse(text[: len(text) - len(self.ending)])
        return None if number is None else number.scaleb(self.power)


@dataclass(frozen=True)
class ScaledFormat:
    """The powers of ten that a column's numbers are written in, the largest first."""

    multiples: tuple[Multiple, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Iterable[Mapping]]) -> "ScaledFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        return cls(tuple(Multiple(**{**one, "form": NumberFormat(**one["form"])}) for one in entry["multiples"]))

    @property
    def decorated(self) -> bool:
        """Whether a text of this format differs from what a programming language writes."""
        return True

    def parse(self, text: str) -> Decimal | None:
        """Return the number that a text stands for, None where it is none of this format."""
        text = text.strip()
        found = (one.parse(text) for one in sorted(self.multiples, key=lambda one: -len(one.ending)))
        return next((number for number in found if number is not None), None)

    def write(self, number: Decimal) -> str:
        """Return the text of a number: `parse(write(x)) == x`."""
        reached = (one for one in self.multiples if abs(number) >= Decimal(1).scaleb(one.power))
        one = next(reached, self.multiples[-1])
        return one.form.write(number.scaleb(-one.power)) + one.ending

    def steps(self, numbers: np.ndarray) -> np.ndarray:
        """Return the distance between numbers of as many digits as real ones of that size have: float64 [rows]."""
        reached = [np.abs(numbers) >= 10.0**one.power for one in self.multiples]
        return np.select(reached, [10.0 ** (one.power - one.places) for one in self.multiples], self._least_step)

    @property
    def _least_step(self) -> float:
        last = self.multiples[-1]
        return 10.0 ** (last.power - last.places)


def infer(texts: Mapping[str, int]) -> ScaledFormat | None:
    """Return the format of texts (with their counts) in at least two powers of ten, None where they are in one."""
    seen: dict[str, dict[int, Counter[tuple[str, str]]]] = defaultdict(lambda: defaultdict(Counter))
    for text, n in texts.items():
        if found := ENDING_PATTERN.fullmatch(text.strip()):
            seen[_unit(found)][_power(found)][found["ending"], found["head"]] += n
    if not seen:
        return None
    powers = max(seen.values(), key=lambda of: (len(of) > 1) * sum(heads.total() for heads in of.values()))
    least = LEAST_POWER_SHARE * sum(texts.values())
    common = {power: heads for power, heads in powers.items() if heads.total() >= max(least, 2)}
    multiples = [_multiple(power, heads) for power, heads in common.items()] if len(common) > 1 else []
    known = sorted((one for one in multiples if one), key=lambda one: -one.power)
    return ScaledFormat(tuple(known)) if len(known) > 1 else None


def _unit(found: re.Match) -> str:
    """Return what all endings of one measure share: the currency, or the unit without its prefix."""
    ending = (found["currency"] or "") if found["word"] else found["unit"] or found["ending"]
    return ending.strip()


def _power(found: re.Match) -> int:
    return POWER_OF[found["word"]] if found["word"] else SI_PREFIXES.get(found["prefix"] or "", 0)


def _multiple(power: int, heads: Counter[tuple[str, str]]) -> Multiple | None:
    """Return the commonest ending of a power with the form of the numbers before it, None where they are none."""
    endings: Counter[str] = Counter()
    for (ending, _), n in heads.items():
        endings[ending] += n
    ending = endings.most_common(1)[0][0]
    numbers = {head: n for (own, head), n in heads.items() if own == ending}
    form = number_format.infer(numbers)
    return None if form is None else Multiple(power, ending, form, _most_places(form, list(numbers)))


def _most_places(form: NumberFormat, heads: Sequence[str]) -> int:
    parsed = [number for head in heads if (number := form.parse(head)) is not None]
    return max((-int(number.as_tuple().exponent) for number in parsed if number % 1), default=form.places)
