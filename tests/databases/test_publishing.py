"""Releases in PostgreSQL: loaded aside, verified, swapped in one transaction, rolled back; readers see whole tables."""

import datetime
import decimal
import json
import threading
import uuid
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config.places import Target
from pipelines.database_sinks import contract, record, releasing, versions
from pipelines.database_sinks import postgresql as sinks
from pipelines.databases import failures, postgresql
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.sinks import returning
from tests.databases.conftest import PASSWORD, WRITER, dbapi

ROWS = 300
IDS = [f"2026112{day}T030000-{'0123456789abcdef'[day] * 16}" for day in range(1, 5)]


def table(rows=ROWS, start=0):
    """A release of every type, with missing values, and decimals that older drivers corrupted: multiples of 10**9."""
    numbers = range(start, start + rows)

    def column(value, type_):
        return pa.array([None if n % 7 == 3 else value(n) for n in numbers], type_)

    moment = datetime.datetime(2020, 1, 1)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "pay": column(lambda n: decimal.Decimal(n * 10**9).scaleb(-2), pa.decimal128(14, 2)),
            "big": column(lambda n: decimal.Decimal(10**9 * n), pa.decimal128(38, 4)),
            "born": column(lambda n: moment.date() - datetime.timedelta(n), pa.date32()),
            "seen": column(lambda n: moment + datetime.timedelta(minutes=n), pa.timestamp("us")),
            "sent": column(lambda n: moment + datetime.timedelta(seconds=n), pa.timestamp("ms", "Europe/Berlin")),
            "noon": column(lambda n: datetime.time(n % 24, n % 60), pa.time32("ms")),
            "took": column(lambda n: datetime.timedelta(seconds=n), pa.duration("ms")),
            "key": column(lambda n: uuid.UUID(int=n * 10**30).bytes, pa.uuid()),
            "old": column(lambda n: n % 2 == 0, pa.bool_()),
            "i2": column(lambda n: n - 90, pa.int16()),
            "f4": column(lambda n: n / 3, pa.float32()),
            "f8": column(lambda n: -n / 7, pa.float64()),
            "town": column(lambda n: f"Ä{n % 5}'\n", pa.string()).dictionary_encode(),
            "none": pa.nulls(rows),
        }
    )


@pytest.fixture
def target(server, secrets, monkeypatch):
    monkeypatch.setenv("LOGIN", WRITER)
    monkeypatch.setattr(releasing, "LOCK_DELAYS", [0.0])
    monkeypatch.setattr(contract, "LOCK_SECONDS", 0.2)
    server.run(
        "DROP SCHEMA IF EXISTS launder_releases CASCADE",
        "DROP SCHEMA IF EXISTS staging CASCADE",
        f"CREATE SCHEMA staging AUTHORIZATION {WRITER}",
    )

    def _target(how="view", name="staging.people"):
        return Target(uri=server.uri, name=name, how=how, user="env:LOGIN", password="env:SECRET")

    return _target


def release(target, folder, id, rows=None, keep=None, point=lambda: None, owner=""):
    """Publish a made release as a run does."""
    place = folder / "releases" / id
    (place / "data").mkdir(parents=True, exist_ok=True)
    (folder / "work").mkdir(parents=True, exist_ok=True)
    pq.write_table(table() if rows is None else rows, place / releasing.RELEASED_ROWS, row_group_size=100)
    releasing.load(target, place, id, owner)
    releasing.swap(target, folder, place, id, point)
    releasing.drop_surplus(target, keep, id)


def back(folder, id):
    releasing.rollback(record.of(folder)[id], id)


def place_of(target, id):
    return sinks.PostgreSQL(None).place(versions.name_of(target, id))


def ids(server, name="staging.people"):
    return [id for (id,) in server.run(f"SELECT id FROM {name} ORDER BY id")]


