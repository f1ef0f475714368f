"""Dates that lie whole months after another one follow from it, as the end of a contract does."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import generators
from generators import Budget
from generators.data.inference import infer
from generators.encoding import encoder
from generators.formulas.calendar_addition import CalendarAddition, MonthsBetween

ROWS = 300


def contracts(later):
    rng = np.random.default_rng(0)
    start = pd.Series(pd.to_datetime("2019-01-01") + pd.to_timedelta(rng.integers(0, 1500, ROWS), "D"))
    months = pd.Series(rng.choice([6, 12, 24, 60], ROWS))
    end = [later(day, int(count)) for day, count in zip(start, months, strict=True)]
    return pd.DataFrame({"start": start, "end": end, "months": months, "rent": rng.normal(900, 99, ROWS).round()})


LATER = {
    "start + months months": lambda day, m: day + pd.DateOffset(months=m),
    "start + months months less a day": lambda day, m: day + pd.DateOffset(months=m) - pd.Timedelta(days=1),
    "start + months months, on the last day": lambda day, m: day + pd.DateOffset(months=m) + pd.offsets.MonthEnd(0),
    "start + months months, on the first": lambda day, m: (day + pd.DateOffset(months=m)).replace(day=1),
}


def formulas(frame):
    return {one.name: one.formula.text for one in encoder.fit(frame, infer(frame)).derived}


@pytest.mark.parametrize("text", LATER)
def test_an_end_follows_from_the_start_and_the_months_between(text):
    frame = contracts(LATER[text])
    assert formulas(frame)["end"] == text
    assert formulas(frame.drop(columns="months"))["end"] == text.replace("months months", "whole months")
    years = frame[frame["months"] > 6].assign(months=lambda rows: rows["months"] // 12)
    assert formulas(years)["end"] == text.replace("months months", "months years")


def test_every_drawn_contract_ends_on_the_day_it_began(tmp_path):
    frame = contracts(LATER["start + months months"]).drop(columns="months")
    frame["plan"] = np.where(frame["end"] - frame["start"] > pd.Timedelta(days=500), "long", "short")
    generators.fit(frame, budget=Budget(steps=20)).save(tmp_path / "model")
    model = generators.open_model(tmp_path / "model")
    drawn = model.sample(300, seed=1)
    assert ((drawn["end"].dt.day == drawn["start"].dt.day) | (drawn["end"].dt.is_month_end)).all()
    months = drawn["end"].dt.to_period("M").astype("int64") - drawn["start"].dt.to_period("M").astype("int64")
    assert months.isin([6, 12, 24, 60]).mean() > 0.95
    some = frame.assign(end=frame["end"].where(np.arange(ROWS) % 3 > 0))
    filled = model.impute(some)
    assert (filled["end"].dt.day == filled["start"].dt.day).mean() > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_dates_that_have_nothing_in_common_do_not_follow(seed):
    rng = np.random.default_rng(seed)
    first, second = (pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 2000, ROWS), "D") for _ in "ab")
    month = pd.Series(pd.to_datetime("2026-01-01")).repeat(ROWS).reset_index(drop=True)
    assert not formulas(pd.DataFrame({"first": first, "second": second, "report": month, "x": rng.normal(0, 1, ROWS)}))


@given(
    day=st.datetimes(pd.Timestamp("1980-01-01"), pd.Timestamp("2080-01-01")),
    number=st.integers(0, 400),
    unit=st.sampled_from([1, 12]),
)
def test_months_are_added_as_pandas_adds_them(day, number, unit):
    ended = (pd.Timestamp(day) + pd.DateOffset(months=number * unit)).to_pydatetime()
    dates, later = (np.array([moment], "datetime64[us]").astype("float64") for moment in (day, ended))
    added = CalendarAddition(("n", "day"), "", "same day", unit)
    found = added.value([np.array([number]), dates])
    assert found == later
    assert added.solved(0, [np.array([np.nan]), dates], found) == number
    assert MonthsBetween(("end", "day"), "", "same day").value([found, dates]) == number * unit
    assert np.isnan(added.value([np.array([np.nan]), dates]))
