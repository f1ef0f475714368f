"""Objects as source and target: nothing half is read, nothing half is seen, no key is said."""

import socket
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines import config
from pipelines.cli import main
from pipelines.config.places import Bucket
from pipelines.object_storage import releasing
from pipelines.run import retention
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.sinks import returning
from pipelines.sources import remote
from tests.object_storage.conftest import KEY, SECRET, current

ROWS = "age,town\n" + "".join(f"{20 + n % 50},{'Ulm' if n % 3 else 'Bonn'}\n" for n in range(120))


def fetched(place, *settings, to):
    return remote.fetched(config.load(place, settings, to))[0]


def test_an_object_is_copied_once_and_known_by_its_bytes(bucket, tmp_path):
    bucket.put("in/people.csv", ROWS)
    found, again = (fetched(f"{bucket.uri}/in/people.csv", to=tmp_path) for _ in range(2))
    assert found.name == "people" and found.source.path == again.source.path and found.source.path.endswith(".csv")
    assert Path(found.source.path).read_text() == ROWS and not list((tmp_path / "work").glob(".source*"))
    bucket.put("in/people.csv", ROWS.replace("Ulm", "Kiel"))
    assert fetched(f"{bucket.uri}/in/people.csv", to=tmp_path).source.path != found.source.path
    assert {one.path.name[:7] for one in retention.spare(tmp_path, -60.0)} == {"source-"}  # `launder clean` takes them


def test_a_prefix_is_one_table_of_parts(bucket, tmp_path):
    for year in (2025, 2026):
        part = tmp_path / "part.parquet"
        pd.DataFrame({"age": [20, 30]}).to_parquet(part)
        bucket.put(f"people/year={year}/0.parquet", part.read_bytes())
    bucket.put("people/", b"")  # what some tools mark a folder by
    found = fetched(f"{bucket.uri}/people/", to=tmp_path / "out")
    assert pq.read_table(found.source.path).num_rows == 4
    assert main(["init", f"{bucket.uri}/people", "--output", str(tmp_path / "launder.yaml")]) == 0
    assert "year:" in (tmp_path / "launder.yaml").read_text() and bucket.uri in (tmp_path / "launder.yaml").read_text()


def test_a_source_that_changes_meanwhile_is_read_again(bucket, tmp_path, monkeypatch):
    bucket.put("people.csv", ROWS)
    copy, other = remote.objects._copy, ROWS.replace("Bonn", "Kiel")

    def replaced(files, place, objects, aside):
        copy(files, place, objects, aside)
        monkeypatch.setattr(remote.objects, "_copy", copy)
        bucket.put("people.csv", other)

    monkeypatch.setattr(remote.objects, "_copy", replaced)
    assert Path(fetched(f"{bucket.uri}/people.csv", to=tmp_path).source.path).read_text() == other


