"""Lengths of time, heights and angles of several whole numbers in one text, as one number in the smallest of its units.

1h 54m is 114 minutes, 25:48 is 1548, P1DT2H 26 hours, 2 yrs 11 mon 35 months, 5'11" 71 inches, 38+4 weeks and days of a
pregnancy 270 days. A time of day is none of these (date_inference.py): hours up to 23 alone are read as such first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

UNIT_WORDS = {  # what may stand behind a number -> its unit
    "year": "y yr yrs year years jahr jahre j a an ans",
    "month": "mo mos mon month months monat monate mois",
    "week": "w wk wks week weeks woche wochen",
    "day": "d day days tag tage t jour jours",
    "hour": "h hr hrs hour hours std stunde stunden heure heures",
    "minute": "m min mins minute minutes",
    "second": "s sec secs second seconds sek sekunde sekunden",
    "foot": "ft foot feet",
    "inch": 'in inch inches "',
    "pound": "lb lbs",
    "ounce": "oz",
    "degree": "°",
}
UNIT_OF = {word: unit for unit, words in UNIT_WORDS.items() for word in words.split()}
Units = tuple[str | None, str | None]  # a unit and the next smaller one
UNIT_SIZES: dict[Units, int] = {  # how many of the smaller one there are in the other
    ("year", "month"): 12,
    ("week", "day"): 7,
    ("day", "hour"): 24,
    ("hour", "minute"): 60,
    ("minute", "second"): 60,
    ("foot", "inch"): 12,
    ("pound", "ounce"): 16,
    ("degree", "minute"): 60,
}
COMPOUND_PATTERN = re.compile(r"(?:PT|P)?\d{1,6}(?:[^\d]{1,10}\d{1,3}){1,3}[^\d]{0,10}")
WHOLE_NUMBER = re.compile(r"\d+")
UNIT_MARKS = {"'": ("minute", "foot"), "′": ("minute", "foot"), '"': ("second", "inch"), "″": ("second", "inch")}


@dataclass(frozen=True)
class CompoundFormat:
    """The texts around whole numbers, one more than numbers; how many of each make one of that before it (the first
    number's is 0); and the digits that each has at least.
    """

    between: tuple[str, ...]
    sizes: tuple[int, ...]
    digits: tuple[int, ...]

    @classmethod
    def of(cls, entry: Mapping[str, Iterable]) -> "CompoundFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        return cls(**{name: tuple(values) for name, values in entry.items()})

    @property
    def decorated(self) -> bool:
        """Whether a text of this format differs from what a programming language writes."""
        return True

    def parse(self, text: str) -> Decimal | None:
        """Return the number that a text stands for, None where it is none of this format."""
        text = text.strip()
        found = WHOLE_NUMBER.findall(text)
        if tuple(WHOLE_NUMBER.split(text)) != self.between or any(
            len(f) < n for f, n in zip(found, self.digits, strict=True)
        ):
            return None
        total = 0
        for number, size in zip(map(int, found), self.sizes, strict=True):
            if size and number >= size:
                return None
            total = total * (size or 1) + number
        return Decimal(total) if self.write(Decimal(total)) == text else None

    def write(self, number: Decimal) -> str:
        """Return the text of a number, without its sign: `parse(write(x)) == x`."""
        rest, fields = abs(int(number)), list[int]()
        for size in self.sizes[:0:-1]:
            rest, field = divmod(rest, size)
            fields.append(field)
        texts = [f"{field:0{n}d}" for field, n in zip([rest, *fields[::-1]], self.digits, strict=True)]
        return "".join(a + b for a, b in zip(self.between, [*texts, ""], strict=True))


def infer(texts: Mapping[str, int]) -> CompoundFormat | None:
    """Return the format of most of the texts (with their counts) that are whole numbers with units, None where none
    are.
    """
    shapes: Counter[tuple[str, ...]] = Counter()
    for text, n in texts.items():
        if COMPOUND_PATTERN.fullmatch(text.strip()):
            shapes[tuple(WHOLE_NUMBER.split(text.strip()))] += n
    if not shapes:
        return None
    between, _ = shapes.most_common(1)[0]
    found = [WHOLE_NUMBER.findall(text) for text in texts if tuple(WHOLE_NUMBER.split(text.strip())) == between]
    sizes = _sizes(between, found)
    digits = tuple(_digits(field, mark) for field, mark in zip(zip(*found, strict=True), between, strict=False))
    return CompoundFormat(between, sizes, digits) if sizes else None


def _digits(field: tuple[str, ...], before: str) -> int:
    """Return how many digits a number has at least: one, unless some begin with a zero or follow a colon."""
    padded = before == ":" or any(len(text) > 1 and text[0] == "0" for text in field)
    return min(map(len, field)) if padded else 1


def _sizes(between: tuple[str, ...], found: list[list[str]]) -> tuple[int, ...] | None:
    """Return how many of each number make one of that before it, by their units or by the marks between them."""
    inner = between[1:-1]
    if between[0] == "" == between[-1] and set(inner) == {":"} and all(len(f) == 2 for row in found for f in row[1:]):
        return (0, *(60 for _ in inner))
    if between == ("", "+", "") and all(int(weeks) <= 45 and int(days) < 7 for weeks, days in found):
        return 0, 7
    if between[0] not in ("", "P", "PT"):
        return None
    largest = [max(int(row[place]) for row in found) for place in range(1, len(inner) + 1)]
    for mark in (1, 0):  # inches before seconds: 5'11" is a height where no number behind is 12 or more
        sizes = [UNIT_SIZES.get(pair) for pair in pairwise(_units(between, mark))]
        if all(size and high < size for size, high in zip(sizes, largest, strict=True)):
            return (0, *(size for size in sizes if size))
    return None


def _units(between: tuple[str, ...], mark: int) -> list[str | None]:
    units = [_unit(text, mark) for text in between[1:]]
    return [*units[:1], "hour", "minute", "second"] if between[2:] == (":", ":", "") and units[0] == "day" else units


def _unit(text: str, mark: int) -> str | None:
    word = text.strip(" ,.;/T").casefold() or text.strip()
    return UNIT_MARKS[word][mark] if word in UNIT_MARKS else UNIT_OF.get(word)
