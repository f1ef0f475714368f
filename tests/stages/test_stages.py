"""Training, sampling and scoring on a small table, and the canaries that no stage may let out of work/."""

import re

import numpy as np
import pandas as pd
import pytest

import evaluation.report
from evaluation.scores import Reason
from generators.data.inference import infer
from pipelines import config
from pipelines.config import rules
from pipelines.modalities import tabular
from pipelines.release import gate, publishing
from pipelines.run.artifacts import LaunderError
from pipelines.scoring import run as scoring
from pipelines.scoring.readable import readable
from pipelines.sinks import tables
from pipelines.stages import announcing, ingestion, protection, sampling, splitting

ROWS = 240
CANARIES = {
    "name": "Zebulon Quixworth",
    "mail": "zebulon.quixworth@canary.example",
    "job": "lighthouse keeper",
    "pay": "9876543.21",
    "born": "1871-03-09",
}

NO_RULES = rules.Gate(rules=dict.fromkeys(rules.DEFAULT_RULES))


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "name": [f"Person {n // 2}" for n in range(ROWS)],
            "mail": [f"person{n}@work.example" for n in range(ROWS)],
            "job": rng.choice(["nurse", "judge", "baker"], ROWS),
            "pay": rng.normal(3000, 500, ROWS).round(2),
            "born": pd.Series(
                pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 15_000, ROWS), unit="D")
            ).dt.strftime("%Y-%m-%d"),
            "income": rng.choice(["low", "high"], ROWS),
        }
    )
    for column, canary in CANARIES.items():
        frame.loc[17, column] = float(canary) if column == "pay" else canary
    return frame


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    """Every stage up to the report, with a few training steps."""
    folder = tmp_path_factory.mktemp("run")
    table.to_csv(folder / "people.csv", index=False)
    loaded = config.load(folder / "people.csv", ["budget.steps=3", "score.target=income"], folder / "out")
    frame, schema = ingestion.ingest(loaded)
    protected, record = protection.protect(frame, schema, rare=loaded.protect.rare, extremes=loaded.protect.extremes)
    train, holdout = splitting.split(
        protected, holdout=splitting.share(None, len(protected)), entity=None, seed=loaded.seed
    )
    model = tabular.train(train, schema, loaded)
    synthetic = sampling.sample(model, loaded, len(frame))
    return {
        "config": loaded,
        "schema": schema,
        "train": train,
        "holdout": holdout,
        "model": model,
        "synthetic": synthetic,
        "record": record,
    }


def with_sample(loaded, **sample):
    return loaded.model_copy(update={"sample": config.Sample(**sample)})


def test_the_sample_has_the_rows_asked_for(run):
    assert len(run["synthetic"]) == ROWS and list(run["synthetic"].columns) == run["schema"].names
    assert len(sampling.sample(run["model"], with_sample(run["config"], rows=7), ROWS)) == 7
    again = sampling.sample(run["model"], run["config"], ROWS)
    pd.testing.assert_frame_equal(again, run["synthetic"])


def test_conditions_and_weights(run):
    drawn = sampling.sample(run["model"], with_sample(run["config"], rows=20, where={"job": "nurse"}), ROWS)
    assert set(drawn["job"]) == {"nurse"}
    weighted = with_sample(run["config"], rows=21, weights={"job": {"nurse": 2, "judge": 1}}, where={"income": "low"})
    drawn = sampling.sample(run["model"], weighted, ROWS)
    assert drawn["job"].value_counts().to_dict() == {"nurse": 14, "judge": 7} and set(drawn["income"]) == {"low"}
    assert drawn["job"].tolist() != sorted(drawn["job"])  # mixed, not in blocks


def test_constraints_hold_or_are_refused(run):
    drawn = sampling.sample(
        run["model"], with_sample(run["config"], rows=50, constraints=("3000 <= pay", "1970-01-01 <= born")), ROWS
    )
    assert (drawn["pay"] >= 3000).all() and (drawn["born"] >= "1970").all()
    with pytest.raises(LaunderError, match="did you mean 'pay'"):
        sampling.sample(run["model"], with_sample(run["config"], constraints=("pai > 3",)), ROWS)


@pytest.mark.parametrize(
    "sample",
    [{"where": {"job": CANARIES["job"]}}, {"weights": {"job": {CANARIES["job"]: 1}}}, {"where": {"mail": "x"}}],
)
def test_an_impossible_condition_is_a_sentence_without_the_value(run, sample):
    with pytest.raises(LaunderError) as caught:
        sampling.sample(run["model"], with_sample(run["config"], **sample), ROWS)
    assert "lighthouse" not in str(caught.value)


