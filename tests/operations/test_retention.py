"""Retention: old steps and reports go; what a kept release, a waiting run or a running step needs stays."""

import fcntl
import os
import time

import pytest

from pipelines.cli import main
from pipelines.run import pipeline, retention
from tests.operations.conftest import table

DAYS = 86400


def aged(output, days=40):
    """Have everything in a folder last used that many days ago."""
    then = time.time() - days * DAYS
    for path in [*output.rglob("*"), *output.glob("work/.prefect")]:
        if not path.is_symlink():
            os.utime(path, (then, then))


def steps(output):
    return {path.name for path in (output / "work").glob("*-*")}


def test_what_a_kept_release_was_made_of_stays_and_the_rest_goes(nights, capsys):
    nights.run()
    first = steps(nights.output)
    nights.arrive(table(seed=1))
    nights.run()
    second = steps(nights.output) - first
    nights.arrive(table(seed=2))
    refused = nights.run("gate.privacy.copies.at_most=-1")
    gone = steps(nights.output) - first - second - {name for name in steps(nights.output) if name.startswith("compare")}
    nights.arrive(table(seed=3))
    nights.run()
    third = steps(nights.output) - first - second - gone
    aged(nights.output)
    before = sorted((nights.output / "releases").rglob("*"))
    assert main(["clean", str(nights.output), "--dry-run"]) == 0 and gone <= steps(nights.output)
    assert "Would remove" in capsys.readouterr().out
    assert main(["clean", str(nights.output)]) == 0
    left = steps(nights.output)
    assert not left & gone and not (nights.output / "quarantine" / refused["id"]).exists()
    made = {name for name in second | third if not name.startswith("compare")}
    assert made <= left and first - left
    assert sorted((nights.output / "releases").rglob("*")) == before
    done = []
    assert nights.run(done=done)["unchanged"] and done == []


def test_what_was_used_lately_stays(nights):
    nights.run()
    aged(nights.output)
    nights.arrive(table(seed=1))
    nights.run()
    nights.arrive(table())
    nights.run()  # uses the first steps again
    nights.arrive(table(seed=2))
    nights.run()
    nights.arrive(table(seed=3))
    nights.run()
    before = steps(nights.output)
    assert retention.clean(nights.output, 30 * DAYS) == [] and steps(nights.output) == before


def test_a_run_that_waits_and_a_model_that_serves_stay(nights):
    nights.run("train.when=drifted")
    nights.arrive(table(rows=83, seed=1))
    held = nights.run("train.when=drifted", "gate.approval=required")
    aged(nights.output)
    retention.clean(nights.output, DAYS)
    assert main(["approve", str(nights.output), held["id"], "--by", "Ada", "--reason", "read"]) == 0
    nights.arrive(table(rows=82, seed=2))
    done = []
    nights.run("train.when=drifted", done=done)
    assert "train" not in done
    assert pipeline.unchanged(nights.settings("train.when=drifted"))


def test_a_step_that_somebody_works_at_stays(nights):
    (folder,) = (nights.output / "work").glob("score-*")
    aged(nights.output)
    with open(folder / "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        retention.clean(nights.output, DAYS)
        assert steps(nights.output) == {folder.name}
    retention.clean(nights.output, DAYS)
    assert steps(nights.output) == set()


@pytest.mark.parametrize("words", [["nowhere"], [".", "--older-than", "soon"]])
def test_bad_input_is_one_sentence(nights, capsys, words):
    assert main(["clean", str(nights.folder / words[0]), *words[1:]]) == 1
    assert capsys.readouterr().err.startswith("launder: expected an")