@pytest.mark.parametrize("how", ["view", "rows"])
def test_every_type_arrives_as_it_is_and_goes_back_with_a_rollback(server, target, tmp_path, how):
    release(target(how), tmp_path, IDS[1])
    found = dict(
        server.run(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'staging.people'::regclass AND attnum > 0"
        )
    )
    assert list(found.values()) == [
        "bigint",
        "numeric(14,2)",
        "numeric(38,4)",
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "interval",
        "uuid",
        "boolean",
        "smallint",
        "real",
        "double precision",
        "text",
        "text",
    ]
    with server.admin.cursor() as cursor:
        cursor.execute("SELECT id, pay::text, big::text, born, seen, sent, noon, key, f4, f8, town FROM staging.people")
        (row,) = [row for row in cursor.fetchall() if row[0] == 11]
    given = table().slice(11, 1).to_pylist()[0]
    assert [str(given[name]) for name in ("pay", "big")] == list(row[1:3]) and row[7] == given["key"]
    assert [row[3], row[4], row[6], *row[8:]] == [given[n] for n in ("born", "seen", "noon", "f4", "f8", "town")]
    assert row[5] == given["sent"]
    release(target(how), tmp_path, IDS[2], table(5, 1000))
    assert ids(server) == [1000, 1001, 1002, 1003, 1004]
    back(tmp_path, IDS[1])
    assert ids(server) == list(range(ROWS))
    assert PASSWORD not in (tmp_path / "work" / "tables.json").read_text()


def test_a_target_that_somebody_has_dropped_or_changed_is_noticed(server, target, tmp_path):
    release(target(), tmp_path, IDS[1])
    release(target("rows", "staging.rows"), tmp_path, IDS[1])
    place = tmp_path / "releases" / IDS[1]
    assert releasing.is_seen(target(), place) and releasing.is_seen(target("rows", "staging.rows"), place)
    server.run("DELETE FROM staging.rows WHERE id = 1", "DROP VIEW staging.people")
    assert not releasing.is_seen(target(), place) and not releasing.is_seen(target("rows", "staging.rows"), place)
    server.run("CREATE TABLE staging.people(id int)")
    with pytest.raises(LaunderError, match="found a table; set publish"):
        releasing.is_seen(target(), place)


@pytest.mark.parametrize("how", ["view", "rows"])
def test_a_reader_that_polls_never_sees_a_table_that_is_missing_or_half_filled(server, target, tmp_path, how):
    release(target(how), tmp_path, IDS[1])
    seen, over = [], threading.Event()

    def poll():
        with dbapi.connect(server.uri + "&user=postgres", autocommit=True) as connection, connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute("SELECT min(id), count(*), count(DISTINCT id) FROM staging.people")
                seen.append(cursor.fetchone())

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number, id in enumerate(IDS[2:], 1):
            release(target(how), tmp_path, id, table(ROWS, 1000 * number))
        back(tmp_path, IDS[1])
    finally:
        over.set()
        reader.join()
    assert {row[1:] for row in seen} == {(ROWS, ROWS)} and {row[0] for row in seen} <= {0, 1000, 2000}
    assert len(seen) > 10


def test_grants_dependants_options_and_indexes_stay(server, target, tmp_path):
    release(target(), tmp_path, IDS[1])
    server.run(
        "GRANT SELECT ON staging.people TO reader",
        "ALTER VIEW staging.people SET (security_barrier = true)",
        "CREATE VIEW staging.towns AS SELECT town FROM staging.people",
        f"CREATE INDEX ON {place_of(target(), IDS[1])} (lower(town)) WHERE id > 0",
    )
    release(target(), tmp_path, IDS[2], table(9))
    kept = server.run(
        "SELECT has_table_privilege('reader', 'staging.people', 'SELECT'), array_to_string(reloptions, '') "
        "FROM pg_class WHERE oid = 'staging.people'::regclass"
    )
    assert kept == [(True, "security_barrier=true")] and server.run("SELECT count(*) FROM staging.towns") == [(9,)]
    ((index,),) = server.run("SELECT indexdef::text FROM pg_indexes WHERE tablename LIKE 'staging_people_20261122%'")
    assert "(lower(town)) WHERE (id > 0)" in index


