"""Parquet in folders called column=value."""

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from pipelines.run.artifacts import LaunderError
from pipelines.sources import tables

FRAME = pd.DataFrame(
    {
        "pay": pd.array([1, None, 3, 4], "Int64"),
        "day": ["a", "b", "a", "c"],
        "year": [2019, 2019, 2020, 2020],
        "town": ["Ulm/Ö", "Bonn", "Ulm/Ö", None],
    }
)


@pytest.fixture
def folder(tmp_path):
    names = ds.partitioning(pa.schema([("year", pa.int32()), ("town", pa.string())]), flavor="hive")
    ds.write_dataset(pa.Table.from_pandas(FRAME), tmp_path / "t", format="parquet", partitioning=names)
    return tmp_path / "t"


def test_values_in_names_of_folders_are_columns(folder):
    found = tables.read_table(folder)
    assert list(found) == ["pay", "day", "year", "town"] and found.dtypes.astype(str).tolist()[0::2] == [
        "Int64",
        "int32",
    ]
    key = ["year", "day"]
    pd.testing.assert_frame_equal(
        found.sort_values(key, ignore_index=True), FRAME.sort_values(key, ignore_index=True), check_dtype=False
    )
    source = tables.open_source(folder, without=["town", "pay"])
    assert source.names == ("day", "year") and source.left_out == ("pay", "town")
    assert sum(batch.num_rows for batch in source.batches()) == 4 and len(tables.digest(folder)) == 64
    moved = folder.rename(folder.with_name("year=7"))  # folders above the table say nothing of it
    assert tables.read_table(moved)["year"].tolist() == found["year"].tolist()


def test_folders_that_differ_or_repeat_a_column_are_refused(folder):
    part = next(folder.rglob("*.parquet"))
    (folder / "year=2021" / "day=z").mkdir(parents=True)
    other = folder / "year=2021" / "day=z" / "p.parquet"
    other.write_bytes(part.read_bytes())
    with pytest.raises(LaunderError, match="the same columns around all parts"):
        tables.read_table(folder)
    for path in folder.rglob("*.parquet"):
        if path != other:
            path.unlink()
    with pytest.raises(LaunderError, match="'day' in the names of folders or in the files"):
        tables.read_table(folder)
    other.rename(other.with_suffix(".csv")).write_text("a,b\n1,2\n")
    with pytest.raises(LaunderError, match="expected Parquet in folders called column=value"):
        tables.read_table(folder)
