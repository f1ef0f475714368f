"""Sets of labels in one text, such as Excel; SQL, Action|Comedy and ['a', 'b']: which labels are in it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

BETWEEN_LABELS = (";", "|", ",", "/", "+", "&", "\n")
AROUND_SETS = (("[", "]"), ("{", "}"), ("(", ")"))
QUOTES = ("'", '"')
LOOKED_TEXTS = 2000  # that tell whether all are worth a look
MOST_SET_LABELS, MOST_LENGTH = 24, 80  # of a column; characters of a label
LEAST_LABEL_ROWS = 5  # that have a label
FEWEST_TEXTS = 20  # different ones; of so few each is a label
LEAST_SEVERAL = 0.2  # share of rows with more than one label
LEAST_SIZE = 0.05  # share of rows with as many labels, from which on sets are of that size
READ = 0.95  # share of rows without another label, without one that comes twice, and with brackets or quotes


@dataclass(frozen=True)
class SetFormat:
    """The labels in the order in which texts hold them, what stands between, before and behind them, and the mark in
    which each is quoted.
    """

    labels: tuple[str, ...]
    separator: str
    before: str = ""
    behind: str = ""
    quote: str = ""

    @classmethod
    def of(cls, entry: Mapping) -> "SetFormat":
        """Read what a model's schema holds; TypeError where it is none."""
        return cls(**{**entry, "labels": tuple(entry["labels"])})

    def items(self, text: str) -> list[str] | None:
        """Return the labels in a text, known or not, None where it is no such set; without brackets nothing is the
        empty one.
        """
        text = text.strip()
        if len(text) < len(self.before + self.behind) or not (
            text.startswith(self.before) and text.endswith(self.behind)
        ):
            return None
        parts = text[len(self.before) : len(text) - len(self.behind)].split(self.separator.strip() or self.separator)
        return [part.strip().removeprefix(self.quote).removesuffix(self.quote) for part in parts if part.strip()]

    def split(self, text: str) -> list[bool] | None:
        """Return which labels a text has, None where it is no set or knows none of them."""
        items = self.items(text)
        if items is None or (items and not set(items) & set(self.labels)):
            return None
        return [label in items for label in self.labels]

    def join(self, parts: Sequence[bool]) -> str:
        """Return the text of a set: `split(join(parts)) == parts`."""
        chosen = (
            f"{self.quote}{label}{self.quote}" for label, there in zip(self.labels, parts, strict=True) if there is True
        )
        return f"{self.before}{self.separator.join(chosen)}{self.behind}"

    @property
    def known(self) -> tuple[str, ...]:
        """The labels."""
        return self.labels

    def without(self, rare: Collection[str]) -> "SetFormat":
        """Return the format of the other labels."""
        return replace(self, labels=tuple(label for label in self.labels if label not in rare))

    def names(self, text: str) -> list[str]:
        """Return the labels of the format that a text has."""
        return [label for label, there in zip(self.labels, self.split(text) or (), strict=False) if there]


def infer(texts: Mapping[str, int], *, stated: bool = False) -> SetFormat | None:
    """Return the format in which texts (with their counts) are sets of few labels, of which they combine many; None
    where they are not. Where the kind is `stated`, two labels are enough.
    """
    if len(texts) <= FEWEST_TEXTS and not stated:
        return None
    shared = {text.strip(): n for text, n in islice(texts.items(), LOOKED_TEXTS)}
    bare = _around(shared)
    found = [form for one in BETWEEN_LABELS if (form := _of_separator(one, bare, shared, texts, stated))]
    return max(found, key=lambda form: len(form.labels), default=None)


def _around(texts: Mapping[str, int]) -> SetFormat:
    """Return a format without labels that has the brackets and the quotes of nearly all texts."""
    least = READ * sum(texts.values())
    for before, behind in (*AROUND_SETS, ("", "")):
        if sum(n for text, n in texts.items() if text.startswith(before) and text.endswith(behind)) >= least:
            break
    inside = {text: text[len(before) : len(text) - len(behind)].strip() for text in texts}
    full = sum(n for text, n in texts.items() if inside[text])
    for quote in QUOTES:
        quoted = sum(n for text, n in texts.items() if inside[text][:1] == inside[text][-1:] == quote)
        if full and quoted >= READ * full:
            return SetFormat((), "", before, behind, quote)
    return SetFormat((), "", before, behind)


def _of_separator(
    mark: str, bare: SetFormat, some: Mapping[str, int], texts: Mapping[str, int], stated: bool
) -> SetFormat | None:
    """Return the format of sets between whose labels the mark stands, None where the texts are no such sets."""
    form = replace(bare, separator=mark)
    seen = {label for text in some for label in form.items(text) or ()}
    if len(seen) > MOST_SET_LABELS + (1 - READ) * len(some) + LEAST_LABEL_ROWS or not any(
        mark in text for text in some
    ):
        return None
    sets = [(items, n) for text, n in texts.items() if (items := form.items(text)) is not None]
    rows, total = _counts(((label, n) for items, n in sets for label in set(items))), sum(texts.values())
    labels = {label for label, n in rows.items() if n >= LEAST_LABEL_ROWS}
    if not 2 <= len(labels) <= MOST_SET_LABELS or max(map(len, labels)) > MOST_LENGTH:
        return None
    whole = sum(n for items, n in sets if labels.issuperset(items) and len(set(items)) == len(items))
    if whole < READ * total or not (stated or _are_of_several_sizes(sets, total)):
        return None
    return replace(form, labels=_ordered(labels, [items for items, _ in sets]), separator=_written(mark, some))


def _counts(found: Iterable[tuple[str, int]]) -> Counter[str]:
    rows: Counter[str] = Counter()
    for label, n in found:
        rows[label] += n
    return rows


def _are_of_several_sizes(sets: Collection[tuple[list[str], int]], total: int) -> bool:
    """Tell whether many sets hold several labels, and not all as many, as a town and its country do."""
    sizes: Counter[int] = Counter()
    for items, n in sets:
        sizes[len(items)] += n
    several = sum(n for size, n in sizes.items() if size > 1)
    return several >= LEAST_SEVERAL * total and sum(n >= LEAST_SIZE * total for n in sizes.values()) > 1


def _ordered(labels: Collection[str], sets: Iterable[list[str]]) -> tuple[str, ...]:
    """Return the labels in the order that nearly all sets keep, else by their names."""
    before: Counter[tuple[str, str]] = Counter()
    for items in sets:
        known = [label for label in items if label in labels]
        before.update((a, b) for k, a in enumerate(known) for b in known[k + 1 :])
    names = sorted(labels)
    won = {a: sum(before[a, b] > before[b, a] for b in names) for a in names}
    ordered = sorted(names, key=lambda label: -won[label])
    place = {label: k for k, label in enumerate(ordered)}
    kept = sum(n for (a, b), n in before.items() if place[a] < place[b])
    return tuple(ordered if kept >= READ * before.total() else names)


def _written(mark: str, texts: Iterable[str]) -> str:
    """Return the mark with the spaces that mostly stand around it."""
    found = Counter(one for text in texts for one in re.findall(rf" *{re.escape(mark)} *", text))
    return max(sorted(found), key=found.__getitem__)
