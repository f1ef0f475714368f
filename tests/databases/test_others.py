"""SQLite through ADBC, and any other database through SQLAlchemy: DuckDB stands for these."""

import datetime
import decimal
import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import config
from pipelines.cli import main
from pipelines.run.artifacts import LaunderError
from pipelines.sources import remote


def fetched(uri, place, *settings):
    found, _ = remote.fetched(config.load(uri, settings, place))
    return pq.read_table(found.source.path)


@pytest.fixture
def lite(tmp_path):
    """Columns whose values change their type late, as SQLite lets them."""
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE people(id INT, pay DECIMAL(9, 2), old BOOLEAN, odd, born DATE, blank, raw)")
        connection.execute("CREATE TABLE empty(a)")
        rows = (
            (
                n,
                n if n < 2000 else n / 4,
                n % 2 if n % 5 else None,
                n if n < 2500 else f"x{n}",
                "2020-01-02",
                None,
                b"x",
            )
            for n in range(3000)
        )
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{tmp_path}/a.db"


def test_a_column_of_sqlite_has_the_type_that_holds_all_its_values(lite, tmp_path):
    table = fetched(lite, tmp_path, "source.table=people", "columns.raw=drop")
    kinds = [pa.int64(), pa.decimal128(9, 2), pa.bool_(), pa.string(), pa.date32(), pa.string(), pa.string()]
    assert table.schema.types == kinds and table.num_rows == 3000 and table.column("raw").null_count == 3000
    (row,) = table.slice(2999).to_pylist()
    assert row.pop("born") == datetime.date(2020, 1, 2) and row.pop("pay") == decimal.Decimal("749.75")
    assert row == {"id": 2999, "old": True, "odd": "x2999", "blank": None, "raw": None}
    some = fetched(lite, tmp_path, "source.query=SELECT id FROM people WHERE id > 2990 ORDER BY id DESC -- newest")
    assert some.column("id").to_pylist() == list(range(2999, 2990, -1))


DECLARED = {  # values, and the type as which they are read
    "DATE": [(["2020-02-29", None], pa.date32()), (["2020-02-30"], pa.string()), (["29.2.2020"], pa.string())],
    "DATETIME": [
        (["2020-02-29 10:00:00", "2020-02-29T10:00:00.25"], pa.timestamp("us")),
        (["2020-02-29 10:00:00+00:00", None], pa.timestamp("us", "UTC")),
        (["2020-02-29 10:00:00", "2020-02-29 10:00:00+00:00"], pa.string()),
        (["0000-01-01 00:00:00"], pa.string()),
        ([1582934400], pa.int64()),
    ],
    "decimal(8, 2)": [
        ([n / 100 for n in range(-99999, 99999, 7)], pa.decimal128(8, 2)),
        ([1, 3], pa.decimal128(8, 2)),
        ([1.125], pa.float64()),
        ([1e7], pa.int64()),
    ],
    "NUMERIC(30,2)": [([1.25], pa.float64())],
    "BOOLEAN": [([0, 1, None], pa.bool_()), ([0, 2], pa.int64())],
}


