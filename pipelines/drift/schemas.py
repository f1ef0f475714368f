"""What changed between the columns of two tables: as far as their schemas tell."""

import re
from collections.abc import Iterator
from typing import Any

from launderette.generators.data.schema import Column, Composite, Schema
from launderette.generators.formats.set_format import SetFormat
from launderette.generators.formats.unit_format import UnitFormat
from launderette.pipelines.drift.findings import Drifted

WRITTEN = (
    ("dtype", "stored as"),
    ("format", "written as"),
    ("decimals", "of decimals"),
    ("pattern", "of the pattern"),
    ("height", "pixels high:"),
    ("width", "pixels wide:"),
    ("channels", "of channels:"),
)
# forms of whole numbers: in order, and by their digits
COUNTING = re.compile(r"sequence\{\d+\}|(?:\d|(?:\\d|\[[\d-]+\])\{[\d,]+\}|<\d+-\d+>)+")


def compare(before: Schema, now: Schema, renamed: dict[str, str] | None = None) -> list[Drifted]:
    """Return each difference in columns, kinds, types and formats; `renamed` has the new names of columns by their
    old ones.
    """
    renamed = renamed or {}
    old, new = ({column.name: column for column in schema.columns} for schema in (before, now))
    found = [Drifted("renamed", b, f"Column {a!r} seems to be called {b!r} now.") for a, b in renamed.items()]
    gone = [name for name in old if name not in new and name not in renamed]
    found += [Drifted("removed", name, f"Column {name!r} is gone.") for name in gone]
    came = [name for name in new if name not in old and name not in renamed.values()]
    found += [Drifted("added", name, f"Column {name!r} is new.") for name in came]
    found += [change for name in new if name in old for change in _changes(old[name], new[name])]
    return found + _order(list(old), list(new))


def _changes(before: Column, now: Column) -> Iterator[Drifted]:
    if before.kind != now.kind:
        yield Drifted("retyped", now.name, f"Column {now.name!r} was {before.kind} and is {now.kind}.")
        return
    if _is_text(before) != _is_text(now):
        how = "no text and is one now" if _is_text(now) else "text and is none now"
        yield Drifted("retyped", now.name, f"Column {now.name!r}, {now.kind}, was {how}.")
        return
    yield from _labels(before, now)
    for field, words in WRITTEN:
        one, other = (_without_known(getattr(column, field, None)) for column in (before, now))
        if one != other:
            said = f"Column {now.name!r} was {words} {_shown(one)} and is {words} {_shown(other)}."
            counts = field == "pattern" and all(COUNTING.fullmatch(form or "") for form in (one, other))
            yield Drifted("numbered" if counts else "written", now.name, said)


def _labels(before: Column, now: Column) -> Iterator[Drifted]:
    """Yield the labels of sets, or the units of numbers, that a column has now, or had, alone."""
    if not (isinstance(before, Composite) and isinstance(now, Composite)):
        return
    one, other = (getattr(column.format, "known", ()) for column in (before, now))
    for labels, words in ((set(other) - set(one), "that it did not have"), (set(one) - set(other), "no more")):
        if labels:
            said = f"Column {now.name!r} has {', '.join(map(repr, sorted(labels)))} {words}."
            yield Drifted("categories", now.name, said)


def _without_known(form: Any) -> Any:
    return form.without(form.known) if isinstance(form, SetFormat | UnitFormat) else form


def _is_text(column: Column) -> bool:
    """Tell whether numbers or moments are written as texts, which another type of column has to hold."""
    return getattr(column, "format", None) not in (None, "")


def _shown(value: object) -> str:
    return "nothing in particular" if value in (None, "") else str(value)


def _order(before: list[str], now: list[str]) -> list[Drifted]:
    shared = [name for name in before if name in now]
    same = shared == [name for name in now if name in before]
    return [] if same else [Drifted("written", "", "The columns stand in another order.")]
