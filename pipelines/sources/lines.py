"""Delimited text of which each line is a row by itself: what one holds changes nothing of how another is read.

So values stay texts, and nothing is found out or refused by looking at rows: fields that lack are missing, further ones
are left out, bytes that are no text become the sign for that, and a quote that is never closed ends with its line.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import delimited, layout
from launderette.pipelines.sources.delimited import DelimitedForm
from launderette.pipelines.sources.layout import SPACE_DELIMITER, TextLayout
from launderette.pipelines.sources.parts import Part, undamaged

NO_TEXT = "\ufffd"  # in place of bytes that are no text
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which utf-7 may leave alone and nothing can write
NOT_TEXT = "hold bytes that are no text: source.encoding may be another"
ODD_WIDTH = "have another number of fields than the header: a line is a row under privacy.epsilon"


@dataclass
class TextRows:
    """Rows of several parts, and how many of them were not as they should be."""

    found: list[list[str]] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """Return what is to be said of the rows, in counts for inside only."""
        return [f"{count:,} lines {what}" for what, count in self.odd.items()]


def read(parts: list[Part], form: DelimitedForm, without: frozenset[str]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the rows as texts, None where missing, what is to be said of them, and the names of `without` that are
    there; LaunderError for parts whose headers differ, or without one.
    """
    headers = [_header(part, form) for part in parts]
    names = headers[0].names
    if others := [part for part, own in zip(parts, headers, strict=True) if sorted(own.names) != sorted(names)]:
        first, other = parts[0].name, others[0].name
        raise LaunderError(f"expected the columns of {first} in every part, found others in {other}; make them alike")
    frames, rows = [], TextRows()
    for part, own in zip(parts, headers, strict=True):
        rows.found = []
        _add(rows, part, own, form)
        table = np.array(rows.found, dtype=object).reshape(-1, len(own.names))
        frames.append(pd.DataFrame(table, columns=list(own.names), dtype=object)[list(names)])
    frame = pd.concat(frames, ignore_index=True)
    missing = [space + text for text in form.missing for space in ("", " ")]  # as of files with ", " between fields
    kept = frame[[name for name in names if name not in without]]
    return kept.mask(kept.isin(missing), None), rows.notes(), [name for name in names if name in without]


def _header(part: Part, form: DelimitedForm) -> TextLayout:
    """Return the layout that what stands above the rows tells, and the first line among them."""
    if form.header not in (None, 1):
        raise LaunderError(
            f"expected a header of one row under privacy.epsilon in {part.name}, found source.header: "
            f"{str(form.header).lower()}; write the names of the columns in one line above the rows"
        )
    above: list[str] = []
    for line in _lines(part, form.encoding):
        above.append(line)
        if not layout.is_above(above):
            break
    return layout.find("\n".join(above), part.name, form.delimiter, True)


def _lines(part: Part, encoding: str) -> Iterator[str]:
    """Yield the lines of a part without their ends, each decoded by itself, whatever state the one before has left.

    LaunderError for an encoding in which a line does not end with one byte.
    """
    delimited.check_known(encoding)
    if b"\n".decode(encoding, "replace") != "\n":
        raise LaunderError(
            f"expected an encoding whose lines end with one byte under privacy.epsilon, found {encoding}, of which one "
            "row may shift all others; convert the file to utf-8"
        )
    with undamaged(part.name), part.open() as file:
        for line in file:
            for one in line.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
                text = one.decode(encoding, "replace").removeprefix("\ufeff")
                yield text if text.isascii() else SURROGATE.sub(NO_TEXT, text)


def _add(rows: TextRows, part: Part, own: TextLayout, form: DelimitedForm) -> None:
    width = len(own.names)
    for at, line in enumerate(_lines(part, form.encoding)):
        if at <= own.skip or not line.strip():
            continue
        fields = _cut(line, own.delimiter)
        if len(fields) != width and own.comment and line.startswith(own.comment):
            continue
        oddities = ((NOT_TEXT, NO_TEXT in line), (ODD_WIDTH, len(fields) != width))
        rows.odd.update(what for what, is_odd in oddities if is_odd)
        rows.found.append((fields + [""] * width)[:width])


def _cut(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line."""
    if delimiter == SPACE_DELIMITER:
        line = next(layout.squeezed(iter([line]))).rstrip("\n")
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:  # a field beyond what the csv module holds
        return line.split(delimiter)