@pytest.mark.parametrize("declared", DECLARED)
def test_a_declared_type_holds_where_all_values_keep_to_it(declared, tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as connection:
        for at, (values, _) in enumerate(DECLARED[declared]):
            connection.execute(f"CREATE TABLE t{at}(a {declared})")
            connection.executemany(f"INSERT INTO t{at} VALUES (?)", [(value,) for value in values])
    connection.close()
    for at, (values, kind) in enumerate(DECLARED[declared]):
        table = fetched(f"sqlite:///{tmp_path}/a.db", tmp_path, f"source.table=t{at}")
        assert table.schema.types == [kind] and len(table) == len(values)


def test_a_table_of_sqlite_may_have_more_columns_than_an_answer(tmp_path):
    names = ", ".join(f"c{at}" for at in range(900))
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute(f"CREATE TABLE wide({names})")
        connection.execute(f"INSERT INTO wide VALUES ({', '.join(map(str, range(900)))})")
    connection.close()
    assert fetched(f"sqlite:///{tmp_path}/a.db", tmp_path, "source.table=wide").column("c899").to_pylist() == [899]


@pytest.fixture
def duck(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("duckdb_engine")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT i::SMALLINT AS id, (i / 8)::DECIMAL(10, 3) AS pay, i % 2 = 0 AS old, "
            "DATE '2020-01-01' + i::INT AS born, TIMESTAMP '2020-01-01' + INTERVAL 1 SECOND * i AS seen, "
            "uuid() AS key, TIME '00:00:01' AS noon, CASE WHEN i = 10 THEN ':late' END AS late FROM range(11) t(i)"
        )
        connection.execute("CREATE TABLE lists AS SELECT 1 AS id, [1, 2] AS raw")
        connection.execute("CREATE TABLE empty(a INT)")
    return f"duckdb:///{tmp_path}/a.duckdb"


def test_any_dialect_of_sqlalchemy_is_read_in_parts_with_the_types_of_its_table(duck, tmp_path, monkeypatch):
    monkeypatch.setattr(remote.databases.dialects, "PART_ROWS", 4)
    table = fetched(duck, tmp_path, "source.table=people")
    kinds = [
        pa.int16(),
        pa.decimal128(10, 3),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("us"),
        pa.uuid(),
        pa.time64("us"),
        pa.string(),
    ]
    assert table.schema.types == kinds and table.num_rows == 11
    row = table.slice(3, 1).to_pylist()[0]
    assert row["pay"] == decimal.Decimal("0.375") and row["born"] == datetime.date(2020, 1, 4)
    assert table.column("late").to_pylist() == [None] * 10 + [":late"]
    late = fetched(duck, tmp_path, "source.query=SELECT late FROM people WHERE late = ':late'")
    assert late.to_pylist() == [{"late": ":late"}]
    dropped = fetched(duck, tmp_path, "source.table=lists", "columns.raw=drop")
    assert dropped.to_pylist() == [{"id": 1, "raw": None}]


BAD = {
    "no such table": "source.table=nosuch",
    "rows in empty": "source.table=empty",
    "not one SELECT": "source.query=DELETE FROM people",
    "in column 'raw', found": "source.table={raw}",
}


@pytest.mark.parametrize("expected", BAD)
@pytest.mark.parametrize("which", ["lite", "duck"])
def test_bad_input_is_one_sentence(request, tmp_path, which, expected):
    raw = {"lite": "people", "duck": "lists"}[which]
    with pytest.raises(LaunderError, match=expected):
        fetched(request.getfixturevalue(which), tmp_path, BAD[expected].format(raw=raw))


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("sqlite:///nosuch.db", "found no file"), ("duckdb:///nosuch.db", "no such file"), ("nosuch://x/y", "'nosuch'")],
)
def test_a_database_that_is_not_there_or_has_no_driver_is_one_sentence(uri, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LaunderError, match=expected):
        fetched(uri, tmp_path, "source.table=people")


def test_tables_of_a_database_are_scored_as_files_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("a.db") as connection:
        for number, side in enumerate(("train", "holdout", "made")):
            rows = [((n * 7919 + 31 * number) % 6007, "Ulm" if n % 3 else "Bonn") for n in range(80)]
            connection.execute(f"CREATE TABLE {side}(pay INT, town TEXT)")
            connection.executemany(f"INSERT INTO {side} VALUES (?, ?)", rows)
            (tmp_path / f"{side}.csv").write_text("pay,town\n" + "".join(f"{pay},{town}\n" for pay, town in rows))
    connection.close()
    few = ["--set", "score.metrics=[fidelity.shape]", "--output"]

    def scored(place, *sources):
        roles = ("--train", "--holdout", "--synthetic")
        words = [word for pair in zip(roles, sources, strict=True) for word in pair]
        assert main(["score", *words, *few, place]) == 0
        return json.loads((tmp_path / place / "report.json").read_text())["scores"]

    files = scored("files", "train.csv", "holdout.csv", "made.csv")
    assert scored("tables", *(f"sqlite:///a.db#{side}" for side in ("train", "holdout", "made"))) == files
    assert scored("mixed", "train.csv", "sqlite:///a.db#holdout", "made.csv") == files
    assert main(["score", "--train", "train.csv", "--compare", "sqlite:///a.db#made", "made.csv", *few, "both"]) == 1
    assert main(["score", "--train", "train.csv", "--compare", "sqlite:///a.db#made", "train.csv", *few, "both"]) == 0
    assert (tmp_path / "both" / "made" / "report.json").is_file()
