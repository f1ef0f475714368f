"""Delimited text (CSV): delimiter, encoding and column types found by reading the whole file once, in bounded
memory.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import layout
from launderette.pipelines.sources.layout import SPACE_DELIMITER, TextLayout
from launderette.pipelines.sources.parts import Part, undamaged

MISSING_TEXTS = ("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "NaN", "nan", "NAN")
NAN = ("NaN", "nan", "NAN", "-nan", "-NaN")  # a column of nothing else is a column of numbers without a number
SAMPLE = 1 << 16  # bytes looked at for the delimiter and for binary data
BLOCK_BYTES = 1 << 23  # bytes per batch, of which the distinct values of each column are looked at once
# one class per value, the first that matches; 18 digits fit int64, and a leading zero or plus says "code", not "number"
VALUE_PATTERNS = {
    "whole": r"^\s*-?(0|[1-9][0-9]{0,17})\s*$",
    "float": r"^\s*-?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?[eE][+-]?[0-9]+"
    r"|[iI]nf(inity)?|[nN]a[nN]|NAN)\s*$",
    "comma": r"^\s*-?(0|[1-9][0-9]*),[0-9]+$",
    "digits": r"^\s*[+-]?[0-9]+(\.[0-9]+)?\s*$",
    "truth": r"^(true|false|True|False|TRUE|FALSE)$",
}


@dataclass(frozen=True)
class DelimitedForm:
    """How the text is written: a delimiter and the rows of the header (None to find them), an encoding, the
    texts that mean missing.
    """

    delimiter: str | None = None
    header: int | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = MISSING_TEXTS
    decimal: str = "."


Batches = Callable[[], Iterator[pa.RecordBatch]]
Placed = list[tuple[Part, TextLayout]]


def open_parts(parts: list[Part], form: DelimitedForm) -> tuple[tuple[str, ...], Batches, tuple[str, ...], int]:
    """Check every part, settle the column types over all of them, and return the names, a reader of batches, what is to
    be said and how many rows there are.
    """
    form = _marked(parts, form)
    for part in parts:
        _check_encoding(part, form.encoding)
    placed = _placed(parts, form)
    names = placed[0][1].names
    form = replace(form, delimiter=placed[0][1].delimiter)
    filled = [(part, found) for part, found in placed if _has_rows(part, found, form)]
    counts, rows = _count(filled, names, form) if filled else ({}, 0)
    if not rows:
        raise LaunderError(f"expected rows below the header of {parts[0].name}, found none; write the data to it again")
    decimal = "," if form.delimiter != "," and any(c["comma"] for c in counts.values()) and not _points(counts) else "."
    form = replace(form, decimal=decimal)
    types = {name: _type(counts[name], form) for name in names}
    return (
        names,
        lambda: _batches(filled, names, form, types),
        tuple(note for _, found in placed for note in found.notes),
        rows,
    )


def _placed(parts: list[Part], form: DelimitedForm) -> Placed:
    """Find the layout of every part; all have the delimiter and the columns of the first, perhaps in another order."""
    placed: Placed = []
    for part in parts:
        delimiter = placed[0][1].delimiter if placed else form.delimiter
        placed.append((part, layout.find(_sample(part, form), part.name, delimiter, form.header)))
        if placed[-1][1].names != placed[0][1].names:
            _check_names(placed[-1], placed[0])
    return placed


def _check_names(one: tuple[Part, TextLayout], first: tuple[Part, TextLayout]) -> None:
    if sorted(one[1].names) != sorted(first[1].names):
        like = Path(first[0].name).name
        raise LaunderError(
            f"expected the columns of {like} in every part, found others in {one[0].name}; make the parts alike, "
            "or join tables of different things into one first"
        )


def _marked(parts: list[Part], form: DelimitedForm) -> DelimitedForm:
    """Return the form with UTF-16 in place of UTF-8 where every part begins with the mark of it, as Excel's Unicode
    text does.
    """
    heads = (part.head()[:4] for part in parts)
    marked = form.encoding == "utf-8" and all(
        head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head != codecs.BOM_UTF32_LE for head in heads
    )
    return replace(form, encoding="utf-16") if marked else form


def _check_encoding(part: Part, encoding: str) -> None:
    """Decode the whole file once; LaunderError that offers an encoding that works, or says that it is no text."""
    check_known(encoding)
    head = part.head()[:SAMPLE]
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _is_binary(head) and "16" not in encoding:
        raise LaunderError(
            f"expected text with one row per line in {part.name}, found binary data; give a CSV or a Parquet file"
        )
    if decodes(part, encoding):
        return
    other = _offer(part, head)
    raise LaunderError(
        f"expected {encoding} text in {part.name}, found other bytes; {other} reads it: set source.encoding={other} "
        "if that is its encoding"
    )


def check_known(encoding: str) -> None:
    """Raise LaunderError for an encoding that there is not."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise LaunderError(f"expected an encoding such as utf-8 or latin-1, found {encoding!r}") from None


