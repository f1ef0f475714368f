"""Several numbers in one text are learned each by itself, by every stage, and written as they were."""

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import report as reports
from evaluation.metadata import Metadata
from evaluation.scores import EvaluationError
from generators import Budget, GeneratorError, IdentifierWarning, fit, open_model
from generators.data import parts
from generators.data.inference import infer
from generators.data.schema import Schema
from pipelines.modalities import tabular
from pipelines.scoring.readable import Comparable, readable
from pipelines.stages import values

ROWS = 300


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    high = rng.normal(130, 15, ROWS).astype(int)
    pressure = pd.Series([f"{a}/{b}" for a, b in zip(high, high - rng.integers(40, 60, ROWS), strict=True)])
    pressure[::10], pressure[1::10] = None, "refused"
    place = [f"({x:.2f};{y:.2f})".replace(".", ",") for x, y in rng.normal(50, 9, (ROWS, 2))]
    return pd.DataFrame({"pressure": pressure, "place": pd.Series(place, dtype="string"), "age": high // 3})


def test_each_number_is_a_column_and_the_texts_come_back(frame):
    schema = infer(frame)
    assert schema.kinds() == {"pressure": "numbers", "place": "numbers", "age": "numerical"}
    assert schema.flat.names == ["pressure [1]", "pressure [2]", "place [1]", "place [2]", "age"]
    assert Schema.from_dict(schema.to_dict()) == schema
    flat = parts.split(frame, schema)
    assert (
        parts.split(flat, schema) is flat and flat["pressure [1]"][1] == "refused" and flat["place [2]"].notna().all()
    )
    back = pd.DataFrame(parts.joined(flat, schema))
    pd.testing.assert_frame_equal(back, frame)
    numbers = readable(frame, schema)
    assert numbers["pressure [1]"].isna().sum() == 60 and numbers["place [1]"].between(0, 100).all()


def test_parts_are_told_as_the_column_that_they_are_of(frame, tmp_path):
    schema = infer(frame)
    sides = [
        readable(side, schema).assign(**{"place [2]": np.nan, "place [1]": np.nan}) for side in (frame, frame[:99])
    ]
    metadata = Metadata(parts=Comparable(schema, ()).parts)
    given = {"kinds": schema.flat.kinds(), "metadata": metadata, "names": ["fidelity.shape"]}
    report = evaluation.score(sides[0], None, sides[1], **given)
    reports.write(report, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "99 synthetic rows of 3 columns" in page and "<dt>Columns</dt><dd>3</dd>" in page
    assert report.scores["fidelity.shape"].note == "Left out: 1 column(s) without any value to compare with."
    with pytest.raises(EvaluationError, match="among the 3 columns"):
        evaluation.score(sides[0], None, sides[1], target="weight", **given)


def test_a_part_called_as_another_column_is_refused(frame):
    schema = infer(frame.assign(**{"pressure [1]": 1.5}))
    with pytest.raises(GeneratorError, match=r"another name than 'pressure \[1\]'"):
        schema.flat  # noqa: B018


def test_a_stated_kind_is_held_to(frame):
    assert infer(frame, {"pressure": "categorical"}).column("pressure").kind == "categorical"
    few = pd.DataFrame({"score": ["1:2", "3:0"] * 50})
    assert infer(few).column("score").kind == "categorical"
    assert infer(few, {"score": "numbers"}).flat.names == ["score [1]", "score [2]"]
    with pytest.raises(GeneratorError, match="expected several numbers in each text of column 'age'"):
        infer(frame, {"age": "numbers"})


@pytest.mark.parametrize("name", ["tabular.autoregressive", "tabular.marginals"])
def test_models_learn_draw_and_fill_the_numbers(frame, name, tmp_path):
    schema = infer(frame)
    model = fit(frame, name, schema=schema, seed=0, budget=Budget(steps=5))
    asked = {"where": {"pressure [1]": ">=130"}, "constraints": ["pressure [2] <= 95"]}
    drawn = model.sample(100, seed=1, **asked)
    assert list(drawn) == list(frame) and drawn["place"].str.fullmatch(r"\(\d+,\d\d;\d+,\d\d\)").all()
    numbers = drawn["pressure"].str.split("/", expand=True).astype(int)
    assert (numbers[0] >= 130).all() and (numbers[1] <= 95).all()
    model.save(tmp_path / "model")
    assert open_model(tmp_path / "model").sample(100, seed=1, **asked).equals(drawn)
    filled = model.impute(frame)
    assert filled["pressure"].notna().all() and filled["pressure"][1] == "refused"
    assert np.isfinite(model.log_prob(frame)).mean() > 0.9


def test_several_numbers_are_learnt_in_rows_of_entities(frame):
    """A balance or a visit is looked for among the numbers of texts too."""
    visits = frame.assign(who=[f"P{k // 3:04d}" for k in range(ROWS)])
    with pytest.warns(IdentifierWarning, match="taken as identifiers: 'who'"):
        drawn = fit(visits, groups=visits["who"], budget=Budget(steps=5)).sample(60, seed=1)
    assert drawn["place"].str.fullmatch(r"\(\d+,\d\d;\d+,\d\d\)").all()
    assert set(drawn["who"].value_counts()) == {3} and not set(drawn["who"]) & set(visits["who"])


def test_what_is_written_otherwise_is_said_and_extremes_are_clipped(frame, monkeypatch):
    from pipelines.config import load

    odd = frame.copy()
    odd.loc[2:4, "pressure"] = ["99", "a lot", "400/20"]
    schema = infer(odd)
    read, notes = values.read(odd, schema)
    assert read["pressure"].isna().sum() == 32 and any(
        note.startswith("2 values of column 'pressure'") for note in notes
    )
    config = load(__file__)
    protected = tabular.protect(read, schema, config).data
    high, low = (protected["pressure"].str.split("/", expand=True)[side].dropna() for side in (0, 1))
    assert "refused" in set(high) and high[high != "refused"].astype(int).max() < 400 and low.astype(int).min() > 20


def test_several_numbers_have_no_guarantee(frame, tmp_path):
    from pipelines.config import load
    from pipelines.run.artifacts import LaunderError

    frame.to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(
        LaunderError, match=r"one number or label in each value under privacy.epsilon, found \['pressure'\]"
    ):
        load(tmp_path / "people.csv", ["privacy.epsilon=3", 'columns={pressure: numbers, "*": drop}'])


def test_parts_are_compared_between_nights_and_none_is_taken_for_renamed(frame):
    schema = infer(frame)
    assert tabular.compare(frame, frame, schema, schema) == []
    high = frame.assign(pressure=frame["pressure"].str.replace(r"^1", "2", regex=True))
    found = tabular.compare(frame, high, schema, infer(high))
    assert {change.column for change in found} == {"pressure [1]"}


@pytest.mark.parametrize(("target", "said"), [("pressure [1]", ""), ("pressure", r"did you mean 'pressure \[\d\]'")])
def test_a_part_is_a_target_and_the_text_is_none(frame, target, said, tmp_path):
    from pipelines.config import load
    from pipelines.run.artifacts import LaunderError
    from pipelines.scoring.run import score
    from pipelines.stages import ingestion

    frame.to_csv(tmp_path / "people.csv", index=False)
    config = load(tmp_path / "people.csv", [f"score.target={target}", 'sample.where={"pressure [2]": ">=70"}'])
    if said:
        with pytest.raises(LaunderError, match=said):
            ingestion.ingest(config)
        return
    read, schema = ingestion.ingest(config)
    report = score(read[:200], read[200:], read, schema, config, names=["utility.target", "fidelity.shape"])
    assert all(found.value is not None for found in report.scores.values())
