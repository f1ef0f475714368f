"""One value by itself: whether it is one, and its text, however its column is stored."""

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def single(values: pd.Series) -> pd.Series:
    """Return values with what is none as missing (a list, a mapping, an object of a class of its own, a number that no
    float holds): one row of that sort may not stop what other rows do not.
    """
    return values.where(values.map(_is_single).astype(bool)) if values.dtype == object else values


def _is_single(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, int):
        return abs(value) <= sys.float_info.max
    scalar = isinstance(value, str) or (pd.api.types.is_scalar(value) and not pd.isna(value))
    return scalar and not isinstance(value, complex)


def names_of(values: pd.Series) -> pd.Series:
    """Return the texts that name whose rows are, one for each entity however its column is stored (5, 5.0, "5.0"), ""
    for nobody's: object [rows].
    """
    return single(values).astype("object").map(_name_of, na_action="ignore").fillna("").astype("object")


def _name_of(value: Any) -> str:
    return text_of(value).removesuffix(".0")


def text_of(value: Any) -> str:
    """Return the one text of a label, however its column is stored: 1, 1.0 and "1" are one label."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = str(value).strip()
    return text.lower() if text.lower() in ("true", "false") else text
