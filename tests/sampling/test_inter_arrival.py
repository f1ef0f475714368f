"""Rows of an entity that come at regular times, such as the payments of a contract, come so in synthetic ones too."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import generators
from generators.contract import Budget
from generators.data.inference import infer
from generators.data.schema import Datetime
from generators.encoding.columns import fit_column
from generators.identifiers import inter_arrival, panels
from generators.identifiers.inter_arrival import InterArrival

DAY_US = 86_400_000_000.0
WEEKLY = InterArrival("day", "id", DAY_US, False, (-1.0, -1.0), "", {"": [7] * 10})


def payments(contracts: int = 70, seed: int = 0) -> pd.DataFrame:
    """Return monthly payments of contracts that begin on days of their own, each labelled by the half of its year."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(contracts), rng.integers(1, 15, contracts))
    begin = pd.Timestamp("2021-01-04") + pd.to_timedelta(rng.integers(0, 700, contracts), "D")
    months = pd.Series(own).groupby(own).cumcount()
    paid = pd.Series([begin[k] + pd.DateOffset(months=m) for k, m in zip(own, months, strict=True)])
    rate = rng.choice([40.0, 55.0, 90.0], contracts)[own]
    half = np.where(paid.dt.month <= 6, "first", "second")
    signed = (begin - pd.to_timedelta(rng.integers(1, 60, contracts), "D"))[own]
    frame = pd.DataFrame({"contract": [f"C-{k + 700}" for k in own], "paid": paid, "rate": rate, "half": half})
    frame["signed"] = signed
    return frame.sort_values("paid", ignore_index=True)


def fitted(frame: pd.DataFrame, unit: str, steps: int = 60):
    schema = infer(frame, {unit: "identifier"})
    return generators.fit(frame, schema=schema, groups=frame[unit], budget=Budget(steps=steps), seed=0)


@pytest.fixture(scope="module")
def model():
    return fitted(payments(), "contract")


def monthly(frame: pd.DataFrame) -> float:
    """Return the share of rows that lie whole months after the first one of their contract."""
    first = frame.groupby("contract")["paid"].transform("min")
    later = frame["paid"] != first
    days = np.minimum(first.dt.day, frame["paid"].dt.days_in_month)
    return float((frame["paid"].dt.day == days)[later].mean())


def test_payments_are_monthly_and_all_else_is_drawn_given_their_date(model):
    drawn = model.sample(1000, seed=1)
    assert [one.months for one in model.encoding.arrivals] == [True]
    assert monthly(drawn) > 0.95
    moved = drawn.groupby("contract")["paid"].diff().dropna().dt.days
    assert moved.between(28, 31).mean() > 0.9 and moved.median() in (30, 31)
    half = np.where(drawn["paid"].dt.month <= 6, "first", "second")
    assert (drawn["half"] == half).mean() > 0.95
    assert drawn["paid"].between(payments()["paid"].min(), payments()["paid"].max()).all()
    assert drawn.groupby("contract")["paid"].first().nunique() > 40


def test_a_part_of_a_sample_has_the_times_of_the_whole(model):
    whole = model.sample(2400, seed=3).drop(columns="contract")
    part = model.sample_part(range(2030, 2400), seed=3)[whole.columns]
    pd.testing.assert_frame_equal(part, whole.iloc[2030:].reset_index(drop=True))
    pd.testing.assert_frame_equal(model.sample(70, seed=3).drop(columns="contract"), whole.head(70))


def test_an_order_with_the_date_holds_and_payments_stay_monthly(model):
    drawn = model.sample(600, seed=5, constraints=["signed <= paid"])
    assert (drawn["signed"] <= drawn["paid"]).all()
    assert monthly(drawn) > 0.9
    part = model.sample_part(range(400, 600), seed=5, constraints=["signed <= paid"])
    pd.testing.assert_frame_equal(part, drawn.drop(columns="contract").iloc[400:].reset_index(drop=True))


def test_a_condition_on_the_date_is_met(model):
    drawn = model.sample(300, seed=2, where={"paid": "2022-01-01..2022-03-31"})
    assert drawn["paid"].between("2022-01-01", "2022-03-31").all()
    assert len(model.sample(200, seed=2, where={"rate": 55.0}).query("rate == 55")) == 200


def test_a_model_that_was_saved_draws_the_same(model, tmp_path):
    model.save(tmp_path / "model")
    drawn = generators.open_model(tmp_path / "model").sample(300, seed=4)
    pd.testing.assert_frame_equal(drawn, model.sample(300, seed=4))