def test_rows_of_a_table_are_replaced_under_all_that_hangs_on_it(server, target, tmp_path):
    """Its types hold too: whole numbers in an INT, texts in an enum, the identity and the computed column."""
    server.run(
        "SET ROLE writer",
        "CREATE TYPE staging.size AS ENUM ('S', 'L')",
        "CREATE TABLE staging.people(n int GENERATED ALWAYS AS IDENTITY, id int PRIMARY KEY, size staging.size, "
        "at inet, code char(3), twice int GENERATED ALWAYS AS (id * 2) STORED, cost numeric(5,1) CHECK (cost < 10))",
        "INSERT INTO staging.people(id) VALUES (77)",
        "CREATE VIEW staging.sizes AS SELECT size FROM staging.people",
        "RESET ROLE",
        "GRANT SELECT ON staging.people TO reader",
    )
    rows = pa.table(
        {"id": [1, 2, 3], "size": ["S", None, "L"], "at": ["10.0.0.1", "10.0.0.0/8", None], "cost": [1.5, 2, None]}
    ).append_column("code", pa.array(["a", "abc", None]))
    release(target("rows"), tmp_path, IDS[1], rows)
    found = server.run("SELECT id, size::text, host(at), twice, cost::float8 FROM staging.people ORDER BY id")
    assert found == [(1, "S", "10.0.0.1", 2, 1.5), (2, None, "10.0.0.0", 4, 2.0), (3, "L", None, 6, None)]
    assert server.run(
        "SELECT count(size), has_table_privilege('reader', 'staging.people', 'SELECT') FROM staging.sizes"
    ) == [(2, True)]
    for column, values, found in [
        ("cost", [1.25, 2, 3], "found another content in column 'cost'"),
        ("cost", ["1 EUR", "2", "3"], "values of the type numeric\\(5,1\\) for column 'cost'"),
        ("id", [1, 2, 2**40], "values of the type integer for column 'id'"),
        ("size", ["S", "M", "L"], "found a value that the database cannot convert"),
        ("id", [1, 1, 2], "found rows that break one of its constraints"),
        ("at", ["10.1", "x", None], "found a value that the database cannot convert"),
    ]:
        wrong = rows.set_column(rows.schema.get_field_index(column), column, pa.array(values))
        with pytest.raises(LaunderError, match=rf"^expected .*{found}"):
            release(target("rows"), tmp_path, IDS[2], wrong)
        assert ids(server) == [1, 2, 3]


def test_who_adds_a_row_to_a_table_after_a_release_finds_its_number_free(server, target, tmp_path):
    server.run(
        "SET ROLE writer",
        'CREATE TABLE staging.people(id serial PRIMARY KEY, "N o" int GENERATED ALWAYS AS IDENTITY UNIQUE)',
        "RESET ROLE",
    )
    adding = 'INSERT INTO staging.people DEFAULT VALUES RETURNING id, "N o"'
    release(target("rows"), tmp_path, IDS[0], pa.table({"id": [5, 2], "N o": [9, 1]}))
    assert server.run(adding) == [(6, 10)]
    release(target("rows"), tmp_path, IDS[1], pa.table({"id": [1], "N o": [1]}))
    assert server.run(adding) == [(7, 11)]


OWN = "ALTER VIEW staging.people OWNER TO writer"
WRONG = {
    "found a table": ("view", "CREATE TABLE staging.people(id bigint)"),
    "expected the column 'extra'": ("rows", "CREATE TABLE staging.people(id bigint, extra int NOT NULL)"),
    "found also": ("rows", "CREATE TABLE staging.people(id bigint)"),
    "'gone' of staging.people": ("view", "CREATE VIEW staging.people AS SELECT 1::bigint AS id, 2 AS gone; " + OWN),
    "security_invoker": ("view", "CREATE VIEW staging.people WITH (security_invoker=true) AS SELECT 1::bigint AS id"),
    "found one of postgres": ("view", "CREATE VIEW staging.people AS SELECT 1::bigint AS id"),
    "found a materialized view": ("rows", "CREATE MATERIALIZED VIEW staging.people AS SELECT 1::bigint AS id"),
    "found no permission": ("view", "ALTER SCHEMA staging OWNER TO postgres"),
    "no such schema": ("view", "DROP SCHEMA staging"),
}


