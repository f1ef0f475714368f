"""The nightly story: a production table becomes a staging table through Prefect, or nothing changes and somebody is
told why, while a reader of the target polls.
"""

import json
import threading
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from launderette import flows
from pipelines import config
from pipelines.cli import main
from pipelines.databases import postgresql
from pipelines.run import lease, tasks
from pipelines.run import server as prefect_server
from tests import hooks
from tests.databases.conftest import KINDS, PASSWORD, WRITER, dbapi
from tests.operations.test_approval import SIGNED
from tests.pipelines.conftest import FEW, QUICK

ROWS = 120
NEEDLES = ("Zebulon", "Quixworth", "7946 0991", "lighthouse", "moonstone", "9876543", PASSWORD)
PROD = (
    "CREATE SCHEMA prod",
    f"CREATE SCHEMA nightly AUTHORIZATION {WRITER}",
    "CREATE TABLE prod.people AS SELECT * FROM people",
    "ALTER TABLE prod.people ADD full_name text, ADD phone text, ADD job text, ADD remark text",
    "UPDATE prod.people SET full_name = 'Person' || i4 || ' Surname' || i2, phone = '+44 20 7946 0' || 100 + i4, "
    "job = (ARRAY['nurse', 'judge', 'baker'])[1 + i4 % 3], remark = 'said ' || i8 || ' words, and all of them wise'",
    "UPDATE prod.people SET full_name = 'Zebulon Quixworth', phone = '+44 20 7946 0991', job = 'lighthouse keeper', "
    "remark = 'is allergic to moonstone', pay = 9876543.21 WHERE i4 = 17",
)
NEW_COLUMN = (
    "ALTER TABLE prod.people ADD email text",
    "UPDATE prod.people SET email = lower(split_part(full_name, ' ', 2)) || '@work.example'",
)


class Nights:
    """A data set with its source, its target, and who is told of its nights."""

    def __init__(self, server, hook, output, capfd):
        self.server, self.hook, self.output, self.heard = server, hook, output, 0
        self.capfd, self.printed = capfd, ""
        target = f"{{uri: '{server.uri}', name: nightly.people, user: env:WRITER, password: env:SECRET}}"
        sets = ["source.table=prod.people", "source.user=env:LOGIN", "source.password=env:SECRET", "name=people"]
        sets += [f"publish.table={target}", "train.when=drifted", "notify=[{webhook: env:HOOK}]", *FEW, QUICK]
        self.words = ["run", server.uri, "--output", str(output), *as_words(sets)]

    def run(self, *sets):
        """Return the exit code of a night, and the one message that it has sent."""
        code = main([*self.words, *as_words(sets)])
        return code, self.told()

    def said(self):
        """Return what was printed since the last look: on standard output, and on standard error."""
        found = self.capfd.readouterr()
        self.printed += "".join(found)
        return found

    def told(self):
        (body,) = self.hook.bodies[self.heard :]
        self.heard += 1
        return json.loads(body)

    def steps(self):
        """Return the names of the steps that were done so far, each with its key."""
        return {path.parent.name for path in self.output.glob("work/*-*/result.json")}

    def manifest(self, id="current"):
        return json.loads((self.output / "releases" / id / "manifest.json").read_text())

    def view(self):
        """Return what the target is: the version that readers see."""
        return self.server.run("SELECT pg_get_viewdef('nightly.people'::regclass)")

    def shown(self):
        """Return what readers of the target see, its rows in the order of the release."""
        with self.server.admin.cursor() as cursor:
            cursor.execute("SELECT * FROM nightly.people")
            return cursor.fetch_arrow_table()


def as_words(sets):
    return [word for text in sets for word in ("--set", text)]


@pytest.fixture(scope="module")
def hook():
    with hooks.listening() as server:
        yield server


