"""Columnar files: Parquet, Feather and Arrow, read in batches of their own types."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from launderette.pipelines.run.artifacts import LaunderError, to_frame
from launderette.pipelines.sources.parts import PARQUET, Part, stream
from launderette.pipelines.sources.records import BATCH_ROWS

Batches = Callable[[], Iterator[pa.RecordBatch]]
PAGES = "whose pages cannot be read"
INDEX_PREFIX = "__index_level_"  # what pandas calls the labels of rows
STREAM = b"\xff\xff\xff\xff"  # how an Arrow stream begins, where a file says ARROW1


def open_parts(
    parts: list[Part], form: str, without: frozenset[str], typed: bool = True
) -> tuple[tuple[str, ...], Batches, tuple[str, ...]]:
    """Check every part and return the names, a reader of batches and the columns of `without`, which are left unread.

    LaunderError for parts that differ and, where `typed`, for values that there is no kind for, or no rows.
    """
    schemas = [_schema(part, form) for part in parts]
    names = _names(schemas[0], without)
    for part, schema in zip(parts, schemas, strict=True):
        _check_names(_names(schema, without), names, part.name)
        if typed:
            _check_types(schema, names, part.name)
    if typed and not any(_holds_rows(part, form) for part in parts):
        raise LaunderError(f"expected rows in {parts[0].name}, found columns without rows; write the data to it again")
    left_out = tuple(name for name in schemas[0].names if name in without)
    return tuple(names), lambda: (batch for part in parts for batch in _batches(part, form, names)), left_out


def read(parts: list[Part], form: str, names: Iterable[str]) -> pd.DataFrame:
    """Read whole parts into a frame; integers and booleans with missing values keep their type."""
    return _joined([_frame(_table(part, form, list(names))) for part in parts])


def read_each(parts: list[Part], form: str, names: Iterable[str]) -> pd.DataFrame:
    """Read whole parts into a frame, each value with the type that it has in its own part, whose types may follow from
    its rows; a text that is no UTF-8 is missing.
    """
    return each([_frame(legible(_table(part, form, list(names)))) for part in parts])


def each(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all frames, each value with the type that it has in its own."""
    if len(frames) == 1:
        return frames[0]
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True)


def legible(table: pa.Table) -> pa.Table:
    """Return a table in which texts that are no UTF-8 are missing: Arrow would stop at the first."""
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            table = table.set_column(at, name, _legible(column))
    return table


def _legible(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return pa.chunked_array([pa.array(map(_text, column.cast(pa.large_binary()).to_pylist()), pa.string())])
    return column


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def rows(parts: list[Part]) -> int:
    """Return the number of rows in parts of Parquet, whose metadata tell."""
    return sum(_opened(part, PARQUET).metadata.num_rows for part in parts)


@contextmanager
def _whole(part: Part, form: str, how: str) -> Iterator[None]:
    """Tell a damaged file from a disk that fails: Arrow calls both OSError, but only the second has a number."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise LaunderError(
            f"expected a whole {form} file at {part.name}, found one {how}; copy or write it again"
        ) from None


def _opened(part: Part, form: str) -> pq.ParquetFile | ipc.RecordBatchFileReader | ipc.RecordBatchStreamReader:
    source = part.path or stream(part)
    with _whole(part, form, "that is cut off or damaged"):
        if form == PARQUET:
            return pq.ParquetFile(source)
        head = part.head()
        if head.startswith(b"FEA1"):
            table = feather.read_table(source)
            return pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
        source = pa.memory_map(str(source)) if part.path else source
        return ipc.open_stream(source) if head.startswith(STREAM) else ipc.open_file(source)


def _schema(part: Part, form: str) -> pa.Schema:
    found = _opened(part, form)
    return found.schema_arrow if form == PARQUET else found.schema


def _holds_rows(part: Part, form: str) -> bool:
    found = _opened(part, form)
    return found.metadata.num_rows > 0 if form == PARQUET else any(batch.num_rows for batch in _arrow(found, part))


def _arrow(found: ipc.RecordBatchFileReader | pa.RecordBatchReader, part: Part) -> Iterator[pa.RecordBatch]:
    with _whole(part, "Arrow", PAGES):
        if isinstance(found, ipc.RecordBatchFileReader):
            yield from (found.get_batch(at) for at in range(found.num_record_batches))
        else:
            yield from found


def _names(schema: pa.Schema, without: frozenset[str]) -> list[str]:
    return [name for name in schema.names if not name.startswith(INDEX_PREFIX) and name not in without]


def _check_names(names: list[str], first: list[str], path: str) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise LaunderError(
            f"expected every column name once in {path}, found {', '.join(map(repr, twice))} more than once; rename "
            "one of them"
        )
    if set(names) != set(first):
        other = ", ".join(map(repr, sorted(set(names) ^ set(first))))
        raise LaunderError(
            f"expected the same columns in every part, found that {path} differs in {other}; make the parts alike"
        )


def _check_types(schema: pa.Schema, names: list[str], path: str) -> None:
    for name in names:
        kind = schema.field(name).type
        if (
            pa.types.is_nested(kind)
            or pa.types.is_binary(kind)
            or pa.types.is_large_binary(kind)
            or pa.types.is_fixed_size_binary(kind)
        ):
            raise LaunderError(
                f"expected numbers, text, booleans or dates in column {name!r} of {path}, found {kind}; "
                f"set columns.{name} to drop, or write it as text"
            )


def _batches(part: Part, form: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    found = _opened(part, form)
    with _whole(part, form, PAGES):
        batches = found.iter_batches(BATCH_ROWS, columns=names) if form == PARQUET else _arrow(found, part)
        for batch in batches:
            yield batch.select(names)


def _table(part: Part, form: str, names: list[str]) -> pa.Table:
    found = _opened(part, form)
    with _whole(part, form, PAGES):
        table = found.read() if form == PARQUET else pa.Table.from_batches(list(_arrow(found, part)), found.schema)
    return table.select([name for name in table.column_names if name in names or name.startswith(INDEX_PREFIX)])


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = to_frame(table)
    if frame.index.names != [None]:
        frame = frame.reset_index()
    frame.index = pd.RangeIndex(len(frame))  # which copies no value, as resetting it does
    return with_integers(frame, table)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    first = frames[0]
    for frame in frames[1:]:
        for name in first.columns:
            if frame[name].dtype.kind != first[name].dtype.kind and {
                frame[name].dtype.kind,
                first[name].dtype.kind,
            } & set("OMb"):
                raise LaunderError(
                    f"expected one type in column {name!r} over all parts, found {first[name].dtype} and "
                    f"{frame[name].dtype}"
                )
    return pd.concat([frame[list(first.columns)] for frame in frames], ignore_index=True)


def with_integers(frame: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """Redo the columns that pandas made float64 or object only because a value is missing."""
    for name in frame.columns.intersection(table.column_names):
        column, dtype = table.column(name), frame[name].dtype
        if column.null_count and pa.types.is_integer(column.type) and pd.api.types.is_float_dtype(dtype):
            frame[name] = column.to_pandas(types_mapper={column.type: _nullable(column.type)}.get)
        elif column.null_count and pa.types.is_boolean(column.type) and pd.api.types.is_object_dtype(dtype):
            frame[name] = column.to_pandas(types_mapper={column.type: pd.BooleanDtype()}.get)
    return frame


def _nullable(type_: pa.DataType) -> object:
    return pd.api.types.pandas_dtype(
        str(type_).replace("uint", "UInt") if pa.types.is_unsigned_integer(type_) else str(type_).capitalize()
    )
