"""A table or a query of PostgreSQL as a source: types, snapshots, notes, and failures in one sentence."""

import datetime
import decimal
import os
import signal
import time
from contextlib import closing
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import config
from pipelines.cli import main
from pipelines.databases import columns, interrupting, postgresql, selecting
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.sources import remote
from tests.databases.conftest import KINDS, PASSWORD, READER, dbapi


def load(server, place, *settings):
    return config.load(server.uri, settings, place)


def fetched(*given):
    found, notes = remote.fetched(load(*given))
    return pq.read_table(found.source.path), notes


def test_every_type_is_kept_as_it_is(server, people, login, tmp_path):
    table, notes = fetched(server, tmp_path, "source.table=public.people", *login)
    assert notes == [] and table.num_rows == 120
    for name, (_, _, type_, first) in KINDS.items():
        column = table.column(name)
        assert column.type == (type_ or pa.dictionary(pa.int16(), pa.string())) and column.null_count == 3
        value = column[0].as_py()
        assert first is None or value == first or (isinstance(first, type) and isinstance(value, first)), name


def test_a_changed_row_is_another_source(server, login, tmp_path):
    server.run("CREATE TABLE digests AS SELECT g FROM generate_series(1, 9) g")
    asked = ["source.query=SELECT * FROM digests ORDER BY g", *login]
    before, same = (remote.fetched(load(server, tmp_path, *asked))[0].source.path for _ in range(2))
    server.run("UPDATE digests SET g = 10 WHERE g = 9")
    assert before == same != remote.fetched(load(server, tmp_path, *asked))[0].source.path


def test_a_query_may_end_as_statements_do(server, login, tmp_path):
    """In semicolons and comments, which end nothing where they stand in a text; what an oid is has no sign."""
    for end in ("", ";", " ; ;\n", "; -- all", "/* all; */ ;", " -- all;\n;"):
        assert selecting.statement(f"SELECT 1{end}").rstrip() == "SELECT 1"
    for whole in ("SELECT ';'", "SELECT $a$;--$a$", "SELECT e'\\';--'", 'SELECT 1 AS ";"', "SELECT 1; SELECT 2"):
        assert selecting.statement(f"{whole}; -- ;") == whole
    asked = "source.query=WITH x AS (SELECT 4000000001::oid AS o, ';--' AS t) SELECT * FROM x; -- all of it"
    table, _ = fetched(server, tmp_path, asked, *login)
    assert table.to_pylist() == [{"o": 4000000001, "t": ";--"}]


def test_texts_of_a_database_in_another_encoding_are_read_as_they_are(latin, login, tmp_path):
    asked = ["source.query=SELECT chr(228) AS letter FROM generate_series(1, 3)", *login]
    found, _ = remote.fetched(config.load(latin, asked, tmp_path))
    assert pq.read_table(found.source.path).column("letter").to_pylist() == ["ä"] * 3


def test_numbers_without_a_precision_keep_their_digits_and_what_is_not_finite_is_said(server, login, tmp_path):
    server.run(
        "CREATE TABLE loose(n numeric, d date, w numeric(3, -2))",
        "INSERT INTO loose VALUES ('12345678901234567890.125', '2020-01-01', 12345), ('NaN', 'infinity', NULL), "
        "('Infinity', '0044-03-15 BC', 0), (-0.5, '2020-01-02', 99900)",
    )
    table, notes = fetched(server, tmp_path, "source.table=loose", *login)
    assert table.column("n").type == pa.decimal128(38, 3) and table.column("w").type == pa.decimal128(5, 0)
    exact = [decimal.Decimal("12345678901234567890.125"), None, None, decimal.Decimal("-0.500")]
    assert table.column("n").to_pylist() == exact and table.column("w").to_pylist() == [12300, None, 0, 99900]
    days = [datetime.date(2020, 1, 1), None, None, datetime.date(2020, 1, 2)]
    assert table.column("d").to_pylist() == days
    assert [note.split(" became")[0] for note in notes] == ["2 values of column 'd'", "2 values of column 'n'"]
    private, _ = fetched(server, tmp_path, "source.table=loose", *login, "privacy.epsilon=3", "columns.n=drop")
    assert private.column("n").null_count == 4


def test_no_type_depends_on_the_rows_under_epsilon(server, login, tmp_path):
    server.run("CREATE TABLE spent AS SELECT g::numeric AS n FROM generate_series(1, 9) g")
    stated = "columns={n: {kind: numerical, bounds: [0, 9], decimals: 0}}"
    table, _ = fetched(server, tmp_path, "source.table=spent", *login, "privacy.epsilon=3", stated)
    assert table.column("n").type == pa.float64()


def test_a_login_that_may_write_is_warned_about(server, people, secrets, tmp_path):
    _, notes = fetched(server, tmp_path, "source.table=people", "source.user=postgres")
    assert notes == [
        "The login that reads the source could also write; give it SELECT alone, so that no run can change the source."
    ]


