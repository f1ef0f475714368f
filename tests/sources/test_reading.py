"""Tables as people hand them on: what is read whatever its packing and its layout, and what is refused in a
sentence.
"""

import bz2
import csv
import datetime
import gzip
import io
import json
import lzma
import re
import zipfile
from collections import Counter

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.run.artifacts import LaunderError
from pipelines.sources import delimited
from pipelines.sources.tables import NOTES, open_source, read_table

ROWS = [["red", 1.5, 2], ["blue", 2.5, 3], ["green", -3.5, 4], ["red", 0.25, 5]]
FRAME = pd.DataFrame(ROWS, columns=["g", "v", "k"])
CSV = FRAME.to_csv(index=False).encode()


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def workbook(*rows, **sheets):
    book = openpyxl.Workbook()
    for name, content in ({"one": rows} if rows else sheets).items():
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(row)
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def arrow(stream=False, **options):
    out = io.BytesIO()
    table = pa.Table.from_pandas(FRAME)
    if stream:
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    else:
        feather.write_feather(table, out, **options)
    return out.getvalue()


def parquet():
    out = io.BytesIO()
    FRAME.to_parquet(out)
    return out.getvalue()


def lines(frame=FRAME):
    return frame.to_json(orient="records", lines=True).encode()


SAME = {
    "gzip": ("x.csv.gz", gzip.compress(CSV)),
    "gzip under another name": ("x.csv", gzip.compress(CSV[:20]) + gzip.compress(CSV[20:])),
    "bzip2": ("x.csv.bz2", bz2.compress(CSV)),
    "xz": ("x.csv.xz", lzma.compress(CSV)),
    "zstd": ("x.csv.zst", pa.compress(CSV, "zstd", asbytes=True)),
    "zip": ("x.zip", zipped(a_csv=CSV)),
    "zip of parts": ("x.zip", zipped(a_csv=CSV[:16], b_csv=b"g,v,k\n" + CSV[16:])),
    "zip of Parquet": ("x.zip", zipped(a_parquet=parquet())),
    "Feather": ("x.feather", arrow()),
    "Feather of 2016": ("x.feather", arrow(version=1)),
    "Arrow stream": ("x.arrows", arrow(stream=True)),
    "Parquet without a suffix": ("x", parquet()),
    "JSON lines": ("x.jsonl", lines()),
    "JSON lines, packed": ("x.jsonl.gz", gzip.compress(lines())),
    "JSON lines under another name": ("x.csv", lines()),
    "a list of records": ("x.json", FRAME.to_json(orient="records", indent=1).encode()),
    "columns": ("x.json", FRAME.to_json(orient="columns").encode()),
    "lists of columns": ("x.json", json.dumps(FRAME.to_dict("list")).encode()),
    "pandas' split": ("x.json", FRAME.to_json(orient="split").encode()),
    "records below a key": ("x.json", json.dumps({"page": 1, "data": FRAME.to_dict("records")}).encode()),
    "Excel": ("x.xlsx", workbook(["g", "v", "k"], *ROWS)),
    "Excel, away from the corner": ("x.xlsx", workbook([], ["", "g", "v", "k"], *[["", *row] for row in ROWS])),
    "Excel, titles above": ("x.xlsx", workbook(["Sales of 2024"], [], ["g", "v", "k"], *ROWS)),
    "sep= of Excel": ("x.csv", b"sep=;\r\n" + CSV.replace(b",", b";")),
    "a comment": ("x.csv", b"# exported 2024-05-01\n" + CSV),
    "comments among the rows": (
        "x.csv",
        b"# from here\n#\n" + CSV.replace(b"blue", b"# more\nblue") + b"# end, of it, all, here\n",
    ),
    "names in a comment": ("x.csv", b"#" + CSV),
    "a title": ("x.csv", b"Sales of 2024\n" + CSV),
    "titles and an empty line": ("x.csv", b"Sales; all shops\n2024\n\n" + CSV.replace(b",", b";")),
    "titles as a spreadsheet pads them": ("x.csv", b"Sales of 2024,,\n,,\n" + CSV),
    "empty lines above": ("x.csv", b"\n\n" + CSV),
    "spaces": ("x.txt", CSV.replace(b",", b" ")),
    "aligned": ("x.txt", FRAME.to_string(index=False).encode()),
    "JSON lines called .json": ("x.json", lines()),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_table_however_it_is_packed_and_laid_out(tmp_path, case):
    name, content = SAME[case]
    (tmp_path / name).write_bytes(content)
    frame = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(frame, FRAME)
    assert sum(batch.num_rows for batch in open_source(tmp_path / name).batches()) == len(FRAME)


PASSED = {
    "a comment",
    "a title",
    "titles and an empty line",
    "titles as a spreadsheet pads them",
    "spaces",
    "aligned",
    "sep= of Excel",
}


@pytest.mark.parametrize("case", sorted(PASSED))
def test_what_is_guessed_and_passed_over_is_said(tmp_path, case):
    name, content = SAME[case]
    (tmp_path / name).write_bytes(content)
    (note,) = read_table(tmp_path / name).attrs[NOTES]
    assert ("cut by spaces" if case in ("spaces", "aligned") else "above the header") in note
    assert "Sales" not in note and "exported" not in note


def test_nothing_is_said_of_a_plain_table(tmp_path):
    (tmp_path / "x.csv").write_bytes(CSV)
    assert read_table(tmp_path / "x.csv").attrs[NOTES] == []


def test_parts_may_have_their_columns_in_any_order(tmp_path):
    FRAME.to_csv(tmp_path / "1.csv", index=False)
    FRAME[["k", "g", "v"]].to_csv(tmp_path / "2.csv", index=False, sep=",")
    pd.testing.assert_frame_equal(read_table(tmp_path), pd.concat([FRAME, FRAME], ignore_index=True))


def test_a_header_may_be_denied_and_affirmed(tmp_path):
    (tmp_path / "x.csv").write_bytes(CSV.split(b"\n", 1)[1])
    frame = read_table(tmp_path / "x.csv", header=False)
    assert frame.columns.tolist() == ["column_1", "column_2", "column_3"] and len(frame) == len(FRAME)
    (tmp_path / "y.csv").write_bytes(b"yes,no\nyes,no\nno,yes\n")
    assert read_table(tmp_path / "y.csv", header=True).columns.tolist() == ["yes", "no"]


def test_values_of_json_keep_their_types(tmp_path):
    rows = [
        {"i": 1, "s": "007", "b": True, "f": 1, "m": 1},
        {"i": None, "s": None, "b": None, "f": 0.1, "m": "x", "late": 2**70},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    frame = read_table(tmp_path / "x.jsonl")
    assert frame.dtypes.astype(str).tolist() == ["Int64", "object", "boolean", "float64", "object", "object"]
    assert (
        frame["s"].tolist() == ["007", None]
        and frame["m"].tolist() == ["1", "x"]
        and frame["late"].tolist() == [None, str(2**70)]
    )


def test_dates_and_truth_of_a_workbook(tmp_path):
    day = datetime.datetime(2024, 5, 1)
    rows = [[day, day, True], [day + datetime.timedelta(1), day + datetime.timedelta(hours=1), None]]
    (tmp_path / "x.xlsx").write_bytes(workbook(["day", "time", "ok"], *rows))
    frame = read_table(tmp_path / "x.xlsx")
    assert frame["day"].tolist() == ["2024-05-01", "2024-05-02"]
    assert (
        frame["time"].tolist() == ["2024-05-01 00:00:00", "2024-05-01 01:00:00"] and str(frame["ok"].dtype) == "boolean"
    )


def test_what_people_do_to_workbooks(tmp_path):
    """Cells merged over rows hold their value in each, an error is no value, hours go beyond a day, and a hidden sheet
    is none.
    """
    hours = [datetime.timedelta(hours=h) for h in (1, 25, 2, 3)]
    rows = [[ward, n, spent] for ward, n, spent in zip("A.B.", (1, "#DIV/0!", 3, "#N/A"), hours, strict=True)]
    book = openpyxl.load_workbook(io.BytesIO(workbook(one=[["ward", "n", "spent"], *rows], kept=[["secret"], [1]])))
    book["one"].merge_cells("A2:A3")
    book["kept"].sheet_state = "hidden"
    book.save(tmp_path / "x.xlsx")
    frame = read_table(tmp_path / "x.xlsx")
    assert frame["ward"].tolist() == ["A", "A", "B", "."] and frame["n"].tolist() == [1, pd.NA, 3, pd.NA]
    assert frame["spent"].tolist() == ["1:00:00", "25:00:00", "2:00:00", "3:00:00"]


def test_formulas_without_values_stop_the_run_and_do_not_become_empty(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook(["n", "twice"], *([k, f"=A{k + 1}*2"] for k in range(1, 40))))
    with pytest.raises(LaunderError, match="found 39 formulas without one, as in column B; open the workbook"):
        read_table(path)
    with zipfile.ZipFile(path) as book:  # as a program that works them out stores them
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = next(name for name in parts if "worksheets/" in name)
    parts[sheet] = re.sub(rb"(<f>A(\d+)\*2</f>)<v\s*/>", rb"\1<v>\2</v>", parts[sheet])
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    assert read_table(path)["twice"].tolist() == list(range(2, 41))


HEADS = [["who", "2023", "", "2024", ""], ["", "sold", "cost", "sold", "cost"]]
BELOW = [["a", 1, 2, 3, 4], ["b", 5, 6, 7, 8], ["c", 9, 1, 2, 3]]


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_names_in_two_rows_are_told_and_joined_where_that_is_stated(tmp_path, name):
    """Never by themselves: the second row could be one of data, and would stand in names."""
    lines = "\n".join(",".join(map(str, row)) for row in [*HEADS, *BELOW])
    (tmp_path / name).write_bytes(lines.encode() if name == "x.csv" else workbook(*HEADS, *BELOW))
    with pytest.raises(LaunderError, match="found a second row of words above numbers"):
        read_table(tmp_path / name)
    frame = read_table(tmp_path / name, header=2)
    assert list(frame) == ["who", "2023 sold", "2023 cost", "2024 sold", "2024 cost"]
    assert frame.to_numpy().tolist() == BELOW
    assert len(read_table(tmp_path / name, header=True)) == len(BELOW) + 1


def test_a_sheet_is_chosen_by_name(tmp_path):
    book = workbook(a=[["x", "y"], ["p", 1], ["q", 2]], b=[["g", "v", "k"], *ROWS], empty=[])
    (tmp_path / "x.xlsx").write_bytes(book)
    pd.testing.assert_frame_equal(read_table(tmp_path / "x.xlsx", sheet="b"), FRAME)
    for sheet, said in ((None, "found 2; name the one"), ("c", "check source.sheet")):
        with pytest.raises(LaunderError, match=said):
            read_table(tmp_path / "x.xlsx", sheet=sheet)


PAGE = b"<table><tr><th>secret</th></tr><tr><td>1</td></tr></table>"
REFUSED = {
    "HTML": ("x.csv", PAGE, "HTML"),
    "HTML as Excel saves it": ("x.xls", b"\xef\xbb\xbf\n<!DOCTYPE html><html>" + PAGE, "HTML"),
    "XML": ("x.xml", b"<?xml version='1.0'?><secret/>", "XML"),
    "old Excel": ("x.xls", b"\xd0\xcf\x11\xe0" + b"secret" * 99, ".xls"),
    "cut gzip": ("x.csv.gz", gzip.compress(CSV * 99)[:-30], "cut off or damaged"),
    "cut zstd": ("x.csv.zst", pa.compress(CSV * 99, "zstd", asbytes=True)[:-9], "found"),
    "cut workbook": ("x.xlsx", workbook(["secret"], [1])[:-40], "Excel workbook"),
    "a zip of pictures": ("x.zip", zipped(a_png=b"secret"), "none among its 1 files"),
    "lists inside": ("x.jsonl", b'{"tags": ["secret"]}\n{"tags": []}\n', "'tags'"),
    "cut JSON": ("x.json", b'[{"secret": 1}, {"secr', "JSON"),
    "cut JSON lines": ("x.jsonl", b'{"secret": 1}\n{"secr\n', "line 2"),
    "a number per line": ("x.jsonl", b"1\n2\n", "object"),
    "a key twice": ("x.jsonl", b'{"a": "secret", "a": 2}\n', "every key once"),
    "JSON of another shape": ("x.json", b'{"name": "secret", "age": 1}', "shape"),
    "words without a header": ("x.csv", b"red,big\nblue,small\nred,big\nblue,big\n", "source.header=false"),
    "dates without a header": ("x.csv", b"2024-01-01,secret\n2024-01-02,a\n2024-01-03,b\n", "source.header=false"),
    "codes without a header": ("x.csv", b"0071,secret\n0072,a\n0073,b\n", "source.header=false"),
    "a sentence below one name": ("x.csv", b"text\nhello, secret\nworld, you\n", "found 2 in row 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_one_sentence_without_a_value(tmp_path, case):
    name, content, part = REFUSED[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LaunderError) as caught:
        read_table(tmp_path / name)
    message = str(caught.value)
    assert message.startswith("expected") and "found" in message and "\n" not in message
    assert part in message and "secret" not in message, message


def test_a_column_of_bytes_can_be_left_out(tmp_path):
    FRAME.assign(hash=b"\x00").to_parquet(tmp_path / "x.parquet")
    with pytest.raises(LaunderError, match=r"columns\.hash to drop"):
        read_table(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "x.parquet", without=["hash"]), FRAME)


def test_columns_named_by_dates_numbers_and_marks_are_names(tmp_path):
    for header in ("g,2020-01-01,2020-02-01", "#,v,k", "g,50%,75%", "g,# of rooms,k"):
        (tmp_path / "x.csv").write_bytes(CSV.replace(b"g,v,k", header.encode(), 1))
        assert list(read_table(tmp_path / "x.csv").columns) == header.split(",")


MEANT = {"nan", "true", "false", "inf", "null"}  # words that are values of another kind
word = st.from_regex(r"[a-zà-ü][a-zà-ü ]{0,6}[a-zà-ü]", fullmatch=True).filter(lambda text: text not in MEANT)
numbers = st.floats(-99, 99).map(lambda v: round(v, 2) + 0.5)
texts = st.one_of(word, word.map(lambda text: f'say "{text}"'), word.map(lambda text: f"{text}, {text}; so|then"))
layouts = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "end": st.sampled_from(["\n", "\r\n"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]),
        "above": st.sampled_from(["", "sep", "# made by us\n", "# a\n\n# b\n", "Report\n", "Report of May\n\n", "\n"]),
        "header": st.booleans(),
        "packed": st.booleans(),
        "names": st.lists(word, min_size=3, max_size=3, unique=True),
        "rows": st.lists(st.tuples(texts, st.integers(-9999, 9999), numbers), min_size=5, max_size=9),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(layouts)
def test_text_of_any_layout_is_read_as_it_was_written(tmp_path, how):
    out = io.StringIO(newline="")
    out.write(f"sep={how['delimiter']}\n" if how["above"] == "sep" else how["above"])
    writer = csv.writer(out, delimiter=how["delimiter"], quoting=how["quoting"], lineterminator=how["end"])
    writer.writerows([how["names"], *how["rows"]] if how["header"] else how["rows"])
    content = out.getvalue().encode(how["encoding"])
    (tmp_path / "x.csv").write_bytes(gzip.compress(content) if how["packed"] else content)
    options = {"encoding": how["encoding"]} | ({} if how["header"] else {"header": False})
    if not how["header"] and how["above"].startswith("Report"):
        return  # without a header nothing tells a title from a row
    frame = read_table(tmp_path / "x.csv", **options)
    expected = how["names"] if how["header"] else ["column_1", "column_2", "column_3"]
    assert list(frame.columns) == expected
    assert [tuple(row) for row in frame.itertuples(index=False)] == how["rows"]


VALUES = ["", " ", "1", " 2", "-3", "1.5", "1,5", "007", "true", "False", "NaN", " nan", "word", " word", "1e5", "inf"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([None, *VALUES]), max_size=40))
def test_classes_are_counted_by_values_however_often_one_occurs(values):
    each = sum((delimited._classes(pa.array([value], pa.string())) for value in values), Counter())
    assert +delimited._classes(pa.array(values, pa.string())) == each
