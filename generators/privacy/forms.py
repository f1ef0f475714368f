"""The forms that a value may have, as public knowledge lists them: each value has one, by itself."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.formats import date_format, number_format
from launderette.generators.formats.number_format import CURRENCY, NUMBER_PATTERN, SEPARATORS, NumberFormat

COMMON_SHARE, NEARLY_ALL = 0.9, 0.995  # of the values, those that decide the kind, and the decimals
MOST_LEARNT_DECIMALS = 6
DAY_FORMATS: tuple[str, ...] = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y")
DAY_FORMATS += ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y")
CLOCK_FORMATS = ("", " %H:%M:%S", "T%H:%M:%S", " %H:%M")  # after a day
LEARNT_UNITS = "%|‰|kg|g|mg|µg|t|km|m|cm|mm|l|ml|°C|°F|h|min|s|ms|kWh"  # behind numbers; others only rows tell
LEARNT_MARK = re.compile(rf"({CURRENCY}|{LEARNT_UNITS})?")
PLAIN_FORMATS = [NumberFormat(group=group, decimal=decimal) for group, decimal in SEPARATORS]


def _skeleton(text: str) -> str:
    """Return a text with a 9 for each run of digits and an a for each of letters."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _by_skeleton(formats: list[str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for one in formats:
        found[_skeleton(date_format.write(datetime(2000, 1, 1), one))].append(one)
    return found


# formats of dates that look alike, and which sets of them a text may be read by
LEARNT_DATE_FORMATS = _by_skeleton([day + clock for day in DAY_FORMATS for clock in CLOCK_FORMATS])
_SETS = (own for alike in LEARNT_DATE_FORMATS.values() for n in range(len(alike)) for own in combinations(alike, n + 1))
DATE_FORMS = {own: k for k, own in enumerate(_SETS)}
# forms of values; from DECIMAL_NUMBER on numbers of 0, 1, ... decimals, and of more than can be learnt
NO_VALUE, TRUTH_VALUE, DECIMAL_NUMBER, WRITTEN_NUMBER = 0, 1, 2, MOST_LEARNT_DECIMALS + 4
DATE_TEXT = WRITTEN_NUMBER + 1
OTHER_TEXT = DATE_TEXT + len(DATE_FORMS)


def kind_of(told: np.ndarray) -> str:
    """Return the kind that nearly all values have, categorical where none is."""
    groups = {
        "boolean": told[TRUTH_VALUE],
        "numerical": told[DECIMAL_NUMBER:DATE_TEXT].sum(),
        "datetime": max(_read_by(told).values()),
    }
    kind = max(groups, key=lambda name: groups[name])
    return kind if groups[kind] >= COMMON_SHARE * told[1:].sum() else "categorical"


def _read_by(told: np.ndarray) -> dict[str, float]:
    """Return how many values each format of dates reads."""
    rows = dict.fromkeys((one for alike in LEARNT_DATE_FORMATS.values() for one in alike), 0.0)
    for own, k in DATE_FORMS.items():
        for one in own:
            rows[one] += float(told[DATE_TEXT + k])
    return rows


def date_format_of(told: np.ndarray) -> str:
    """Return the format that reads nearly all values; "" where none does, or two that look alike read as many."""
    rows = _read_by(told)
    best = max(rows, key=lambda one: rows[one])
    alike = next(own for own in LEARNT_DATE_FORMATS.values() if best in own)
    is_sure = sum(rows[one] == rows[best] for one in alike) == 1
    return best if is_sure and rows[best] >= COMMON_SHARE * told[1:].sum() else ""


def decimals_of(numbers: np.ndarray) -> int:
    """Return how many decimals nearly all numbers have at most, by how many have 0, 1, ... of them."""
    return min(int(np.argmax(numbers.cumsum() >= NEARLY_ALL * numbers.sum())), MOST_LEARNT_DECIMALS)