@pytest.mark.parametrize("found", WRONG)
def test_a_target_that_a_release_does_not_fit_is_one_sentence_and_stays_as_it_is(server, target, tmp_path, found):
    how, statement = WRONG[found]
    server.run(*statement.split("; "))
    for attempt in (  # before anything is trained, and where it became so meanwhile
        lambda: releasing.check(target(how), table().column_names),
        lambda: release(target(how), tmp_path, IDS[1]),
    ):
        with pytest.raises(LaunderError, match=found):
            attempt()
    assert not (tmp_path / "work" / "tables.json").exists()


GRANT = "; GRANT ALL ON staging.people TO writer"
PEOPLE = "CREATE TABLE staging.people(id int PRIMARY KEY{}); INSERT INTO staging.people VALUES (7)" + GRANT
ORDERS = "CREATE TABLE staging.orders(person int REFERENCES staging.people {}); INSERT INTO staging.orders VALUES (7)"
UNREPLACEABLE = {
    "staging.orders that deletes its rows": (PEOPLE.format(""), ORDERS.format("ON DELETE CASCADE")),
    "staging.orders that empties": (PEOPLE.format(""), ORDERS.format("ON DELETE SET NULL")),
    "staging.orders, whose rows refer": (PEOPLE.format(""), ORDERS.format("")),
    "row-level security": (PEOPLE.format(""), "ALTER TABLE staging.people ENABLE ROW LEVEL SECURITY"),
    "no permission to SELECT, INSERT and DELETE": (PEOPLE.format(""), "REVOKE DELETE ON staging.people FROM writer"),
    "computes 'pay'": (PEOPLE.format(", pay int GENERATED ALWAYS AS (id * 2) STORED"),),
    "lacks partitions by hash": (
        "CREATE TABLE staging.people(id int PRIMARY KEY) PARTITION BY HASH (id)",
        "CREATE TABLE staging.half PARTITION OF staging.people FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "INSERT INTO staging.people SELECT g FROM generate_series(1, 9) g WHERE satisfies_hash_partition("
        "'staging.people'::regclass, 2, 0, g) AND g > 6" + GRANT,
    ),
}


@pytest.mark.parametrize("found", UNREPLACEABLE)
def test_rows_that_cannot_be_replaced_without_harm_are_told_before_anything_is_learned(server, target, tmp_path, found):
    """A foreign key that cascades would delete rows of others; rows that are hidden from the login would stay."""
    server.run(*(one for statements in UNREPLACEABLE[found] for one in statements.split("; ")))
    before, rows = ids(server), pa.table({"id": [1, 2], "pay": [1, 2]})
    rows = rows if "computes" in found else rows.drop_columns("pay")
    for attempt in (
        lambda: releasing.check(target("rows"), rows.column_names),
        lambda: release(target("rows"), tmp_path, IDS[1], rows),
    ):
        with pytest.raises(LaunderError, match=found):
            attempt()
        assert ids(server) == before
    if "orders" in found:
        server.run("DELETE FROM staging.orders", "ALTER TABLE staging.orders DROP CONSTRAINT orders_person_fkey")
        releasing.check(target("rows"), rows.column_names)


TYPES = {  # of a target: values of files that it holds, and such that it does not
    "int": ([1, None], [2**40]),
    "smallint": ([1.0, -7.0], [0.5]),
    "numeric(5,1)": ([1.5, 2.0, None], [1.25]),
    "numeric(4,2)": (pa.array([decimal.Decimal("1.50")], pa.decimal128(9, 2)), ["about 1"]),
    "date": ([datetime.datetime(2020, 1, 1)], [datetime.datetime(2020, 1, 1, 9)]),
    "uuid": ([str(uuid.UUID(int=7))], ["7"]),
    "real": ([0.5, float("nan")], [0.1]),
    "boolean": ([True, None], [datetime.date(2020, 1, 1)]),
    "character varying(3)": (["äöü"], ["four"]),
    "staging.mood": (pa.array(["sad", None]).dictionary_encode(), ["(other)"]),
    "inet": (["10.0.0.1"], None),  # which the server alone reads
}


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_that_cannot_hold_what_will_be_written_is_told_before_anything_is_learned(
    server, target, tmp_path, type_
):
    server.run(
        "CREATE TYPE staging.mood AS ENUM ('sad', 'glad')",
        "SET ROLE writer",
        f"CREATE TABLE staging.people(id int, x {type_})",
        "RESET ROLE",
    )
    fits, does_not = (values if values is None else pa.table({"x": values}) for values in TYPES[type_])
    release(target("rows"), tmp_path, IDS[1], fits)
    pq.write_table(fits, tmp_path / "rows.parquet")
    releasing.check(target("rows"), ["x"], tmp_path / "rows.parquet")
    if does_not is not None:
        pq.write_table(does_not, tmp_path / "rows.parquet")
        with pytest.raises(LaunderError, match=r"^expected values of the type .* for column 'x' of the table"):
            releasing.check(target("rows"), ["x"], tmp_path / "rows.parquet")
        with pytest.raises(LaunderError):
            release(target("rows"), tmp_path, IDS[2], does_not)


KEPT = {  # of a column x: its kind, values that keep its constraint, values that do not, and what is said of these
    "int NOT NULL": ("numerical", [1, 2], [1, None], "missing values in 'x'"),
    "int UNIQUE": ("numerical", [1, 2], [1, 1], "rows that share 'x'"),
    "text PRIMARY KEY": ("identifier", ["a", "b"], ["a", "a"], "rows that share 'x'"),
    "int CHECK (x > 0 AND x < 10)": ("numerical", [1, None], [0], "check 'people_x_check' of 'x'"),
    "numeric(4,1) CHECK (x >= 0.5)": ("numerical", [0.5], [0.25], "people_x_check"),
    "varchar(9) CHECK (x IN ('a', 'it''s'))": ("categorical", ["a", "it's"], ["b"], "people_x_check"),
    "text CHECK (x LIKE 'A%' OR length(x) < 2)": ("categorical", ["Ab", "b"], ["ab"], "people_x_check"),
    "text CHECK (x ~ '^[a-c]+$')": ("categorical", ["abc"], ["abd"], "people_x_check"),
    "date CHECK (x BETWEEN '2020-01-01' AND '2020-12-31')": (
        "datetime", [datetime.date(2020, 5, 1)], [datetime.date(2021, 1, 1)], "people_x_check",
    ),
    "boolean CHECK (x IS TRUE)": ("boolean", [True], [False], "people_x_check"),
    "staging.small": ("numerical", [1], [7], "check 'small_check' of 'x'"),
    "int REFERENCES staging.towns(id)": ("categorical", [1, None], [3], "foreign key does not find"),
    "int CHECK (x > 0 OR now() < '2020-01-01')": ("numerical", [1], None, ""),  # which the server alone reads
}  # fmt: skip


@pytest.mark.parametrize("column", KEPT)
def test_a_constraint_that_would_break_is_told_before_anything_is_learned(server, target, tmp_path, column):
    server.run(
        "CREATE TABLE staging.towns(id int PRIMARY KEY)",
        "INSERT INTO staging.towns VALUES (1), (2)",
        "GRANT ALL ON staging.towns TO writer",
        "CREATE DOMAIN staging.small AS int CHECK (VALUE < 5)",
        "SET ROLE writer",
        f"CREATE TABLE staging.people(id int GENERATED ALWAYS AS IDENTITY, x {column}, y int NOT NULL DEFAULT 1)",
        "RESET ROLE",
    )
    kind, kept, broken, said = KEPT[column]
    pq.write_table(pa.table({"x": kept}), tmp_path / "rows.parquet")
    releasing.check(target("rows"), ["x"], tmp_path / "rows.parquet", {"x": kind})
    release(target("rows"), tmp_path, IDS[1], pa.table({"x": kept}))
    if broken is not None:
        pq.write_table(pa.table({"x": broken}), tmp_path / "rows.parquet")
        with pytest.raises(LaunderError, match=f"^expected rows that keep the constraints of staging.people, .*{said}"):
            releasing.check(target("rows"), ["x"], tmp_path / "rows.parquet", {"x": kind})


YEAR = "FOR VALUES FROM ('{0}-01-01') TO ('{0}-12-31')"
DAYS = [datetime.date(year, 5, 1) for year in (2020, 2022, 2021)]
PARTED = {  # how x is parted, the partitions, values that they take, values that none takes
    "date, y int) PARTITION BY RANGE (x)": (
        [
            f"people {YEAR.format(2020)} PARTITION BY LIST (y)",
            f"people {YEAR.format(2022)}",
            "people_0 FOR VALUES IN (1)",
        ],
        *(DAYS[:2], DAYS[2:]),
    ),
    "text, y int) PARTITION BY LIST (x)": (["people FOR VALUES IN ('a', 'b')"], ["a", "b"], ["d"]),
    "int, y int) PARTITION BY RANGE (x)": (["people DEFAULT", "people FOR VALUES FROM (0) TO (9)"], [-5, 7], None),
}


@pytest.mark.parametrize("column", PARTED)
def test_rows_that_no_partition_takes_are_told_before_anything_is_learned(server, target, tmp_path, column):
    parts, kept, broken = PARTED[column]
    server.run(
        "SET ROLE writer",
        f"CREATE TABLE staging.people(x {column}",
        *(f"CREATE TABLE staging.people_{k} PARTITION OF staging.{part}" for k, part in enumerate(parts)),
        "RESET ROLE",
    )
    kinds = {"x": "datetime", "y": "numerical"}
    made = pa.table({"x": kept, "y": pa.array([1] * len(kept), pa.int32())})
    pq.write_table(made, tmp_path / "rows.parquet")
    releasing.check(target("rows"), ["x", "y"], tmp_path / "rows.parquet", kinds)
    release(target("rows"), tmp_path, IDS[1], made)
    if broken is not None:
        pq.write_table(pa.table({"x": broken, "y": pa.array([1], pa.int32())}), tmp_path / "rows.parquet")
        with pytest.raises(LaunderError, match="found rows that no partition by 'x'"):
            releasing.check(target("rows"), ["x", "y"], tmp_path / "rows.parquet", kinds)


def test_keys_that_are_made_up_or_drawn_anew_are_told_by_their_kinds_alone(server, target):
    server.run(
        "CREATE TABLE staging.towns(id int PRIMARY KEY)",
        "GRANT ALL ON staging.towns TO writer",
        "SET ROLE writer",
        "CREATE TABLE staging.people(town int REFERENCES staging.towns, x text UNIQUE)",
        "RESET ROLE",
    )
    with pytest.raises(LaunderError, match="a foreign key on 'town', of which 'town' is made up anew; drop the key"):
        releasing.check(target("rows"), ["town", "x"], None, {"town": "identifier", "x": "identifier"})
    with pytest.raises(LaunderError, match="'x' is unique and learned, so that it repeats"):
        releasing.check(target("rows"), ["town", "x"], None, {"town": "categorical", "x": "categorical"})


def test_a_rehearsal_leaves_nothing(server, target):
    releasing.check(target(), ["id"])
    left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'launder_releases'"
    assert server.run("SELECT to_regclass('staging.people') IS NULL", left) == [(0,)]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x" * 63, "é" * 32], "at most 63 bytes"),
        ([f"c{at}" for at in range(1601)], "more columns"),
        (["id", "ctid"], "keep for itself, found 'ctid'"),
    ],
)
def test_columns_that_no_table_can_have_are_told_before_anything_is_learned(target, names, found):
    with pytest.raises(LaunderError, match=found):
        releasing.check(target(), names)


