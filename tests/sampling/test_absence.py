"""Gaps that another column tells: none is drawn where it cannot be, and none is lacking."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget, infer
from generators.encoding import encoder
from pipelines.config import relations

ROWS = 400


def people():
    """Who has work has an income and hours, who is dead a date of death; some do not say how tall they are."""
    rng = np.random.default_rng(0)
    work, alive = rng.choice(["employed", "student", "retired"], ROWS), rng.random(ROWS) < 0.7
    died = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, ROWS), "D")
    numbers = pd.DataFrame(rng.normal(50, 9, (ROWS, 3)).round(1), columns=["income", "hours", "height"])
    numbers = numbers.where(np.stack([work == "employed", work == "employed", rng.random(ROWS) < 0.8], axis=1))
    return numbers.assign(work=work, alive=np.where(alive, "yes", "no"), died=pd.Series(died).where(~alive))


def told(frame, **how):
    return {one.name: one.by for one in encoder.fit(frame, infer(frame), **how).absences}


def test_a_column_tells_the_gaps_of_another_one_by_its_labels_or_by_its_own():
    frame = people()
    assert told(frame) == {"income": "work", "hours": "work", "died": "alive"}
    assert told(frame.drop(columns="work")) == {"hours": "income", "died": "alive"}


@pytest.mark.parametrize("broken", [{"income": 1.0}, {"income": None}])
def test_what_one_row_contradicts_or_too_few_people_tell_is_no_rule(broken):
    frame = people().drop(columns=["hours", "died"])
    row = frame.index[frame["income"].isna() == (broken["income"] is not None)][0]
    changed = frame.copy()
    changed.loc[row, "income"] = broken["income"]
    assert told(frame) == {"income": "work"} and told(changed) == {}
    assert told(frame, groups=np.arange(ROWS) % 15) == {}


@pytest.mark.parametrize("generator", ["tabular.autoregressive", "tabular.marginals"])
def test_every_drawn_row_has_a_gap_where_its_label_says_so(generator):
    frame = people().drop(columns=["hours", "height"])
    model = generators.fit(frame, generator, budget=Budget(steps=2))
    drawn = model.sample(500, seed=1)
    assert (drawn["income"].notna() == (drawn["work"] == "employed")).all()
    assert (drawn["died"].notna() == (drawn["alive"] == "no")).all()
    said = relations.worked_out({"absent": {"income": "work"}})
    assert said == ["Missing where another column says so, as in the training rows: income by work."]


def measured():
    """Winds and their directions, of which weak ones have none; a gauge that was set up in summer; a random word."""
    rng = np.random.default_rng(0)
    wind, at = (4 * rng.weibull(2, ROWS)).round(2), pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS), "D")
    way = np.where(wind <= 1.2, "calm", rng.choice(["N", "E", "S", "W"], ROWS))
    rain = pd.Series(rng.gamma(1, 3, ROWS).round(1)).where(at >= "2024-06-01")
    return pd.DataFrame({"wind": wind, "way": way, "at": at, "rain": rain, "word": rng.choice(["a", "b"], ROWS)})


def test_a_number_or_date_tells_where_a_label_or_a_gap_begins():
    frame = measured()
    found = encoder.fit(frame, infer(frame)).thresholds
    assert {one.name: (one.by, one.above) for one in found} == {"way": ("wind", False), "rain": ("at", False)}
    low, high = next((one.low, one.high) for one in found if one.name == "way")
    assert frame["wind"][frame["way"] == "calm"].max() < low == high < frame["wind"][frame["way"] != "calm"].min()
    coarse = encoder.fit(tenths := frame.assign(wind=frame["wind"].round(1)), infer(tenths)).thresholds
    assert [(round(one.low, 6), round(one.high, 6)) for one in coarse if one.name == "way"] == [(1.15, 1.25)]
    assert encoder.fit(frame, infer(frame), groups=np.arange(ROWS) % 15).thresholds == ()
    frame.loc[frame["way"].eq("calm").idxmax(), "way"] = "N"
    assert {one.name for one in encoder.fit(frame, infer(frame)).thresholds} == {"rain"}


def test_every_drawn_row_has_a_label_and_a_gap_on_their_side_of_a_threshold(tmp_path):
    frame = measured()
    generators.fit(frame, budget=Budget(steps=2)).save(tmp_path / "model")
    drawn = generators.open_model(tmp_path / "model").sample(500, seed=1)
    assert ((drawn["way"] == "calm") == (drawn["wind"] < frame["wind"][frame["way"] != "calm"].min())).all()
    assert (drawn["rain"].isna() == (drawn["at"] < "2024-06-01")).all() and drawn["way"].eq("calm").any()
