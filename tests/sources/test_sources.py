"""Sources: CSV and Parquet as people write them, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.run.artifacts import LaunderError
from pipelines.sources.tables import open_source, read_table

ROWS = 20


@pytest.fixture
def write(tmp_path):
    def _write(content, name="x.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def column(write, values, **options):
    frame = read_table(write("a,b\n" + "".join(f"{value},1\n" for value in values)), **options)
    return frame["a"]


@pytest.mark.parametrize(
    ("values", "dtype", "missing"),
    [
        (["1", "2", "-3"], "int64", 0),
        (["1", "", "3"], "Int64", 1),
        (["1.5", "2", "1e3"], "float64", 0),
        (["1.5", "NA", "?"], "float64", 2),
        (["007", "012", "100"], "object", 0),
        (["+491", "+492", "+493"], "object", 0),
        (["true", "FALSE", "True"], "bool", 0),
        (["true", "", "false"], "boolean", 1),
        (["", "NULL", "?"], "object", 3),
        (["x", "1", "y"], "object", 0),
        (["2024-01-01", "2024-01-02", ""], "object", 1),
        (["99999999999999999999", "1", "2"], "object", 0),
        (["inf", "1", "2"], "float64", 0),
    ],
)
def test_types_hold_for_every_row(write, values, dtype, missing):
    read = column(write, values)
    assert str(read.dtype) == dtype
    assert read.isna().sum() == missing


def test_texts_that_mean_missing_can_be_named(write):
    assert column(write, ["1", "none", "3"], missing=["none"]).isna().tolist() == [False, True, False]
    assert column(write, ["x", "NA", "y"], missing=[]).tolist() == ["x", "NA", "y"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write, delimiter):
    frame = read_table(write(f"a{delimiter}b\n1{delimiter}x\n2{delimiter}y\n"))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_decimal_commas_beside_semicolons(write):
    assert read_table(write("a;b\n1,5;x\n2,25;y\n"))["a"].tolist() == [1.5, 2.25]


def test_quotes_breaks_marks_and_names(write):
    frame = read_table(write('\ufeffgröße,"a, b",\r\n"x, ""y""\nz",1,2\r\n,3,4\r\n'))
    assert list(frame.columns) == ["größe", "a, b", "column_3"]
    assert frame["größe"].tolist() == ['x, "y"\nz', None]


def test_years_and_counts_may_be_names(write):
    assert list(read_table(write("name,2019,2020\nx,1,2\n")).columns) == ["name", "2019", "2020"]
    assert list(read_table(write("name,0,1,2\nx,1,2,3\n")).columns) == ["name", "0", "1", "2"]


def test_a_folder_of_parts(write, tmp_path):
    write("a,b\n1,x\n", "parts/1.csv")
    write("a,b\n2.5,y\n", "parts/2.csv")
    write("a,b\n", "parts/3.csv")
    frame = read_table(tmp_path / "parts")
    assert frame.to_dict("list") == {"a": [1.0, 2.5], "b": ["x", "y"]}  # one type over all parts
    batches = list(open_source(tmp_path / "parts").batches())
    assert sum(batch.num_rows for batch in batches) == 2


def test_parquet_keeps_its_types(tmp_path):
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None, 2**60 + 1], dtype="Int64"),
            "t": pd.to_datetime(["2024-01-01", None, "2024-01-03"]).tz_localize("Europe/Paris"),
            "c": pd.Categorical(["x", None, "y"]),
            "b": pd.array([True, None, False], dtype="boolean"),
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "x.parquet"), frame)


def test_durations_and_decimals_stay_what_they_are(tmp_path):
    from decimal import Decimal

    pd.DataFrame({"t": pd.to_timedelta([90, 1], unit="s"), "d": [Decimal("1.25"), Decimal("2")]}).to_parquet(
        tmp_path / "x.parquet"
    )
    found = read_table(tmp_path / "x.parquet")
    assert found["d"].tolist() == [Decimal("1.25"), Decimal("2.00")] and found["t"].dt.total_seconds().tolist() == [
        90,
        1,
    ]


def parquet_bytes():
    import io

    buffer = io.BytesIO()
    pd.DataFrame({"a": range(ROWS)}).to_parquet(buffer)
    return buffer.getvalue()


BAD = {
    "empty": ("x.csv", b"", "empty file"),
    "blank": ("x.csv", b"\n\n", "empty line"),
    "header only": ("x.csv", b"a,b\n", "rows below the header"),
    "header without an end": ("x.csv", b"a,b", "rows below the header"),
    "duplicate names": ("x.csv", b"a,b,a\n1,2,3\n", "column 1 again in column 3"),
    "no header": ("x.csv", b"39,Bachelors,77516\n50,HS-grad,83311\n", "header"),
    "numbers only": ("x.csv", b"1,2\n3,4\n", "numbers only"),
    "binary": ("x.csv", bytes(range(256)) * 20, "binary"),
    "latin-1": ("x.csv", "a,b\nprivé,1\n".encode("latin-1"), "latin-1"),
    "windows": ("x.csv", "a,b\n“privé”,1\n".encode("cp1252"), "cp1252"),
    "utf-16 cut off": ("x.csv", "a,b\nprivé,1\n".encode("utf-16")[:-1], "found"),
    "too wide": ("x.csv", b"a,b\n1,2\nsecret,4,5\n", "found 3 in row 3"),
    "too narrow": ("x.csv", b"a,b\n1,2\nsecret\n", "found 1 in row 3"),
    "truncated Parquet": ("x.parquet", parquet_bytes()[:-20], "whole Parquet"),
    "binary Parquet": ("x.parquet", bytes(range(256)), "whole Parquet"),
    "Excel": ("x.xlsx", b"PK\x03\x04" + b"0" * 99, "Excel"),
    "gzip": ("x.csv", b"\x1f\x8b" + b"0" * 99, "cut off or damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_without_a_value(write, case):
    name, content, part = BAD[case]
    with pytest.raises(LaunderError) as caught:
        read_table(write(content, name))
    message = str(caught.value)
    assert message.startswith("expected") and "found" in message and "\n" not in message
    assert part in message, message
    assert "secret" not in message and "priv" not in message.replace("/priv", "") and "77516" not in message


@pytest.mark.parametrize("mark", ["\ufeff".encode("utf-16-le"), "\ufeff".encode("utf-16-be")])
def test_a_mark_of_utf_16_is_believed_in_every_part(write, mark):
    form = "utf-16-le" if mark[0] == 0xFF else "utf-16-be"
    text = mark + "a\tb\nprivé\t1\nami\t2\nKöln\t3\n".encode(form)
    found = read_table(write(text, "unicode.txt"))
    assert found["a"].tolist() == ["privé", "ami", "Köln"] and found["b"].tolist() == [1, 2, 3]


def test_damaged_pages_are_told_from_a_damaged_footer(write):
    content = bytearray(parquet_bytes())
    content[20:60] = b"\xff" * 40
    with pytest.raises(LaunderError, match="pages cannot be read"):
        read_table(write(bytes(content), "x.parquet"))


def test_missing_paths_and_foreign_addresses(tmp_path):
    with pytest.raises(LaunderError, match="found nothing there"):
        read_table(tmp_path / "x.csv")
    with pytest.raises(LaunderError, match="found none"):
        read_table(tmp_path)
    with pytest.raises(LaunderError, match="scheme 's3'"):
        read_table("s3://bucket/x.csv")


def test_parts_must_agree(write, tmp_path):
    write("a,b\n1,x\n", "parts/1.csv")
    write("a,c\n2,y\n", "parts/2.csv")
    with pytest.raises(LaunderError, match="the columns of 1"):
        read_table(tmp_path / "parts")


def test_nested_parquet_is_refused_by_name(tmp_path):
    pd.DataFrame({"tags": [["x"], ["y"]]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(LaunderError, match="'tags'"):
        read_table(tmp_path / "x.parquet")


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8).filter(
    lambda text: (
        text.strip() == text
        and any(c.isalpha() for c in text)
        and text.lower() not in ("true", "false", "nan", "inf", "infinity")
    )
)
tables = st.fixed_dictionaries(
    {
        "n": st.lists(st.integers(-(10**17), 10**17), min_size=4, max_size=4),
        "x": st.lists(st.floats(-1e9, 1e9).map(lambda v: round(v, 3) + 0.0), min_size=4, max_size=4),
        "w": st.lists(words, min_size=4, max_size=4),
        "o": st.lists(st.none() | words.map(lambda text: "ü" + text), min_size=4, max_size=4),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(tables)
def test_what_pandas_writes_is_read_back(tmp_path, table):
    frame = pd.DataFrame(table)
    frame.to_csv(tmp_path / "x.csv", index=False)
    read = read_table(tmp_path / "x.csv")
    missing = {"?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null"}
    assert read["n"].tolist() == frame["n"].tolist()
    assert np.array_equal(read["x"].to_numpy("float64"), frame["x"].to_numpy("float64"))
    assert [None if v in missing else v for v in frame["w"]] == read["w"].tolist()
    assert [None if pd.isna(v) else v for v in read["o"]] == [None if pd.isna(v) else v for v in frame["o"]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    try:
        read_table(tmp_path / "x.csv")
    except LaunderError as error:
        assert str(error).startswith("expected")