def test_what_the_server_does_not_hold_as_it_was_sent_is_refused(server, target, tmp_path, monkeypatch):
    """Whatever changes on the way, in any column: nothing of it is left."""
    fill = sinks.PostgreSQL.fill

    def corrupted(sink, version, file, columns):
        fill(sink, version, file, columns)
        sink.run(f"UPDATE {sink.place(version)} SET {changes[-1]} WHERE id = 8")

    monkeypatch.setattr(sinks.PostgreSQL, "fill", corrupted)
    changes = [
        "pay = pay * 10",
        "big = NULL",
        "born = born + 1",
        "seen = seen + interval '1 us'",
        "noon = '00:00:01'",
        "took = took * 2",
        "key = gen_random_uuid()",
        "old = NOT old",
        "i2 = i2 + 1",
        "f4 = f4 * 1.0001",
        "f8 = f8 * 1.0001",
        "town = town || 'x'",
        "town = 'Ä4X' || chr(10)",
        "id = 9",
        "none = ''",
    ]
    while changes:
        with pytest.raises(LaunderError, match="another content in column"):
            release(target(), tmp_path, IDS[1])
        changes.pop()
    assert server.run(
        "SELECT to_regclass('staging.people') IS NULL, count(*) FROM pg_namespace WHERE nspname = 'launder_releases'"
    ) == [(True, 0)]


