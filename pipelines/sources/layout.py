"""How delimited text is laid out: what stands above the header, the header, the delimiter; found in its first bytes."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from launderette.pipelines.run.artifacts import LaunderError

DELIMITERS = (",", ";", "\t", "|")
SPACE_DELIMITER = " "  # as a delimiter: any run of spaces and tabs
COMMENTS = ("#", "%", "//")
SEPARATOR = re.compile(r'^"?sep=(.)"?\W*$', re.IGNORECASE)  # Excel's own first line
PLAIN_NUMBER = re.compile(r"^[-+]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][-+]?[0-9]+)?$")
NUMBER_CELL = re.compile(r"^\s*[-+]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][-+]?[0-9]+)?\s*%?$")
MOMENT = re.compile(r"^\s*([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4})")
MOST_TITLE_LINES = 30  # lines above a header, at most
WORDY = re.compile(r"[^\W\d_]{2}")
GAPS = ("na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil", "inf", "-inf", "unknown", "missing")  # not names
AGREE = 0.95  # share of the rows below titles, or cut by spaces, that have the width of the header
Rows = list[list[str]]


@dataclass(frozen=True)
class TextLayout:
    """Column names, the delimiter, the lines above the header, the rows of it, and how a comment begins."""

    names: tuple[str, ...]
    delimiter: str = ","
    skip: int = 0
    header: int = 1
    comment: str = ""
    notes: tuple[str, ...] = ()


def find(sample: str, path: str, delimiter: str | None, header: int | None) -> TextLayout:
    """Find the layout of a text by its first lines; a delimiter and how many rows are the header may be stated.

    LaunderError where there are no names of columns.
    """
    lines = list(io.StringIO(sample, newline=""))
    skip, comment, stated = _above(lines)
    rows = _Rows("".join(lines[skip:]))
    chosen = delimiter or stated or _delimiter(rows)
    cut, starts = rows.cut(chosen), rows.starts(chosen)
    if not cut:
        raise LaunderError(
            f"expected column names in the first line of {path}, found an empty line; remove it or write a header"
        )
    titles = _titles(cut, starts) if header is None else 0
    cut, above = cut[titles:], skip + starts[titles]
    if header is None and not titles and (names := _commented(lines[:skip], comment, chosen, cut)):
        cut, above, comment = [names, *cut], skip - 1, comment if skip > 1 else ""
    notes = _notes(lines[:above], chosen, delimiter, path)
    if header == 0:
        return TextLayout(tuple(f"column_{at}" for at in range(1, len(cut[0]) + 1)), chosen, above, 0, comment, notes)
    if header is None:
        _check_header(cut, path)
    heads = int(header or 1)
    return TextLayout(_named(_joined(cut[:heads]), path), chosen, above, heads, comment, notes)


def _joined(heads: Rows) -> list[str]:
    """Return the words of each column of a header of one or several rows; above the last one, what is empty is named
    by what stands to its left.
    """
    words: list[list[str]] = [[] for _ in heads[-1]]
    for at, row in enumerate(heads, 1):
        left = ""
        for column, cell in zip(words, row, strict=False):
            left = cell.strip() or ("" if at == len(heads) else left)
            column += [left] if left and left not in column else []
    return list(map(" ".join, words))


class _Rows:
    """A text as rows of fields, by delimiter, without its empty lines and the last row, which may be cut off."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.known: dict[str, list[tuple[int, list[str]]]] = {}  # by delimiter

    def cut(self, delimiter: str) -> Rows:
        return [row for _, row in self._read(delimiter)]

    def starts(self, delimiter: str) -> list[int]:
        """Return how many lines of text stand above each row."""
        return [line for line, _ in self._read(delimiter)]

    def _read(self, delimiter: str) -> list[tuple[int, list[str]]]:
        if delimiter not in self.known:
            found = list(_numbered(self.text, delimiter))
            self.known[delimiter] = found[:-1] if len(found) > 2 else found
        return self.known[delimiter]