def form_of(value: object) -> int:
    """Return which form a value has, by itself."""
    if isinstance(value, bool | np.bool_):
        return TRUTH_VALUE
    if isinstance(value, date):  # a point in time as well
        has_time = isinstance(value, datetime) and (value.hour, value.minute, value.second) != (0, 0, 0)
        return DATE_TEXT + DATE_FORMS[(DAY_FORMATS[0] + CLOCK_FORMATS[has_time],)]
    text = str(value).strip()
    if not text:
        return NO_VALUE
    if text.lower() in ("true", "false"):
        return TRUTH_VALUE
    try:
        return _number_form(Decimal(text))
    except InvalidOperation:
        return _text_form(text)


def _text_form(text: str) -> int:
    """Return the form of a text that no programming language takes for a number."""
    if own := tuple(one for one in LEARNT_DATE_FORMATS.get(_skeleton(text), ()) if _reads(text, one)):
        return DATE_TEXT + DATE_FORMS[own]
    return WRITTEN_NUMBER if shape_of(text) else OTHER_TEXT


def shape_of(value: object) -> str:
    """Return how a number is written: its text with 1 in place of digits, as few as tell how it is grouped and how many
    decimals it has; "" for what is no number by itself, of money or of a unit that is publicly known.
    """
    text = str(value).strip()
    found = None if isinstance(value, bool | np.bool_) else NUMBER_PATTERN.fullmatch(text)
    marks = [found[part] or "" for part in ("prefix", "suffix")] if found else []
    if not found or not LEARNT_MARK.fullmatch("".join(marks).strip()):
        return ""
    if all(one.parse(found["body"]) is None for one in PLAIN_FORMATS):
        return ""
    return text[: found.start("body")] + _few_digits(found["body"]) + text[found.end("body") :]


def _few_digits(body: str) -> str:
    if body == "0":
        return body
    ones = re.sub(r"\d", "1", body)
    ones = re.sub(r"(\D11)(?:\1)+(?=\D111(?!1))", r"\1", re.sub(r"(\D111)(?:\1)+", r"\1\1", ones))  # 1,11,11,111 too
    ones = re.sub(rf"(\D1{{{MOST_LEARNT_DECIMALS + 1}}})1+$", r"\1", ones)
    return re.sub(r"^1{1,3}(?!1)", "1", re.sub("^1{5,}", "1111", ones))


def written_as(told: Mapping[str, float]) -> tuple[str, int] | None:
    """Return how 1234.5 is written, or 1234, by how many numbers have which shape, and how many decimals they have;
    None where nearly all are not written alike.
    """
    found = number_format.infer({shape: round(rows) for shape, rows in told.items()})
    parsed = {shape: number for shape in told if found and (number := found.parse(shape)) is not None}
    if not found or sum(told[shape] for shape in parsed) < COMMON_SHARE * sum(told.values()):
        return None
    rows = np.zeros(MOST_LEARNT_DECIMALS + 2)
    for shape, number in parsed.items():
        rows[_number_form(number) - DECIMAL_NUMBER] += told[shape]
    decimals = decimals_of(rows)
    example = found.write(number_format.STATED_NUMBER if decimals else Decimal(int(number_format.STATED_NUMBER)))
    return (example if found.decorated else "", decimals) if number_format.stated(example) else None


def _number_form(number: Decimal) -> int:
    if not number.is_finite():
        return NO_VALUE
    exponent = number.as_tuple().exponent
    return DECIMAL_NUMBER + min(max(-int(exponent), 0) if number % 1 else 0, MOST_LEARNT_DECIMALS + 1)


def _reads(text: str, format: str) -> bool:
    try:
        date_format.read(text, format)
    except (ValueError, OverflowError):
        return False
    return True


def each(values: pd.Series, form: Callable[[object], int]) -> np.ndarray:
    """Return the form of every value, int64 [rows]: equal values of several types, such as 1 and True, have each their
    own.
    """
    found, known = np.full(len(values), NO_VALUE, dtype="int64"), dict[tuple[type, Any], int]()
    for row in np.flatnonzero(values.notna()):
        value = values.iat[row]
        if (key := (type(value), value)) not in known:
            known[key] = form(value)
        found[row] = known[key]
    return found