def test_a_failure_is_one_sentence_without_keys(bucket, tmp_path, monkeypatch, capsys):
    def said(place, *settings):
        with pytest.raises(LaunderError) as failure:
            fetched(place, *settings, to=tmp_path)
        assert KEY not in str(failure.value) and SECRET not in str(failure.value)
        return str(failure.value)

    assert "found nothing there" in said(f"{bucket.uri}/absent.csv")
    assert "found nothing there" in said("s3://no-such-bucket/a.csv")
    assert "password: env:NAME" in said(f"s3://{KEY}:{SECRET}@bucket/a.csv")
    assert "environment variable LOST" in said(f"{bucket.uri}/a", "source.user=k", "source.password=env:LOST")
    assert "both user and password" in said(f"{bucket.uri}/a", "source.user=k")
    assert "launderette[gs]" in said("gs://bucket/a.csv") and "launderette[az]" in said("az://bucket/a.csv")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    assert "does not answer" in said(f"{bucket.uri}/a.csv")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert "AWS_SECRET_ACCESS_KEY" in said(f"{bucket.uri}/a.csv")
    assert main(["run", f"{bucket.uri}/a.csv", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def made(folder, id):
    """Return a release as far as objects know one: files, and a manifest."""
    for name in ("data/data.parquet", "report.html", "report.json", "manifest.json"):
        path = folder / "releases" / id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} of {id}")
    return folder / "releases" / id


def test_a_place_that_is_not_there_is_told_before_anything_is_trained(bucket):
    releasing.check(Bucket(uri=f"{bucket.uri}/out"), "aaaa0001")
    assert bucket.names() == []
    for target, said in {
        Bucket(uri="s3://no-such-bucket/out"): "found nothing there",
        Bucket(uri=f"{bucket.uri}/out", user="k", password="env:LOST"): "LOST, which publish.objects.password names",
    }.items():
        with pytest.raises(LaunderError, match=said):
            releasing.check(target, "aaaa0001")


def test_a_release_is_complete_before_anybody_is_told_of_it(bucket, tmp_path, monkeypatch):
    target = Bucket(uri=f"{bucket.uri}/out", user="env:AN_ID", password="env:A_KEY")
    monkeypatch.setenv("AN_ID", KEY)
    monkeypatch.setenv("A_KEY", SECRET)
    seen, complete, place = [], releasing._complete, made(tmp_path, "2026-a")
    monkeypatch.setattr(releasing, "_complete", lambda *given: seen.append(bucket.names()) or complete(*given))
    releasing.load(target, place, "2026-a", "aaaa0001")
    releasing.show(target, tmp_path, place, "2026-a", None)
    names = ("2026-a/data/data.parquet", "2026-a/report.html", "2026-a/report.json", "owner.json")
    assert seen == [[f"out/releases/{name}" for name in names]]
    assert current(bucket) == "2026-a" and releasing.is_shown(target, tmp_path, "2026-a")
    assert SECRET not in (tmp_path / "work/objects.json").read_text()

    def lost(*_):
        raise Unavailable("expected an answer, found none")

    place = made(tmp_path, "2026-b")
    releasing.load(target, place, "2026-b", "aaaa0001")
    monkeypatch.setattr(releasing, "_complete", lost)
    with pytest.raises(Unavailable):
        releasing.show(target, tmp_path, place, "2026-b", 1)
    assert current(bucket) == "2026-a" and not releasing.is_shown(target, tmp_path, "2026-b")
    monkeypatch.setattr(releasing, "_complete", complete)
    releasing.show(target, tmp_path, place, "2026-b", 1)
    assert current(bucket) == "2026-b" and not any("2026-a" in name for name in bucket.names())
    assert releasing.is_seen(target, place, "2026-b")
    assert not releasing.is_seen(target, made(tmp_path, "2026-a"), "2026-a")
    assert list(returning.rollback(tmp_path, "2026-a")) == [f"{target.uri} is 2026-a now."]  # pruned, written again
    assert current(bucket) == "2026-a" and "out/releases/2026-a/data/data.parquet" in bucket.names()


def test_a_place_has_releases_of_one_data_set_alone(bucket, tmp_path):
    """Each would take the other's `current.json`, and prune what it can roll back to; one inside the other as well."""
    mine, place = Bucket(uri=f"{bucket.uri}/out"), made(tmp_path, "2026-a")
    releasing.load(mine, place, "2026-a", "aaaa0001")
    for uri in ("out/", "out/releases/x", "out/deeper"):
        other = Bucket(uri=f"{bucket.uri.replace('s3:', 's3a:')}/{uri}")
        with pytest.raises(LaunderError, match=f"alone at {other.uri}, found those of data set aaaa0001 below .*/out;"):
            releasing.check(other, "bbbb0002")
        releasing.check(other, "aaaa0001")
    releasing.check(Bucket(uri=f"{bucket.uri}/output"), "bbbb0002")
    bucket.put("out/releases/owner.json", "bbbb0002")  # claimed at the same moment
    with pytest.raises(LaunderError, match="data set bbbb0002"):
        releasing.load(mine, place, "2026-b", "aaaa0001")
