"""Gate with people: a run waits, exactly what it staged is released by name, and everything else is one sentence."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.release import publishing
from pipelines.release.verifying import digest_manifest
from pipelines.run import lease, pipeline
from pipelines.run.artifacts import canonical, digest_files
from tests.operations.conftest import table

ASKED = "gate.approval=required"
SIGNED = ["--by", "Ada", "--reason", "read the report"]


@pytest.fixture
def held(nights):
    return nights.run(ASKED)


def staged(nights, id):
    return next(nights.output.glob(f"work/decide-{id.rpartition('-')[2]}/staged"))


def refused(capsys, *words):
    """Return the one sentence of a command that must fail."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("launder: expected")
    return line


def test_a_run_that_passes_waits_and_is_released_to_the_byte(nights, held, capsys):
    assert (held["outcome"], held["passed"]) == ("held", False) and not (nights.output / "releases").exists()
    assert held["place"] == str(nights.output / "pending" / held["id"]) and Path(held["report"]).is_file()
    assert nights.run(ASKED)["id"] == held["id"] and pipeline.unchanged(nights.settings(ASKED)) is None
    assert main(["releases", str(nights.output)]) == 0
    assert f"launder approve {nights.output} {held['id']} --by NAME" in capsys.readouterr().out
    data = digest_files(staged(nights, held["id"]) / "data")
    assert main(["approve", str(nights.output), held["id"], *SIGNED]) == 0
    release = nights.output / "releases" / held["id"]
    assert digest_files(release / "data") == data and main(["verify", str(release)]) == 0
    said = json.loads((release / "manifest.json").read_text())["approval"]
    assert (said["by"], said["reason"], said["override"]) == ("Ada", "read the report", False)
    assert said["data"] == json.loads((release / "manifest.json").read_text())["data"]
    assert json.loads((release / "report.json").read_text())["card"]["run"]["approved by"] == "Ada"
    assert "read the report" in (release / "report.html").read_text()
    assert not (nights.output / "pending" / held["id"]).exists()
    again = nights.run(ASKED)
    assert again["outcome"] == "released" and again["unchanged"]


def test_what_is_done_is_not_done_again(nights, held, capsys):
    assert main(["approve", str(nights.output), held["id"], *SIGNED]) == 0
    for more in ([], ["--refuse"]):
        assert "that 'Ada' has released" in refused(capsys, "approve", nights.output, held["id"], *SIGNED, *more)


def test_a_person_refuses_once_and_for_good(nights, held, capsys):
    assert main(["approve", str(nights.output), held["id"], *SIGNED, "--refuse"]) == 0
    reasons = json.loads((nights.output / "quarantine" / held["id"] / "reasons.json").read_text())
    assert reasons["refused"]["by"] == "Ada" and reasons["passed"] is False
    assert "has refused" in refused(capsys, "approve", nights.output, held["id"], *SIGNED)
    assert nights.run(ASKED)["outcome"] == "quarantined" and not (nights.output / "releases").exists()


def test_a_stale_run_is_not_released(nights, held, capsys):
    nights.arrive(table(seed=1))
    newer = nights.run(ASKED)
    assert f"that {newer['id']} came after" in refused(capsys, "approve", nights.output, held["id"], *SIGNED)
    nights.run()  # nobody is asked any more
    assert "that" in refused(capsys, "approve", nights.output, held["id"], *SIGNED)
    assert [path.name for path in (nights.output / "releases").glob("2*")] == [newer["id"]]


@pytest.mark.parametrize("name", ["data/data.parquet", "report.json", "added"])
def test_staged_files_that_were_touched_are_not_released(nights, held, capsys, name):
    with open(staged(nights, held["id"]) / name, "ab") as file:
        file.write(b" ")
    assert "found it changed" in refused(capsys, "approve", nights.output, held["id"], *SIGNED)
    assert not (nights.output / "releases").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--by", " ", "--reason", "x"], "--by with a name"),
        (["--by", "Ada", "--reason", "two\nlines"], "--reason with a text"),
        ([*SIGNED, "--override", "--refuse"], "leave one out"),
    ],
)
def test_words_that_say_nothing(nights, held, capsys, words, part):
    assert part in refused(capsys, "approve", nights.output, held["id"], *words)
    assert "did you mean" in refused(capsys, "approve", nights.output, f"{held['id']}x", *SIGNED)


def test_a_refused_run_is_released_only_where_that_is_allowed_and_asked_for(nights, capsys):
    plain = nights.run(refused=True)
    assert "found none called" in refused(capsys, "approve", nights.output, plain["id"], *SIGNED, "--override")
    allowed = nights.run("gate.override=allowed", refused=True)
    assert allowed["outcome"] == "quarantined" and allowed["id"] == plain["id"]
    assert "add --override" in refused(capsys, "approve", nights.output, plain["id"], *SIGNED)
    assert main(["approve", str(nights.output), plain["id"], *SIGNED, "--override"]) == 0
    release = nights.output / "releases" / plain["id"]
    document = json.loads((release / "manifest.json").read_text())
    assert document["approval"]["override"] and document["verdict"]["passed"] is False
    assert publishing.verify(release) == []
    assert nights.run("gate.override=allowed", refused=True)["unchanged"]
    document["approval"]["override"] = False
    document["digest"] = digest_manifest(document)
    (release / "manifest.json").write_bytes(canonical(document))
    assert publishing.verify(release) == ["The verdict is a refusal."]


def test_an_approval_of_other_data_is_found(nights, held):
    assert main(["approve", str(nights.output), held["id"], *SIGNED]) == 0
    path = nights.output / "releases" / held["id"] / "manifest.json"
    document = json.loads(path.read_text())
    document["approval"]["data"] = "0" * 64
    document["digest"] = digest_manifest(document)
    path.write_bytes(canonical(document))
    assert publishing.verify(path.parent) == ["The approval is about other data."]


def test_prefects_pages_ask_for_the_same(nights):
    import flows

    config = nights.settings(ASKED, "schedule.cron=0 3 * * *")
    deployments = flows._deployments(config)
    assert [one.flow_name for one in deployments] == ["launder", "approve"]
    assert [one.name for one in deployments] == [f"data-{lease.identity(nights.output / 'work', 'data')}"] * 2
    assert len(flows._deployments(nights.settings("schedule.cron=0 3 * * *"))) == 1
    held = nights.run(ASKED)
    assert flows._state(held).name == "Held" and "launder approve" in flows._state(held).message
    done = flows.approve.fn(**deployments[1].parameters, run=held["id"], by="Ada", reason="read")
    assert done["outcome"] == "released" and publishing.verify(done["place"]) == []
