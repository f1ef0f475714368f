"""Two units of one measure, each rounded from what was measured: one is worked out from the other as near as it was."""

import numpy as np
import pandas as pd

import generators
from generators.contract import Budget


def test_degrees_in_two_units_differ_by_no_more_than_rounding_leaves():
    rng = np.random.default_rng(3)
    measured = rng.normal(8, 9, 400)
    frame = pd.DataFrame({"c": measured.round(1), "wind": rng.gamma(2, 2, 400).round(1)})
    frame["f"] = (1.8 * measured + 32).round(1)
    model = generators.fit(frame, budget=Budget(steps=2))
    assert model.record["derived"]["f"] == "1.8 * c + 32, each rounded"
    drawn = model.sample(600, seed=1)
    off = (drawn["f"] - 1.8 * drawn["c"] - 32).abs()
    assert off.max() <= 0.19 and off.std() > 0.02  # .05 + 1.8 * .05, and a tick where what lies between is rounded
    mixed = frame.assign(f=frame["f"] + rng.normal(0, 0.4, 400).round(1))
    assert "f" not in generators.fit(mixed, budget=Budget(steps=2)).record.get("derived", {})


def test_dates_follow_from_a_duration_that_is_rounded_more_coarsely_and_of_seconds_that_they_lack():
    rng = np.random.default_rng(4)
    sent = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 200 * 86400, 400), "s")
    passed = pd.to_timedelta((86400 * rng.gamma(2, 1.5, 400)).astype(int), "s")
    frame = pd.DataFrame({"sent": sent.floor("min"), "days": np.round(passed / pd.Timedelta("1D"), 2)})
    frame["arrived"] = (sent + passed).floor("min")
    model = generators.fit(frame, budget=Budget(steps=2))
    assert model.record["derived"]["arrived"] == "sent + days, as it is rounded"
    drawn = model.sample(600, seed=1)
    off = (drawn["arrived"] - drawn["sent"]) / pd.Timedelta("1D") - drawn["days"]
    inside = drawn["arrived"].between(*frame["arrived"].sort_values().iloc[[12, -13]])  # ends are drawn inwards
    assert (off.abs() <= 0.0058)[inside].all() and off.std() > 0.001
