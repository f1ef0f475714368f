"""Sources of tables: files or folders of parts in any format that tables come in, read in batches whose types hold
for all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypedDict, Unpack

import pandas as pd
import pyarrow as pa

from launderette.pipelines.large_tables import drawing
from launderette.pipelines.large_tables.drawing import Draw, TableRead
from launderette.pipelines.run.artifacts import LaunderError, digest_path, to_frame
from launderette.pipelines.sources import columnar, delimited, excel, json_records, lines, partitioned, parts, records
from launderette.pipelines.sources.parts import ARROW, EXCEL, JSON, LINES, PARQUET, Part

# keys of a frame's attrs: what is to be said of how it was read, names of columns not read
NOTES, LEFT_OUT = "notes", "left_out"


class ReadingOptions(TypedDict, total=False):
    """How a table is read: delimiter, header, encoding and missing (the texts that mean no value) of delimited text;
    sheet of a workbook; `without`, columns to leave out; `typed` False for delimited text as it stands, each line a row
    by itself (lines.py), and for a table that may have no rows.
    """

    delimiter: str | None
    header: int | None
    encoding: str
    missing: Iterable[str] | None
    sheet: str | None
    without: Iterable[str]
    typed: bool


@dataclass(frozen=True)
class TableSource:
    """A table to read: column names, a function that starts reading Arrow batches from its first row.

    `left_out` are the columns that are there and were not asked for, `notes` what is to be said of how the rest is
    read.
    """

    names: tuple[str, ...]
    batches: Callable[[], Iterator[pa.RecordBatch]]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counted: int | None = None  # rows, where opening it has told

    @property
    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches()) if self.counted is None else self.counted


def open_source(uri: str | Path, **options: Unpack[ReadingOptions]) -> TableSource:
    """Open a table, a file or a folder of parts with the same columns; LaunderError for what is none."""
    found, form = _parts(uri)
    return _open(found, form, _partitions(uri, found), **options)


def read_table(uri: str | Path, **options: Unpack[ReadingOptions]) -> pd.DataFrame:
    """Read a whole source into a frame; integers with missing values keep their digits as Int64, texts are Python
    strings. LaunderError for what is no table.
    """
    return draw_table(uri, None, **options).frame


def draw_table(uri: str | Path, draw: Draw | None, **options: Unpack[ReadingOptions]) -> TableRead:
    """Read a source as read_table does or, where a draw allows fewer rows than it has, so many of them, drawn at random
    while it is read.
    """
    found, form = _parts(uri)
    if form == parts.TEXT and not options.get("typed", True):
        frame = _by_line(found, **options)
        return TableRead(frame, len(frame))
    folder = _partitions(uri, found)
    source = _open(found, form, folder, **options)
    rows = columnar.rows(found) if form == PARQUET else source.counted
    if rows is None and draw and not draw.whole:
        rows = source.rows
    batches = source.batches()
    first = list(islice(batches, 1)) if draw and rows is not None else []
    if draw and rows is not None and (most := draw.most(rows, len(source.names), _row_bytes(first))) < rows:
        asked = draw if draw.entity in source.names else replace(draw, entity=None)
        frame, profile = drawing.draw(source.batches, rows, most, asked, partial(_frame, form))
        return TableRead(_noted(frame, source), rows, profile)
    if folder:
        frame = partitioned.read(folder, found, source.names, options.get("typed", True))
    elif form in (PARQUET, ARROW):
        read = columnar.read if options.get("typed", True) else columnar.read_each
        frame = read(found, form, source.names)
    else:
        frame = _frame(form, pa.Table.from_batches([*first, *batches]))
    return TableRead(_noted(frame, source), len(frame))


def _row_bytes(first: list[pa.RecordBatch]) -> float:
    """Return how many bytes a row of the first batch, if there is one, takes in Arrow's memory."""
    return sum(batch.nbytes / max(1, len(batch)) for batch in first)


def frames(uri: str | Path, names: list[str], **options: Unpack[ReadingOptions]) -> Iterator[pd.DataFrame]:
    """Read some columns of a whole source, a part of its rows in memory at a time."""
    found, form = _parts(uri)
    source = _open(found, form, _partitions(uri, found), **options)
    for table in drawing.chunks(batch.select(names) for batch in source.batches()):
        yield _frame(form, table)


def _frame(form: str, table: pa.Table) -> pd.DataFrame:
    """Return Arrow's rows as a frame, with the types that the format of the file has them in."""
    if form in (PARQUET, ARROW):
        return columnar.with_integers(to_frame(table).reset_index(drop=True), table)
    return columnar.with_integers(table.to_pandas(), table)


def _noted(frame: pd.DataFrame, source: TableSource) -> pd.DataFrame:
    frame.attrs |= {NOTES: list(source.notes), LEFT_OUT: list(source.left_out)}
    return frame


