"""Dates some days after others, whose hours are their own."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget, infer
from generators.encoding import encoder

ROWS, MINUTES = 400, 24 * 60


def stays(nights, hours):
    """Patients who come at any time; `nights` and `hours` of a generator give when they leave, at full minutes."""
    rng = np.random.default_rng(0)
    came = rng.integers(0, 365 * MINUTES, ROWS)
    left = (came // MINUTES + nights(rng)) * MINUTES + hours(rng)
    first = pd.Timestamp("2023-01-01")
    return pd.DataFrame({name: first + pd.to_timedelta(own, "min") for name, own in (("came", came), ("left", left))})


def rounds(rng):
    return rng.integers(9 * 60, 17 * 60, ROWS)


STAYS = stays(lambda rng: 1 + rng.poisson(4, ROWS), rounds)
AT_ANY_HOUR = STAYS.assign(left=STAYS["came"] + (STAYS["left"] - STAYS["came"].dt.normalize()))
SAME_DAY = STAYS.assign(came=STAYS["left"].dt.normalize() + pd.to_timedelta(np.arange(ROWS) % (8 * 60), "min"))


def text_of(frame):
    return {one.name: one.formula.text for one in encoder.fit(frame, infer(frame)).derived}.get("left")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (STAYS, "the days after came and its time of day"),
        (AT_ANY_HOUR, "came + their difference"),
        (SAME_DAY, "came + their difference"),
    ],
)
def test_a_date_is_learnt_by_days_and_hours_where_these_are_its_own(frame, expected):
    assert text_of(frame) == expected


def test_every_drawn_date_lies_after_the_other_one_at_its_hours():
    frame = STAYS.assign(left=STAYS["left"].where(np.arange(ROWS) % 5 > 0))
    drawn = generators.fit(frame, budget=Budget(steps=2)).sample(500, seed=1, constraints=["came <= left"])
    gone = drawn["left"].notna()
    assert drawn["left"].dropna().dt.hour.between(9, 16).all() and 0.1 < 1 - gone.mean() < 0.3
    nights = (drawn["left"].dt.normalize() - drawn["came"].dt.normalize()).dt.days[gone]
    assert nights.min() >= 1 and abs(nights.mean() - 5) < 0.5


@pytest.mark.parametrize("form", ["%H:%M:%S", "%H:%M"])
def test_a_length_of_time_that_is_written_as_a_time_of_day_leads_from_one_date_to_the_other(form):
    rng = np.random.default_rng(0)
    began = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 30 * MINUTES, ROWS), "min")
    seconds = rng.integers(0, MINUTES, ROWS) * (60 if form == "%H:%M" else 37)
    frame = pd.DataFrame({"began": began, "ended": began + pd.to_timedelta(seconds, "s")}).astype(str)
    lasted = (pd.Timestamp("1900-01-01") + pd.to_timedelta(seconds, "s")).strftime(form)
    known = encoder.fit(frame.assign(lasted=lasted), infer(frame.assign(lasted=lasted)))
    assert {one.name: one.formula.text for one in known.derived} == {"ended": "began + lasted"}
    drawn = known.decode(known.encode(frame.assign(lasted=lasted)), rng.random((ROWS, len(known.columns))))
    passed = pd.to_datetime(drawn["ended"]) - pd.to_datetime(drawn["began"])
    off = (passed - (pd.to_datetime(drawn["lasted"], format=form) - pd.Timestamp("1900-01-01"))).abs()
    assert (off == pd.Timedelta(0)).all()
