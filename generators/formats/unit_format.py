"""Amounts in several units, currencies or bounds in one column: $12.50 beside €9.90, 70 kg beside 154 lbs, <0.5 beside
1.2. The text around a number is its unit, written with MARK in the place of the number.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from launderette.generators.formats import number_format
from launderette.generators.formats.number_format import CLOSE_UNIT, CURRENCY, UNIT_NAME
from launderette.generators.formats.tuple_format import LOOKED_TEXTS, NAMING_SHARE

MARK = "#"
ONE_NUMBER = re.compile(
    r"(\D*?)([+\u2212-]?\d(?:[\d.,'’\u00a0\u202f]*\d)?|[+\u2212-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?)(\D*)"
)
LIMIT_SIGN = r"[<>≤≥~≈]=?"
PRICED = re.compile(rf"{LIMIT_SIGN}|[%‰]|{CURRENCY}")  # that no code has
BEFORE = re.compile(rf"\s*(?:{LIMIT_SIGN})?\s*(?:[+\u2212-]?{CURRENCY})?\s*")
ORDINAL = r"(?:st|nd|rd|th)$"  # 2nd is no unit
BEHIND = re.compile(rf"\s?(?:[%‰]|{CURRENCY}|[+*])|\s(?:{UNIT_NAME}|{CURRENCY}/\w+)|(?!{ORDINAL}){CLOSE_UNIT}|")
MOST_UNITS, LEAST_UNIT_ROWS = 12, 5  # of a column; that have a unit
ALIKE = 0.95  # share of the numbers that one format reads


@dataclass(frozen=True)
class UnitFormat:
    """The units of a column's amounts, the most frequent first."""

    units: tuple[str, ...]

    @classmethod
    def of(cls, entry: Mapping) -> "UnitFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        return cls(**{name: tuple(values) for name, values in entry.items()})

    @property
    def known(self) -> tuple[str, ...]:
        """The units."""
        return self.units

    def without(self, rare: Collection[str]) -> "UnitFormat":
        """Return the format of the other units."""
        return UnitFormat(tuple(unit for unit in self.units if unit not in rare))

    def names(self, text: str) -> list[str]:
        """Return the unit of a text, none where it is none of this format."""
        return (self.split(text) or [])[1:]

    def split(self, text: str) -> list[str] | None:
        """Return the text of the number and its unit, None where the text is none of this format."""
        number, unit = _parts(text) or ("", "")
        return [number, unit] if unit in self.units else None

    def join(self, parts: Sequence[str]) -> str:
        """Return the text of a number in a unit: `split(join(parts)) == parts`."""
        return parts[1].replace(MARK, parts[0])


def infer(texts: Mapping[str, int]) -> UnitFormat | None:
    """Return the units of amounts (texts with their counts), of which some are in another unit than others; None where
    they are no such amounts.
    """
    if not any(map(_parts, islice(texts, LOOKED_TEXTS))):
        return None
    found = [(part, n) for text, n in texts.items() if (part := _parts(text))]
    rows: Counter[str] = Counter()
    for (_, unit), n in found:
        rows[unit] += n
    units = tuple(unit for unit, n in rows.most_common(MOST_UNITS) if n >= LEAST_UNIT_ROWS)
    numbers = {number for (number, unit), _ in found if unit in units}
    amounts = any(map(PRICED.search, units)) or _vary(numbers, rows.total())
    return UnitFormat(units) if len(units) > 1 and amounts and _are_written_alike(numbers) else None


def _parts(text: str) -> tuple[str, str] | None:
    """Return the only number of a text and its unit, None where it has no such number, or no unit is written so."""
    found = ONE_NUMBER.fullmatch(text.strip())
    if not found or not BEFORE.fullmatch(found[1]) or not BEHIND.fullmatch(found[3]):
        return None
    return found[2], f"{found[1]}{MARK}{found[3]}"


def _vary(numbers: Collection[str], rows: int) -> bool:
    """Tell whether the different numbers of so many rows have decimals, or come again and have not all as many digits,
    as codes do.
    """
    digits = set(map(len, numbers))
    return not all(map(str.isdigit, numbers)) or (len(digits) > 1 and len(numbers) <= NAMING_SHARE * rows)


def _are_written_alike(numbers: Collection[str]) -> bool:
    """Tell whether one format reads nearly all numbers."""
    form = number_format.infer(numbers)
    return form is not None and sum(form.parse(text) is not None for text in numbers) >= ALIKE * len(numbers)
