"""A night from SQLite into SQLite: released, released again by its model while nothing drifts, stopped by a new column,
rolled back, while a reader of the target polls.
"""

import sqlite3
import threading
from contextlib import closing

import pytest

from pipelines import config
from pipelines.release import publishing
from pipelines.run.artifacts import LaunderError
from pipelines.sinks import returning
from pipelines.sources import remote
from tests import runs
from tests.operations.conftest import table
from tests.pipelines.conftest import FEW, QUICK


@pytest.fixture
def nights(tmp_path):
    """Return what arrives at the source, what runs a night, and what asks the target."""

    def arrive(frame):
        with closing(sqlite3.connect(tmp_path / "source.db")) as source, source:
            frame.to_sql("people", source, index=False, if_exists="replace")

    def run(done=None):
        target = f"publish.table={{uri: 'sqlite:///{tmp_path}/target.db', name: staged}}"
        sets = ["source.table=people", "name=people", "train.when=drifted", target, *FEW, QUICK]
        loaded = config.load(f"sqlite:///{tmp_path}/source.db", sets, tmp_path / "out")
        return runs.launder(remote.fetched(loaded)[0], done)

    def ask(what="*"):
        with closing(sqlite3.connect(tmp_path / "target.db", timeout=30)) as target:
            return target.execute(f"SELECT {what} FROM staged").fetchall()

    return arrive, run, ask


def test_a_night_of_sqlite(nights, tmp_path):
    arrive, run, ask = nights
    arrive(table())
    first, seen, over, done = run(), set(), threading.Event(), []
    released = ask()

    def poll():
        while not over.wait(0.002):
            seen.update(ask("count(*)"))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        arrive(table(rows=84, seed=1))
        second = run(done)
        assert done == ["ingest", "compare", "decide"] and second["id"] != first["id"] and ask() == released
        arrive(table().assign(email="nobody@work.example"))
        with pytest.raises(LaunderError, match="Column 'email' is new"):
            run()
        arrive(table(rows=160, seed=2))
        assert run()["passed"] and len(ask()) == 160
        assert [*returning.rollback(tmp_path / "out", first["id"])] == [f"staged is {first['id']} now."]
        publishing.rollback(tmp_path / "out", first["id"])
        assert ask() == released
    finally:
        over.set()
        reader.join()
    assert seen <= {(80,), (160,)} and len(seen) >= 1
