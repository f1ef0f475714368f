"""Releases in SQLite: loaded aside, verified, swapped in one transaction, rolled back; readers see whole tables."""

import datetime
import decimal
import sqlite3
import threading
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import config
from pipelines.config.places import Target
from pipelines.database_sinks import contract, releasing, sqlite, versions
from pipelines.databases import failures
from pipelines.run.artifacts import LaunderError, Unavailable
from tests.databases.test_publishing import IDS, ROWS, back, release, table


@pytest.fixture
def lite(tmp_path, monkeypatch):
    """Return targets of a database in a mode of its journal, and a connection to it that commits every statement."""
    monkeypatch.setattr(releasing, "LOCK_DELAYS", [0.0])
    monkeypatch.setattr(failures, "DELAYS", [])
    monkeypatch.setattr(contract, "LOCK_SECONDS", 0.1)
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

        def target(how="view", name="people"):
            return Target(uri=f"sqlite:///{path}", name=name, how=how)

        target.run = lambda statement: connection.execute(statement).fetchall()
        target.path = path
        yield target


def ids(lite):
    return [id for (id,) in lite.run("SELECT id FROM people ORDER BY id")]


def place(target, id):
    return f'"launder_releases_{versions.name_of(target, id)}"'


@pytest.mark.parametrize("how", ["view", "rows"])
def test_every_type_arrives_declared_and_goes_back_with_a_rollback(lite, tmp_path, how):
    release(lite(how), tmp_path, IDS[1])
    declared = lite.run("SELECT type FROM pragma_table_info('people')")
    assert [type_ for (type_,) in declared] == [
        *("INTEGER", "DECIMAL(14,2)", "TEXT", "DATE", "TIMESTAMP", "TIMESTAMP", "TIME", "INTEGER", "CHAR(36)"),
        *("BOOLEAN", "INTEGER", "REAL", "REAL", "TEXT", "TEXT"),
    ]
    (row,) = lite.run("SELECT * FROM people WHERE id = 11")
    given = table().slice(11, 1).to_pylist()[0]
    assert row[:3] == (11, float(given["pay"]), str(given["big"])) and row[3] == str(given["born"])
    assert row[4:8] == (str(given["seen"]), "2020-01-01 00:00:11+00:00", str(given["noon"]), 11_000_000)
    assert row[8:] == (str(given["key"]), 0, -79, given["f4"], given["f8"], given["town"], None)
    release(lite(how), tmp_path, IDS[2], table(5, 1000))
    assert ids(lite) == [1000, 1001, 1002, 1003, 1004]
    back(tmp_path, IDS[1])
    assert ids(lite) == list(range(ROWS))


CELLS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.decimal128(15, 4): st.decimals(-99_999_999_999, 99_999_999_999, places=4),
    pa.decimal128(38, 10): st.decimals(-(10**27), 10**27, places=10),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("us", "Asia/Tokyo"): st.datetimes(datetime.datetime(1900, 1, 1), timezones=st.just(datetime.UTC)),
    pa.time64("us"): st.times(),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_there_is_never_refused_and_one_cell_that_differs_always_is(lite, tmp_path, data):
    """All values that the types hold, the ends of 64 bits too, whose sum needs more of them."""
    rows = data.draw(st.integers(2, 4))
    columns = {
        str(at): data.draw(st.lists(cell, min_size=rows, max_size=rows)) for at, cell in enumerate(CELLS.values())
    }
    drawn = pa.table(
        {"id": range(rows), **{k: pa.array(v, t) for (k, v), t in zip(columns.items(), CELLS, strict=True)}}
    )
    lite.run("DROP VIEW IF EXISTS people")
    lite.run("DROP TABLE IF EXISTS launder_releases")
    release(lite(), tmp_path, IDS[1], drawn)
    assert ids(lite) == list(range(rows))
    name = data.draw(st.sampled_from(list(columns)))
    lite.run(f'UPDATE {place(lite(), IDS[1])} SET "{name}" = NULL WHERE id = 1')
    with pytest.raises(LaunderError, match="another content in column"):
        release(lite(), tmp_path, IDS[1], drawn)
    assert decimal.Decimal(rows) == lite.run("SELECT count(*) FROM people")[0][0]


CHANGES = [
    *("pay = pay * 10", "big = NULL", "born = date(born, '+1 day')", "seen = datetime(seen, '+1 second')"),
    *("sent = replace(sent, '00:00', '00:01')", "noon = '00:00:01'", "took = took * 2", "old = NOT old"),
    *(
        "key = 'f' || substr(key, 2)",
        "i2 = i2 + 1",
        "f4 = f4 * 1.0001",
        "f8 = f8 * 1.0001",
        "town = town || 'x'",
        "id = 9",
    ),
    *("none = ''", "seen = seen || '.000001'"),
]