def test_rows_that_are_hidden_from_the_login_are_told(server, login, tmp_path):
    server.run(
        "CREATE TABLE part AS SELECT g FROM generate_series(1, 9) g",
        "ALTER TABLE part ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY lowest ON part FOR SELECT USING (g < 4)",
    )
    table, (note,) = fetched(server, tmp_path, "source.table=part", *login)
    assert table.num_rows == 3 and note.startswith("Row-level security holds")


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("bytea", "'x'"),
        ("int[]", "'{1}'"),
        ("jsonb", "'{}'"),
        ("json", "'{}'"),
        ("interval", "'1 day'"),
        ("point", "'(1,2)'"),
        ("int4range", "'[1,5)'"),
    ],
)
def test_what_has_no_kind_is_refused_by_name_unless_it_is_dropped(server, login, tmp_path, type_, value):
    server.run("DROP TABLE IF EXISTS odd", f"CREATE TABLE odd AS SELECT 1 AS id, {value}::{type_} AS payload")
    with pytest.raises(LaunderError, match=r"in column 'payload', found .*; .*columns.payload to drop") as told:
        fetched(server, tmp_path, "source.table=odd", *login)
    assert ("an array" if "[]" in type_ else f"the type {type_};") in str(told.value)
    table, _ = fetched(server, tmp_path, "source.table=odd", *login, "columns.payload=drop")
    assert table.column("payload").to_pylist() == [None] and table.column("id").to_pylist() == [1]


BAD = {
    "no such table": ["source.table=public.nosuch"],
    "rows in": ["source.table=empty"],
    "no permission": ["source.query=SELECT pg_read_file('PG_VERSION')"],
    "not one SELECT": ["source.query=DELETE FROM people"],
    "more than once": ["source.query=SELECT 1 AS a, 2 AS a"],
    "cannot convert": ["source.query=SELECT 'Jane Roe'::text::int AS a"],
    "a statement that writes": ["source.query=SELECT lo_create(0)::int8 AS a"],
    "column that is not there": ["source.query=SELECT nothing FROM people"],
    "source.table or source.query": [],
    "found both": ["source.table=people", "source.query=SELECT 1"],
    "name of a table": ["source.table=a..b"],
    "for files only": ["source.table=people", "source.sheet=x"],
    "password is wrong": ["source.table=people", "source.password=env:OTHER"],
    "variable NOSUCH": ["source.table=people", "source.password=env:NOSUCH"],
    "no place for a secret": ["source.table=people", f"source.password={PASSWORD}"],
}


@pytest.mark.parametrize("expected", BAD)
def test_bad_input_is_one_sentence_without_a_secret_or_a_value(
    server, people, login, tmp_path, monkeypatch, capsys, expected
):
    monkeypatch.setenv("OTHER", PASSWORD + "x")
    server.run("CREATE TABLE IF NOT EXISTS empty(a int)")
    words = [word for text in [*login, *BAD[expected]] for word in ("--set", text)]
    assert main(["run", server.uri, "--output", str(tmp_path / "out"), *words]) == 1
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("launder: expected") and expected in line
    assert not {PASSWORD, READER, "Jane"} & set(line.split()) and PASSWORD not in line + said.out


@pytest.mark.parametrize(
    "uri", ["postgresql://u:p/w@host/db", "postgresql://u@host/db", "postgresql://host/db?password=w"]
)
def test_an_address_holds_no_secret(uri, tmp_path, capsys):
    assert main(["run", uri, "--set", "source.table=t", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "without a user or a password" in said and "env:NAME" in said and "host/db" not in said


def test_a_lost_connection_is_tried_again_and_then_told(server, login, tmp_path, monkeypatch):
    """The server ends the reader's process while rows are on their way: once, then every time."""
    wide = "source.query=SELECT g, repeat('x', 1000) AS t FROM generate_series(1, 40000) g"
    convert, ended = columns.convert, []

    def interrupted(*given):
        if len(ended) < limit:
            ended.append(
                server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{READER}'")
            )
        return convert(*given)

    monkeypatch.setattr(columns, "convert", interrupted)
    limit = 1
    table, _ = fetched(server, tmp_path, wide, *login)
    assert table.num_rows == 40_000 and len(ended) == 1
    limit = 99
    with pytest.raises(Unavailable, match=r"expected to read .*, or one that was lost"):
        fetched(server, tmp_path, wide, *login)
    assert not list(tmp_path.rglob(".source-*"))


def test_ctrl_c_ends_what_the_server_does_and_is_not_lost(server, people):
    """ADBC takes SIGINT for itself on the main thread: without a thread of its own a statement goes on, or fails."""
    sleeps = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"
    )

    def press():
        while not server.run(sleeps)[0][0]:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    with dbapi.connect(server.uri + "&user=postgres") as connection:
        Thread(target=press, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            postgresql.run(connection, "SELECT pg_sleep(60)")
        connection.rollback()
        assert server.run(sleeps) == [(0,)]


class LeftOpen:
    """A connection as an interrupt leaves it that comes while ADBC makes another of it."""

    def close(self):
        raise RuntimeError("Cannot close AdbcDatabase with open AdbcConnection")


def test_an_interrupt_that_leaves_a_connection_open_is_not_hidden():
    with pytest.raises(KeyboardInterrupt), postgresql.remembering():
        postgresql._FIRST.get()["address"] = LeftOpen()
        raise KeyboardInterrupt


def test_a_reader_that_is_left_early_has_let_go_of_the_connection():
    """One that is closed while a thread reads from it ends the process."""
    waits, let_go, left = Event(), Event(), []

    def batches():
        yield 1
        waits.set()
        let_go.wait()
        left.append("the driver")
        yield 2

    with closing(interrupting.ahead(batches(), let_go.set)) as found:
        assert next(found) == 1 and waits.wait()
    assert left == ["the driver"]
    assert list(interrupting.ahead(iter("abc"), let_go.set)) == ["a", "b", "c"]
