r"""Identifiers: the form of their values as a small pattern, and fresh values of that form.

A pattern is a sequence of parts: `\d{2,4}` and `[a-z]{1,9}` are characters of an alphabet, `<20-250>` a number,
`(DE|FR)` a choice, anything else stands for itself. `60%one|40%other` are forms that occur in these shares,
`sequence{4}` numbers that count up and have a fifth digit. What a pattern quotes (a prefix, a choice, one of few
characters at a place) at least COMMON_VALUES distinct values share.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from launderette.generators.formats import dtypes
from launderette.generators.identifiers.check_digits import corrected, scheme_of

COMMON_VALUES = 10  # what fewer distinct values share could single one out
MOST_CHOICES = 12  # words at most of which one is chosen
MOST_SINGLES = 8  # different characters at most at a place where each is kept as such
MOST_FORMS = 6
SHAPED_SHARE = 0.5  # of the words at a place, from which all are drawn in the commonest shape
CAPACITY_PER_VALUE = 4  # values that a form should have for each real one
EXAMINED_VALUES, EXAMINED_CHARACTERS = 50_000, 2**22  # distinct values looked at, of long ones fewer
VAIN_DRAWS = 200  # draws in vain after which values grow longer
DRAWN_AT_ONCE = 2**16  # values
MOST_DIGITS = 17  # digits, one more of which a 64-bit number holds whatever they are
TEXT_FALLBACK, NUMBER_FALLBACK = "[a-z]{8,12}", r"\d{6,9}"  # where the values have no form of their own
ALPHABETS = ("0-9", "a-z", "A-Z", "0-9a-f", "0-9A-F", "0-9a-z", "0-9A-Z", "A-Za-z", "0-9A-Za-z")
PATTERN_PIECE = re.compile(
    r"(?:\[([^\]]+)\]|(\\d))\{(\d+),(\d+)\}|<(\d+)-(\d+)(?::(\d+))?>|\(((?:\\.|[^()\\])*)\)|\\?(.)", re.DOTALL
)
WORD_PATTERN = re.compile(r"[^\W_]+")
Taken = Callable[[str], bool]


@dataclass(frozen=True)
class IdentifierForm:
    """A pattern and the scheme of its check digits ("" for none)."""

    pattern: str
    check: str = ""


def form_of(present: pd.Series) -> IdentifierForm:
    """Return the form of the values: a sequence, up to six patterns with their shares, or a neutral one where no
    form is common.
    """
    every = present.drop_duplicates()
    distinct = every.iloc[:EXAMINED_VALUES]
    if _counts_up(distinct):
        return IdentifierForm(f"sequence{{{len(str(abs(int(distinct.max()))))}}}")
    number = pd.api.types.is_numeric_dtype(present.dtype)
    texts = _few([text_of(value) for value in distinct])
    if number and not all(re.fullmatch(r"-?\d{1,18}|\d{19,20}", text) for text in texts):
        return IdentifierForm(NUMBER_FALLBACK)  # fractions, or numbers that no whole type holds
    check = scheme_of(texts)
    forms: dict[object, list[str]] = {}
    for text in texts:
        forms.setdefault(_key(text, check), []).append(text)
    common = sorted(
        (group for group in forms.values() if len(group) >= min(COMMON_VALUES, len(texts))), key=len, reverse=True
    )[:MOST_FORMS]
    if not common or not any(texts):
        return IdentifierForm(NUMBER_FALLBACK if number else TEXT_FALLBACK)
    patterns = [_roomy(group, len(every) / len(texts)) for group in common]
    whole = sum(map(len, common))
    shares = [max(1, round(100 * len(group) / whole)) for group in common]
    mixed = "|".join(f"{share}%{pattern}" for share, pattern in zip(shares, patterns, strict=True))
    return IdentifierForm(patterns[0] if len(common) == 1 else mixed, check)


def _few(texts: list[str]) -> list[str]:
    """Return the first texts, as many as have EXAMINED_CHARACTERS together, but COMMON_VALUES at least."""
    ends = np.cumsum([len(text) for text in texts])
    return texts[: max(COMMON_VALUES, int(np.searchsorted(ends, EXAMINED_CHARACTERS, "right")))]


def _counts_up(distinct: pd.Series) -> bool:
    return (
        pd.api.types.is_integer_dtype(distinct.dtype) and distinct.diff().dropna().nunique() <= 1 and len(distinct) > 0
    )


def text_of(value: object) -> str:
    """Write a value as its digits or letters: 1001.0, a number that a missing one made a fraction, is 1001."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _key(text: str, check: str) -> tuple[object, ...]:
    """Return what values of one form have in common: their separators, and of accounts the country and the length."""
    return (*WORD_PATTERN.split(text), *((text[:2], len(text)) if check == "iban" else ()))


