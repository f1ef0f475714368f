"""Manners of the command line: version, completion, the schema of configurations, what is replaced only when asked."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.cli import main
from pipelines.cli.schema import text

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