def test_what_the_database_does_not_hold_as_it_was_sent_is_refused_and_nothing_is_left(lite, tmp_path, monkeypatch):
    fill, changes = sqlite.SQLite.fill, list(CHANGES)

    def corrupted(sink, version, file, columns):
        fill(sink, version, file, columns)
        sink.run(f"UPDATE {sink.place(version)} SET {changes[-1]} WHERE id = 8")

    monkeypatch.setattr(sqlite.SQLite, "fill", corrupted)
    while changes:
        with pytest.raises(LaunderError, match="another content in column"):
            release(lite(), tmp_path, IDS[1], table(20))
        changes.pop()
    assert lite.run("SELECT name FROM sqlite_master WHERE type <> 'index'") == [("launder_releases",)]


@pytest.mark.parametrize("how", ["view", "rows"])
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_reader_that_polls_never_sees_a_table_that_is_missing_or_half_filled(
    lite, tmp_path, how, journal, monkeypatch
):
    monkeypatch.setattr(contract, "LOCK_SECONDS", 2.0)
    monkeypatch.setattr(contract, "LOADED_ROWS", 100)
    lite.run(f"PRAGMA journal_mode = {journal}")
    release(lite(how), tmp_path, IDS[1])
    seen, over = [], threading.Event()

    def poll():
        with closing(sqlite3.connect(lite.path, 5.0)) as reader:
            while not over.is_set():
                seen.append(reader.execute("SELECT min(id), count(*), count(DISTINCT id) FROM people").fetchone())

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        for number, id in enumerate(IDS[2:], 1):
            release(lite(how), tmp_path, id, table(ROWS, 1000 * number))
        back(tmp_path, IDS[1])
    finally:
        over.set()
        thread.join()
    assert {row[1:] for row in seen} == {(ROWS, ROWS)} and {row[0] for row in seen} <= {0, 1000, 2000}
    assert len(seen) > 10


def test_indexes_triggers_and_dependants_stay_and_old_foundgo(lite, tmp_path):
    release(lite(), tmp_path, IDS[0])
    lite.run("CREATE TABLE asked(id INT)")
    lite.run("CREATE TRIGGER ask INSTEAD OF DELETE ON people BEGIN INSERT INTO asked VALUES (old.id); END")
    lite.run("CREATE VIEW towns AS SELECT town FROM people")
    lite.run(f"CREATE UNIQUE INDEX mine ON {place(lite(), IDS[0])} (lower(town), id) WHERE id > 0")
    for id in IDS[1:3]:
        release(lite(), tmp_path, id, table(9), keep=2)
    lite.run("DELETE FROM people WHERE id = 3")
    assert lite.run("SELECT * FROM asked") == [(3,)] and lite.run("SELECT count(*) FROM towns") == [(9,)]
    found = lite.run("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL ORDER BY 1")
    assert [name for name, _ in found] == [place(lite(), id).strip('"') for id in IDS[1:3]]
    assert all(sql.startswith("CREATE UNIQUE") and sql.endswith("(lower(town), id) WHERE id > 0") for _, sql in found)
    with pytest.raises(LaunderError, match="found none; they were dropped"):
        back(tmp_path, IDS[0])
    assert len(ids(lite)) == 9


def test_rows_of_a_table_are_replaced_under_all_that_hangs_on_it(lite, tmp_path):
    lite.run(
        "CREATE TABLE people(n INTEGER PRIMARY KEY, id INT UNIQUE, cost DECIMAL(5, 1) CHECK (cost < 10), "
        "twice INT GENERATED ALWAYS AS (id * 2), town TEXT NOT NULL DEFAULT 'Ulm')"
    )
    lite.run("CREATE TABLE visits(id INT REFERENCES people(id))")
    lite.run("INSERT INTO people(id) VALUES (1)")
    lite.run("INSERT INTO visits VALUES (1)")
    rows = pa.table({"id": [1, 2, 3], "cost": [1.5, 2, None]})
    release(lite("rows"), tmp_path, IDS[1], rows)
    assert lite.run("SELECT id, cost, twice, town FROM people") == [
        (1, 1.5, 2, "Ulm"), (2, 2, 4, "Ulm"), (3, None, 6, "Ulm")
    ]  # fmt: skip
    for column, values in {"cost": [11, 2, 3], "id": [1, 1, 2]}.items():
        wrong = rows.set_column(rows.schema.get_field_index(column), column, pa.array(values))
        with pytest.raises(LaunderError, match="constraints; drop the constraint"):
            release(lite("rows"), tmp_path, IDS[2], wrong)
    with pytest.raises(LaunderError, match="constraints"):  # nobody is left whom the visit is of
        release(lite("rows"), tmp_path, IDS[3], rows.slice(1))
    assert ids(lite) == [1, 2, 3]


