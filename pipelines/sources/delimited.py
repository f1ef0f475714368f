"""Delimited text (CSV): delimiter, encoding and column types found by reading the whole file once, in bounded memory."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipelines.run.artifacts import LaunderError

SUFFIXES = (".csv", ".tsv", ".txt", ".data")
DELIMITERS = (",", ";", "\t", "|")
MISSING = ("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "NaN", "nan", "NAN")
NAN = ("NaN", "nan", "NAN", "-nan", "-NaN")  # a column of nothing else is a column of numbers without a number
SAMPLE = 1 << 16  # bytes looked at for the delimiter and for binary data
BLOCK = 1 << 20  # bytes per batch
MOSTLY = 0.9  # from this share of numbers on, a word is taken for a mistake, not for a label
# one class per value, the first that matches; 18 digits fit int64, and a leading zero or plus says "code", not "number"
CLASSES = {
    "whole": r"^\s*-?(0|[1-9][0-9]{0,17})\s*$",
    "float": r"^\s*-?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?[eE][+-]?[0-9]+|[iI]nf(inity)?|[nN]a[nN]|NAN)\s*$",
    "comma": r"^\s*-?(0|[1-9][0-9]*),[0-9]+$",
    "digits": r"^\s*[+-]?[0-9]+(\.[0-9]+)?\s*$",
    "truth": r"^(true|false|True|False|TRUE|FALSE)$",
}


@dataclass(frozen=True)
class Form:
    """How the text is written: a delimiter (None to find it), an encoding, the texts that mean missing, columns kept as text."""

    delimiter: str | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = MISSING
    text: frozenset[str] = frozenset()
    decimal: str = "."


def open_files(files: list[Path], form: Form) -> tuple[tuple[str, ...], Callable[[], Iterator[pa.RecordBatch]]]:
    """Check every file, settle the column types over all of them, and return the names and a reader of batches."""
    for path in files:
        _check_encoding(path, form.encoding)
    form = replace(form, delimiter=form.delimiter or _delimiter(_sample(files[0], form)))
    names = _header(files[0], form)
    for path in files[1:]:
        if _header(path, form) != names:
            raise LaunderError(f"expected the columns of {files[0].name} in every part, found others in {path}; make the parts alike")
    counts, rows = _count(filled, names, form) if (filled := [path for path in files if _has_rows(path, form)]) else ({}, 0)
    if not rows:
        raise LaunderError(f"expected rows below the header of {files[0]}, found none; write the data to it again")
    decimal = "," if form.delimiter != "," and any(c["comma"] for c in counts.values()) and not _points(counts) else "."
    form = replace(form, decimal=decimal)
    types = {name: _type(name, counts[name], form) for name in names}
    return names, lambda: _batches(filled, names, form, types)


def _check_encoding(path: Path, encoding: str) -> None:
    """Decode the whole file once; LaunderError that offers an encoding that works, or says that it is no text."""
    _check_known(encoding)
    with open(path, "rb") as file:
        head = file.read(SAMPLE)
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _is_binary(head) and "16" not in encoding:
        raise LaunderError(f"expected text with one row per line in {path}, found binary data; give a CSV or a Parquet file")
    if _decodes(path, encoding):
        return
    other = _offer(path, head)
    raise LaunderError(
        f"expected {encoding} text in {path}, found other bytes; {other} reads it: set source.encoding={other} if that is its encoding"
    )


def _check_known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise LaunderError(f"expected an encoding such as utf-8 or latin-1, found {encoding!r}") from None


def _is_binary(head: bytes) -> bool:
    control = sum(head.count(byte) for byte in (*range(9), *range(14, 32)))
    return b"\0" in head or control > 0.01 * len(head)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        try:
            while chunk := file.read(BLOCK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _offer(path: Path, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(path, "utf-8"):
        return "utf-8"
    with open(path, "rb") as file:
        windows = any(re.search(rb"[\x80-\x9f]", chunk) for chunk in iter(lambda: file.read(BLOCK), b""))
    return "cp1252" if windows and _decodes(path, "cp1252") else "latin-1"


def _sample(path: Path, form: Form) -> str:
    with open(path, "rb") as file:
        text = codecs.getincrementaldecoder(form.encoding)().decode(file.read(SAMPLE))
    return text.removeprefix("\ufeff")


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts the most lines into the same number of fields, more than one; a comma where none does."""
    scores = {}
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        widths = widths[:-1] if len(widths) > 2 else widths  # the sample may end inside a line
        width = widths[0] if widths else 1
        scores[delimiter] = (widths.count(width) / len(widths), width) if width > 1 else (0, 0)
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0) else ","


def _header(path: Path, form: Form) -> tuple[str, ...]:
    with open(path, encoding=form.encoding, newline="") as file:
        try:
            cells = next(csv.reader(_without_mark(file), delimiter=form.delimiter or ","), [])
        except csv.Error:
            raise LaunderError(f"expected column names in the first line of {path}, found another text; give a CSV file") from None
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise LaunderError(f"expected column names in the first line of {path}, found an empty line; remove it or write a header")
    return _named(names, path)


def _has_rows(path: Path, form: Form) -> bool:
    with open(path, encoding=form.encoding, newline="") as file:
        try:
            return sum(1 for _, row in zip(range(2), filter(None, csv.reader(file, delimiter=form.delimiter or ",")), strict=False)) > 1
        except csv.Error:  # a field beyond what the csv module holds
            return True