@pytest.mark.parametrize("how", ["view", "rows"])
def test_a_swap_that_dies_or_waits_for_a_lock_leaves_the_target_as_it_was(server, target, tmp_path, monkeypatch, how):
    def too_early():
        pytest.fail("readers of files saw what those of the table did not")

    release(target(how), tmp_path, IDS[1])
    with dbapi.connect(server.uri + "&user=postgres") as other:
        postgresql.run(other, f"LOCK TABLE {'staging.people' if how == 'rows' else place_of(target(), IDS[1])}")
        if how == "view":
            postgresql.run(other, "SELECT 1 FROM staging.people LIMIT 1")
        with pytest.raises(Unavailable, match="found a lock on it"):
            release(target(how), tmp_path, IDS[2], table(5), point=too_early)
    assert ids(server) == list(range(ROWS))
    monkeypatch.setattr(failures, "DELAYS", [])
    existing = versions.targets.existing

    def dies(sink, target):
        found = existing(sink, target)
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{WRITER}'")
        return found

    monkeypatch.setattr(versions.targets, "existing", dies)
    with pytest.raises(Unavailable, match="lost"):
        release(target(how), tmp_path, IDS[2], table(5), point=too_early)
    monkeypatch.undo()
    assert ids(server) == list(range(ROWS)) and IDS[2] not in json.loads((tmp_path / "work/tables.json").read_text())


