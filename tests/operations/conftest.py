"""A small run, as the nights of a data set go: a table, a configuration, and what was done with it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import config
from pipelines.config import RunConfig
from tests import runs
from tests.pipelines.conftest import FEW, QUICK


def table(rows=80, seed=0):
    rng = np.random.default_rng(seed)
    age, town = rng.integers(20, 70, rows), rng.choice(["Ulm", "Bonn"], rows)
    return pd.DataFrame({"age": age, "town": town, "old": np.where(age > 45, "y", "n")})


class Nights:
    """Runs of one data set into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, folder / "out"

    def settings(self, *settings: str, refused: bool = False) -> RunConfig:
        asked = [*FEW, QUICK, *settings]
        refusing = ["gate.fidelity.shape.at_least=2"] if refused else []
        return config.load(self.folder / "data.csv", [*asked, *refusing], self.output)

    def run(self, *settings: str, refused: bool = False, done: list | None = None) -> dict:
        return runs.launder(self.settings(*settings, refused=refused), done)

    def arrive(self, frame: pd.DataFrame) -> None:
        frame.to_csv(self.folder / "data.csv", index=False)


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """A folder in which a run was held: every test looks at a copy, whose steps are done."""
    nights = Nights(tmp_path_factory.mktemp("first"))
    nights.arrive(table())
    nights.run("gate.approval=required")
    return nights.folder


@pytest.fixture
def nights(first, tmp_path):
    """The folder in which nothing is held or released, but the steps of a run are done."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    for name in ("pending", "work/held"):
        shutil.rmtree(tmp_path / "out" / name)
    return Nights(tmp_path)
