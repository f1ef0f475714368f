"""Nights: a production table becomes a staging table, or nothing changes."""

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import config
from pipelines.cli import main
from pipelines.run import pipeline, steps
from pipelines.sources import remote
from tests import runs
from tests.databases.conftest import KINDS, PASSWORD, WRITER
from tests.pipelines.conftest import FEW

VIEW = "publish.table={{uri: '{uri}', name: nightly.people, user: env:WRITER, password: env:SECRET}}"


def no_drawings(found, folder, **given):
    """Write empty reports: drawing them takes longer than everything else here."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("report.html", "report.json"):
        (folder / name).write_text("{}")


def test_a_release_keeps_types_and_replaces_a_view_and_a_refusal_changes_nothing(
    server, people, login, tmp_path, monkeypatch
):
    monkeypatch.setenv("WRITER", WRITER)
    monkeypatch.setattr(steps.reports, "write", no_drawings)
    server.run(f"CREATE SCHEMA nightly AUTHORIZATION {WRITER}")
    settings = ["source.table=people", *login, *FEW]

    def night(*more):
        found, _ = remote.fetched(config.load(server.uri, [*settings, *more], tmp_path))
        done = []
        return found, runs.launder(found, done), done

    def shown():
        view = "to_regclass('nightly.people')"
        return server.run(f"SELECT {view} IS NOT NULL, pg_get_viewdef({view})")

    found, first, _ = night()
    schema = pq.read_schema(f"{first['place']}/data/data.parquet")
    types = {name: schema.field(name).type for name in KINDS if name != "mood"}
    assert types == {name: kind[2] for name, kind in KINDS.items() if name != "mood"}
    assert pa.types.is_dictionary(schema.field("mood").type) and "postgresql" not in found.model_dump_json()
    assert pipeline.unchanged(found) and shown() == [(False, None)]

    view = VIEW.format(uri=server.uri)
    found, second, done = night(view)  # the same rows, and now a table too
    assert done == [] and second["place"] == first["place"] and pipeline.unchanged(found)
    with server.admin.cursor() as cursor:
        cursor.execute("SELECT * FROM nightly.people")
        there = cursor.fetch_arrow_table()
    made = pq.read_table(f"{first['place']}/data/data.parquet")
    for name in ("born", "seen", "noon", "key", "old", "i2", "i4", "i8", "note", "f4", "f8"):
        assert there.column(name).to_pylist() == made.column(name).to_pylist()
    before = shown()
    _, refused, _ = night(view, "gate.fidelity.shape.at_least=1")
    assert not refused["passed"] and shown() == before

    third = night(view, "sample.rows=60")[1]
    assert shown() != before and main(["rollback", str(tmp_path), first["id"]]) == 0
    assert shown() == before and third["place"] != first["place"]
    private = [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert private == []
