"""Texts of several numbers with the same text between them, such as 120/80, 52.51, 13.38 and 30x20x5 cm."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

# a decimal point is one where no other number of a version such as 1.2.10 follows or precedes it
POINTED = re.compile(r"(?:(?<!\w)[+-])?(?:(?<!\d\.)(?<!\d)\d+\.\d+(?!\.?\d)|\d+)")
COMMAS = re.compile(r"(?:(?<!\w)[+-])?(?:(?<!\d,)(?<!\d)\d+,\d+(?!,?\d)|\d+)")
CODE = re.compile(r"[+-]?0\d+")
LETTER = re.compile(r"[^\W\d_]")
# between whole numbers that are amounts: a unit, a mark; or words with spaces around them
BETWEEN_AMOUNTS = re.compile(
    r"(?:\s?(?:[%°\"'′″]|°[CF]|[mck]?m|in|ft|k?g|ml|l))?(?:\s*[,;/|:x×*±&~(\[\u2013-]\s*|\s+)|\s\D*\s"
)
MOST_PARTS = 16
LOOKED_TEXTS = 2000  # that tell the form of all
LEAST_REPEATED = 0.5  # of the repeats that chance makes of independent numbers, or the texts are counted through
LEAST_EXPECTED_REPEATS = 5.0  # pairs of equal texts by chance, from which on this can be told
NAMING_SHARE = 0.9  # a whole number of more distinct values than this share of the rows names them


@dataclass(frozen=True)
class TupleFormat:
    """The texts around the numbers, one more than numbers; whether these have decimal commas."""

    between: tuple[str, ...]
    commas: bool = False

    @classmethod
    def of(cls, entry: Mapping) -> "TupleFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        return cls(**{**entry, "between": tuple(entry["between"])})

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.between) - 1

    def split(self, text: str) -> list[str] | None:
        """Return the texts of the numbers, None where the text is none of this format."""
        pattern = COMMAS if self.commas else POINTED
        return pattern.findall(text.strip()) if tuple(pattern.split(text.strip())) == self.between else None

    def join(self, numbers: Sequence[str]) -> str:
        """Return the text of numbers: `split(join(numbers)) == numbers`."""
        return "".join(before + number for before, number in zip(self.between, [*numbers, ""], strict=True))


def infer(texts: Collection[str]) -> TupleFormat | None:
    """Return the format in which at least half of the first different texts hold several numbers, None where they do
    not.
    """
    some = list(islice(texts, LOOKED_TEXTS))
    found = [form for form in (_commonest(some, commas) for commas in (False, True)) if form]
    form = min(found, key=lambda form: form.size, default=None)  # the fewer, longer numbers
    return form if form and 2 <= form.size <= MOST_PARTS else None


def _commonest(texts: Sequence[str], commas: bool) -> TupleFormat | None:
    pattern = COMMAS if commas else POINTED
    shapes = Counter(tuple(pattern.split(text.strip())) for text in texts)
    shape, count = max(shapes.items(), key=lambda one: one[1], default=((), 0))
    return TupleFormat(shape, commas) if count >= len(texts) / 2 > 0 else None


def are_amounts(texts: Mapping[str, int], form: TupleFormat) -> bool:
    """Tell whether texts (with their counts) of a format hold amounts, and are no codes, numbers of files or names of
    rows.
    """
    found = {text: parts for text in texts if (parts := form.split(text)) is not None}
    columns = list(zip(*found.values(), strict=True))
    if any(CODE.fullmatch(number) for numbers in columns for number in numbers):
        return False
    fractions = sum(any(not number.lstrip("+-").isdigit() for number in numbers) for numbers in columns)
    if fractions >= len(columns) / 2:
        return True
    measured = LETTER.search("".join(form.between)) is not None  # x, cm, of
    return _spaced(form) and not _counted(found, texts) and (measured or not _of_one_length(columns))


def _spaced(form: TupleFormat) -> bool:
    """Tell whether whole numbers stand as amounts do, without a letter before the first: 30x20 cm, no S3E12."""
    return not LETTER.search(form.between[0]) and all(BETWEEN_AMOUNTS.fullmatch(text) for text in form.between[1:-1])


def _of_one_length(columns: Iterable[Sequence[str]]) -> bool:
    """Tell whether every number always has as many digits, as those of codes do."""
    return all(len(set(map(len, numbers))) == 1 for numbers in columns)


def _counted(found: Mapping[str, Sequence[str]], texts: Mapping[str, int]) -> bool:
    """Tell whether a number is another in nearly every row, or whole texts repeat far less than chance makes them."""
    rows = sum(texts[text] for text in found)
    chance = rows * (rows - 1) / 2
    for place in range(len(next(iter(found.values())))):
        counts = Counter[str]()
        for text, numbers in found.items():
            counts[numbers[place]] += texts[text]
        if len(counts) > NAMING_SHARE * rows:
            return True
        chance *= sum((n / rows) ** 2 for n in counts.values())
    repeats = sum(n * (n - 1) / 2 for text, n in texts.items() if text in found)
    return chance >= LEAST_EXPECTED_REPEATS and repeats < LEAST_REPEATED * chance
