"""Impossible values, cut tails and rounding are found in the worst column, and never among real rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import chance, samples
from evaluation.fidelity import formats, granularity, missingness, shape, tails, validity, worst_column
from pipelines.config.rules import DEFAULT_RULES
from tests.evaluation.tables import mixed

METRICS = {f.__name__: f for f in (validity, formats, granularity, tails, missingness, worst_column)}
REAL = mixed(1500), mixed(400, 1)


def refused(synthetic, train=REAL[0], holdout=REAL[1]):
    """Names of the metrics whose low end is under the gate's bound."""
    compared = samples.make(train, holdout, synthetic)
    scores = {name: metric(compared) for name, metric in METRICS.items()}
    return {name for name, s in scores.items() if s.low < DEFAULT_RULES[f"fidelity.{name}"]["at_least"]}


def negative(t, rng):
    return t.assign(weight=t["weight"].mask(rng.random(len(t)) < 0.03, -1.0))


def unknown_label(t, rng):
    return t.assign(trade=t["trade"].mask(rng.random(len(t)) < 0.03, "z"))


def fractional(t, rng):
    return t.assign(age=t["age"].where(rng.random(len(t)) > 0.1, t["age"] + 0.5))


def rounded(t, rng):
    return t.assign(income=t["income"].round(-3))


def dates_of_months(t, rng):
    return t.assign(since=t["since"].str.slice(0, 8) + "01")


def ten_values(t, rng):
    edges = t["income"].quantile(np.linspace(0, 1, 11)).to_numpy()
    return t.assign(income=edges[np.searchsorted(edges[1:-1], t["income"])].round(2) + 0.01)


def cut_off(t, rng):
    return t.assign(height=t["height"].clip(*t["height"].quantile([0.05, 0.95]).round(1)))


def drawn_in(t, rng):
    return t.assign(weight=t["weight"].clip(upper=t["weight"].quantile(0.9)))


def all_zero(t, rng):
    return t.assign(savings=t["savings"].where(t["savings"].isna(), 0.0))


def filled(t, rng):
    return t.assign(savings=t["savings"].fillna(0.0))


def elsewhere(t, rng):
    """As many values are missing, of the youngest."""
    return t.assign(town=t["town"].fillna("town 1").mask(t["age"] <= t["age"].quantile(0.05)))


def shifted(t, rng):
    return t.assign(weight=(t["weight"] + 0.5 * t["weight"].std()).round(1))


def one_label_for_another(t, rng):
    return t.assign(trade=t["trade"].replace("c", "d"))


FLAWS = {
    negative: "validity",
    unknown_label: "validity",
    fractional: "formats",
    rounded: "granularity",
    dates_of_months: "granularity",
    ten_values: "granularity",
    cut_off: "tails",
    drawn_in: "tails",
    all_zero: "tails",
    filled: "missingness",
    elsewhere: "missingness",
    shifted: "worst_column",
    one_label_for_another: "worst_column",
}


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda f: f.__name__)
def test_a_flaw_of_one_column_is_refused_by_the_rule_made_for_it(flaw):
    assert FLAWS[flaw] in refused(flaw(mixed(1500, 2), np.random.default_rng(0)))


@pytest.mark.parametrize("sizes", [(500, 25, 50), (300, 150, 3000), (1200, 60, 1200)])
def test_real_rows_pass_at_every_size(sizes):
    for seed in range(3):
        train, holdout, fresh = (mixed(rows, 10 * seed + part + 20) for part, rows in enumerate(sizes))
        assert refused(fresh, train, holdout) == set()


def test_an_end_that_few_people_are_at_is_not_lost_where_fresh_people_are_not_there():
    def panel(people, seed):  # ten equal rows of each
        rng = np.random.default_rng(seed)
        names = np.repeat([f"p{seed} {n}" for n in range(people)], 10)
        return pd.DataFrame({"who": names, "level": np.repeat(rng.normal(size=people), 10)})

    tables = [panel(60, 0), panel(20, 1), *(panel(60, 2 + n) for n in range(20))]

    def lowest(train, holdout, *fresh):
        return min(tails(samples.make(train, holdout, one, kinds={"who": "identifier"})).value for one in fresh)

    assert lowest(*tables) == 1 and lowest(*(table[["level"]] for table in tables)) < 1


