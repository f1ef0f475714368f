"""Lengths of time, heights and angles of several whole numbers in one text, as one number in the smallest of its units.

1h 54m is 114 minutes, 25:48 is 1548, P1DT2H 26 hours, 2 yrs 11 mon 35 months, 5'11" 71 inches, 38+4 weeks and days of a
pregnancy 270 days. Units of which there are none may be left out: 38m and 2h beside 1h 54m. A time of day is none of
these (date_inference.py): hours up to 23 alone are read as such first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
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
LEAST_SHAPE_SHARE = 0.02  # of the texts, that have all units where others leave some out
OMISSIONS = ("none", "leading", "all")  # which units are left out where there are none of them
WHOLE_NUMBER = re.compile(r"\d+")
UNIT_MARKS = {"'": ("minute", "foot"), "′": ("minute", "foot"), '"': ("second", "inch"), "″": ("second", "inch")}


@dataclass(frozen=True)
class CompoundFormat:
    """The texts around whole numbers, one more than numbers; how many of each make one of that before it (the first
    number's is 0); the digits that each has at least; and which of OMISSIONS leaves numbers out that are 0.
    """

    between: tuple[str, ...]
    sizes: tuple[int, ...]
    digits: tuple[int, ...]
    left_out: str = "none"

    @classmethod
    def of(cls, entry: Mapping[str, Iterable]) -> "CompoundFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        between, sizes, digits = (tuple(entry[name]) for name in ("between", "sizes", "digits"))
        return cls(between, sizes, digits, str(entry.get("left_out", "none")))

    @property
    def decorated(self) -> bool:
        """Whether a text of this format differs from what a programming language writes."""
        return True

    def parse(self, text: str) -> Decimal | None:
        """Return the number that a text stands for, None where it is none of this format."""
        text = text.strip()
        if (found := self._fields.fullmatch(text)) is None:
            return None
        total = 0
        for field, size in zip(found.groups(), self.sizes, strict=True):
            number = int(field or 0)
            if size and number >= size:
                return None
            total = total * (size or 1) + number
        return Decimal(total) if self.write(Decimal(total)) == text else None

    @cached_property
    def _fields(self) -> re.Pattern:
        """What finds the numbers of a text, those left out empty."""
        if self.left_out == "none":
            return re.compile(r"(\d+)".join(map(re.escape, self.between)))
        inner = [rf"(?:(\d+){re.escape(text.rstrip())}\s*)?" for text in self.between[1:]]
        return re.compile(re.escape(self.between[0]) + "".join(inner))

    def write(self, number: Decimal) -> str:
        """Return the text of a number, without its sign: `parse(write(x)) == x`."""
        rest, fields = abs(int(number)), list[int]()
        for size in self.sizes[:0:-1]:
            rest, field = divmod(rest, size)
            fields.append(field)
        fields = [rest, *fields[::-1]]
        texts = [f"{field:0{n}d}{mark}" for field, n, mark in zip(fields, self.digits, self.between[1:], strict=True)]
        kept = [text for place, text in enumerate(texts) if self._writes(place, fields)] or texts[-1:]
        return self.between[0] + ("".join(kept) if self.left_out == "none" else "".join(kept).strip())

    def _writes(self, place: int, fields: Sequence[int]) -> bool:
        """Whether the number at a place is written, where all are `fields`."""
        some = fields[: place + 1] if self.left_out == "leading" else fields[place : place + 1]
        return self.left_out == "none" or any(some)


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
    often = [shape for shape, n in shapes.items() if n >= LEAST_SHAPE_SHARE * sum(texts.values())]
    candidates = {shapes.most_common(1)[0][0], *([max(often, key=len)] if often else [])}
    trials = [trial for between in sorted(candidates, key=len) for trial in _trials(between, texts)]
    return max(trials, key=lambda trial: _share_read(trial, texts), default=None)


def _trials(between: tuple[str, ...], texts: Iterable[str]) -> list[CompoundFormat]:
    """Return the formats that texts with such marks between their numbers may have, which leave out none or more."""
    found = [WHOLE_NUMBER.findall(text) for text in texts if tuple(WHOLE_NUMBER.split(text.strip())) == between]
    sizes = _sizes(between, found)
    digits = tuple(_digits(field, mark) for field, mark in zip(zip(*found, strict=True), between, strict=False))
    if not sizes:
        return []
    worded = all(text.strip() not in UNIT_MARKS and _unit(text, 0) for text in between[1:])
    return [CompoundFormat(between, sizes, digits, way) for way in (OMISSIONS if worded else OMISSIONS[:1])]


def _share_read(trial: CompoundFormat, texts: Mapping[str, int]) -> float:
    return sum(n for text, n in texts.items() if trial.parse(text) is not None) / sum(texts.values())


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