def _roomy(texts: Sequence[str], times: float) -> str:
    """Return the pattern of values of one form, of which there are so many times more; with room for many more of them,
    so that its digits are free where they are few.
    """
    pattern = _pattern(texts)
    return pattern if _capacity(pattern) >= CAPACITY_PER_VALUE * times * len(texts) else _pattern(texts, free=True)


def _capacity(pattern: str) -> float:
    """Return how many values a pattern of one form has at least."""
    count = 1.0
    for alphabet, digit, low, _, least, most, _, choices, _ in (
        match.groups() for match in PATTERN_PIECE.finditer(pattern)
    ):
        if least is not None:
            count *= int(most) - int(least) + 1
        elif choices is not None:
            count *= choices.count("|") + 1
        elif low is not None:
            count *= float(min(len(_characters("0-9" if digit else alphabet)), 64)) ** min(int(low), 100)
    return count


def _pattern(texts: Sequence[str], free: bool = False) -> str:
    quotes, separators = len(texts) >= COMMON_VALUES, WORD_PATTERN.split(texts[0])
    words = list(zip(*(WORD_PATTERN.findall(text) for text in texts), strict=True))
    slots = [_slot(column, quotes, free) for column in words] + [""]
    parts = zip(separators, slots, strict=True)
    return "".join(
        re.escape(s if quotes else re.sub(r"[^\x00-\x7f]", "-", s)).replace("%", "\\%") + slot for s, slot in parts
    )


def _slot(words: Sequence[str], quotes: bool, free: bool) -> str:
    """Return the pattern of the words at one place of a form; `free` digits are quoted nowhere."""
    counts = Counter(words)
    if free and any(map(str.isdecimal, "".join(counts))):
        prefix = re.split(r"\d", _shared(words), maxsplit=1)[0] if quotes else ""
        return _escaped(prefix) + _varied([word[len(prefix) :] for word in words], False, prefix)
    if quotes and len(counts) <= MOST_CHOICES and min(counts.values()) >= COMMON_VALUES:
        return _escaped(words[0]) if len(counts) == 1 else f"({'|'.join(_escaped(w) for w in sorted(counts))})"
    prefix = _shared(words) if quotes else ""
    rest = [word[len(prefix) :] for word in words]
    return _escaped(prefix) + _varied(rest, quotes, prefix)


