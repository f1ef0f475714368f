"""What databases of every kind share when they are selected from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from launderette.pipelines.databases import addresses
from launderette.pipelines.run.artifacts import LaunderError

if TYPE_CHECKING:
    from launderette.pipelines.config.places import Source

TEXTS_AND_COMMENTS = re.compile(  # in which a semicolon ends nothing: each is one match, as is any other character
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)"""
    r"|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>[\s;])|.",
    re.DOTALL,
)


def selected(source: Source, quoted: Callable[..., str] = addresses.quoted) -> str:
    """Return what is selected from, called `source`: a table, or a query, which is one SELECT in parentheses."""
    if source.table:
        return f"{quoted(*addresses.table_parts(source.table))} source"
    return f"({statement(str(source.query))}\n) source"


def statement(query: str) -> str:
    """Return a query without the semicolons and comments that it ends with."""
    length = 0
    for found in TEXTS_AND_COMMENTS.finditer(query):
        if not (found["comment"] or found["end"]):
            length = found.end()
    return query[:length]


def checked(names: Sequence[str]) -> list[str]:
    """Return the names of columns; LaunderError where one is there twice."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LaunderError(f"expected every column once, found {twice[0]!r} more than once; name it with AS")
    return list(names)


def refused(name: str, what: str, advice: str = "select it as text in source.query") -> LaunderError:
    """Return the sentence for a column whose values have no kind."""
    return LaunderError(
        f"expected numbers, text, booleans or dates in column {name!r}, found {what}; {advice}, or set "
        f"columns.{name} to drop"
    )