WRONG = {
    "found a table": ("view", "CREATE TABLE people(id bigint)"),
    "expected the column 'extra'": ("rows", "CREATE TABLE people(id bigint, extra int NOT NULL)"),
    "found also": ("rows", "CREATE TABLE people(id bigint)"),
    "'gone' of people": ("view", "CREATE VIEW people AS SELECT 1 AS id, 2 AS gone"),
    "expected a table at people, found none": ("rows", "CREATE VIEW people AS SELECT 1 AS id"),
}


@pytest.mark.parametrize("found", WRONG)
def test_a_target_that_a_release_does_not_fit_is_one_sentence_and_stays_as_it_is(lite, tmp_path, found):
    how, statement = WRONG[found]
    lite.run(statement)
    for attempt in (
        lambda: releasing.check(lite(how), table().column_names),
        lambda: release(lite(how), tmp_path, IDS[1]),
    ):
        with pytest.raises(LaunderError, match=found):
            attempt()
    assert lite.run("SELECT name FROM sqlite_master") == [("people",)]


@pytest.mark.parametrize(
    ("type_", "fits", "does_not"),
    [
        ("INTEGER", ["a", "b", None], ["007", "a"]),
        ("TEXT", [7, -7, 2**62], None),
        ("NUMERIC", [datetime.date(2020, 1, 1), None], ["1e3"]),
        ("DECIMAL(3, 1)", [0.25, 1e300], ["0.50"]),
        ("DATE", [datetime.datetime(2020, 1, 1, 9)], ["2020.10"]),
    ],
)
def test_a_type_that_changes_what_will_be_written_is_told_before_anything_is_learned(
    lite, tmp_path, type_, fits, does_not
):
    lite.run(f"CREATE TABLE people(id INT, x {type_})")
    release(lite("rows"), tmp_path, IDS[1], pa.table({"x": fits}))
    pq.write_table(pa.table({"x": fits}), tmp_path / "rows.parquet")
    releasing.check(lite("rows"), ["x"], tmp_path / "rows.parquet")
    if does_not is not None:
        pq.write_table(pa.table({"x": does_not}), tmp_path / "rows.parquet")
        with pytest.raises(LaunderError, match=rf"^expected values of the type {type_[:4]}.* for column 'x'"):
            releasing.check(lite("rows"), ["x"], tmp_path / "rows.parquet")
        with pytest.raises(LaunderError):
            release(lite("rows"), tmp_path, IDS[2], pa.table({"x": does_not}))


KEPT = {  # of a column x: its kind, values that keep its constraint, values that do not, and what is said of these
    "INTEGER NOT NULL": ("numerical", [1, 2], [1, None], "missing values in 'x'"),
    "INTEGER PRIMARY KEY": ("identifier", [1, 2], [1, 1], "rows that share 'x'"),
    "TEXT UNIQUE": ("identifier", ["a", None], ["a", "a"], "rows that share 'x'"),
    "DECIMAL(4,1) CHECK (x >= 0.5 AND (x < 9))": ("numerical", [0.5, None], [0.25], "rows that break the check"),
    "TEXT CHECK (x IN ('a)', 'it''s'))": ("categorical", ["a)", "it's"], ["b"], "rows that break the check"),
    "DATE CHECK (x > '2020-01-01')": (
        "datetime", [datetime.date(2020, 5, 1)], [datetime.date(2019, 1, 1)], "rows that break the check",
    ),
    "INTEGER REFERENCES towns(id)": ("categorical", [1, None], [3], "foreign key does not find"),
}  # fmt: skip


@pytest.mark.parametrize("column", KEPT)
def test_a_constraint_that_would_break_is_told_before_anything_is_learned(lite, tmp_path, column):
    lite.run("CREATE TABLE towns(id INTEGER PRIMARY KEY)")
    lite.run("INSERT INTO towns VALUES (1), (2)")
    lite.run(f"CREATE TABLE people(x {column}, y INTEGER NOT NULL DEFAULT 1)")
    kind, kept, broken, said = KEPT[column]
    pq.write_table(pa.table({"x": kept}), tmp_path / "rows.parquet")
    releasing.check(lite("rows"), ["x"], tmp_path / "rows.parquet", {"x": kind})
    release(lite("rows"), tmp_path, IDS[1], pa.table({"x": kept}))
    pq.write_table(pa.table({"x": broken}), tmp_path / "rows.parquet")
    with pytest.raises(LaunderError, match=f"^expected rows that keep the constraints of people, .*{said}"):
        releasing.check(lite("rows"), ["x"], tmp_path / "rows.parquet", {"x": kind})


