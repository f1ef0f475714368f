r"""Identifiers: the shape of their values as a small regular expression, and fresh unique values of that shape.

A shape is a sequence of runs: `[A-Z]`, `[a-z]` and `\d`, each with `{least,most}` lengths, and literal punctuation. Letters and
digits of a real value never enter it. `sequence` stands for integers that count rows.
"""

import re
from collections import Counter

import numpy as np
import pandas as pd

ALPHABETS = {"[A-Z]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[a-z]": "abcdefghijklmnopqrstuvwxyz", r"\d": "0123456789"}
RUN = re.compile(r"(\[A-Z\]|\[a-z\]|\\d)\{(\d+),(\d+)\}|\\?(.)", re.DOTALL)
COMMON = 10  # a shape shared by fewer values than this could single one out
FALLBACK = "[a-z]{8,12}"


def pattern_of(present: pd.Series) -> str:
    """Return the commonest shape among the values, `sequence` where integers count up by one step, a neutral shape where none is common."""
    if pd.api.types.is_integer_dtype(present.dtype) and present.diff().dropna().nunique() <= 1:
        return "sequence"
    runs = [_runs(str(value)) for value in present]
    shapes = Counter(tuple(symbol for symbol, _ in value) for value in runs)
    shape, count = shapes.most_common(1)[0] if shapes else ((), 0)
    if count < min(COMMON, len(present)) or not shape:
        return r"\d{6,9}" if pd.api.types.is_numeric_dtype(present.dtype) else FALLBACK
    lengths = np.array([[n for _, n in value] for value in runs if tuple(s for s, _ in value) == shape])
    # the 10 % and 90 % quantiles, so that the longest name does not show
    low, high = np.quantile(lengths, [0.1, 0.9], axis=0, method="nearest")
    return "".join(_symbol(*part) for part in zip(shape, low, high, strict=True))


def _symbol(symbol: str, low: int, high: int) -> str:
    return f"{symbol}{{{low},{high}}}" if symbol in ALPHABETS else re.escape(symbol) * int(high)


def _runs(text: str) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    for character in text:
        symbol = _class(character)
        if runs and runs[-1][0] == symbol:
            runs[-1] = (symbol, runs[-1][1] + 1)
        else:
            runs.append((symbol, 1))
    return runs


def _class(character: str) -> str:
    if character.isdigit():
        return r"\d"
    if character.isalpha():
        return "[A-Z]" if character.isupper() else "[a-z]"
    return character if character.isascii() else "-"


def regenerate(pattern: str, n: int, dtype: str, rng: np.random.Generator) -> pd.Series:
    """Return n distinct values of the pattern; runs grow longer where the pattern has too few values for n."""
    if pattern == "sequence":
        return pd.Series(np.arange(1, n + 1)).astype(dtype)
    parts, values = [match.groups() for match in RUN.finditer(pattern)], {}
    extra = 0
    while len(values) < n:
        drawn = [_draw(parts, extra, rng) for _ in range(n - len(values))]
        before = len(values)
        values.update(dict.fromkeys(drawn))
        extra += (len(values) - before) * 2 < len(drawn)
    texts = pd.Series(list(values), dtype="object")
    return texts.astype("int64").astype(dtype) if _is_number(dtype) else texts


def _is_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float"))


def _draw(parts: list[tuple[str, str, str, str]], extra: int, rng: np.random.Generator) -> str:
    text = ""
    for run, low, high, literal in parts:
        if literal:
            text += literal
            continue
        length = int(rng.integers(int(low), int(high) + 1)) + extra
        letters = rng.integers(0, len(ALPHABETS[run]), length)
        # no leading zero, so that a number keeps its length
        text += "".join(ALPHABETS[run][i or (run == r"\d" and not text)] for i in letters)
    return text