@pytest.fixture
def nights(server, people, secrets, hook, tmp_path, monkeypatch, capfd):
    for name, value in {"WRITER": WRITER, "HOOK": hook.address, "no_proxy": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    server.run(*PROD)
    work = prefect_server.prepare(str(tmp_path / "out"))
    with prefect_server.beginning(work) as begun, tasks.connected(begun):
        yield Nights(server, hook, tmp_path / "out", capfd)


@contextmanager
def polled(server, seen):
    """Have a reader of the target note, as long as the block lasts, how many rows it sees."""
    over = threading.Event()

    def poll():
        with dbapi.connect(server.uri + "&user=postgres", autocommit=True) as connection:
            while not over.wait(0.01):
                ((count,),) = postgresql.run(connection, "SELECT count(*) FROM nightly.people")
                seen.append(count)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def test_the_nightly_story(nights, server, tmp_path, monkeypatch):
    seen = []
    first = released_with_the_types_of_the_source(nights)
    with polled(server, seen):
        stopped_before_anything_is_learned(nights)
        second = reused_while_nothing_drifts(nights, first)
        left_out_while_another_run_is_at_work(nights, monkeypatch)
        quarantined_by_the_gate(nights)
        stopped_by_a_new_column(nights)
        third = released_once_somebody_approves(nights, second)
        rolled_back_and_forth(nights, first, third)
    assert set(seen) == {ROWS} and len(seen) > 100
    assert main(["verify", str(nights.output)]) == 0
    nothing_of_a_person_is_left(nights, tmp_path / "prefect")


def released_with_the_types_of_the_source(nights):
    code, told = nights.run()
    assert (code, told["event"]) == (0, "released")
    made, there = pq.read_table(f"{told['place']}/data/data.parquet"), nights.shown()
    kinds = {name: kind[2] or pa.dictionary(pa.int8(), pa.string()) for name, kind in KINDS.items()}
    assert {name: made.schema.field(name).type for name in kinds} == kinds
    for name in set(made.column_names) - {"pay", "sent", "mood"}:  # which come back in other types of Arrow
        assert there.column(name).to_pylist() == made.column(name).to_pylist(), name
    return told["run"]


def stopped_before_anything_is_learned(nights):
    before = nights.steps()
    code, told = nights.run("publish.table.password=env:HOOK", "seed=1")
    assert (code, told["event"]) == (1, "failed") and "the user or the password is wrong" in told["why"]
    nights.server.run(
        "CREATE TABLE nightly.narrow AS TABLE prod.people WITH NO DATA",
        "ALTER TABLE nightly.narrow ALTER note TYPE int USING 0",
        f"ALTER TABLE nightly.narrow OWNER TO {WRITER}",
    )
    code, told = nights.run("publish.table.name=nightly.narrow", "publish.table.how=rows", "seed=1")
    assert code == 1 and "values of the type integer for column 'note'" in told["why"]
    assert {name.rpartition("-")[0] for name in nights.steps() - before} <= {"ingest", "protect"}


def reused_while_nothing_drifts(nights, first):
    nights.server.run("UPDATE prod.people SET i4 = i4 + 1 WHERE i4 = 5")
    before = nights.steps()
    code, told = nights.run()
    assert (code, told["event"]) == (0, "recovered") and told["run"] != first
    done = {name.rpartition("-")[0] for name in nights.steps() - before}
    assert done == {"ingest", "compare", "decide"}  # nothing is trained, drawn or scored: that took the first night
    assert nights.manifest()["model"]["release"] == first
    return told["run"]


def left_out_while_another_run_is_at_work(nights, monkeypatch):
    """As a schedule begins it: nothing is read, and nobody is told of a failure."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "ours")
    loaded = config.load(nights.words[1], nights.words[5::2], nights.output)
    with lease.held(nights.output / "work", "people", "another", print, print):
        state = flows.laundering(loaded, return_state=True)
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    assert state.is_cancelled() and state.message == flows.LEFT_OUT
    assert nights.hook.bodies[nights.heard :] == []


def quarantined_by_the_gate(nights):
    before = nights.view()
    code, told = nights.run("gate.fidelity.shape.at_least=2")
    assert (code, told["event"], told["why"]) == (3, "quarantined", "refused by fidelity.shape")
    assert nights.view() == before


def stopped_by_a_new_column(nights):
    before = nights.view(), nights.manifest()
    nights.server.run(*NEW_COLUMN)
    nights.said()
    code, told = nights.run()
    (line,) = nights.said().err.splitlines()
    assert (code, told["event"]) == (1, "failed") and line == f"launder: {told['why']}"
    assert "found it changed: Column 'email' is new. List the column under columns" in line
    assert (nights.view(), nights.manifest()) == before


def released_once_somebody_approves(nights, second):
    before = nights.view()
    code, told = nights.run('columns={"*": infer, "email": infer}', "gate.approval=required")
    assert (code, told["event"]) == (4, "approval") and nights.view() == before
    assert main(["approve", str(nights.output), told["run"], *SIGNED]) == 0
    assert nights.told()["event"] == "recovered" and nights.shown().column_names[-1] == "email"
    assert nights.manifest()["approval"]["by"] == "Ada" and "release" not in nights.manifest()["model"]
    return told["run"]


def rolled_back_and_forth(nights, first, third):
    """Beyond the release that brought a column: the view keeps it, with nothing in it."""
    for id, missing in (first, ROWS), (third, 0):
        nights.said()
        assert main(["rollback", str(nights.output), id]) == 0
        assert ("nothing of that release in 'email'" in nights.said().out) == bool(missing)
        made = pq.read_table(nights.output / "releases" / id / "data" / "data.parquet")
        assert nights.shown().column("i8").to_pylist() == made.column("i8").to_pylist()
        assert nights.shown().column("email").null_count >= missing and nights.manifest()["id"] == id


def nothing_of_a_person_is_left(nights, home):
    """Neither where readers look, nor with who is told, nor on screens, nor in what Prefect and the server keep."""
    nights.said()
    ((released,),) = nights.server.run("SELECT string_agg(p::text, ' ') FROM nightly.people p")
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    log = (nights.output / "work" / "server.log").read_bytes()
    places = [released.encode(), *nights.hook.bodies, nights.printed.encode(), stored, log]
    assert b"Column 'email' is new" in stored  # it did keep the runs
    ((source,),) = nights.server.run("SELECT string_agg(p::text, ' ') FROM prod.people p")
    assert all(needle in source for needle in NEEDLES[:-1])
    for needle in NEEDLES:
        assert not [place for place in places if needle.encode() in place], needle