def _by_line(found: list[Part], **options: Unpack[ReadingOptions]) -> pd.DataFrame:
    written = _form(options.get("delimiter"), options.get("header"), options["encoding"], options.get("missing"))
    frame, notes, left_out = lines.read(found, written, frozenset(options.get("without", ())))
    frame.attrs |= {NOTES: notes, LEFT_OUT: left_out}
    return frame


def _form(
    delimiter: str | None, header: int | None, encoding: str, missing: Iterable[str] | None
) -> delimited.DelimitedForm:
    known = delimited.MISSING_TEXTS if missing is None else tuple(missing)
    return delimited.DelimitedForm(delimiter, header, encoding, known)


def notes_of(frame: pd.DataFrame) -> list[str]:
    """Return the sentences that are to be said of how a frame was read."""
    return [f"{note[:1].upper()}{note[1:]}." for note in frame.attrs.get(NOTES, ())]


def digest(uri: str | Path) -> str:
    """Return the SHA-256 of a source: of its file, or of the names and contents of its parts; LaunderError where
    there is none.
    """
    _parts(uri)
    return digest_path(_path(uri))


def encoding_of(uri: str | Path, stated: str) -> str:
    """Return utf-8 for a source whose text is, else the encoding stated: of several sources one may be written by
    another program.
    """
    found, form = _parts(uri)
    text = form == parts.TEXT and not all(delimited.decodes(part, "utf-8") for part in found)
    return stated if text else "utf-8"


def _open(
    found: list[Part],
    form: str,
    partitions: Path | None = None,
    *,
    delimiter: str | None = None,
    header: int | None = None,
    encoding: str = "utf-8",
    missing: Iterable[str] | None = None,
    sheet: str | None = None,
    without: Iterable[str] = (),
    typed: bool = True,
) -> TableSource:
    if partitions:
        return TableSource(*partitioned.open_folder(partitions, found, frozenset(without), typed))
    if form in (PARQUET, ARROW):
        return TableSource(*columnar.open_parts(found, form, frozenset(without), typed))
    if form in (JSON, LINES, EXCEL) and not typed:
        raise LaunderError(
            f"expected delimited text, Parquet or Arrow under privacy.epsilon, found {form}, whose types follow from "
            "its rows; convert it first"
        )
    if form in (JSON, LINES):
        return TableSource(
            *records.open_records(json_records.rows_of(found, form), found[0].name, missing or (), frozenset(without))
        )
    if form == EXCEL:
        found, delimiter, encoding = [excel.as_text(part, sheet) for part in found], ",", "utf-8"
    names, batches, notes, rows = delimited.open_parts(found, _form(delimiter, header, encoding, missing))
    kept, left_out = (
        [name for name in names if name not in set(without)],
        tuple(name for name in names if name in set(without)),
    )
    return TableSource(tuple(kept), lambda: (batch.select(kept) for batch in batches()), left_out, notes, rows)


def _parts(uri: str | Path) -> tuple[list[Part], str]:
    """Return the parts of a source and their common format."""
    path = _path(uri)
    if not path.exists():
        raise LaunderError(
            f"expected a table at {path}, a file or a folder of its parts, found nothing there; check the path"
        )
    files = _files(path) if path.is_dir() else [path]
    found = [part for file in files for part in parts.of_file(file)]
    forms = sorted({parts.format_of(part) for part in found})
    if len(forms) > 1:
        raise LaunderError(
            f"expected parts of one format in {path}, found both {forms[0]} and {forms[1]}; keep one of them"
        )
    if forms[0] != PARQUET and path.is_dir() and partitioned.is_partitioned(path, files):
        raise LaunderError(
            f"expected Parquet in folders called column=value, found {forms[0]} in {path}; merge it into one file first"
        )
    return found, forms[0]


def _partitions(uri: str | Path, found: list[Part]) -> Path | None:
    """Return the folder around parts that lie in folders called column=value, None for any others."""
    path = _path(uri)
    files = [part.path for part in found if part.path is not None]
    return path if path.is_dir() and partitioned.is_partitioned(path, files) else None


def _path(uri: str | Path) -> Path:
    text = str(uri)
    scheme, found, rest = text.partition("://")
    if found and scheme != "file":
        raise LaunderError(
            f"expected the path of a table, found an address of the scheme {scheme!r}; copy the data here first"
        )
    return Path(rest if found else text).expanduser()


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder that are named as parts of a table; .json, which often describes one, where
    there are no others.
    """
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and _named(path) and not _hidden(path.relative_to(folder))
    )
    files = [path for path in files if parts.suffix(path) != ".json"] or files
    if not files:
        raise LaunderError(f"expected CSV, Parquet or other tables in the folder {folder}, found none; check the path")
    return files


def _named(path: Path) -> bool:
    return parts.suffix(path) in parts.FORMAT_BY_SUFFIX or path.suffix.lower() == ".zip"


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)
