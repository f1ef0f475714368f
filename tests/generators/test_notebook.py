"""In a terminal a model, a schema and a report are one line; in a notebook a small table, its texts escaped,
without a value of a row.
"""

import numpy as np
import pandas as pd
import pytest

import evaluation
import generators

NAME = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame({NAME: rng.choice(["Quixworth", "Zwetschge"], 120), "age": rng.integers(20, 60, 120)})


@pytest.mark.parametrize("name", [name for name in generators.names() if name.startswith("tabular.")])
def test_a_model_is_a_line_and_a_table(frame, name):
    model = generators.fit(frame, name, budget=generators.Budget(steps=2))
    assert repr(model) == f"<{name}: 2 columns, {model.record['steps']} steps on cpu>"
    page = model._repr_html_()
    assert page.count("<table>") == 2 and "<script>" not in page and "&lt;script&gt;" in page
    assert not any(value in page + repr(model) + repr(model.schema) for value in ("Quixworth", "Zwetschge"))


def test_a_schema_of_many_columns_is_short():
    schema = generators.fit(pd.DataFrame(np.eye(60, 40)).add_prefix("c"), budget=generators.Budget(steps=1)).schema
    assert len(repr(schema)) < 300 and repr(schema).endswith(", ...)")
    assert schema._repr_html_().count("<tr>") == 41


def test_a_report_is_shown_and_saved(frame, tmp_path):
    report = evaluation.score(frame[:50], frame[50:80], frame[80:], names=["fidelity.shape"])
    assert repr(report).startswith("<Report: 1 of 1 scores") and "fidelity.shape" in report._repr_html_()
    page = report.save(tmp_path / "r")
    assert page.read_text(encoding="utf-8").startswith("<!")
    assert sorted(p.name for p in page.parent.iterdir()) == ["report.html", "report.json"]
