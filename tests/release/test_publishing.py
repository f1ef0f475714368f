"""Publishing: whole or not at all, only what was approved, and one edited byte is found."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines.release import publishing, verifying
from pipelines.run.artifacts import LaunderError, canonical, read_frame
from pipelines.sinks import tables
from tests.release.conftest import decide


@pytest.fixture
def release(stage, tmp_path):
    staged, approval = stage()
    return publishing.publish(approval, staged, tmp_path, "r1")


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_release_is_whole_and_current(release, tmp_path):
    assert names(release) == ["data", "manifest.json", "report.html", "report.json"]
    assert os.readlink(tmp_path / "releases" / "current") == "r1"  # relative: the output folder may move
    assert publishing.verify(release) == [] == publishing.verify(tmp_path / "releases" / "current")
    assert names(tmp_path / "releases") == ["current", "r1"]
    manifest = json.loads((release / "manifest.json").read_bytes())
    assert manifest["previous"] is None and manifest["verdict"]["passed"] and manifest["rows"] == 2
    assert set(manifest["files"]) == {"data/data.parquet", "report.html", "report.json"}


def test_a_release_can_be_read_by_others(stage, tmp_path):
    staged, approval = stage()
    for folder in (staged, staged / "data"):
        folder.chmod(0o700)
    release = publishing.publish(approval, staged, tmp_path, "r1")
    assert [path.stat().st_mode & 0o777 for path in (release, release / "data")] == [0o755, 0o755]


def test_each_manifest_names_the_one_before(stage, release, tmp_path):
    staged, approval = stage("r2", value=5)
    publishing.publish(approval, staged, tmp_path, "r2")
    assert json.loads((tmp_path / "releases" / "r2" / "manifest.json").read_bytes())[
        "previous"
    ] == publishing.digest_file(release / "manifest.json")
    assert [(r["id"], r["current"]) for r in publishing.releases(tmp_path)] == [("r1", False), ("r2", True)]


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_formats_keep_the_rows(stage, tmp_path, format):
    staged, approval = stage(format=format)
    path = publishing.publish(approval, staged, tmp_path, "r1") / "data" / f"data.{format}"
    frame = read_frame(path) if format == "parquet" else pd.read_csv(path)
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_the_same_rows_are_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", None]})
    for format in ("parquet", "csv"):
        one, two = (tables.write_release(frame, tmp_path / n, format=format) for n in ("1", "2"))
        assert one.digest == two.digest


def test_one_edited_byte_anywhere_is_found(release):
    for path in sorted(p for p in release.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1} | (
            set(range(0, len(whole), 7)) if path.name == "manifest.json" else set()
        ):
            for byte in {whole[at] ^ 1, 32}:
                if byte == whole[at]:
                    continue
                path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
                try:
                    assert publishing.verify(release), (path.name, at)
                except LaunderError as error:  # no longer a manifest at all
                    assert path.name == "manifest.json" and str(error).startswith("expected")
        path.write_bytes(whole + b"\n")
        assert publishing.verify(release)
        path.write_bytes(whole)
    assert publishing.verify(release) == []


def test_added_missing_and_linked_files_are_found(release, tmp_path):
    (release / "data" / "more.parquet").write_text("x")
    assert "data/more.parquet is not in the manifest: it was added." in publishing.verify(release)
    (release / "data" / "more.parquet").unlink()
    (release / "hidden").mkdir()
    assert publishing.verify(release) == ["hidden is not in the manifest: it was added."]
    (release / "hidden").rmdir()
    (release / "report.html").unlink()
    assert publishing.verify(release) == ["report.html is missing."]
    (tmp_path / "elsewhere").write_text("<p>fine")
    (release / "report.html").symlink_to(tmp_path / "elsewhere")
    assert publishing.verify(release) == ["report.html is a link: it was added."]


def test_a_release_under_another_name_is_found(release):
    assert publishing.verify(release.rename(release.with_name("r9"))) == [
        "manifest.json belongs to another release than r9."
    ]


def test_a_forged_manifest_must_still_agree_with_itself(release):
    document = json.loads((release / "manifest.json").read_bytes())
    document["verdict"]["reasons"][0]["passed"] = False
    document["digest"] = verifying.digest_manifest(document)
    (release / "manifest.json").write_bytes(canonical(document))
    assert publishing.verify(release) == ["The verdict does not follow from its reasons, or there is none."]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"version": 1}'])
def test_what_is_no_manifest_is_refused_in_a_sentence(release, content):
    (release / "manifest.json").write_bytes(content)
    try:
        assert publishing.verify(release)
    except LaunderError as error:
        assert str(error).startswith("expected")


def test_only_an_approval_of_these_very_data_publishes(stage, tmp_path):
    staged, approval = stage()
    _, refusal = stage("r2", copies=1.0)
    for other in (refusal, None, {"passed": True}):
        with pytest.raises(LaunderError, match="expected an approval"):
            publishing.publish(other, staged, tmp_path, "r1")
    other, _ = stage("r3", value=7)
    with pytest.raises(LaunderError, match="other data"):
        publishing.publish(approval, other, tmp_path, "r3")
    (staged / "report.html").write_text("<p>better")
    with pytest.raises(LaunderError, match=r"report\.html was changed"):
        publishing.publish(approval, staged, tmp_path, "r1")
    assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize("id", ["../x", "current", ".hidden", "", "a/b"])
def test_ids_are_plain_names(stage, tmp_path, id):
    staged, approval = stage()
    with pytest.raises(LaunderError, match="expected an id"):
        publishing.publish(approval, staged, tmp_path, id)


def test_publishing_again_only_points(stage, release, tmp_path):
    staged, approval = stage("r2", value=3)
    publishing.publish(approval, staged, tmp_path, "r2")
    first = tmp_path / "work" / "r1"
    # a run killed before the link was swapped
    assert publishing.publish(decide(first), first, tmp_path, "r1") == release
    assert os.readlink(tmp_path / "releases" / "current") == "r1"
    shutil.copytree(tmp_path / "work" / "r2", tmp_path / "work" / "r1", dirs_exist_ok=True)
    publishing.manifest(first, decide(first).verdict(), id="r1", output=tmp_path)
    with pytest.raises(LaunderError, match="expected no release r1 yet"):
        publishing.publish(decide(first), first, tmp_path, "r1")


def test_a_full_disk_leaves_nothing_half_written(stage, release, tmp_path, monkeypatch):
    staged, approval = stage("r2", value=3)

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(LaunderError, match="no space left on the disk"):
        publishing.publish(approval, staged, tmp_path, "r2")
    assert names(tmp_path / "releases") == ["current", "r1"] and os.readlink(tmp_path / "releases" / "current") == "r1"


def test_an_output_that_cannot_be_written(stage, tmp_path):
    staged, approval = stage()
    (tmp_path / "releases").write_text("in the way")
    with pytest.raises(LaunderError, match="something else under a name on its way"):
        publishing.publish(approval, staged, tmp_path, "r1")


def test_a_refused_run_leaves_reasons_but_no_rows(stage, tmp_path):
    staged, refusal = stage(copies=1.0)
    folder = publishing.quarantine(refusal, staged, tmp_path, "r1")
    assert names(folder) == ["reasons.json", "report.html", "report.json"]
    reasons = json.loads((folder / "reasons.json").read_bytes())
    assert reasons["passed"] is False and reasons["reasons"][0]["score"] == "privacy.copies"
    assert not (tmp_path / "releases").exists() and names(tmp_path / "quarantine") == ["r1"]
    assert publishing.quarantine(refusal, staged, tmp_path, "r1") == folder  # the same run again


def test_the_oldest_go_but_never_the_current_one(stage, tmp_path):
    for n in (1, 2, 3):
        staged, approval = stage(f"r{n}", value=n)
        publishing.publish(approval, staged, tmp_path, f"r{n}", keep=2)
    assert names(tmp_path / "releases") == ["current", "pruned", "r2", "r3"]
    publishing.rollback(tmp_path, "r2")
    staged, approval = stage("r4", value=4)
    publishing.publish(approval, staged, tmp_path, "r4", keep=1)
    assert names(tmp_path / "releases") == ["current", "pruned", "r4"]


@pytest.mark.parametrize("times", [0, 1])
def test_a_swap_elsewhere_that_fails_or_is_interrupted_leaves_the_releases_as_they_were(stage, tmp_path, times):
    """Else files are current of which the readers of a table have seen nothing, and the run says that it failed."""

    def fails(release, point):
        assert publishing.verify(release) == [] and publishing.releases(tmp_path)[-1]["current"] is False
        for _ in range(times):
            point()
        raise KeyboardInterrupt

    for n in (1, 2):
        before, given = publishing.releases(tmp_path), (*reversed(stage(f"r{n}", value=n)), tmp_path, f"r{n}", {})
        with pytest.raises(KeyboardInterrupt):
            publishing.release(*given, swap=fails)
        assert publishing.releases(tmp_path) == before
        publishing.release(*given)
        assert publishing.releases(tmp_path)[-1]["current"]


def test_rollback_points_at_a_release_that_is_still_itself(stage, release, tmp_path):
    staged, approval = stage("r2", value=3)
    publishing.publish(approval, staged, tmp_path, "r2")
    publishing.rollback(tmp_path, "r1")
    assert [r["id"] for r in publishing.releases(tmp_path) if r["current"]] == ["r1"]
    with pytest.raises(LaunderError, match=r"'r22'; did you mean 'r2'\?"):
        publishing.rollback(tmp_path, "r22")
    (tmp_path / "releases" / "r2" / "report.html").write_text("x")
    with pytest.raises(LaunderError, match=r"report\.html was changed"):
        publishing.rollback(tmp_path, "r2")
    assert publishing.releases(tmp_path / "nowhere") == []