def _without_mark(file: io.TextIOBase) -> Iterator[str]:
    for at, line in enumerate(file):
        yield line.removeprefix("\ufeff") if at == 0 else line


def _named(names: list[str], path: Path) -> tuple[str, ...]:
    """Return the names, `column_1` for one left empty; numbers, or a name twice, are refused by position: they may be a row."""
    numbers = [name for name in names if re.match(CLASSES["whole"], name) or re.match(CLASSES["float"], name)]
    if numbers and (len(numbers) == len(names) or not _is_series(numbers)):
        found = "numbers only" if len(numbers) == len(names) else f"{len(numbers)} numbers among them"
        raise LaunderError(f"expected column names in the first line of {path}, found {found}; write a header line above the data")
    names = [name or f"column_{at}" for at, name in enumerate(names, 1)]
    for at, name in enumerate(names):
        if name in names[:at]:
            first = names.index(name) + 1
            raise LaunderError(
                f"expected every column name once in {path}, found that of column {first} again in column {at + 1}; rename one"
            )
    return tuple(names)


def _is_series(numbers: list[str]) -> bool:
    """Tell whether numbers in a header count up by one or are years, as in tables that are wide by design."""
    if not all(number.isdigit() for number in numbers):
        return False
    whole = [int(number) for number in numbers]
    return all(1900 <= year <= 2100 for year in whole) or (len(whole) > 1 and whole == list(range(whole[0], whole[0] + len(whole))))


def _read(path: Path, names: tuple[str, ...], form: Form, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """Read batches of one file; a row of another width stops the reading with its number, not its content."""
    odd: list[tuple[int | None, int]] = []

    def remember(row: pacsv.InvalidRow) -> str:
        odd.append((row.number, row.actual_columns))
        return "skip"

    try:
        for batch in pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                column_names=list(names),
                skip_rows_after_names=1,
                use_threads=False,
                encoding=_arrow_encoding(form.encoding),
                block_size=BLOCK,
            ),
            parse_options=pacsv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=remember),
            convert_options=pacsv.ConvertOptions(
                column_types=types,
                null_values=_spaced(form.missing),
                strings_can_be_null=True,
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
                decimal_point=form.decimal,
            ),
        ):
            _check_widths(odd, len(names), path)
            yield batch
    except pa.ArrowException:
        _check_widths(odd, len(names), path)
        raise LaunderError(
            f"expected CSV rows of {len(names)} fields in {path}, found text that cannot be cut into them; check its quotes"
        ) from None
    _check_widths(odd, len(names), path)


def _arrow_encoding(encoding: str) -> str:
    return "utf8" if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else encoding


def _spaced(missing: tuple[str, ...]) -> list[str]:
    return [space + text for text in missing for space in ("", " ")]  # files written with ", " between fields


def _check_widths(odd: list[tuple[int | None, int]], width: int, path: Path) -> None:
    if odd:
        number, found = odd[0]
        where = f"row {number}" if number else "a row"
        raise LaunderError(
            f"expected {width} fields in every row of {path}, found {found} in {where}; quote fields that hold the delimiter"
        )


def _count(files: list[Path], names: tuple[str, ...], form: Form) -> tuple[dict[str, Counter], int]:
    """Count over all rows how many values of each column are of each class, how many begin with a space, and the rows."""
    counts, rows = {name: Counter() for name in names}, 0
    nothing = replace(form, missing=tuple(text for text in form.missing if text not in NAN))
    for path in files:
        for batch in _read(path, names, nothing, dict.fromkeys(names, pa.string())):
            rows += batch.num_rows
            for name, values in zip(names, batch.columns, strict=True):
                counts[name].update(_classes(values))
    return counts, rows


def _classes(values: pa.Array) -> Counter:
    found = Counter()
    rest = values.drop_null()
    found["spaced"] = pc.sum(pc.starts_with(rest, " ")).as_py() or 0
    found["nan"] = pc.sum(pc.is_in(rest, pa.array([*NAN, *(f" {text}" for text in NAN)]))).as_py() or 0
    found["present"] = len(rest)
    for name, pattern in CLASSES.items():
        if not len(rest):
            break
        matches = pc.match_substring_regex(rest, pattern)
        found[name] = pc.sum(matches).as_py() or 0
        rest = rest.filter(pc.invert(matches))
    found["word"] = len(rest)
    return found


def _points(counts: dict[str, Counter]) -> bool:
    return any(count["float"] > count["nan"] for count in counts.values())


def _type(name: str, count: Counter, form: Form) -> pa.DataType:
    """Return the type that holds every value of the column; LaunderError for numbers with a few words among them."""
    if not count["present"]:
        return pa.null()
    numbers = count["whole"] + count["float"] + (count["comma"] if form.decimal == "," else 0)
    if numbers == count["present"]:
        return pa.int64() if count["whole"] + count["nan"] == numbers and count["whole"] else pa.float64()
    if count["truth"] + count["nan"] == count["present"]:
        return pa.bool_()
    words = count["word"] + count["truth"]
    if words and not count["digits"] and numbers - count["nan"] >= MOSTLY * (count["present"] - count["nan"]) and name not in form.text:
        raise LaunderError(
            f"expected one type of value in column {name!r}, found numbers in {numbers - count['nan']} rows and words in {words}; "
            f"list the words that mean missing under source.missing, or set columns.{name} to categorical to keep it as text"
        )
    return pa.string()


def _batches(files: list[Path], names: tuple[str, ...], form: Form, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    for path in files:
        yield from _read(path, names, form, types)
