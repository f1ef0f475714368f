"""Manners of the command line: version, completion, the schema of configurations, what is replaced only when asked."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from generators import Images
from pipelines import config
from pipelines.cli import main, terminal, waiting
from pipelines.cli.options import say
from pipelines.cli.schema import text
from pipelines.run.artifacts import LaunderError
from pipelines.sinks import images as sink
from pipelines.stages import image_sample
from tests.processes import environment, launder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"age": [20, 31, 44, 58] * 15, "job": ["nurse", "judge"] * 30}).to_csv("t.csv", index=False)
    return tmp_path


def test_the_version_is_shown(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("launder")


def test_completion_can_be_installed(capsys):
    assert main(["--help"]) == 0
    assert "--install-completion" in capsys.readouterr().out


def test_the_shell_is_told_the_commands_before_anything_heavy_is_loaded(tmp_path):
    asked = {"_LAUNDER_COMPLETE": "complete_bash", "COMP_WORDS": "launder re", "COMP_CWORD": "1"}
    code = """import sys; from pipelines.cli import main; sys.argv = ["launder"]
try: main()
finally: print([name for name in ("torch", "prefect", "pandas", "sklearn", "pyarrow") if name in sys.modules])"""
    done = launder(folder=tmp_path, code=code, env=environment(**asked))
    assert done.stdout.split() == ["releases", "[]"], done.stderr


def test_the_schema_is_printed_and_is_the_one_in_docs(capsys):
    assert main(["schema"]) == 0
    shown = capsys.readouterr().out
    kept = (ROOT / "docs" / "launder.schema.json").read_text(encoding="utf-8")
    assert shown == text() == kept, "write it anew: launder schema > docs/launder.schema.json"
    assert {"source", "generator", "gate", "publish"} <= set(json.loads(shown)["properties"])


def test_files_that_exist_are_replaced_only_when_asked(table, capsys):
    fit = ["fit", "t.csv", "--model", "m", "--set", "budget.steps=2", "--option", "width=16"]
    commands = {
        "launder.yaml": ["init", "t.csv"],
        "m/model.json": fit,
        "x.csv": ["sample", "m", "--rows", "9", "--output", "x.csv"],
    }
    for name, words in commands.items():
        assert main(words) == 0
        written = next(path for path in (table / name, *(table / name).parent.glob("*")) if path.is_file())
        assert main(words) == 1
        assert "add --overwrite to replace it" in capsys.readouterr().err
        before = written.stat().st_mtime_ns
        assert main([*words, "--overwrite"]) == 0
        assert written.stat().st_mtime_ns != before


FIRST = """
import contextlib, io, sys
from pipelines.cli import main

class Reached(KeyboardInterrupt):
    pass

class Heavy:  # stands before every finder, and ends a command where it first imports what takes seconds
    def find_spec(self, name, path, target=None):
        if name in ("torch", "pandas", "pyarrow", "prefect", "sklearn"):
            reached.append(bool(shown.getvalue()))
            raise Reached

sys.meta_path.insert(0, Heavy())
for words in ("demo", "demo --images", "init t.csv", "run t.csv", "fit t.csv --model m", "serve t.csv",
              "sample m --rows 1 --output o.csv", "score --train t.csv --synthetic t.csv --output s",
              "augment t.csv --target job"):
    reached, shown = [], io.StringIO()
    with contextlib.redirect_stdout(shown):
        main(words.split())
    assert reached and reached[0], (words, reached)
"""


def test_every_command_shows_that_it_lives_before_it_loads_what_is_heavy(table):
    ran = launder(folder=table, code=FIRST)
    assert ran.returncode == 0, ran.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_spinner_turns_on_a_terminal_and_leaves_lines_whole(monkeypatch):
    shown, long = Terminal(), "x" * 200
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("TERM", "xterm")
    waiting.console.cache_clear()
    waiting.spinner.show("scoring")
    say(long)
    waiting.spinner.show("judging")
    waiting.spinner.hide()
    assert "scoring" in shown.getvalue() and "judging" in shown.getvalue()
    assert f"{long}\n" in shown.getvalue()
    waiting.console.cache_clear()


def test_without_a_terminal_nothing_turns(capsys):
    waiting.spinner.show("scoring")
    say("a line")
    assert capsys.readouterr().out == "a line\n"


def test_a_report_is_replaced_only_when_asked_and_other_files_stay(table, capsys):
    words = [
        "score",
        "--train",
        "t.csv",
        "--synthetic",
        "t.csv",
        "--output",
        "r",
        "--set",
        "score.metrics=[fidelity.shape]",
    ]
    (table / "r").mkdir()
    (table / "r" / "notes.txt").write_text("mine")
    assert main(words) == 0
    before = (table / "r" / "report.json").stat().st_mtime_ns
    assert main(words) == 1 and "add --overwrite to replace it" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert (table / "r" / "report.json").stat().st_mtime_ns != before
    assert {path.name for path in (table / "r").iterdir()} == {"notes.txt", "report.html", "report.json"}


def images(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 8, 8, 3), dtype=np.uint8)
    return image_sample.sample_of(Images(pixels, np.array(["a", "b", "c"] * 2)))


def test_a_folder_of_images_is_replaced_whole_and_never_one_of_others(tmp_path):
    place = tmp_path / "drawn"
    sink.write_output(images(0), place)
    sink.check_output(place)
    first = (place / "a" / "0000000.png").read_bytes()
    sink.write_output(images(1), place)
    assert (place / "a" / "0000000.png").read_bytes() != first and [p.name for p in tmp_path.iterdir()] == ["drawn"]
    for change in (lambda: (place / "mine.txt").write_text("x"), lambda: (place / "a" / "0000000.png").unlink()):
        change()
        with pytest.raises(LaunderError, match="found other files"):
            sink.check_output(place)
        with pytest.raises(LaunderError, match="found other files"):
            sink.write_output(images(2), place)
        (place / "mine.txt").unlink(missing_ok=True)
    assert [p.name for p in tmp_path.iterdir()] == ["drawn"]


def test_a_run_that_finds_its_release_there_says_so_and_no_more(monkeypatch, tmp_path, capsys):
    """As one that has waited for another run of the same data set does: it has released nothing itself."""
    said = "nothing has changed since release X; the current one is Y"
    monkeypatch.setattr(terminal, "_watched", lambda *given: {"unchanged": said, "outcome": "released"})
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert terminal.run(config.load(str(tmp_path / "a.csv"))) == 0
    assert capsys.readouterr().out == f"a: {said}\n"