def _shared(words: Sequence[str]) -> str:
    """Return the beginning that all words have."""
    first, last = min(words), max(words)
    return first[: next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _varied(words: Sequence[str], quotes: bool, prefix: str) -> str:
    """Return the pattern of what follows a prefix; numbers of several lengths begin with 0 only where one does."""
    lengths = {len(word) for word in words}
    if len(lengths) == 1:
        return _places(words, quotes, bool(prefix))
    if quotes and not prefix and all(re.fullmatch("0|[1-9][0-9]*", word) for word in words):
        return _range([int(word) for word in words])
    runs = [_runs(word) for word in words]
    shapes = Counter(tuple(alphabet for alphabet, _ in run) for run in runs)
    shape, count = shapes.most_common(1)[0]
    if count < SHAPED_SHARE * len(words):
        return _run(_alphabet("".join(words)), [len(word) for word in words])
    alike = [[size for _, size in run] for run in runs if tuple(a for a, _ in run) == shape]
    sizes = [list(size) for size in zip(*alike, strict=True)]
    if shape[:1] == ("0-9",) and not prefix[-1:].isdecimal() and not any(re.match(r"0\d", word) for word in words):
        shape, sizes = ("1-9", *shape), [[1], [size - 1 for size in sizes[0]], *sizes[1:]]
    return "".join(_run(alphabet, size) for alphabet, size in zip(shape, sizes, strict=True))


def _range(numbers: Sequence[int]) -> str:
    """Return the pattern of most numbers, with ends of two digits that count, so that neither is somebody's."""
    low, high = (int(end) for end in np.quantile(numbers, [0.1, 0.9], method="nearest"))
    units = [10 ** max(len(str(end)) - 2, 0) for end in (low, high)]
    return f"<{low // units[0] * units[0]}-{-(-high // units[1]) * units[1]}>"


def _run(alphabet: str, lengths: Sequence[int]) -> str:
    # the 10 % and 90 % quantiles, so that the longest name does not show
    low, high = np.quantile(lengths, [0.1, 0.9], method="nearest")
    return f"{_class(alphabet)}{{{low},{high}}}"


def _places(words: Sequence[str], quotes: bool, inner: bool) -> str:
    """Return the pattern of words of one length, place by place."""
    found: list[list] = []
    digits = all(map(str.isdecimal, words))
    for k, column in enumerate(zip(*words, strict=True)):
        counts = Counter(column)
        few = quotes and len(counts) <= MOST_SINGLES and min(counts.values()) >= COMMON_VALUES
        alphabet = "".join(sorted(counts)) if few else _alphabet("".join(counts))
        if k == 0 and digits and not inner and not few and "0" not in counts:
            alphabet = "1-9"
        if found and found[-1][0] == alphabet:
            found[-1][1] += 1
        else:
            found.append([alphabet, 1])
    return "".join(f"{_class(alphabet)}{{{n},{n}}}" for alphabet, n in found)


def _class(alphabet: str) -> str:
    return r"\d" if alphabet == "0-9" else f"[{alphabet}]"


def _alphabet(text: str) -> str:
    """Return the smallest alphabet that holds all characters; letters beyond ASCII count as a or A."""
    plain = "".join(c if c.isascii() else "A" if c.isupper() else "0" if c.isdecimal() else "a" for c in text)
    return next(alphabet for alphabet in ALPHABETS if re.fullmatch(f"[{alphabet}]*", plain))


def _runs(word: str) -> list[tuple[str, int]]:
    """Return the alphabets and lengths of the runs of a word: ab12 is two letters and two digits, Berg a capital and
    three letters.
    """
    found = re.findall(r"\d+|[A-Z]+|[a-z]+", _cased(word))
    return [("0-9" if run[0].isdigit() else "a-z" if run[0].islower() else "A-Z", len(run)) for run in found]


def _cased(word: str) -> str:
    return word if word.isascii() else "".join(c if c.isascii() else "A" if c.isupper() else "a" for c in word)


def _escaped(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z])", r"\\\1", text) if text else ""


def texts(form: IdentifierForm, n: int, rng: np.random.Generator, taken: Taken = lambda text: False) -> list[str]:
    """Return n distinct values of the form that are not `taken`; values grow longer where the form has too few."""
    return (
        _sequence(form.pattern, n, rng, taken) if form.pattern.startswith("sequence") else _drawn(form, n, rng, taken)
    )


def anew(texts: pd.Series, fresh: Mapping[str, str]) -> pd.Series:
    """Return texts with a fresh one in place of each that has one."""
    return texts.map(lambda text: fresh.get(text, text), na_action="ignore")


def typed(texts: pd.Series, dtype: str) -> pd.Series:
    """Write texts (None for a missing one) in the column's own type, a wider one where the values do not fit."""
    if not _is_number(dtype):
        return (
            dtypes.cast(texts, dtype)
            if dtype.startswith(("string", "category", "large_string", "dictionary", "object["))
            else texts
        )
    numbers = [pd.NA if text is None else int(text) for text in texts]
    for wider in (dtype, "Int64", "UInt64"):
        try:
            return pd.Series(pd.array(numbers, dtype="UInt64" if wider.lower().startswith("uint") else "Int64")).astype(
                wider
            )
        except (ValueError, TypeError, OverflowError):
            continue
    return pd.Series(numbers, dtype=object)


def _is_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float", "double"))


def _sequence(pattern: str, n: int, rng: np.random.Generator, taken: Taken) -> list[str]:
    """Return n numbers that count up, of more digits than any real one has as far as 64 bits hold them."""
    digits = min(int(pattern[9:-1] or 9) if len(pattern) > 8 else 9, MOST_DIGITS)
    while 8 * 10**digits < n:
        digits += 1
    while True:
        first = int(rng.integers(10**digits, 10 ** (digits + 1) - n))
        found = [str(first + k) for k in range(n)]
        if digits < MOST_DIGITS or not any(map(taken, found)):
            return found


