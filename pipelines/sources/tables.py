"""Sources: CSV and Parquet, a file or a folder of parts, read in batches whose types hold for the whole source."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.run.artifacts import LaunderError, digest_path
from pipelines.sources import delimited

PARQUET = (".parquet", ".pq", ".parq")
MAGIC = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "gzip data",
    b"ARROW1": "a Feather file",
    b"SQLite": "an SQLite database",
    b"\x89PNG": "an image",
    b"%PDF": "a PDF document",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"BZh": "bzip2 data",
}
BATCH = 65_536  # rows
PAGES = "whose pages cannot be read"


@dataclass(frozen=True)
class Source:
    """A table to read: column names, and a function that starts reading Arrow batches from its first row."""

    names: tuple[str, ...]
    batches: Callable[[], Iterator[pa.RecordBatch]]


def open_source(
    uri: str | Path,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    missing: Iterable[str] | None = None,
    text: Iterable[str] = (),
) -> Source:
    """Open a CSV or Parquet file, or a folder of parts with the same columns; LaunderError for anything else.

    `missing` lists the texts that stand for a missing value in CSV (delimited.MISSING); `text` the columns that stay text
    where they mix numbers and words.
    """
    files, parquet = _files(uri)
    if parquet:
        return _open_parquet(files)
    form = delimited.Form(delimiter, encoding, delimited.MISSING if missing is None else tuple(missing), frozenset(text))
    return Source(*delimited.open_files(files, form))


def read_table(uri: str | Path, **options: object) -> pd.DataFrame:
    """Read a whole source into a frame; integers with missing values keep their digits as Int64, texts are Python strings."""
    files, parquet = _files(uri)
    source = open_source(uri, **options)
    if parquet:
        return _frame([_whole_parquet(path) for path in files])
    batches = list(source.batches())
    table = pa.Table.from_batches(batches)
    return _with_integers(table.to_pandas(), table)


def digest(uri: str | Path) -> str:
    """Return the SHA-256 of a source: of its file, or of the names and contents of its parts; LaunderError where there is none."""
    _files(uri)
    return digest_path(_path(uri))


def _files(uri: str | Path) -> tuple[list[Path], bool]:
    path = _path(uri)
    if not path.exists():
        raise LaunderError(f"expected a CSV or Parquet file or a folder of them at {path}, found nothing there; check the path")
    files = _parts(path) if path.is_dir() else [path]
    kinds = {_is_parquet(file) for file in files}
    if len(kinds) > 1:
        raise LaunderError(f"expected parts of one format in the folder {path}, found both CSV and Parquet; keep one of them")
    return files, kinds.pop()


def _path(uri: str | Path) -> Path:
    text = str(uri)
    scheme, found, rest = text.partition("://")
    if found and scheme != "file":
        raise LaunderError(
            f"expected the path of a CSV or Parquet file, found an address of the scheme {scheme!r}; copy the data here first"
        )
    return Path(rest if found else text).expanduser()


def _parts(folder: Path) -> list[Path]:
    suffixes = PARQUET + delimited.SUFFIXES
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in suffixes)
    files = [path for path in files if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)]
    if not files:
        raise LaunderError(f"expected CSV or Parquet files in the folder {folder}, found none; check the path")
    if any("=" in part for path in files for part in path.relative_to(folder).parts[:-1]):
        raise LaunderError(f"expected the parts of one table in {folder}, found folders named column=value; merge them into one file first")
    return files


def _is_parquet(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except PermissionError:
        raise LaunderError(f"expected a file that can be read at {path}, found one that cannot; check its permissions") from None
    if not head:
        raise LaunderError(f"expected a table in {path}, found an empty file; write the data to it again")
    found = next((what for magic, what in MAGIC.items() if head.startswith(magic)), None)
    if found and found != "Parquet":
        raise LaunderError(f"expected CSV or Parquet in {path}, found {found}; export the table as CSV or Parquet")
    return found == "Parquet" or path.suffix.lower() in PARQUET


def _open_parquet(files: list[Path]) -> Source:
    schemas = [_parquet(path).schema_arrow for path in files]
    names = _data_names(schemas[0])
    for path, schema in zip(files, schemas, strict=True):
        _check_names(_data_names(schema), names, path)
        _check_types(schema, path)
    if not any(_parquet(path).metadata.num_rows for path in files):
        raise LaunderError(f"expected rows in {files[0]}, found columns without any; write the data to it again")
    return Source(tuple(names), lambda: _parquet_batches(files, names))


def _parquet(path: Path) -> pq.ParquetFile:
    with _damage(path, "that is cut off or damaged"):
        return pq.ParquetFile(path)


@contextmanager
def _damage(path: Path, how: str) -> Iterator[None]:
    """Tell a damaged file from a disk that fails: Arrow calls both OSError, but only the second has a number."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise LaunderError(f"expected a whole Parquet file at {path}, found one {how}; copy or write it again") from None


