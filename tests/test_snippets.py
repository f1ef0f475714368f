"""Every snippet of README and docs/*.md runs as written: Python is executed, a `launder` line is read by the command
line, YAML as a configuration.

Python finds `frame`, `train`, `holdout`, `X`, `y` and `backbone` as small as will do, and the current folder is a
scratch one. Of a shell line the command and its options have to exist; they are not run: the tests of the flow run
them.
"""

import ast
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from sklearn import datasets

import generators
from pipelines import config
from pipelines.augment import augmenter
from pipelines.cli import app
from pipelines.config import documents

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def snippets(*languages):
    """Return every fenced block of the languages as (page, place, text)."""
    found = []
    for page in PAGES:
        blocks = FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
        found += [(page, place, text) for place, (language, text) in enumerate(blocks) if language in languages]
    return [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in found]


def people(rows, seed):
    rng = np.random.default_rng(seed)
    hired = pd.Timestamp("2010-01-01") + pd.to_timedelta(rng.integers(0, 3000, rows), "D")
    left = hired + pd.to_timedelta(rng.integers(0, 900, rows), "D")
    income = rng.choice([">50K", "<=50K"], rows)
    days = {"hired": hired.strftime("%Y-%m-%d"), "left": left.strftime("%Y-%m-%d")}
    return pd.DataFrame(
        {"age": rng.integers(14, 70, rows), **days, "hours": rng.integers(5, 60, rows), "income": income}
    )


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What snippets take for granted; fewer rows and steps than they ask for, so that they end soon."""
    monkeypatch.chdir(tmp_path)
    fit = generators.fit
    monkeypatch.setattr(generators, "fit", lambda *a, **k: fit(*a, **({"budget": generators.Budget(steps=20)} | k)))
    monkeypatch.setattr(augmenter, "Budget", lambda steps, minutes: generators.Budget(steps=10))
    X, y = datasets.load_wine(return_X_y=True, as_frame=True)
    X = X[["alcohol", "flavanoids", "color_intensity", "hue", "proline"]]  # which tell the wines apart
    monkeypatch.setattr(datasets, "load_wine", lambda **how: (X, y))
    backbone = torch.nn.Conv2d(3, 4, 7, stride=16)
    train, holdout = people(300, 1), people(100, 2)
    tables = {"frame": people(300, 0), "train": train, "holdout": holdout, "X": X, "y": y}
    return {"generators": generators, "torch": torch, "backbone": backbone, **tables}


@pytest.mark.parametrize(("page", "place", "text"), snippets("python"))
def test_python_runs(page, place, text, names, capsys):
    text = text.replace("10_000", "300")
    exec(compile(text, page, "exec"), names)
    if "cross_val_score" in text:  # the quick start of augmentation: five statements that print three scores
        scores = [float(word) for word in re.findall(r"\b[01]\.\d+", capsys.readouterr().out)]
        assert len(ast.parse(text).body) == 6 and len(scores) == 3 and min(scores) > 0.85


def commands(text):
    """Return the lines of a shell snippet that call `launder`, cut into words; what a usage line brackets, and
    remarks, are left out.
    """
    found = []
    for line in text.splitlines():
        called = re.match(r"(?:.* && )?(?:\S*/)?launder (?=[a-z])(.*)", line)
        words = re.split(r"\s{2,}| #| \| ", called[1])[0] if called else ""
        found += [shlex.split(re.sub(r"\[[^\]]*\]|\.\.\.", "", words))] if words else []
    return found


@pytest.mark.parametrize(("page", "place", "text"), snippets("", "sh", "bash"))
def test_a_shell_line_names_commands_and_options_that_there_are(page, place, text):
    group = typer.main.get_command(app)
    for name, *words in commands(text):
        options = {
            option
            for parameter in group.commands[name].params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert not [word for word in words if word.startswith("--") and word.split("=")[0] not in options], (page, name)


@pytest.mark.parametrize(("page", "place", "text"), snippets("yaml"))
def test_a_configuration_is_one(page, place, text, monkeypatch):
    """With what it takes for granted: a source, and the secrets that it names."""
    for name in re.findall(r"env:(\w+)", text):
        monkeypatch.setenv(name, "of nobody " * 4)
    assert config.validate({"source": "data.csv"} | documents.parse(text, page)).source


def test_commands_are_found_in_usage_lines_and_behind_others():
    usage = (
        "launder fit S --model DIR [--minutes M]     train\n.venv/bin/launder run people.csv\ncd x && launder "
        "demo\n  the launder fit"
    )
    assert commands(usage) == [["fit", "S", "--model", "DIR"], ["run", "people.csv"], ["demo"]]
