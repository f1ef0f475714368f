"""Visits within entities: rows of a visit share what real ones share, have no test twice, and come in order."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators.contract import Budget
from generators.data.inference import infer
from generators.encoding import encoder
from generators.sampling import shared
from pipelines.config import relations

TESTS = ["Na", "K", "Crea", "CRP"]


def results(patients: int = 90, seed: int = 0) -> pd.DataFrame:
    """Return tests of visits of patients: a ward and a time for each visit, and no test twice in one."""
    rng, rows = np.random.default_rng(seed), []
    for patient in range(patients):
        sex, day = rng.choice(["f", "m"]), rng.integers(0, 600)
        for _ in range(rng.integers(2, 6)):
            day, ward = day + rng.integers(1, 90), rng.choice(["A", "B", "C"])
            at = pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(day), minutes=int(rng.integers(0, 1440)))
            names = rng.choice(TESTS, rng.integers(2, 5), replace=False)
            rows += [(f"P-{patient * 7 + 1000}", sex, at, ward, name, round(rng.gamma(5, 2), 1)) for name in names]
    return pd.DataFrame(rows, columns=["patient", "sex", "at", "ward", "test", "value"])


@pytest.fixture(scope="module")
def model():
    frame = results()
    schema = infer(frame, {"patient": "identifier"})
    return generators.fit(frame, schema=schema, groups=frame["patient"], budget=Budget(steps=2))


def test_tests_of_one_time_are_one_visit(model):
    real, drawn = results(), model.sample(1500, seed=1)
    for frame in (real, drawn):
        visits = frame.groupby(["patient", "at"])
        assert (visits["ward"].nunique() == 1).all() and (frame.groupby("patient")["sex"].nunique() == 1).all()
        assert frame.duplicated(["patient", "at", "test"]).mean() < 0.05
        assert frame.groupby("patient")["ward"].nunique().mean() > 1.5
    sizes, wanted = (frame.groupby(["patient", "at"]).size() for frame in (drawn, real))
    assert sizes.mean() == pytest.approx(wanted.mean(), rel=0.1) and sizes.max() <= wanted.max()
    assert (drawn.groupby("patient")["at"].nunique().mean()) == pytest.approx(3.5, rel=0.15)
    assert drawn.groupby("patient")["at"].apply(lambda at: at.is_monotonic_increasing).mean() > 0.9
    assert not {*drawn["at"]} & {*real["at"]}
    [said] = relations.worked_out(model.record)
    assert "one patient, at keep one value of at" in said and "none has a value of test twice" in said


def test_a_row_of_a_visit_depends_on_its_number_alone(model, tmp_path):
    model.save(tmp_path / "model")
    for asked in ({}, {"constraints": ["value > 5"]}, {"where": {"ward": "A"}}):
        whole = model.sample(1200, seed=3, **asked).drop(columns="patient")
        few = generators.open_model(tmp_path / "model").sample(70, seed=3, **asked).drop(columns="patient")
        pd.testing.assert_frame_equal(few, whole.head(70))
        part = model.sample_part(range(1000, 1200), seed=3, **asked)[whole.columns]
        pd.testing.assert_frame_equal(part, whole.iloc[1000:].reset_index(drop=True))


def test_visits_whose_dates_protection_moves_together_do_not_hide_what_the_others_keep():
    frame = results()
    frame["at"] = frame["at"].clip(*frame["at"].quantile([0.1, 0.9]))
    assert (frame.groupby(["patient", "at"])["ward"].nunique() > 1).any()
    found = encoder.fit(frame, infer(frame, {"patient": "identifier"}), groups=frame["patient"])
    assert [found.columns[k].name for k in found.panel.visited] == ["at", "ward"] and found.panel.distinct


def test_a_column_that_names_visits_is_taken_where_there_is_one():
    frame = results()
    frame["visit"] = [f"V-{k * 3 + 500:05d}" for k in frame.groupby(["patient", "at"]).ngroup()]
    schema = infer(frame, {"patient": "identifier", "visit": "identifier"})
    found = encoder.fit(frame, schema, groups=frame["patient"])
    assert found.panel.visit == "visit" and [group.name for group in found.groups] == ["visit", "patient"]
    drawn = found.identifiers(900, 1, {})
    assert pd.Series(drawn["patient"]).groupby(drawn["visit"]).nunique().max() == 1
    assert not {*drawn["visit"]} & {*frame["visit"]}


def test_rows_that_share_dates_by_chance_form_no_visits():
    frame = results().drop_duplicates(["patient", "at"])
    found = encoder.fit(frame, infer(frame, {"patient": "identifier"}), groups=frame["patient"]).panel
    assert found.visit == "" and found.of_visit == 0 and found.time is not None


@pytest.mark.parametrize("count", range(1, 6))
def test_labels_come_at_most_once_as_often_as_they_should(count):
    shares = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    found = shared._at_most_once(shares, count)
    assert found.sum() == pytest.approx(1) and found.max() * count <= 1 + 1e-6
    assert (np.diff(found) <= 1e-9).all() and (count > 1 or found == pytest.approx(shares))
