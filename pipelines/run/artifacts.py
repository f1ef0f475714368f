"""Files between stages: tables as Parquet, documents as JSON, each written whole or not at all, each known by its
SHA-256.
"""

import errno
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # at run time imported where a table is read or written: most commands look at documents alone
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

CODE_ROOTS = ("pipelines", "generators", "evaluation", "flows.py")
ROOT = Path(__file__).resolve().parents[2]
WRITTEN_AS: dict[str, Any] = {"compression": "zstd", "version": "2.6"}  # how every table is written
CHUNK_BYTES = 1 << 20  # bytes read at a time
REPEATED_BYTES = 3  # of a text in a file, on average, at most: where it is the number of one that repeats


class LaunderError(ValueError):
    """What a user can put right, in one sentence: expected, found, what to do. Never a value of a row."""


class Unavailable(LaunderError):
    """The disk or the network failed in a way that may pass: trying again may help."""


def is_ours(error: BaseException) -> bool:
    """Tell whether an exception is one of the project's own types, whose text is a sentence for the user and holds no
    value of a row.

    A ValueError of a library that our code calls is not: its text may quote a row, whichever line it was raised from.
    """
    if isinstance(error, LaunderError):
        return True
    from launderette.evaluation.scores import EvaluationError  # late: they take a second to import
    from launderette.generators.errors import GeneratorError

    return isinstance(error, EvaluationError | GeneratorError)


@contextmanager
def restated() -> Iterator[None]:
    """Raise what a generator refuses as a LaunderError of the same sentence."""
    from launderette.generators.errors import GeneratorError  # late: with torch

    try:
        yield
    except GeneratorError as error:
        raise LaunderError(str(error)) from None


@dataclass(frozen=True)
class Artifact:
    """A table in a file: its path, the SHA-256 of the file, its number of rows."""

    path: str
    digest: str
    rows: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def write_frame(frame: "pd.DataFrame", path: str | Path) -> Artifact:
    """Write a frame as Parquet with its dtypes; the same rows give the same bytes."""
    import pyarrow.parquet as pq

    table = to_table(frame)
    with atomic_write(path) as aside:
        pq.write_table(table, aside, **WRITTEN_AS)
    return Artifact(str(path), digest_file(path), len(frame))


def write_frames(frames: Iterable["pd.DataFrame"], path: str | Path) -> Artifact:
    """Write frames of one schema below one another as Parquet, one of them in memory at a time."""
    import pyarrow.parquet as pq

    rows, parts = 0, (to_table(frame) for frame in frames)
    first = next(parts)
    with atomic_write(path) as aside, pq.ParquetWriter(aside, first.schema, **WRITTEN_AS) as writer:
        for table in chain([first], parts):
            writer.write_table(table.cast(first.schema))
            rows += len(table)
    return Artifact(str(path), digest_file(path), rows)


