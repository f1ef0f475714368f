"""Which code list a column's labels are of, however they are written: `New-York`, `NEW YORK`, `new_york`."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from launderette.generators.code_lists import codes
from launderette.generators.formats.date_format import ENGLISH, ENGLISH_WEEKDAYS, MONTHS, WEEKDAYS

WORD_SEPARATORS = (" ", "-", "_", "")
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower)
LEAST_LISTED = 0.5  # of the labels that are known, on the list that the rest is taken from


def of_labels(known: Sequence[str]) -> tuple[str, ...]:
    """Return all labels of the code list, as it would be written here, that most of the known labels are on, ()
    where none has half of them.
    """
    best = max(_written(), key=lambda labels: len(labels.intersection(known)))
    found = len(best.intersection(known))
    return tuple(sorted(best)) if known and found >= LEAST_LISTED * len(known) else ()


@cache
def _written() -> tuple[frozenset[str], ...]:
    """Return every list in every way of writing it, the plainest first."""
    return tuple(
        frozenset(case(label.replace(" ", separator)) for label in labels)
        for separator in WORD_SEPARATORS
        for case in CASES
        for labels in _lists()
    )


def _lists() -> Iterator[list[str]]:
    """Yield the labels of each list."""
    for text, also in ((codes.COUNTRIES, f"{codes.NATIONS_OF_KINGDOM}; {codes.FORMER_COUNTRIES}"), (codes.STATES, "")):
        entries = [entry.split() for entry in _entries(text)]
        lengths = sorted({len(word) for entry in entries for word in entry[-2:] if word.isupper()})
        yield [" ".join(word for word in entry if not word.isupper()) for entry in entries] + _entries(also)
        yield from ([word for entry in entries for word in entry if _is_code(word, length)] for length in lengths)
    yield _entries(codes.CURRENCIES)
    for names in (ENGLISH, ENGLISH_WEEKDAYS, *MONTHS.values(), *WEEKDAYS.values()):
        yield from (text.split() for text in names)


def _is_code(word: str, length: int) -> bool:
    return word.isupper() and len(word) == length


def _entries(text: str) -> list[str]:
    return [entry for part in text.split(";") if (entry := part.strip())]
