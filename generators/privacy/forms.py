"""The forms that a value may have, as public knowledge lists them: each value has one, by itself."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.formats import date_format

COMMON_SHARE, NEARLY_ALL = 0.9, 0.995  # of the values, those that decide the kind, and the decimals
MOST_LEARNT_DECIMALS = 6
LEARNT_DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y")
# forms of values; from DECIMAL_NUMBER on numbers of 0, 1, ... decimals, and of more than can be learnt
NO_VALUE, TRUTH_VALUE, DECIMAL_NUMBER, DATE_TEXT = 0, 1, 2, MOST_LEARNT_DECIMALS + 4
OTHER_TEXT = DATE_TEXT + len(LEARNT_DATE_FORMATS)


def kind_of(told: np.ndarray) -> str:
    """Return the kind that nearly all values have, categorical where none is."""
    groups = {
        "boolean": told[TRUTH_VALUE],
        "numerical": told[DECIMAL_NUMBER:DATE_TEXT].sum(),
        "datetime": told[DATE_TEXT:OTHER_TEXT].max(),
    }
    kind = max(groups, key=lambda name: groups[name])
    return kind if groups[kind] >= COMMON_SHARE * told[1:].sum() else "categorical"


def decimals_of(numbers: np.ndarray) -> int:
    """Return how many decimals nearly all numbers have at most, by how many have 0, 1, ... of them."""
    return min(int(np.argmax(numbers.cumsum() >= NEARLY_ALL * numbers.sum())), MOST_LEARNT_DECIMALS)


def form_of(value: object) -> int:
    """Return which form a value has, by itself."""
    if isinstance(value, bool | np.bool_):
        return TRUTH_VALUE
    if isinstance(value, date):  # a point in time as well
        return DATE_TEXT + (isinstance(value, datetime) and (value.hour, value.minute, value.second) != (0, 0, 0))
    text = str(value).strip()
    if not text:
        return NO_VALUE
    if text.lower() in ("true", "false"):
        return TRUTH_VALUE
    try:
        return _number_form(Decimal(text))
    except InvalidOperation:
        return next((DATE_TEXT + k for k, one in enumerate(LEARNT_DATE_FORMATS) if _reads(text, one)), OTHER_TEXT)


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
