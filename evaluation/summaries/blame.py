"""Which columns a refusal is about, and advice that names them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

PART_ENDS = re.compile(r" / |, by |, ")  # between the columns of a part that has lost something
ANY_COLUMN = re.compile(r"\bcolumns\.NAME\b|\{NAME\b")  # in advice
DIFFERING = "the columns that differ most"  # in advice, where no reason names any
FREE_NAME = re.compile(r"[^\W\d]\w*")
SAID = 3  # columns at most


def of_score(detail: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Return the columns of the part of a score that has lost most beyond chance; none where no part has. `detail` is
    the score's, `names` are all columns'.
    """
    lost, chance = (detail.get(key) or {} for key in ("lost", "by_chance"))
    if not isinstance(lost, Mapping) or not isinstance(chance, Mapping):
        return []
    beyond = {part: value - chance.get(part, 0.0) for part, value in lost.items() if value > chance.get(part, 0.0)}
    return _columns_of(max(beyond, key=beyond.__getitem__), names) if beyond else []


def _columns_of(part: str, names: Collection[str]) -> list[str]:
    """Return the columns that stand in quotes in the text of a part, or between its signs."""
    found = re.findall(r"'(.+?)'", part) or PART_ENDS.split(part)
    return [name for name in dict.fromkeys(found) if name in names]


def listed(columns: Sequence[str]) -> str:
    """Return the names of some columns for a sentence."""
    return ", ".join(f"'{name}'" for name in columns[:SAID]) + (" and others" if len(columns) > SAID else "")


def told(remedy: str, columns: Iterable[str]) -> str:
    """Return advice about a column with the first of those that it is about, and all of them said."""
    known = list(dict.fromkeys(columns))
    if not known or not ANY_COLUMN.search(remedy):
        return remedy
    first = known[0] if FREE_NAME.fullmatch(known[0]) else f"'{known[0]}'"
    named = ANY_COLUMN.sub(lambda found: found[0].replace("NAME", first), remedy)
    return named.replace(DIFFERING, listed(known)) if DIFFERING in named else f"{named} It is about {listed(known)}."
