"""What a database holds is told from what was sent by one letter of one text, wherever it stands among the others."""

import datetime
import decimal
import random
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config.places import Target
from pipelines.database_sinks import releasing, targets, versions
from pipelines.database_sinks.postgresql_summaries import MD5_HASHING, OWN_HASHING
from pipelines.databases import hashes, postgresql
from pipelines.databases.addresses import quoted
from pipelines.run.artifacts import LaunderError
from tests.databases.conftest import dbapi

ROWS, CORRUPTIONS, VERSION = 200, 40, "corrupted"
ENCODINGS = {
    "postgres": OWN_HASHING,
    "latin": MD5_HASHING,
}  # of databases of the server, and how texts are hashed there


def texts(count, seed, letters="aZ0 '-äß"):
    """Texts of nothing to forty letters, among them whole blocks of a hash."""
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=rng.choice([0, 11, 12, 24, rng.randrange(41)]))) for _ in range(count)]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rng = random.Random(1)
    rows = {
        "id": list(range(ROWS)),
        "few": pa.array([f"{n % 7} of it" for n in range(ROWS)]).dictionary_encode(),
        "many": [None if n % 9 == 0 else text for n, text in enumerate(texts(ROWS, 0))],
        "key": pa.array([uuid.UUID(int=rng.getrandbits(128)).bytes for _ in range(ROWS)], pa.uuid()),
    }
    path = tmp_path_factory.mktemp("rows") / "data.parquet"
    pq.write_table(pa.table(rows), path, row_group_size=60)
    with pq.ParquetFile(path) as file:
        yield file


@pytest.fixture(params=["sqlite", *ENCODINGS])
def target(request, tmp_path):
    if request.param == "sqlite":
        return Target(uri=f"sqlite:///{tmp_path}/s.db", name="people")
    uri = request.getfixturevalue("latin") if request.param == "latin" else request.getfixturevalue("server").uri
    return Target(uri=uri, name="people", user="postgres")


def test_one_letter_of_one_text_is_never_missed(target, file):
    rng = random.Random(2)
    with releasing.opened(target) as sink:
        columns = targets.fitted(sink, targets.existing(sink, target), file.schema_arrow, target)
        sink.create(VERSION, columns)
        sink.fill(VERSION, file.iter_batches(50), columns)
        sink.begin()
        place = sink.place(VERSION)
        versions.check(sink, place, file)
        if not target.is_file:
            assert sink._hashing == ENCODINGS[str(target.uri).partition("?")[0].rpartition("/")[2]]
        rows = file.read().to_pylist()
        for _ in range(CORRUPTIONS):
            name, row = rng.choice(["few", "many", "key"]), rng.choice(rows)
            value = str(row[name] or "")
            if not (places := [at for at, letter in enumerate(value) if letter != "-"]):
                continue
            at = rng.choice(places)
            other = rng.choice([letter for letter in "ab01" if letter != value[at]])
            sink.run("SAVEPOINT whole")
            changed = value[:at] + other + value[at + 1 :]
            as_text = "'" + changed.replace("'", "''") + "'"
            sink.run(f"UPDATE {place} SET {quoted(name)} = {as_text} WHERE id = {row['id']}")
            with pytest.raises(LaunderError, match=f"another content in column '{name}'"):
                versions.check(sink, place, file)
            sink.run("ROLLBACK TO whole")
        versions.check(sink, place, file)
        sink.rollback()
        if target.is_file:
            sink.drop(VERSION)
            sink.commit()


DECIMALS = {
    pa.decimal128(15, 2): ["0.00", "0.01", "-0.01", "1", "-1.00", "9999.99", "10000", "-1234567890123.45", "100000000"],
    pa.decimal128(15, 0): ["0", "7", "-7", "10000", "99990000", "999999999999999"],
    pa.decimal128(38, 5): ["0.00001", "-0.00001", "123456789012345678901234567890123.45678", "1e20", "0.1"],
    pa.decimal128(9, 9): ["0.000000001", "0.5", "0.00010", "-0.999999999"],
}