def test_shares_become_whole_rows():
    assert sampling.apportion({"a": 1, "b": 1, "c": 1}, 10) == {"a": 4, "b": 3, "c": 3}
    assert sampling.apportion({"a": 0.5, "b": 0.25, "c": 0.25}, 4) == {"a": 2, "b": 1, "c": 1}
    assert sampling.apportion({"a": 0, "b": 3}, 5) == {"a": 0, "b": 5}
    with pytest.raises(LaunderError, match="above 0"):
        sampling.apportion({"a": 0}, 5)


def test_fewer_rows_than_asked_for_stop_the_run(run):
    class Short:
        schema = run["schema"]

        def sample(self, n, *, seed=0, where=None):
            return run["synthetic"].head(n - 1)

    with pytest.raises(LaunderError, match=f"expected {ROWS} synthetic rows"):
        sampling.sample(Short(), run["config"], ROWS)


def test_dates_are_scored_in_their_own_format(run):
    dated = readable(run["train"], run["schema"])
    assert dated["born"].astype(str).tolist() == run["train"]["born"].tolist()
    labels = next(c.name for c in run["schema"].columns if c.kind == "categorical")
    assert np.shares_memory(dated[labels].to_numpy(), run["train"][labels].to_numpy())  # read as it is, not copied


@pytest.mark.parametrize("rows", [3, 5, 12])
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_tiny_and_ugly_tables_end_in_a_refusal_not_in_an_error(tmp_path, rows, format):
    rng = np.random.default_rng(rows)
    frame = pd.DataFrame(
        {
            "größe": rng.normal(size=rows).astype("float32"),
            "nothing": [None] * rows,
            "constant": "x",
            "whole": pd.array([None, *range(1, rows)], dtype="Int64"),
            "truth": pd.array([None, *[True, False] * rows][:rows], dtype="boolean"),
            "when": pd.date_range("2024-01-01", periods=rows).strftime("%d.%m.%Y"),
            "label": pd.Categorical(["p", "q"] * (rows // 2) + ["p"] * (rows % 2), ["p", "q", "secret"]),
        }
    )
    path = tmp_path / f"x.{format}"
    frame.to_csv(path, index=False) if format == "csv" else frame.to_parquet(path, index=False)
    loaded = config.load(path, ["budget.steps=1"])
    read, schema = ingestion.ingest(loaded)
    protected, _ = protection.protect(read, schema)
    train, holdout = splitting.split(protected, holdout=0.2, entity=None, seed=0)
    model = tabular.train(train, schema, loaded)
    synthetic = sampling.sample(model, loaded, rows)
    assert synthetic.dtypes.astype(str).tolist() == protected.dtypes.astype(str).tolist()
    decision = gate.decide(scoring.score(train, holdout, synthetic, schema, loaded), loaded.rules, "d" * 64)
    assert {"privacy.membership"} <= {reason["score"] for reason in decision.reasons if not reason["passed"]}


def test_a_condition_narrows_the_real_rows(run):
    loaded = with_sample(run["config"], where={"job": "nurse"})
    loaded = loaded.model_copy(update={"score": config.Scoring(metrics=("fidelity.shape",)), "gate": NO_RULES})
    nurses = [frame[frame["job"] == "nurse"].reset_index(drop=True) for frame in (run["train"], run["holdout"])]
    report = scoring.score(
        run["train"], run["holdout"], nurses[1], run["schema"], loaded, names=scoring.metrics(loaded)
    )
    assert report.scores["fidelity.shape"].value == 1 and report.profile["rows"]["train"] == len(nurses[0])
    assert set(report.scores) == {"fidelity.shape", "privacy.membership_model"}  # what the model knows is always told


def test_a_condition_that_no_real_row_meets_is_an_error_and_one_that_no_held_out_row_meets_leaves_no_holdout(run):
    lone = with_sample(run["config"], where={"job": "nurse"})
    lone = lone.model_copy(update={"score": config.Scoring(metrics=("fidelity.shape",))})
    names = scoring.metrics(lone)
    nurses = run["train"][run["train"]["job"] == "nurse"].reset_index(drop=True)
    others = run["holdout"][run["holdout"]["job"] != "nurse"].reset_index(drop=True)
    found = scoring.score(run["train"], others, nurses, run["schema"], lone, names=names)
    assert found.profile["rows"]["holdout"] == 0 and found.scores["privacy.membership"].reason is Reason.NO_HOLDOUT
    assert not gate.decide(found, lone.rules, "d" * 64).passed
    with pytest.raises(LaunderError, match=f"meet sample.where to compare with, found none among {len(others)}"):
        scoring.score(others, run["holdout"], nurses, run["schema"], lone, names=names)


def test_the_models_likelihood_reaches_the_attack(run):
    loaded = run["config"].model_copy(
        update={"score": config.Scoring(metrics=("privacy.membership",)), "gate": NO_RULES}
    )
    report = scoring.score(
        run["train"], run["holdout"], run["synthetic"], run["schema"], loaded, run["model"], scoring.metrics(loaded)
    )
    assert report.profile["white_box"] is True and report.scores["privacy.membership_model"].value is not None


def test_no_canary_leaves_work(run, tmp_path, capsys):
    """A unique name, an address, a rare category, an extreme number and an extreme date are in no file that may
    leave.
    """
    report = scoring.score(run["train"], run["holdout"], run["synthetic"], run["schema"], run["config"])
    staged, output = tmp_path / "work" / "staged", tmp_path / "out"
    for format in ("parquet", "csv"):
        tables.write_release(run["synthetic"], staged, format=format)
    decision = gate.decide(report, {"privacy.copies": {"at_most": 1}}, publishing.data_digest(staged))
    evaluation.report.write(report, staged, verdict=decision.verdict(), card={"data": run["record"]["columns"]})
    run["model"].save(staged / "model")
    publishing.manifest(staged, decision.verdict(), id="r1", output=output, protection=run["record"])
    release = publishing.publish(decision, staged, output, "r1")
    refusal = gate.decide(report, {"privacy.copies": {"at_most": -1}}, publishing.data_digest(staged))
    publishing.quarantine(refusal, staged, output, "r2")
    files = [path for path in output.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"data.csv", "report.html", "manifest.json", "model.json", "reasons.json"} <= {path.name for path in files}
    assert publishing.verify(release) == []
    for path in files:
        assert not leaked(path.read_bytes()), path.name
    frame = pd.read_parquet(release / "data" / "data.parquet")
    assert not leaked(frame.to_csv().encode()) and frame["pay"].max() < 10_000 and frame["born"].min() > "1950"
    captured = capsys.readouterr()
    assert not leaked((captured.out + captured.err).encode())


def leaked(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    compact = re.sub(r"[\s,_]", "", text)
    wanted = [*CANARIES.values(), "Zebulon", "quixworth", "lighthouse", "9876543"]
    return [canary for canary in wanted if canary in text or canary in compact]


def test_what_is_settled_is_told_with_the_line_that_changes_it(tmp_path):
    rows = pd.DataFrame({"customer_id": np.repeat(np.arange(60) * 7 + 1000, 10), "n": np.arange(600) % 7})
    rows["town"] = [f"T{chr(97 + n % 26)}{chr(97 + n // 26 % 5)}" for n in range(600)]
    rows.to_csv(tmp_path / "t.csv", index=False)
    loaded = config.load(tmp_path / "t.csv")
    frame, schema = ingestion.ingest(loaded)
    notes = [*announcing.of_schema(loaded, schema, frame), *tabular.protect(frame, schema, loaded).notes]
    assert splitting.entity_of(loaded, schema) == "customer_id" and len(notes) == 3
    assert (
        "columns: {customer_id: numerical}" in notes[0]
        and "split: {entity: " in notes[1]
        and 'of its rows 100.0% became "(other)"' in notes[2]
    )
    rows["device_id"] = [f"DEV-{1000 + n % 5}" for n in range(600)]  # of too many rows each to be made up
    rows.to_csv(tmp_path / "t.csv", index=False)
    frame, schema = ingestion.ingest(loaded)
    notes = announcing.of_schema(loaded, schema, frame)
    assert sum("'device_id' is called an identifier" in note and "real ones" in note for note in notes) == 1
    stated = config.load(tmp_path / "t.csv", ["columns.customer_id=numerical"])
    assert splitting.entity_of(stated, ingestion.ingest(stated)[1]) is None  # a stated kind overrides


def test_an_identifier_that_chance_makes_real_is_made_up_again():
    real = pd.DataFrame({"id": [f"K{n}" for n in range(50)], "n": 1})
    schema = infer(real)
    drawn = pd.DataFrame({"id": ["K7", "K7", "K8", None, "Q1"], "n": 1})
    renewed = sampling.renew(drawn, schema, real, 0)["id"]
    assert (
        not set(renewed) & set(real["id"])
        and renewed[0] == renewed[1] != renewed[2]
        and renewed.isna()[3]
        and renewed[4] == "Q1"
    )
