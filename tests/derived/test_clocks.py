"""Dates whose times are uneven or tell of other columns are learnt by their parts, and are the same dates as ever."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import generators
from generators import Budget, infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding

START = pd.Timestamp("2024-03-01")


def readings(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """One every half hour, whose load follows the hour and whose drift follows the date."""
    rng, at = np.random.default_rng(seed), pd.date_range(START, periods=rows, freq="30min")
    hour = at.hour + at.minute / 60
    return pd.DataFrame(
        {
            "read_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "load": np.maximum(0, 3 * np.sin((hour - 6) / 12 * np.pi) + 0.3 * rng.normal(size=rows)).round(2),
            "drift": (np.arange(rows) / 100 + rng.normal(size=rows)).round(1),
            "checked_at": (at + pd.to_timedelta(rng.integers(60, 7200, rows), "s")).strftime("%d.%m.%Y %H:%M:%S"),
        }
    )


def clocks(frame: pd.DataFrame) -> dict[str, str]:
    found = encoder.fit(frame, infer(frame)).derived
    return {one.name: one.formula.text for one in found if "time of day" in one.formula.text}


def spread(times: np.ndarray, days: int = 90, seed: int = 0) -> pd.Series:
    """Return dates of times of day in hours [rows]."""
    day = np.random.default_rng(seed).integers(0, days, len(times))
    return pd.Series(START + pd.to_timedelta(day, "D") + pd.to_timedelta((times * 3600).astype(int), "s"))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999), rows=st.sampled_from([100, 400, 2000]), days=st.sampled_from([5, 40, 900]))
def test_only_uneven_times_and_ones_that_tell_make_parts(seed, rows, days):
    rng = np.random.default_rng([seed, 1])
    even, label = spread(rng.uniform(0, 24, rows), days, seed), rng.choice(["a", "b"], rows)
    trend = (even - START).dt.days * 3.0 + rng.normal(size=rows)
    assert clocks(pd.DataFrame({"at": even, "trend": trend, "label": label})) == {}
    assert clocks(pd.DataFrame({"at": even.dt.normalize(), "trend": trend})) == {}
    office = spread(rng.normal(13, 2, rows).clip(8, 18), days, seed)
    told = np.where(even.dt.hour < 12, "am", label)
    assert list(clocks(pd.DataFrame({"at": office, "label": label}))) == ["at"]
    assert list(clocks(pd.DataFrame({"at": even, "label": told}))) == ["at"]


def test_weekdays_are_a_part_where_they_matter():
    rng = np.random.default_rng(1)
    at = spread(rng.uniform(8, 18, 3000), 200)
    work = at[(at.dt.dayofweek < 5) | (rng.random(3000) < 0.1)].reset_index(drop=True)
    assert clocks(pd.DataFrame({"at": work}))["at"] == "its week, weekday and time of day"
    assert clocks(pd.DataFrame({"at": at}))["at"] == "its day and time of day"


@settings(max_examples=5, deadline=None)
@given(
    step=st.sampled_from(["h", "8h", "30min", "7s"]),
    zone=st.sampled_from([None, "UTC", "Europe/Vienna"]),
    missing=st.booleans(),
    seed=st.integers(0, 99),
)
@example("7s", None, False, 19)
def test_dates_come_back_and_stay_in_their_times_whatever_is_drawn(step, zone, missing, seed):
    rng = np.random.default_rng([seed, 1])
    at = spread(rng.normal(13, 2, 800).clip(8.5, 18), 30, seed).dt.floor(step).dt.tz_localize(zone)
    at = at.mask(rng.random(800) < 0.1 * missing)
    frame = pd.DataFrame({"at": at, "x": rng.normal(size=800).round(2)})
    table = encoder.fit(frame, infer(frame))
    assert [one.name for one in table.derived] == ["at"]
    again, tokens = Encoding.from_dict(table.to_dict()), table.encode(frame)
    back = again.decode(tokens, np.zeros((800, len(table.known))))["at"]
    assert back.dtype == at.dtype and back.isna().equals(at.isna())
    # what fewer than five rows share moves
    assert ((back - at).abs() < pd.Timedelta(hours=1))[at.notna()].mean() > 0.98
    mixed = np.stack([rng.permutation(tokens[:, place]) for place in range(tokens.shape[1])], 1)
    drawn = table.decode(mixed, rng.random((800, len(table.known))))["at"].dropna()
    local = [own.dropna().dt.tz_convert("UTC") if zone else own.dropna() for own in (drawn, at)]
    hours = set(local[1].dt.hour)
    late = local[0] - pd.Timedelta(seconds=7 * (step == "7s"))  # 17:59:59 lies at 18:00:01 on a grid of 7 seconds
    assert (local[0].dt.hour.isin(hours) | late.dt.hour.isin(hours)).all()
    assert step == "7s" or set(local[0].dt.minute) <= set(local[1].dt.minute)


@pytest.mark.parametrize("days", [12, 40])
def test_no_date_lies_beyond_the_ends_that_protection_has_moved_extremes_to(days):
    rng = np.random.default_rng(days)
    at = spread(rng.normal(13, 2, 800).clip(8.5, 18), days)
    at = at.clip(*at.quantile([0.02, 0.98]))
    table = encoder.fit(frame := pd.DataFrame({"at": at}), infer(frame))
    assert table.derived[0].formula.text == "its day and time of day"
    mixed = np.stack([rng.permutation(own) for own in table.encode(frame).T], 1)  # days of other times
    drawn = table.decode(mixed, rng.random((800, len(table.known))))["at"]
    assert (drawn.min(), drawn.max()) == (at.min(), at.max())


@pytest.fixture(scope="module", params=["tabular.autoregressive", "tabular.marginals"])
def fitted(request):
    return request.param, generators.fit(readings(), request.param, budget=Budget(steps=10), seed=3)


def test_conditions_and_orders_on_such_dates_hold(fitted):
    _, model = fitted
    assert model.record["learnt_by"]["read_at"] == "its day and time of day"
    some = model.sample(300, seed=1, where={"read_at": "2024-03-04..2024-03-08T12:00:00Z"})
    assert some["read_at"].between("2024-03-04T00:00:00Z", "2024-03-08T12:00:00Z").all()
    exact = model.sample(5, seed=1, where={"read_at": "2024-03-04T10:30:00Z"})
    assert set(exact["read_at"]) == {"2024-03-04T10:30:00Z"}
    drawn = model.sample(500, seed=2, constraints=["read_at < checked_at"])
    read, checked = pd.to_datetime(drawn["read_at"]), pd.to_datetime(drawn["checked_at"], format="%d.%m.%Y %H:%M:%S")
    assert (read.dt.tz_localize(None) < checked).all()
    gaps = readings().head(40).assign(read_at=lambda f: f["read_at"].where(f.index % 2 == 0))
    filled = model.impute(gaps, seed=1)
    assert filled["read_at"].notna().all() and filled["read_at"][::2].equals(gaps["read_at"][::2])


def test_a_daily_cycle_is_kept(fitted):
    name, model = fitted
    if name != "tabular.autoregressive":
        return
    real, drawn = readings(), model.sample(600, seed=4)
    means = [frame.groupby(frame["read_at"].str[11:13])["load"].mean() for frame in (real, drawn)]
    assert np.polyfit(*means, 1)[0] > 0.8


@pytest.mark.parametrize("case", ["closed", "busy", "told", "even", "at once"])
def test_weekdays_of_dates_without_times_are_a_part_where_they_matter(case):
    rng, rows = np.random.default_rng(2), 600
    day = START + pd.to_timedelta(rng.integers(0, 300, rows), "D")
    kept = {"closed": day.dayofweek < 5, "busy": (day.dayofweek == 5) | (rng.random(rows) < 0.4)}
    frame = pd.DataFrame({"at": day, "sold": rng.gamma(2, 50, rows).round(1)})[kept.get(case, day.dayofweek >= 0)]
    if case == "told":
        frame["sold"] *= 1 + (frame["at"].dt.dayofweek >= 5)
    if case == "at once":
        frame.loc[:90, ["at", "sold"]] = pd.Timestamp("2024-05-09"), 5000.0
    table = encoder.fit(frame, infer(frame))
    assert [one.formula.text for one in table.derived] == ["its week and weekday"] * (
        case in ("closed", "busy", "told")
    )
    tokens = np.stack([rng.integers(0, size, 300) for size in table.layout.sizes], 1)
    drawn = table.decode(tokens, rng.random((300, len(table.known))))
    assert case != "closed" or (drawn["at"].dt.dayofweek < 5).all()
