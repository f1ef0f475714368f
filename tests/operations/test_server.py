"""The server of our own: a new home is given an empty database, so that Prefect's migrations are run once a version."""

import errno
import shutil
import sqlite3
from contextlib import closing

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from pipelines.run import server, tasks
from pipelines.run.artifacts import LaunderError
from tests.processes import files_of_at_most


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


def test_a_copy_that_the_disk_does_not_hold_leaves_nothing_half_written(tmp_path, monkeypatch):
    server._remember(made(tmp_path / "first"))
    home = tmp_path / "second"

    def full(source, target):
        target.write_bytes(b"SQLite format 3")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(LaunderError, match="no space left on the disk"):
        server._prefill(home / server.DATABASE)
    assert not list(home.iterdir())


class Ended:
    def poll(self):
        return 1


def test_a_server_that_does_not_start_or_fails_midway_for_want_of_space_is_told_by_the_disk(tmp_path):
    begun = server.StartingServer(Ended(), "http://127.0.0.1:1/api", tmp_path)
    with pytest.raises(LaunderError, match=r"to start, found that it did not; see .*server\.log"):
        begun.ready()
    with files_of_at_most(1 << 20), pytest.raises(LaunderError, match="ulimit -f"):
        begun.ready()
    request = httpx.Request("POST", begun.api)
    failure = httpx.HTTPStatusError("", request=request, response=httpx.Response(500, request=request))
    for size, found in (
        (1 << 20, "ulimit -f"),
        (1 << 30, r"of our own to answer, found an error \(500\); see .*server.log"),
    ):
        answering = tasks._answering("of our own", f"see {begun.log}", begun.check_disk)
        with files_of_at_most(size), pytest.raises(LaunderError, match=found), answering:
            raise failure


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("who: secret"), RuntimeError("Failed to reach API at http://x"), ValueError("other")]
)
def test_a_server_of_the_user_that_does_not_answer_is_one_sentence(error):
    ours = not isinstance(error, ValueError)
    named = temporary_settings({PREFECT_API_URL: "http://prefect.example/api"})
    with named, pytest.raises(LaunderError if ours else ValueError) as told, tasks.connected(None):
        raise error
    said = (
        "expected the Prefect server at http://prefect.example/api (PREFECT_API_URL) to answer, found that it does not"
    )
    assert str(told.value).startswith(said if ours else "other")


class Begun(Ended):
    def communicate(self):
        pass


def test_a_server_that_begins_before_it_is_known_whether_a_run_can_leaves_no_trace_where_none_does(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "out" / "work" / server.HOME))
    monkeypatch.setattr(server, "_start", lambda work, *rest: (work / server.LOG).touch() or Begun())
    output = tmp_path / "out"
    for is_used in (False, True):
        with pytest.raises(ValueError, match="bad input"), server.early(str(output)) as begun:
            assert (output / "work" / server.LOG).exists()
            begun.is_used = is_used
            raise ValueError("bad input")
        assert output.exists() == is_used
    (output / "releases" / "current").mkdir(parents=True)
    with server.early(str(output)) as begun:  # there may be nothing to do
        assert begun is None


def test_a_database_is_taken_as_it_is_only_where_this_version_of_prefect_has_made_it(tmp_path):
    paths = [made(tmp_path / name) for name in ("empty", "same", "older")]
    for path in paths:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("INSERT INTO alembic_version VALUES (?)", ["1" if path is paths[2] else "2"])
    assert not server._is_of_this_version(paths[1])
    server._remember(paths[0])
    assert [server._is_of_this_version(path) for path in paths] == [True, True, False]
