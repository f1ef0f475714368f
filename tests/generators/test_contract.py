"""What every generator owes its users, whatever its family."""

import json
import subprocess
import sys
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget
from tests import chunks
from tests.generators import tables

TABULAR = [name for name in generators.names() if name.startswith("tabular.")]
STEPS = Budget(steps=12)
ROWS = 256  # of a chunk
IMPUTING = "tabular.autoregressive", "tabular.diffusion", "tabular.autoencoder", "tabular.marginals"


@pytest.fixture(scope="module", autouse=True)
def _chunks():
    with chunks.of_rows(ROWS):
        yield


@pytest.fixture(scope="module", params=TABULAR)
def trained(request):
    """The name of a family, a model of it, and what its training reported."""
    seen = []
    return request.param, generators.fit(tables.odd(), request.param, budget=STEPS, seed=5, progress=seen.append), seen


@pytest.fixture
def fitted(trained):
    return trained[:2]


@pytest.fixture(scope="module")
def linked(trained):
    """A model of columns that depend on one another, trained for long enough to know it."""
    frame = tables.linked().astype({"n": "Int64"})
    return generators.fit(frame, trained[0], budget=Budget(steps=300), seed=0)


def test_rows_have_the_schema_of_the_data(fitted):
    _, model = fitted
    frame, drawn = tables.odd(), model.sample(137, seed=1)
    assert drawn.shape == (137, frame.shape[1])
    assert drawn.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert (
        set(drawn["town"]) <= set(frame["town"]) and (drawn["constant"] == "same").all() and drawn["empty"].isna().all()
    )
    assert drawn["id"].is_unique and drawn["code"].is_unique
    assert drawn["age"].dropna().between(frame["age"].min(), frame["age"].max()).all()
    pd.to_datetime(drawn["compact"].astype(str), format="%Y%m%d", errors="raise")


def test_a_row_depends_on_the_seed_and_its_number_alone(fitted):
    _, model = fitted
    learned = [c.name for c in model.schema.columns if c.kind != "identifier"]
    many, few, other = (
        model.sample(ROWS + 50, seed=1)[learned],
        model.sample(10, seed=1)[learned],
        model.sample(10, seed=2)[learned],
    )
    pd.testing.assert_frame_equal(many.head(10), few)
    assert not few.equals(other)
    assert len(model.sample(0)) == 0


def test_parts_of_a_sample_are_the_sample_wherever_they_are_cut(fitted):
    _, model = fitted
    rows = ROWS + 12
    whole, ends = model.sample(rows, seed=3), pairwise((0, 7, ROWS + 2, rows))
    parts = pd.concat([model.sample_part(range(*part), seed=3) for part in ends], ignore_index=True)
    joined = pd.concat([model.identifiers(rows, parts, seed=3), parts], axis=1)[model.schema.names]
    pd.testing.assert_frame_equal(joined, whole)


def test_the_same_seed_gives_the_same_model(fitted):
    name, model = fitted
    again = generators.fit(tables.odd(), name, budget=STEPS, seed=5)
    pd.testing.assert_frame_equal(model.sample(50), again.sample(50))
    first, second = model.model.state_dict(), again.model.state_dict()
    assert not [part for part in first if not first[part].equal(second[part])]