def test_impossible_values_by_hand():
    train = pd.DataFrame({"a": np.arange(1000) % 10, "b": np.linspace(0, 1, 1000), "c": list("xy") * 500})
    other = train.assign(b=np.r_[np.full(100, 2.0), train["b"][100:]], c=["z"] * 50 + ["x"] * 950)
    found = validity(samples.make(train, None, other))
    assert found.detail["lost"] == {"b": 0.1, "c": 0.05} and found.detail["parts"] == 4
    assert found.value == pytest.approx(1 - (0.1 - found.detail["by_chance"]["b"])) and found.floor == 1


@pytest.mark.parametrize("at", ["2024-03-02 10:00", "2024-03-04 19:30", "2024-03-04 10:07"])  # a Saturday
def test_a_weekday_an_hour_or_a_minute_of_no_real_date_is_impossible(at):
    day, quarter = np.divmod(np.arange(2000), 32)
    real = pd.Timestamp("2024-01-01 09:00") + pd.to_timedelta(day // 5 * 7 + day % 5, "D")
    real = pd.DataFrame({"booked": real + pd.to_timedelta(15 * quarter, "min")})
    other = real.mask(np.arange(2000)[:, None] % 20 == 0, pd.Timestamp(at))
    assert validity(samples.make(real, None, real)).value == 1
    assert 0.95 < validity(samples.make(real, None, other)).value < DEFAULT_RULES["fidelity.validity"]["at_least"]


def test_the_last_bits_of_arithmetic_make_no_number_impossible():
    train = pd.DataFrame({"thirds": np.arange(1000) % 10 / 3})
    bits = train + np.where(np.arange(1000) % 7, 0, 2e-9)[:, None]
    between = train + np.where(np.arange(1000) % 7, 0, 2e-3)[:, None]
    lost = [validity(samples.make(train, None, other)).detail["lost"].get("thirds", 0) for other in (bits, between)]
    assert lost[0] == 0 and lost[1] > 0.1


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 3000), st.integers(20, 3000), st.integers(1, 200), st.integers(0, 2**31))
def test_fresh_rows_stay_under_what_chance_is_allowed(real, rows, parts, seed):
    """Whatever the distribution: ranks alone decide how many fresh numbers lie outside the range of real ones."""
    rng = np.random.default_rng(seed)
    known, fresh = rng.standard_cauchy(real), rng.standard_cauchy(rows)
    outside = ((fresh < known.min()) | (fresh > known.max())).mean()
    assert outside <= chance.most(1, real, rows, 50 * parts)


def test_text_columns_alone_have_no_numbers():
    labels = pd.DataFrame({"c": list("xyz") * 30})
    for metric in (tails, granularity):
        assert metric(samples.make(labels, None, labels)).reason == "no_numbers"


def test_the_worst_column_by_hand():
    # a: 300 of 1,000 values lie higher; b: 200 of 1,000 have another label; c: as real ones
    train = pd.DataFrame({"a": np.arange(1000) % 10, "b": list("xy") * 500, "c": np.arange(1000)})
    other = train.assign(a=train["a"].replace({0: 5, 1: 6, 2: 7}), b=["x"] * 700 + ["y"] * 300)
    found = worst_column(samples.make(train, None, other))
    assert (
        found.detail["lost"] == pytest.approx({"a": 0.3, "b": 0.2})
        and shape(samples.make(train, None, other)).value > 0.8
    )
    # exceeded by the distance of two samples once in 1,000 tables of three columns (Massart 1990)
    assert found.detail["by_chance"]["a"] == pytest.approx(np.sqrt(np.log(2 * 3000) / 2 * (2 / 1000)))
    assert found.value == pytest.approx(1 - (0.3 - found.detail["by_chance"]["a"]))


@pytest.mark.parametrize("seed", range(3))
def test_a_value_that_the_rows_of_one_patient_share_is_one_value(seed):
    rng, visits = np.random.default_rng(seed), 5

    def patients(first: int, count: int) -> pd.DataFrame:
        age = rng.integers(20, 60, count)
        table = pd.DataFrame({"patient": range(first, first + count), "age": age}).loc[np.repeat(range(count), visits)]
        return table.reset_index(drop=True).assign(visit=np.tile(range(visits), count))

    train, holdout, other = patients(0, 30), patients(30, 10), patients(40, 30)
    kinds = {"patient": "identifier", "age": "numerical", "visit": "numerical"}
    least = DEFAULT_RULES["fidelity.validity"]["at_least"]
    assert validity(samples.make(train, holdout, other, kinds=kinds)).value >= least
    other.loc[other.index % 8 == 0, "visit"] = 9
    assert validity(samples.make(train, holdout, other, kinds=kinds)).value < least
