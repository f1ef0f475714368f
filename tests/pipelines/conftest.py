"""One small run on a table, released, which the tests of this folder look at or copy."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from pipelines import config
from pipelines.config import RunConfig, rules
from tests import runs

OPEN = [f"gate.{name}=null" for name in rules.DEFAULT_RULES if name != "privacy.copies"]
QUICK = "generator.name=tabular.marginals"  # where it does not matter which generator it is
FEW = ["budget.steps=2", "score.metrics=[fidelity.shape]", *OPEN, "gate.privacy.copies.at_most=1"]


class Released(NamedTuple):
    """A folder with data.csv and out/, and of the run between them: its configuration, its end, the names of the steps
    that it did, and the code that each ran without declaring it.
    """

    folder: Path
    config: RunConfig
    end: dict[str, Any]
    done: list[str]
    ran: dict[str, set[str]]


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("released"), np.random.default_rng(0)
    age, town = rng.integers(20, 70, 80), rng.choice(["Ulm", "Bonn"], 80)
    frame = pd.DataFrame({"age": age, "town": town, "old": np.where(age > 45, "y", "n")})
    frame.to_csv(folder / "data.csv", index=False)
    loaded, done, ran = config.load(folder / "data.csv", FEW, folder / "out"), [], {}
    return Released(folder, loaded, runs.launder(loaded, done, ran), done, ran)