def to_table(frame: "pd.DataFrame") -> "pa.Table":
    """Return a frame's rows as Arrow's; LaunderError for a column of several types."""
    import pandas as pd
    import pyarrow as pa

    plain = frame.copy(deep=False)  # resetting the index would copy every value
    plain.index = pd.RangeIndex(len(plain))
    plain.attrs = {}  # pandas would write them into the file
    try:
        return pa.Table.from_pandas(plain, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        raise LaunderError(
            f"expected one type of value in each column, found several in {_mixed(plain)}; make them one"
        ) from None


def _mixed(frame: "pd.DataFrame") -> str:
    objects = [name for name in frame.columns if frame[name].dtype == object]
    mixed = [name for name in objects if frame[name].dropna().map(type).nunique() > 1]
    return ", ".join(repr(str(name)) for name in mixed or objects)


def read_frame(source: Artifact | str | Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Read a frame that write_frame wrote, dtypes included, or some of its columns; LaunderError where the file is
    gone, damaged or another one.
    """
    import pyarrow as pa

    path = Path(source.path if isinstance(source, Artifact) else source)
    if not path.is_file():
        raise LaunderError(f"expected a Parquet file at {path}, found none; run the stage that writes it again")
    if isinstance(source, Artifact):
        check_unchanged(path, source.digest)
    try:
        return _read(path, columns)
    except (pa.ArrowException, OSError):
        raise LaunderError(f"expected a whole Parquet file at {path}, found a damaged one; write it again") from None


def _read(path: Path, columns: Sequence[str] | None) -> "pd.DataFrame":
    """Read a frame whose rows share the objects of texts that repeat: to make each row's takes three times as long."""
    import pandas as pd
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        shared = [name for name in _repeated(file) if columns is None or name in columns]
    table = pq.read_table(path, columns=columns, read_dictionary=shared)
    if not shared:
        return to_frame(table)
    others = to_frame(table.drop_columns(shared))
    found = {name: _objects(table.column(name)) if name in shared else others[name] for name in table.column_names}
    return pd.DataFrame(found, index=pd.RangeIndex(len(table)), copy=False)


def _repeated(file: "pq.ParquetFile") -> Iterator[str]:
    """Yield the columns of texts that are stored as numbers of repeated ones, and come out as objects."""
    import pyarrow as pa

    metadata, schema = file.metadata, file.schema_arrow
    said = {one["field_name"]: one["numpy_type"] for one in (schema.pandas_metadata or {"columns": []})["columns"]}
    for k, field in enumerate(schema if metadata.num_row_groups else ()):
        stored = metadata.row_group(0).column(k)
        small = stored.total_uncompressed_size <= REPEATED_BYTES * stored.num_values
        if small and pa.types.is_string(field.type) and said.get(field.name) == "object":
            yield field.name


def _objects(texts: "pa.ChunkedArray") -> "pd.Series":
    """Return texts with a dictionary as objects, None where missing."""
    import numpy as np
    import pandas as pd

    found = [np.empty(0, dtype=object)]
    for chunk in texts.chunks:
        values = np.array([*chunk.dictionary.to_pylist(), None], dtype=object)
        found.append(values[chunk.indices.fill_null(len(values) - 1).to_numpy()])
    return pd.Series(np.concatenate(found), dtype=object)


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """Return Arrow's rows as a frame; decimals, times of day and dates, for which pandas has no type, in Arrow's
    own.
    """
    return table.to_pandas(types_mapper=_own_type)


def chosen(frame: "pd.DataFrame", names: list[str]) -> "pd.DataFrame":
    """Return these columns of a frame in this order; no value is copied where these are all."""
    return frame.copy(deep=False) if list(frame.columns) == names else frame[names]


def _own_type(type_: "pa.DataType") -> "pd.ArrowDtype | None":
    import pandas as pd
    import pyarrow as pa

    kept = pa.types.is_decimal(type_) or pa.types.is_time(type_) or pa.types.is_date(type_)
    return pd.ArrowDtype(type_) if kept else None


def write_json(path: str | Path, document: Any) -> None:
    """Write a document as canonical JSON (sorted keys, no NaN), whole or not at all."""
    with atomic_write(path) as aside:
        aside.write_bytes(canonical(document))


def read_json(path: str | Path) -> Any:
    """Read a JSON document; LaunderError where there is none."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError:
        raise LaunderError(f"expected a JSON file at {path}, found none that can be read") from None
    except ValueError:
        raise LaunderError(f"expected JSON in {path}, found something else; the file is damaged") from None


def canonical(document: Any) -> bytes:
    """Return the one JSON text of a document."""
    return (json.dumps(document, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n").encode()


def digest_of(document: Any) -> str:
    """Return the SHA-256 of a document's canonical JSON."""
    return hashlib.sha256(canonical(document)).hexdigest()


def digest_file(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def digest_files(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path relative to the folder."""
    here = Path(folder)
    files = sorted(path for path in here.rglob("*") if path.is_file())
    return {path.relative_to(here).as_posix(): digest_file(path) for path in files}


def digest_folder(folder: str | Path) -> str:
    """Return one SHA-256 for the files of a folder: their names and contents."""
    return digest_of(digest_files(folder))


def digest_path(path: str | Path) -> str:
    """Return the SHA-256 of a source: a file's, or a folder's."""
    return digest_folder(path) if Path(path).is_dir() else digest_file(path)


def check_unchanged(path: str | Path, digest: str) -> None:
    """Raise LaunderError where a file or folder is gone or another one than its stage left."""
    if not Path(path).exists() or digest_path(path) != digest:
        raise LaunderError(f"expected {path} as its stage left it, found it changed; remove it and run again")


def code_digest(parts: tuple[str, ...] = CODE_ROOTS) -> str:
    """Return the SHA-256 of the project's own code, or of some files and folders of it: modules, templates, scripts,
    schemas.
    """
    return digest_of({path.relative_to(ROOT).as_posix(): digest_file(path) for path in code_files(parts)})


@cache  # a process has the code that it began with
def code_files(parts: tuple[str, ...] = CODE_ROOTS) -> tuple[Path, ...]:
    """Return the files of the project's own code below some of its files and folders, sorted; not what Python compiles
    them to.
    """
    found = {path for part in parts for path in [ROOT / part, *(ROOT / part).rglob("*")]}
    return tuple(sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts))


def file_artifact(path: Path) -> dict[str, Any]:
    """Return a file or a folder as a step's result names it: its path and its SHA-256."""
    return {"path": str(path), "digest": digest_path(path)}


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes its final name, flushed to the disk, only when the block
    succeeds.
    """
    final = Path(path)
    aside = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")  # two at once do not write into one file
    try:
        with explained(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            yield aside
            flush(aside)
            os.replace(aside, final)
            flush(final.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def check_place(path: str | Path) -> None:
    """Raise LaunderError where nothing can be written at `path`, before work goes into what belongs there."""
    with explained(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass


def flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def explained(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says about writing to `path` into one sentence."""
    try:
        yield
    except OSError as error:
        raise failure(f"expected to write {path}", error) from None


def failure(expected: str, error: OSError) -> LaunderError:
    """Return the sentence for a failure of the operating system; Unavailable where it is none that a user has to
    put right.
    """
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            found = "no space left on the disk; free some, or choose another output folder, and run again"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            found = "no permission; choose another place, or change its permissions"
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR:
            found = "something else under a name on its way; choose another place"
        case errno.ENOENT:
            found = "that there is no such place; check the path, or choose another one"
        case errno.EFBIG:
            found = "that files may not grow that large here (see ulimit -f); choose another place"
        case number:
            what = os.strerror(number) if number else type(error).__name__
            return Unavailable(f"{expected}, found that it fails ({what}); run again, or choose another place")
    return LaunderError(f"{expected}, found {found}")
