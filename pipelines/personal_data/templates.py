"""How texts are put together: words of a case, numbers of so many digits, and what stands between; filled in anew.

A template quotes what at least COMMON_VALUES distinct values share: what stands between words, and words at a place of
which there are few (`Dr.`, `Street`). Every other word is filled in by whoever knows what belongs there.
"""

import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from launderette.generators.identifiers.forms import COMMON_VALUES, MOST_CHOICES

MOST_TEMPLATES = 12
PIECE = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Slot:
    """One word or number of a template: its shape (Aa, AA, A, a, x where a script has no cases, 9), the texts that may
    stand there (none for any), and for numbers how many digits they have.
    """

    shape: str
    choices: tuple[str, ...] = ()
    digits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Template:
    """Slots, what stands before each and after the last, and the share of values that are put together so."""

    slots: tuple[Slot, ...]
    between: tuple[str, ...]
    share: float


def shape_of(piece: str) -> str:
    """Return the shape of a word or a number."""
    if piece.isdecimal():
        return "9"
    if piece[0].title() == piece[0] and not piece[0].isupper():
        return "x"
    if piece.islower():
        return "a"
    if piece.isupper():
        return "A" if len(piece) == 1 else "AA"
    return "Aa" if piece[0].isupper() and piece[1:].islower() else "?"


def learn(texts: Sequence[str]) -> list[Template]:
    """Return the templates that enough of the distinct texts share, the most frequent first; none for none."""
    groups: dict[tuple, list[list[str]]] = {}
    for text in map(composed, texts):
        pieces = PIECE.findall(text)
        key = (tuple(PIECE.split(text)), tuple(map(shape_of, pieces)))
        groups.setdefault(key, []).append(pieces)
    common = sorted((item for item in groups.items() if len(item[1]) >= COMMON_VALUES), key=lambda item: -len(item[1]))
    common = [item for item in common if item[0][1]][:MOST_TEMPLATES]
    whole = sum(len(rows) for _, rows in common)
    return [
        Template(tuple(map(_slot, zip(*rows, strict=True), shapes)), between, len(rows) / whole)
        for (between, shapes), rows in common
    ]


def composed(text: str) -> str:
    """Write each letter with its accent as one character."""
    return unicodedata.normalize("NFC", text)


def _slot(pieces: Sequence[str], shape: str) -> Slot:
    counts = Counter(pieces)
    if len(counts) <= MOST_CHOICES and min(counts.values()) >= COMMON_VALUES:
        return Slot(shape, tuple(sorted(counts)))
    if shape != "9":
        return Slot(shape)
    lengths = Counter(map(len, pieces))
    return Slot(shape, digits=tuple(sorted(n for n, times in lengths.items() if times >= COMMON_VALUES)) or (2,))


def chosen(templates: Sequence[Template], rng: np.random.Generator) -> Template:
    """Draw a template by the shares, of which those of templates left out leave less than 1."""
    ends = [*accumulate(one.share for one in templates)]
    return templates[bisect(ends, rng.random() * ends[-1], hi=len(ends) - 1)]


def fill(template: Template, words: Callable[[int, str], str], rng: np.random.Generator) -> str:
    """Return a text of the template: numbers by chance, the other words by place and shape from `words`."""
    text = template.between[0]
    for place, (slot, after) in enumerate(zip(template.slots, template.between[1:], strict=True)):
        text += _piece(place, slot, words, rng) + after
    return text


def _piece(place: int, slot: Slot, words: Callable[[int, str], str], rng: np.random.Generator) -> str:
    if slot.choices:
        return slot.choices[int(rng.integers(len(slot.choices)))]
    if slot.shape == "9":
        digits = slot.digits[int(rng.integers(len(slot.digits)))]
        return str(rng.integers(1, 10)) + "".join(map(str, rng.integers(0, 10, digits - 1)))
    return cased(words(place, slot.shape), slot.shape)


def cased(word: str, shape: str) -> str:
    """Write a word in a shape."""
    match shape:
        case "AA":
            return word.upper()
        case "A":
            return word[0].upper()
        case "a":
            return word.lower()
        case "Aa":
            return word[0].upper() + word[1:].lower()
    return word