def test_a_saved_model_draws_the_same_rows(fitted, tmp_path):
    _, model = fitted
    model.save(tmp_path / "model")
    opened = generators.open_model(tmp_path / "model")
    pd.testing.assert_frame_equal(opened.sample(50, seed=3), model.sample(50, seed=3))
    assert opened.record == json.loads(json.dumps(dict(model.record)))
    tensors, document = sorted((tmp_path / "model").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert document.name == "model.json" and tensors.match("model.*.safetensors")


def test_a_model_keeps_no_number_that_few_rows_share(tmp_path, fitted):
    name, _ = fitted
    frame = tables.linked()
    frame["amount"] = np.random.default_rng(0).integers(10**8, 10**9, len(frame))
    model = generators.fit(frame, name, budget=Budget(steps=2))
    model.save(tmp_path / "model")
    text = (tmp_path / "model" / "model.json").read_text()
    inner = frame["amount"].sort_values()[1:-1]  # the ends are protected before training (pipelines.stages.protection)
    assert not [value for value in inner if str(value) in text]


def test_conditions_hold_in_every_row(fitted):
    _, model = fitted
    drawn = model.sample(64, where={"café № ü": "日本", "member": True, "age": 40})
    assert (drawn["café № ü"] == "日本").all() and drawn["member"].all() and (drawn["age"] == 40).all()
    with pytest.raises(ValueError, match="condition"):
        model.sample(1, where={"nope": 1})


def test_gaps_of_any_pattern_are_filled_and_nothing_else(fitted, linked):
    if fitted[0] not in IMPUTING:
        assert not hasattr(linked, "impute")
        return
    frame = tables.linked(300, seed=1).astype({"a": object, "b": object, "n": "Int64"})
    gone = np.random.default_rng(2).random(frame.shape) < 0.4
    filled = linked.impute(frame.mask(gone), seed=3)
    assert filled.notna().all(axis=None) and (filled.to_numpy() == frame.to_numpy())[~gone].all()
    only_b = ~gone[:, 0] & gone[:, 1]
    agreed = (filled["b"] == frame["a"].map({"x": "p", "y": "q", "z": "r"}))[only_b].mean()
    assert agreed > 0.8


def test_imputation_keeps_types_and_leaves_empty_columns(fitted):
    name, model = fitted
    if name in IMPUTING:
        frame = tables.odd()
        filled = model.impute(frame)
        assert filled.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
        assert filled["empty"].isna().all() and filled.drop(columns="empty").notna().all(axis=None)


def test_a_dependence_between_columns_is_learned(linked):
    frame, drawn = tables.linked(), linked.sample(2000)

    def agreement(table):
        return (table["a"].map({"x": "p", "y": "q", "z": "r"}) == table["b"]).mean()

    assert agreement(drawn) == pytest.approx(agreement(frame), abs=0.06)
    assert (drawn["n"] // 10 == drawn["a"].map({"x": 0, "y": 1, "z": 2})).mean() > 0.9


def test_training_reports_progress_in_plain_numbers(trained):
    _, model, seen = trained
    assert seen and all(set(s) == {"step", "steps", "seconds", "loss", "validation", "memory_mb"} for s in seen)
    assert json.loads(json.dumps(seen)) == seen
    assert model.record["steps"] <= STEPS.steps and model.record["device"] in ("cpu", "cuda")


def test_tiny_tables_work(fitted):
    name, _ = fitted
    drawn = generators.fit(pd.DataFrame({"v": [1.5, 2.5, None]}), name, budget=Budget(steps=5)).sample(4)
    assert len(drawn) == 4


@pytest.mark.parametrize("name", TABULAR)
@pytest.mark.parametrize(("call", "sentence"), [({"device": "tpu"}, "device"), ({"privacy": object()}, "privacy")])
def test_bad_options_are_one_sentence(name, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        generators.fit(tables.linked(), name, budget=STEPS, **call)


@pytest.mark.parametrize("name", TABULAR)
@pytest.mark.parametrize("columns", [["a", "b"], ["n", "f"], ["a", "b", "n", "f"]], ids="".join)
def test_labels_alone_numbers_alone_and_a_condition_on_every_column(name, columns):
    rng = np.random.default_rng(0)
    frame = tables.linked(200).assign(f=rng.normal(size=200).round(2))[columns]
    model, row = generators.fit(frame, name, budget=Budget(steps=2)), frame.iloc[7].to_dict()
    assert model.sample(30).shape == (30, len(columns))
    assert (model.sample(5, where=row) == pd.Series(row)).all(axis=None)


@pytest.mark.parametrize("name", TABULAR)
def test_one_row_is_one_sentence(name):
    with pytest.raises(ValueError, match="expected at least two rows to learn from, found 1"):
        generators.fit(tables.linked(1), name, budget=STEPS)


@pytest.mark.parametrize("name", TABULAR)
def test_a_misspelt_option_is_one_sentence(name):
    option = fields(generators.load(name).Config)[0].name
    with pytest.raises(ValueError, match=f"did you mean '{option}'"):
        generators.fit(tables.linked(), name, budget=STEPS, **{option + "x": 3})


def test_unknown_generators_and_models_are_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"did you mean 'tabular\.autoregressive'"):
        generators.load("tabular.autoregresive")
    with pytest.raises(ValueError, match="model folder"):
        generators.open_model(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        generators.open_model(tmp_path)


def test_generators_need_neither_prefect_nor_sdmetrics_nor_pydantic_nor_the_compiler_of_torch():
    absent = "prefect", "sdmetrics", "pydantic", "sklearn", "pyarrow", "torch._dynamo"
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}))\n"
        "import pandas as pd; from generators import Budget, fit\n"
        "print(len(fit(pd.DataFrame({'a': [1, 2, 3] * 9, 'b': [*'xyz'] * 9}), budget=Budget(steps=3)).sample(7)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "7", done.stderr


@pytest.mark.parametrize("name", ["tabular.autoregressive", "tabular.diffusion"])
def test_a_row_that_lacks_what_no_training_row_lacked_cannot_be_drawn(name):
    frame = pd.DataFrame({"a": [1, 2, 3] * 20, "b": ["x", "y"] * 30, "c": np.linspace(0, 1, 60)})
    asked = frame.head(4).astype({"a": "Int64"})
    asked.loc[0, "a"], asked.loc[1, "b"], asked.loc[2, "c"] = pd.NA, None, np.nan
    found = generators.fit(frame, name, budget=Budget(steps=1)).log_prob(asked)
    assert (found[:3] == -np.inf).all() and np.isfinite(found[3])
