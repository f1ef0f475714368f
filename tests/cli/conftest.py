"""What the tests of the command line share: people, an empty folder, a command that must fail, a fitted model."""

import os

import numpy as np
import pandas as pd
import pytest

from pipelines.cli import main
from tests.cli.tables import ROWS, SECRET


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "name": [f"{SECRET} {n}" for n in range(ROWS)],
            "age": rng.integers(20, 60, ROWS),
            "height": rng.normal(170, 10, ROWS).round(1),
            "job": rng.choice(["nurse", "judge"], ROWS),
            "income": rng.choice([">50K", "<=50K"], ROWS),
        }
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PREFECT_HOME")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def refused(here, capsys):
    """Run a command that must fail, and return its one sentence."""

    def _refused(*words, code=1):
        assert main([str(word) for word in words]) == code
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert line.startswith("launder: expected") and "found" in line
        assert SECRET not in captured.out + line and "Traceback" not in captured.out
        assert not list(here.rglob("releases"))
        return line

    return _refused


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"age": rng.integers(20, 60, 200), "income": rng.choice([">50K", "<=50K"], 200), "note": ["ü", None] * 100}
    )
    frame.to_csv(folder / "train.csv", index=False)
    words = [
        "fit",
        str(folder / "train.csv"),
        "--model",
        str(folder / "model"),
        "--set",
        "budget.steps=5",
        "--option",
        "width=16",
    ]
    assert main([*words, "--target", "income", "--seed", "3"]) == 0
    return folder / "model"
