"""What sample.weights changes on purpose is judged by real rows in the same shares, and no flaw."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.report import Report
from evaluation.scores import Score
from generators.data.inference import infer
from generators.sampling import reading
from pipelines import config
from pipelines.config.rules import DEFAULT_RULES
from pipelines.modalities import image, tabular
from pipelines.run.artifacts import LaunderError
from pipelines.scoring import shares
from pipelines.stages.image_sample import ImageSample

NAMES = [
    *("fidelity.shape", "fidelity.worst_column", "fidelity.label_shares", "fidelity.missingness"),
    *("utility.agreement", "diversity.regions", "privacy.copies"),
]


def people(rows, seed, rich=0.1):
    rng = np.random.default_rng([seed, 5])
    income = np.where(rng.random(rows) < rich, "high", "low")
    age = np.where(income == "high", rng.normal(55, 6, rows), rng.normal(35, 9, rows)).round(1)
    job = np.where(rng.random(rows) < np.where(income == "high", 0.8, 0.2), "judge", "baker")
    gap = rng.random(rows) < np.where(income == "high", 0.4, 0.05)
    return pd.DataFrame({"income": income, "age": age, "job": job, "debt": rng.gamma(2, 9, rows).round(2)}).assign(
        note=np.where(gap, None, rng.choice(["x", "y"], rows))
    )


TRAIN, HELD, ASKED = people(1500, 0), people(500, 1), people(300, 2, rich=0.5)


def refused(weights, names, drawn=ASKED):
    loaded = config.validate({"source": "people.csv", "score": {"target": "income"}, "sample": {"weights": weights}})
    report = tabular.score(TRAIN, HELD, drawn, infer(TRAIN), loaded, names=names)
    assert list(report.scores) == names
    low = {name: score.low for name, score in report.scores.items() if not name.startswith("privacy.")}
    return {name for name, value in low.items() if value < DEFAULT_RULES[name]["at_least"]}, report


def test_what_the_owner_asked_for_is_no_flaw():
    wrong = ["fidelity.worst_column", "fidelity.label_shares", "fidelity.missingness"]
    assert refused({}, [*wrong, "privacy.copies"])[0] == {*wrong}
    found, report = refused({"income": {"high": 1, "low": 1}}, NAMES)
    assert not found and shares.NOTE in report.scores["fidelity.shape"].note
    assert shares.NOTE not in report.scores["privacy.copies"].note and report.profile["rows"]["train"] == len(TRAIN)


def test_a_flaw_beside_what_was_asked_for_is_still_one():
    wrong = ASKED.assign(job=ASKED["job"].sample(frac=1, random_state=0).to_numpy(), age=ASKED["age"] + 8)
    found, _ = refused({"income": {"high": 1, "low": 1}}, ["fidelity.worst_column"], wrong)
    assert "fidelity.worst_column" in found


def test_shares_are_met_by_as_many_rows_as_there_are():
    labels = np.repeat(["a", "b", "c"], (100, 20, 50))
    rows = shares.rows_in([(labels == "a", 3.0), (labels == "b", 1.0), (labels == "c", 0.0)], 0, "training")
    assert dict(zip(*np.unique(labels[rows], return_counts=True), strict=True)) == {"a": 60, "b": 20}
    assert (np.diff(rows) > 0).all()
    with pytest.raises(LaunderError, match=r"training rows with every value of sample\.weights"):
        shares.rows_in([(labels == "a", 1.0), (labels == "d", 1.0)], 0, "training")


def ordered(rows, seed, share=0.4):
    """Two numbers, the first below the second in a share of the rows."""
    rng = np.random.default_rng([seed, 7])
    low, gap = rng.normal(50, 10, rows), rng.gamma(2, 5, rows)
    return pd.DataFrame(
        {
            "start": low.round(1),
            "end": np.where(rng.random(rows) < share, low + gap, low - gap).round(1),
            "job": rng.choice(["judge", "baker"], rows),
        }
    )


REAL, UNSEEN = ordered(800, 0), ordered(300, 1)
KEEPING = ordered(2000, 2).query("start <= end").head(400).reset_index(drop=True)


def found(constraints, drawn=KEEPING, real=(REAL, UNSEEN)):
    names = ["fidelity.worst_column", "fidelity.dependence", "privacy.copies"]
    document = {"source": "spans.csv", "sample": {"constraints": constraints}}
    report = tabular.score(*real, drawn, infer(REAL), config.validate(document), names=names)
    low = {name: score.low for name, score in report.scores.items() if name.startswith("fidelity.")}
    return {name for name, value in low.items() if value < DEFAULT_RULES[name]["at_least"]}, report


def test_rows_under_a_constraint_are_judged_by_real_rows_that_keep_it():
    assert found([])[0] >= {"fidelity.worst_column"}
    low, report = found(["start <= end"])
    assert not low and shares.KEPT in report.scores["fidelity.worst_column"].note
    assert shares.KEPT not in report.scores["privacy.copies"].note and report.profile["rows"]["train"] == len(REAL)
    wrong = KEEPING.assign(end=KEEPING["end"] + 20)
    assert "fidelity.worst_column" in found(["start <= end"], wrong)[0]


def test_a_constraint_that_all_real_rows_keep_changes_nothing_and_one_that_none_keeps_is_said():
    kept = found(["end <= 1000"])[1]
    assert kept.scores == found([])[1].scores
    with pytest.raises(LaunderError, match=r"training rows that keep sample\.constraints"):
        found(["start > end"], real=(REAL.query("start <= end"), UNSEEN))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows=st.integers(2, 60), seed=st.integers(0, 99), gaps=st.floats(0, 0.5))
def test_rows_that_keep_a_constraint_are_those_of_which_it_is_true_or_a_value_missing(rows, seed, gaps):
    frame = ordered(rows, seed)
    frame = frame.mask(np.random.default_rng(seed).random(frame.shape) < gaps)
    frame.loc[0] = [1.0, 2.0, "judge"]  # some row keeps each of them
    frame.loc[1] = [2.5, 2.5, "baker"]
    lacks, job = frame[["start", "end"]].isna().any(axis=1), frame["job"]
    schema = infer(REAL)
    for text, true in (
        ("start <= end", (frame["start"] <= frame["end"]) | lacks),
        ("start < end", (frame["start"] < frame["end"]) | lacks),
        ("if job == 'judge' then start < end", (job != "judge") | (frame["start"] < frame["end"]) | lacks),
    ):
        assert (reading.obeying(frame, schema, [text]) == true).all()


def test_images_under_a_condition_are_judged_by_real_ones_of_that_label(monkeypatch):
    seen = []

    def scored(*sides, names, **_):
        seen.extend(np.bincount(labels, minlength=2).tolist() for _, labels in sides)
        return Report({name: Score(1.0) for name in names}, {}, {}, 0)

    monkeypatch.setattr("launderette.evaluation.score_images", scored)
    sides = [image_sample(counts) for counts in ((180, 60), (90, 30), (0, 60))]
    document = {"source": "bars", "generator": {"name": "image.gan"}, "sample": {"where": {"label": 1}}}
    image.score(*sides, None, config.validate(document), names=["image.coverage"])
    assert seen == [[0, 60], [0, 30], [0, 60]]
    with pytest.raises(LaunderError, match="images of the label"):
        image.score(image_sample((9, 0)), *sides[1:], None, config.validate(document), names=["image.coverage"])


def test_images_likewise(monkeypatch):
    """What is about privacy sees all images, what is not those in the shares asked for."""
    seen = {}

    def scored(train, holdout, synthetic, *, names, **_):
        seen[tuple(names)] = [np.bincount(labels).tolist() for _, labels in (train, holdout, synthetic)]
        return Report({name: Score(1.0) for name in names}, {}, {}, 0)

    monkeypatch.setattr("launderette.evaluation.score_images", scored)
    sides = [image_sample(counts) for counts in ((180, 60), (90, 30), (60, 60))]
    document = {"source": "bars", "generator": {"name": "image.gan"}, "sample": {"weights": {"label": {0: 1, 1: 1}}}}
    names = ["image.class_coverage", "image.equal"]
    report = image.score(*sides, None, config.validate(document), names=names)
    assert seen == {
        ("image.equal",): [[180, 60], [90, 30], [60, 60]],
        ("image.class_coverage",): [[60, 60], [30, 30], [60, 60]],
    }
    assert list(report.scores) == names and report.scores["image.class_coverage"].note == shares.NOTE


def image_sample(counts):
    labels = np.repeat([0, 1], counts)
    return ImageSample(np.zeros((len(labels), 8, 8, 1), np.uint8), pd.DataFrame({image.LABEL_COLUMN: labels}))