@pytest.mark.parametrize(
    ("how", "mode", "attempts"),
    [
        *(("view", "ACCESS EXCLUSIVE", 2), ("view", "ACCESS SHARE", 2)),
        # readers do not hold up rows that are replaced
        *(("rows", "ACCESS EXCLUSIVE", 2), ("rows", "ACCESS SHARE", 1)),
    ],
)
def test_a_lock_that_a_session_takes_just_before_the_swap_is_waited_for(
    server, target, tmp_path, monkeypatch, how, mode, attempts
):
    release(target(how), tmp_path, IDS[1])
    swap, seen = versions.swap, []
    with dbapi.connect(server.uri + "&user=postgres") as other:

        def held(*given):
            if not seen:
                postgresql.run(other, f"LOCK TABLE staging.people IN {mode} MODE")
                seen.append(postgresql.run(other, "SELECT min(id), count(*) FROM staging.people"))
            else:
                other.rollback()
                seen.append([])
            return swap(*given)

        monkeypatch.setattr(versions, "swap", held)
        release(target(how), tmp_path, IDS[2], table(5))
    assert len(seen) == attempts and seen[0] == [(0, ROWS)] and ids(server) == list(range(5))


@pytest.mark.parametrize("times", [1, 9])
def test_a_connection_that_is_lost_while_rows_are_sent_is_tried_again_and_then_told(
    server, target, tmp_path, monkeypatch, times
):
    batches, ended = sinks._batches, []

    def interrupted(*given):
        for batch in batches(*given):
            if len(ended) < times:
                end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{WRITER}'"
                ended.append(server.run(end))
            yield batch

    monkeypatch.setattr(sinks, "_batches", interrupted)
    if times == 1:
        release(target(), tmp_path, IDS[1])
        assert ids(server) == list(range(ROWS))
        return
    with pytest.raises(Unavailable, match=r"^expected to load a release beside .*, or one that was lost"):
        release(target(), tmp_path, IDS[1])
    assert server.run("SELECT to_regclass('staging.people') IS NULL") == [(True,)] and len(ended) > 1