def _numbered(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    lines = squeezed(io.StringIO(text, newline="")) if delimiter == SPACE_DELIMITER else io.StringIO(text, newline="")
    reader, above = csv.reader(lines, delimiter=delimiter), 0
    for row in reader:
        if row:
            yield above, row
        above = reader.line_num


def squeezed(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines with one space for every run of spaces and tabs outside quotes, and none at either end."""
    for line in lines:
        yield re.sub(r'("[^"]*")|[ \t]+', lambda run: run[1] or " ", line.strip(" \t\r\n")) + "\n"


def is_above(lines: list[str]) -> bool:
    """Tell whether all of the first lines of a text stand above its header: comments, and what `find` passes over."""
    return _above(lines)[0] == len(lines)


def _above(lines: list[str]) -> tuple[int, str, str | None]:
    """Return how many lines of comments, of nothing and of Excel's `sep=` come first, how a comment begins, and
    that delimiter.
    """
    skip, comment, delimiter = 0, "", None
    for line in lines:
        said = SEPARATOR.match(line.strip("\r\n"))
        mark = next((mark for mark in COMMENTS if line.startswith(mark)), "")
        if said and delimiter is None:
            delimiter = "\t" if said[1] == "t" else said[1]
        elif mark and (not comment or mark == comment):
            comment = mark
        elif line.strip():
            break
        skip += 1
    return skip, comment, delimiter


def _delimiter(rows: _Rows) -> str:
    """Return the delimiter that cuts the most lines into the same number of fields, more than one; a comma where
    none does.
    """
    scores = {delimiter: _regularity(rows.cut(delimiter), rows.starts(delimiter)) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if scores[best] > (0, 0):
        return best
    return SPACE_DELIMITER if _spaced(rows.cut(SPACE_DELIMITER)) else ","


def _regularity(cut: Rows, starts: list[int]) -> tuple[float, int]:
    """Return the share of rows as wide as the header, and that width; nothing for one field a row."""
    below = cut[_titles(cut, starts) :]
    width = len(below[0]) if below else 1
    return (sum(len(row) == width for row in below) / len(cut), width) if width > 1 else (0, 0)


def _spaced(cut: Rows) -> bool:
    """Tell whether spaces cut fields, not words: all rows alike, and numbers below a word."""
    widths = Counter(map(len, cut))
    width = len(cut[0]) if cut else 1
    if len(cut) < 3 or width < 2 or widths[width] < AGREE * len(cut):
        return False
    return _numeric(cut)


def _numeric(cut: Rows) -> bool:
    """Tell whether some column holds numbers, or dates, below a name that is none."""
    body = [row for row in cut[1:] if len(row) == len(cut[0])]
    return any(
        body and not _data(name) and all(_data(row[at]) for row in body if row[at].strip())
        for at, name in enumerate(cut[0])
    )


def _data(cell: str) -> bool:
    return bool(NUMBER_CELL.match(cell) or MOMENT.match(cell))


def _titles(cut: Rows, starts: list[int]) -> int:
    """Return how many rows above the header are titles: one or two filled fields, where those below are wider and
    alike.

    What tells a header below them is an empty line between, or numbers below words.
    """
    width = Counter(len(row) for row in cut).most_common(1)[0][0] if cut else 1
    for at, row in enumerate(cut[:MOST_TITLE_LINES]):
        filled = [cell for cell in row if cell.strip()]
        if len(row) == width and (len(filled) > 1 or width < 3):
            return at if at and _heads(cut[at:], starts[at] > starts[at - 1] + 1) else 0
        if len(filled) > 2 or len(filled) >= width:
            return 0
    return 0


def _heads(cut: Rows, apart: bool) -> bool:
    """Tell whether the first row names the columns of those below: text that is there, above rows as wide that are
    not all text.
    """
    names, alike = cut[0], sum(len(row) == len(cut[0]) for row in cut)
    filled = sum(bool(name.strip()) for name in names)
    regular = 2 * filled >= len(names) > 1 and alike >= AGREE * len(cut)
    return regular and not any(map(_data, names)) and (apart or _numeric(cut))


def _commented(above: list[str], comment: str, delimiter: str, cut: Rows) -> list[str] | None:
    """Return the names in a comment just above rows of data (`#chrom,start,end`), None where these have a header of
    their own.
    """
    if not comment or not above[-1].startswith(comment):
        return None
    rest = above[-1].removeprefix(comment)
    names = next(
        csv.reader([(above[-1] if rest.startswith(delimiter) else rest).strip("\r\n")], delimiter=delimiter), []
    )
    glued = not rest.startswith(" ") and not _numeric(cut)
    fits = len(names) == len(cut[0]) > 1 and not any(map(_data, names))
    return names if fits and (glued or any(map(_data, cut[0]))) else None


def _notes(above: list[str], delimiter: str, stated: str | None, path: str) -> tuple[str, ...]:
    passed = sum(bool(line.strip()) for line in above)
    notes = [f"passed over {passed} {'line' if passed == 1 else 'lines'} above the header of {path}"] if passed else []
    if delimiter == SPACE_DELIMITER and not stated:
        notes.append(f"read the fields of {path} as cut by spaces; another source.delimiter reads them otherwise")
    return tuple(notes)


def _check_header(cut: Rows, path: str) -> None:
    """Raise LaunderError where the first row is one of data: numbers, dates above dates, or words that the rows
    below repeat; or where it is not the only one of names.
    """
    if _goes_on(cut):
        raise LaunderError(
            f"expected the names of columns in one row of {path}, found a second row of words above numbers; set "
            "source.header=2 to join both, or true if that row is one of the table"
        )
    first = [cell.strip() for cell in cut[0]]
    numbers = [cell for cell in first if PLAIN_NUMBER.match(cell)]
    found = "values such as the rows below hold" if _repeated(first, cut[1:]) or _dated(first, cut[1:]) else ""
    if numbers and (len(numbers) == len(first) or not _is_series(numbers)):
        found = "numbers only" if len(numbers) == len(first) else f"{len(numbers)} numbers among them"
    if found:
        raise LaunderError(
            f"expected column names in the first line of {path}, found {found}; write a header line above the data, "
            "or set "
            "source.header=false to call the columns column_1, column_2, ..., or true if these are names"
        )


def _goes_on(cut: Rows) -> bool:
    """Tell whether the second row is of names too: words above nothing but numbers or dates in two columns or more."""
    body = [row for row in cut[2:] if len(row) == len(cut[0])]
    below = [[cell for row in body if (cell := row[at].strip())] for at in range(len(cut[0]))]
    words = [cell.strip() for cell in cut[1]] if len(cut) > 2 and len(cut[1]) == len(cut[0]) else []
    numeric = [word for word, cells in zip(words, below, strict=False) if len(cells) > 1 and all(map(_data, cells))]
    named = [word for word in numeric if WORDY.search(word) and word.lower() not in GAPS]
    return len(named) > 1 and not any(map(_data, words))


def _repeated(first: list[str], body: Rows) -> bool:
    """Tell whether most words of the first row, of two or more, stand in the same column again."""
    words = [at for at, cell in enumerate(first) if cell and not PLAIN_NUMBER.match(cell)]
    again = [at for at in words if any(row[at : at + 1] == [first[at]] for row in body)]
    return len(words) > 1 and 2 * len(again) > len(words)


def _dated(first: list[str], body: Rows) -> bool:
    return any(
        MOMENT.match(cell) and any(MOMENT.match(row[at]) for row in body if len(row) > at)
        for at, cell in enumerate(first)
    )


def _named(names: list[str], path: str) -> tuple[str, ...]:
    """Return the names, `column_1` for one left empty; a name twice is refused by position: it may be a value."""
    if not any(names):
        raise LaunderError(
            f"expected column names in the first line of {path}, found an empty line; remove it or write a header"
        )
    names = [name or f"column_{at}" for at, name in enumerate(names, 1)]
    for at, name in enumerate(names):
        if name in names[:at]:
            first = names.index(name) + 1
            raise LaunderError(
                f"expected every column name once in {path}, found that of column {first} again in column {at + 1}; "
                "rename one"
            )
    return tuple(names)


def _is_series(numbers: list[str]) -> bool:
    """Tell whether numbers in a header count up by one or are years, as in tables that are wide by design."""
    if not all(number.isdigit() for number in numbers):
        return False
    whole = [int(number) for number in numbers]
    return all(1900 <= year <= 2100 for year in whole) or (
        len(whole) > 1 and whole == list(range(whole[0], whole[0] + len(whole)))
    )


class Squeezed(io.RawIOBase):
    """The lines of a text, squeezed, as a stream of UTF-8."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text, self._lines, self._rest = text, squeezed(text), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and (block := "".join(islice(self._lines, 1024))):
            self._rest += block.encode()
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)

    def close(self) -> None:
        self._text.close()
        super().close()
