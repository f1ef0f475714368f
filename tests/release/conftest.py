"""Staged releases of two rows."""

import pandas as pd
import pytest

from evaluation.report import Report
from evaluation.scores import Score
from pipelines.release import gate, publishing
from pipelines.run.artifacts import canonical
from pipelines.sinks import tables

RULES = {"privacy.copies": {"at_most": 0.5}}


def decide(staged, copies=0.0):
    scores = {"privacy.copies": Score(copies, copies, copies, 0.0, 0.0, "lower", {"rows": 4})}
    return gate.decide(Report(scores, {"rows": {"holdout": 9}}, {}, 0), RULES, publishing.data_digest(staged))


@pytest.fixture
def stage(tmp_path):
    def _stage(id="r1", value=1, copies=0.0, format="parquet"):
        staged = tmp_path / "work" / id
        tables.write_release(pd.DataFrame({"a": [value, 2], "b": ["x", "y"]}), staged, format=format)
        decision = decide(staged, copies)
        (staged / "report.html").write_text("<p>fine")
        (staged / "report.json").write_bytes(canonical({"verdict": decision.verdict()}))
        publishing.manifest(
            staged,
            decision.verdict(),
            id=id,
            output=tmp_path,
            rows=2,
            created=f"2024-01-0{id[-1]}",
            generator="g",
            seed=0,
        )
        return staged, decision

    return _stage