def test_hashes_are_those_of_the_server(server):
    """Also of moments, whose hash stands for their sum: before 2000, and beyond 32 bits; decimals of any scale."""
    given = [*texts(500, 3, "aZ0ä€😀"), "", "x" * 10_000]
    reals = [0.0, -0.0, 1.5, -1e300, 5e-324, float("inf"), float("nan"), 0.1]
    numbers = [0, -1, 1, 2**31, -(2**31), 2**62, -(2**62), 819_482_400_123_456]
    with dbapi.connect(server.uri + "&user=postgres") as connection:
        with connection.cursor() as cursor:
            cursor.adbc_ingest("hashed", pa.table({"t": given}), mode="create", temporary=True)
            cursor.adbc_ingest("reals", pa.table({"x": reals}), mode="create", temporary=True)
            cursor.adbc_ingest("numbers", pa.table({"n": numbers}), mode="create", temporary=True)
        for hashing in (OWN_HASHING, MD5_HASHING):
            found = postgresql.run(connection, f"SELECT {hashing.text.format('t')} FROM hashed")
            assert [one for (one,) in found] == hashing.texts(pa.array(given)).tolist()
            found = postgresql.run(connection, f"SELECT {hashing.real.format('x')} FROM reals")
            assert [one for (one,) in found] == hashing.reals(np.array(reals)).tolist()
            for type_, decimals in DECIMALS.items():
                exact = pa.array([decimal.Decimal(one) for one in decimals], type_)
                asked = hashing.number.format("n::numeric", type_.scale)
                kept = ", ".join(f"({one})" for one in decimals)  # as the server has them: of their own scale
                found = postgresql.run(connection, f"SELECT {asked} FROM (VALUES {kept}) AS d (n)")
                assert [one for (one,) in found] == hashing.numbers(exact).tolist(), type_
        found = postgresql.run(connection, "SELECT hashint8(n)::int8 FROM numbers")
        assert [one for (one,) in found] == hashes.hashint8(np.array(numbers)).tolist()


def test_texts_that_begin_within_a_longer_column_are_hashed_alike():
    """As slices of Arrow's arrays do."""
    given = texts(50, 4)
    assert hashes.hashtext(pa.array(given)[7:31]).tolist() == hashes.hashtext(pa.array(given[7:31])).tolist()
    assert not len(hashes.of_texts(pa.array([], pa.string()))) and not len(
        hashes.of_texts_md5(pa.array([], pa.string()))
    )


def test_values_that_two_rows_exchange_are_never_missed(target, tmp_path):
    """In columns of every type: the sums, ends and missing values of each column stay what they were."""
    rng, day = random.Random(4), datetime.date(2020, 1, 1)
    rows = {
        "id": list(range(ROWS)),
        "whole": [-1, -2, *(rng.randrange(-9, 9) for _ in range(ROWS - 2))],
        "big": pa.array([rng.randrange(2**63) for _ in range(ROWS)], pa.uint64() if not target.is_file else pa.int64()),
        "pay": pa.array([decimal.Decimal(rng.randrange(-999, 999)) / 100 for _ in range(ROWS)], pa.decimal128(10, 2)),
        "tiny": pa.array([decimal.Decimal(n).scaleb(-12) for n in range(ROWS)], pa.decimal128(14, 12)),
        "real": [None if n % 5 == 0 else rng.gauss(0, 1) for n in range(ROWS)],
        "old": [rng.random() < 0.5 for _ in range(ROWS)],
        "born": [None if n % 7 == 0 else day + datetime.timedelta(rng.randrange(900)) for n in range(ROWS)],
        "seen": pa.array([rng.randrange(10**15) for _ in range(ROWS)], pa.timestamp("us", "UTC")),
        "noon": pa.array([rng.randrange(86_400_000_000) for _ in range(ROWS)], pa.time64("us")),
        "took": pa.array([rng.randrange(10**9) for _ in range(ROWS)], pa.duration("us")),
        "town": pa.array([rng.choice("abc") for _ in range(ROWS)]).dictionary_encode(),
        "key": pa.array([uuid.UUID(int=rng.getrandbits(128)).bytes for _ in range(ROWS)], pa.uuid()),
    }
    pq.write_table(pa.table(rows), tmp_path / "data.parquet")
    with pq.ParquetFile(tmp_path / "data.parquet") as file, releasing.opened(target) as sink:
        columns = targets.fitted(sink, targets.existing(sink, target), file.schema_arrow, target)
        sink.create(VERSION, columns)
        sink.fill(VERSION, file.iter_batches(50), columns)
        sink.begin()
        place, values = sink.place(VERSION), file.read().to_pylist()
        versions.check(sink, place, file)
        sink.run(f"CREATE TEMPORARY TABLE before AS SELECT * FROM {place}")
        for name in list(rows)[1:]:
            one, other = next((a, b) for a in values for b in values if a[name] != b[name])
            sink.run("SAVEPOINT whole")
            theirs = f"SELECT {name} FROM before WHERE id = {one['id']} + {other['id']} - t.id"
            sink.run(f"UPDATE {place} AS t SET {name} = ({theirs}) WHERE id IN ({one['id']}, {other['id']})")
            with pytest.raises(LaunderError, match="values that belong to other rows"):
                versions.check(sink, place, file)
            sink.run("ROLLBACK TO whole")
        sink.rollback()
        if target.is_file:
            sink.drop(VERSION)
            sink.commit()
