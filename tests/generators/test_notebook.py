"""In a terminal a model, a schema and a report are one line; in a notebook a small table, its texts escaped,
without a value of a row.
"""

import sys
from types import SimpleNamespace

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
    schema = generators.infer(pd.DataFrame(np.eye(60, 40)).add_prefix("c"))
    assert len(repr(schema)) < 300 and repr(schema).endswith(", ...)")
    assert schema._repr_html_().count("<tr>") == 41


def test_a_report_is_shown_and_saved(frame, tmp_path):
    report = evaluation.score(frame[:50], frame[50:80], frame[80:], names=["fidelity.shape"])
    assert repr(report).startswith("<Report: 1 of 1 scores") and "fidelity.shape" in report._repr_html_()
    page = report.save(tmp_path / "r")
    assert page.read_text(encoding="utf-8").startswith("<!")
    assert sorted(p.name for p in page.parent.iterdir()) == ["report.html", "report.json"]


class Cell:
    """Stands for a kernel's publisher, and keeps what it is given."""

    def __init__(self):
        self.outputs = {}

    def publish(self, data, metadata=None, *, transient=None, update=False):
        assert update == (transient["display_id"] in self.outputs)
        self.outputs[transient["display_id"]] = data


@pytest.fixture
def notebook(monkeypatch):
    """Return what serves a notebook to this process, and the outputs of its cell."""

    def serve(kernel):
        cell = Cell()
        shell = SimpleNamespace(display_pub=cell, kernel=kernel)
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
        return cell

    return serve


SERVED = pytest.mark.parametrize(("kernel", "outputs"), [(object(), 1), (None, 0)])


@SERVED
def test_a_notebook_shows_training_in_one_output_and_a_terminal_none(frame, notebook, kernel, outputs):
    cell = notebook(kernel)
    model = generators.fit(frame, budget=generators.Budget(steps=3))
    assert len(cell.outputs) == outputs
    for data in cell.outputs.values():
        assert f"step {model.record['steps']} of 3" in data["text/plain"] and "<progress value=" in data["text/html"]


@SERVED
def test_a_notebook_shows_which_metric_is_computed_in_one_output_and_a_terminal_none(frame, notebook, kernel, outputs):
    cell, told = notebook(kernel), []
    publish = cell.publish
    cell.publish = lambda data, **how: (told.append(data["text/plain"]), publish(data, **how))
    names = ["fidelity.shape", "diversity.distinct"]
    evaluation.score(frame[:50], frame[50:80], frame[80:], names=names)
    assert len(cell.outputs) == outputs
    assert told == [f"{k} of 2 metrics, now {name}" for k, name in enumerate(names[: 2 * outputs])] + outputs * [
        "2 of 2 metrics"
    ]
    assert all("<progress value=2 max=2>" in data["text/html"] for data in cell.outputs.values())