def _data_names(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if not name.startswith("__index_level_")]  # row labels that pandas wrote


def _check_names(names: list[str], first: list[str], path: Path) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise LaunderError(
            f"expected every column name once in {path}, found {', '.join(map(repr, twice))} more than once; rename one of them"
        )
    if set(names) != set(first):
        other = ", ".join(map(repr, sorted(set(names) ^ set(first))))
        raise LaunderError(f"expected the same columns in every part, found that {path} differs in {other}; make the parts alike")


def _check_types(schema: pa.Schema, path: Path) -> None:
    for field in schema:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise LaunderError(
                f"expected numbers, text, booleans or dates in column {field.name!r} of {path}, found {field.type}; "
                "remove the column from the file or write it as text"
            )


def _parquet_batches(files: list[Path], names: list[str]) -> Iterator[pa.RecordBatch]:
    for path in files:
        with _damage(path, PAGES):
            for batch in _parquet(path).iter_batches(BATCH, columns=names):
                yield batch.select(names)


def _whole_parquet(path: Path) -> pd.DataFrame:
    with _damage(path, PAGES):
        table = _parquet(path).read()
    frame = _plain(table).to_pandas()
    if frame.index.names != [None]:
        frame = frame.reset_index()
    return _with_integers(frame.reset_index(drop=True), table)


def _plain(table: pa.Table) -> pa.Table:
    """Write times of day as text, decimals as float64 and durations as seconds, which nothing after this has a kind for."""
    for at, field in enumerate(table.schema):
        if pa.types.is_time(field.type):
            table = table.set_column(at, field.name, pc.cast(table.column(at), pa.string()))
        elif pa.types.is_duration(field.type):
            seconds = pc.divide(pc.cast(pc.cast(table.column(at), pa.duration("us")), pa.int64()), pa.scalar(1e6))
            table = table.set_column(at, field.name, seconds)
        elif pa.types.is_decimal(field.type):
            table = table.set_column(at, field.name, pc.cast(table.column(at), pa.float64()))
    return table


def _frame(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    first = frames[0]
    for frame in frames[1:]:
        for name in first.columns:
            if frame[name].dtype.kind != first[name].dtype.kind and {frame[name].dtype.kind, first[name].dtype.kind} & set("OMb"):
                raise LaunderError(
                    f"expected one type in column {name!r} over all parts, found {first[name].dtype} and {frame[name].dtype}"
                )
    return pd.concat([frame[list(first.columns)] for frame in frames], ignore_index=True)


def _with_integers(frame: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """Redo the columns that pandas made float64 or object only because a value is missing."""
    for name in frame.columns.intersection(table.column_names):
        column, dtype = table.column(name), frame[name].dtype
        if column.null_count and pa.types.is_integer(column.type) and pd.api.types.is_float_dtype(dtype):
            frame[name] = column.to_pandas(types_mapper={column.type: _nullable(column.type)}.get)
        elif column.null_count and pa.types.is_boolean(column.type) and pd.api.types.is_object_dtype(dtype):
            frame[name] = column.to_pandas(types_mapper={column.type: pd.BooleanDtype()}.get)
    return frame


def _nullable(type_: pa.DataType) -> object:
    return pd.api.types.pandas_dtype(str(type_).replace("uint", "UInt") if pa.types.is_unsigned_integer(type_) else str(type_).capitalize())
