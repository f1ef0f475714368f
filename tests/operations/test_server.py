"""The server of our own: a new home is given an empty database, so that Prefect's migrations are run once a version."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from pipelines.run import server


def made(folder, rows=0):
    """Return a database with Prefect's tables, and rows in one of them."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / server.DATABASE)) as database, database:
        for name in server.FILLED:
            database.execute(f"CREATE TABLE {name} (id TEXT)")
        database.executemany("INSERT INTO flow_run VALUES (?)", [("a",)] * rows)
    return folder / server.DATABASE


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in server.OTHER_DATABASE:
        monkeypatch.delenv(name, raising=False)


def test_a_new_home_is_given_the_empty_database(tmp_path, monkeypatch):
    server._remember(made(tmp_path / "first"))
    new = tmp_path / "second" / server.DATABASE
    server._prefill(new)
    with closing(sqlite3.connect(new)) as database:
        assert database.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
    monkeypatch.setenv(server.OTHER_DATABASE[0], "postgresql+asyncpg://host/prefect")
    server._prefill(tmp_path / "third" / server.DATABASE)
    assert not (tmp_path / "third").exists()


def test_a_database_in_which_something_happened_is_neither_kept_nor_replaced(tmp_path):
    used = made(tmp_path / "used", rows=1)
    server._remember(used)
    assert not server._template().exists() and not list(server._template().parent.iterdir())
    server._remember(made(tmp_path / "empty"))
    before = used.read_bytes()
    server._prefill(used)
    assert used.read_bytes() == before
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("no folder")
    server._remember(tmp_path / "empty" / server.DATABASE)  # a cache that cannot be written changes nothing