def _is_binary(head: bytes) -> bool:
    control = sum(head.count(byte) for byte in (*range(9), *range(14, 32)))
    return b"\0" in head or control > 0.01 * len(head)


def decodes(part: Part, encoding: str) -> bool:
    """Tell whether the bytes of a part are text in this encoding, reading all of them."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with undamaged(part.name), part.open() as file:
        try:
            while chunk := file.read(BLOCK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _offer(part: Part, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if decodes(part, "utf-8"):
        return "utf-8"
    with part.open() as file:
        windows = any(re.search(rb"[\x80-\x9f]", chunk) for chunk in iter(lambda: file.read(BLOCK_BYTES), b""))
    return "cp1252" if windows and decodes(part, "cp1252") else "latin-1"


def _sample(part: Part, form: DelimitedForm) -> str:
    return codecs.getincrementaldecoder(form.encoding)().decode(part.head()[:SAMPLE]).removeprefix("\ufeff")


def _has_rows(part: Part, found: TextLayout, form: DelimitedForm) -> bool:
    """Tell whether a part has a row of data: Arrow reads no file without one."""
    with undamaged(part.name), io.TextIOWrapper(part.open(), encoding=form.encoding, newline="") as file:
        rows = filter(None, csv.reader(islice(file, found.skip, None), delimiter=found.delimiter))
        try:
            return sum(1 for _ in islice(rows, found.header + 1)) > found.header
        except csv.Error:  # a field beyond what the csv module holds
            return True


def _read(
    part: Part, found: TextLayout, form: DelimitedForm, types: dict[str, pa.DataType]
) -> Iterator[pa.RecordBatch]:
    """Read batches of one part; a row of another width stops the reading with its number, not its content."""
    odd: list[tuple[int | None, int]] = []

    def remember(row: pacsv.InvalidRow) -> str:
        if not found.comment or not row.text.startswith(found.comment):
            odd.append((row.number, row.actual_columns))
        return "skip"

    width = len(found.names)
    stream, encoding = _stream(part, found, form)
    try:
        with pacsv.open_csv(  # closed before the process ends: Arrow's thread reads ahead
            stream,
            read_options=_read_options(found, encoding),
            parse_options=pacsv.ParseOptions(
                delimiter=found.delimiter, newlines_in_values=True, invalid_row_handler=remember
            ),
            convert_options=_convert_options(form, types),
        ) as batches:
            for batch in batches:
                _check_widths(odd, width, part.name)
                yield batch
    except pa.ArrowException:
        _check_widths(odd, width, part.name)
        raise LaunderError(
            f"expected CSV rows of {width} fields in {part.name}, found text that cannot be cut into them; check its "
            "quotes"
        ) from None
    _check_widths(odd, width, part.name)


def _read_options(found: TextLayout, encoding: str) -> pacsv.ReadOptions:
    return pacsv.ReadOptions(
        column_names=list(found.names),
        skip_rows=found.skip,
        skip_rows_after_names=found.header,
        use_threads=False,
        encoding=encoding,
        block_size=BLOCK_BYTES,
    )


def _convert_options(form: DelimitedForm, types: dict[str, pa.DataType]) -> pacsv.ConvertOptions:
    return pacsv.ConvertOptions(
        column_types=types,
        null_values=_spaced(form.missing),
        strings_can_be_null=True,
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
        decimal_point=form.decimal,
    )


def _stream(part: Part, found: TextLayout, form: DelimitedForm) -> tuple[Any, str]:
    """Return what Arrow reads a part from, and its encoding: the file itself where that is plain, else a stream of
    bytes.
    """
    if found.delimiter == SPACE_DELIMITER:
        return layout.Squeezed(io.TextIOWrapper(part.open(), encoding=form.encoding, newline="")), "utf8"
    return str(part.path) if part.path else part.open(), _arrow_encoding(form.encoding)


def _arrow_encoding(encoding: str) -> str:
    return "utf8" if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else encoding


def _spaced(missing: tuple[str, ...]) -> list[str]:
    return [space + text for text in missing for space in ("", " ")]  # files written with ", " between fields


def _check_widths(odd: list[tuple[int | None, int]], width: int, name: str) -> None:
    if odd:
        number, found = odd[0]
        where = f"row {number}" if number else "a row"
        raise LaunderError(
            f"expected {width} fields in every row of {name}, found {found} in {where}; quote fields that hold the "
            "delimiter"
        )


def _count(placed: Placed, names: tuple[str, ...], form: DelimitedForm) -> tuple[dict[str, Counter], int]:
    """Count over all rows how many values of each column are of each class, how many begin with a space, and the
    rows.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    rows = 0
    nothing = replace(form, missing=tuple(text for text in form.missing if text not in NAN))
    for part, found in placed:
        for batch in _read(part, found, nothing, dict.fromkeys(names, pa.string())):
            rows += batch.num_rows
            for name, values in zip(found.names, batch.columns, strict=True):
                counts[name].update(_classes(values))
    pa.default_memory_pool().release_unused()  # long texts that were looked at and are read anew
    return counts, rows


