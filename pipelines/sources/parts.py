"""The parts of a table: files, or members of a zip archive, decompressed while they are read; their format by
content first.
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from launderette.pipelines.run.artifacts import LaunderError

TEXT, JSON, LINES, PARQUET, ARROW, EXCEL = "delimited text", "JSON", "JSON lines", "Parquet", "Arrow", "Excel"
PACKED = (".gz", ".bz2", ".zst", ".xz")
FORMAT_BY_SUFFIX = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".data", ".tab", ".dat"), TEXT),
    **dict.fromkeys((".jsonl", ".ndjson"), LINES),
    **dict.fromkeys((".parquet", ".pq", ".parq"), PARQUET),
    **dict.fromkeys((".feather", ".arrow", ".arrows", ".ftr"), ARROW),
    **dict.fromkeys((".xlsx", ".xlsm"), EXCEL),
    ".json": JSON,
}
MAGIC = {b"PAR1": PARQUET, b"ARROW1": ARROW, b"FEA1": ARROW, b"\xff\xff\xff\xff": ARROW}
FOREIGN = {  # what begins like this is refused by its name
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"SQLite format": "an SQLite database",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x89HDF": "an HDF5 file",
    b"ORC": "an ORC file",
    b"$FL2": "an SPSS file",
    b"<stata": "a Stata file",
    b"\x80\x04\x95": "serialised Python objects, which can hold a program",
    b"\x80\x05\x95": "serialised Python objects, which can hold a program",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
}


def _buffered(opened: type[gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]) -> Callable[[Path], IO[bytes]]:
    return lambda path: io.BufferedReader(opened(path))


COMPRESSIONS: dict[bytes, tuple[str, Callable[[Path], IO[bytes]]]] = {
    b"\x1f\x8b": ("gzip", _buffered(gzip.GzipFile)),
    b"BZh": ("bzip2", _buffered(bz2.BZ2File)),
    b"\xfd7zXZ": ("xz", _buffered(lzma.LZMAFile)),
    b"\x28\xb5\x2f\xfd": ("zstd", lambda path: pa.input_stream(str(path), compression="zstd")),
}
PAGE = re.compile(rb"\s*<(!doctype|!--|\?xml|html|head|body|table|div|meta|style)\b", re.IGNORECASE)
HEAD_BYTES = 1 << 16  # bytes that a format is told by
USE = "save the table as CSV, Parquet, JSON lines or Excel (.xlsx)"
DECOMPRESSION_ERRORS = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    pa.ArrowException,
)


@dataclass(frozen=True)
class Part:
    """A file, or a member of an archive: `name` for sentences, `open` a stream of its decompressed bytes, from
    their first.
    """

    name: str
    open: Callable[[], IO[bytes]]
    packed: bool = False  # not to be read from the disk as it is
    path: Path | None = None

    def read(self) -> bytes:
        """Return all bytes; LaunderError where they are damaged."""
        with undamaged(self.name), self.open() as file:
            return file.read()

    def head(self) -> bytes:
        """Return the first bytes; LaunderError where there are none or they are damaged."""
        with undamaged(self.name), self.open() as file:
            head = file.read(HEAD_BYTES)
        if not head:
            raise LaunderError(f"expected a table in {self.name}, found an empty file; write the data to it again")
        return head


@contextmanager
def undamaged(name: str) -> Iterator[None]:
    """Turn what decompression raises into one sentence, and leave failures of the disk as they are."""
    try:
        yield
    except PermissionError:
        raise LaunderError(
            f"expected a file that can be read at {name}, found one that cannot; check its permissions"
        ) from None
    except (OSError, *DECOMPRESSION_ERRORS) as error:
        if getattr(error, "errno", None):
            raise
        locked = isinstance(error, RuntimeError) and "password" in str(error)
        found = "one behind a password" if locked else "one that is cut off or damaged"
        kind = {".xlsx": "Excel workbook", ".xlsm": "Excel workbook"}.get(suffix(name), "compressed file")
        raise LaunderError(f"expected a whole {kind} at {name}, found {found}; copy or write it again") from None


def of_file(path: Path) -> list[Part]:
    """Return the part that a file is, or those that a zip archive holds. LaunderError for an archive without tables."""
    plain = Part(str(path), lambda: path.open("rb"), path=path)
    head = plain.head()
    for magic, (_, opened) in COMPRESSIONS.items():
        if head.startswith(magic):
            return [Part(str(path), partial(opened, path), packed=True)]
    if head.startswith(b"PK\x03\x04"):
        return _members(path, plain)
    return [plain]


def _members(path: Path, plain: Part) -> list[Part]:
    with undamaged(str(path)), zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if not name.endswith("/"))
    if any(name.startswith("xl/") for name in names):
        return [plain]
    for sign, what in (
        ("word/", "a Word document"),
        ("mimetype", "an OpenDocument file"),
        ("content.xml", "an OpenDocument file"),
    ):
        if any(name.startswith(sign) for name in names):
            raise LaunderError(f"expected a table in {path}, found {what}; {USE}")
    visible = [
        name for name in names if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
    ]
    tables = [name for name in visible if suffix(name) in FORMAT_BY_SUFFIX]
    if not tables:
        raise LaunderError(
            f"expected tables in the archive {path}, found none among its {len(visible):,} files; unpack it to look"
        )
    return [Part(f"{name} in {path}", partial(_member, path, name), packed=True) for name in tables]


def _member(path: Path, name: str) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        return archive.open(name)  # keeps the file open for itself


def suffix(name: str | Path) -> str:
    """Return the ending that tells a format, in small letters: that of `x.csv.gz` is `.csv`."""
    path = PurePosixPath(str(name).lower())
    return PurePosixPath(path.stem).suffix if path.suffix in PACKED else path.suffix


def format_of(part: Part) -> str:
    """Return the format of a part, by its first bytes, then by its name. LaunderError for one that is read by
    nothing here.
    """
    head = part.head()
    if known := next((form for magic, form in MAGIC.items() if head.startswith(magic)), None):
        return known
    if head.startswith(b"PK\x03\x04"):
        return EXCEL
    found = next((what for magic, what in FOREIGN.items() if head.startswith(magic)), None)
    text = head.removeprefix(b"\xef\xbb\xbf")
    if PAGE.match(text):
        found = "an HTML page or XML"
    elif head[257:262] == b"ustar" and b"\0" in head[:257] and b"\n" not in head[:257]:  # no row below a header
        found = "a tar archive"
    if found:
        raise LaunderError(f"expected a table in {part.name}, found {found}; {USE}")
    named = FORMAT_BY_SUFFIX.get(suffix(part.name.partition(" in ")[0] if part.path is None else part.path.name))
    return _json(text, named) or (named if named in (PARQUET, ARROW, EXCEL) else TEXT)


def _json(text: bytes, named: str | None) -> str | None:
    """Tell JSON from delimited text: an object in the first line, with more below, or a document of records."""
    text = text.lstrip()
    first, _, more = text.partition(b"\n")
    if re.match(rb'\{\s*("|\}\s*\n)', text):
        lines = named == LINES or more.strip() or (named != JSON and _flat(first))
        return LINES if first.rstrip().endswith(b"}") and lines else JSON
    if re.match(rb"\[\s*(\{|\[|\]\s*$)", text):
        return JSON
    return named if named in (JSON, LINES) else None


def _flat(line: bytes) -> bool:
    """Tell whether a line of JSON is one record: an object whose values are no objects or lists."""
    return not re.search(rb"[\[{]", line[1:])


def stream(part: Part) -> IO[bytes]:
    """Return a stream that can be read from any place: the file itself, or the decompressed bytes in memory."""
    return io.BytesIO(part.read()) if part.packed else part.open()