def test_years_of_people_who_came_in_years_of_their_own_follow_one_another():
    rng = np.random.default_rng(1)
    own = np.repeat(np.arange(80), rng.integers(2, 9, 80))
    year = rng.integers(2000, 2014, 80)[own] + pd.Series(own).groupby(own).cumcount()
    frame = pd.DataFrame({"person": [f"P{k + 100}" for k in own], "year": year, "pay": rng.normal(30, 4, len(own))})
    drawn = fitted(frame, "person").sample(600, seed=1)
    steps = drawn.groupby("person")["year"].diff().dropna()
    assert (steps == 1).mean() > 0.95 and drawn["year"].between(year.min(), year.max()).all()


def irregular(rng: np.random.Generator, own: np.ndarray) -> np.ndarray:
    return rng.integers(0, 900, len(own))


def balanced(rng: np.random.Generator, own: np.ndarray) -> np.ndarray:
    return (pd.Series(own).groupby(own).cumcount() * 30).to_numpy()


@pytest.mark.parametrize("days", [irregular, balanced])
def test_visits_at_any_time_and_at_the_same_times_are_drawn_as_before(days):
    rng, own = np.random.default_rng(2), np.repeat(np.arange(60), 5)
    at = pd.Timestamp("2022-01-01") + pd.to_timedelta(days(rng, own), "D")
    frame = pd.DataFrame({"id": [f"K{k + 10}" for k in own], "at": at, "x": rng.normal(size=len(own)).round(2)})
    frame = frame.sort_values(["id", "at"], ignore_index=True)
    schema = infer(frame, {"id": "identifier"})
    assert inter_arrival.find(frame, schema, panels.find(frame, schema, frame["id"]), []) == ()


def test_steps_are_those_since_the_row_before_of_the_unit():
    values, units = DAY_US * np.array([3, 100, 10, 17, 102]), np.array([0, 1, 0, 0, 1])
    steps = WEEKLY.since_before(values, units)
    assert np.isnan(steps[:2]).all() and steps[2:].tolist() == [7, 7, 2]
    assert WEEKLY.filled(steps, units, None).tolist() == [7, 2, 7, 7, 2]
    at_end = InterArrival("day", "id", DAY_US, False, (3 * DAY_US, 0.0), "", {"": [5] * 10})
    assert np.isnan(at_end.since_before(values, units)[[0, 1, 2]]).all()  # protection may have moved the first one
    assert at_end.filled(np.array([np.nan]), np.array([0]), None).tolist() == [5]


def test_the_31st_is_the_last_day_of_shorter_months():
    dates = pd.to_datetime(["2023-01-31", "2023-02-28", "2023-03-31", "2023-05-31"]).to_numpy("datetime64[us]")
    one = InterArrival("day", "id", DAY_US, True, (-1.0, -1.0), "", {"": [1] * 10})
    assert one.since_before(dates.astype("float64"), np.zeros(4, dtype=int))[1:].tolist() == [1, 1, 2]
    assert (
        one.later(np.repeat(dates.astype("float64")[:1], 4), np.array([0, 1, 2, 4])).tolist()
        == dates.astype("float64").tolist()
    )


CELLS = fit_column(
    pd.Series(pd.date_range("2020-01-01", periods=400, freq="D").strftime("%Y-%m-%d")),
    Datetime("day", "str", "%Y-%m-%d"),
)
FIRST = pd.Timestamp("2020-01-01").value / 1000


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-50, 450), st.integers(0, 200)), min_size=1, max_size=30),
    st.booleans(),
)
def test_times_worked_out_ascend_within_the_range_and_keep_steps_that_fit(rows, months):
    one = InterArrival("day", "id", DAY_US, months, (-1.0, -1.0), "", {"": [1] * 10})
    units, begin, steps = (np.array(part) for part in zip(*rows, strict=True))
    steps = steps // 30 if months else steps
    ticks = inter_arrival.worked_out(one, CELLS, FIRST + DAY_US * begin, steps.astype(float), units)
    low, high = int(CELLS.low[0]), int(CELLS.high[-1])
    assert low <= ticks.min() and ticks.max() <= high
    for unit in np.unique(units):
        own, later = ticks[units == unit], steps[units == unit][1:]
        assert (np.diff(own) >= 0).all()
        if not months and later.sum() <= high - low:
            assert np.diff(own).tolist() == later.tolist()
