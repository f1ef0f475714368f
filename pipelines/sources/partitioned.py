"""Partitioned Parquet: a folder called column=value holds the rows of that value, which stands in its name alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from launderette.pipelines.run.artifacts import LaunderError, to_frame
from launderette.pipelines.sources import columnar
from launderette.pipelines.sources.parts import PARQUET, Part
from launderette.pipelines.sources.records import BATCH_ROWS


def is_partitioned(folder: Path, files: Sequence[Path]) -> bool:
    """Tell whether files lie in folders called column=value."""
    return any("=" in name for path in files for name in path.relative_to(folder).parts[:-1])


def open_folder(
    folder: Path, parts: Sequence[Part], without: frozenset[str], typed: bool = True
) -> tuple[tuple[str, ...], columnar.Batches, tuple[str, ...]]:
    """Check every part and return the names, a reader of batches and the columns of `without`, which are left unread.

    `typed` False leaves names of folders as they stand, and of each part its own types. LaunderError as in
    columnar.open_parts, and where folders lie in one another differently.
    """
    inside, _, left_out = columnar.open_parts(list(parts), PARQUET, without, typed)
    keys = [[name.partition("=")[0] for name in _folders(folder, part)] for part in parts]
    if odd := next((part for part, found in zip(parts, keys, strict=True) if found != keys[0]), None):
        raise LaunderError(
            f"expected folders of the same columns around all parts in {folder}, found others around {odd.name}; make "
            "them alike"
        )
    if twice := [name for name in keys[0] if name in inside]:
        raise LaunderError(
            f"expected the column {twice[0]!r} in the names of folders or in the files, found it in both; keep one"
        )
    names = (*inside, *(name for name in keys[0] if name not in without))
    left_out += tuple(name for name in keys[0] if name in without)

    def batches() -> Iterator[pa.RecordBatch]:
        return _dataset(folder, parts, typed).to_batches(columns=list(names), batch_size=BATCH_ROWS)

    return names, batches, left_out


def read(folder: Path, parts: Sequence[Part], names: Sequence[str], typed: bool = True) -> pd.DataFrame:
    """Read all parts into a frame, the columns of folders last, `typed` as in open_folder."""
    if typed:
        return _frame(_dataset(folder, parts, typed).to_table(columns=list(names)))
    alone = (_dataset(folder, [part], typed).to_table(columns=list(names)) for part in parts)
    return columnar.each([_frame(columnar.legible(table)) for table in alone])


def _frame(table: pa.Table) -> pd.DataFrame:
    return columnar.with_integers(to_frame(table), table)


def _folders(folder: Path, part: Part) -> list[str]:
    return [name for name in Path(str(part.path)).relative_to(folder).parts[:-1] if "=" in name]


def _dataset(folder: Path, parts: Sequence[Part], typed: bool) -> ds.Dataset:
    """Return the parts as one table; names of folders are texts or, where `typed`, whole numbers if all of them are."""
    keys = pa.schema([(name.partition("=")[0], pa.string()) for name in _folders(folder, parts[0])])
    names = "hive" if typed else ds.partitioning(keys, flavor="hive")
    paths = [str(part.path) for part in parts]
    schema = pa.unify_schemas([ds.dataset(paths[0], format="parquet").schema])
    found = ds.dataset(paths, format="parquet", partitioning=names, partition_base_dir=str(folder))
    extra = [field for field in found.schema if field.name not in schema.names]
    return found.replace_schema(pa.schema([*schema.remove_metadata(), *extra]))