def test_a_version_that_somebody_still_reads_is_dropped_by_a_later_release(server, target, tmp_path):
    def kept():
        with sinks.opened(target()) as sink:
            return versions.kept(sink, target())

    release(target(), tmp_path, IDS[0], table(3))
    with dbapi.connect(server.uri + "&user=postgres") as reader:
        postgresql.run(reader, f"SELECT count(*) FROM {place_of(target(), IDS[0])}")
        release(target(), tmp_path, IDS[1], table(5), keep=1)
        assert len(ids(server)) == 5 and kept() == IDS[:2]
    release(target(), tmp_path, IDS[2], table(7), keep=1)
    assert len(ids(server)) == 7 and kept() == IDS[2:3]


def test_what_failed_runs_have_loaded_is_dropped_and_never_counts_as_a_release(server, target, tmp_path):
    """Else three nights of a locked target take the releases before them with them, and their disk."""

    def interrupted():
        raise KeyboardInterrupt

    def found():
        with sinks.opened(target()) as sink:
            return versions.kept(sink, target()), len(sink.notes())

    release(target(), tmp_path, IDS[0], keep=2)
    for id in IDS[1:3]:
        with pytest.raises(KeyboardInterrupt):
            release(target(), tmp_path, id, table(3), keep=2, point=interrupted)
        assert found() == (IDS[:1], 2) and len(ids(server)) == ROWS
    release(target(), tmp_path, IDS[2], table(5), keep=2)
    assert found() == ([IDS[0], IDS[2]], 2) and len(ids(server)) == 5
    with pytest.raises(LaunderError, match="found none; they were dropped"):  # a run killed so has moved its files
        back(tmp_path, IDS[1])
    back(tmp_path, IDS[0])
    assert len(ids(server)) == ROWS
    assert [*returning.rollback(tmp_path, IDS[3])] == [f"staging.people is as it was: {IDS[3]} never went there."]


def test_a_target_that_another_data_set_releases_to_is_refused_and_keeps_all_that_is_loaded(server, target, tmp_path):
    """Else two output folders show their rows by turns, and each drops what the other can roll back to."""
    release(target(), tmp_path, IDS[0], owner="aaaa0000")
    with pytest.raises(KeyboardInterrupt):
        release(target(), tmp_path, IDS[1], point=Mock(side_effect=KeyboardInterrupt), owner="aaaa0000")
    for publish in (
        lambda: releasing.check(target(), table().column_names, owner="bbbb1111"),
        lambda: release(target(), tmp_path / "b", IDS[2], table(3), keep=1, owner="bbbb1111"),
    ):
        with pytest.raises(LaunderError, match=r"data set aaaa0000; name another table, .* work/NAME.id"):
            publish()
    assert len(ids(server)) == ROWS and server.run(
        "SELECT count(*) FROM pg_tables WHERE schemaname='launder_releases'"
    ) == [(2,)]


def test_old_versions_are_dropped_beyond_keep_but_for_what_something_depends_on(server, target, tmp_path):
    release(target(), tmp_path, IDS[0])
    server.run(f"CREATE VIEW staging.mine AS SELECT id FROM {place_of(target(), IDS[0])}")
    for id in IDS[1:]:
        release(target(), tmp_path, id, table(3), keep=2)
    with sinks.opened(target()) as sink:
        assert versions.kept(sink, target()) == [IDS[0], IDS[2], IDS[3]]
    with pytest.raises(LaunderError, match="found none; they were dropped"):
        back(tmp_path, IDS[1])
    assert ids(server) == [0, 1, 2]