def _drawn(form: IdentifierForm, n: int, rng: np.random.Generator, taken: Taken) -> list[str]:
    mixed = _alternatives(form.pattern)
    found: dict[str, None] = {}
    extra = failed = 0
    while len(found) < n:
        for drawn in _draws(mixed, extra, n - len(found), rng):
            text = corrected(drawn, "" if extra else form.check)
            if text is not None and text not in found and not taken(text):
                found[text], failed = None, 0
            elif (failed := failed + 1) >= VAIN_DRAWS:
                extra, failed = extra + 1, 0
                break
    return list(found)


def _draws(mixed: tuple[np.ndarray, list[list]], extra: int, n: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield up to n values; where they differ in one run of characters that seldom repeats, from a single draw."""
    shares, forms = mixed
    at, *others = [k for k, part in enumerate(forms[0]) if part[-1] is None] or [0]
    alphabet, digit, low, high, *_ = forms[0][at] if forms[0] else [None] * 4
    if len(forms) == 1 and not others and low is not None and low == high:
        characters, length = _characters("0-9" if digit else alphabet), int(low) + extra
        if len(characters) ** length >= CAPACITY_PER_VALUE * n:
            chosen = rng.integers(0, len(characters), (min(n, DRAWN_AT_ONCE), length))
            chosen[:, 0] = np.maximum(chosen[:, 0], int(bool(digit) and not at))  # no leading zero
            before, after = ("".join(part[-1] for part in some) for some in (forms[0][:at], forms[0][at + 1 :]))
            runs = np.array(list(characters))[chosen].view(f"U{length}")[:, 0].tolist()
            yield from (before + run + after for run in runs)
            return
    for _ in range(n):
        yield _draw(forms[0] if len(forms) == 1 else forms[int(rng.choice(len(forms), p=shares))], extra, rng)


def _alternatives(pattern: str) -> tuple[np.ndarray, list[list]]:
    """Return the shares of a pattern's forms and the parts of each."""
    pieces = re.split(r"(?:^|(?<!\\)\|)(\d+)%", pattern)[1:] if re.match(r"\d+%", pattern) else ["1", pattern]
    shares = np.array([float(share) for share in pieces[::2]])
    return shares / shares.sum(), [
        [match.groups() for match in PATTERN_PIECE.finditer(piece)] for piece in pieces[1::2]
    ]


def _draw(parts: Sequence[tuple], extra: int, rng: np.random.Generator) -> str:
    """Draw one value; `extra` characters longer in every run, and numbers as many decades higher.

    A form of nothing but quoted texts and choices grows by as many digits at its end.
    """
    text = ""
    for alphabet, digit, low, high, least, most, width, choices, literal in parts:
        if literal is not None:
            text += literal
        elif choices is not None:
            options = choices.split("|")
            text += re.sub(r"\\(.)", r"\1", options[int(rng.integers(len(options)))])
        elif least is not None:
            text += str(_integer(int(least), (int(most) + 1) * 10**extra, rng)).zfill(int(width or 0))
        else:
            characters = _characters("0-9" if digit else alphabet)
            length = int(low) if low == high else int(rng.integers(int(low), int(high) + 1))
            chosen = [characters[k] for k in rng.integers(0, len(characters), length + extra).tolist()]
            # no leading zero, so that a number keeps its length
            text += "".join("1" if c == "0" and not text and k == 0 and digit else c for k, c in enumerate(chosen))
    fixed = all(least is None and low is None for _, _, low, _, least, *_ in parts)
    return text + "".join(map(str, rng.integers(0, 10, extra))) if fixed and extra else text


def _integer(low: int, high: int, rng: np.random.Generator) -> int:
    """Draw a number of [low, high), of any size."""
    if high <= 2**63:
        return int(rng.integers(low, high))
    return low + int.from_bytes(rng.bytes(high.bit_length() // 8 + 8), "little") % (high - low)


@lru_cache(maxsize=256)
def _characters(alphabet: str) -> str:
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), alphabet)
