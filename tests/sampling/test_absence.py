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