def _classes(values: pa.Array) -> Counter:
    """Return how many values are of each class: each distinct text is looked at once."""
    distinct = values.drop_null().value_counts()
    rest, rows = distinct.field(0), distinct.field(1)

    def count(chosen: pa.Array) -> int:
        return pc.sum(rows.filter(chosen)).as_py() or 0

    found: Counter[str] = Counter(present=len(values) - values.null_count)
    found["spaced"] = count(pc.starts_with(rest, " "))
    found["nan"] = count(pc.is_in(rest, pa.array([*NAN, *(f" {text}" for text in NAN)])))
    for name, pattern in VALUE_PATTERNS.items():
        if not len(rest):
            break
        matches = pc.match_substring_regex(rest, pattern)
        found[name], others = count(matches), pc.invert(matches)
        rest, rows = rest.filter(others), rows.filter(others)
    found["word"] = pc.sum(rows).as_py() or 0
    return found


def _points(counts: dict[str, Counter]) -> bool:
    return any(count["float"] > count["nan"] for count in counts.values())


def _type(count: Counter, form: DelimitedForm) -> pa.DataType:
    """Return the type that holds every value of the column."""
    if not count["present"]:
        return pa.null()
    numbers = count["whole"] + count["float"] + (count["comma"] if form.decimal == "," else 0)
    if numbers == count["present"]:
        return pa.int64() if count["whole"] + count["nan"] == numbers and count["whole"] else pa.float64()
    if count["truth"] + count["nan"] == count["present"]:
        return pa.bool_()
    return pa.string()


def _batches(
    placed: Placed, names: tuple[str, ...], form: DelimitedForm, types: dict[str, pa.DataType]
) -> Iterator[pa.RecordBatch]:
    for part, found in placed:
        for batch in _read(part, found, form, types):
            yield batch if found.names == names else batch.select(list(names))