def test_a_lock_of_somebody_else_is_waited_for_and_then_told(lite, tmp_path):
    release(lite(), tmp_path, IDS[1])
    with closing(sqlite3.connect(lite.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for attempt in (lambda: release(lite(), tmp_path, IDS[2], table(5)), lambda: back(tmp_path, IDS[1])):
            with pytest.raises(Unavailable, match="found a lock on it all the time"):
                attempt()
    assert ids(lite) == list(range(ROWS))


@pytest.mark.parametrize("again", [True, False])
def test_what_a_killed_run_has_left_is_dropped_and_loaded_anew(lite, tmp_path, monkeypatch, again):
    with monkeypatch.context() as killed:
        killed.setattr(sqlite.SQLite, "finish", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        killed.setattr(sqlite.SQLite, "abandon", lambda *given: None)
        with pytest.raises(KeyboardInterrupt):
            release(lite(), tmp_path, IDS[1])
    assert lite.run(f"SELECT count(*) FROM {place(lite(), IDS[1])}") == [(ROWS,)]
    others = place(lite(name="others"), IDS[2])  # of a run that may be at work
    lite.run(f"CREATE TABLE {others} AS SELECT 1")
    release(lite(), tmp_path, IDS[1] if again else IDS[2], table(5))
    assert ids(lite) == list(range(5))
    found = lite.run("SELECT count(*) FROM sqlite_master WHERE name LIKE 'launder_releases_%'")
    assert found == [(2,)] and lite.run(f"SELECT count(*) FROM {others}") == [(1,)]


def test_a_rehearsal_leaves_nothing_and_a_place_that_cannot_be_is_one_sentence(tmp_path):
    new = Target(uri=f"sqlite:///{tmp_path}/new.db", name="people")
    releasing.check(new, ["id"])
    assert not list(tmp_path.iterdir())
    for uri, expected in {
        f"sqlite:///{tmp_path}/no/s.db": "its folder is not there",
        f"sqlite:///{tmp_path}": "folder",
    }.items():
        with pytest.raises(LaunderError, match=f"^expected to load a release beside people.*{expected}"):
            releasing.check(Target(uri=uri, name="people"), ["id"])
    (tmp_path / "text.db").write_text("no database " * 99)
    with pytest.raises(LaunderError, match="a file that is no database"):
        releasing.check(Target(uri=f"sqlite:///{tmp_path}/text.db", name="people"), ["id"])
    with pytest.raises(LaunderError, match=r"found other\.people; remove other"):
        releasing.check(Target(uri=new.uri, name="other.people"), ["id"])


@pytest.mark.parametrize(
    ("table_", "expected"),
    [
        ("uri: 'duckdb:///a.db'", "postgresql://host/name or sqlite:///path under publish.table, found another"),
        ("uri: 'mysql+pymysql://h/a'", "postgresql://host/name or sqlite:///path under publish.table, found another"),
        ("uri: 'sqlite://'", "expected a path such as sqlite:///staging.db"),
        ("uri: 'sqlite:///s.db', user: env:LOGIN", "expected neither user nor password"),
    ],
)
def test_other_databases_are_no_place_for_releases_which_the_configuration_says(tmp_path, table_, expected):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(LaunderError, match=expected):
        config.load(str(tmp_path / "a.csv"), [f"publish.table={{{table_}, name: people}}"], tmp_path)


def test_a_table_of_more_columns_than_an_answer_has_is_compared_in_parts(lite, tmp_path):
    wide = pa.table({f"c{at}": [at, None] for at in range(900)})
    release(lite(), tmp_path, IDS[1], wide)
    assert lite.run("SELECT c899 FROM people WHERE c0 = 0") == [(899,)]


COLUMNS_THAT_DO_NOT_GO = {
    "differ in capitals alone; rename one": ["id", "ID"],
    "more columns than a table there may have": [f"c{at}" for at in range(2001)],
}


@pytest.mark.parametrize("found", COLUMNS_THAT_DO_NOT_GO)
def test_columns_that_no_table_can_have_are_told_before_anything_is_learned(lite, found):
    with pytest.raises(LaunderError, match=found):
        releasing.check(lite(), COLUMNS_THAT_DO_NOT_GO[found])
    with pytest.raises(LaunderError, match="a name that SQLite keeps for itself"):
        releasing.check(lite(name="sqlite_people"), ["id"])
    assert lite.run("SELECT name FROM sqlite_master") == []
